"""Whole runs in the instant world: order, verdicts, retries, stopping, time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest

from bench import instant
from bot.core.artifacts import Analysis, Candidates, Dossier, Publication, Reproduction, RootCause, Validation
from bot.core.errors import EnvironmentBroken, InputError, Transient
from bot.core.outcomes import Advance, RunRecord, StageOutcome, StageState
from bot.core.run import Document, Goal, Report, StageName, Verdict
from bot.core.testing import Outcome, TestRun
from bot.core.tree import Tree
from bot.driver import drive
from bot.ports import Deps
from bot.stages import STAGES
from bot.stages.base import Stage, StageContext


def driven(deps: Deps, stages: dict[StageName, Stage] | None = None, **run: object) -> RunRecord:
    chosen = instant.run(**run)  # type: ignore[arg-type]  # keywords of instant.run, passed through
    return asyncio.run(drive(deps, chosen, stages or STAGES))


def with_stage(name: StageName, body: Callable[[StageContext], object]) -> dict[StageName, Stage]:
    async def run(context: StageContext) -> StageOutcome:
        result = body(context)
        if asyncio.iscoroutine(result):
            result = await result
        assert isinstance(result, Advance)
        return result

    return {**STAGES, name: replace(STAGES[name], run=run)}


def test_a_run_to_a_fix_makes_every_artifact() -> None:
    record = driven(instant.deps())

    assert record.verdict is Verdict.FIXED
    assert [stage.state for stage in record.stages] == [StageState.DONE] * 8
    validation = record.artifact(Validation)
    assert validation is not None
    assert validation.fix.diff.splitlines()[-2:] == ["-    return sum(prices[1:])", "+    return sum(prices)"]


@pytest.mark.parametrize(
    ("goal", "verdict", "last", "never"),
    [
        (Goal.EXPLAIN, Verdict.EXPLAINED, StageName.ROOT_CAUSE, Reproduction),
        (Goal.REPRODUCE, Verdict.REPRODUCED, StageName.REPRODUCTION, Candidates),
    ],
)
def test_a_lesser_goal_runs_only_what_it_needs(
    goal: Goal, verdict: Verdict, last: StageName, never: type[object]
) -> None:
    record = driven(instant.deps(), goal=goal)

    assert record.verdict is verdict
    assert record.stage(last).state is StageState.DONE
    assert record.artifact(never) is None


def test_environment_and_analysis_run_side_by_side() -> None:
    both = asyncio.Event()
    waiting: list[StageName] = []

    async def meet(context: StageContext) -> StageOutcome:
        waiting.append(context.stage)
        if len(waiting) == 2:
            both.set()
        await both.wait()
        return await STAGES[context.stage].run(context)

    names = (StageName.ENVIRONMENT, StageName.ANALYSIS)
    stages = {**STAGES, **{name: replace(STAGES[name], run=meet) for name in names}}

    assert driven(instant.deps(), stages, time_limit_s=10.0).verdict is Verdict.FIXED


def test_publication_runs_after_a_stage_gives_up() -> None:
    deps = instant.deps(workbench=instant.InstantWorkbench(rule=lambda tree, test_id: Outcome.PASSED))

    record = driven(deps)

    assert record.verdict is Verdict.NOT_REPRODUCIBLE
    assert record.artifact(Publication) is not None
    assert isinstance(deps.publisher, instant.InstantPublisher)
    assert deps.publisher.published[0].verdict is Verdict.NOT_REPRODUCIBLE


def test_a_failure_that_may_pass_is_tried_again() -> None:
    tries = []

    def flaky(context: StageContext) -> object:
        tries.append(1)
        if len(tries) == 1:
            raise Transient("the engine is restarting")
        return STAGES[StageName.GATHER].run(context)

    record = driven(instant.deps(), with_stage(StageName.GATHER, flaky))

    assert record.verdict is Verdict.FIXED
    assert record.stage(StageName.GATHER).attempts == 2


def test_a_failure_that_never_passes_ends_the_run_with_its_reason() -> None:
    def broken(context: StageContext) -> object:
        raise Transient("the engine is gone")

    record = driven(instant.deps(), with_stage(StageName.ENVIRONMENT, broken))

    assert record.verdict is Verdict.FAILED
    assert record.stage(StageName.ENVIRONMENT).error == "the engine is gone"
    assert record.artifact(Publication) is not None


@pytest.mark.parametrize(
    ("error", "verdict"),
    [
        (InputError("There is no ref nope."), Verdict.BAD_INPUT),
        (EnvironmentBroken("pip could not install x.", "tail"), Verdict.CANNOT_RUN),
        (ZeroDivisionError("a bug of ours"), Verdict.FAILED),
    ],
)
def test_each_kind_of_error_has_its_verdict(error: Exception, verdict: Verdict) -> None:
    def broken(context: StageContext) -> object:
        raise error

    record = driven(instant.deps(), with_stage(StageName.ANALYSIS, broken))

    assert record.verdict is verdict


def test_the_time_limit_ends_the_run_and_names_the_stage() -> None:
    async def endless(context: StageContext) -> object:
        await asyncio.sleep(3600)
        return None

    record = driven(instant.deps(), with_stage(StageName.REPRODUCTION, endless), time_limit_s=0.2)

    assert record.verdict is Verdict.OUT_OF_TIME
    assert record.give_up is not None
    assert "during reproduction" in record.give_up.detail


def test_stopping_ends_what_runs_and_still_publishes() -> None:
    stop = asyncio.Event()

    async def endless(context: StageContext) -> object:
        stop.set()
        await asyncio.sleep(3600)
        return None

    async def scenario() -> RunRecord:
        deps = instant.deps()
        return await drive(deps, instant.run(), with_stage(StageName.ENVIRONMENT, endless), stop)

    record = asyncio.run(scenario())

    assert record.verdict is Verdict.STOPPED
    assert record.stage(StageName.ENVIRONMENT).state is StageState.SKIPPED
    assert record.artifact(Publication) is not None


def test_what_was_found_before_a_give_up_stays_in_the_record() -> None:
    def broken(context: StageContext) -> object:
        raise EnvironmentBroken("pip could not install x.")

    record = driven(instant.deps(), with_stage(StageName.ENVIRONMENT, broken))

    assert record.artifact(Dossier) is not None
    assert record.artifact(Analysis) is not None


def test_stages_need_only_what_others_make() -> None:
    made = {stage.makes for stage in STAGES.values()}

    assert all(set(stage.needs) <= made for stage in STAGES.values())
    assert len(made) == len(STAGES) == len(StageName)


def test_a_time_out_inside_a_stage_is_not_taken_for_the_end_of_the_runs_time() -> None:
    def broken(context: StageContext) -> object:
        raise TimeoutError("the disk does not answer")

    record = driven(instant.deps(), with_stage(StageName.ANALYSIS, broken))

    assert record.verdict is Verdict.FAILED
    assert record.stage(StageName.ANALYSIS).error == "TimeoutError: the disk does not answer"


def test_a_failure_in_one_of_several_proof_runs_is_tried_again_as_what_it_is() -> None:
    class Shaky(instant.InstantWorkbench):
        failed = False

        async def run_tests(self, *args: object, **options: object) -> TestRun:
            if len(self.calls) == 4 and not self.failed:
                self.failed = True
                raise Transient("the engine is restarting")
            return await super().run_tests(*args, **options)  # type: ignore[arg-type]  # as it came

    record = driven(instant.deps(workbench=Shaky()), goal=Goal.REPRODUCE)

    assert record.verdict is Verdict.REPRODUCED
    assert max(stage.attempts for stage in record.stages) == 2
    reproduction = record.artifact(Reproduction)
    assert reproduction is not None
    assert len(reproduction.red) == 3


def test_what_a_stage_said_before_it_is_tried_again_is_not_kept_twice() -> None:
    tries = []

    async def flaky(context: StageContext) -> object:
        tries.append(1)
        outcome = await STAGES[StageName.REPRODUCTION].run(context)
        if len(tries) == 1:
            raise Transient("the engine is restarting")
        return outcome

    record = driven(instant.deps(), with_stage(StageName.REPRODUCTION, flaky))
    ids = [fact.id for fact in record.evidence]

    assert len(ids) == len(set(ids))
    assert ids.count("R1") == 1


def test_every_fact_has_an_id_of_its_own_and_what_is_cited_exists() -> None:
    report = Report(
        issue=Document("issue.md", b'It breaks.\n\n  File "cart.py", line 2, in total\nTypeError: no\n'),
        failing_tests=(instant.FAILING,),
    )
    record = driven(instant.deps(), report=report)
    ids = [fact.id for fact in record.evidence]
    analysis, cause = record.artifact(Analysis), record.artifact(RootCause)
    assert analysis is not None
    assert cause is not None

    assert len(ids) == len(set(ids))
    assert {fact for s in (*analysis.suspects, *cause.suspects) for fact in s.evidence} <= set(ids)


def test_a_give_up_lets_a_stage_beside_it_end_and_keeps_what_it_found() -> None:
    async def slow(context: StageContext) -> object:
        await asyncio.sleep(0.05)
        return await STAGES[StageName.ROOT_CAUSE].run(context)

    deps = instant.deps(workbench=instant.InstantWorkbench(rule=lambda tree, test_id: Outcome.PASSED))
    record = driven(deps, with_stage(StageName.ROOT_CAUSE, slow))

    assert record.verdict is Verdict.NOT_REPRODUCIBLE
    assert record.artifact(RootCause) is not None
    assert record.stage(StageName.FIX).state is StageState.WAITING


def test_a_failure_of_ours_is_not_dressed_as_what_another_stage_gave_up_for() -> None:
    def broken(context: StageContext) -> object:
        raise ZeroDivisionError("a bug of ours")

    async def late(context: StageContext) -> object:
        await asyncio.sleep(0.05)
        raise EnvironmentBroken("pip could not install x.")

    stages = with_stage(StageName.ANALYSIS, broken)
    stages[StageName.ENVIRONMENT] = with_stage(StageName.ENVIRONMENT, late)[StageName.ENVIRONMENT]
    record = driven(instant.deps(), stages)

    assert record.verdict is Verdict.FAILED
    assert record.give_up is None


def test_a_time_limit_that_ends_in_the_proof_leaves_no_validation() -> None:
    class Endless(instant.InstantWorkbench):
        async def run_tests(self, environment: object, tree: Tree, *args: object, **options: object) -> TestRun:
            if tree.text("cart.py") == instant.FIXED:
                await asyncio.sleep(3600)
            return await super().run_tests(environment, tree, *args, **options)  # type: ignore[arg-type]  # as it came

    record = driven(instant.deps(workbench=Endless()), time_limit_s=0.5)

    assert record.verdict is Verdict.OUT_OF_TIME
    assert record.give_up is not None
    assert "ended during validation. Give more with --time-limit." in record.give_up.detail
    assert record.artifact(Validation) is None
