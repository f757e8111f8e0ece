"""Keeps child processes running: what `fixbugs up` and `fixbugs worker --processes` are made of. What the children do,
and what people read at the start, belongs to the commands."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from types import FrameType

LOOK_S = 0.2
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 30.0
STABLE_S = 60.0  # a child that ran for so long starts again at once, should it die
EARLY_S = 15.0
UNUSABLE = 2  # the exit code of a child that was given something wrong: starting it again does not help
PR_SET_PDEATHSIG = 1


@dataclass(frozen=True, slots=True)
class Child:
    """One program to keep running. `stop_s`: how long it may take to end by itself. `wanted` says whether it should run
    yet. Children that `outlive` the others are stopped after them."""

    name: str
    argv: tuple[str, ...]
    environ: Mapping[str, str] | None = None
    stop_s: float = 15.0
    wanted: Callable[[], bool] = lambda: True
    outlives: bool = False


@dataclass
class _Kept:
    child: Child
    process: subprocess.Popen[bytes] | None = None
    since: float = 0.0
    due: float = 0.0
    pause_s: float = FIRST_PAUSE_S


@dataclass
class Supervisor:
    """Starts the children in the order given. Each gets a session of its own, so that Ctrl-C reaches us alone and what
    a child leaves behind can be ended with it; each ends, as far as the system can see to that, when we are killed."""

    children: Sequence[Child]
    say: Callable[[str], None] = lambda text: print(text, file=sys.stderr, flush=True)
    _stopping: bool = field(default=False, init=False)

    def run(self, started: Callable[[], None] = lambda: None) -> int:
        """Until SIGINT, SIGTERM or SIGHUP (0), or until a child refuses right after the start (its exit code).
        `started` is called once, after the first look at the children. Call it in the main thread."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._heed)
        begun = time.monotonic()
        kept = [_Kept(child) for child in self.children]
        told = False
        try:
            while not self._stopping:
                for one in kept:
                    refused = self._look(one, early=time.monotonic() - begun < EARLY_S)
                    if refused is not None:
                        return refused
                if not told:
                    told = True
                    started()
                time.sleep(LOOK_S)
            return 0
        finally:
            self._stop([one for one in kept if not one.child.outlives])
            self._stop([one for one in kept if one.child.outlives])

    def _heed(self, number: int, frame: FrameType | None) -> None:
        self._stopping = True

    def _look(self, one: _Kept, *, early: bool) -> int | None:
        """Starts the child if it should run and does not. Its exit code when that makes no sense."""
        now = time.monotonic()
        if one.process is None:
            if now >= one.due and one.child.wanted() and not self._stopping:
                one.process, one.since = _spawn(one.child), now
            return None
        code = one.process.poll()
        if code is None:
            return None
        _kill_group(one.process)
        one.process = None
        if code == UNUSABLE and early:
            return code
        one.pause_s = FIRST_PAUSE_S if now - one.since >= STABLE_S else min(LONGEST_PAUSE_S, one.pause_s * 2)
        one.due = now + one.pause_s
        how = f"signal {-code}" if code < 0 else f"exit code {code}"
        self.say(f"fixbugs: {one.child.name} ended ({how}); it is started again in {one.pause_s:.0f} s.")
        return None

    def _stop(self, kept: Sequence[_Kept]) -> None:
        """Asks all to end, waits, and ends what did not."""
        running = [(one.child, one.process) for one in kept if one.process is not None]
        for _, process in running:
            with suppress(ProcessLookupError):
                process.terminate()
        begun = time.monotonic()
        for child, process in running:
            try:
                process.wait(max(0.1, child.stop_s - (time.monotonic() - begun)))
            except subprocess.TimeoutExpired:
                self.say(f"fixbugs: {child.name} did not end within {child.stop_s:.0f} s and is killed.")
            _kill_group(process)
            process.wait()


def _spawn(child: Child) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        child.argv,
        env=None if child.environ is None else dict(child.environ),
        stdin=subprocess.DEVNULL,
        start_new_session=True,
        preexec_fn=_ending_with_parent(),  # noqa: PLW1509 (this process has one thread)
    )


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    """Ends a child and all that is left in its session's first group."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)


def _ending_with_parent() -> Callable[[], None] | None:
    """What makes a child get SIGTERM when its parent dies; Linux only."""
    if not sys.platform.startswith("linux"):
        return None
    try:
        prctl = ctypes.CDLL(None, use_errno=True).prctl
    except (OSError, AttributeError):
        return None

    def ask() -> None:
        prctl(PR_SET_PDEATHSIG, signal.SIGTERM)

    return ask
