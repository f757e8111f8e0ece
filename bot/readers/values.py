"""Values inside sentences: inline code, Python literals, calls and exception names become numbered marks.

A sentence so encoded is plain words with marks, short enough for simple patterns. What it states is read in
`statements`.
"""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

from bot.core.python_source import is_literal, parse_expression
from bot.readers.report_text import Piece

MAX_SENTENCE_CHARS = 1_000
_MAX_VALUE_CHARS = 500
_NUMBER = re.compile(r"[-+]?(?:\d[\d_]*(?:\.\d+)?|\.\d+)(?:[eE][-+]?\d+)?j?(?![\w%°/-]|\.\w|:\d)")
_WORD_LITERAL = re.compile(r"(?:True|False|None)\b(?![.\w])")
_EXCEPTION = re.compile(
    r"(?:[A-Za-z_]\w*\.){0,6}(?:[A-Z]\w*(?:Error|Exception|Warning|Interrupt)|StopIteration|SystemExit|KeyboardInterrupt)"
    r"(?![\w(.])"
)
_CALL = re.compile(r"[A-Za-z_][\w.]{0,120}\(")
_EMPTY = re.compile(r"an? (?:empty|blank) (list|string|str|dict|dictionary|tuple|set)\b", re.IGNORECASE)
_EMPTY_VALUES = {
    "list": "[]", "string": "''", "str": "''", "dict": "{}", "dictionary": "{}", "tuple": "()", "set": "set()",
}  # fmt: skip
_BRACKETS = {"(": ")", "[": "]", "{": "}"}
_CURLY = str.maketrans({"\u201c": '"', "\u201d": '"', "\u2018": "'", "\u2019": "'"})
_SENTENCE_END = re.compile(r"(?<=[.!?;])[)\"']?\s+(?=[A-Z`\"'(\ue000\ue002\ue004])|(?<=[.!?])\s*$")
# A bare number followed by a noun ("3 items") counts something; it is no value.
_COUNTED = re.compile(
    r"\s(?!(?:but|instead|and|or|when|for|if|not|rather|however|while|where|as|on|in|with|at|is|was|to|returned|expected"
    r"|should|because|since|given|which|that|it|here|now|again|always|even)\b)[a-z]"
)

VALUE_OPEN, VALUE_CLOSE = "\ue000", "\ue001"
ERROR_OPEN, ERROR_CLOSE = "\ue002", "\ue003"
CALL_OPEN, CALL_CLOSE = "\ue004", "\ue005"


class ValueKind(Enum):
    LITERAL = "literal"  # ast.literal_eval takes it
    CALL = "call"  # an expression with a call in it
    EXPRESSION = "expression"  # another expression with an operator, attribute or index
    WORDS = "words"  # inline code that is none of these: a name, a date, output text
    ERROR = "error"  # an exception's name


@dataclass(frozen=True, slots=True)
class Value:
    text: str
    kind: ValueKind
    line: int


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence, its values replaced by marks that hold their index in `values`."""

    encoded: str
    values: tuple[Value, ...]
    line_start: int
    line_end: int


def sentences(pieces: Sequence[Piece]) -> Iterator[Sentence]:
    """The sentences of one block of prose, in order. A list item or paragraph is one block."""
    values: list[Value] = []
    parts: list[str] = []
    lines: list[int] = []  # the line of each encoded character
    for piece in pieces:
        encoded = _code(piece, values) if piece.code else _prose(piece, values)
        separator = " " if parts and lines and lines[-1] != piece.line else ""
        parts.append(separator + encoded)
        lines.extend([piece.line] * (len(encoded) + len(separator)))
    whole = "".join(parts)
    position = 0
    for end in [*(match.end() for match in _SENTENCE_END.finditer(whole)), len(whole)]:
        text = whole[position:end]
        if text.strip() and len(text) <= MAX_SENTENCE_CHARS:
            yield Sentence(text.strip(), tuple(values), lines[position], lines[end - 1])
        position = end


def classify(text: str) -> ValueKind:
    """What kind of value a piece of inline code is."""
    if _EXCEPTION.fullmatch(text.partition(":")[0].strip()) and not is_literal(text):
        return ValueKind.ERROR
    if is_literal(text):
        return ValueKind.LITERAL
    tree = parse_expression(text)
    if tree is None or isinstance(tree, ast.Name | ast.Constant):
        return ValueKind.WORDS
    if any(isinstance(node, ast.Call) for node in ast.walk(tree)):
        return ValueKind.CALL
    return ValueKind.EXPRESSION


def is_usable(value: Value) -> bool:
    """Whether a value can stand for what a call returns: not a type's name or another bare identifier."""
    if value.kind in (ValueKind.LITERAL, ValueKind.CALL):
        return True
    return value.kind is ValueKind.WORDS and not value.text.isidentifier() and not hasattr(builtins, value.text)


def _mark(value: Value, values: list[Value]) -> str:
    values.append(value)
    opening, closing = {
        ValueKind.ERROR: (ERROR_OPEN, ERROR_CLOSE),
        ValueKind.CALL: (CALL_OPEN, CALL_CLOSE),
        ValueKind.EXPRESSION: (CALL_OPEN, CALL_CLOSE),
    }.get(value.kind, (VALUE_OPEN, VALUE_CLOSE))
    return f"{opening}{len(values) - 1}{closing}"


def _code(piece: Piece, values: list[Value]) -> str:
    text = piece.text.strip()
    kind = classify(text)
    if kind is ValueKind.ERROR:
        text = text.partition(":")[0].strip()
    return _mark(Value(text, kind, piece.line), values)


def _prose(piece: Piece, values: list[Value]) -> str:
    """Plain text with the literals, calls and exception names in it marked."""
    text = piece.text[:20_000].translate(_CURLY)
    parts: list[str] = []
    position = start = 0
    while position < len(text):
        found = None
        if position == 0 or not (text[position - 1].isalnum() or text[position - 1] in "_.#$@\\"):
            found = _value_at(text, position)
        if found is None:
            position += 1
            continue
        source, kind, length = found
        parts += [text[start:position], _mark(Value(source, kind, piece.line), values)]
        position = start = position + length
    return "".join([*parts, text[start:]])


def _value_at(text: str, position: int) -> tuple[str, ValueKind, int] | None:
    """(source, kind, length in the text) of the value that starts here, or None."""
    char = text[position]
    if char in "\"'":
        return _quoted(text, position)
    if char in _BRACKETS:
        return _bracketed(text, position)
    if char in "-+." or char.isdigit():
        number = _NUMBER.match(text, position)
        if number and not _COUNTED.match(text, number.end()) and is_literal(number[0].lstrip("+")):
            return number[0], ValueKind.LITERAL, len(number[0])
        return None
    if not (char.isalpha() or char == "_"):
        return None
    if word := _WORD_LITERAL.match(text, position):
        return word[0], ValueKind.LITERAL, len(word[0])
    if empty := _EMPTY.match(text, position):
        return _EMPTY_VALUES[empty[1].lower()], ValueKind.LITERAL, len(empty[0])
    if error := _EXCEPTION.match(text, position):
        return error[0], ValueKind.ERROR, len(error[0])
    if call := _CALL.match(text, position):
        end = _closing(text, call.end() - 1)
        source = text[position:end] if end else ""
        if source and not source.endswith("()") and classify(source) is ValueKind.CALL:
            return source, ValueKind.CALL, len(source)
    return None


def _quoted(text: str, position: int) -> tuple[str, ValueKind, int] | None:
    quote = text[position]
    end = text.find(quote, position + 1, position + _MAX_VALUE_CHARS)
    if end < 0 or (end + 1 < len(text) and text[end + 1].isalnum()):
        return None
    source = text[position : end + 1]
    return (source, ValueKind.LITERAL, len(source)) if is_literal(source) else None


def _bracketed(text: str, position: int) -> tuple[str, ValueKind, int] | None:
    end = _closing(text, position)
    source = text[position:end] if end else ""
    if not source or not is_literal(source):
        return None
    if source[0] == "(" and not isinstance(parse_expression(source), ast.Tuple):
        return None  # a remark in brackets
    return source, ValueKind.LITERAL, len(source)


def _closing(text: str, position: int) -> int:
    """The offset after the bracket that closes the one here, quotes respected; 0 when there is none near."""
    stack: list[str] = []
    quote = ""
    for offset in range(position, min(len(text), position + _MAX_VALUE_CHARS)):
        char = text[offset]
        if quote:
            quote = "" if char == quote else quote
        elif char in "\"'":
            quote = char
        elif char in _BRACKETS:
            stack.append(_BRACKETS[char])
        elif char in ")]}":
            if not stack or stack.pop() != char:
                return 0
            if not stack:
                return offset + 1
    return 0
