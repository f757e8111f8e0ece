import pytest

from paperboy import MONTHLY, QUARTERLY, YEARLY, plan_named


def test_price_per_month():
    assert MONTHLY.price_per_month() == 690
    assert QUARTERLY.price_per_month() == 630
    assert YEARLY.price_per_month() == 575


def test_plan_named_is_forgiving():
    assert plan_named(" Yearly ") is YEARLY


def test_plan_named_lists_what_there_is():
    with pytest.raises(LookupError, match="monthly, quarterly, yearly"):
        plan_named("weekly")
