"""What the reported failure must look like, taken from the report before any candidate test runs."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bot.core.artifacts import Expectation, Traceback
from bot.core.path_roles import PathRole, role_of
from bot.core.testing import FailureSignature
from bot.readers.stack_frames import ReadTraceback
from bot.readers.tree_index import TreeIndex

MAX_PART_CHARS = 160
MIN_PART_CHARS = 3
_VOLATILE = re.compile(
    r"0x[0-9a-fA-F]+"  # addresses
    r"|(?:[A-Za-z]:)?[\w.~+-]*[/\\][\w.~+/\\-]+"  # paths and addresses
    r"|[0-9a-fA-F]{8}-[0-9a-fA-F-]{27}"  # UUIDs
    r"|\d{4}-\d\d-\d\d[T ]?[\d:.]*"  # dates and times
    r"|[-+]?\d+\.\d{4,}(?:[eE][-+]?\d+)?|\d{4,}"  # measured floats, counts, ports, process ids
    r"|\.{3,}$"  # where a summary was cut short
)
_COMPARED = re.compile(r"(?:assert\b|.{0,200}(?:!=|==| is not | not in | in |<|>))")


def main_traceback(read: Sequence[ReadTraceback]) -> Traceback | None:
    """The last link of the first chain that does not merely blame a test: what the report is about."""
    if not read:
        return None
    position = 0
    while position + 1 < len(read) and read[position + 1].chained:
        position += 1
    return read[position].traceback


def signature_of(main: Traceback | None, expectations: Sequence[Expectation], index: TreeIndex) -> FailureSignature:
    """The signature from the report's main traceback and its first stated value."""
    stated = next((e for e in expectations if e.expected), None)
    error = main.exception_type if main else next((e.not_raises for e in expectations if e.not_raises), "")
    functions = tuple(
        frame.function
        for frame in (main.frames if main else ())
        if frame.path in index and role_of(frame.path) is not PathRole.TEST and frame.function not in ("", "<module>")
    )
    return FailureSignature(
        exception_type="" if error == "Exception" else error,
        message_part=stable_part(main.exception_type, main.message) if main else "",
        functions=functions,
        expected=stated.expected if stated else "",
        actual=stated.actual if stated else next((e.actual for e in expectations if e.actual), ""),
    )


def stable_part(exception_type: str, message: str) -> str:
    """The longest piece of a message's first line that will read the same elsewhere; "" when there is none.

    A compared assertion has none: how runners print both sides differs by version and verbosity.
    """
    first = next((line.strip() for line in message.split("\n") if line.strip()), "")
    if exception_type == "AssertionError" and _COMPARED.match(first):
        return ""
    pieces = (piece.strip(" \t,;:=([{<") for piece in _VOLATILE.split(first))
    best = max(pieces, key=len, default="")
    return best[:MAX_PART_CHARS].strip() if len(best) >= MIN_PART_CHARS else ""
