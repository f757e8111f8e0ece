import csv
import io
import random

import pytest
from table_text import TableError, records, rows


def written(table):
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\n").writerows(table)
    return out.getvalue()


def test_random_tables_come_back():
    rng = random.Random(40)
    for _ in range(300):
        table = [
            ["".join(rng.choice('ab", \n') for _ in range(rng.randint(0, 5))) for _ in range(3)]
            for _ in range(rng.randint(1, 4))
        ]
        assert list(rows(written(table))) == table


def test_only_quotes():
    assert list(rows('"""",""""""\n')) == [['"', '""']]


def test_quoted_empty_cell_alone_is_a_row():
    assert list(rows('""\n')) == [[""]]


def test_no_line_end_at_the_end():
    assert list(rows('a,"b,c"')) == [["a", "b,c"]]


def test_windows_line_ends():
    assert list(rows('a,b\r\n"c\r\nd",e\r\n')) == [["a", "b"], ["c\nd", "e"]]


def test_quote_in_the_middle_of_a_plain_cell():
    assert list(rows('5" pipe,x\n')) == [['5" pipe', "x"]]


def test_quoted_cell_that_does_not_end():
    with pytest.raises(TableError):
        list(rows('a,"b\n'))


def test_records_with_commas():
    assert records('name,note\nann,"a, b"\n') == [{"name": "ann", "note": "a, b"}]


def test_trailing_comma():
    assert list(rows("a,\n")) == [["a", ""]]


def test_empty_line_inside_quotes_is_kept():
    assert list(rows('"a\n\nb"\n')) == [["a\n\nb"]]
