import random
from urllib.parse import parse_qsl, unquote, urlsplit

from links import ApiLinks

API = ApiLinks("https://h.example")


def test_segments_come_back():
    rng = random.Random(11)
    for _ in range(300):
        segments = ["".join(rng.choice("ab/?#%&+ é~.") for _ in range(rng.randint(1, 6))) for _ in range(rng.randint(1, 4))]
        path = urlsplit(API.to(*segments)).path
        assert [unquote(step) for step in path.split("/")[1:]] == segments


def test_two_slashes():
    assert API.to("a//b") == "https://h.example/a%2F%2Fb"


def test_slash_alone():
    assert API.to("files", "/") == "https://h.example/files/%2F"


def test_path_between_segments_is_not_quoted():
    assert API.to("a", "b", "c") == "https://h.example/a/b/c"


def test_unreserved_characters_stay():
    assert API.to("a-b_c.d~e") == "https://h.example/a-b_c.d~e"


def test_slash_with_a_query():
    link = API.to("x/y", query={"p": "1/2"})
    assert urlsplit(link).path == "/x%2Fy"
    assert parse_qsl(urlsplit(link).query) == [("p", "1/2")]
