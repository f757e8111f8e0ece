"""Python's own parser, one call at a time. What is read out of a syntax tree belongs to `bot.core.python_source`.

CPython 3.11 and 3.12 count the parser's recursion per interpreter, not per thread: two threads that build syntax trees
at once end in "AST constructor recursion depth mismatch" (python/cpython#106905). Solvers run in threads. Muting
warnings ("invalid escape sequence" in somebody's code) is per interpreter too, so it is done in the same place.
"""

from __future__ import annotations

import ast
import threading
import warnings

_ONE_AT_A_TIME = threading.Lock()
UNPARSABLE = (SyntaxError, ValueError, TypeError, RecursionError, MemoryError)  # what parsing any text may raise


def parse_source(text: str) -> ast.Module:
    """`ast.parse` without warnings. Raises one of UNPARSABLE."""
    with _ONE_AT_A_TIME, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(text)


def literal_value(text: str) -> object:
    """The value of one Python literal. Raises one of UNPARSABLE for anything else."""
    module = parse_source(text.strip())
    if len(module.body) != 1 or not isinstance(module.body[0], ast.Expr):
        raise ValueError("not one expression")
    value: object = ast.literal_eval(module.body[0].value)
    return value
