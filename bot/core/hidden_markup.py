"""Takes out of Markdown what its readers do not see: HTML comments, descriptions of images, titles of links, unused
link definitions, hidden elements. Pure. Characters that cannot be seen are `sanitize`'s business.

Code blocks and inline code show their text, so nothing in them is touched. No line is added or taken away.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})(.*)")
_TICKS = re.compile(r"`+")
_BRACKET = re.compile(r"\\.|[\[\]]", re.DOTALL)
_GAP = r"\n(?![ \t]*\n)"  # one line ends, its paragraph does not
_TITLE = rf"(?:\"(?:[^\"\n]|{_GAP})*\"|'(?:[^'\n]|{_GAP})*'|\((?:[^()\n]|{_GAP})*\))"
_DESTINATION = re.compile(rf"\(\s*(?:<[^<>\n]*>|[^\s<>()]*(?:\([^\s<>()]*\)[^\s<>()]*)?)(?P<title>\s+{_TITLE})?\s*\)")
_ADDRESS = re.compile(r"\(\s*<?(?:[^\s()]*[/:#.])")
_DEFINITION = re.compile(
    r"^ {0,3}\[(?P<label>(?:[^\[\]\\\n]|\\.)+)\]:[ \t]*(?:\n[ \t]*)?(?P<address>[^\s\"'(]\S*)"
    rf"(?P<title>(?:[ \t]+|[ \t]*\n[ \t]*){_TITLE})?[ \t]*$",
    re.MULTILINE,
)
_REFERENCE = re.compile(r"\[((?:[^\[\]\\\n]|\\.)+)\](?!:)")
_TAG = re.compile(r"<(?P<close>/?)(?P<name>[A-Za-z][A-Za-z0-9-]*)(?P<attributes>(?:\s[^<>]*)?)(?P<empty>/?)>")
_SPOKEN = re.compile(r"\s(?:alt|title|aria-label|aria-description)\s*=\s*(?:\"[^\"]*\"|'[^']*'|[^\s\"'<>]+)", re.I)
_HIDDEN = re.compile(r"\shidden(?=[\s=]|$)", re.I)
_STYLE = re.compile(r"\sstyle\s*=\s*(\"[^\"]*\"|'[^']*'|[^\s\"'<>]+)", re.I)
_UNSEEN = re.compile(
    r"display\s{0,9}:\s{0,9}none|visibility\s{0,9}:\s{0,9}hidden|(?:font-size|opacity)\s{0,9}:\s{0,9}0", re.I
)
_UNSHOWN_ELEMENTS = ("script", "style", "template")
_SHOWN_LINES = 5
_ROUNDS = 6  # what one removal uncovers, the next one takes; nobody nests deeper in good faith

_Cut = tuple[int, int, str]  # start, end, what it was


def without_hidden(text: str) -> tuple[str, tuple[str, ...]]:
    """The text without what is not shown, and one note for each kind of thing that was taken out."""
    found: dict[str, list[int]] = {}
    for _ in range(_ROUNDS):
        before = text
        if "<!--" in text:
            text = _strip_comments(text, found)
        cuts = _outermost(_cuts(text))
        line, position = 1, 0
        for start, _, what in cuts:
            line, position = line + text.count("\n", position, start), start
            found.setdefault(what, []).append(line)
        text = _without(text, cuts)
        if text == before:
            break
    return text, tuple(_note(what, sorted(lines)) for what, lines in found.items())


def without_code(text: str) -> str:
    """The text with its code blocks and inline code blanked."""
    return _without(text, [(start, end, "code") for start, end in sorted(_code_spans(text))])


def _note(what: str, lines: Sequence[int]) -> str:
    distinct = list(dict.fromkeys(lines))
    shown = ", ".join(map(str, distinct[:_SHOWN_LINES])) + (", …" if len(distinct) > _SHOWN_LINES else "")
    noun = "line" if len(distinct) == 1 else "lines"
    return f"{len(lines)} {what}{'' if len(lines) == 1 else 's'} removed (from {noun} {shown})"


def _outermost(cuts: Iterator[_Cut]) -> list[_Cut]:
    kept: list[_Cut] = []
    for cut in sorted(cuts, key=lambda cut: (cut[0], -cut[1])):
        if not kept or cut[0] >= kept[-1][1]:
            kept.append(cut)
    return kept


def _without(text: str, cuts: Sequence[_Cut]) -> str:
    parts: list[str] = []
    position = 0
    for start, end, _ in cuts:
        parts += [text[position:start], "\n" * text.count("\n", start, end)]
        position = end
    return "".join([*parts, text[position:]])


def _cuts(text: str) -> Iterator[_Cut]:
    code = _Code(text)
    if "](" in text or "][" in text:
        yield from _image_and_link_cuts(text, code)
    if "]:" in text:
        yield from _definition_cuts(text, code)
    if "<" in text:
        yield from _element_cuts(text, code)


# --------------------------------------------------- images, links, definitions


def _image_and_link_cuts(text: str, code: _Code) -> Iterator[_Cut]:
    """Descriptions of images, which stand in their place only where they cannot be loaded, and titles."""
    open_at: list[int] = []
    for bracket in _BRACKET.finditer(text):
        at = bracket.start()
        if bracket[0] == "[" and at not in code:
            open_at.append(at)
        if bracket[0] != "]" or not open_at or at in code:
            continue
        start = open_at.pop()
        image = start > 0 and text[start - 1] == "!"
        target = _DESTINATION.match(text, at + 1)
        if target and (image or _ADDRESS.match(text, at + 1)) and target["title"]:
            yield (*target.span("title"), "image title" if image else "link title")
        if image and text[start + 1 : at].strip() and (target or text.startswith("[", at + 1)):
            yield start + 1, at, "image description"


def _definition_cuts(text: str, code: _Code) -> Iterator[_Cut]:
    """`[label]: address "title"` is not shown: whole when nothing uses the label (a way to write comments), else its
    title."""
    used = Counter(_folded(match[1]) for match in _REFERENCE.finditer(text))
    end_of_last = 0
    for match in _DEFINITION.finditer(text):
        before = text.rfind("\n", 0, max(0, match.start() - 1)) + 1
        alone = match.start() - end_of_last <= 1 or not text[before : match.start()].strip()
        if match.start() in code or not alone:
            continue  # inside a paragraph it is shown
        end_of_last = match.end()
        if not used[_folded(match["label"])]:
            yield match.start(), match.end(), "unused link definition"
        elif match["title"]:
            yield (*match.span("title"), "link title")


def _folded(label: str) -> str:
    return " ".join(label.casefold().split())


# ----------------------------------------------------------------- elements


def _element_cuts(text: str, code: _Code) -> Iterator[_Cut]:
    """Hidden elements with all that is in them, and what tags say besides their content."""
    open_tags: defaultdict[str, list[tuple[int, bool]]] = defaultdict(list)
    for tag in _TAG.finditer(text):
        if tag.start() in code:
            continue
        name, attributes = tag["name"].lower(), tag["attributes"]
        if tag["close"]:
            if open_tags[name]:
                start, hides = open_tags[name].pop()
                if hides:
                    yield start, tag.end(), "hidden HTML element"
            continue
        if attributes:
            offset = tag.start("attributes")
            for spoken in _SPOKEN.finditer(attributes):
                what = "image description" if name == "img" else "HTML title"
                yield offset + spoken.start(), offset + spoken.end(), what
        if not tag["empty"]:
            hides = name in _UNSHOWN_ELEMENTS or _hides(attributes)
            open_tags[name].append((tag.start(), hides))


def _hides(attributes: str) -> bool:
    return _HIDDEN.search(attributes) is not None or any(_UNSEEN.search(m[1]) for m in _STYLE.finditer(attributes))


# --------------------------------------------------------------------- code


class _Code:
    """Where a Markdown text shows code: `position in code`."""

    def __init__(self, text: str) -> None:
        spans = sorted(_code_spans(text))
        self._starts = [start for start, _ in spans]
        self._ends = [end for _, end in spans]

    def __contains__(self, position: int) -> bool:
        index = bisect_right(self._starts, position) - 1
        return index >= 0 and position < self._ends[index]


def _code_spans(text: str) -> Iterator[tuple[int, int]]:
    """Fenced blocks, and inline code in the paragraphs between them."""
    fence, began, position, paragraph = "", 0, 0, 0
    for line in text.split("\n"):
        fenced = _FENCE.fullmatch(line)
        if fence:
            if fenced and fenced[1].startswith(fence) and not fenced[2].strip():
                yield began, position + len(line)
                fence, paragraph = "", position + len(line) + 1
        elif fenced and not (fenced[1][0] == "`" and "`" in fenced[2]):
            yield from _inline_spans(text, paragraph, position)
            fence, began = fenced[1], position
        elif not line.strip():
            yield from _inline_spans(text, paragraph, position)
            paragraph = position + len(line) + 1
        position += len(line) + 1
    if fence:
        yield began, len(text)
    else:
        yield from _inline_spans(text, paragraph, len(text))


def _inline_spans(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Between two runs of as many backticks."""
    runs = [match.span() for match in _TICKS.finditer(text, start, end)] if "`" in text[start:end] else []
    later: defaultdict[int, list[int]] = defaultdict(list)
    for index in range(len(runs) - 1, -1, -1):
        later[runs[index][1] - runs[index][0]].append(index)  # the nearest one comes last
    index = 0
    while index < len(runs):
        same = later[runs[index][1] - runs[index][0]]
        while same and same[-1] <= index:
            same.pop()
        if same:
            yield runs[index][0], runs[same[-1]][1]
            index = same[-1]
        index += 1


# ----------------------------------------------------------------- comments


def _strip_comments(text: str, found: dict[str, list[int]]) -> str:
    removed: list[int] = []
    stripped = "\n".join(_without_comments(text.split("\n"), removed))
    if removed:
        found.setdefault("hidden HTML comment", []).extend(removed)
    return stripped


def _without_comments(lines: list[str], removed: list[int]) -> Iterator[str]:
    """The lines with comments blanked. Fences are looked for in the *result*, so a second pass sees the same ones."""
    fence = ""
    in_comment = False
    last_end = max((number for number, line in enumerate(lines) if "-->" in line), default=-1)
    for number, line in enumerate(lines):
        if fence:
            opened = _FENCE.fullmatch(line)
            if opened and opened[1].startswith(fence) and not opened[2].strip():
                fence = ""
            yield line
            continue
        shown, in_comment = _shown(line, in_comment, number + 1, removed, closes_later=number < last_end)
        opened = None if in_comment and not shown.strip() else _FENCE.fullmatch(shown)
        if opened and not (opened[1][0] == "`" and "`" in opened[2]):
            fence = opened[1]
        yield shown


def _shown(line: str, in_comment: bool, number: int, removed: list[int], *, closes_later: bool) -> tuple[str, bool]:
    """What of a line lies outside comments, and whether a comment is open at its end."""
    parts: list[str] = []
    position = 0
    blank = True  # nothing but blanks is shown so far
    while True:
        if in_comment:
            end = line.find("-->", position)
            if end < 0:
                return "".join(parts), True
            position = end + 3
            in_comment = False
            parts.append(" ")  # keeps the two sides apart, so that they cannot form a new comment
        start = line.find("<!--", position)
        # One that never closes hides the rest of the text when it begins a line, and is plain text inside one.
        blank = blank and not line[position : max(start, position)].strip()
        if start < 0 or not (closes_later or line.find("-->", start + 2) >= 0 or blank):
            return "".join([*parts, line[position:]]), False
        parts.append(line[position:start])
        removed.append(number)
        position = start + 2  # `<!-->` is a whole comment
        in_comment = True
