"""The pixel editor's drawing operations on a grid of colour numbers (rows of cells)."""

from __future__ import annotations

Grid = list[list[int]]
Cell = tuple[int, int]

SIDES = ((-1, 0), (1, 0), (0, -1), (0, 1))
CORNERS = ((-1, -1), (-1, 1), (1, -1), (1, 1))


def blank(rows: int, columns: int, colour: int = 0) -> Grid:
    return [[colour] * columns for _ in range(rows)]


def fill(grid: Grid, row: int, column: int, colour: int, *, diagonal: bool = False) -> int:
    """Recolour the area of equal cells around a cell, in place; gives how many cells changed."""
    if not inside(grid, row, column):
        raise IndexError(f"no cell at {row}, {column}")
    old = grid[row][column]
    changed = 0
    waiting = {(row, column)}
    while waiting:
        here = waiting.pop()
        grid[here[0]][here[1]] = colour
        changed += 1
        for near in neighbours(grid, here, diagonal=diagonal):
            if grid[near[0]][near[1]] == old:
                waiting.add(near)
    return changed


def neighbours(grid: Grid, cell: Cell, *, diagonal: bool = False) -> list[Cell]:
    steps = SIDES + CORNERS if diagonal else SIDES
    around = [(cell[0] + down, cell[1] + right) for down, right in steps]
    return [(row, column) for row, column in around if inside(grid, row, column)]


def inside(grid: Grid, row: int, column: int) -> bool:
    return 0 <= row < len(grid) and 0 <= column < len(grid[row])


def parse(text: str) -> Grid:
    return [[int(mark) for mark in line] for line in text.split()]


def show(grid: Grid) -> str:
    return "\n".join("".join(str(colour) for colour in row) for row in grid)
