import random

from paint import blank, fill, parse, show


def area(grid, start):
    """The area of a cell by repeated growth, independent of the program."""
    old = grid[start[0]][start[1]]
    found = {start}
    while True:
        grown = found | {
            (r + dr, c + dc)
            for r, c in found
            for dr, dc in ((0, 1), (1, 0), (0, -1), (-1, 0))
            if 0 <= r + dr < len(grid) and 0 <= c + dc < len(grid[0]) and grid[r + dr][c + dc] == old
        }
        if grown == found:
            return found
        found = grown


def test_random_grids():
    rng = random.Random(22)
    for _ in range(150):
        grid = [[rng.randint(0, 2) for _ in range(5)] for _ in range(4)]
        start = (rng.randrange(4), rng.randrange(5))
        colour = rng.randint(3, 5)
        cells = area(grid, start)
        expected = [[colour if (r, c) in cells else grid[r][c] for c in range(5)] for r in range(4)]
        assert fill(grid, *start, colour) == len(cells)
        assert grid == expected


def test_same_colour_of_a_single_cell():
    grid = parse("010")
    assert fill(grid, 0, 1, 1) == 0
    assert show(grid) == "010"


def test_same_colour_everywhere():
    grid = blank(4, 4, 3)
    assert fill(grid, 2, 2, 3, diagonal=True) == 0
    assert grid == blank(4, 4, 3)


def test_filling_twice():
    grid = parse("110")
    assert fill(grid, 0, 0, 4) == 2
    assert fill(grid, 0, 0, 4) == 0


def test_colour_zero_can_be_used():
    grid = parse("101")
    assert fill(grid, 0, 0, 0) == 1
    assert show(grid) == "001"


def test_single_cell_with_another_colour():
    grid = parse("1")
    assert fill(grid, 0, 0, 2) == 1
