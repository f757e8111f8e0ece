import pytest
from friends import FriendGraph


def graph(*pairs):
    graph = FriendGraph()
    for one, other in pairs:
        graph.connect(one, other)
    return graph


def test_connected():
    assert graph(("ann", "bob")).are_friends("ann", "bob")


def test_strangers():
    assert not graph(("ann", "bob")).are_friends("ann", "cy")


def test_friendship_is_mutual():
    friends = graph(("ann", "bob"))
    assert friends.are_friends("bob", "ann")
    assert friends.friends_of("bob") == ["ann"]


def test_not_with_oneself():
    with pytest.raises(ValueError):
        FriendGraph().connect("ann", "ann")


def test_friends_are_sorted():
    assert graph(("ann", "zoe"), ("ann", "bob")).friends_of("ann") == ["bob", "zoe"]


def test_disconnect():
    friends = graph(("ann", "bob"))
    friends.disconnect("ann", "bob")
    assert not friends.are_friends("ann", "bob")


def test_disconnect_is_mutual():
    friends = graph(("ann", "bob"), ("bob", "ann"))
    friends.disconnect("ann", "bob")
    assert not friends.are_friends("bob", "ann")


def test_suggestions():
    friends = graph(("ann", "bob"), ("bob", "cy"), ("ann", "dan"), ("dan", "eve"), ("bob", "eve"))
    assert friends.suggestions("ann") == ["eve", "cy"]


def test_distance():
    friends = graph(("ann", "bob"), ("bob", "cy"))
    assert friends.distance("ann", "cy") == 2
    assert friends.distance("ann", "ann") == 0
    assert friends.distance("ann", "nobody") is None
