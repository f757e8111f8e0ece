import pytest
from paint import blank, fill, neighbours, parse, show


def test_fills_an_area():
    grid = parse("110 100 001")
    assert fill(grid, 0, 0, 7) == 3
    assert show(grid) == "770\n700\n001"


def test_does_not_pass_corners():
    grid = parse("10 01")
    fill(grid, 0, 0, 5)
    assert show(grid) == "50\n01"


def test_passes_corners_when_asked():
    grid = parse("10 01")
    assert fill(grid, 0, 0, 5, diagonal=True) == 2


def test_fills_everything():
    grid = blank(3, 4)
    assert fill(grid, 1, 1, 2) == 12
    assert grid == blank(3, 4, 2)


def test_same_colour():
    grid = parse("11 10")
    assert fill(grid, 0, 0, 1) == 0
    assert show(grid) == "11\n10"


def test_outside():
    with pytest.raises(IndexError):
        fill(blank(2, 2), 2, 0, 1)


def test_neighbours_in_a_corner():
    assert neighbours(blank(2, 2), (0, 0)) == [(1, 0), (0, 1)]
