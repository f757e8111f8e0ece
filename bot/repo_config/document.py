"""YAML text as plain data that remembers where each value stands. What the settings mean does not belong here.

Read from the parser's events, so that nothing is expanded or built before it was looked at: anchors, tags, a second
document and deep nesting are refused on the way.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)
from ruamel.yaml.reader import ReaderError

MAX_DEPTH = 6  # the settings need three
MAX_VALUE_CHARS = 4_000
Path = tuple[str | int, ...]

# YAML 1.2's core schema; `yes`, `on` and the like are text in it.
_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_BOOLEAN = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INTEGER = re.compile(r"[-+]?[0-9]{1,18}")
_FLOAT = re.compile(r"[-+]?(?:[0-9]{1,18}\.[0-9]{0,18}|\.[0-9]{1,18}|[0-9]{1,18}(?=[eE]))(?:[eE][-+]?[0-9]{1,2})?")


@dataclass(frozen=True, slots=True)
class Spot:
    """A place in the text, both counted from 1."""

    line: int
    column: int


class NotReadable(Exception):
    """The text is no YAML that we take; the message says what to change."""

    def __init__(self, spot: Spot, message: str) -> None:
        super().__init__(message)
        self.spot = spot


@dataclass(frozen=True, slots=True)
class Document:
    """`value` is None for an empty text, else made of dict, list, str, int, float, bool and None. `values` and `keys`
    tell where the value at a path stands, and the key before it."""

    value: object
    values: Mapping[Path, Spot]
    keys: Mapping[Path, Spot]


def read_document(text: str) -> Document:
    """Raises NotReadable."""
    reader = _Reader(_events(text))
    value = reader.document()
    return Document(value, reader.values, reader.keys)


def _events(text: str) -> Iterator[Event]:
    try:
        yield from YAML(typ="safe", pure=True).parse(text)
    except MarkedYAMLError as exc:
        unclosed = "unexpected end of stream" in (exc.problem or "")
        mark = (exc.context_mark if unclosed else exc.problem_mark) or exc.problem_mark or exc.context_mark
        spot = Spot(mark.line + 1, mark.column + 1) if mark else Spot(1, 1)
        raise NotReadable(spot, _explained(text, spot, exc)) from exc
    except ReaderError as exc:
        before = text[: exc.position]
        spot = Spot(before.count("\n") + 1, len(before) - before.rfind("\n"))
        raise NotReadable(spot, "This character cannot be part of a YAML file: remove it.") from exc
    except YAMLError as exc:
        raise NotReadable(Spot(1, 1), "This is not valid YAML.") from exc


def _explained(text: str, spot: Spot, exc: MarkedYAMLError) -> str:
    problem = exc.problem or "it cannot be read"
    lines = text.split("\n")
    line = lines[spot.line - 1] if spot.line <= len(lines) else ""
    indentation = line[: len(line) - len(line.lstrip())]
    if "\t" in indentation:
        return "This line is indented with a tab. YAML takes spaces only: replace the tab with spaces."
    if problem.startswith("mapping values are not allowed"):
        return (
            "This line cannot have a `:` here. Put the value in quotes if the `:` is part of it, or check that the "
            "line is indented like its neighbours."
        )
    if "cannot start any token" in problem:
        return f"A value cannot begin with `{line[spot.column - 1 : spot.column]}`: put it in quotes."
    if "unexpected end of stream" in problem:
        return "The quotes opened here are never closed."
    if "expected <block end>" in problem:
        return "This line is not indented like the lines around it."
    return f"This is not valid YAML: {problem}."


@dataclass
class _Reader:
    events: Iterator[Event]
    values: dict[Path, Spot] = field(default_factory=dict)
    keys: dict[Path, Spot] = field(default_factory=dict)

    def document(self) -> object:
        value: object = None
        seen = False
        for event in self.events:
            if not isinstance(event, DocumentStartEvent):
                continue
            if seen:
                raise NotReadable(_spot(event), "Only one document is read: remove this `---` and what follows.")
            seen = True
            value = self._value(next(self.events), ())
        return value

    def _value(self, event: Event, path: Path) -> object:
        spot = self.values[path] = _spot(event)
        if isinstance(event, AliasEvent) or getattr(event, "anchor", None):
            raise NotReadable(spot, "Anchors and aliases (`&name`, `*name`) are not taken here: write the value out.")
        if getattr(event, "tag", None):
            raise NotReadable(
                spot, "Tags (`!name`) are not taken here: write the plain value, in quotes if it is text."
            )
        if len(path) > MAX_DEPTH:
            raise NotReadable(spot, "The settings are nested too deeply here.")
        if isinstance(event, ScalarEvent):
            if len(event.value) > MAX_VALUE_CHARS:
                raise NotReadable(spot, f"This value is longer than {MAX_VALUE_CHARS:,} characters.")
            return _scalar(event)
        return self._mapping(path) if isinstance(event, MappingStartEvent) else self._sequence(event, path)

    def _mapping(self, path: Path) -> dict[str, object]:
        found: dict[str, object] = {}
        while not isinstance(event := next(self.events), MappingEndEvent):
            if not isinstance(event, ScalarEvent) or event.anchor or event.tag:
                raise NotReadable(_spot(event), "A setting's name must be a plain word.")
            key = str(event.value)
            if key in found:
                first = self.keys[*path, key].line
                raise NotReadable(_spot(event), f"`{key}` is set twice: it was set on line {first} already.")
            self.keys[*path, key] = _spot(event)
            found[key] = self._value(next(self.events), (*path, key))
        return found

    def _sequence(self, event: Event, path: Path) -> list[object]:
        if not isinstance(event, SequenceStartEvent):
            raise NotReadable(_spot(event), "A value is missing here.")
        found: list[object] = []
        while not isinstance(event := next(self.events), SequenceEndEvent):
            found.append(self._value(event, (*path, len(found))))
        return found


def _scalar(event: ScalarEvent) -> object:
    text = str(event.value)
    if not event.implicit[0]:  # quoted, or a block of text
        return text
    if text in _NULL:
        return None
    if text in _BOOLEAN:
        return _BOOLEAN[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _FLOAT.fullmatch(text) else text


def _spot(event: Event) -> Spot:
    mark = event.start_mark
    return Spot(mark.line + 1, mark.column + 1)
