"""Where untrusted code runs, at the level of commands and files. Knows nothing of tests."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol

from bot.core.testing import Isolation
from bot.core.tree import Tree


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
class Service:
    """A server that the project's tests talk to (a database, a cache), as a container beside the sandbox's.

    `name` is what it is called on their network, `image` a whole image name, `env` its own environment. `ports` are
    those that it listens on, which tests may also expect at localhost. `health` is a shell command run inside it that
    ends with 0 as soon as it can be used ("" for none). All of it comes from the repository: whether an image may be
    used is the operator's decision.
    """

    name: str
    image: str
    env: tuple[tuple[str, str], ...] = ()
    ports: tuple[int, ...] = ()
    health: str = ""


@dataclass(frozen=True, slots=True)
class Recipe:
    """How to build an environment: commands run once with network, in a copy of `tree_files`, as a build phase.

    The same `key` means the same environment, so builds are cached under it. `commands` may use {env} for the folder
    that is kept, {tree} for the tree and {python} for the base interpreter. `image` is what a container starts from:
    a kind of base ("python", "node", …) or a whole image name; without containers it means nothing. Downloads are kept
    for the next build of the same `owner`. `services` run beside each sandbox that is started on the environment.
    """

    key: str
    commands: tuple[Command, ...]
    tree: Tree
    image: str = "python"
    owner: str = ""
    limits: Limits = field(default_factory=lambda: Limits(wall_s=900.0, memory_bytes=4 << 30, file_bytes=1 << 30))
    services: tuple[Service, ...] = ()


@dataclass(frozen=True, slots=True)
class Built:
    """A built environment. `path` is where it lies as commands inside a sandbox see it; `notes` say what of the recipe
    it lacks."""

    key: str
    path: str
    cached: bool
    build_s: float
    output_tail: str
    notes: tuple[str, ...] = ()


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
