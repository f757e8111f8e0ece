import random

from friends import FriendGraph

PEOPLE = [f"p{number}" for number in range(8)]


def test_against_a_set_of_pairs():
    rng = random.Random(34)
    graph, pairs = FriendGraph(), set()
    for _ in range(500):
        one, other = rng.sample(PEOPLE, 2)
        if rng.random() < 0.6:
            graph.connect(one, other)
            pairs.add(frozenset((one, other)))
        else:
            graph.disconnect(one, other)
            pairs.discard(frozenset((one, other)))
        for a in PEOPLE:
            assert graph.friends_of(a) == sorted(b for b in PEOPLE if frozenset((a, b)) in pairs and a != b)


def test_distance_is_symmetric():
    rng = random.Random(35)
    graph = FriendGraph()
    for _ in range(9):
        graph.connect(*rng.sample(PEOPLE, 2))
    for a in PEOPLE:
        for b in PEOPLE:
            assert graph.distance(a, b) == graph.distance(b, a)


def test_disconnect_from_the_other_side():
    graph = FriendGraph()
    graph.connect("a", "b")
    graph.disconnect("b", "a")
    assert graph.friends_of("a") == graph.friends_of("b") == []


def test_distance_against_the_direction_of_entry():
    graph = FriendGraph()
    graph.connect("a", "b")
    graph.connect("c", "b")
    assert graph.distance("a", "c") == 2


def test_suggestions_through_a_friend_who_asked():
    graph = FriendGraph()
    graph.connect("bob", "ann")
    graph.connect("cy", "bob")
    assert graph.suggestions("ann") == ["cy"]


def test_disconnecting_strangers():
    graph = FriendGraph()
    graph.connect("a", "b")
    graph.disconnect("a", "x")
    assert graph.are_friends("b", "a")


def test_one_end_of_many():
    graph = FriendGraph()
    for person in "abc":
        graph.connect(person, "hub")
    graph.disconnect("hub", "b")
    assert graph.friends_of("hub") == ["a", "c"]
    assert graph.friends_of("b") == []
