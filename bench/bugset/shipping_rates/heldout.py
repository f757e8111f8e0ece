import pytest
from shipping import ZONES, NotShippable, Parcel, base_price, cheapest_split, quote


@pytest.mark.parametrize("zone", sorted(ZONES))
def test_every_weight_pays_the_smallest_tier_that_fits(zone):
    for weight in range(1, ZONES[zone][-1].limit_g + 1, 50):
        fitting = [tier for tier in ZONES[zone] if tier.limit_g >= weight]
        assert base_price(weight, zone) == min(fitting, key=lambda tier: tier.limit_g).cents


@pytest.mark.parametrize("zone", sorted(ZONES))
def test_limits_are_included(zone):
    for tier, following in zip(ZONES[zone], ZONES[zone][1:]):
        assert base_price(tier.limit_g, zone) == tier.cents
        assert base_price(tier.limit_g + 1, zone) == following.cents


@pytest.mark.parametrize("zone", sorted(ZONES))
def test_above_the_last_limit(zone):
    with pytest.raises(NotShippable):
        base_price(ZONES[zone][-1].limit_g + 1, zone)


def test_lightest():
    assert base_price(1, "world") == 1_590


def test_a_zone_where_heavier_is_cheaper(monkeypatch):
    from shipping import Tier

    monkeypatch.setitem(ZONES, "promo", (Tier(100, 900), Tier(1_000, 500)))
    assert base_price(50, "promo") == 900
    assert base_price(101, "promo") == 500


def test_quote_of_a_light_fragile_parcel():
    assert quote(Parcel(500, "domestic", fragile=True)) == 640


def test_split_one_by_one_when_too_heavy_together():
    assert cheapest_split([9_000, 9_000], "union") == 4_380


def test_split_together():
    assert cheapest_split([600, 600], "domestic") == 490
