from __future__ import annotations

import pytest

from bot.core.restraint import literals_of, refusal

PRICE = '''def price(items, rate):
    """What the items cost."""
    total = 0
    for item in items:
        if item.taxed:
            total += item.price * rate
        else:
            total += item.price
    return total
'''
LITERALS = literals_of("def test_price():\n    assert price([3, 4], 'gold') == 117\n    assert name() == 'Ada'\n")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("    return total\n", "    return round(total)\n"),
        ("        if item.taxed:\n", "        if item is not None and item.taxed:\n"),
        ("    total = 0\n", "    if not items:\n        return 0\n    total = 0\n"),
        ("    total = 0\n", "    if items is None:\n        return []\n    total = 0\n"),
        ("    total = 0\n", "    total = 1\n"),
        ("    total = 0\n", "    if len(items) <= 1:\n        return None\n    total = 0\n"),
        ("            total += item.price\n", "            total -= item.price\n"),
        (
            PRICE[PRICE.index("        if item.taxed") : PRICE.index("    return")],
            "        total += item.price * (rate if item.taxed else 1)\n",
        ),
    ],
)
def test_an_ordinary_repair_is_not_refused(before: str, after: str) -> None:
    assert before in PRICE
    assert refusal(PRICE, PRICE.replace(before, after), LITERALS) is None


def test_a_body_replaced_by_a_constant_is_refused() -> None:
    gutted = "def price(items, rate):\n    return 0\n"
    assert refusal(PRICE, gutted, LITERALS) == "It replaces what `price` does by a constant."


def test_a_constant_returned_before_everything_else_is_refused() -> None:
    gutted = PRICE.replace("    total = 0\n", "    return None\n    total = 0\n")
    assert refusal(PRICE, gutted, LITERALS) == "It replaces what `price` does by a constant."


def test_a_body_replaced_by_pass_is_refused() -> None:
    gutted = "class A:\n    def run(self):\n        pass\n"
    whole = "class A:\n    def run(self):\n        self.start()\n        self.stop()\n"
    assert refusal(whole, gutted, ()) == "It replaces what `A.run` does by a constant."


def test_a_loop_taken_out_is_refused() -> None:
    loop = PRICE[PRICE.index("    for") : PRICE.index("    return")]
    reason = refusal(PRICE, PRICE.replace(loop, ""), LITERALS)
    assert reason == "It deletes 4 statements of `price` and puts nothing in their place."


def test_one_statement_taken_out_is_not_refused() -> None:
    assert refusal("def f(a):\n    a.sort()\n    g(a)\n", "def f(a):\n    g(a)\n", ()) is None


def test_a_function_taken_out_is_refused() -> None:
    assert (
        refusal("def f():\n    g()\n\ndef h():\n    f()\n", "def h():\n    f()\n", ()) == "It removes the function `f`."
    )


def test_a_function_renamed_is_not_refused() -> None:
    assert refusal("def f():\n    g()\n", "def h():\n    g()\n", ()) is None


@pytest.mark.parametrize("handler", ["except:", "except Exception:", "except (ValueError, Exception) as error:"])
@pytest.mark.parametrize("body", ["pass", "return", "return []", "x = None"])
def test_a_new_handler_that_swallows_everything_is_refused(handler: str, body: str) -> None:
    after = f"def f(x):\n    try:\n        g(x)\n        return x\n    {handler}\n        {body}\n"
    reason = refusal("def f(x):\n    g(x)\n    return x\n", after, ())
    assert reason == "It swallows every exception instead of preventing the one that was reported."


def test_suppress_of_everything_is_refused() -> None:
    after = "def f(x):\n    with contextlib.suppress(Exception):\n        g(x)\n"
    reason = refusal("def f(x):\n    g(x)\n", after, ())
    assert reason == "It swallows every exception instead of preventing the one that was reported."


def test_a_narrow_handler_that_turns_a_missing_key_into_a_default_is_not_refused() -> None:
    after = "def f(d, k):\n    try:\n        return d[k]\n    except KeyError:\n        return None\n"
    assert refusal("def f(d, k):\n    return d[k]\n", after, ()) is None


def test_a_broad_handler_that_was_there_before_is_not_held_against_the_change() -> None:
    before = "def f(x):\n    try:\n        g(x)\n    except Exception:\n        pass\n    return x < 1\n"
    assert refusal(before, before.replace("<", "<="), ()) is None


@pytest.mark.parametrize("value", ["117", "'gold'", "[3, 4]"])
def test_a_new_comparison_with_a_value_of_the_test_is_refused(value: str) -> None:
    after = PRICE.replace("    total = 0\n", f"    if rate == {value}:\n        rate = items\n    total = 0\n")
    reason = refusal(PRICE, after, LITERALS)
    assert reason == f"It compares with `{value}`, a value of the failing test: that treats the test's case apart."


def test_membership_in_a_list_that_holds_a_value_of_the_test_is_refused() -> None:
    after = PRICE.replace(
        "    total = 0\n", "    if rate in ('gold', 'silver'):\n        rate = items\n    total = 0\n"
    )
    assert refusal(PRICE, after, LITERALS) is not None


def test_a_new_return_of_the_expected_value_is_refused() -> None:
    after = PRICE.replace("    total = 0\n", "    if not items:\n        return 117\n    total = 0\n")
    reason = refusal(PRICE, after, LITERALS)
    assert reason == "It returns `117`, a value of the failing test: that treats the test's case apart."


def test_a_constant_that_replaces_a_wrong_one_is_not_refused() -> None:
    before = "def is_adult(age):\n    return age >= 21\n"
    assert refusal(before, before.replace("21", "18"), literals_of("assert is_adult(18)")) is None


def test_a_returned_text_that_replaces_a_wrong_one_is_not_refused() -> None:
    before = "def name():\n    return 'ada'\n"
    assert refusal(before, before.replace("ada", "Ada"), LITERALS) is None


def test_common_values_of_the_test_bind_nothing() -> None:
    before = "def f(n):\n    return g(n)\n"
    after = "def f(n):\n    if n == 0:\n        return []\n    return g(n)\n"
    assert refusal(before, after, literals_of("assert f(0) == []")) is None


@pytest.mark.parametrize("way", ["sys.exit(0)", "os._exit(0)", "pytest.skip('x')", "raise SystemExit"])
def test_leaving_the_process_is_refused(way: str) -> None:
    reason = refusal("def f():\n    g()\n", f"def f():\n    {way}\n    g()\n", ())
    assert reason is not None
    assert reason.startswith("It ends or skips the test with")


def test_a_branch_switched_off_is_refused() -> None:
    reason = refusal(PRICE, PRICE.replace("if item.taxed", "if False"), LITERALS)
    assert reason == "It switches a branch off instead of repairing its condition."


def test_a_comment_alone_is_refused() -> None:
    assert refusal(PRICE, PRICE + "# fixed\n", LITERALS) == "The change edits nothing that runs."


def test_a_file_that_does_not_parse_is_refused() -> None:
    assert refusal(PRICE, PRICE + "def (\n", LITERALS) == "The changed file is not valid Python."


def test_literals_are_read_in_normal_form_without_the_common_ones() -> None:
    source = "def test():\n    assert f(0, 1, -7, \"a'b\", None, [], {'k': 3}) == (0x10, [[]], 2.5)\n"
    assert literals_of(source) >= {"-7", '"a\'b"', "{'k': 3}", "16", "2.5", "3", "'k'"}
    assert not literals_of(source) & {"0", "1", "None", "[]", "[[]]"}


def test_source_of_a_test_that_does_not_parse_has_no_literals() -> None:
    assert literals_of("def (") == frozenset()


def test_a_value_returned_from_a_generator_is_refused() -> None:
    before = "def parts(items):\n    for item in items:\n        yield item\n"
    after = before.replace("    for", "    if not items:\n        return []\n    for")

    assert refusal(before, after, ()) == "It returns a value from the generator `parts`, where nobody receives it."
    assert refusal(before, after.replace("return []", "return"), ()) is None
