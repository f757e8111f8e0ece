"""Screens candidates in lanes: deals them out to sandboxes that each run a fork server; puts the verdicts in order.

The host side only: what happens inside a lane is `sandbox.inside.fork_server`. Choosing candidates and checks belongs
to the stages, judging proof to the oracle: nothing here is believed.
"""

from __future__ import annotations

import asyncio
import json
import os
from base64 import b64encode
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bot.core.artifacts import Screened
from bot.core.errors import EnvironmentBroken, SandboxCrashed
from bot.core.patch import FileEdit
from bot.core.tree import Tree, encoding_of
from bot.ports import Check, Command, Completed, Limits, Sandbox, Sandboxes, ScreeningPlan
from sandbox.plans import Results, failures_counted, in_plan_order, refused

INSIDE = Path(__file__).parent / "inside"
SENT_FILES = (
    "__init__.py",
    "launch.py",
    "places.py",
    *(f"fork_server/{path.name}" for path in sorted(INSIDE.glob("fork_server/*.py"))),
)
ENTER = "import sys; sys.path.insert(0, {library!r}); "
LEAVE = "sys.path[:] = [p for p in sys.path if p not in ('', {library!r})]; "
SERVE = "from fixbugs_inside.fork_server.server import main; "
CONTINUE = "from fixbugs_inside.fork_server.zygote import continue_anew; "

STARTING_S = 120.0  # beyond what the checks may take: for imports and for learning how long tests take
NEW_FILE, REMOVED_FILE = -1, -2  # instead of a splice's start


@dataclass(frozen=True, slots=True)
class LaneSetup:
    """How the project's tests are started.

    `python` is the environment's interpreter, as a command inside a sandbox finds it; `arguments` are pytest's options
    without ids; `roots` are the folders (relative to the tree) that are importable; `is_runner`: the project is a
    library that pytest is made of, so each candidate needs an interpreter of its own. `memory_bytes` is one lane's.
    `folder` is where the project lies in the tree: its tests run there, their ids are the tree's. `environ` are the
    variables that its tests expect; `env` those of the fork server itself.
    """

    python: str
    arguments: tuple[str, ...] = ()
    env: tuple[tuple[str, str], ...] = ()
    roots: tuple[str, ...] = (".",)
    is_runner: bool = False
    memory_bytes: int = 2 << 30
    folder: str = "."
    environ: tuple[tuple[str, str], ...] = ()


@dataclass
class LaneMemory:
    """What lanes learned that the next call need not find out again: tests that hang on the unedited tree, by the first
    check's ids, with the seconds that the slowest test beside them took. Keep one per tree and environment."""

    hanging: dict[tuple[str, ...], float] = field(default_factory=dict)


async def screen_in_lanes(
    sandboxes: Sandboxes,
    key: str,
    setup: LaneSetup,
    tree: Tree,
    plans: Sequence[ScreeningPlan],
    *,
    check_wall_s: float,
    lanes: int | None = None,
    memory: LaneMemory | None = None,
) -> AsyncGenerator[Screened, None]:
    """Yields the plans' verdicts in their order, each as soon as it and those before it are known.

    `lanes` is how many sandboxes work side by side (default: one per processor). Closing the iterator ends them.
    Raises EnvironmentBroken when pytest does not even start, with what it printed.
    """
    results: Results = asyncio.Queue()
    batch = Batch(tree, plans, setup, check_wall_s, memory or LaneMemory())
    numbers = [number for number in range(len(plans)) if number not in batch.refused]
    count = max(1, min(lanes or os.cpu_count() or 1, len(numbers)))
    work = [_Lane(sandboxes, key, batch, numbers[start::count], results).work() for start in range(count) if numbers]
    async with aclosing(in_plan_order(len(plans), batch.refused, work, results)) as verdicts:
        async for verdict in verdicts:
            yield verdict


class Batch:
    """The plans as the fork server reads them; candidates that do not fit the tree are refused here.

    JSON: {"tree", "tmp": paths, "folder", "environ": pairs, "arguments", "roots", "is_runner", "memory_bytes",
    "check_wall_s", "cautious",
    "neighbours_s" (see LaneMemory; null: not known to hang),
    "checks": [{"ids", "max_failures", "slowest_s"}],
    "plans": [{"plan": number, "edits": [splice], "checks": [check numbers]}]};
    a splice is [path, first byte, end byte, replacement in base64].
    """

    def __init__(
        self, tree: Tree, plans: Sequence[ScreeningPlan], setup: LaneSetup, check_wall_s: float, memory: LaneMemory
    ) -> None:
        self.memory = memory
        self.tree = tree
        self.plans = plans
        self.setup = setup
        self.check_wall_s = check_wall_s
        self.refused = refused(tree, plans)
        self._checks: dict[tuple[tuple[str, ...], int, float], int] = {}
        self._lines: dict[int, dict[str, Any]] = {}
        for number, plan in enumerate(plans):
            if number not in self.refused:
                edits = [splice_of(tree, edit) for edit in plan.candidate.patch.edits]
                checks = [self._check(check, position) for position, check in enumerate(plan.checks)]
                self._lines[number] = {"plan": number, "edits": edits, "checks": checks}

    def _check(self, check: Check, position: int) -> int:
        known_as = (check.test_ids, failures_counted(position), check.slowest_s)
        return self._checks.setdefault(known_as, len(self._checks))

    def command(self, sandbox: Sandbox, numbers: Sequence[int], cautious: bool) -> Command:
        """The fork server's command for these plans; `cautious`: without importing anything beforehand."""
        library = library_of(sandbox)
        enter, leave = ENTER.format(library=library), LEAVE.format(library=library)
        anew = f"{enter}{CONTINUE}{leave}continue_anew(*map(int, sys.argv[1:]))"
        head = {
            "tree": sandbox.tree_path,
            "tmp": f"{sandbox.scratch_path}/temporary",
            "folder": self.setup.folder,
            "environ": self.setup.environ,
            "arguments": self.setup.arguments,
            "roots": self.setup.roots,
            "is_runner": self.setup.is_runner,
            "memory_bytes": self.setup.memory_bytes // 2,  # of one candidate: the lane's sum is watched, too
            "check_wall_s": self.check_wall_s,
            "cautious": cautious,
            "neighbours_s": self.memory.hanging.get(self._first_ids(numbers)),
            "checks": [
                {"ids": ids, "max_failures": failures, "slowest_s": slowest_s}
                for ids, failures, slowest_s in self._checks
            ],
            "plans": [self._lines[number] for number in numbers],
        }
        argv = (self.setup.python, "-c", f"{enter}{SERVE}{leave}main((sys.executable, '-c', {anew!r}))")
        return Command(argv, env=self.setup.env, stdin=json.dumps(head).encode())

    def remember(self, numbers: Sequence[int], neighbours_s: object) -> None:
        """Keeps what a lane said of the unedited tree when it was ready."""
        if isinstance(neighbours_s, float):
            self.memory.hanging[self._first_ids(numbers)] = neighbours_s

    def _first_ids(self, numbers: Sequence[int]) -> tuple[str, ...]:
        return self.plans[numbers[0]].checks[0].test_ids

    def limits(self, numbers: Sequence[int]) -> Limits:
        """Of one lane's whole command: more than its checks can take when each runs into its own limit."""
        checks = sum(len(self._lines[number]["checks"]) for number in numbers)
        wall_s = STARTING_S + (checks + 10) * (self.check_wall_s + 10.0)
        return Limits(wall_s=wall_s, memory_bytes=self.setup.memory_bytes)

    def screened(self, number: int, verdict: Mapping[str, object]) -> Screened:
        """A verdict line as the type it stands for; nonsense becomes a candidate that did not pass."""
        plan = self.plans[number]
        check, failed = verdict.get("check"), verdict.get("failed")
        reached = plan.checks[check].name if isinstance(check, int) and 0 <= check < len(plan.checks) else ""
        return Screened(
            plan.candidate,
            verdict.get("passed") is True,
            reached,
            tuple(str(test) for test in failed) if isinstance(failed, list) else (),
            str(verdict.get("detail", "")),
        )


@dataclass
class _Lane:
    """One worker: its share of the plans, on one sandbox after the other if they crash."""

    sandboxes: Sandboxes
    key: str
    batch: Batch
    left: list[int]  # plan numbers, in order
    results: Results
    cautious: bool = False
    ready: bool = False  # whether the server in the present sandbox got as far as its first candidate
    crashes_in_a_row: int = 0
    _tail: bytes = field(default=b"", repr=False)

    async def work(self) -> None:
        while self.left:
            before, was_cautious = len(self.left), self.cautious
            try:
                why = await self._serve()
            except SandboxCrashed as error:
                why = str(error)
            if not self.left or self.cautious != was_cautious:
                continue
            if self.ready:
                self._settle(self.left[0], {"detail": f"crashed the lane: {why}"})
            self.crashes_in_a_row = 0 if len(self.left) < before - 1 else self.crashes_in_a_row + 1
            if not self.ready and self.crashes_in_a_row > 1:
                raise EnvironmentBroken(
                    "The project's tests could not be started for screening. See the output; "
                    "the same environment ran the baseline, so this may be our fault.",
                    why,
                )
            # Whatever it was, it may come from sharing imports: from here on nothing is imported beforehand.
            self.cautious = True

    async def _serve(self) -> str:
        """Runs the server on what is left, in a sandbox of its own; says how it ended."""
        self.ready, self._tail = False, b""
        async with self.sandboxes.start(self.key) as sandbox:
            await sandbox.put_tree(self.batch.tree)
            for name in SENT_FILES:
                content = await asyncio.to_thread((INSIDE / name).read_bytes)
                await sandbox.put_file(f"{library_of(sandbox)}/fixbugs_inside/{name}", content)
            command = self.batch.command(sandbox, self.left, self.cautious)
            ended = await sandbox.run(command, self.batch.limits(self.left), self._hear)
        return _how(ended)

    def _hear(self, chunk: bytes) -> None:
        *lines, self._tail = (self._tail + chunk).split(b"\n")
        for line in lines:
            with suppress(ValueError, KeyError, TypeError):  # not a line of the server's
                message = json.loads(line)
                if "ready" in message:
                    self.ready = True
                    self.batch.remember(self.left, message.get("neighbours_s"))
                elif message.get("again") == "cautious":
                    self.cautious = True
                elif message["plan"] in self.left:
                    self._settle(message["plan"], message)

    def _settle(self, number: int, verdict: Mapping[str, object]) -> None:
        self.left.remove(number)
        self.results.put_nowait((number, self.batch.screened(number, verdict)))


def splice_of(tree: Tree, edit: FileEdit) -> list[str | int]:
    """The edit as bytes replaced in the tree's file: what two versions share at both ends is left out."""
    if edit.after is None:
        return [edit.path, REMOVED_FILE, 0, ""]
    if edit.before is None:
        return [edit.path, NEW_FILE, 0, b64encode(edit.after.encode()).decode()]
    old = tree.files[edit.path].content
    new = edit.after.encode(encoding_of(old) or "utf-8")
    start = _shared(old, new)
    end = _shared(old[start:][::-1], new[start:][::-1])
    return [edit.path, start, len(old) - end, b64encode(new[start : len(new) - end]).decode()]


def _shared(first: bytes, second: bytes) -> int:
    """How many bytes two texts share at their starts, found by halving: comparing slices is far quicker than bytes."""
    low, high = 0, min(len(first), len(second))
    while low < high:
        middle = (low + high + 1) // 2
        if first[low:middle] == second[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def library_of(sandbox: Sandbox) -> str:
    """Where the fork server's code lies in a sandbox."""
    return f"{sandbox.scratch_path}/library"


def _how(ended: Completed) -> str:
    tail = ended.stderr.decode("utf-8", "replace").strip()[-2000:]
    return f"{ended.ended.value}, exit code {ended.exit_code}{': ' + tail if tail else ''}"
