"""The search over candidate patches: batches, checks, survivors, and when to stop. Screening is never believed."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from itertools import count, islice

from bot.core.artifacts import CandidatePatch, Environment, Refusal, Reproduction, Screened
from bot.core.testing import Outcome, TestCoverage
from bot.ports import Check, FixQuestion, ScreeningPlan
from bot.stages.base import StageContext
from bot.stages.restraint import literals_of_tests, refusal_of

SHARE = 0.6  # of the time left, for the search; the rest is the proof's
BATCHES = (32, 256, 512)  # small at first, so that an easy fix is found at once
SURVIVORS_AT_MOST = 12
LOOK_ON_AT_LEAST = 200  # candidates after the first survivor (or as many again), …
LOOK_ON_AT_MOST_S = 10.0  # … but not for longer than this
SUITE_IN_SCREENING_S = 10.0  # a suite as quick as this is a check of screening too
CHECK_LIMIT_S = 30.0
PAIR_SEEDS = 400
FAILING, OTHER_NAMED = "failing test", "the other named tests"
ENDED_BY_ITSELF = (Outcome.PASSED, Outcome.FAILED)


@dataclass
class Search:
    """One search over candidates: what was tried, what survived, when to stop."""

    context: StageContext
    environment: Environment
    reproduction: Reproduction
    question: FixQuestion
    survivors: list[Screened] = field(default_factory=list)
    refused: list[Refusal] = field(default_factory=list)
    regressing: list[Screened] = field(default_factory=list)  # turn the failing test green, and another one red
    failed: list[Screened] = field(default_factory=list)
    generated: int = 0
    screened: int = 0
    out_of_time: bool = False
    stop_at_s: float = field(init=False)  # of the run's remaining time

    def __post_init__(self) -> None:
        self.stop_at_s = self.context.remaining_s * (1 - SHARE)
        self._found_at: tuple[int, float] | None = None  # candidates screened, and when, at the first survivor
        self._literals = literals_of_tests(self.question.tree, self.reproduction.failing_ids)
        self._lines = _covering(self.question.coverage)
        baseline = self.environment.baseline
        passed = baseline.ids(Outcome.PASSED) if baseline else ()
        self._passing = tuple(test_id for test_id in passed if test_id not in self.environment.flaky)
        quick = baseline is not None and baseline.wall_s < SUITE_IN_SCREENING_S
        runs = (*self.reproduction.red, *([baseline] if baseline else []))
        self._seconds = {r.id: r.duration_s for run in runs for r in run.results if r.outcome in ENDED_BY_ITSELF}
        self._suite = self._check("suite", self._passing) if quick and self._passing else None

    async def screen(self, candidates: Iterable[CandidatePatch], at_most: int) -> None:
        """Screens candidates in batches until enough survived, the time is up, or there are no more."""
        stream = islice(candidates, at_most)
        for number in count():
            batch = await asyncio.to_thread(list, islice(stream, BATCHES[min(number, len(BATCHES) - 1)]))
            self.generated += len(batch)
            if not batch or not await self._screen_batch(batch):
                return

    async def _screen_batch(self, batch: Sequence[CandidatePatch]) -> bool:
        """Whether to go on after this batch; what is left of it when the search ends is not screened."""
        plans = [ScreeningPlan(candidate, self._checks(candidate)) for candidate in batch]
        workbench = self.context.deps.workbench
        verdicts = workbench.screen(self.environment, self.question.tree, plans, check_wall_s=CHECK_LIMIT_S)
        try:
            limit = asyncio.timeout(self.context.remaining_s - self.stop_at_s)
            async with limit, aclosing(verdicts):
                async for verdict in verdicts:
                    self.screened += 1
                    self._sort(verdict)
                    if self._enough():
                        return False
        except TimeoutError:
            if not limit.expired():
                raise
            self.out_of_time = True
        return not self.out_of_time

    def _enough(self) -> bool:
        """After the first survivor others are looked for, to choose among several: some more candidates, some time."""
        if not self.survivors:
            return False
        now_s = self.context.deps.clock.monotonic()
        self._found_at = self._found_at or (self.screened, now_s)
        screened, found_s = self._found_at
        looked_on = self.screened - screened >= max(LOOK_ON_AT_LEAST, screened) or now_s - found_s >= LOOK_ON_AT_MOST_S
        return looked_on or len(self.survivors) >= SURVIVORS_AT_MOST

    def _sort(self, verdict: Screened) -> None:
        if verdict.passed:
            reason = refusal_of(verdict.candidate.patch, self._literals)
            if reason:
                self.refused.append(Refusal(verdict.candidate, reason))
            else:
                witnesses = len(self._covering_ids(verdict.candidate)) if self.question.coverage else None
                self.survivors.append(replace(verdict, witnesses=witnesses))
                place = f"{verdict.candidate.path}:{verdict.candidate.line}"
                self.context.finding(f"candidate {len(self.survivors)} at {place}: {verdict.candidate.description}")
        elif verdict.reached in (FAILING, OTHER_NAMED):
            self.failed.append(verdict)
        else:
            self.regressing.append(verdict)

    def _checks(self, candidate: CandidatePatch) -> tuple[Check, ...]:
        """Failing tests, the rest of what the person named, the tests that cover the edit, and a quick suite."""
        failing = self.reproduction.failing_ids
        checks = [self._check(FAILING, failing)]
        named = tuple(i for i in self.reproduction.test.test_ids if i not in failing)
        if named:
            checks.append(self._check(OTHER_NAMED, named))
        ids = self._covering_ids(candidate)
        if ids and self._suite is None:
            checks.append(self._check("covering tests", ids))
        if self._suite is not None:
            checks.append(self._suite)
        return tuple(checks)

    def _covering_ids(self, candidate: CandidatePatch) -> tuple[str, ...]:
        """The tests that pass at the base and execute what this candidate changes."""
        touched = {
            (hunk.path, line)
            for hunk in candidate.patch.hunks()
            for line in range(hunk.line - 1, hunk.line + max(1, len(hunk.old)) + 1)
        }
        covering = {test_id for place in touched for test_id in self._lines.get(place, ())}
        return tuple(test_id for test_id in self._passing if test_id in covering)

    def _check(self, name: str, test_ids: tuple[str, ...]) -> Check:
        """Its tests, the quick ones first: most candidates fail, and should do so soon."""
        seconds = self._seconds
        ordered = tuple(sorted(test_ids, key=lambda test_id: seconds.get(test_id, 0.0)))
        return Check(name, ordered, max((seconds.get(test_id, 0.0) for test_id in test_ids), default=0.0))

    def seeds(self) -> list[CandidatePatch]:
        """The failed candidates to combine: those that got furthest through the failing tests first."""
        order = {test_id: number for number, test_id in enumerate(self.reproduction.failing_ids)}

        def progress(screened: Screened) -> int:
            return -max((order.get(test_id, 0) for test_id in screened.failed_ids[:1]), default=0)

        ranked = sorted([*self.regressing, *self.failed], key=progress)
        return [screened.candidate for screened in ranked[:PAIR_SEEDS]]

    def why_nothing(self) -> str:
        """One or two sentences: how much was tried, and what came nearest."""
        if not self.screened and not self.out_of_time:
            return "No change was tried: no repair that is known here fits the suspect places."
        tried = f"{self.screened} candidate change{'s were' if self.screened != 1 else ' was'} tried"
        when = " before the time for the search was up" if self.out_of_time else ""
        near = []
        if self.refused:
            near.append(f"{len(self.refused)} turned the test green only by removing or special-casing behaviour")
        if self.regressing:
            near.append(
                f"{len(self.regressing)} turned it green but broke other tests; "
                "where such a test states the bug itself, a person has to decide"
            )
        return f"{tried}{when}; none is a fix." + (f" {'; '.join(near)}." if near else "")

    def nearest(self) -> tuple[str, ...]:
        """The candidates that came nearest, in words."""
        lines = [f"{_where(r.candidate)}: refused, because {r.reason}" for r in self.refused[:5]]
        for screened in self.regressing[:5]:
            broken = ", ".join(screened.failed_ids[:3]) + (" fail" if len(screened.failed_ids) > 1 else " fails")
            if not screened.failed_ids:
                broken = f"not the {screened.reached}" + (f" ({screened.detail})" if screened.detail else "")
            lines.append(f"{_where(screened.candidate)}: the failing test passes, but {broken}")
        return tuple(lines)


def _where(candidate: CandidatePatch) -> str:
    return f"{candidate.path}:{candidate.line} {candidate.description}"


def _covering(coverage: Sequence[TestCoverage]) -> dict[tuple[str, int], set[str]]:
    places: dict[tuple[str, int], set[str]] = {}
    for test in coverage:
        for path, lines in test.lines:
            for line in lines:
                places.setdefault((path, line), set()).add(test.id)
    return places
