"""Single stages in the instant world, given the artifacts they need. No assertions."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from bench import instant
from bot.core.artifacts import (
    Analysis,
    Artifact,
    CandidatePatch,
    Candidates,
    CandidateTest,
    Dossier,
    Environment,
    Reproduction,
    RootCause,
    Screened,
)
from bot.core.evidence import Evidence, Ledger
from bot.core.outcomes import RunRecord, StageOutcome, StageRecord
from bot.core.patch import Patch, edit_of
from bot.core.run import Commit, Goal, Report, StageName
from bot.core.testing import Collection, Failure, FailureSignature, Isolation, Outcome, TestResult, TestRun
from bot.core.tree import Tree
from bot.ports import Deps
from bot.stages import STAGES
from bot.stages.base import StageContext

COMMIT = Commit("a" * 40, "Add totals", "Ada", instant.START)
DOSSIER = Dossier(COMMIT, (), (instant.FAILING,))
ASSERTION = Failure("AssertionError", "assert 2 == 3", text="E   assert 2 == 3")
OTHER = "tests/test_cart.py::test_total_of_three"


@dataclass
class Ran:
    """One stage, over."""

    outcome: StageOutcome
    context: StageContext

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        return self.context.ledger.facts

    @property
    def claims(self) -> list[str]:
        return [fact.claim for fact in self.evidence]

    @property
    def findings(self) -> list[str]:
        progress = self.context.deps.progress
        return [text for _, text in progress.findings] if isinstance(progress, instant.InstantProgress) else []


def context_of(
    stage: StageName,
    *artifacts: Artifact,
    deps: Deps | None = None,
    report: Report | None = None,
    evidence: tuple[Evidence, ...] = (),
    remaining_s: float = 60.0,
) -> StageContext:
    """What a stage is given, with this much time left."""
    deps = deps or instant.deps()
    run = instant.run(Goal.FIX, report=report)
    record = RunRecord(run, tuple(StageRecord(name) for name in StageName), artifacts, evidence)
    return StageContext(record, stage, deps, deps.clock.monotonic() + remaining_s, Ledger("T"))


def ran(context: StageContext) -> Ran:
    return Ran(asyncio.run(as_outcome(context)), context)


async def as_outcome(context: StageContext) -> StageOutcome:
    return await STAGES[context.stage].run(context)


# ---------------------------------------------------------------- artifacts


def run_of(outcomes: dict[str, Outcome], *, distrust: str = "", wall_s: float = 0.0) -> TestRun:
    results = tuple(TestResult(i, o, 0.0, ASSERTION if o is Outcome.FAILED else None) for i, o in outcomes.items())
    return TestRun(tuple(outcomes), results, 1, wall_s, Isolation.NONE, distrust)


def environment(
    baseline: TestRun | None = None, *, flaky: tuple[str, ...] = (), ids: tuple[str, ...] = (), skipped: str = ""
) -> Environment:
    ids = ids or (baseline.expected if baseline else (instant.FAILING, instant.PASSING))
    return Environment(
        "instant", "pytest", "instant", (), Isolation.NONE, (), Collection(ids), baseline, flaky, skipped
    )


RED_AND_GREEN = run_of({instant.FAILING: Outcome.FAILED, instant.PASSING: Outcome.PASSED})


def reproduction(*test_ids: str, failing: tuple[str, ...] = (instant.FAILING,)) -> Reproduction:
    """Of tests in the tree, of which some failed three times of three."""
    test = CandidateTest(test_ids or failing, None, FailureSignature(), "instant", "known to fail")
    red = run_of(dict.fromkeys(failing, Outcome.FAILED))
    return Reproduction(test, (red,) * 3, failing, ())


def candidate(
    text: str, *, path: str = "cart.py", tree: Tree = instant.PROJECT, what: str = "sum all"
) -> CandidatePatch:
    return CandidatePatch(Patch((edit_of(tree, path, text),)), "instant", what, path, 2, 0.1)


def candidates(*survivors: CandidatePatch, witnesses: int | None = None, ruled_out: int = 1) -> Candidates:
    screened = tuple(Screened(c, True, "suite", witnesses=witnesses) for c in survivors)
    return Candidates(screened, (), len(survivors), len(survivors), (), ruled_out=ruled_out)


def analysis() -> Analysis:
    return Analysis("total is wrong")


def root_cause() -> RootCause:
    return RootCause((), "")


# --------------------------------------------------------------- behaviours


@dataclass
class Script:
    """A rule that ends a test as listed, one outcome per run on trees that `on` picks, and by another rule else."""

    test_id: str
    outcomes: Iterable[Outcome]
    on: Callable[[Tree], bool] = lambda tree: True
    otherwise: instant.TestRule = instant.rule
    asked: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._left = iter(self.outcomes)

    def __call__(self, tree: Tree, test_id: str) -> Outcome:
        if test_id != self.test_id or not self.on(tree):
            return self.otherwise(tree, test_id)
        self.asked[test_id] += 1
        return next(self._left, Outcome.PASSED)


def fixed(tree: Tree) -> bool:
    return tree.text("cart.py") == instant.FIXED


def buggy(tree: Tree) -> bool:
    return not fixed(tree)
