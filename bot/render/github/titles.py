"""How a repository's history writes its subjects, and a subject of ours written alike. Pure guessing from samples; what
is said after the prefix comes from elsewhere."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

FEWEST = 3  # subjects, of which something can be learned

_CONVENTIONAL = re.compile(
    r"(?:feat|fix|docs?|chore|refactor|tests?|perf|build|ci|style|revert)(?:\(([^()]{1,40})\))?!?: (.+)", re.IGNORECASE
)
_BRACKETED = re.compile(r"\[([^\[\]]{1,40})\]:? (.+)")
_AREA = re.compile(r"([A-Za-z0-9_.{}/,*-]{1,40}): (.+)")
_SAFE = re.compile(r"[A-Za-z0-9_./ -]+")
_PULL_NUMBER = re.compile(r"\s+\(#\d+\)$")
_NOT_WRITTEN = re.compile(r"(?:Merge|Revert|Bump|Release|Version|Initial commit|v?\d+\.\d+)\b", re.IGNORECASE)
_PAST = re.compile(r"(?:Add|Fix|Remov|Updat|Chang|Improv|Mov|Renam|Us|Correct|Handl|Allow|Support)e?d\b", re.IGNORECASE)

_FORMS = (("conventional", _CONVENTIONAL, 0.5), ("bracketed", _BRACKETED, 0.5), ("area", _AREA, 0.6))


@dataclass(frozen=True, slots=True)
class Style:
    """`form` is "conventional", "bracketed", "area" or "" (no prefix); `areas` are the scopes or areas that occur, and
    `scoped` whether a conventional prefix usually has one."""

    form: str = ""
    areas: tuple[str, ...] = ()
    scoped: bool = False
    capital: bool = True
    period: bool = False
    past: bool = False


def style_of(subjects: Sequence[str]) -> Style:
    """What most of these subjects have in common."""
    lines = [_PULL_NUMBER.sub("", subject.strip()[:200]) for subject in subjects[:100]]
    lines = [line for line in lines if line and not _NOT_WRITTEN.match(line)]
    if len(lines) < FEWEST:
        return Style()
    for form, pattern, share in _FORMS:
        hits = [hit for line in lines if (hit := pattern.fullmatch(line))]
        if len(hits) >= share * len(lines):
            areas = Counter(hit[1] for hit in hits if hit[1] and _SAFE.fullmatch(hit[1]))
            scoped = areas.total() * 2 >= len(hits)
            return _worded([hit[2] for hit in hits], form, tuple(area for area, _ in areas.most_common()), scoped)
    return _worded(lines, "", (), False)


def _worded(texts: Sequence[str], form: str, areas: tuple[str, ...], scoped: bool) -> Style:
    letters = [text[0] for text in texts if text[0].isalpha()]
    return Style(
        form,
        areas,
        scoped,
        capital=sum(letter.isupper() for letter in letters) * 2 >= len(letters) if letters else not form,
        period=sum(text.endswith(".") for text in texts) * 2 > len(texts),
        past=sum(bool(_PAST.match(text)) for text in texts) * 2 > len(texts),
    )


def subject(style: Style, kind: str, verb: str, what: str, path: str) -> str:
    """ "Fix …" in the history's style. `kind` is the conventional type ("fix", "test"), `verb` the imperative in lower
    case, "" where `what` says it all; `path` is the file that the change is about."""
    if style.past and verb in _PASTS:
        verb = _PASTS[verb]
    if style.form == "conventional" and verb.lower() in ("fix", "fixed"):
        verb = ""  # the prefix says so
    said = f"{verb} {what}".strip()
    said = f"{said[0].upper() if style.capital else _lowered(said)}{said[1:]}" if said else said
    said = f"{said.rstrip('.')}." if style.period else said.rstrip(".")
    return f"{_prefix(style, kind, path)}{said}"


_PASTS = {"fix": "fixed", "add": "added"}


def _lowered(said: str) -> str:
    """The first letter in lower case, unless the word is a name ("JSON", "iOS")."""
    return said[0].lower() if said[1:2].islower() or said[1:2] in ("", " ") else said[0]


def _prefix(style: Style, kind: str, path: str) -> str:
    if style.form == "conventional":
        area = _area(style.areas, path) if style.scoped else ""
        return f"{kind}({area}): " if area else f"{kind}: "
    if style.form == "bracketed":
        area = _area(style.areas, path) or _known(style.areas, kind)
        return f"[{area}] " if area else ""
    if style.form == "area":
        return f"{_area(style.areas, path) or _module(path)}: "
    return ""


def _area(areas: Sequence[str], path: str) -> str:
    """The area of the history that fits the path best: the one that names its innermost part."""
    place = PurePosixPath(path)
    parts = [place.stem.lower(), place.name.lower(), *(part.lower() for part in reversed(place.parts[:-1]))]
    fitting = [area for area in areas if area.lower() in parts or f"{path}/".lower().startswith(f"{area.lower()}/")]
    return min(fitting, key=lambda area: parts.index(area.lower()) if area.lower() in parts else 0, default="")


def _known(areas: Sequence[str], kind: str) -> str:
    return next((area for area in areas if area.lower() in (kind, f"{kind}es", "bug", "bugfix")), "")


def _module(path: str) -> str:
    place = PurePosixPath(path)
    generic = place.stem in ("__init__", "index", "mod") and place.parent.name
    name = place.parent.name if generic else place.stem
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", name).strip("-") or "fix"
