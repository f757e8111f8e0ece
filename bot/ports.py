"""What the core asks of the world: one Protocol per thing outside. Implementations live in adapters, never here.

Three kinds of port: where code and results live (`Code`, `Store`, `Publisher`, `Clock`), where untrusted code runs
(`Sandboxes` and `Sandbox`, low level; `Workbench`, which knows tests), and the solvers that answer a stage's question
(`Locator`, `Reproducer`, `Fixer`).
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Protocol

from bot.core.artifacts import (
    Analysis,
    CandidatePatch,
    CandidateTest,
    Dossier,
    Environment,
    Publication,
    Reproduction,
    Screened,
    Suspect,
)
from bot.core.evidence import Evidence
from bot.core.outcomes import GiveUp, RunRecord, StageOutcome, StageRecord
from bot.core.run import Commit, Run, StageName
from bot.core.testing import Collection, Isolation, TestCoverage, TestRun
from bot.core.tree import Tree

# ------------------------------------------------------------------ time


class Clock(Protocol):
    def now(self) -> datetime:
        """The time, in UTC."""

    def monotonic(self) -> float:
        """Seconds that only move forward."""


# ------------------------------------------------------------------ code


class Code(Protocol):
    """Repositories at rest. `repository` is a path or URL. Never runs anything from a repository.

    Raises InputError when the repository or ref cannot be used, Transient when a remote does not answer.
    """

    async def resolve(self, repository: str, ref: str) -> Commit: ...

    async def tree(self, repository: str, commit: str) -> Tree: ...

    async def ancestors(self, repository: str, commit: str, limit: int) -> tuple[Commit, ...]:
        """First-parent history, newest first, `commit` itself included."""

    async def notices(self, repository: str) -> tuple[str, ...]:
        """What the person should know about this repository ("has uncommitted changes, which are not seen")."""


# --------------------------------------------------------------- sandbox


@dataclass(frozen=True, slots=True)
class Limits:
    """What one command may use. `output_bytes` caps stdout and stderr each; the rest is drained and dropped."""

    wall_s: float = 60.0
    memory_bytes: int = 2 << 30
    processes: int = 256
    file_bytes: int = 256 << 20
    output_bytes: int = 2 << 20


@dataclass(frozen=True, slots=True)
class Command:
    """Argument vector, run in the tree's root (or `cwd` below it). `env` is all the environment there is, on top of
    PATH, HOME, LANG and the sandbox's own settings."""

    argv: tuple[str, ...]
    env: tuple[tuple[str, str], ...] = ()
    stdin: bytes = b""
    cwd: str = "."


class Ended(Enum):
    EXITED = "exited"
    TIMED_OUT = "timed out"
    MEMORY = "out of memory"
    KILLED = "killed"  # by a signal nobody here sent


@dataclass(frozen=True, slots=True)
class Completed:
    """How a command ended. `exit_code` is negative for a signal."""

    ended: Ended
    exit_code: int
    stdout: bytes
    stderr: bytes
    truncated: bool
    wall_s: float


class Sandbox(Protocol):
    """One started sandbox: a private writable tree, and commands run in it. Nothing outlives `close`."""

    @property
    def tree_path(self) -> str:
        """Where the tree lies, as commands inside see it."""

    @property
    def scratch_path(self) -> str:
        """A writable folder outside the tree, empty at the start, as commands inside see it."""

    async def put_tree(self, tree: Tree) -> None:
        """Replaces the whole tree."""

    async def put_file(self, path: str, content: bytes) -> None:
        """Writes one file; `path` is absolute, below the tree or the scratch folder."""

    async def run(
        self, command: Command, limits: Limits, on_stdout: Callable[[bytes], None] | None = None
    ) -> Completed:
        """Runs a command and, whatever happens, ends every process it left. `on_stdout` sees output as it comes
        (before the cap). Raises SandboxCrashed when the sandbox itself went away. Cancelling ends the command."""

    async def read(self, path: str, max_bytes: int) -> bytes | None:
        """One regular file below the tree or scratch folder (links not followed), cut at `max_bytes`; else None."""

    async def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Recipe:
    """How to build an environment: commands run once with network, in a copy of `tree_files`, as a build phase.

    The same `key` means the same environment, so builds are cached under it. `commands` may use {env} for the folder
    that is kept, {tree} for the tree and {python} for the base interpreter.
    """

    key: str
    commands: tuple[Command, ...]
    tree: Tree
    limits: Limits = field(default_factory=lambda: Limits(wall_s=900.0, memory_bytes=4 << 30, file_bytes=1 << 30))


@dataclass(frozen=True, slots=True)
class Built:
    """A built environment. `path` is where it lies as commands inside a sandbox see it."""

    key: str
    path: str
    cached: bool
    build_s: float
    output_tail: str


class Sandboxes(Protocol):
    """A way of isolating code: builds environments and starts sandboxes on them."""

    @property
    def isolation(self) -> Isolation: ...

    @property
    def enforced(self) -> tuple[str, ...]:
        """What it enforces, one plain phrase each ("no network", "host files hidden", …)."""

    async def build(self, recipe: Recipe) -> Built:
        """Raises EnvironmentBroken with the output's tail when a command fails."""

    def start(self, key: str) -> AbstractAsyncContextManager[Sandbox]:
        """A fresh sandbox on the environment built under this key."""


# ------------------------------------------------------------- workbench


@dataclass(frozen=True, slots=True)
class ScriptRun:
    """A short script run in the project's environment: how it ended and what it printed."""

    ended: Ended
    exit_code: int
    stdout: str
    stderr: str


@dataclass(frozen=True, slots=True)
class Check:
    """Tests that must all pass. `name` is for people: "failing test", "covering tests", "suite"."""

    name: str
    test_ids: tuple[str, ...]


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

    async def prepare(self, tree: Tree) -> Environment:
        """Finds how the project is tested, builds its environment (cached), collects its tests. No baseline yet."""

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


# --------------------------------------------------------------- solvers


@dataclass(frozen=True, slots=True)
class LocateQuestion:
    """Where may the cause be? `coverage` and `failing_ids` are empty until a failing test exists."""

    tree: Tree
    analysis: Analysis
    texts: tuple[str, ...]
    coverage: tuple[TestCoverage, ...] = ()
    failing_ids: tuple[str, ...] = ()
    passing_ids: tuple[str, ...] = ()


class Locator(Protocol):
    """Names suspects, most suspect first. Pure; an empty answer means it has nothing to say."""

    name: str

    def locate(self, question: LocateQuestion) -> Sequence[Suspect]: ...


@dataclass(frozen=True, slots=True)
class ReproduceQuestion:
    """Which test shows the bug? `collection` is what the runner finds at the base commit."""

    tree: Tree
    dossier: Dossier
    analysis: Analysis
    collection: Collection
    runner: str


class Reproducer(Protocol):
    """Proposes candidate tests, most faithful first. Pure."""

    name: str

    def propose(self, question: ReproduceQuestion) -> Sequence[CandidateTest]: ...


@dataclass(frozen=True, slots=True)
class FixQuestion:
    """Which change makes the failing test pass? The tree holds the failing test; `writable` says which paths a fix
    may touch."""

    tree: Tree
    reproduction: Reproduction
    suspects: tuple[Suspect, ...]
    coverage: tuple[TestCoverage, ...]
    writable: Callable[[str], bool]


class Fixer(Protocol):
    """Proposes candidate patches, most suspicious × most plausible first, lazily. Pure."""

    name: str

    def propose(self, question: FixQuestion) -> Iterator[CandidatePatch]: ...

    def pairs(self, question: FixQuestion, seeds: Sequence[CandidatePatch]) -> Iterator[CandidatePatch]:
        """Combinations of two single edits, for when no single edit was enough. May yield nothing."""


# ----------------------------------------------------------------- store


@dataclass(frozen=True, slots=True)
class Claim:
    """A worker's right to run one stage, until the lease ends. A higher fence is a later claim; only the latest
    claim may finish."""

    run_id: str
    stage: StageName
    fence: int
    attempt: int


class Store(Protocol):
    """The truth about runs."""

    async def create(self, run: Run, stages: Sequence[StageName]) -> None: ...

    async def load(self, run_id: str) -> RunRecord: ...

    async def claim(self, run_id: str, stage: StageName, lease_s: float) -> Claim | None:
        """None when somebody else holds a live lease, or the stage has ended."""

    async def renew(self, claim: Claim, lease_s: float) -> bool:
        """False when the claim was lost."""

    async def finish(
        self,
        claim: Claim,
        record: StageRecord,
        outcome: StageOutcome | None,
        evidence: Sequence[Evidence],
    ) -> bool:
        """Saves how a stage ended, its artifact and its evidence in one atomic step; False (and nothing saved) when
        the claim was lost. An outcome of None is a failed attempt: the stage may be claimed again unless the record's
        state says FAILED."""

    async def give_up(self, run_id: str, reason: GiveUp) -> None:
        """Ends a run from outside, when a person stops it; no effect when its verdict is certain already."""


# ------------------------------------------------------------- publisher


class Publisher(Protocol):
    """Writes the result where the person asked."""

    async def publish(self, record: RunRecord) -> Publication: ...


class Progress(Protocol):
    """Hears of a run as it happens. Must not raise or block."""

    def stage_changed(self, run_id: str, record: StageRecord) -> None: ...

    def finding(self, run_id: str, stage: StageName, text: str) -> None: ...


# ------------------------------------------------------------------ deps


@dataclass(frozen=True)
class Deps:
    """Everything outside, bundled; built in `bot.wiring` only."""

    clock: Clock
    code: Code
    store: Store
    workbench: Workbench
    publisher: Publisher
    progress: Progress
    locators: tuple[Locator, ...]
    reproducers: tuple[Reproducer, ...]
    fixers: tuple[Fixer, ...]
