"""Every locator keeps the contract, on an empty question and on a full one."""

from __future__ import annotations

import pytest

from bot.core.artifacts import Analysis
from bot.core.testing import TestCoverage
from bot.locators import LOCATORS
from bot.ports import LocateQuestion, Locator
from small_shop import SHOP, an_issue, read, tree_of

REPORT = """\
# total fails

```
Traceback (most recent call last):
  File "/x/shop/cart.py", line 10, in total
KeyError: 1
```
"""


def test_names_are_unique() -> None:
    assert len({locator.name for locator in LOCATORS}) == len(LOCATORS)


@pytest.mark.parametrize("locator", LOCATORS, ids=lambda locator: locator.name)
def test_an_empty_question_has_no_suspects(locator: Locator) -> None:
    assert list(locator.locate(LocateQuestion(tree_of({}), Analysis(""), ()))) == []


@pytest.mark.parametrize("locator", LOCATORS, ids=lambda locator: locator.name)
def test_suspects_lie_in_the_tree_with_reasons_best_first(locator: Locator) -> None:
    coverage = (TestCoverage("t", (("shop/cart.py", (10,)),)),)
    question = LocateQuestion(SHOP, read(an_issue(REPORT)), (REPORT,), coverage, ("t",))
    suspects = list(locator.locate(question))
    assert suspects
    for suspect in suspects:
        text = SHOP.text(suspect.path)
        assert text is not None
        assert 1 <= suspect.line_start <= suspect.line_end <= text.count("\n") + 1
        assert suspect.reasons
    assert [s.score for s in suspects] == sorted((s.score for s in suspects), reverse=True)
