r"""Cleans text that somebody handed in before anything reads or shows it. Pure; decoding bytes does not belong here.

What people cannot see is taken out and said so: terminal escapes, control, zero-width and direction characters, HTML
comments of Markdown. Secrets are blacked out. Lines stay where they are (`"\n"` is never added or taken away, except
that a text with bare carriage returns only gets line feeds for them), so line numbers of the result are the original's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

REDACTED = "[redacted]"

_ESCAPES = re.compile(
    r"\x1b\[[0-?]{0,64}[ -/]{0,8}[@-~]"  # CSI: colours, cursor
    r"|\x1b[\]PX^_][^\x07\x1b\n]{0,4096}(?:\x07|\x1b\\)"  # OSC, DCS, …: titles, links
    r"|\x1b[ -/]{0,8}[0-~]"
)
_CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f]")
_LINE_LIKE = re.compile(r"[\r\x0b\x0c\x85\u2028\u2029]")  # would move the line count of whoever splits on them
_INVISIBLE = re.compile(
    r"[\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})(.*)")
_SHOWN_LINES = 5


@dataclass(frozen=True, slots=True)
class Sanitized:
    """Clean text, and one sentence for each kind of thing that was taken out."""

    text: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _SecretShape:
    """A kind of secret: `marker` must be in the text (a cheap test) before the pattern, whose group `secret` is
    blacked out, is tried."""

    name: str
    marker: str
    pattern: re.Pattern[str]


def _shape(name: str, marker: str, pattern: str) -> _SecretShape:
    return _SecretShape(name, marker, re.compile(pattern))


# Token shapes as their issuers document them. Each pattern starts with its marker, verbatim, so that the search over
# a large log is one for a literal; what must not come before the marker is asked right after it.
_SECRETS = (
    _shape("GitHub token", "gh", r"(?P<secret>gh(?<!\wgh)[pousr]_[A-Za-z0-9]{20,255})"),
    _shape("GitHub token", "github_pat_", r"(?P<secret>github_pat_[A-Za-z0-9_]{22,255})"),
    _shape("GitLab token", "glpat-", r"(?P<secret>glpat-[A-Za-z0-9_-]{20,255})"),
    _shape("AWS access key", "AKIA", r"(?P<secret>AKIA(?<!\wAKIA)[0-9A-Z]{16})\b"),
    _shape("AWS access key", "ASIA", r"(?P<secret>ASIA(?<!\wASIA)[0-9A-Z]{16})\b"),
    _shape("AWS secret key", "aws_secret", r"aws_secret_access_key\W{1,5}(?P<secret>[A-Za-z0-9/+]{40})(?![\w/+])"),
    _shape("Slack token", "xox", r"(?P<secret>xox(?<!\wxox)[abeoprs]-[A-Za-z0-9-]{10,255})"),
    _shape("Google API key", "AIza", r"(?P<secret>AIza[0-9A-Za-z_-]{35})(?![\w-])"),
    _shape("API key", "sk-", r"(?P<secret>sk-(?<![\w-]sk-)(?=[\w-]{0,250}\d)[A-Za-z0-9_-]{20,255})"),
    _shape("Stripe key", "k_live_", r"(?P<secret>k_live_[A-Za-z0-9]{16,255})"),
    _shape("npm token", "npm_", r"(?P<secret>npm_(?<!\wnpm_)[A-Za-z0-9]{36})\b"),
    _shape("PyPI token", "pypi-", r"(?P<secret>pypi-AgEI[A-Za-z0-9_-]{50,255})"),
    _shape("JSON web token", "eyJ", r"(?P<secret>eyJ(?<!\weyJ)[\w-]{8,2048}\.eyJ[\w-]{8,4096}\.[\w-]{8,1024})"),
    _shape("authorization header", "uthorization", r"uthorization\W{1,5}(?:\w{1,20} )?(?P<secret>[\w.~+/=-]{12,4096})"),
    _shape("password in an address", "://", r"://(?P<secret>[^\s/:@\[\]]{1,256}:[^\s/@\[\]]{1,256})@"),
    *(
        _shape("environment secret", name, name + r"[\"']?(?P<secret>[A-Za-z0-9+/_.~-]{8,512})(?![\w(.\[+/~-])")
        for name in ("TOKEN=", "SECRET=", "PASSWORD=", "PASSWD=", "API_KEY=", "ACCESS_KEY=")
    ),
)
_PRIVATE_KEY = re.compile(r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----")
_PRIVATE_KEY_END = re.compile(r"-----END [A-Z ]{0,40}PRIVATE KEY-----")
_KEY_BODY = re.compile(r"[A-Za-z0-9+/=]{16,}")
_MAX_KEY_CHARS = 20_000


def sanitize(text: str, *, markdown: bool) -> Sanitized:
    """The text without what hides or leaks. Doing it twice changes nothing more.

    `markdown` also takes out HTML comments (outside fenced code, where they would be shown).
    """
    notes: list[str] = []
    text = _strip_characters(text, notes)
    if markdown and "<!--" in text:
        text = _strip_comments(text, notes)
    text = _redact(text, notes)
    return Sanitized(text, tuple(notes))


def _strip_characters(text: str, notes: list[str]) -> str:
    if "\r" in text:
        text = text.replace("\r\n", "\n")
        if "\n" not in text:
            text = text.replace("\r", "\n")
    text, escapes = _ESCAPES.subn("", text) if "\x1b" in text else (text, 0)
    if escapes:
        notes.append(f"{_count(escapes, 'terminal escape sequence')} removed")
    text, controls = _CONTROLS.subn("", text)
    text = _LINE_LIKE.sub(" ", text)
    if controls:
        notes.append(f"{_count(controls, 'control character')} removed")
    if not text.isascii():
        text, invisible = _INVISIBLE.subn("", text)
        if invisible:
            notes.append(f"{_count(invisible, 'invisible character')} (zero-width or direction-changing) removed")
    return text


def _strip_comments(text: str, notes: list[str]) -> str:
    removed: list[int] = []
    stripped = "\n".join(_without_comments(text.split("\n"), removed))
    if removed:
        shown = ", ".join(str(line) for line in removed[:_SHOWN_LINES])
        more = ", …" if len(removed) > _SHOWN_LINES else ""
        noun = "line" if len(removed) == 1 else "lines"
        notes.append(f"{_count(len(removed), 'hidden HTML comment')} removed (from {noun} {shown}{more})")
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


def _redact(text: str, notes: list[str]) -> str:
    counts: dict[str, int] = {}
    if "PRIVATE KEY-----" in text:
        text = _redact_private_keys(text, counts)
    for shape in _SECRETS:
        if shape.marker not in text:
            continue

        def black_out(match: re.Match[str], name: str = shape.name) -> str:
            counts[name] = counts.get(name, 0) + 1
            start, end = match.span("secret")
            return f"{match.string[match.start() : start]}{REDACTED}{match.string[end : match.end()]}"

        text = shape.pattern.sub(black_out, text)
    notes.extend(f"{_count(count, 'secret')} redacted ({name})" for name, count in counts.items())
    return text


def _redact_private_keys(text: str, counts: dict[str, int]) -> str:
    parts: list[str] = []
    position = 0
    for begin in _PRIVATE_KEY.finditer(text):
        if begin.start() < position:
            continue
        end = _PRIVATE_KEY_END.search(text, begin.end(), begin.end() + _MAX_KEY_CHARS)
        stop = end.start() if end else min(len(text), begin.end() + _MAX_KEY_CHARS)
        body, hidden = _KEY_BODY.subn(REDACTED, text[begin.end() : stop])
        parts += [text[position : begin.end()], body]
        position = stop
        if hidden:
            counts["private key"] = counts.get("private key", 0) + 1
    return "".join([*parts, text[position:]])


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
