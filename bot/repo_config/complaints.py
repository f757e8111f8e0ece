"""Words for what is wrong with a repository's settings: a failed check of the schema, told to a stranger."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from jsonschema.exceptions import ValidationError  # type: ignore[import-untyped] # it ships no types

from bot.repo_config.document import Document, Path, Spot

_KINDS = {
    "string": "text",
    "boolean": "`true` or `false`",
    "number": "a number",
    "array": "a list, each item on a line of its own that begins with `-`",
    "object": "a group of settings, each on an indented line of its own",
}
_SHOWN = 60


@dataclass(frozen=True, slots=True)
class PolicyError:
    """One thing that is wrong, where (both counted from 1), the line as it stands there, and what to change."""

    line: int
    column: int
    excerpt: str
    message: str


def complaints(document: Document, error: ValidationError) -> Iterator[tuple[Spot, str]]:
    """Where a failed check of the schema stands, and what to say."""
    path: Path = tuple(error.absolute_path)
    schema = error.schema if isinstance(error.schema, Mapping) else {}
    if error.validator == "additionalProperties" and isinstance(error.instance, Mapping):
        known = list(schema.get("properties", {}))
        for key in error.instance:
            if key not in known:
                yield document.keys[*path, key], _unknown(key, path, known)
        return
    yield document.values.get(path, Spot(1, 1)), _message(error, path, schema)


def _unknown(key: str, path: Path, known: list[str]) -> str:
    where = f" of `{dotted(path)}`" if path else ""
    likely = get_close_matches(key.lower().replace("-", "_"), known, n=1, cutoff=0.6)
    if likely:
        return f"`{_cut(key)}` is not a setting{where}. Did you mean `{likely[0]}`?"
    return f"`{_cut(key)}` is not a setting{where}. The settings there are {', '.join(f'`{name}`' for name in known)}."


def _message(error: ValidationError, path: Path, schema: Mapping[str, object]) -> str:
    name = f"`{dotted(path)}`" if path else "The file"
    value = error.instance
    given = f"`{_cut(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))}`"
    expected = schema.get("patternErrorMessage")
    match error.validator:
        case "type" if not path:
            return "The file must hold settings, such as `label: fixbugs`, each on a line of its own."
        case "enum":
            allowed = [str(choice) for choice in error.validator_value if isinstance(choice, str)]
            likely = get_close_matches(str(value).lower(), allowed, n=1, cutoff=0.6)
            hint = f" Did you mean `{likely[0]}`?" if likely else ""
            return f"{name} must be one of {', '.join(f'`{choice}`' for choice in allowed)}, not {given}.{hint}"
        case "pattern" | "type" if expected and not isinstance(value, list | dict):
            return f"{name} must be {expected}, not {given}."
        case "type":
            return f"{name} must be {_KINDS[error.validator_value]}, not {_shape(value, given)}.{_quotes(error)}"
        case "minLength":
            return f"{name} is empty: give a value, or remove the line."
        case "maxLength":
            return f"{name} is longer than {error.validator_value} characters."
        case "maxItems":
            return f"{name} has more than {error.validator_value} items."
        case "exclusiveMinimum":
            return f"{name} must be more than {error.validator_value}, not {given}."
        case "maximum":
            return f"{name} must be at most {error.validator_value}, not {given}."
        case _:
            return f"{name} cannot be {given}."


def _shape(value: object, given: str) -> str:
    if isinstance(value, dict):
        return "a group of settings"
    return "a list" if isinstance(value, list) else given


def _quotes(error: ValidationError) -> str:
    if error.validator_value == "string" and isinstance(error.instance, bool | int | float):
        return " Put it in quotes."
    return ""


def dotted(path: Path) -> str:
    """`("protected", 1)` as "protected[2]": people count from one."""
    text = ""
    for part in path:
        text += f"[{part + 1}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def _cut(text: str) -> str:
    """Short, on one line, and without backquotes, so that it can stand in code."""
    shown = " ".join(text.replace("`", "'").split())
    return shown if len(shown) <= _SHOWN else f"{shown[: _SHOWN - 1]}…"
