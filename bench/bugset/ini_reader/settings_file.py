"""Reader for the small `key = value` settings files that ship beside the service."""

from __future__ import annotations

from pathlib import Path

COMMENT_MARKS = ("#", ";")


class SettingsError(ValueError):
    """The file breaks the format; the message names the line."""


def parse(text: str) -> dict[str, dict[str, str]]:
    """Sections with their keys. Keys before the first header go to the section named "".

    Keys are case-insensitive and a later one wins; values keep their case and may be quoted.
    """
    sections: dict[str, dict[str, str]] = {"": {}}
    section = ""
    for number, raw in enumerate(text.splitlines(), start=1):
        line = raw.strip()
        if not line or line.startswith(COMMENT_MARKS):
            continue
        if line.startswith("["):
            section = _header(line, number)
            sections.setdefault(section, {})
            continue
        if "=" not in line:
            raise SettingsError(f"line {number}: expected 'key = value', got {line!r}")
        key, value = line.split("=")
        if not key.strip():
            raise SettingsError(f"line {number}: no key before '='")
        sections[section][key.strip().lower()] = _unquoted(value.strip())
    return sections


def load(path: Path) -> dict[str, dict[str, str]]:
    return parse(path.read_text(encoding="utf-8"))


def _header(line: str, number: int) -> str:
    if not line.endswith("]"):
        raise SettingsError(f"line {number}: section header without ']'")
    return line[1:-1].strip()


def _unquoted(value: str) -> str:
    if len(value) >= 2 and value[0] == value[-1] and value[0] in "'\"":
        return value[1:-1]
    return value
