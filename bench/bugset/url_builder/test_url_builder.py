import pytest
from links import ApiLinks

API = ApiLinks("https://api.example.com/v2/")


def test_base_alone():
    assert API.to() == "https://api.example.com/v2"


def test_plain_segments():
    assert API.to("users", 42) == "https://api.example.com/v2/users/42"


def test_space_is_quoted():
    assert API.to("tags", "on sale") == "https://api.example.com/v2/tags/on%20sale"


def test_branch_with_a_slash():
    assert API.branch("acme", "shop", "feature/cart").endswith("/branches/feature%2Fcart")


def test_query():
    assert API.to("users", query={"active": True, "limit": 5}).endswith("/users?active=true&limit=5")


def test_none_is_left_out():
    assert API.to("users", query={"after": None}).endswith("/users")


def test_search():
    assert API.search("blue & red", labels=["a", "b"]).endswith("/search?q=blue+%26+red&label=a&label=b")


def test_empty_segment():
    with pytest.raises(ValueError):
        API.to("users", "")


def test_base_must_be_http():
    with pytest.raises(ValueError):
        ApiLinks("ftp://example.com")
