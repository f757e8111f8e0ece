"""How a stated value is compared with what the code gives."""

from __future__ import annotations

import pytest

from bot.core.artifacts import Expectation
from bot.core.evidence import Provenance
from bot.reproducers.claims import How, Wanted, wanted_value


def wanted(expected: str, actual: str = "", *, printed: bool = True) -> Wanted | None:
    stated = Expectation(Provenance("report.md"), expression="f(0)", expected=expected, actual=actual)
    return wanted_value(stated, printed=printed, several=False, session=False)


@pytest.mark.parametrize("actual", ["", "1.5", "0.10"])
def test_a_printed_number_with_padding_is_text_as_no_float_is_shown_so(actual: str) -> None:
    expected = How.CLOSE if actual == "1.5" else How.TEXT
    result = wanted("0.00", actual)
    assert result is not None
    assert result.how is expected


def test_a_number_that_nobody_prints_is_a_number_however_it_is_written() -> None:
    assert wanted("0.50", printed=False) == Wanted(How.CLOSE, "0.50")
    assert wanted("0.5") == Wanted(How.CLOSE, "0.5")
