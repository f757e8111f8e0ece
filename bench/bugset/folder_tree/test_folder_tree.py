import pytest
from folders import Node, Picker, find, folder, total_size, walk


@pytest.fixture
def root():
    docs = folder("docs", Node("a.txt", 10), folder("old", Node("b.txt", 5)))
    return folder("", docs, Node("readme", 3), folder("empty"))


def test_find_top_level(root):
    assert find(root, "readme").size_bytes == 3


def test_find_nothing(root):
    assert find(root, "nope") is None


def test_empty_path_is_the_root(root):
    assert find(root, "") is root


def test_find_in_a_folder(root):
    assert find(root, "docs/a.txt").size_bytes == 10


def test_total_size(root):
    assert total_size(root) == 18


def test_walk(root):
    paths = [path for path, _ in walk(root)]
    assert paths == ["docs", "docs/a.txt", "docs/old", "docs/old/b.txt", "empty", "readme"]


def test_open_root(root):
    assert Picker(root).open("") == ["docs/", "empty/", "readme"]


def test_open_unknown(root):
    with pytest.raises(KeyError):
        Picker(root).open("readme")
