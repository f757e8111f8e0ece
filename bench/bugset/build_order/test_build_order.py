import pytest
from targets import Cycle, Project, Target


def test_single_target():
    assert Project(Target("app")).order("app") == ["app"]


def test_chain():
    project = Project(Target("app", ("lib", "assets")), Target("lib", ("gen",)), Target("gen"), Target("assets"))
    assert project.order("app") == ["assets", "gen", "lib", "app"]


def test_only_what_is_required():
    project = Project(Target("app"), Target("docs"))
    assert project.order("app") == ["app"]


def test_ready_targets_by_name():
    assert Project(Target("all", ("b", "a")), Target("a"), Target("b")).order("all") == ["a", "b", "all"]


def test_long_chain():
    project = Project(Target("a", ("b",)), Target("b", ("c",)), Target("c", ("d",)), Target("d"))
    assert project.order("a") == ["d", "c", "b", "a"]


def test_target_with_few_needs_after_one_with_many():
    project = Project(Target("app", ("lib",)), Target("lib", ("x", "y")), Target("x"), Target("y"))
    assert project.order("app") == ["x", "y", "lib", "app"]


def test_cycle():
    project = Project(Target("a", ("b",)), Target("b", ("a",)))
    with pytest.raises(Cycle, match="a, b"):
        project.order("a")


def test_undefined_need():
    with pytest.raises(KeyError):
        Project(Target("a", ("nope",)))


def test_script():
    project = Project(Target("all", ("lib",)), Target("lib", (), "make lib"))
    assert project.script("all") == "make lib"
