"""The contract between the workbench and a language: what to build, what to run, where the report lies. Nothing here
or in the workbench knows a particular language; nothing in a toolchain starts anything.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from bot.core.policy import Wishes
from bot.core.testing import Basis
from bot.core.tree import Tree
from bot.ports import AS_FOUND, Command, Recipe
from sandbox.oracle import Canary
from sandbox.screening import LaneSetup

Settings = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Detection:
    """How a project is tested. `settings` is what later steps want to remember, `notes` are for people; `basis` is what
    results will rest on."""

    runner: str
    settings: Settings
    notes: tuple[str, ...] = ()
    basis: Basis = Basis.OUR_REPORTER


@dataclass(frozen=True, slots=True)
class BuildReport:
    """What a build found out, beside the environment itself. `generated` are files that the build writes into the tree
    and that the code needs (a version file, a compiled module), path and bytes."""

    settings: Settings = ()
    notes: tuple[str, ...] = ()
    generated: tuple[tuple[str, bytes], ...] = ()


@dataclass(frozen=True, slots=True)
class Place:
    """Where things lie, as commands inside see it."""

    environment: str
    tree: str
    scratch: str


class Mode(Enum):
    COLLECT = "collect"
    RUN = "run"


@dataclass(frozen=True, slots=True)
class Request:
    """Tests to collect or run. `files` are paths in the tree (empty: wherever the project keeps its tests); `ids` are
    kept of what they hold (None: all). `key` authenticates the report."""

    mode: Mode
    files: tuple[str, ...]
    ids: tuple[str, ...] | None
    key: bytes
    wall_s: float
    test_limit_s: float
    coverage: bool = False


@dataclass(frozen=True, slots=True)
class Session:
    """A run, ready to start: files to put (absolute path, bytes), the command, and where its report will lie.

    The report is what `sandbox.oracle` reads. A line of stdout that starts with `live_prefix` is an event as well.
    A command of the project's own (`basis`) has no `canaries`.
    """

    files: tuple[tuple[str, bytes], ...]
    command: Command
    report_path: str
    coverage_path: str
    live_prefix: bytes
    canaries: tuple[Canary, ...]
    basis: Basis = Basis.OUR_REPORTER


@dataclass(frozen=True, slots=True)
class Selection:
    """Ids that targets stand for, and the targets that stand for nothing, each with a reason."""

    ids: tuple[str, ...]
    unknown: tuple[tuple[str, str], ...] = ()


class Toolchain(Protocol):
    """One language's way of building and testing. Pure: every method only looks at its arguments."""

    @property
    def name(self) -> str: ...

    def detect(self, tree: Tree, wishes: Wishes = AS_FOUND, paths: Sequence[str] = ()) -> Detection | None:
        """How this project is tested, or None when it is not of this language. `paths` say which of several projects
        is meant (see `Workbench.prepare`)."""

    def recipe(self, tree: Tree, detection: Detection) -> Recipe: ...

    def report_command(self, place: Place) -> Command:
        """Prints what `read_report` reads, in a finished environment."""

    def read_report(self, printed: bytes) -> BuildReport: ...

    def session(self, place: Place, settings: Settings, request: Request) -> Session: ...

    def without_project_options(self, settings: Settings, output: str) -> Settings | None:
        """Settings to try again with when a runner would not start because of the project's own options."""

    def files_for(self, tree: Tree, targets: Sequence[str]) -> tuple[str, ...]:
        """The files to collect for these targets; empty when one of them could be anywhere."""

    def file_of(self, test_id: str) -> str:
        """The path of the file that holds a test, from its id; "" where the id does not tell."""

    def select(self, targets: Sequence[str], ids: Sequence[str], tree: Tree) -> Selection: ...

    def script(self, place: Place, settings: Settings, code: str) -> tuple[Command, tuple[tuple[str, bytes], ...]]:
        """A command that runs source code in the environment, and the files it needs."""

    def lane(self, environment_path: str, settings: Settings, memory_bytes: int) -> LaneSetup | None:
        """How screening starts this project's tests in a fork server; None where there is none for this language:
        then each candidate's tests are run as a session."""

    def person_command(self, settings: Settings, test_ids: Sequence[str]) -> str:
        """What a person types in their checkout."""
