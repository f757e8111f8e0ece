"""The common part of every wrapper: takes the request, hides the key, runs children, writes events, ends. What a runner
prints, and what it means, belongs to the file of its language.

A wrapper holds the key and runs nothing of the repository itself. What it starts is another process, which can neither
read the wrapper's memory (it is not dumpable) nor its stdin (it was read to its end before). In order:

    request, report = begin()            # `request` is the host's JSON without the key
    report.start("go", version="1.19")
    report.collected(ids)
    report.canaries(ids_of_our_own)
    child = Child(argv, cwd=tree)        # as often as needed
    for line in child.lines(): ...       # None: a moment passed without output
    report.begin(test_id)
    report.test(Result(test_id, PASSED, duration_s=0.01))
    report.end(status)                   # never returns; the process ends with this status

`status` is TESTS_FAILED if and only if the runner itself said that tests failed, which it must, since controls of ours
fail. A wrapper that sees anything that does not fit ends with NOT_HONEST, and the oracle believes nothing of the run.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import select
import signal
import stat
import subprocess
import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..events import emitter
from ..failures import MAX_FRAMES, MAX_MESSAGE, MAX_TEXT, middle_cut

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping, Sequence
    from typing import NoReturn

    from ..events import Emit, Event

PR_SET_DUMPABLE = 4
COLLECTED = 0  # what a run that was only to list the tests ends with
TESTS_FAILED = 1  # what a run in which our control tests failed as they must ends with
NOT_HONEST = 3  # a control test, or the way the runner ended, does not fit
NOT_STARTED = 4  # the runner could not be started at all
PASSED, FAILED, SKIPPED, ERROR = "passed", "failed", "skipped", "error"

CHUNK_BYTES = 1 << 16
LINE_BYTES = 1 << 16  # what is longer is cut
TAIL_BYTES = 6000
TICK_S = 0.05  # a moment without output
DRAIN_S = 1.0  # for the last output of a process that is gone, while something it left still holds the pipe
MIN_LIMIT_S = 1.0
SHARE = 0.3  # of the time that is left: hanging tests can never use up the time of all that follow


@dataclass
class Result:
    """How one test ended. `outcome` is PASSED, FAILED, SKIPPED or ERROR (before or after the test's own code).
    `failures` are from `failure()`. A test that ran too long is FAILED and `timed_out`."""

    id: str
    outcome: str
    duration_s: float = 0.0
    failures: list[Event] = field(default_factory=list)
    timed_out: bool = False


def failure(kind: str, message: str, text: str, frames: Sequence[Event] = (), phase: str = "call") -> Event:
    """One failure as data; frames are {"path", "line", "function", "code"}, outermost first, paths in the tree."""
    shown = list(frames)
    if len(shown) > MAX_FRAMES:
        shown = shown[:10] + shown[10 - MAX_FRAMES :]
    return {
        "phase": phase,
        "type": kind,
        "message": middle_cut(message, MAX_MESSAGE),
        "text": middle_cut(text, MAX_TEXT),
        "frames": shown,
    }


class Report:
    """Writes the oracle's events; see `sandbox.oracle`. `tail` is what people see of the runner's own output."""

    def __init__(self, emit: Emit) -> None:
        self._emit = emit
        self._ran = 0
        self._collected = 0

    def start(self, runner: str, **versions: str) -> None:
        self._emit({"event": "start", "runner": runner, **versions})

    def collect_error(self, where: str, kind: str, message: str, text: str) -> None:
        """`where` is the path of the file (or folder) that could not be read or built, or a test's id."""
        event = {"event": "collect_error", "id": where, "type": kind, "message": middle_cut(message, MAX_MESSAGE)}
        self._emit({**event, "text": middle_cut(text, MAX_TEXT)})

    def collected(self, ids: Sequence[str], deselected: Sequence[str] = ()) -> None:
        """The tests that will run; once. `deselected` were found, but left out by the project's settings."""
        self._collected = len(ids)
        self._emit({"event": "collected", "ids": list(ids), "deselected": list(deselected)})

    def canaries(self, ids: Sequence[str]) -> None:
        self._emit({"event": "canaries", "ids": list(ids)})

    def begin(self, test_id: str) -> None:
        self._emit({"event": "begin", "id": test_id}, live=True)

    def test(self, result: Result) -> None:
        self._ran += 1
        event: Event = {"event": "test", "id": result.id, "phases": phases(result), "timed_out": result.timed_out}
        own = PASSED if result.outcome == PASSED else "not passed"
        self._emit({**event, "own": own, "failures": result.failures}, live=True)

    def end(self, status: int, reason: str = "", output: bytes = b"") -> NoReturn:
        """Ends the process. `reason` says why the status is not TESTS_FAILED; `output` is the runner's."""
        self._emit({"event": "end", "status": status, "ran": self._ran, "collected": self._collected})
        show(output, reason)
        os._exit(status)


def show(output: bytes, reason: str = "") -> None:
    """Prints the last of what a runner printed, for people."""
    with contextlib.suppress(OSError):
        tail = output[-TAIL_BYTES:].replace(b"\x1e", b"")
        os.write(1, b"\n" + tail + (f"\n{reason}\n".encode() if reason else b"\n"))


def phases(result: Result) -> list[Event]:
    """The oracle's view of a test: set-up, call, tear-down."""
    around: Event = {"outcome": PASSED, "duration_s": 0.0, "xfail": False, "sub": False}
    call = {**around, "when": "call", "outcome": result.outcome, "duration_s": round(result.duration_s, 4)}
    if result.outcome == ERROR:
        return [{**around, "when": "setup", "outcome": FAILED, "duration_s": call["duration_s"]}]
    return [{**around, "when": "setup"}, call, {**around, "when": "teardown"}]


# ------------------------------------------------------------ beginning


def begin() -> tuple[Any, Report]:
    """The request (without its key) and the report. Nothing of the repository may have been started before."""
    hide()
    request: Any = json.loads(sys.stdin.buffer.read().decode())
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    emit = emitter(request["report"], bytes.fromhex(request.pop("key")), 1)
    os.chdir(request["tree"])
    return request, Report(emit)


def hide() -> None:
    """Makes this process unreadable to others of the same user; ends it where that fails."""
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0:
        sys.stderr.write("The wrapper cannot hide its memory from the tests (prctl): nothing was run.\n")
        sys.stderr.flush()
        os._exit(NOT_STARTED)


def read_text(path: str, max_bytes: int = 4 << 20) -> str:
    """A regular file's text; "" when there is none. It never waits, whatever a test has put there."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return ""
    with os.fdopen(fd, "rb") as file:
        regular = stat.S_ISREG(os.fstat(fd).st_mode)
        return file.read(max_bytes).decode("utf-8", "replace") if regular else ""


# ------------------------------------------------------------- children


class Child:
    """One process of a runner, in a session of its own; stderr goes where stdout goes.

    `output` keeps the last of what it printed; `code` is its exit code (negative for a signal) once `lines` is over.
    """

    def __init__(
        self, argv: Sequence[str], *, cwd: str, env: Mapping[str, str] | None = None, keep_bytes: int = 1 << 20
    ) -> None:
        self.code = 0
        self._keep_bytes = keep_bytes
        self._output = bytearray()
        self._process = subprocess.Popen(
            list(argv),
            cwd=cwd,
            env=None if env is None else {**os.environ, **env},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            bufsize=0,
        )

    @property
    def output(self) -> bytes:
        return bytes(self._output[-self._keep_bytes :])

    def signal(self, number: int) -> None:
        """Sends a signal to the process and to what is still in its session's first group."""
        with contextlib.suppress(OSError):
            os.killpg(self._process.pid, number)

    def lines(self) -> Generator[bytes | None, None, None]:
        """Every line as it comes, without its end; None for each moment without output, to look at the clock. Ends when
        the process has ended, whoever still holds the pipe, and takes what is left of it along."""
        assert self._process.stdout is not None  # noqa: S101 (it was asked to be a pipe)
        pipe = self._process.stdout.fileno()
        os.set_blocking(pipe, False)
        splitter = Lines()
        try:
            for chunk in self._chunks(pipe):
                if chunk is None:
                    yield None
                    continue
                self._output += chunk
                if len(self._output) > 2 * self._keep_bytes:
                    del self._output[: -self._keep_bytes]
                yield from splitter.split(chunk)
            yield from splitter.rest()
            self.code = self._process.wait()
        finally:
            self.signal(signal.SIGKILL)
            self._process.wait()
            self._process.stdout.close()

    def _chunks(self, pipe: int) -> Generator[bytes | None, None, None]:
        gone_at = 0.0
        open_ = True
        while True:
            if open_ and select.select([pipe], [], [], TICK_S)[0]:
                chunk = os.read(pipe, CHUNK_BYTES)
                open_ = bool(chunk)
                if chunk:
                    yield chunk
                if gone_at and time.monotonic() > gone_at + DRAIN_S:
                    return  # something it left goes on printing
                continue
            if gone_at or self._ended(0.0 if open_ else TICK_S):
                if not open_ or gone_at:
                    return
                gone_at = time.monotonic()
                continue  # once more: the last output may lie in the pipe
            yield None

    def _ended(self, wait_s: float) -> bool:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(wait_s) if wait_s else None
        return self._process.poll() is not None

    def finish(self, ends_at: float) -> bool:
        """Runs it to its end, or kills it at `ends_at` (of time.monotonic()); whether it ended by itself."""
        in_time = True
        for _ in self.lines():
            if in_time and time.monotonic() > ends_at:
                in_time = False
                self.signal(signal.SIGKILL)
        return in_time


class Lines:
    """Cuts a stream into lines of no more than LINE_BYTES; what a longer one has on top is dropped."""

    def __init__(self) -> None:
        self._rest = b""
        self._dropping = False

    def split(self, chunk: bytes) -> Generator[bytes, None, None]:
        first, *others = chunk.split(b"\n")
        if not self._dropping:
            self._rest += first
        if len(self._rest) > LINE_BYTES:
            self._rest, self._dropping = self._rest[:LINE_BYTES], True
        if not others:
            return
        yield self._rest
        yield from others[:-1]
        self._rest, self._dropping = others[-1], False

    def rest(self) -> Generator[bytes, None, None]:
        if self._rest:
            yield self._rest
        self._rest = b""


class Patience:
    """How long one test may take, and the whole; every test that took too long halves it for those that follow."""

    def __init__(self, test_limit_s: float, wall_s: float) -> None:
        self.ends_at = time.monotonic() + wall_s
        self._test_limit_s = test_limit_s

    def limit_s(self) -> float:
        """For a test that starts now."""
        return max(MIN_LIMIT_S, min(self._test_limit_s, self.left_s() * SHARE))

    def left_s(self) -> float:
        return self.ends_at - time.monotonic()

    def late(self) -> None:
        self._test_limit_s /= 2
