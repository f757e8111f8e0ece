import pytest
from arguments import Parsed, Spec, UsageError, parse

SPEC = Spec(
    flags=frozenset({"verbose", "dry-run"}),
    options=frozenset({"output", "jobs"}),
    short={"v": "verbose", "o": "output", "j": "jobs"},
)


def test_positionals():
    assert parse(["a", "b"], SPEC) == Parsed(positionals=["a", "b"])


def test_flags():
    assert parse(["--verbose", "x", "--dry-run"], SPEC).flags == {"verbose", "dry-run"}


def test_option_with_equals():
    assert parse(["--output=a=b"], SPEC).options == {"output": "a=b"}


def test_option_with_next_token():
    assert parse(["--jobs", "4", "file"], SPEC) == Parsed(options={"jobs": "4"}, positionals=["file"])


def test_short_forms():
    assert parse(["-v", "-j4", "-o", "out"], SPEC) == Parsed({"verbose"}, {"jobs": "4", "output": "out"})


def test_single_dash_is_positional():
    assert parse(["-"], SPEC).positionals == ["-"]


def test_everything_after_two_dashes_is_positional():
    parsed = parse(["-v", "--", "--output", "-x"], SPEC)
    assert parsed == Parsed(flags={"verbose"}, positionals=["--output", "-x"])


@pytest.mark.parametrize("argv", [["--nope"], ["-x"], ["--jobs"], ["--verbose=1"]])
def test_usage_errors(argv):
    with pytest.raises(UsageError):
        parse(argv, SPEC)
