"""Which links of a tree may go into a sandbox."""

from __future__ import annotations

import pytest

from sandbox.trees import stays_inside


@pytest.mark.parametrize(
    ("path", "links", "inside"),
    [
        ("a", {"a": b"b"}, True),
        ("d/a", {"d/a": b"../b"}, True),
        ("d/a", {"d/a": b"../../b"}, False),
        ("a", {"a": b"/etc/passwd"}, False),
        ("a", {"a": b""}, False),
        ("a", {"a": b"\xff"}, False),
        ("a", {"a": b"a"}, False),
        ("a", {"a": b"b", "b": b"a"}, False),
        ("a", {"a": b"d/e/../x", "d/e": b"../f/g"}, True),
        ("y", {"y": b"p/q/r/../x", "p/q/r": b"../.."}, False),  # r leads to the top, and from there one goes out
        ("a", {"a": b"b/b/b/b", "b": b"c/../c/../c"}, True),
    ],
)
def test_a_link_stays_inside_when_no_step_of_its_way_leaves(path: str, links: dict[str, bytes], inside: bool) -> None:
    assert stays_inside(path, links) is inside


def test_links_that_multiply_end_soon() -> None:
    links = {f"l{n}": f"l{n + 1}/../l{n + 1}/../l{n + 1}".encode() for n in range(40)}
    assert stays_inside("l0", links) is False
