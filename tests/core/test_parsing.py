"""Python's parser, from several threads."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from bot.core.parsing import UNPARSABLE, literal_value, parse_source

SOURCE = "\n".join(f"def f{n}(a, b):\n    return [a + b * {n}, (a, {{b: {n}}})]" for n in range(60))


def test_many_threads_may_parse_at_once() -> None:
    with ThreadPoolExecutor(8) as pool:
        trees = list(pool.map(parse_source, [SOURCE] * 60))

    assert {len(tree.body) for tree in trees} == {60}


def test_a_literal_has_its_value() -> None:
    assert literal_value(" {'a': [1, None]} ") == {"a": [1, None]}


@pytest.mark.parametrize("text", ["f(1)", "1; 2", "", "x = 1", "(" * 500])
def test_anything_else_is_no_literal(text: str) -> None:
    with pytest.raises(UNPARSABLE):
        literal_value(text)
