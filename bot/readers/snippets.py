"""Code that a report shows: which blocks are Python, what each states itself, and which expression it is about.

It states things in comments (`f(1)  # returns 2 but should be 3`), assertions and session output. Sentences around it
are read in `statements`, and the two are brought together in `claims`.
"""

from __future__ import annotations

import ast
import io
import re
import textwrap
import tokenize
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from bot.core.python_source import is_literal, parse_module
from bot.readers.report_text import Block, Piece, Role
from bot.readers.sessions import Example, as_doctest, is_session, read_session
from bot.readers.stack_frames import HEADER, exception_of
from bot.readers.statements import Claim, read_statements
from bot.readers.values import sentences

_PYTHON = frozenset({"python", "py", "python3", "py3", "python2", "ipython", "ipython3", "pycon", "pytest", "doctest"})
_UNNAMED = frozenset({"", "text", "txt", "console", "pytb", "plain", "plaintext", "none", "output"})
_REMARK = re.compile(r"\s+(?:#+|<[-=]+|\u2190|//)\s*(.*)$")
_NEUTRAL = re.compile(
    r"(?:(?:[=-]*>|\u2192|returns|prints|gives|outputs|got|actual|is)?[:\s]*)\ue000(\d+)\ue001\W*(?:wrong|incorrect|bug)?\W*$"
)
_COMPUTED = (ast.Call, ast.Subscript, ast.Attribute, ast.BinOp)
_LEADING_VALUE = re.compile(r"\s*(?:[=-]+>|\u2192)?\s*(?=\ue000)")


@dataclass(frozen=True, slots=True)
class ReadSnippet:
    """A block of Python. `expression` is what its last statement evaluates ("" when it has no value to speak of)."""

    code: str
    line_start: int
    line_end: int
    session: bool
    role: Role
    expression: str
    claims: tuple[Claim, ...]


def read_snippet(block: Block) -> ReadSnippet | None:
    """The block as Python, or None when it is another language, output, or prose."""
    text = textwrap.dedent(block.text.expandtabs(8) if block.text.startswith("\t") else block.text)
    if block.info not in _PYTHON and block.info not in _UNNAMED:
        return None
    if is_session(text):
        examples = tuple(read_session(text))
        claims = tuple(claim for example in examples for claim in _session_claims(example, block))
        last = next((e.expression for e in reversed(examples) if e.expression), "")
        return _snippet(block, as_doctest(text), last, claims, session=True)
    code = text if HEADER not in text else text[: text.index(HEADER)].rstrip()
    module = parse_module(code)
    if module is None or not module.body or (block.info not in _PYTHON and not _looks_like_code(module)):
        return None
    claims = tuple(_code_claims(code, module, block))
    return _snippet(block, code, _value_of(code, module.body[-1]), claims, session=False)


def unprinted(expression: str) -> str:
    """The argument of a `print` of one thing; any other expression as it is."""
    module = parse_module(expression)
    only = module.body[0] if module and len(module.body) == 1 else None
    if isinstance(only, ast.Expr) and isinstance(only.value, ast.Call):
        call = only.value
        name = call.func.id if isinstance(call.func, ast.Name) else ""
        if name == "print" and len(call.args) == 1 and not call.keywords and not isinstance(call.args[0], ast.Starred):
            return ast.get_source_segment(expression, call.args[0]) or expression
    return expression


def _snippet(block: Block, code: str, last: str, claims: tuple[Claim, ...], *, session: bool) -> ReadSnippet:
    return ReadSnippet(code, block.line_start, block.line_end, session, block.role, last, claims)


def _looks_like_code(module: ast.Module) -> bool:
    """Words and values parse too; code does something: it calls, imports, defines or assigns."""
    telling = (ast.Call, ast.Import, ast.ImportFrom, ast.FunctionDef, ast.ClassDef, ast.Assign, ast.Assert)
    return any(isinstance(node, telling) for node in ast.walk(module)) and not all(
        isinstance(stmt, ast.Expr) and is_literal(ast.unparse(stmt.value)) for stmt in module.body
    )


def _value_of(code: str, stmt: ast.stmt) -> str:
    """What a statement is about: an expression's source, an assignment's value, an assertion's tested side."""
    if isinstance(stmt, ast.Expr):
        node = stmt.value
        return "" if isinstance(node, ast.Constant) else ast.get_source_segment(code, node) or ""
    if isinstance(stmt, ast.Assert):
        tested = stmt.test.left if isinstance(stmt.test, ast.Compare) else stmt.test
        return ast.get_source_segment(code, tested) or ""
    if isinstance(stmt, ast.Assign) and any(isinstance(inner, _COMPUTED) for inner in ast.walk(stmt.value)):
        return ast.get_source_segment(code, stmt.value) or ""
    return ""


def _session_claims(example: Example, block: Block) -> Iterator[Claim]:
    first, last = block.line_start + example.line_start - 1, block.line_start + example.line_end - 1
    here = Claim(expression=example.expression, line_start=first, line_end=last)
    if not example.expression:
        return
    stated = [
        replace(claim, expression=claim.expression or example.expression, line_start=first, line_end=last)
        for comment in _comments(example.source)
        for claim in _comment_claims(comment[1], Role.NONE)
    ]
    output = example.output
    remark = _REMARK.search(output) if "\n" not in output else None
    if remark and is_literal(output[: remark.start()]):
        stated += [
            replace(claim, expression=claim.expression or example.expression, line_start=first, line_end=last)
            for claim in _comment_claims(remark[1], Role.NONE)
        ]
        output = output[: remark.start()]
    yield from stated
    if HEADER in output:
        error = exception_of(output.rsplit("\n", maxsplit=1)[-1].strip())
        if error and block.role is Role.EXPECTED:
            yield replace(here, raises=error[0])
    elif output and block.role is Role.EXPECTED and not any(claim.wants for claim in stated):
        yield replace(here, expected=output)
    elif output:
        yield replace(here, actual=output)


def _code_claims(code: str, module: ast.Module, block: Block) -> Iterator[Claim]:
    """What comments and assertions state about top-level statements; where a comment speaks, its assertion does not."""
    spoken: set[int] = set()
    for line, comment, own_line in _comments(code):
        stmt = _statement_at(module, line, code, own_line=own_line)
        about = _value_of(code, stmt) if stmt else ""
        if stmt is None or not about:
            continue
        for claim in _comment_claims(comment, block.role):
            spoken.add(stmt.lineno)
            text = claim.expected or claim.actual
            value = about if text[:1] not in "'\"" or not text else unprinted(about)
            place = (block.line_start + stmt.lineno - 1, block.line_start + max(line, stmt.end_lineno or line) - 1)
            yield replace(claim, expression=claim.expression or value, line_start=place[0], line_end=place[1])
    if block.role is Role.ACTUAL:
        return
    for stmt in module.body:
        if stmt.lineno not in spoken and (asserted := _asserted(code, stmt)):
            first, last = block.line_start + stmt.lineno - 1, block.line_start + (stmt.end_lineno or stmt.lineno) - 1
            yield replace(asserted, line_start=first, line_end=last)


def _statement_at(module: ast.Module, line: int, code: str, *, own_line: bool) -> ast.stmt | None:
    """The top-level simple statement that a comment belongs to: on its line, or right above it."""
    rows = code.split("\n")
    if own_line:
        line -= 1
        while line > 0 and rows[line - 1].lstrip().startswith("#"):
            line -= 1
    for stmt in module.body:
        if stmt.lineno <= line <= (stmt.end_lineno or stmt.lineno) and not hasattr(stmt, "body"):
            return stmt if not own_line or stmt.end_lineno == line else None
    return None


def _comment_claims(comment: str, role: Role) -> list[Claim]:
    """A comment's claims. A bare value says what happens, or in a section on what is expected, what should."""
    for sentence in sentences([Piece(comment, 1)]):
        spoken = replace(sentence, encoded=_with_verb(sentence.encoded))
        claims = list(read_statements([spoken]))
        if any(claim.wants for claim in claims):
            if role is Role.EXPECTED:
                claims = [replace(c, raises=c.raises or c.not_raises, not_raises="") for c in claims]
            return claims
        neutral = _NEUTRAL.match(sentence.encoded)
        if neutral:
            value = sentence.values[int(neutral[1])].text
            return [Claim(expected=value) if role is Role.EXPECTED else Claim(actual=value)]
    return []


def _with_verb(comment: str) -> str:
    """A comment that starts with a value says what the code gives."""
    leading = _LEADING_VALUE.match(comment)
    return f"returns {comment[leading.end() :]}" if leading else comment


def _comments(code: str) -> Sequence[tuple[int, str, bool]]:
    """(line, text, whether alone on its line) of every comment."""
    found = []
    try:
        for token in tokenize.generate_tokens(io.StringIO(code).readline):
            if token.type == tokenize.COMMENT:
                found.append(
                    (token.start[0], token.string.lstrip("#").strip(), not token.line[: token.start[1]].strip())
                )
    except (tokenize.TokenError, SyntaxError):
        return found
    return found


def _asserted(code: str, stmt: ast.stmt) -> Claim | None:
    """`assert call == literal`, either way round, or with `is`."""
    if not (isinstance(stmt, ast.Assert) and isinstance(stmt.test, ast.Compare) and len(stmt.test.ops) == 1):
        return None
    left, right = stmt.test.left, stmt.test.comparators[0]
    if not isinstance(stmt.test.ops[0], ast.Eq | ast.Is):
        return None
    sides = [ast.get_source_segment(code, side) or "" for side in (left, right)]
    if is_literal(sides[0]) and not is_literal(sides[1]):
        sides.reverse()
    return Claim(expression=sides[0], expected=sides[1]) if is_literal(sides[1]) and not is_literal(sides[0]) else None
