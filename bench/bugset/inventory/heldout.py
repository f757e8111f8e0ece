import pytest
from stock import DEFAULT_REORDER_LEVEL, Warehouse


def due(free, level):
    warehouse = Warehouse()
    warehouse.add("x", free, reorder_level=level)
    return warehouse.to_reorder() == ["x"]


@pytest.mark.parametrize("level", [0, 1, 2, 5, 10, 11])
@pytest.mark.parametrize("free", [0, 1, 2, 5, 9, 10, 11])
def test_every_level(free, level):
    assert due(free, level) == (free <= level)


@pytest.mark.parametrize("free", [0, 9, 10, 11])
def test_no_level_means_the_default(free):
    assert due(free, None) == (free <= DEFAULT_REORDER_LEVEL)


def test_level_zero_is_due_when_empty():
    assert due(0, 0)


def test_reserved_pieces_count():
    warehouse = Warehouse()
    warehouse.add("x", 5, reorder_level=0)
    warehouse.reserve("x", 4)
    assert warehouse.to_reorder() == []
    warehouse.reserve("x", 1)
    assert warehouse.to_reorder() == ["x"]


def test_mixed():
    warehouse = Warehouse()
    warehouse.add("b", 3, reorder_level=0)
    warehouse.add("a", 3)
    warehouse.add("c", 3, reorder_level=3)
    assert warehouse.to_reorder() == ["a", "c"]
