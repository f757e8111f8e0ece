import pytest
from maze import Maze


def test_straight_corridor():
    assert Maze("S..E").shortest() == "RRR"


def test_corner():
    assert Maze("S#\n.E").shortest() == "DR"


def test_no_way():
    assert Maze("S#E").shortest() is None


def test_winding_corridor():
    assert Maze("S#...\n.#.#.\n...#E").shortest() == "DDRRUURRDD"


def test_open_room():
    text = """
S....
.....
E....
"""
    assert Maze(text).shortest() == "DD"


def test_two_ways_around():
    text = """
.....
.###.
S#E..
.....
"""
    assert len(Maze(text).shortest()) == 4


def test_start_is_needed():
    with pytest.raises(ValueError, match="no S"):
        Maze("..E")
