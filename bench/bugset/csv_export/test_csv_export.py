from datetime import date
from decimal import Decimal

from report_csv import export


def only_row(value):
    return export(["v"], [{"v": value}]).split("\r\n", 1)[1]


def test_header_only():
    assert export(["id", "name"], []) == "id,name\r\n"


def test_plain_rows():
    rows = [{"id": 1, "name": "Ann"}, {"id": 2, "name": "Bob"}]
    assert export(["id", "name"], rows) == "id,name\r\n1,Ann\r\n2,Bob\r\n"


def test_missing_column_is_empty():
    assert export(["id", "name"], [{"id": 1}]) == "id,name\r\n1,\r\n"


def test_comma_is_quoted():
    assert only_row("Doe, Jane") == '"Doe, Jane"\r\n'


def test_quote_is_doubled():
    assert only_row('6" nails') == '"6"" nails"\r\n'


def test_newline_is_quoted():
    assert only_row("a\nb") == '"a\nb"\r\n'


def test_padding_is_kept():
    assert only_row(" x ") == '" x "\r\n'


def test_value_kinds():
    assert only_row(True) == "yes\r\n"
    assert only_row(Decimal("1.50")) == "1.50\r\n"
    assert only_row(date(2024, 2, 29)) == "2024-02-29\r\n"
