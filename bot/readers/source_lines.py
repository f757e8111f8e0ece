"""Lines of a source text, freed of what a CI system or a quotation put in front of them. Finds nothing in them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from bot.core.artifacts import SourceText
from bot.core.evidence import Provenance

MAX_LINE_CHARS = 4_000  # a longer line is cut before any pattern sees it
MAX_QUOTE_CHARS = 600
_COLUMNS = re.compile(
    r"(?:[^\t\n]{1,120}\t[^\t\n]{1,120}\t(?=\ufeff?\d{4}-\d\d-\d\dT))?"  # job and step, as `gh run view --log` has them
    r"\ufeff?(?:\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:?\d\d)[ ]?)?"  # GitHub's and Docker's times
    r"(?:##\[(?:error|warning|debug|notice|command|group|section)\]|::(?:error|warning|group)[^:\n]{0,200}::)?"
)
_ESCAPE = re.compile(r"\x1b\[[0-?]{0,32}[@-~]")
_DIGIT = re.compile(r"\d")


@dataclass(frozen=True)
class SourceLines:
    r"""A source text cut at "\n". Line numbers are 1-based everywhere."""

    source: SourceText
    raw: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "raw", tuple(self.source.text.split("\n")))

    def __len__(self) -> int:
        return len(self.raw)

    def bare(self, number: int) -> str:
        """One line without CI columns, escapes and trailing space; capped in length."""
        return bare(self.raw[number - 1])

    def provenance(self, first: int, last: int | None = None) -> Provenance:
        return Provenance(self.source.name, first, first if last is None else last)

    def quote(self, first: int, last: int | None = None) -> str:
        """Verbatim text of these lines, cut at its end when it is long."""
        return "\n".join(self.raw[first - 1 : first if last is None else last]).strip()[:MAX_QUOTE_CHARS].rstrip()


def bare(line: str) -> str:
    """The line without CI columns, escapes and trailing space; capped in length."""
    line = line[:MAX_LINE_CHARS]
    if "\x1b" in line:
        line = _ESCAPE.sub("", line)
    columns = _COLUMNS.match(line)
    return (line[columns.end() :] if columns else line).rstrip()


def without_margin(line: str, margin: str) -> str:
    """A bare line without the margin that its block's first line had: indentation, `> `, `| `, or a fixed-width prefix
    that differs in digits only. A line that has no such margin comes back as it is."""
    if not margin or line.startswith(margin):
        return line[len(margin) :]
    if line == margin.rstrip():
        return ""
    head = line[: len(margin)]
    if _DIGIT.sub("0", head) == _DIGIT.sub("0", margin):
        return line[len(margin) :]
    return line
