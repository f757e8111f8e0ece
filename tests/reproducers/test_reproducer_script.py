"""A report's code, cut and moved without changing what it means; and that no report can crash the reproducer."""

from __future__ import annotations

import ast
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from larder import IDS, larder

from bot.core.artifacts import Analysis, Dossier, Expectation, Snippet
from bot.core.evidence import Provenance
from bot.core.run import Commit
from bot.core.testing import Collection, FailureSignature
from bot.ports import ReproduceQuestion
from bot.reproducers.script import indented, names_of, parse_script, requoted
from bot.reproducers.snippet import SnippetTest

LARDER = larder(fixed=False)


def statements(code: str) -> list[str]:
    script = parse_script(code)
    return [script.segment(stmt) for stmt in script.statements] if script else []


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("  x = 1\n  f(x)  # => 2", ["x = 1", "f(x)"]),
        (">>> x = 1\n>>> f(x)\n2\n", ["x = 1", "f(x)"]),
        ("text\n>>> for i in x:\n...     f(i)\n...\n1\n>>> g()", ["for i in x:\n    f(i)", "g()"]),
        ("In [1]: x = 1\nIn [2]: f(x)\nOut[2]: 2", ["x = 1", "f(x)"]),
        ("$ pip install x\n%matplotlib inline\nf(1)", ["f(1)"]),
        ("f(1)\nTraceback (most recent call last):\n  boom", ["f(1)"]),
        ("if __name__ == '__main__':\n    f(1)", ["f(1)"]),
        ("from __future__ import annotations\n...\nf(1)\nunittest.main()", ["f(1)"]),
        ("é = 'ü'; f(é)", ["é = 'ü'", "f(é)"]),
        ("@wrap\ndef f():\n    pass", ["@wrap\ndef f():\n    pass"]),
        ("not python at all", []),
        ("nonlocal x", []),
        ("x = '\0'", []),
        ("# only a comment", []),
        ("", []),
    ],
)
def test_the_statements_of_a_snippet_are_found(code: str, expected: list[str]) -> None:
    assert statements(code) == expected


def test_indenting_does_not_change_what_a_string_holds() -> None:
    source = 'x = """a\n  b\n"""\nf(x)'
    moved = "if True:\n" + indented(source, "    ")
    assert ast.dump(ast.Module(ast.parse(moved).body[0].body, [])) == ast.dump(ast.parse(source))  # type: ignore[attr-defined]  # an `if` has a body


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("f('a', \"b\")", 'f("a", "b")'),
        ("f('say \"x\"')", "f('say \"x\"')"),
        (r"f('a\n')", r"f('a\n')"),
        ("f(b'a', '''b''')", "f(b'a', '''b''')"),
    ],
)
def test_only_plain_strings_change_their_quotes(source: str, expected: str) -> None:
    assert requoted(source, '"') == expected


def test_names_are_told_apart_by_where_they_are_bound() -> None:
    names = names_of("import a\nb = [c for d in e]\ndef f(g):\n    return g + h\nclass I(J): pass\n")
    assert names.bound == {"a", "b", "f", "I"}
    assert names.free == {"c", "e", "h", "J"}


PIECES = st.sampled_from(
    [
        *("from larder import Shelf", "s = Shelf()", "s.put('a')", "print(s.free)", ">>> s", "...", "def f():", "@x"),
        *("if x:", "    return", "x = '''", "'''", "print(1, *x, sep='')", "await f()", "yield 1", "lambda: 0", "f("),
        *(")", "assert s", "é = 1", "\t", "from larder import *", "from . import x", "import larder.text as t"),
        *("global s", "return 1", "class T: pass", "f'{s!r}'", "    from larder import *", "for x in s: print(x)"),
    ]
)
VALUES = st.sampled_from(
    ["", "1", "'a'", "None", "a b", "f(", "s", "...", "nan", "1.5", "{1: [2.0]}", "-x", "\n", "<x>", "Shelf()"]
)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(PIECES, max_size=6),
    VALUES,
    VALUES,
    st.sampled_from(["", "s.free", "print(s)", "f(1)", "x", "(", "s = 1"]),
    st.text(),
)
def test_no_report_crashes_it_and_all_that_is_proposed_parses(
    lines: list[str], expected: str, actual: str, expression: str, title: str
) -> None:
    here = Provenance("issue.md", 1)
    claim = Expectation(here, expression, expected, actual, raises="" if expected else "ValueError")
    analysis = Analysis(title, (), (Snippet("\n".join(lines), here),), (claim,), signature=FailureSignature("KeyError"))
    dossier = Dossier(Commit("0" * 40, "", "", datetime(2024, 1, 1, tzinfo=UTC)), (), ())
    for candidate in SnippetTest().propose(ReproduceQuestion(LARDER, dossier, analysis, Collection(IDS), "pytest")):
        assert candidate.patch is not None
        for edit in candidate.patch.edits:
            compile(edit.after or "", edit.path, "exec")
            assert all(test_id.startswith(f"{edit.path}::") for test_id in candidate.test_ids)
