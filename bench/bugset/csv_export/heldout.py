import csv
import io
import random

from report_csv import export


def read_back(text):
    return list(csv.reader(io.StringIO(text, newline="")))


def test_random_cells_come_back():
    rng = random.Random(10)
    for _ in range(300):
        cells = ["".join(rng.choice('ab",\n\\ ') for _ in range(rng.randint(1, 8))) for _ in range(3)]
        rows = read_back(export(["a", "b", "c"], [dict(zip("abc", cells))]))
        assert rows == [["a", "b", "c"], cells]


def test_only_quotes():
    assert export(["v"], [{"v": '""'}]) == 'v\r\n""""""\r\n'


def test_backslash_is_plain():
    assert export(["v"], [{"v": "C:\\tmp"}]) == "v\r\nC:\\tmp\r\n"


def test_backslash_and_quote():
    assert export(["v"], [{"v": 'a\\"b'}]) == 'v\r\n"a\\""b"\r\n'


def test_quote_in_header():
    assert read_back(export(['the "best"'], [])) == [['the "best"']]


def test_several_quotes():
    assert export(["v"], [{"v": 'say "hi", "bye"'}]) == 'v\r\n"say ""hi"", ""bye"""\r\n'
