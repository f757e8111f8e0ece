"""What a report expects of an expression, as the assertion that checks just that. Never invents a value. Pure."""

from __future__ import annotations

import ast
import builtins
import re
from dataclasses import dataclass
from enum import Enum

from bot.core.artifacts import Expectation
from bot.core.parsing import literal_value
from bot.core.python_source import is_literal, parse_expression
from bot.reproducers.script import indented

# Expressions that bind less tightly than a comparison does, or would chain with it.
_LOOSE = (ast.Compare, ast.BoolOp, ast.IfExp, ast.Lambda, ast.NamedExpr, ast.Yield, ast.YieldFrom, ast.GeneratorExp)
_TOKEN = re.compile(r"\S{1,80}")
_EMPTY = re.compile(r"(?:an |the )?empty (list|string|dict|dictionary|tuple|set)\.?", re.IGNORECASE)
_PADDED = re.compile(r"-?\d+\.\d+0")
_EMPTY_SOURCE = {"list": "[]", "string": '""', "dict": "{}", "dictionary": "{}", "tuple": "()", "set": "set()"}


class Style(Enum):
    """How a repository's tests are written."""

    FUNCTION = "pytest function"
    METHOD = "method of a plain class"
    TEST_CASE = "unittest.TestCase"


class How(Enum):
    """How an expected value is compared."""

    EQUAL = "equal"
    CLOSE = "close"  # floats in it: equal up to rounding
    IDENTICAL = "identical"  # True, False, None
    TEXT = "text"  # its str()
    SHOWN = "shown"  # its repr(), as a session shows it
    PRINTED = "printed"  # what the statement writes to stdout


@dataclass(frozen=True, slots=True)
class Wanted:
    """An expected value as source text; for TEXT, SHOWN and PRINTED a string literal."""

    how: How
    source: str


@dataclass(frozen=True, slots=True)
class Lines:
    """Source that checks a claim, and the modules it needs besides the report's own."""

    text: str
    modules: tuple[str, ...] = ()
    fixtures: tuple[str, ...] = ()


def wanted_value(expectation: Expectation, *, printed: bool, several: bool, session: bool) -> Wanted | None:
    """How to check an expected value, or None when the report's words cannot be checked without guessing.

    `printed`: the report prints the expression; `several`: together with others; `session`: an interpreter showed it.
    """
    text = expectation.expected.strip()
    if not text:
        return None
    if several:
        return Wanted(How.PRINTED, repr(_unquoted(text)))
    if empty := _EMPTY.fullmatch(text):
        text = _EMPTY_SOURCE[empty[1].lower()]
    tree = parse_expression(text)
    if is_literal(text) and tree is not None:
        return _literal(ast.unparse(tree) if "\n" in text else text, tree, expectation.actual, printed=printed)
    if tree is not None and _is_value(tree):
        return Wanted(How.EQUAL, text)
    if printed or "\n" in text:
        return Wanted(How.TEXT if printed and "\n" not in text else How.PRINTED, repr(text))
    if session and (text.startswith("<") or _is_constructor(tree)):
        return Wanted(How.SHOWN, repr(text))
    both_plain = _TOKEN.fullmatch(text) and _TOKEN.fullmatch(expectation.actual.strip())
    if both_plain and not is_literal(expectation.actual) and not _names_a_thing(tree):
        return Wanted(How.TEXT, repr(text))
    return None


def _literal(text: str, tree: ast.expr, actual: str, *, printed: bool) -> Wanted:
    value = ast.literal_eval(tree)
    if value is None or isinstance(value, bool):
        return Wanted(How.IDENTICAL, text)
    if printed and isinstance(value, str):
        return Wanted(How.TEXT if not _is_string(actual) else How.EQUAL, text)
    if printed and _is_padded(text) and (_is_padded(actual) or not is_literal(actual)):
        return Wanted(How.TEXT, repr(text))
    if _approximable(value) and not _differ_by_rounding(value, actual):
        return Wanted(How.CLOSE, text)
    return Wanted(How.EQUAL, text)


def _approximable(value: object) -> bool:
    """Whether pytest.approx takes it and it holds a float: a number, or numbers in a flat list, tuple or dict."""
    return any(isinstance(number, float) for number in _numbers(value))


def _numbers(value: object) -> list[int | float]:
    """The numbers of a number or a flat collection of nothing but numbers; else []."""
    items = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list | tuple) else [value]
    numbers = [item for item in items if isinstance(item, int | float) and not isinstance(item, bool)]
    return numbers if len(numbers) == len(items) else []


def _differ_by_rounding(value: object, actual: str) -> bool:
    """Whether the complaint is about rounding itself: then only equality will do."""
    wanted, seen = _numbers(value), _numbers(literal_value(actual.strip())) if is_literal(actual) else []
    if len(wanted) != len(seen):
        return False
    return all(abs(one - other) <= 1e-5 * max(abs(one), 1e-6) for one, other in zip(wanted, seen, strict=True))


def _is_padded(text: str) -> bool:
    """Whether this is how formatted text shows a number (0.50) and Python never shows a float."""
    return _PADDED.fullmatch(text.strip()) is not None


def _is_string(text: str) -> bool:
    return is_literal(text) and isinstance(literal_value(text.strip()), str)


def _is_value(tree: ast.expr) -> bool:
    """An expression with a call, attribute or display in it; a bare name or an operation on words is no value."""
    if isinstance(tree, ast.Call):
        return isinstance(tree.func, ast.Name | ast.Attribute)
    if isinstance(tree, ast.Attribute):
        return True
    if isinstance(tree, ast.UnaryOp):
        return _is_value(tree.operand)
    displays = (ast.List, ast.Tuple, ast.Set, ast.Dict)
    return isinstance(tree, displays) and any(isinstance(node, ast.Call | ast.Attribute) for node in ast.walk(tree))


def _is_constructor(tree: ast.expr | None) -> bool:
    return isinstance(tree, ast.Call)


def _names_a_thing(tree: ast.expr | None) -> bool:
    """A bare name that Python knows (a type, a function): then the word stands for that, not for text."""
    return isinstance(tree, ast.Name) and hasattr(builtins, tree.id)


def _unquoted(text: str) -> str:
    return str(literal_value(text)) if _is_string(text) else text


def comparison(expression: str, wanted: Wanted, style: Style) -> Lines:
    """Source that asserts the value of an expression. PRINTED takes the statement instead: see `output_check`."""
    tree = parse_expression(expression)
    left = expression
    if wanted.how in (How.TEXT, How.SHOWN):
        left = f"{'str' if wanted.how is How.TEXT else 'repr'}({expression})"
    elif _needs_brackets(expression, tree):
        left = f"({expression})"
    if style is Style.TEST_CASE:
        return Lines(_test_case_comparison(left, wanted))
    if wanted.how is How.IDENTICAL:
        if isinstance(tree, ast.Compare) and wanted.source != "None":
            return Lines(f"assert {expression}" if wanted.source == "True" else f"assert not ({expression})")
        return Lines(f"assert {left} is {wanted.source}")
    if wanted.how is How.CLOSE:
        return Lines(f"assert {left} == pytest.approx({wanted.source})", ("pytest",))
    return Lines(f"assert {left} == {wanted.source}")


def _needs_brackets(expression: str, tree: ast.expr | None) -> bool:
    negated = isinstance(tree, ast.UnaryOp) and isinstance(tree.op, ast.Not)
    unclosed = "\n" in expression and not expression.rstrip().endswith((")", "]", "}"))
    return isinstance(tree, _LOOSE) or negated or unclosed


def _test_case_comparison(left: str, wanted: Wanted) -> str:
    if wanted.how is How.IDENTICAL:
        return f"self.assertIsNone({left})" if wanted.source == "None" else f"self.assertIs({left}, {wanted.source})"
    if wanted.how is How.CLOSE and isinstance(literal_value(wanted.source), float):
        return f"self.assertAlmostEqual({left}, {wanted.source})"
    return f"self.assertEqual({left}, {wanted.source})"


def output_check(statement: str, wanted: Wanted, style: Style) -> Lines:
    """Source that runs a statement and asserts what it printed, spaces at both ends aside."""
    text = repr(str(literal_value(wanted.source)).strip())
    if style is Style.TEST_CASE:
        lines = f"with contextlib.redirect_stdout(io.StringIO()) as output:\n{indented(statement, '    ')}\n"
        return Lines(f"{lines}self.assertEqual(output.getvalue().strip(), {text})", ("contextlib", "io"))
    lines = f"capsys.readouterr()\n{statement}\nassert capsys.readouterr().out.strip() == {text}"
    return Lines(lines, fixtures=("capsys",))


def raising(statement: str, error: str, style: Style) -> Lines:
    """Source that asserts that a statement raises."""
    shifted = indented(statement, "    ")
    if style is Style.TEST_CASE:
        return Lines(f"with self.assertRaises({error}):\n{shifted}")
    return Lines(f"with pytest.raises({error}):\n{shifted}", ("pytest",))
