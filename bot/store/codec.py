"""Our dataclasses as compressed bytes and back, so that a store can keep them. What a record means, and where it is
kept, are not its business."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Set as AbstractSet
from datetime import datetime
from functools import cache
from types import NoneType
from typing import Any, TypeVar, get_args, get_origin

from cattrs import Converter, transform_error

from bot.core.artifacts import Artifact
from bot.core.commands import Command
from bot.core.errors import Permanent

T = TypeVar("T")
LEVEL = 1  # zlib's fastest: a large baseline still shrinks to a twelfth
PLAIN = frozenset({str, int, bool, NoneType})  # JSON has these as they are
UNIONS: dict[str, tuple[type, ...]] = {"artifact": get_args(Artifact), "command": get_args(Command)}


class Unreadable(Permanent):
    """A record that this version of FixBugs cannot read."""


def encode(value: object, kind: object = None) -> bytes:
    """The value as compressed JSON. `kind` is its type where the value does not tell (`tuple[Evidence, ...]`)."""
    return _packed(_converter().unstructure(value, unstructure_as=kind or type(value)))


def decode(data: bytes, kind: type[T], of: str) -> T:
    """The value of this type. Raises Unreadable, naming `of` ("run r1") and the type, when the data does not fit it: a
    field unknown here, one that is lacking and has no default, or bytes that are no record at all."""
    return _structured(_unpacked(data, kind, of), kind, of)


def as_text(value: object) -> str:
    """The value as JSON, for what is kept as text."""
    return json.dumps(_converter().unstructure(value))


def from_text(text: str, kind: type[T], of: str) -> T:
    """What `as_text` wrote. Raises Unreadable, as `decode`."""
    try:
        plain = json.loads(text)
    except ValueError as exc:
        raise Unreadable(f"{of} holds a broken {_name(kind)} ({exc}). {ADVICE}") from exc
    return _structured(plain, kind, of)


def encode_named(value: object) -> bytes:
    """One of a union's types (an artifact, a command) together with its type's name."""
    return _packed([type(value).__name__, _converter().unstructure(value)])


def decode_artifact(data: bytes, of: str) -> Artifact:
    """Raises Unreadable, as `decode`."""
    found: Artifact = _decode_named(data, "artifact", of)
    return found


def decode_command(data: bytes, of: str) -> Command:
    """Raises Unreadable, as `decode`."""
    found: Command = _decode_named(data, "command", of)
    return found


def _decode_named(data: bytes, union: str, of: str) -> Any:
    plain = _unpacked(data, None, of)
    name, content = plain if isinstance(plain, list) and len(plain) == 2 else (None, None)
    kind = next((known for known in UNIONS[union] if known.__name__ == name), None)
    if kind is None:
        raise Unreadable(f"{of} holds the {union} {name!r}, which this version of FixBugs does not know. {ADVICE}")
    return _structured(content, kind, of)


ADVICE = (
    "It was kept by another version of FixBugs: let that version finish its runs before you change versions, or ask "
    "for the run again."
)


def _packed(plain: object) -> bytes:
    # Surrogates are written as they are: two halves, escaped side by side, would come back as one character.
    text = json.dumps(plain, ensure_ascii=False, separators=(",", ":"))
    return zlib.compress(text.encode("utf-8", "surrogatepass"), LEVEL)


def _unpacked(data: bytes, kind: object, of: str) -> Any:
    try:
        return json.loads(zlib.decompress(data).decode("utf-8", "surrogatepass"))
    except (zlib.error, ValueError) as exc:
        raise Unreadable(f"{of} holds a broken {_name(kind)} ({exc}). {ADVICE}") from exc


def _structured(plain: object, kind: type[T], of: str) -> T:
    try:
        return _converter().structure(plain, kind)
    except Exception as exc:  # whatever a type's own checks raise, the record does not fit
        raise Unreadable(f"{of} holds a {_name(kind)} that cannot be read: {_why(plain, kind, exc)}. {ADVICE}") from exc


def _why(plain: object, kind: type, error: Exception) -> str:
    """The first thing that does not fit, with its path; read again with the slow converter, which knows it."""
    try:
        _converter(detailed=True).structure(plain, kind)
    except Exception as exc:  # as above
        return transform_error(exc)[0].replace(" @ $.", " at ").removesuffix(" @ $")
    return str(error)


def _name(kind: object) -> str:
    return kind.__name__ if isinstance(kind, type) and not get_args(kind) else "record" if kind is None else str(kind)


@cache
def _converter(*, detailed: bool = False) -> Converter:
    made = Converter(
        detailed_validation=detailed, forbid_extra_keys=True, unstruct_collection_overrides={AbstractSet: list}
    )
    made.register_unstructure_hook(datetime, datetime.isoformat)
    made.register_structure_hook(datetime, lambda text, _: datetime.fromisoformat(text))
    made.register_unstructure_hook(bytes, lambda content: base64.b64encode(content).decode("ascii"))
    made.register_structure_hook(bytes, lambda text, _: base64.b64decode(text))
    if not detailed:  # most of a record is texts and numbers in tuples: taken as they are, it reads twice as fast
        made.register_structure_hook_factory(_is_plain_tuple, lambda kind: _as_tuple)
        made.register_unstructure_hook_factory(_is_plain_tuple, lambda kind: _as_it_is)
    return made


def _is_plain_tuple(kind: object) -> bool:
    args = get_args(kind)
    return get_origin(kind) is tuple and len(args) == 2 and args[0] in PLAIN and args[1] is Ellipsis


def _as_tuple(items: Any, _: object) -> tuple[Any, ...]:
    if not isinstance(items, list):
        raise TypeError(f"a list was expected, not {type(items).__name__}")
    return tuple(items)


def _as_it_is(items: Any) -> Any:
    return items
