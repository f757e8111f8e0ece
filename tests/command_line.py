"""The `fixbugs` command as its users start it, and small git repositories to start it on. No assertions here."""

from __future__ import annotations

import ctypes
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from at_hand import NO_NAMESPACES

ROOT = Path(__file__).parent.parent
SANDBOX = ("--sandbox", "none", "--unsafe-local") if NO_NAMESPACES else ("--sandbox", "namespace")
PR_SET_CHILD_SUBREAPER = 36
LONGEST_S = 280

PRICING = '''\
"""Prices."""


def discount(total, threshold=100):
    """Ten percent off from the threshold on."""
    if total > threshold:
        return total * 0.9
    return total


def shipping(total):
    return 0 if discount(total) >= 50 else 5
'''
FIXED_PRICING = PRICING.replace("total > threshold", "total >= threshold")
TESTS = """\
from pricing import discount, shipping


def test_totals_just_below_pay_in_full():
    assert discount(99.5) == 99.5


def test_large_totals_get_ten_percent():
    assert discount(200) == 180


def test_shipping_is_free_for_large_orders():
    assert shipping(60) == 0
"""
RED_ID = "tests/test_rates.py::test_a_hundred_counts_as_large"
RATES = "def is_large(total):\n    return total > 100\n"
FIXED_RATES = "def is_large(total):\n    return total >= 100\n"
RED_TESTS = """\
from rates import is_large


def test_a_hundred_counts_as_large():
    assert is_large(100) is True


def test_just_below_does_not():
    assert is_large(99.5) is False
"""
SHOP = {"pricing.py": PRICING, "tests/test_pricing.py": TESTS}
RED_SHOP = {"rates.py": RATES, "tests/test_rates.py": RED_TESTS}
ISSUE = """\
# No discount at exactly 100

```python
from pricing import discount
discount(100)
```

I expected `90.0`, got `100`.
"""
THIN = "# It is broken\n\nThe discount does not work as it should.\n"


def commit(folder: Path, files: Mapping[str, str | bytes], message: str = "Price things") -> str:
    """Writes these files, commits everything in the folder (a repository from now on), and returns the hash."""
    for path, content in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content.encode() if isinstance(content, str) else content)
    if not (folder / ".git").exists():
        git(folder, "init", "--quiet", "--initial-branch=main")
    git(folder, "add", "--all")
    git(folder, "-c", "user.name=Ada", "-c", "user.email=ada@example.org", "commit", "--quiet", "-m", message)
    return git(folder, "rev-parse", "HEAD").strip()


def git(folder: Path, *arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True, text=True).stdout


def everything_in(folder: Path) -> dict[str, tuple[int, int, bytes]]:
    """Mode, time of change and content of all that lies in a folder, `.git` included."""
    found = {}
    for path in sorted(folder.rglob("*")):
        stat = path.lstat()
        found[str(path.relative_to(folder))] = (
            stat.st_mode,
            stat.st_mtime_ns,
            path.read_bytes() if path.is_file() else b"",
        )
    return found


@dataclass(frozen=True)
class Ran:
    """A finished command. `cpu_s` is what it and all that it waited for took of the processors; `out_dir` is where it
    was told to put its results."""

    code: int
    out: str
    err: str
    wall_s: float
    cpu_s: float
    out_dir: Path

    @property
    def report(self) -> Any:
        return json.loads((self.out_dir / "report.json").read_text(encoding="utf-8"))

    @property
    def verdict(self) -> str:
        return str(self.report["verdict"]["name"])

    @property
    def files(self) -> list[str]:
        return sorted(path.name for path in self.out_dir.iterdir())


@dataclass(frozen=True)
class CommandLine:
    """Starts `fixbugs run` with one cache, and results in a folder of the test's own."""

    cache_dir: Path
    out_dir: Path

    def argv(self, repository: Path, *arguments: str | Path) -> list[str]:
        given = (
            sys.executable,
            "-m",
            "bot.cli",
            "run",
            "--repo",
            repository,
            "--out",
            self.out_dir,
            *SANDBOX,
            *arguments,
        )
        return [str(argument) for argument in given]

    @property
    def environ(self) -> dict[str, str]:
        return {**os.environ, "FIXBUGS_CACHE_DIR": str(self.cache_dir), "PYTHONPATH": str(ROOT)}

    def run(self, repository: Path, *arguments: str | Path, stdin: bytes = b"") -> Ran:
        started, before_s = time.monotonic(), _children_s()
        done = subprocess.run(
            self.argv(repository, *arguments),
            input=stdin,
            capture_output=True,
            env=self.environ,
            timeout=LONGEST_S,
            check=False,
        )
        wall_s = time.monotonic() - started
        cpu_s = _children_s() - before_s
        return Ran(done.returncode, done.stdout.decode(), done.stderr.decode(), wall_s, cpu_s, self.out_dir)

    @contextmanager
    def started(self, repository: Path, *arguments: str | Path) -> Iterator[subprocess.Popen[str]]:
        """The command while it runs, its output in pipes; ended by force should it still run afterwards."""
        process = subprocess.Popen(
            self.argv(repository, *arguments),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            text=True,
            env=self.environ,
        )
        try:
            with process:
                yield process
                if process.poll() is None:
                    process.kill()
        finally:
            process.kill()


@contextmanager
def orphans_come_here() -> Iterator[None]:
    """Whatever a command leaves running becomes a child of this process, where `left_running` finds it."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    try:
        yield
    finally:
        libc.prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)


def left_running(within_s: float = 10.0) -> list[str]:
    """The command lines of this process's children that are still alive after that long; the dead ones are buried."""
    until = time.monotonic() + within_s
    while True:
        with suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG) != (0, 0):
                pass
        found = [line for pid in _children() if (line := _command_line(pid))]
        alive = [line for line in found if "/fixbugs-redis-" not in line]  # the tests' own server lives on
        if not alive or time.monotonic() > until:
            return alive
        time.sleep(0.05)


def _children_s() -> float:
    """Processor time of the children that have ended, theirs included."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _children() -> list[int]:
    tasks = Path("/proc/self/task").iterdir()
    return [int(pid) for task in tasks for pid in (task / "children").read_text().split()]


def _command_line(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
    except OSError:
        return ""
