import random

import pytest
from targets import Cycle, Project, Target


def smallest_order(needs, names):
    """Takes the first ready name again and again."""
    done = []
    while len(done) < len(names):
        done.append(min(name for name in names if name not in done and set(needs[name]) <= set(done)))
    return done


def random_needs(rng, size):
    labels = [f"t{number:02d}" for number in range(size)]
    rng.shuffle(labels)
    return {name: tuple(rng.sample(labels[:place], min(place, rng.randint(0, 3)))) for place, name in enumerate(labels)}


def test_random_projects():
    rng = random.Random(39)
    for _ in range(150):
        needs = random_needs(rng, rng.randint(1, 10))
        project = Project(*(Target(name, wanted) for name, wanted in needs.items()))
        for goal in needs:
            assert project.order(goal) == smallest_order(needs, project.required(goal))


def test_diamond():
    project = Project(Target("top", ("l", "r")), Target("l", ("base",)), Target("r", ("base",)), Target("base"))
    assert project.order("top") == ["base", "l", "r", "top"]


def test_same_need_twice():
    assert Project(Target("a", ("b", "b")), Target("b")).order("a") == ["b", "a"]


def test_needing_oneself():
    with pytest.raises(Cycle) as caught:
        Project(Target("a", ("a",))).order("a")
    assert caught.value.names == ["a"]


def test_cycle_below_the_goal():
    project = Project(Target("top", ("x", "ok")), Target("x", ("y",)), Target("y", ("x",)), Target("ok"))
    with pytest.raises(Cycle) as caught:
        project.order("top")
    assert caught.value.names == ["top", "x", "y"]


def test_cycle_elsewhere_does_not_matter():
    project = Project(Target("a"), Target("x", ("y",)), Target("y", ("x",)))
    assert project.order("a") == ["a"]


def test_script_follows_the_order():
    project = Project(Target("b", ("c",), "2"), Target("c", (), "1"), Target("a", ("b",), "3"))
    assert project.script("a") == "1\n2\n3"
