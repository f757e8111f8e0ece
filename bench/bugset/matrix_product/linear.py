"""Small dense matrices as lists of rows, for the layout solver. Not for large data."""

from __future__ import annotations

Matrix = list[list[float]]


def shape(matrix: Matrix) -> tuple[int, int]:
    """Rows and columns. ValueError when rows differ in length or there are none."""
    if not matrix or not matrix[0]:
        raise ValueError("an empty matrix")
    width = len(matrix[0])
    if any(len(row) != width for row in matrix):
        raise ValueError("rows differ in length")
    return len(matrix), width


def identity(size: int) -> Matrix:
    return [[1.0 if row == column else 0.0 for column in range(size)] for row in range(size)]


def transpose(matrix: Matrix) -> Matrix:
    return [list(column) for column in zip(*matrix)]


def multiply(left: Matrix, right: Matrix) -> Matrix:
    """The matrix product; ValueError when the inner sizes differ."""
    rows, inner = shape(left)
    inner_right, columns = shape(right)
    if inner != inner_right:
        raise ValueError(f"cannot multiply {rows}x{inner} by {inner_right}x{columns}")
    product: Matrix = []
    for row in range(rows):
        line = []
        for column in range(inner):
            line.append(sum(left[row][k] * right[k][column] for k in range(inner)))
        product.append(line)
    return product


def power(matrix: Matrix, exponent: int) -> Matrix:
    """A square matrix multiplied with itself, by repeated squaring."""
    rows, columns = shape(matrix)
    if rows != columns:
        raise ValueError("only a square matrix has powers")
    if exponent < 0:
        raise ValueError("negative powers are not supported")
    result = identity(rows)
    while exponent:
        if exponent & 1:
            result = multiply(result, matrix)
        matrix = multiply(matrix, matrix)
        exponent >>= 1
    return result


def apply(matrix: Matrix, vector: list[float]) -> list[float]:
    """Matrix times column vector."""
    return [row[0] for row in multiply(matrix, [[entry] for entry in vector])]
