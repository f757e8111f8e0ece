import pytest
from folders import Node, Picker, find, folder, walk


def deep(levels):
    node = Node("leaf", 7)
    for level in range(levels, 0, -1):
        node = folder(f"d{level}", node)
    return folder("", node)


ROOT = folder("", folder("x", folder("y", Node("z", 1)), Node("w", 2)), folder("y", Node("z", 9)))


def test_everything_walked_is_found():
    for path, node in walk(ROOT):
        assert find(ROOT, path) is node


@pytest.mark.parametrize("levels", [1, 2, 3, 10])
def test_depths(levels):
    path = "/".join(f"d{level}" for level in range(1, levels + 1))
    assert find(deep(levels), path + "/leaf").size_bytes == 7


def test_missing_below_a_folder():
    assert find(ROOT, "x/nope") is None
    assert find(ROOT, "x/y/nope") is None


def test_below_a_file():
    assert find(ROOT, "x/w/z") is None


def test_slashes_around():
    assert find(ROOT, "/x/y/") is find(ROOT, "x/y")
    assert find(ROOT, "/x/y/").is_folder


def test_same_name_in_two_places():
    assert find(ROOT, "x/y/z").size_bytes == 1
    assert find(ROOT, "y/z").size_bytes == 9


def test_open_nested():
    picker = Picker(ROOT)
    assert picker.open("x") == ["w", "y/"]
    assert picker.open("x/y") == ["z"]
    assert picker.opened == {"x", "x/y"}
