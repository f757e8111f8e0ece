"""A pytest run that stops just before it first reads an edited file, and from there is forked once per candidate.

Until that moment nothing in the process can depend on what the file says, so everything before it (configuration,
conftests, imports, the other modules) is paid for once for all candidates that edit the same files. Where a stop
would not be exact (threads, open files or sockets, subprocesses before it), the zygote stops before pytest starts.
Choosing what to run and judging time belongs to the server.
"""

from __future__ import annotations

import contextlib
import gc
import importlib.util
import json
import os
import resource
import stat
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from ..places import Home
from . import family
from .family import Line, Patience, Watch, send
from .observer import Observer, Outcome
from .preload import imported_outside

if TYPE_CHECKING:
    from collections.abc import Iterable

BROKEN_STOP = 70  # exit status of a zygote whose own code failed
PROCESS_EVENTS = frozenset({"subprocess.Popen", "os.fork", "os.forkpty", "os.posix_spawn", "os.spawn", "os.system"})


class Job(NamedTuple):
    """What pytest is asked to run. `files` are its positional arguments, `expected` the ids that must pass;
    `home` is where its project lies."""

    arguments: tuple[str, ...]
    files: tuple[str, ...]
    expected: tuple[str, ...]
    memory_bytes: int
    home: Home


class Zygote:
    """The server's end of one zygote process."""

    def __init__(self, pid: int, commands: int, replies: int) -> None:
        self.pid = pid
        self._commands = commands
        self._watch = Watch(pid, Line(replies))

    def started(self, patience: Patience) -> dict[str, Any]:
        """Its first word: {"kind": "stopped"}, {"kind": "unfit", "why": …}, {"kind": "end", …} when the tests ended
        without reading a watched file; or what `Watch.word` says when there was none."""
        return self._watch.word(patience, ("stopped", "unfit", "end"))

    def ask(self, patience: Patience) -> dict[str, Any]:
        """Forks a candidate's child and returns how that ended ("end", "late" or "gone"). Raises ConnectionError
        when the zygote itself has gone."""
        send(self._commands, {"patience": list(patience)})
        grace_s = patience.total_s + 10.0
        message = self._watch.word(Patience(grace_s, grace_s, grace_s), ("answer",))
        if message["kind"] != "answer":
            raise ConnectionResetError(f"the zygote {'does not answer' if message['kind'] == 'late' else 'was killed'}")
        answer = message["answer"]
        return answer if isinstance(answer, dict) else {"kind": "gone", "status": 0}

    @property
    def fds(self) -> tuple[int, ...]:
        """What other zygotes must not hold open."""
        line = self._watch.line.fd
        return (self._commands, line) if self._watch.pidfd is None else (self._commands, line, self._watch.pidfd)

    def close(self) -> None:
        """Ends it and what it forked."""
        os.close(self._commands)
        self._watch.close()
        family.end(self.pid)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(self.pid, 0)


def spawn(job: Job, watched: Iterable[str], private_fds: Iterable[int], fresh: tuple[str, ...] = ()) -> Zygote:
    """Forks a zygote that stops before the first of the watched files is read (before pytest starts if there is none).

    `private_fds` are the server's, closed in the zygote. With `fresh` each candidate runs in a new interpreter,
    started by that command, with its job appended as JSON.
    """
    command_read, command_write = os.pipe()
    reply_read, reply_write = os.pipe()
    pid = os.fork()
    if pid:
        os.close(command_read)
        os.close(reply_write)
        return Zygote(pid, command_write, reply_read)
    status = BROKEN_STOP
    try:
        for fd in (command_write, reply_read, *private_fds):
            os.close(fd)
        silence(2)
        os.setsid()
        _Inside(job, frozenset(watched), command_read, reply_write, fresh).live()
        status = 0
    finally:
        os._exit(status)


class _Inside:
    """The zygote process, and after the fork the candidate's child: the same object, on another channel."""

    def __init__(self, job: Job, watched: frozenset[str], commands: int, channel: int, fresh: tuple[str, ...]) -> None:
        self._job = job
        self._sources = watched
        self._stems = frozenset(Path(path).stem for path in watched)
        self._commands = Line(commands)
        self._channel = channel
        self._fresh = fresh
        self._fds = _open_fds()
        self._armed = False

    def live(self) -> None:
        """Runs pytest up to the stop and serves from there; in a child, to the end."""
        family.adopt_orphans()
        if self._sources:
            sys.addaudithook(self._hear)
            self._armed = True
        else:
            self._serve()
        run_job(self._job, self._channel)

    def _hear(self, event: str, args: tuple[Any, ...]) -> None:
        if not self._armed:
            return
        if event == "open":
            if self._is_watched(args[0]):
                self._stop()
        elif event in PROCESS_EVENTS:
            # A process that may read the files from outside; and forking here would share its pipes.
            self._resign("a process was started before the edited file was read")

    def _is_watched(self, opened: object) -> bool:
        if not isinstance(opened, (str, bytes, os.PathLike)):
            return False
        path = os.fsdecode(opened)
        name = path.rpartition("/")[2]
        if name.partition(".")[0] not in self._stems:
            return False
        if name.endswith(".pyc"):
            try:
                path = importlib.util.source_from_cache(path)
            except ValueError:  # pytest's own rewritten modules are named otherwise
                return True
        return os.path.realpath(path) in self._sources

    def _stop(self) -> None:
        self._armed = False
        try:
            if family.thread_count() > 1:
                self._resign("threads run before the edited file is read")
            elif _open_fds() - self._fds:
                self._resign("files or sockets are open before the edited file is read")
            else:
                self._serve()
        except BaseException:  # nothing may pass into the audited call
            os._exit(BROKEN_STOP)

    def _resign(self, why: str) -> None:
        send(self._channel, {"kind": "unfit", "why": why})
        os._exit(0)

    def _serve(self) -> None:
        """Forks a child per command and watches it. Returns in the child only."""
        gc.collect()
        gc.freeze()
        send(self._channel, {"kind": "stopped"})
        while True:
            commands = self._commands.messages()
            if self._commands.closed:
                os._exit(0)
            for command in commands:
                answer = self._fork(Patience(*command["patience"]))
                if answer is None:
                    return
                send(self._channel, {"kind": "answer", "answer": answer})

    def _fork(self, patience: Patience) -> dict[str, Any] | None:
        read, write = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(read)
            os.close(self._commands.fd)
            # The observer in this process holds the old number: the pipe takes its place.
            os.dup2(write, self._channel, inheritable=bool(self._fresh))
            os.close(write)
            become_child(self._job.memory_bytes)
            if self._fresh:
                _begin_anew(self._fresh, self._job, self._channel)
            return None
        os.close(write)
        watch = Watch(pid, Line(read))
        answer = watch.word(patience, ("end",))
        if answer["kind"] == "end":
            watch.until_over()
        watch.close()
        if answer["kind"] == "late" or family.has_children():
            family.end(pid)
            if not family.end_strays():
                os._exit(BROKEN_STOP)  # the server ends our whole group, or the sandbox does
        return answer


def run_job(job: Job, channel: int, *, imports_outside: str = "") -> None:
    """Runs pytest on the job, telling the channel; ends this process with the session.

    `imports_outside` names the tree when the modules imported from outside it are to be told, too.
    """

    def finish(outcome: Outcome) -> None:
        send(channel, {"kind": "end", **outcome._asdict()})
        os._exit(0)

    def say(kind: str, test: str) -> None:
        message: dict[str, Any] = {"kind": kind, "at": test}
        if kind == "loaded" and imports_outside:
            message["modules"] = imported_outside(imports_outside, stdlib_only=family.thread_count() > 1)
        send(channel, message)

    sys.argv = ["pytest", *job.arguments, *job.files]
    status = int(pytest.main([*job.arguments, *job.files], plugins=[Observer(job.home, job.expected, say, finish)]))
    finish(Outcome(False, detail=f"the runner ended with status {status} before any test"))


def silence(*fds: int) -> None:
    """Points descriptors at /dev/null: nothing comes in, what goes out costs nothing."""
    null = os.open(os.devnull, os.O_RDWR)
    for fd in fds:
        os.dup2(null, fd)
    os.close(null)


def become_child(memory_bytes: int) -> None:
    """Makes this process a candidate's own: a group of its own, and a cap on its memory."""
    os.setsid()
    for limit, amount in ((resource.RLIMIT_DATA, memory_bytes), (resource.RLIMIT_CORE, 0)):
        with contextlib.suppress(ValueError, OSError):  # a lower limit is in force already
            resource.setrlimit(limit, (amount, amount))


def continue_anew(job_fd: int, channel: int) -> None:
    """In a new interpreter, what `_begin_anew` set up in the old one."""
    with open(job_fd, "rb") as stored:
        arguments, files, expected, memory_bytes, (tree, folder, *_) = json.load(stored)
    os.set_inheritable(channel, False)
    job = Job(tuple(arguments), tuple(files), tuple(expected), memory_bytes, Home(tree, folder))
    run_job(job, channel)


def _begin_anew(command: tuple[str, ...], job: Job, channel: int) -> None:
    # Through memory: a suite's ids are longer than an argument may be.
    stored = os.memfd_create("job", 0)
    os.write(stored, json.dumps(job).encode())
    os.lseek(stored, 0, os.SEEK_SET)
    os.execv(command[0], [*command, str(stored), str(channel)])  # noqa: S606  (our own interpreter)


def _open_fds() -> set[int]:
    """Open files that a fork would share in earnest: not character devices such as /dev/null."""
    found = set()
    for entry in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):
            if not stat.S_ISCHR(os.fstat(int(entry.name)).st_mode):
                found.add(int(entry.name))
    return found
