import pytest
from stock import OutOfStock, Warehouse


@pytest.fixture
def warehouse():
    warehouse = Warehouse()
    warehouse.add("bolt", 100)
    warehouse.add("nut", 8)
    return warehouse


def test_reserve_lowers_what_is_free(warehouse):
    warehouse.reserve("bolt", 30)
    assert warehouse.free("bolt") == 70


def test_cannot_reserve_more_than_is_free(warehouse):
    warehouse.reserve("nut", 5)
    with pytest.raises(OutOfStock, match="4 wanted, 3 free"):
        warehouse.reserve("nut", 4)


def test_ship_keeps_free_unchanged(warehouse):
    warehouse.reserve("bolt", 30)
    warehouse.ship("bolt", 30)
    assert warehouse.free("bolt") == 70


def test_cannot_ship_what_is_not_reserved(warehouse):
    with pytest.raises(OutOfStock):
        warehouse.ship("bolt", 1)


def test_default_reorder_level(warehouse):
    assert warehouse.to_reorder() == ["nut"]


def test_own_reorder_level(warehouse):
    warehouse.add("rope", 40, reorder_level=50)
    assert warehouse.to_reorder() == ["nut", "rope"]


def test_items_sold_down_to_nothing(warehouse):
    warehouse.add("calendar-2023", 4, reorder_level=0)
    assert warehouse.to_reorder() == ["nut"]


def test_receive(warehouse):
    warehouse.receive("nut", 10)
    assert warehouse.to_reorder() == []


def test_known_twice(warehouse):
    with pytest.raises(ValueError):
        warehouse.add("nut")
