"""Python tracebacks out of any text: logs, quotations, code blocks, chains, groups, syntax errors, IPython.

One pass, line by line. What runners print around tracebacks (pytest sections, summaries) is read elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from bot.core.artifacts import Traceback
from bot.core.testing import Frame
from bot.readers.source_lines import SourceLines, without_margin
from bot.readers.tree_index import TreeIndex

HEADER = "Traceback (most recent call last)"
MAX_FRAMES = 120
MAX_TRACEBACKS = 60
MAX_MESSAGE_LINES = 20
MAX_PLACES = 40_000
_MAX_SCANNED_LINES = 12_000  # of one traceback; deep recursion prints about 3,000
_LINKS = ("During handling of the above exception", "The above exception was the direct cause")
_FRAME = re.compile(r'\s*File "([^"\n]{1,600})", line (\d{1,9})(?:, in (.{1,300}))?$')
_MARKERS = re.compile(r"\s*[~^][~^ ]*$")
_REPEATED = re.compile(r"\s*\[Previous line repeated \d+ more times?\]")
_EXCEPTION = re.compile(r"([A-Za-z_]\w*(?:\.[A-Za-z_<]\w*>?){0,12})(?::(?:\s(.*))?)?$")
_IPYTHON = re.compile(r"\s*([A-Za-z_][\w.]*)\s+Traceback \(most recent call last\)\s*$")
_IPYTHON_FRAME = re.compile(
    r"\s*(?:File )?(?P<path><ipython-input[^>\n]{1,80}>|Cell In\s?\[\d+\]|[^\s:,]{1,400}\.py)"
    r"(?::(?P<line>\d{1,9}))?(?:, line (?P<cell_line>\d{1,9}))?(?:,? in (?P<function>[\w.<>]+).{0,300})?$"
)
_IPYTHON_ARROW = re.compile(r"-{1,6}> ?(\d{1,9}) ?(.*)$")
_SYNTAX_ERRORS = ("SyntaxError", "IndentationError", "TabError")
_FENCE = re.compile(r"\s*(?:`{3,}|~{3,})")


@dataclass(frozen=True, slots=True)
class ReadTraceback:
    """A traceback and the lines it covers. `chained`: it was raised while handling the one read before it."""

    traceback: Traceback
    line_start: int
    line_end: int
    chained: bool = False


def read_tracebacks(lines: SourceLines, index: TreeIndex) -> tuple[ReadTraceback, ...]:
    """Every traceback in order; the same one printed twice is kept once, and of very many the first and the last."""
    found: dict[tuple[object, ...], ReadTraceback] = {}
    for read in _all_tracebacks(lines, index):
        key = (read.traceback.exception_type, read.traceback.message, read.traceback.frames)
        found.setdefault(key, read)
    kept = list(found.values())
    if len(kept) > MAX_TRACEBACKS:
        kept = kept[: MAX_TRACEBACKS // 2] + kept[-MAX_TRACEBACKS // 2 :]
    return tuple(kept)


def exception_of(line: str) -> tuple[str, str] | None:
    """(bare class name, message) of a traceback's last line, or None when the line is not one."""
    match = _EXCEPTION.match(line)
    if not match:
        return None
    name = match[1].rpartition(".")[2].strip("<>")
    if match[2] is None and not line.endswith(":") and not name[:1].isupper():
        return None
    return name, (match[2] or "").strip()


def _all_tracebacks(lines: SourceLines, index: TreeIndex) -> Iterator[ReadTraceback]:
    read_to = last_end = 0
    for number in _places(lines):
        if number <= read_to:
            continue
        raw = lines.raw[number - 1]
        text = lines.bare(number)
        ipython = _IPYTHON.match(text)
        reader: _Reading = _Ipython(lines, number, ipython[1]) if ipython else _Plain(lines, number)
        if HEADER not in raw:
            reader = _Unparsed(lines, number)
        reader.read()
        if reader.exception_type or (reader.frames and not ipython):
            frames = tuple(_placed(frame, index) for frame in _capped(reader.frames))
            provenance = lines.provenance(number, reader.last_line)
            traceback = Traceback(reader.exception_type, reader.message, frames, provenance)
            chained = bool(last_end) and _linked(lines, last_end + 1, number)
            yield ReadTraceback(traceback, number, reader.last_line, chained)
            last_end = reader.last_line
        read_to = reader.last_line


def _places(lines: SourceLines) -> list[int]:
    """The lines where something may start; of very many the first and the last."""
    places = [number for number, raw in enumerate(lines.raw, 1) if HEADER in raw or 'File "' in raw]
    if len(places) > MAX_PLACES:
        places = places[: MAX_PLACES // 2] + places[-MAX_PLACES // 2 :]
    return places


def _linked(lines: SourceLines, first: int, last: int) -> bool:
    return last - first <= 4 and any(link in lines.raw[n - 1] for n in range(first, last) for link in _LINKS)


def _capped(frames: list[Frame]) -> list[Frame]:
    return frames if len(frames) <= MAX_FRAMES else frames[: MAX_FRAMES // 2] + frames[-MAX_FRAMES // 2 :]


def _placed(frame: Frame, index: TreeIndex) -> Frame:
    path = index.place(frame.path, frame.function)
    return frame if path is None else Frame(path, frame.line, frame.function, frame.code)


class _Reading:
    """What both kinds of traceback come to."""

    def __init__(self, lines: SourceLines, header: int) -> None:
        self.lines = lines
        self.header = header
        self.last_line = header
        self.frames: list[Frame] = []
        self.exception_type = ""
        self.message = ""

    def read(self) -> None:
        raise NotImplementedError

    def add_code(self, text: str) -> None:
        frame = self.frames[-1]
        if not frame.code:
            self.frames[-1] = Frame(frame.path, frame.line, frame.function, text.strip())


class _Plain(_Reading):
    """`Traceback (most recent call last):`, frames, and the exception's line, behind one margin."""

    def read(self) -> None:
        margin = self._margin()
        stop = min(len(self.lines), self.header + _MAX_SCANNED_LINES)
        for number in range(self.header + 1, stop + 1):
            text = without_margin(self.lines.bare(number), margin)
            frame = _FRAME.match(text)
            if frame:
                self.frames.append(Frame(frame[1], int(frame[2]), (frame[3] or "").strip()))
            elif not text.strip() or HEADER in text or _FENCE.match(text):
                return
            elif text.strip() == "..." or _MARKERS.match(text) or _REPEATED.match(text):
                pass
            elif text[0].isspace() and self.frames:
                self.add_code(text)
            elif (error := exception_of(text)) is not None:
                self.exception_type, self.message = error
                self.last_line = number
                self._continue_message(number, margin)
                return
            elif self.frames and self.last_line == number - 1 and not self.frames[-1].code:
                self.add_code(text)  # a paste that lost its indentation
            else:
                return
            self.last_line = number

    def _margin(self) -> str:
        text = self.lines.bare(self.header)
        start = text.index(HEADER)
        group = text.rfind("Exception Group ", 0, start)
        return text[:group].replace("+", "|") if group >= 0 else text[:start]

    def _continue_message(self, number: int, margin: str) -> None:
        """A message may span lines; in a log only indented ones or those of an unfinished first line belong to it."""
        prose = self.lines.source.kind in ("issue", "comment")
        parts = [self.message]
        unfinished = not self.message or self.message.endswith((":", "(", "[", "{", ","))
        for following in range(number + 1, min(len(self.lines), number + MAX_MESSAGE_LINES) + 1):
            text = without_margin(self.lines.bare(following), margin)
            if not text.strip() or _FENCE.match(text) or HEADER in text or text.startswith(_LINKS):
                break
            if not (prose or unfinished or text[0].isspace()) or text.lstrip().startswith(("+--", "+-+", "---", "===")):
                break
            parts.append(text.strip())
            self.last_line = following
        self.message = "\n".join(part for part in parts if part)


class _Unparsed(_Reading):
    """A file that does not parse: its place, the line, a caret and the error, with no header."""

    def read(self) -> None:
        place = _FRAME.match(self.lines.bare(self.header).lstrip("> |"))
        if place is None or place[3]:
            return
        for number in range(self.header + 1, min(len(self.lines), self.header + 4) + 1):
            error = exception_of(self.lines.bare(number).lstrip("> |"))
            if error is not None and error[0] in _SYNTAX_ERRORS:
                self.exception_type, self.message = error
                self.frames.append(Frame(place[1], int(place[2]), "", self.lines.bare(self.header + 1).strip("> |")))
                self.last_line = number
                return


class _Ipython(_Reading):
    """IPython's form: the type beside the header, arrows at the lines, the exception at the end."""

    def __init__(self, lines: SourceLines, header: int, exception_type: str) -> None:
        super().__init__(lines, header)
        self.exception_type = exception_type.rpartition(".")[2]

    def read(self) -> None:
        stop = min(len(self.lines), self.header + _MAX_SCANNED_LINES)
        path, function = "", ""
        for number in range(self.header + 1, stop + 1):
            text = self.lines.bare(number).lstrip("> ")
            error = exception_of(text)
            if error is not None and error[0] == self.exception_type:
                self.message, self.last_line = error[1], number
                return
            if HEADER in text or _FENCE.match(text):
                return
            arrow, frame = _IPYTHON_ARROW.match(text), _IPYTHON_FRAME.match(text)
            if arrow and path:
                self._put(Frame(path, int(arrow[1]), function, arrow[2].strip()))
            elif frame:
                path, function = frame["path"], frame["function"] or "<module>"
                line = frame["line"] or frame["cell_line"]
                if line:
                    self.frames.append(Frame(path, int(line), function))
            else:
                continue
            self.last_line = number

    def _put(self, frame: Frame) -> None:
        if self.frames and (self.frames[-1].path, self.frames[-1].line) == (frame.path, frame.line):
            self.frames.pop()
        self.frames.append(frame)
