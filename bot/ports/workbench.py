"""A sandbox that knows how projects are tested: what the stages use."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from bot.core.artifacts import (
    CandidatePatch,
    Environment,
    Screened,
)
from bot.core.policy import Wishes
from bot.core.testing import Collection, TestRun
from bot.core.tree import Tree
from bot.ports.sandbox import Ended

AS_FOUND = Wishes()


@dataclass(frozen=True, slots=True)
class ScriptRun:
    """A short script run in the project's environment: how it ended and what it printed."""

    ended: Ended
    exit_code: int
    stdout: str
    stderr: str


@dataclass(frozen=True, slots=True)
class Check:
    """Tests that must all pass. `name` is for people: "failing test", "covering tests", "suite". `slowest_s` is how
    long the slowest of them that ended took on the unedited tree (0: not known); a candidate gets a multiple."""

    name: str
    test_ids: tuple[str, ...]
    slowest_s: float = 0.0


@dataclass(frozen=True, slots=True)
class ScreeningPlan:
    """One candidate and the checks it has to pass, cheapest first."""

    candidate: CandidatePatch
    checks: tuple[Check, ...]


class Workbench(Protocol):
    """A sandbox that knows how projects are tested: what the stages use. Every run says what isolated it.

    `test_ids` are the runner's own ids (pytest node ids). A method raises SandboxUnavailable or EnvironmentBroken when
    nothing can be run at all; anything a test does is in the TestRun.
    """

    async def prepare(
        self, tree: Tree, *, owner: str = "", wishes: Wishes = AS_FOUND, paths: Sequence[str] = ()
    ) -> Environment:
        """Finds how the project is tested, builds its environment (cached), collects its tests. No baseline yet.

        `wishes` are the repository's own; `paths` are files that the report speaks of: where the repository holds
        several projects, they say which is meant.

        A build runs the project's code, which may leave anything in what it builds: so it is used again for the same
        `owner` (see `Run.owner`) only."""

    async def collect(self, environment: Environment, tree: Tree, targets: Sequence[str]) -> Collection:
        """The ids that these files or ids stand for."""

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
        """Runs tests in a fresh sandbox with a fresh process; what it says may be believed.

        `coverage` adds each test's executed lines. `on_result(test id, outcome)` is told of each test as it ends.
        """

    def screen(
        self,
        environment: Environment,
        tree: Tree,
        plans: Sequence[ScreeningPlan],
        *,
        check_wall_s: float,
    ) -> AsyncGenerator[Screened, None]:
        """Tries candidates on a tree (that holds the failing test) in reused lanes: each candidate's checks in turn,
        until one fails. Fast, and never believed. Yields each verdict as it comes, in the plans' order; a candidate
        that hangs or kills its process does not stop the others. Closing the iterator ends the lanes."""

    async def run_script(self, environment: Environment, tree: Tree, code: str, *, wall_s: float) -> ScriptRun:
        """Runs Python source in the project's environment, from the tree's root."""

    def reproduction_command(self, environment: Environment, test_ids: Sequence[str]) -> str:
        """What a person types in their checkout to run these tests."""
