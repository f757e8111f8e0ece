import pytest
from settings_file import SettingsError, load, parse


def test_plain_keys():
    assert parse("host = localhost\nport=8080") == {"": {"host": "localhost", "port": "8080"}}


def test_sections():
    assert parse("[db]\nname = shop\n[mail]\nfrom = a@b.c") == {
        "": {},
        "db": {"name": "shop"},
        "mail": {"from": "a@b.c"},
    }


def test_comments_and_blank_lines():
    assert parse("# one\n\n; two\nkey = 1") == {"": {"key": "1"}}


def test_quoted_values():
    assert parse("greeting = ' hi '")[""]["greeting"] == " hi "


def test_line_without_equals():
    with pytest.raises(SettingsError, match="line 2"):
        parse("a = 1\nnonsense")


def test_header_without_bracket():
    with pytest.raises(SettingsError, match="line 1"):
        parse("[db")


def test_connection_string():
    text = "[db]\nurl = postgres://app@db/shop?sslmode=require\n"
    assert parse(text)["db"]["url"] == "postgres://app@db/shop?sslmode=require"


def test_load_reads_a_file(tmp_path):
    path = tmp_path / "app.ini"
    path.write_text("Name = Shop\n", encoding="utf-8")
    assert load(path) == {"": {"name": "Shop"}}
