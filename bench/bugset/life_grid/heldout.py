import random

from life import Board, period, run


def slow_step(board):
    alive = set()
    for r in range(board.rows):
        for c in range(board.columns):
            near = sum((r + dr, c + dc) in board.alive for dr in (-1, 0, 1) for dc in (-1, 0, 1) if dr or dc)
            if near == 3 or (near == 2 and (r, c) in board.alive):
                alive.add((r, c))
    return alive


def random_board(rng):
    rows, columns = rng.randint(1, 7), rng.randint(1, 7)
    cells = {(r, c) for r in range(rows) for c in range(columns) if rng.random() < 0.4}
    return Board(rows, columns, frozenset(cells))


def test_random_boards():
    rng = random.Random(33)
    for _ in range(200):
        board = random_board(rng)
        assert board.step().alive == slow_step(board)


def test_each_single_neighbour_counts_once():
    for row in range(3):
        for column in range(3):
            board = Board(3, 3, frozenset({(row, column)}))
            assert board.living_neighbours(1, 1) == ((row, column) != (1, 1))


def test_cells_two_away_do_not_count():
    far = {(r, c) for r in range(5) for c in range(5) if max(abs(r - 2), abs(c - 2)) == 2}
    assert Board(5, 5, frozenset(far)).living_neighbours(2, 2) == 0


def test_corners_of_the_board():
    full = Board.parse("### ### ###")
    assert [full.living_neighbours(r, c) for r, c in ((0, 0), (0, 2), (2, 0), (2, 2), (0, 1))] == [3, 3, 3, 3, 5]


def test_glider_moves():
    glider = Board.parse(".#.... ..#... ###... ...... ...... ......")
    assert run(glider, 4).alive == frozenset((r + 1, c + 1) for r, c in glider.alive)


def test_the_board_does_not_wrap():
    assert Board.parse("#...# ..... ..... ..... #...#").living_neighbours(0, 0) == 0


def test_still_life_has_period_one():
    assert period(Board.parse("...... ..##.. .#..#. ..##.. ......")) == 1
