"""Conway's game of life on a bounded board; cells outside the board are dead."""

from __future__ import annotations

from dataclasses import dataclass

Cell = tuple[int, int]


@dataclass(frozen=True)
class Board:
    rows: int
    columns: int
    alive: frozenset[Cell]

    @classmethod
    def parse(cls, text: str) -> Board:
        """Lines of `#` (alive) and `.` (dead), all equally long."""
        lines = text.split()
        if len({len(line) for line in lines}) != 1:
            raise ValueError("lines differ in length")
        alive = {(row, column) for row, line in enumerate(lines) for column, mark in enumerate(line) if mark == "#"}
        return cls(len(lines), len(lines[0]), frozenset(alive))

    def show(self) -> str:
        return "\n".join(
            "".join("#" if (row, column) in self.alive else "." for column in range(self.columns))
            for row in range(self.rows)
        )

    def living_neighbours(self, row: int, column: int) -> int:
        """How many of the up to eight cells around one are alive."""
        count = 0
        for near_row in range(row - 1, row + 1):
            for near_column in range(column - 1, column + 1):
                if (near_row, near_column) == (row, column):
                    continue
                if (near_row, near_column) in self.alive:
                    count += 1
        return count

    def step(self) -> Board:
        born = set()
        for row in range(self.rows):
            for column in range(self.columns):
                neighbours = self.living_neighbours(row, column)
                if neighbours == 3 or (neighbours == 2 and (row, column) in self.alive):
                    born.add((row, column))
        return Board(self.rows, self.columns, frozenset(born))


def run(board: Board, steps: int) -> Board:
    for _ in range(steps):
        board = board.step()
    return board


def period(board: Board, limit: int = 50) -> int | None:
    """After how many steps the board first looks as it does now, or None within the limit."""
    later = board
    for steps in range(1, limit + 1):
        later = later.step()
        if later == board:
            return steps
    return None
