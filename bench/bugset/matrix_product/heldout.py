import random

from linear import apply, multiply, shape, transpose


def random_matrix(rng, rows, columns):
    return [[rng.randint(-9, 9) for _ in range(columns)] for _ in range(rows)]


def test_shapes_of_products():
    rng = random.Random(12)
    for _ in range(200):
        n, m, p = (rng.randint(1, 5) for _ in range(3))
        assert shape(multiply(random_matrix(rng, n, m), random_matrix(rng, m, p))) == (n, p)


def test_entries_of_products():
    rng = random.Random(13)
    for _ in range(100):
        n, m, p = (rng.randint(1, 5) for _ in range(3))
        a, b = random_matrix(rng, n, m), random_matrix(rng, m, p)
        expected = [[sum(x * y for x, y in zip(row, column)) for column in zip(*b)] for row in a]
        assert multiply(a, b) == expected


def test_transposed_product():
    rng = random.Random(14)
    for _ in range(50):
        a, b = random_matrix(rng, 2, 4), random_matrix(rng, 4, 3)
        assert transpose(multiply(a, b)) == multiply(transpose(b), transpose(a))


def test_row_times_column():
    assert multiply([[1, 2, 3]], [[4], [5], [6]]) == [[32]]


def test_column_times_row():
    assert multiply([[1], [2]], [[3, 4, 5]]) == [[3, 4, 5], [6, 8, 10]]


def test_apply_wide():
    assert apply([[1, 0, 2], [0, 1, 3]], [1, 2, 3]) == [7, 11]
