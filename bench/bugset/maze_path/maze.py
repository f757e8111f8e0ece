"""Shortest ways through a maze drawn as text: `#` is wall, `S` the start, `E` the exit."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

Cell = tuple[int, int]
MOVES = {"U": (-1, 0), "D": (1, 0), "L": (0, -1), "R": (0, 1)}


class Maze:
    def __init__(self, text: str) -> None:
        self.rows = [line for line in text.strip("\n").splitlines() if line]
        self.start = self._locate("S")
        self.exit = self._locate("E")

    def shortest(self) -> str | None:
        """Moves (U, D, L, R) of a shortest way out, or None when there is none."""
        came_from: dict[Cell, tuple[Cell, str] | None] = {self.start: None}
        queue = deque([self.start])
        while queue:
            cell = queue.pop()
            if cell == self.exit:
                return self._moves(came_from)
            for move, near in self._open_neighbours(cell):
                if near not in came_from:
                    came_from[near] = (cell, move)
                    queue.append(near)
        return None

    def _moves(self, came_from: dict[Cell, tuple[Cell, str] | None]) -> str:
        moves = []
        step = came_from[self.exit]
        while step is not None:
            cell, move = step
            moves.append(move)
            step = came_from[cell]
        return "".join(reversed(moves))

    def _open_neighbours(self, cell: Cell) -> Iterator[tuple[str, Cell]]:
        for move, (down, right) in MOVES.items():
            row, column = cell[0] + down, cell[1] + right
            if 0 <= row < len(self.rows) and 0 <= column < len(self.rows[row]) and self.rows[row][column] != "#":
                yield move, (row, column)

    def _locate(self, mark: str) -> Cell:
        for number, line in enumerate(self.rows):
            if mark in line:
                return number, line.index(mark)
        raise ValueError(f"the maze has no {mark}")
