"""report.html: a record as one self-contained page. Escapes everything; the page needs no script and no network."""

from __future__ import annotations

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup, escape

from bot.core.outcomes import RunRecord
from bot.render.imprint import Imprint
from bot.render.page import page


@cache
def template() -> Template:
    """The compiled template. Compiling takes some 30 ms once per process: ask early, while nobody waits for it."""
    loader = PackageLoader("bot.render", "templates")
    environment = Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["marked"] = _marked
    return environment.get_template("report.html")


def _marked(text: str) -> Markup:
    """Text with what stands between backticks set as code; everything in it is escaped."""
    pieces = text.split("`")
    if len(pieces) % 2 == 0:  # an odd backtick is just a backtick
        return escape(text)
    shown = (Markup("<code>{}</code>").format(p) if n % 2 else escape(p) for n, p in enumerate(pieces))
    return Markup("").join(shown)


def report_html(record: RunRecord, imprint: Imprint) -> str:
    """The whole page."""
    return template().render(page=page(record, imprint)) + "\n"
