"""Parcel prices: by zone and weight tier, with surcharges. Weights in grams, prices in cents."""

from __future__ import annotations

from dataclasses import dataclass


class NotShippable(Exception):
    pass


@dataclass(frozen=True)
class Tier:
    """Parcels up to and including `limit_g` cost `cents`."""

    limit_g: int
    cents: int


@dataclass(frozen=True)
class Parcel:
    weight_g: int
    zone: str
    fragile: bool = False
    insured_cents: int = 0


ZONES: dict[str, tuple[Tier, ...]] = {
    "domestic": (Tier(500, 390), Tier(2_000, 490), Tier(10_000, 990), Tier(31_500, 1_690)),
    "union": (Tier(2_000, 1_390), Tier(10_000, 2_190)),
    "world": (Tier(500, 1_590), Tier(5_000, 3_790)),
}
FRAGILE_CENTS = 250


def base_price(weight_g: int, zone: str) -> int:
    """The price of the smallest tier the parcel fits in. NotShippable when it is too heavy or the zone is unknown."""
    if weight_g <= 0:
        raise ValueError("a parcel must weigh something")
    if zone not in ZONES:
        raise NotShippable(f"no service to {zone}")
    price = None
    for tier in ZONES[zone]:
        if weight_g <= tier.limit_g:
            price = tier.cents
    if price is None:
        heaviest = ZONES[zone][-1].limit_g
        raise NotShippable(f"{weight_g} g is above the {heaviest} g limit of zone {zone}")
    return price


def quote(parcel: Parcel) -> int:
    """Base price and surcharges; insurance costs one percent of the value, at least a euro."""
    price = base_price(parcel.weight_g, parcel.zone)
    if parcel.fragile:
        price += FRAGILE_CENTS
    if parcel.insured_cents:
        price += max(100, parcel.insured_cents // 100)
    return price


def cheapest_split(weights_g: list[int], zone: str) -> int:
    """What several items cost: together if that is possible and cheaper, else one by one."""
    single = sum(base_price(weight, zone) for weight in weights_g)
    try:
        return min(single, base_price(sum(weights_g), zone))
    except NotShippable:
        return single
