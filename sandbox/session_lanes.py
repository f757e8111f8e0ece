"""Screens candidates of languages that have no fork server: each check is one session of the toolchain, in a sandbox
that a lane uses again and again. Python's way, many times faster, is `sandbox.screening`; nothing here is believed.
"""

from __future__ import annotations

import asyncio
import os
import posixpath
import secrets
from collections import deque
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Protocol

from bot.core.artifacts import Screened
from bot.core.errors import Permanent, SandboxCrashed
from bot.core.testing import Outcome
from bot.core.tree import Tree
from bot.ports import Check, Command, Completed, Ended, Limits, Sandbox, Sandboxes, ScreeningPlan
from sandbox.live import Live
from sandbox.oracle import Judgement, Report, judge, parse
from sandbox.plans import Results, failures_counted, in_plan_order, refused
from sandbox.toolchains.base import Mode, Place, Request, Session, Settings

PATIENCE = 3.0  # times the longest complete session of the same check
SLOWNESS_ALLOWED = 5.0  # times what a check's slowest test took on the unedited tree
QUICKEST_LIMIT_S = 2.0  # no test is given less
REPORT_BYTES = 64 << 20
TIDYING = Limits(wall_s=60.0, output_bytes=1 << 12)
STARTS = 2  # of a sandbox, before the lane gives up


class Runner(Protocol):
    """The two things that screening asks of a toolchain."""

    def file_of(self, test_id: str) -> str: ...

    def session(self, place: Place, settings: Settings, request: Request) -> Session: ...


@dataclass(frozen=True, slots=True)
class SessionSetup:
    """How the project's tests are run: `runner` is its toolchain, `environment_path` where its environment lies inside
    a sandbox; `test_limit_s` is the most that one test may take, `memory_bytes` is one session's.

    `starting_s` is what a session may take beyond its check's own limit, to compile and to start the runner; once one
    ran to its end, a multiple of what that took is enough, though never less than `least_s`: what has to be compiled
    differs from candidate to candidate.
    """

    runner: Runner
    settings: Settings
    environment_path: str
    test_limit_s: float = 20.0
    memory_bytes: int = 2 << 30
    starting_s: float = 120.0
    least_s: float = 15.0


@dataclass(frozen=True, slots=True)
class _Task:
    """What all lanes share: `numbers` are the plans that nobody took yet."""

    setup: SessionSetup
    tree: Tree
    plans: Sequence[ScreeningPlan]
    check_wall_s: float
    numbers: deque[int]
    results: Results
    longest_s: dict[tuple[str, ...], float] = field(default_factory=dict)  # of complete sessions, by their ids


async def screen_in_sessions(
    sandboxes: Sandboxes,
    key: str,
    setup: SessionSetup,
    tree: Tree,
    plans: Sequence[ScreeningPlan],
    *,
    check_wall_s: float,
    lanes: int | None = None,
) -> AsyncGenerator[Screened, None]:
    """Yields the plans' verdicts in their order, each as soon as it and those before it are known.

    `lanes` is how many sandboxes work side by side (default: one per processor). Closing the iterator ends them.
    Raises SandboxCrashed when no sandbox comes up.
    """
    results: Results = asyncio.Queue()
    known = refused(tree, plans)
    numbers = deque(number for number in range(len(plans)) if number not in known)
    count = min(lanes or os.cpu_count() or 1, len(numbers))
    task = _Task(setup, tree, plans, check_wall_s, numbers, results)
    work = [_Lane(sandboxes, key, task).work() for _ in range(count)]
    async with aclosing(in_plan_order(len(plans), known, work, results)) as verdicts:
        async for verdict in verdicts:
            yield verdict


@dataclass
class _Lane:
    """One worker: takes plan after plan, in one sandbox after the other if they go away or cannot be cleaned."""

    sandboxes: Sandboxes
    key: str
    task: _Task
    number: int | None = None  # of the plan that it has in hand
    begun: bool = False  # whether the present sandbox came up
    failed_starts: int = 0
    _laid: tuple[str, ...] = ()  # what the last session added: paths inside that must be gone before the next one
    _overwritten: tuple[str, ...] = ()  # the tree's own files that it replaced: their paths in the tree

    async def work(self) -> None:
        while self.number is not None or self.task.numbers:
            self.begun = False
            try:
                await self._use_one_sandbox()
            except SandboxCrashed as error:
                if self.begun and self.number is not None:
                    self._settle(_Verdict(False, detail=f"crashed the lane: {error}"))
                    continue
                self.failed_starts += 1
                if self.failed_starts >= STARTS:
                    raise

    async def _use_one_sandbox(self) -> None:
        """Screens plans until there are none, or until this sandbox is not as it was."""
        async with self.sandboxes.start(self.key) as sandbox:
            await sandbox.put_tree(self.task.tree)
            self.begun, self.failed_starts, self._laid, self._overwritten = True, 0, (), ()
            fresh = True
            while self.number is not None or self.task.numbers:
                if self.number is None:
                    self.number = self.task.numbers.popleft()
                if not await self._screen(sandbox, self.task.plans[self.number], fresh):
                    return
                fresh = False

    def _settle(self, verdict: _Verdict) -> None:
        if self.number is not None:
            candidate = self.task.plans[self.number].candidate
            screened = Screened(candidate, verdict.passed, verdict.reached, verdict.failed, verdict.detail)
            self.task.results.put_nowait((self.number, screened))
            self.number = None

    # ------------------------------------------------------- one candidate

    async def _screen(self, sandbox: Sandbox, plan: ScreeningPlan, fresh: bool) -> bool:
        """Settles the plan; whether the sandbox may be used for the next one. Where what was screened before may be to
        blame, the plan is left in hand, for a fresh sandbox."""
        edited = plan.candidate.patch.apply(self.task.tree)
        paths = plan.candidate.patch.paths
        verdict = _Verdict(False, detail="its files could not be written", sound=False, disturbed=True)
        if await self._write(sandbox, edited, paths):
            for position, check in enumerate(plan.checks):
                verdict = await self._check(sandbox, edited, check, position, fresh)
                if not (verdict.passed and verdict.sound):
                    break
        if verdict.disturbed and not fresh:
            return False
        self._settle(verdict)
        return verdict.sound and await self._write(sandbox, self.task.tree, paths)

    async def _write(self, sandbox: Sandbox, tree: Tree, paths: Sequence[str]) -> bool:
        """Puts these files as they are in `tree`, and takes away what the last session laid; whether that went well:
        what ran before may have left anything."""
        paths = tuple(dict.fromkeys((*paths, *self._overwritten)))
        found = {path: tree.files[path] for path in paths if path in tree}
        gone = (*(path for path in paths if path not in found), *self._laid)
        programs = tuple(path for path, entry in found.items() if entry.executable)
        try:
            if gone and not await _quietly(sandbox, ("rm", "-rf", "--", *gone)):
                return False
            for path, entry in found.items():
                await sandbox.put_file(posixpath.join(sandbox.tree_path, path), entry.content)
            if programs and not await _quietly(sandbox, ("chmod", "755", "--", *programs)):
                return False
        except Permanent:
            return False
        self._laid = self._overwritten = ()
        return True

    async def _check(self, sandbox: Sandbox, edited: Tree, check: Check, position: int, fresh: bool) -> _Verdict:
        """One session on the tree that holds the candidate."""
        setup, ids = self.task.setup, tuple(dict.fromkeys(check.test_ids))
        homes = tuple(dict.fromkeys(map(setup.runner.file_of, ids)))
        files = tuple(file for file in homes if file in edited)
        if not files and "" not in homes:
            return _Verdict(False, check.name, ids[:1], "none of these tests' files exists")
        wall_s = self._wall_s(check, fresh and position == 0)
        request = Request(Mode.RUN, files, ids, secrets.token_bytes(32), wall_s, self._test_limit_s(check))
        place = Place(setup.environment_path, sandbox.tree_path, sandbox.scratch_path)
        session = setup.runner.session(place, setup.settings, request)
        try:
            if position and not await self._write(sandbox, edited, ()):
                return _Verdict(False, check.name, detail="it could not be cleaned up after", sound=False)
            await self._lay(sandbox, session)
        except Permanent as error:
            return _Verdict(False, check.name, detail=str(error), sound=False, disturbed=position == 0)
        done, report, output = await self._run(sandbox, session, request)
        if report.complete:
            longest_s = self.task.longest_s.get(check.test_ids, 0.0)
            self.task.longest_s[check.test_ids] = max(longest_s, done.wall_s)
        judgement = judge(
            ids,
            report,
            canaries=session.canaries,
            exit_code=done.exit_code,
            ended=done.ended,
            output=output,
            basis=session.basis,
        )
        return _verdict(check, position, judgement, report, done)

    async def _lay(self, sandbox: Sandbox, session: Session) -> None:
        """Puts a session's files, and remembers what is to be taken away after it."""
        root = sandbox.tree_path + "/"
        inside = {path: path.removeprefix(root) for path, _ in session.files if path.startswith(root)}
        self._overwritten = tuple(name for name in inside.values() if name in self.task.tree)
        laid = (path for path, _ in session.files if inside.get(path) not in self.task.tree)
        self._laid = (*laid, session.report_path, session.coverage_path)
        for path, content in session.files:
            await sandbox.put_file(path, content)

    async def _run(self, sandbox: Sandbox, session: Session, request: Request) -> tuple[Completed, Report, str]:
        """How the session ended, its report, and what else was printed."""
        live = Live(session, request.key, None)
        limits = Limits(wall_s=request.wall_s, memory_bytes=self.task.setup.memory_bytes)
        done = await sandbox.run(session.command, limits, live.hear)
        report = parse(await sandbox.read(session.report_path, REPORT_BYTES) or b"", request.key)
        return done, report, (live.tail() + "\n" + done.stderr.decode("utf-8", "replace")).strip()

    def _wall_s(self, check: Check, fresh: bool) -> float:
        """In a fresh sandbox, or for a check that never ran to its end, all that it could need."""
        full_s = self.task.setup.starting_s + self.task.check_wall_s
        longest_s = self.task.longest_s.get(check.test_ids)
        if fresh or longest_s is None:
            return full_s
        return min(full_s, max(self.task.setup.least_s, PATIENCE * longest_s))

    def _test_limit_s(self, check: Check) -> float:
        most_s = min(self.task.setup.test_limit_s, self.task.check_wall_s)
        return min(most_s, max(QUICKEST_LIMIT_S, SLOWNESS_ALLOWED * check.slowest_s)) if check.slowest_s else most_s


async def _quietly(sandbox: Sandbox, argv: tuple[str, ...]) -> bool:
    """Runs a command in the tree's root; whether it ended well."""
    done = await sandbox.run(Command(argv), TIDYING)
    return done.ended is Ended.EXITED and done.exit_code == 0


# ------------------------------------------------------------- verdicts


@dataclass(frozen=True, slots=True)
class _Verdict:
    """How one check went; not `sound`: the sandbox must not be used again; `disturbed`: it could not even start."""

    passed: bool
    reached: str = ""
    failed: tuple[str, ...] = ()
    detail: str = ""
    sound: bool = True
    disturbed: bool = False


def _verdict(check: Check, position: int, judgement: Judgement, report: Report, done: Completed) -> _Verdict:
    failed = tuple(result.id for result in judgement.results if result.outcome is not Outcome.PASSED)
    passed = not failed and not judgement.distrust
    sound = done.ended is Ended.EXITED and (report.complete or bool(report.collect_errors) or not report.events)
    detail = "" if passed else _detail(judgement, done)
    return _Verdict(passed, check.name, failed[: failures_counted(position)], detail, sound)


def _detail(judgement: Judgement, done: Completed) -> str:
    """Why, when it is not a plain failure; as short as people read it."""
    late = done.ended is Ended.TIMED_OUT
    for result in judgement.results:
        failure = result.failure
        running = failure is not None and failure.exception_type == "ProcessEnded"
        if result.outcome is Outcome.TIMED_OUT or (late and running):
            return f"timed out in {result.id}"
        if result.outcome is Outcome.SKIPPED:
            return f"skipped: {result.id}"
        if failure is not None and running:
            return f"{failure.message}: {result.id}"
        if failure is not None and failure.phase == "collect" and not late:
            return f"did not load: {failure.exception_type}: {failure.message}"
    return "timed out" if late else judgement.distrust
