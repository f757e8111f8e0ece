import pytest
from conversion import convert, convert_text, parse
from unit_tables import UnknownUnit


def test_length():
    assert convert(2.5, "km", "m") == pytest.approx(2500)


def test_time():
    assert convert(90, "min", "h") == pytest.approx(1.5)


def test_mass():
    assert convert(1, "lb", "oz") == pytest.approx(16)


def test_speed():
    assert convert(36, "km/h", "m/s") == pytest.approx(10)


def test_same_time_unit():
    assert convert(100, "mi/h", "km/h") == pytest.approx(160.9344)


def test_different_kinds():
    with pytest.raises(UnknownUnit):
        convert(1, "km", "h")


def test_rate_and_plain():
    with pytest.raises(UnknownUnit):
        convert(1, "km/h", "km")


def test_parse():
    assert parse(" 12.5 km/h ") == (12.5, "km/h")


def test_text():
    assert convert_text("3 ft", "cm") == "91.44 cm"
