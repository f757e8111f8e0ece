import pytest
from settings_file import SettingsError, parse


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("token = YWJjZA==", "YWJjZA=="),
        ("flags = --jobs=4 --color=never", "--jobs=4 --color=never"),
        ("quoted = 'a=b'", "a=b"),
        ("rule = x == y", "x == y"),
        ("only = =", "="),
        ("spaced = a = b", "a = b"),
        ("empty =", ""),
    ],
)
def test_values(line, value):
    assert list(parse(line)[""].values()) == [value]


def test_the_key_ends_at_the_first_equals():
    assert parse("a=b=c") == {"": {"a": "b=c"}}


def test_no_key_is_an_error_also_with_more_equals():
    with pytest.raises(SettingsError, match="no key"):
        parse("=a=b")


def test_later_key_wins():
    assert parse("a=1=1\nA=2=2") == {"": {"a": "2=2"}}
