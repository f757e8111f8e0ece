import pytest
from shipping import NotShippable, Parcel, base_price, cheapest_split, quote


def test_heaviest_tier():
    assert base_price(31_500, "domestic") == 1_690


def test_light_parcel():
    assert base_price(300, "domestic") == 390


def test_on_the_limit():
    assert base_price(2_000, "domestic") == 490


def test_too_heavy():
    with pytest.raises(NotShippable, match="above the 5000 g limit"):
        base_price(5_001, "world")


def test_unknown_zone():
    with pytest.raises(NotShippable):
        base_price(100, "moon")


def test_weightless():
    with pytest.raises(ValueError):
        base_price(0, "domestic")


def test_surcharges():
    assert quote(Parcel(4_000, "world", fragile=True, insured_cents=50_000)) == 3_790 + 250 + 500


def test_least_insurance():
    assert quote(Parcel(9_000, "union", insured_cents=100)) == 2_290


def test_split():
    assert cheapest_split([400, 90], "world") == 1_590
