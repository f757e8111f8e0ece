"""Rankings merge by reciprocal rank; lines inherit from their functions; files that hold no cause sink."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bot.core.artifacts import Suspect
from bot.core.select import merge


def a_suspect(path: str = "pkg/a.py", start: int = 1, end: int = 10, score: float = 1.0, reason: str = "") -> Suspect:
    return Suspect(path, start, end, score, reasons=(reason,) if reason else ())


def places(ranking: tuple[Suspect, ...]) -> list[tuple[str, int, int]]:
    return [(suspect.path, suspect.line_start, suspect.line_end) for suspect in ranking]


def test_a_place_that_two_locators_name_comes_before_each_ones_own_favourite() -> None:
    both = a_suspect("pkg/both.py", score=0.5)
    merged = merge(
        {
            "words": [a_suspect("pkg/w.py", score=0.9), both],
            "traceback": [a_suspect("pkg/t.py", score=0.9), both],
        }
    )
    assert [suspect.path for suspect in merged] == ["pkg/both.py", "pkg/w.py", "pkg/t.py"]
    assert merged[0].score == 1.0


def test_the_reasons_and_evidence_of_all_that_named_a_place_are_kept() -> None:
    first = Suspect("pkg/a.py", 1, 5, 1.0, reasons=("it raised",), evidence=("E1",))
    second = Suspect("pkg/a.py", 1, 5, 1.0, symbol="total", reasons=("it shares words",), evidence=("E2", "E1"))
    assert merge({"traceback": [first], "words": [second]}) == (
        Suspect("pkg/a.py", 1, 5, 1.0, "total", ("it raised", "it shares words"), ("E1", "E2")),
    )


def test_lines_inherit_from_the_function_around_them_which_is_not_listed_again() -> None:
    lines = [a_suspect(start=20, end=20, reason="spectrum"), a_suspect(start=3, end=3, reason="spectrum")]
    merged = merge({"spectrum": lines, "words": [a_suspect(start=1, end=10, reason="words")]})
    assert places(merged) == [("pkg/a.py", 3, 3), ("pkg/a.py", 20, 20)]
    assert merged[0].reasons == ("spectrum", "words")


def test_a_function_without_named_lines_stays_a_function() -> None:
    merged = merge({"spectrum": [a_suspect(start=3, end=3)], "words": [a_suspect("pkg/b.py", 1, 9)]})
    assert places(merged) == [("pkg/a.py", 3, 3), ("pkg/b.py", 1, 9)]


def test_ties_share_a_rank_so_another_ranking_decides() -> None:
    tied = [a_suspect(start=line, end=line, score=1.0) for line in (2, 3, 50)]
    merged = merge({"spectrum": tied, "traceback": [a_suspect(start=48, end=60)]})
    assert places(merged)[0] == ("pkg/a.py", 50, 50)
    assert merged[1].score == merged[2].score


def test_tests_and_vendored_code_sink_and_what_is_no_code_leaves() -> None:
    ranking = [
        a_suspect("README.md", score=5),
        a_suspect("tests/test_a.py", score=4),
        a_suspect("pkg/_vendor/six.py", score=3),
        a_suspect("pkg/a.py", score=2),
    ]
    paths = [suspect.path for suspect in merge({"words": ranking})]
    assert paths == ["pkg/a.py", "tests/test_a.py", "pkg/_vendor/six.py"]


def test_nothing_named_is_nothing_merged() -> None:
    assert merge({"words": [], "traceback": ()}) == ()


SUSPECTS = st.builds(
    lambda path, start, length, score: Suspect(path, start, start + length, score),
    st.sampled_from(["a.py", "tests/test_a.py", "b.py"]),
    st.integers(1, 9),
    st.integers(0, 4),
    st.floats(0, 1),
)


@given(st.dictionaries(st.sampled_from(["words", "spectrum", "traceback"]), st.lists(SUSPECTS, max_size=12)))
def test_every_merged_place_was_named_and_is_listed_once_in_order(rankings: dict[str, list[Suspect]]) -> None:
    merged = merge(rankings)
    named = {(s.path, s.line_start, s.line_end) for ranking in rankings.values() for s in ranking}
    assert set(places(merged)) <= named
    assert len(set(places(merged))) == len(merged)
    scores = [suspect.score for suspect in merged]
    assert scores == sorted(scores, reverse=True)
    assert all(0 < score <= 1 for score in scores)
    assert bool(merged) == bool(named)
