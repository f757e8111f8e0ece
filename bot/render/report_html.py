"""report.html: a record as one self-contained page. Escapes everything; the page needs no script and no network."""

from __future__ import annotations

from jinja2 import Environment, PackageLoader, StrictUndefined

from bot.core.outcomes import RunRecord
from bot.render.imprint import Imprint
from bot.render.page import page

_ENVIRONMENT: list[Environment] = []  # built at the first use: importing this module does no work


def report_html(record: RunRecord, imprint: Imprint) -> str:
    """The whole page."""
    if not _ENVIRONMENT:
        loader = PackageLoader("bot.render", "templates")
        _ENVIRONMENT.append(
            Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
        )
    return _ENVIRONMENT[0].get_template("report.html").render(page=page(record, imprint)) + "\n"
