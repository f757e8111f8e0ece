"""The most suspect place, said with its reason and as no more than that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from stage_runs import DOSSIER, RED_AND_GREEN, Ran, analysis, context_of, environment, ran

from bench import instant
from bench.instant import FAILING, InstantWorkbench
from bot.core.artifacts import Environment, RootCause, Suspect
from bot.core.errors import Transient
from bot.core.evidence import Evidence, EvidenceKind, Provenance
from bot.core.outcomes import Advance
from bot.core.run import Commit, StageName
from bot.ports import LocateQuestion


class Listening:
    """A locator that keeps what it was asked."""

    name = "listening"

    def __init__(self, *suspects: Suspect) -> None:
        self.asked: list[LocateQuestion] = []
        self._suspects = suspects

    def locate(self, question: LocateQuestion) -> tuple[Suspect, ...]:
        self.asked.append(question)
        return self._suspects


def found(
    locator: Listening, baseline: Environment, *facts: Evidence, workbench: InstantWorkbench | None = None
) -> Ran:
    deps = replace(instant.deps(workbench=workbench), locators=(locator,))
    return ran(context_of(StageName.ROOT_CAUSE, DOSSIER, analysis(), baseline, deps=deps, evidence=facts))


def cause(stage: Ran) -> RootCause:
    assert isinstance(stage.outcome, Advance)
    assert isinstance(stage.outcome.artifact, RootCause)
    return stage.outcome.artifact


SUSPECT = Suspect("cart.py", 2, 2, 1.0, "total", ("only failing tests run it",))


def test_the_first_suspect_is_stated_with_its_reason_and_its_code() -> None:
    stage = found(Listening(SUSPECT), environment(None))

    assert cause(stage).statement == "The most suspect place is cart.py:2 in total. Only failing tests run it."
    assert stage.evidence[0].quote == "    return sum(prices[1:])"
    assert stage.findings == ["1 suspect; first: cart.py:2 in total"]


def test_without_a_suspect_it_says_that_nothing_points_anywhere() -> None:
    assert cause(found(Listening(), environment(None))) == RootCause(
        (), "Nothing in the report or the tests points at a place in the code."
    )


def test_named_tests_that_fail_are_run_with_coverage() -> None:
    locator = Listening(SUSPECT)
    found(locator, environment(RED_AND_GREEN))

    assert locator.asked[0].failing_ids == (FAILING,)
    assert {test.id for test in locator.asked[0].coverage} >= {FAILING}


def test_a_named_test_that_passes_is_no_failing_test() -> None:
    locator = Listening(SUSPECT)
    bench = InstantWorkbench()
    green = replace(RED_AND_GREEN, results=(replace(RED_AND_GREEN.results[1], id=FAILING), RED_AND_GREEN.results[1]))
    found(locator, environment(green), workbench=bench)

    assert locator.asked[0].failing_ids == ()
    assert bench.calls == []


def test_a_suspect_cites_the_facts_that_point_into_it_and_no_others() -> None:
    def fact(number: int, path: str, line: int) -> Evidence:
        return Evidence(
            EvidenceKind.FRAME, "seen", Provenance("issue.md"), id=f"A{number}", about=Provenance(path, line)
        )

    stage = found(
        Listening(SUSPECT), environment(None), fact(1, "cart.py", 2), fact(2, "cart.py", 9), fact(3, "b.py", 2)
    )

    assert cause(stage).suspects[0].evidence == ("A1",)


def test_who_last_changed_the_most_suspect_file_is_told() -> None:
    stage = found(Listening(SUSPECT), environment(None))

    assert stage.claims[1:] == ["cart.py was last changed in aaaaaaaaaa by Ada on 2026-01-02: Add totals"]
    assert stage.evidence[1].kind is EvidenceKind.HISTORY


class Slow(instant.InstantCode):
    async def touching(self, repository: str, commit: str, paths: Sequence[str], limit: int) -> tuple[Commit, ...]:
        raise Transient("The history does not come.")


def test_a_history_that_cannot_be_read_changes_nothing() -> None:
    deps = replace(instant.deps(code=Slow()), locators=(Listening(SUSPECT),))
    stage = ran(context_of(StageName.ROOT_CAUSE, DOSSIER, analysis(), environment(None), deps=deps))

    assert cause(stage).suspects == (SUSPECT,)
    assert len(stage.evidence) == 1
