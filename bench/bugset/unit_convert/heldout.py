import itertools

import pytest
from conversion import convert, convert_text
from unit_tables import LENGTH, MASS, TIME, UnknownUnit


def test_every_speed_against_its_base_value():
    for (a, fa), (b, fb), (c, fc), (d, fd) in itertools.product(LENGTH.items(), TIME.items(), LENGTH.items(), TIME.items()):
        base = 7 * fa / fb
        assert convert(7, f"{a}/{b}", f"{c}/{d}") == pytest.approx(base * fd / fc)


def test_round_trips():
    for (a, b), (c, d) in itertools.product(itertools.product(MASS, TIME), repeat=2):
        assert convert(convert(3, f"{a}/{b}", f"{c}/{d}"), f"{c}/{d}", f"{a}/{b}") == pytest.approx(3)


def test_metres_per_second_to_km_per_hour():
    assert convert(10, "m/s", "km/h") == pytest.approx(36)


def test_per_day():
    assert convert(1, "kg/d", "kg/h") == pytest.approx(1 / 24)


def test_only_the_bottom_differs():
    assert convert(1, "m/s", "m/min") == pytest.approx(60)


def test_bottom_of_another_kind():
    with pytest.raises(UnknownUnit):
        convert(1, "m/s", "m/kg")


def test_plain_units_still_convert():
    assert convert(1, "d", "min") == pytest.approx(1440)


def test_text():
    assert convert_text("120 km/h", "m/s", 1) == "33.3 m/s"


def test_length_per_length():
    assert convert(1, "mm/m", "mm/km") == pytest.approx(1000)
