import pytest
from table_text import TableError, column_sum, records, rows


def test_plain_rows():
    assert list(rows("a,b\n1,2\n")) == [["a", "b"], ["1", "2"]]


def test_empty_cells():
    assert list(rows("a,,c\n,,\n")) == [["a", "", "c"], ["", "", ""]]


def test_empty_lines_are_skipped():
    assert list(rows("a\n\nb\n")) == [["a"], ["b"]]


def test_quoted_cells():
    assert list(rows('"a","b"\n')) == [["a", "b"]]


def test_comma_in_quotes():
    assert list(rows('"Doe, Jane",42\n')) == [["Doe, Jane", "42"]]


def test_quote_in_quotes():
    assert list(rows('"6"" nails",9\n')) == [['6" nails', "9"]]


def test_line_end_in_quotes():
    assert list(rows('"two\nlines",x\n')) == [["two\nlines", "x"]]


def test_records():
    assert records("Name, Age\nann,30\n") == [{"name": "ann", "age": "30"}]


def test_row_of_another_length():
    with pytest.raises(TableError, match="row 2 has 3 cells"):
        records("a,b\n1,2,3\n")


def test_empty_file():
    with pytest.raises(TableError):
        records("")


def test_column_sum():
    assert column_sum(records('item,price\npen,2.5\ncar,"12,000"\ngift,\n'), "price") == 12002.5
