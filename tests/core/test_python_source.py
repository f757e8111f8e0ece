"""Outlines and statements of Python source, exact where it parses and close where it does not."""

from __future__ import annotations

from bot.core.python_source import DefinitionKind, definitions, enclosing, scan_definitions, statements

SOURCE = '''"""Doc."""
import os


@cached
def top(
    a,
    b,
):
    """Doc."""
    if a:
        return [
            a,
        ]
    return b


class Cart:
    size = 0

    def total(self):
        def inner():
            return 1

        return inner()
'''


def test_definitions_carry_qualified_names_and_whole_spans() -> None:
    found = [(d.qualname, d.kind, d.line_start, d.line_end) for d in definitions(SOURCE)]
    assert found == [
        ("top", DefinitionKind.FUNCTION, 5, 15),
        ("Cart", DefinitionKind.CLASS, 18, 25),
        ("Cart.total", DefinitionKind.FUNCTION, 21, 25),
        ("Cart.total.inner", DefinitionKind.FUNCTION, 22, 23),
    ]


def test_source_that_does_not_parse_is_outlined_by_indentation() -> None:
    broken = SOURCE + "\ndef broken(:\n    x = 1\n\ny = 2\n"
    assert [(d.qualname, d.line_end) for d in definitions(broken)][-1] == ("broken", 28)


def test_the_scan_agrees_with_the_parser_on_bodies() -> None:
    exact = {d.qualname: d.line_end for d in definitions(SOURCE)}
    assert {d.qualname: d.line_end for d in scan_definitions(SOURCE)} == exact


def test_the_innermost_function_encloses_a_line_else_its_class_else_nothing() -> None:
    outline = definitions(SOURCE)
    names = [found.qualname if (found := enclosing(outline, line)) else None for line in (2, 12, 19, 23, 25)]
    assert names == [None, "top", "Cart", "Cart.total.inner", "Cart.total"]


def test_a_compound_statement_is_its_header_only() -> None:
    spans = [(s.line_start, s.line_end) for s in statements(SOURCE) if not s.declares]
    assert spans == [(11, 11), (12, 14), (15, 15), (19, 19), (23, 23), (25, 25)]


def test_statements_of_a_try_and_a_match_are_all_found() -> None:
    source = (
        "try:\n    a()\nexcept E:\n    b()\nelse:\n    c()\nfinally:\n    d()\nmatch x:\n    case 1:\n        e()\n"
    )
    assert [s.line_start for s in statements(source)] == [1, 2, 4, 6, 8, 9, 11]
