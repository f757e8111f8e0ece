import random

from maze import MOVES, Maze


def random_maze(rng, rows, columns, marks="..#"):
    grid = [[rng.choice(marks) for _ in range(columns)] for _ in range(rows)]
    start, end = rng.sample([(r, c) for r in range(rows) for c in range(columns)], 2)
    grid[start[0]][start[1]] = "S"
    grid[end[0]][end[1]] = "E"
    return "\n".join("".join(row) for row in grid)


def distance(maze):
    """By relaxing every cell until nothing changes."""
    best = {maze.start: 0}
    changed = True
    while changed:
        changed = False
        for (r, c), steps in list(best.items()):
            for dr, dc in MOVES.values():
                near = (r + dr, c + dc)
                if 0 <= near[0] < len(maze.rows) and 0 <= near[1] < len(maze.rows[0]):
                    if maze.rows[near[0]][near[1]] != "#" and best.get(near, 10**9) > steps + 1:
                        best[near] = steps + 1
                        changed = True
    return best.get(maze.exit)


def test_random_mazes_are_solved_shortest():
    rng = random.Random(23)
    for _ in range(150):
        maze = Maze(random_maze(rng, rng.randint(1, 6), rng.randint(2, 6)))
        moves = maze.shortest()
        assert (None if moves is None else len(moves)) == distance(maze)


def test_larger_mazes_with_detours():
    rng = random.Random(230)
    for _ in range(40):
        maze = Maze(random_maze(rng, 10, 10, marks="...#"))
        moves = maze.shortest()
        assert (None if moves is None else len(moves)) == distance(maze)


def test_moves_lead_to_the_exit_through_open_cells():
    rng = random.Random(24)
    for _ in range(150):
        maze = Maze(random_maze(rng, 5, 5))
        row, column = maze.start
        moves = maze.shortest()
        if moves is None:
            continue
        for move in moves:
            row, column = row + MOVES[move][0], column + MOVES[move][1]
            assert maze.rows[row][column] != "#"
        assert (row, column) == maze.exit


def test_exit_above():
    assert Maze("E\n.\nS").shortest() == "UU"


def test_exit_to_the_left():
    assert Maze("...\nE.S\n...").shortest() == "LL"


def test_large_room():
    room = [["."] * 30 for _ in range(30)]
    room[0][0], room[29][29] = "S", "E"
    assert len(Maze("\n".join("".join(row) for row in room)).shortest()) == 58


def test_next_to_each_other_with_a_long_way_too():
    assert Maze("SE\n..").shortest() == "R"
