"""Where things lie inside a local sandbox, and how its agent is started without any isolation.

Starting it inside namespaces belongs to `sandbox.bubblewrap`.
"""

from __future__ import annotations

import contextlib
import secrets
import sys
from dataclasses import dataclass
from pathlib import Path

import sandbox.agent.__main__  # noqa: F401 (leaves the agent's modules compiled, for every start to find)
from sandbox.process_pipe import COOKIE, Launch

PACKAGE = Path(__file__).resolve().parent  # the folder that holds the agent
BOOT = "import sys; sys.path.insert(0, sys.argv.pop(1)); from sandbox.agent.__main__ import main; sys.exit(main())"


@dataclass(frozen=True, slots=True)
class Place:
    """Paths as commands inside see them. `root` holds the sandbox's own writable folders."""

    root: str
    environment: str
    python: str
    temporary: str
    tools: str  # where a build finds programs that are ours

    @property
    def tree(self) -> str:
        return f"{self.root}/tree"

    @property
    def scratch(self) -> str:
        return f"{self.root}/scratch"

    @property
    def home(self) -> str:
        return f"{self.root}/home"

    @property
    def folders(self) -> tuple[str, ...]:
        return (self.tree, self.scratch, self.home, self.temporary)

    def environ(self) -> dict[str, str]:
        """The environment that every command starts from."""
        path = f"{self.environment}/bin:{self.tools}:/usr/bin:/bin"
        return {"PATH": path, "HOME": self.home, "TMPDIR": self.temporary, "LANG": "C.UTF-8"}

    def fill(self, text: str) -> str:
        """`text` with {env}, {tree} and {python} replaced."""
        for name, value in (("{env}", self.environment), ("{tree}", self.tree), ("{python}", self.python)):
            text = text.replace(name, value)
        return text


def agent_argv(python: str, package_root: str, place: Place) -> tuple[str, ...]:
    """Runs the agent found below `package_root`. -I -S -B: nothing of the interpreter's site, user or environment."""
    return (python, "-I", "-S", "-B", "-c", BOOT, package_root, *place.folders)


def plain_launch(place: Place) -> Launch:
    """The agent as a plain process of ours: limits, but no isolation."""
    token = secrets.token_hex(16)
    environ = ((COOKIE, token), ("PATH", "/usr/bin:/bin"), ("LANG", "C.UTF-8"))
    argv = agent_argv(place.python, str(PACKAGE.parent), place)
    return Launch(argv, environ, (), self_contained=False, token=token)


def base_interpreter() -> Path:
    """The interpreter that this process's own environment was made from."""
    base: str = getattr(sys, "_base_executable", sys.executable)
    return Path(base).resolve()


def tasks_of(uid: int) -> int | None:
    """How many processes and threads the kernel counts for this user already; None where it cannot be told."""
    total = 0
    try:
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                with contextlib.suppress(OSError, ValueError):
                    if entry.stat().st_uid == uid:
                        total += sum(1 for _ in (entry / "task").iterdir())
    except OSError:
        return None
    return total
