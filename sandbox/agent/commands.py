"""Runs one command: its pipes, its limits, how it ended. What a command's output means does not belong here."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import time

from sandbox.agent.frames import HostGone, send
from sandbox.agent.limits import limited
from sandbox.agent.processes import (
    descendants,
    kernel_kills,
    kill_all,
    proportional_bytes,
    reap,
    resident_bytes,
)

TYPE_CHECKING = False  # as `typing` has it, whose import would take a third of the start
if TYPE_CHECKING:
    from typing import Any

CHUNK_BYTES = 1 << 16
TICK_S = 0.1  # how often memory and processes are counted
CANNOT_EXECUTE, NOT_FOUND = 126, 127  # exit codes, as shells give them


class Running:
    """One command under way: its pipes, its limits and what became of it. `request` is the "run" frame's header."""

    def __init__(self, request: dict[str, Any], stdin: bytes, process: subprocess.Popen[bytes]) -> None:
        assert process.stdin and process.stdout and process.stderr  # noqa: S101 (all three were asked to be pipes)
        self.request = request
        self.pid = process.pid
        self.process = process
        self.pipes = (process.stdin, process.stdout, process.stderr)
        self.stdin = process.stdin
        self.stdin_left = memoryview(stdin)
        self.started = time.monotonic()
        self.kernel_kills = kernel_kills()
        self.statuses: dict[int, int] = {}
        self.room = {"stdout": request["output_bytes"], "stderr": request["output_bytes"]}
        self.truncated = False
        self.ended = ""
        self.open = {process.stdout.fileno(): "stdout", process.stderr.fileno(): "stderr"}
        for pipe in self.pipes:
            os.set_blocking(pipe.fileno(), False)

    def pump(self, pipe: int) -> bool:
        """Passes on what a pipe holds; False when it holds nothing more for now."""
        name = self.open[pipe]
        try:
            data = os.read(pipe, CHUNK_BYTES)
        except BlockingIOError:
            return False
        if not data:
            del self.open[pipe]
            return False
        kept = data[: self.room[name]]
        self.room[name] -= len(kept)
        self.truncated = self.truncated or len(kept) < len(data)
        if self.request["stream"] and name == "stdout":
            send({"is": name, "kept": len(kept)}, data)
        elif kept:
            send({"is": name, "kept": len(kept)}, kept)
        return True

    def feed(self) -> None:
        """Gives the command more of its stdin, and closes it at the end."""
        try:
            if self.stdin_left:
                self.stdin_left = self.stdin_left[os.write(self.stdin.fileno(), self.stdin_left[:CHUNK_BYTES]) :]
        except BlockingIOError:
            return
        except OSError:  # it closed its stdin
            self.stdin_left = memoryview(b"")
        if not self.stdin_left:
            self.stdin.close()

    def check(self) -> None:
        """Looks at the limits that only watching can hold; sets `ended` when one is broken."""
        pids = descendants()
        memory_bytes = self.request["memory_bytes"]
        if resident_bytes(pids) > memory_bytes and proportional_bytes(pids) > memory_bytes:
            self.ended = "out of memory"
        elif len(pids) > 2 * self.request["processes"]:  # root is not held by RLIMIT_NPROC
            text = b"\nended: more than %d processes\n" % (2 * self.request["processes"])
            send({"is": "stderr", "kept": len(text)}, text)
            self.ended = "killed"

    def watch(self, wakeup: int) -> None:
        """Until the command's own process ends or a limit is broken. Raises HostGone when the host turns away."""
        deadline = self.started + self.request["wall_s"]
        next_check = self.started + TICK_S / 4
        while not self.ended and self.pid not in self.statuses:
            now = time.monotonic()
            if now >= deadline:
                self.ended = "timed out"
                return
            if now >= next_check:
                self.check()
                next_check = time.monotonic() + TICK_S
                continue
            fed = [] if self.stdin.closed else [self.stdin.fileno()]
            readable, writable, _ = select.select([0, wakeup, *self.open], fed, [], min(deadline, next_check) - now)
            if 0 in readable:
                raise HostGone  # the host never speaks while a command runs: it closed its end
            if wakeup in readable:
                os.read(wakeup, 4096)
                reap(self.statuses)
            if writable:
                self.feed()
            for pipe in readable:
                if pipe in self.open:
                    self.pump(pipe)

    def finish(self) -> None:
        """Ends what is left, passes on the last output, says how it went. Raises Unkillable."""
        wall_s = time.monotonic() - self.started
        kill_all(self.statuses, self.pid)
        for pipe in list(self.open):
            while self.pump(pipe):
                pass
        for handle in self.pipes:
            with contextlib.suppress(OSError):
                handle.close()
        status = self.statuses.get(self.pid, int(signal.SIGKILL))
        code = -os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)
        self.process.returncode = code
        ended = self.ended or ("killed" if code < 0 else "exited")
        if not self.ended and kernel_kills() > self.kernel_kills:
            ended = "out of memory"  # whichever of its processes it was
        send({"is": "ended", "ended": ended, "exit_code": code, "truncated": self.truncated, "wall_s": wall_s})


def run(request: dict[str, Any], stdin: bytes, wakeup: int) -> None:
    """Answers one "run" request, with output frames and an "ended" frame."""
    try:
        process = subprocess.Popen(
            request["argv"],
            cwd=request["cwd"],
            env=request["env"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
            preexec_fn=limited(request),  # noqa: PLW1509 (the agent has no threads)
            bufsize=0,
        )
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        text = f"cannot run {request['argv'][0]!r}: {error}\n".encode("utf-8", "replace")
        send({"is": "stderr", "kept": len(text)}, text)
        code = NOT_FOUND if isinstance(error, FileNotFoundError) else CANNOT_EXECUTE
        send({"is": "ended", "ended": "exited", "exit_code": code, "truncated": False, "wall_s": 0.0})
        return
    running = Running(request, stdin, process)
    try:
        running.watch(wakeup)
    except BaseException:
        kill_all(running.statuses, process.pid)
        raise
    running.finish()
