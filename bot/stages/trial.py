"""One candidate on trial: fresh runs of it, and the two ways in which its proof can end early. What has to be shown
belongs to validation."""

from __future__ import annotations

from dataclasses import dataclass

from bot.core.artifacts import Environment, Reproduction
from bot.core.patch import Patch
from bot.core.testing import TestRun
from bot.core.tree import Tree
from bot.stages.base import StageContext
from bot.stages.repetition import LIMIT_S, wall_limit_s


class Refused(Exception):
    """The proof does not hold for this candidate; the text says where it broke."""


class CutShort(Exception):
    """The run's time is so nearly up that the proof says nothing, neither for nor against; the text says where."""


@dataclass(frozen=True, slots=True)
class Trial:
    """`tree` is the base with the failing test in it."""

    context: StageContext
    environment: Environment
    reproduction: Reproduction
    tree: Tree

    async def run(self, patch: Patch, test_ids: tuple[str, ...], wall_s: float = 0.0) -> TestRun:
        """A fresh run, tried once more when it cannot be trusted: the reason may have been ours."""
        wall_s = wall_s or wall_limit_s(self.context)
        for _ in range(2):
            self.context.count("fresh_runs")
            bench = self.context.deps.workbench
            run = await bench.run_tests(self.environment, patch.apply(self.tree), test_ids, wall_s=wall_s)
            if not run.distrust or self._cut_short(run):
                break
        return run

    async def works(self, patch: Patch) -> bool:
        """Whether the tests pass that failed, and then the others that the person named."""
        failing = self.reproduction.failing_ids
        others = tuple(test_id for test_id in self.reproduction.test.test_ids if test_id not in failing)
        return (await self.run(patch, failing)).green and (not others or (await self.run(patch, others)).green)

    def untrusted(self, run: TestRun, what: str) -> Refused | CutShort:
        """What to raise where this run was needed and cannot be trusted."""
        said = f"{what} cannot be trusted: {run.distrust}"
        return CutShort(said) if self._cut_short(run) else Refused(said)

    def _cut_short(self, run: TestRun) -> bool:
        limit_s = wall_limit_s(self.context)
        return bool(run.distrust) and limit_s < LIMIT_S and run.wall_s >= limit_s
