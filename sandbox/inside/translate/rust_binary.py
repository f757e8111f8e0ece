"""One Rust test binary: lists its tests, and runs some of them in a process, one after the other, with a clock on each.
Building it belongs to `rust_build`, what to believe of a process to `binaries`.
"""

from __future__ import annotations

import re
import signal
import time
from typing import TYPE_CHECKING

from .binaries import Played
from .rust_output import Describer, Reading
from .wrapper import Child

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .rust_targets import Package, Target
    from .wrapper import Patience

TESTS_FAILED = 101  # libtest's exit code
LISTED = re.compile(r"^(\S+): test$", re.M)
LIST_BYTES = 64 << 20


class RustBinary:
    """Implements `binaries.Binary`. `controls` are the names of ours in it; `tests` is to be filled in."""

    def __init__(self, tree: str, root: str, package: Package, target: Target, controls: Sequence[str]) -> None:
        self.path = target.source
        self.tests: dict[str, str] = {}
        self.files = [target.source]
        self.env: Mapping[str, str] = {}
        self._program, self._controls = target.program, list(controls)
        self._where = f"{tree}/{package.folder}"
        self._describer = Describer(tree, (root, package.folder))
        self._variables = {
            "CARGO_MANIFEST_DIR": self._where.rstrip("/"),
            "CARGO_PKG_NAME": package.name,
            "CARGO_PKG_VERSION": package.version,
        }

    def listed(self, ends_at: float) -> tuple[list[str], str]:
        """The names of its tests; why there are none, where it would not say."""
        child = Child([self._program, "--list"], cwd=self._where, env=self._environ(), keep_bytes=LIST_BYTES)
        in_time = child.finish(ends_at)
        text = child.output.decode("utf-8", "replace")
        if not in_time or child.code != 0:
            how = "it did not end" if not in_time else how_it_ended(child.code)
            return [], f"the test binary does not list its tests ({how}):\n{text[-4000:]}"
        return LISTED.findall(text), ""

    def play(self, names: Sequence[str], patience: Patience) -> Played:
        every = [*self._controls, *names]
        reading = Reading(every)
        started = time.monotonic()
        arguments = ["--exact", "--test-threads=1", "--color=never", *every]
        child = Child([self._program, *arguments], cwd=self._where, env=self._environ())
        limit_s = watch(child, reading, patience)
        proper = child.code == TESTS_FAILED and reading.fits() and not limit_s
        played = Played({}, twice=reading.twice, proper=proper, timed_out=limit_s > 0, output=child.output)
        played.verdicts = reading.verdicts(started, self._describer)
        played.how = how_it_ended(child.code)
        if not proper and reading.announced:
            played.running = reading.announced[-1]
            played.verdicts.pop(played.running)
        if not proper:
            played.death = self._describer.death(reading.since(), played.how, limit_s)
        return played

    def _environ(self) -> dict[str, str]:
        return {**self.env, **self._variables}


def how_it_ended(code: int) -> str:
    return f"exit code {code}" if code >= 0 else f"signal {signal.Signals(-code).name}"


def watch(child: Child, reading: Reading, patience: Patience) -> float:
    """Reads it to its end; the limit that a test broke, so that the process had to be ended, or 0. A test is announced
    and judged on one line, so the clock starts with the line before."""
    limit_s, seen, since = patience.limit_s(), 0, time.monotonic()
    broken_s = 0.0
    for line in child.lines():
        if line is not None:
            reading.take(line)
        if reading.twice:
            child.signal(signal.SIGKILL)  # nothing of it will be believed
        now = time.monotonic()
        if len(reading.announced) != seen:
            limit_s, seen, since = patience.limit_s(), len(reading.announced), now
        elif not broken_s and now > since + limit_s:
            broken_s = limit_s
            child.signal(signal.SIGKILL)
    return broken_s
