"""The files of one run's result, by name. Writing them to a place belongs to a publisher."""

from __future__ import annotations

from bot.core.artifacts import Reproduction, Validation
from bot.core.outcomes import RunRecord
from bot.render.imprint import Imprint
from bot.render.report_html import report_html
from bot.render.report_json import dumps


def bundle(record: RunRecord, imprint: Imprint) -> tuple[tuple[str, str], ...]:
    """(file name, text) of every file there is: the two reports always, a patch only when the run made it."""
    reproduction, validation = record.artifact(Reproduction), record.artifact(Validation)
    found = [("report.html", report_html(record, imprint)), ("report.json", dumps(record, imprint))]
    if reproduction and reproduction.test.patch:
        found.append(("test.patch", reproduction.test.patch.diff))
    if validation:
        found.append(("fix.patch", validation.fix.diff))
    return tuple(found)
