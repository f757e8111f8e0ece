"""One Go test binary: runs some of its tests in a process, with a clock on each of them. Building it belongs to
`go_build`, what to believe of a process to `binaries`.
"""

from __future__ import annotations

import contextlib
import json
import re
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING

from .binaries import Played
from .go_output import Describer, Reading
from .wrapper import TESTS_FAILED, Child, read_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .go_packages import Package
    from .wrapper import Patience

MAX_PROFILE = 64 << 20
DUMP_S = 2.0  # to print where every goroutine is
LOAD_LIMITS = 3.0  # how many times a test's limit all that comes before the first test may take
FRAMED = (1, 20)  # since this Go, markers are told from what tests print
COVERED = re.compile(r"^(.+\.go):(\d+)\.\d+,(\d+)\.\d+ \d+ ([1-9]\d*)$", re.M)


class Coverage:
    """Appends what tests executed to a file, as `oracle.read_coverage` reads it. `folders` maps import paths to folders
    in the tree."""

    def __init__(self, path: str, profile: str, folders: Mapping[str, str]) -> None:
        self.path, self.profile, self._folders = path, profile, folders

    def note(self, ids: Sequence[str]) -> None:
        """What the process that ran these tests left behind; a process that panicked leaves nothing."""
        text = read_text(self.profile, MAX_PROFILE)
        with contextlib.suppress(OSError):
            Path(self.profile).unlink()
        lines: dict[str, list[int]] = {}
        for name, start, stop, _ in COVERED.findall(text):
            package, _, base = name.rpartition("/")
            if package in self._folders:
                lines.setdefault(f"{self._folders[package]}/{base}".lstrip("/"), []).extend((int(start), int(stop)))
        with Path(self.path).open("a", encoding="utf-8") as file:
            for test_id in ids if lines else ():
                file.write(json.dumps({"id": test_id, "lines": lines}) + "\n")


class GoBinary:
    """Implements `binaries.Binary`. `controls` are the names of ours in it."""

    def __init__(
        self, package: Package, program: str, tree: str, controls: Sequence[str], version: tuple[int, int]
    ) -> None:
        self.path = package.folder or "."
        self.tests = package.tests
        self.files = package.files
        self.env: Mapping[str, str] = {}
        self.coverage: Coverage | None = None
        self._program, self._controls = program, list(controls)
        self._where = f"{tree}/{package.folder}"
        self._framed = version >= FRAMED
        self._describer = Describer(tree, package.folder)

    def play(self, names: Sequence[str], patience: Patience) -> Played:
        every = [*self._controls, *names]
        arguments = ["-test.v=test2json" if self._framed else "-test.v", "-test.parallel=1", "-test.timeout=0"]
        if self.coverage is not None:
            arguments.append(f"-test.coverprofile={self.coverage.profile}")
        arguments.append(f"-test.run=^({'|'.join(every)})$")
        reading = Reading(every, self._framed, self._describer.failures)
        child = Child([self._program, *arguments], cwd=self._where, env=self.env)
        limit_s = watch(child, reading, patience)
        timed_out = limit_s > 0
        proper = child.code == TESTS_FAILED and reading.last == b"FAIL" and not timed_out
        played = Played(reading.verdicts, reading.running, reading.twice, proper, timed_out, output=child.output)
        played.how = f"exit code {child.code}" if child.code >= 0 else f"signal {-child.code}"
        if not proper:
            played.death = self._describer.death(reading.text(), reading.running)
        if timed_out:
            played.death = self._describer.late(reading.text(), limit_s, reading.running)
        if self.coverage is not None:
            self.coverage.note([self.tests[name] for name in names])
        return played


def watch(child: Child, reading: Reading, patience: Patience) -> float:
    """Reads it to its end; the limit that a test broke, so that the process had to be ended, or 0."""
    limit_s, seen, since = LOAD_LIMITS * patience.limit_s(), 0, time.monotonic()
    late_at = 0.0
    for line in child.lines():
        if line is not None:
            reading.take(line)
        if reading.twice:
            child.signal(signal.SIGKILL)  # nothing of it will be believed
        now = time.monotonic()
        if late_at:
            if now > late_at + DUMP_S:
                child.signal(signal.SIGKILL)
        elif reading.begun != seen:
            limit_s, seen, since = patience.limit_s(), reading.begun, now
        elif now > since + limit_s:
            late_at = now
            child.signal(signal.SIGQUIT)  # Go prints where every goroutine is, and ends
    reading.close()
    return limit_s if late_at else 0.0
