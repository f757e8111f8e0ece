import pytest
from linear import apply, identity, multiply, power, shape, transpose

SQUARE = [[1, 2], [3, 4]]


def test_shape():
    assert shape([[1, 2, 3], [4, 5, 6]]) == (2, 3)


def test_ragged_rows():
    with pytest.raises(ValueError):
        shape([[1, 2], [3]])


def test_transpose():
    assert transpose([[1, 2, 3], [4, 5, 6]]) == [[1, 4], [2, 5], [3, 6]]


def test_square_product():
    assert multiply(SQUARE, [[0, 1], [1, 0]]) == [[2, 1], [4, 3]]


def test_identity_changes_nothing():
    assert multiply(SQUARE, identity(2)) == SQUARE


def test_inner_sizes_must_agree():
    with pytest.raises(ValueError, match="2x2 by 3x3"):
        multiply(SQUARE, identity(3))


def test_wide_times_tall():
    assert multiply([[1, 2, 3], [4, 5, 6]], [[1, 0], [0, 1], [1, 1]]) == [[4, 5], [10, 11]]


def test_power():
    assert power([[1, 1], [1, 0]], 10) == [[89, 55], [55, 34]]


def test_power_zero():
    assert power(SQUARE, 0) == identity(2)


def test_apply():
    assert apply(SQUARE, [1, 1]) == [3, 7]
