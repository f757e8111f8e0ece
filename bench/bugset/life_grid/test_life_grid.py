import pytest
from life import Board, period, run

BLINKER = Board.parse("..... ..#.. ..#.. ..#.. .....")
BLOCK = Board.parse(".... .##. .##. ....")


def test_parse_and_show():
    assert Board.parse("#. .#").show() == "#.\n.#"


def test_lines_must_be_equal():
    with pytest.raises(ValueError):
        Board.parse("#. #")


def test_neighbours_of_a_lonely_cell():
    assert Board.parse("... .#. ...").living_neighbours(1, 1) == 0


def test_neighbour_above_left():
    assert Board.parse("#.. ... ...").living_neighbours(1, 1) == 1


def test_all_eight_neighbours():
    assert Board.parse("### ### ###").living_neighbours(1, 1) == 8


def test_lonely_cells_die():
    assert Board.parse("#.. ... ..#").step().alive == frozenset()


def test_block_stays():
    assert BLOCK.step() == BLOCK


def test_blinker_turns():
    assert BLINKER.step().show() == ".....\n.....\n.###.\n.....\n....."


def test_no_steps():
    assert run(BLINKER, 0) == BLINKER


def test_period():
    assert period(BLINKER) == 2
