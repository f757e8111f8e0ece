"""An instant world: every port implemented in memory, with nothing behind it.

What is left of a run in it is our own overhead. The tests of the stages and the driver run in it too.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from bot.core.artifacts import CandidatePatch, CandidateTest, Environment, Publication, Screened, Suspect
from bot.core.outcomes import RunRecord, StageRecord
from bot.core.patch import Patch, edit_of
from bot.core.policy import Wishes
from bot.core.run import Commit, Goal, Report, Run, StageName, Trigger, TriggerKind
from bot.core.testing import (
    Collection,
    Failure,
    FailureSignature,
    Isolation,
    Outcome,
    TestCoverage,
    TestResult,
    TestRun,
)
from bot.core.tree import Tree, TreeFile
from bot.local.clock import SystemClock
from bot.local.handed_in import HandedIn
from bot.ports import (
    AS_FOUND,
    Deps,
    Ended,
    FixQuestion,
    LocateQuestion,
    ReproduceQuestion,
    ScreeningPlan,
    ScriptRun,
)
from bot.store.memory import MemoryStore

BUGGY = "def total(prices):\n    return sum(prices[1:])\n"
FIXED = "def total(prices):\n    return sum(prices)\n"
FAILING = "tests/test_cart.py::test_total_of_two"
PASSING = "tests/test_cart.py::test_total_of_none"
START = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)

TestRule = Callable[[Tree, str], Outcome]


def rule(tree: Tree, test_id: str) -> Outcome:
    """How a test of the instant project ends on a tree: the failing one needs the fixed source."""
    if test_id == FAILING and tree.text("cart.py") != FIXED:
        return Outcome.FAILED
    return Outcome.PASSED


def tree_of(files: Mapping[str, str]) -> Tree:
    """A tree out of texts."""
    return Tree({path: TreeFile(text.encode()) for path, text in files.items()})


def trusted(tree: Tree, test_ids: Sequence[str]) -> str:
    """Why a run of these tests cannot be trusted: it can."""
    return ""


PROJECT = tree_of({"cart.py": BUGGY, "tests/test_cart.py": "from cart import total\n"})


@dataclass
class InstantCode:
    """The Code port over trees in memory; `history` is newest first."""

    history: tuple[tuple[Commit, Tree], ...] = ((Commit("a" * 40, "Add totals", "Ada", START), PROJECT),)
    warnings: tuple[str, ...] = ()

    async def resolve(self, repository: str, ref: str) -> Commit:
        return next((known for known, _ in self.history if known.sha == ref), self.history[0][0])

    async def tree(self, repository: str, commit: str) -> Tree:
        return next(tree for known, tree in self.history if known.sha == commit)

    async def ancestors(self, repository: str, commit: str, limit: int) -> tuple[Commit, ...]:
        return tuple(known for known, _ in self.history)[:limit]

    async def touching(self, repository: str, commit: str, paths: Sequence[str], limit: int) -> tuple[Commit, ...]:
        trees = [*(tree for _, tree in self.history[1:]), Tree({})]
        changed = (
            known
            for (known, tree), older in zip(self.history, trees, strict=True)
            if any(tree.files.get(path) != older.files.get(path) for path in paths)
        )
        return tuple(changed)[:limit]

    async def merge_base(self, repository: str, one: str, other: str) -> Commit:
        return next(known for known, _ in self.history if known.sha == other)

    async def notices(self, repository: str) -> tuple[str, ...]:
        return self.warnings


@dataclass
class InstantWorkbench:
    """The Workbench port where a rule says how each test ends; nothing is run. `calls` lists what was asked.

    `screening` is the rule of screening where that shall differ, `failures` how tests fail that fail in a way of their
    own, `distrust` says why a run cannot be trusted, `unread` is what does not load.
    """

    rule: TestRule = rule
    ids: tuple[str, ...] = (FAILING, PASSING)
    screening: TestRule | None = None
    failures: Mapping[str, Failure] = field(default_factory=dict)
    distrust: Callable[[Tree, Sequence[str]], str] = trusted
    unread: tuple[tuple[str, str], ...] = ()
    run_s: float = 0.0
    calls: list[tuple[str, ...]] = field(default_factory=list)

    async def prepare(
        self, tree: Tree, *, owner: str = "", wishes: Wishes = AS_FOUND, paths: Sequence[str] = ()
    ) -> Environment:
        return Environment(
            toolchain="instant",
            runner="pytest",
            key="instant",
            settings=(),
            isolation=Isolation.NONE,
            enforced=(),
            collection=Collection(self.ids, self.unread),
            baseline=None,
        )

    async def collect(self, environment: Environment, tree: Tree, targets: Sequence[str]) -> Collection:
        return Collection(tuple(targets))

    async def run_tests(
        self,
        environment: Environment,
        tree: Tree,
        test_ids: Sequence[str],
        *,
        wall_s: float,
        coverage: bool = False,
        on_result: Callable[[str, str], None] | None = None,
    ) -> TestRun:
        self.calls.append(tuple(test_ids))
        results = tuple(self._result(tree, test_id) for test_id in test_ids)
        bad = any(result.outcome is not Outcome.PASSED for result in results)
        lines = tuple(TestCoverage(test_id, (("cart.py", (2,)),)) for test_id in test_ids) if coverage else ()
        said = self.distrust(tree, test_ids)
        return TestRun(tuple(test_ids), results, int(bad), self.run_s, Isolation.NONE, said, coverage=lines)

    def _result(self, tree: Tree, test_id: str) -> TestResult:
        outcome = self.rule(tree, test_id)
        failure = None
        if outcome in (Outcome.FAILED, Outcome.ERROR) and test_id in self.failures:
            failure = self.failures[test_id]
        elif outcome is Outcome.FAILED:
            failure = Failure("AssertionError", "assert 2 == 3", text="E   assert 2 == 3")
        elif outcome is Outcome.ERROR:
            failure = Failure("ImportError", "no module", phase="collect")
        return TestResult(test_id, outcome, 0.0, failure)

    async def screen(
        self, environment: Environment, tree: Tree, plans: Sequence[ScreeningPlan], *, check_wall_s: float
    ) -> AsyncGenerator[Screened, None]:
        for plan in plans:
            yield self._screened(plan, plan.candidate.patch.apply(tree))

    def _screened(self, plan: ScreeningPlan, tree: Tree) -> Screened:
        for check in plan.checks:
            ends = self.screening or self.rule
            failed = tuple(i for i in check.test_ids if ends(tree, i) is not Outcome.PASSED)
            if failed:
                return Screened(plan.candidate, False, check.name, failed)
        return Screened(plan.candidate, True, plan.checks[-1].name)

    async def run_script(self, environment: Environment, tree: Tree, code: str, *, wall_s: float) -> ScriptRun:
        return ScriptRun(Ended.EXITED, 0, "", "")

    def reproduction_command(self, environment: Environment, test_ids: Sequence[str]) -> str:
        return f"python -m pytest {' '.join(test_ids)}"


@dataclass
class InstantPublisher:
    """Keeps what it is told to publish."""

    published: list[RunRecord] = field(default_factory=list)

    async def publish(self, record: RunRecord) -> Publication:
        self.published.append(record)
        return Publication((("memory", "here"),))


@dataclass
class InstantProgress:
    """Keeps what it hears."""

    states: list[StageRecord] = field(default_factory=list)
    findings: list[tuple[StageName, str]] = field(default_factory=list)

    def stage_changed(self, run_id: str, record: StageRecord) -> None:
        self.states.append(record)

    def finding(self, run_id: str, stage: StageName, text: str) -> None:
        self.findings.append((stage, text))


class InstantLocator:
    name = "instant"

    def locate(self, question: LocateQuestion) -> Sequence[Suspect]:
        return (Suspect("cart.py", 2, 2, 1.0, "total", ("the instant locator knows",)),)


@dataclass
class InstantReproducer:
    tests: tuple[CandidateTest, ...] = (
        CandidateTest((FAILING,), None, FailureSignature(), "instant", "the test that is known to fail"),
    )
    name: str = "instant"

    def propose(self, question: ReproduceQuestion) -> Sequence[CandidateTest]:
        return self.tests


@dataclass
class InstantFixer:
    texts: tuple[str, ...] = (FIXED,)
    name: str = "instant"

    def propose(self, question: FixQuestion) -> Iterator[CandidatePatch]:
        for text in self.texts:
            patch = Patch((edit_of(question.tree, "cart.py", text),))
            yield CandidatePatch(patch, "instant", "sum all prices", "cart.py", 2, 0.1, self.name, 1.0)

    def pairs(self, question: FixQuestion, seeds: Sequence[CandidatePatch]) -> Iterator[CandidatePatch]:
        return iter(())


def deps(
    *,
    code: InstantCode | None = None,
    workbench: InstantWorkbench | None = None,
    reproducer: InstantReproducer | None = None,
    fixer: InstantFixer | None = None,
) -> Deps:
    """A whole instant world; name the parts that a test wants to differ."""
    clock = SystemClock()
    return Deps(
        clock=clock,
        reports=HandedIn(),
        code=code or InstantCode(),
        store=MemoryStore(clock),
        workbench=workbench or InstantWorkbench(),
        publisher=InstantPublisher(),
        progress=InstantProgress(),
        locators=(InstantLocator(),),
        reproducers=(reproducer or InstantReproducer(),),
        fixers=(fixer or InstantFixer(),),
    )


def run(goal: Goal = Goal.FIX, *, report: Report | None = None, time_limit_s: float = 60.0, run_id: str = "r1") -> Run:
    """A run about the instant project's one bug."""
    trigger = Trigger(TriggerKind.COMMAND_LINE, "ada", START)
    return Run(run_id, trigger, "/repo", "HEAD", report or Report(failing_tests=(FAILING,)), goal, time_limit_s)
