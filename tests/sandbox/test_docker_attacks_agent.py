"""Attacks on what speaks for a sandbox and on what we read of it: the agent, its answers, files that are no files,
trees that mean harm; and the death of the process that started it all."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from at_hand import python
from bot.core.errors import InputError, Permanent, SandboxCrashed
from bot.core.tree import Tree, TreeFile
from bot.ports import Command, Completed, Ended, Limits
from docker_cell import Cell, cell_on, exists
from sandbox.docker.engine import Engine

REPOSITORY = Path(__file__).parents[2]
AGENT = """\
import ctypes, errno, glob, json, os, resource, struct
libc = ctypes.CDLL(None, use_errno=True)
agent = os.getppid()
head = json.dumps({"is": "ended", "ended": "exited", "exit_code": 0, "truncated": False, "wall_s": 0.1}).encode()
frame = struct.pack(">II", len(head), 0) + head
got = []
for what in ("mem", "maps", "environ", "auxv", "syscall", "stack", "fd/0", "fd/1", "fdinfo/1", "cwd/x",
             "root/etc/hosts", "exe", "ns/pid", "clear_refs", "attr/current", "task/%d/mem" % agent):
    for mode in ("rb", "r+b", "wb"):
        try:
            with open(f"/proc/{agent}/{what}", mode, buffering=0) as file:
                file.write(frame) if mode != "rb" else file.read(1)
            got.append((what, mode))
        except OSError: pass
for folder in ("fd", "map_files", "task/%d/fd" % agent):
    try: got.append(os.listdir(f"/proc/{agent}/{folder}"))
    except OSError: pass
for request in (16, 0x4206):
    if libc.ptrace(request, agent, 0, 0) >= 0: got.append(("ptrace", request))
buffer = ctypes.create_string_buffer(64)
if libc.process_vm_readv(agent, buffer, 1, buffer, 1, 0) >= 0: got.append("process_vm_readv")
try: got.append(resource.prlimit(agent, resource.RLIMIT_FSIZE, (0, 0)))
except OSError: pass
try:
    handle = os.pidfd_open(agent)
    if libc.syscall(438, handle, 1, 0) >= 0: got.append("its descriptor")
except OSError: pass
print(got, flush=True)
os.write(1, frame)
os.write(2, frame)
raise SystemExit(3)
"""
TRAPS = """\
import os, socket
os.mkfifo('fifo')
os.symlink('/proc/self/mem', 'mem'); os.symlink('/proc/self/environ', 'environ'); os.symlink('/dev/zero', 'endless')
os.symlink('/proc/self', 'self'); os.symlink('/', 'root'); os.symlink('/proc/self/fd/0', 'stdin'); os.symlink('x', 'x')
socket.socket(socket.AF_UNIX).bind('socket')
open('shut', 'w').write('x'); os.chmod('shut', 0)
os.mkdir('closed'); open('closed/file', 'w').write('x'); os.chmod('closed', 0)
os.mkdir('folder')
file = os.open('hollow', os.O_CREAT | os.O_WRONLY); os.truncate(file, 200 << 20)
deep = 'd' * 200
for _ in range(30): os.mkdir(deep); os.chdir(deep)
if os.fork() == 0:
    os.setsid()
    while True: os.write(file, b'more')
"""
SHUT = """\
import os
os.mkdir('x'); open('x/y', 'w'); os.symlink('/tmp', 'x/z'); os.chmod('x', 0)
open('/tmp/kept', 'w')
for _ in range(3000): os.mkdir('d' * 50); os.chdir('d' * 50)
"""


@pytest.fixture(scope="module")
def shared_cell(docker_engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cell]:
    with cell_on(docker_engine, tmp_path_factory.mktemp("notes")) as cell:
        yield cell


@pytest.fixture
def cell(shared_cell: Cell) -> Iterator[Cell]:
    """Whatever is tried in it: afterwards nothing is left of it."""
    yield shared_cell
    assert shared_cell.is_quiet()


@pytest.fixture
def own_cell(docker_engine: Engine, tmp_path: Path) -> Iterator[Cell]:
    """For what a sandbox does not survive: its container has to be gone."""
    with cell_on(docker_engine, tmp_path) as cell:
        yield cell
    until(lambda: not exists(docker_engine, cell.container.id))


def until(holds: Callable[[], bool], limit_s: float = 10.0) -> None:
    """Returns once the condition holds; fails past the limit."""
    deadline = time.monotonic() + limit_s
    while not holds():
        assert time.monotonic() < deadline, "it did not come to be"
        time.sleep(0.05)


# ------------------------------------------------------------------ the agent


def test_the_agent_can_neither_be_read_nor_be_spoken_for(cell: Cell) -> None:
    done = cell.python(AGENT)
    assert (done.ended, done.exit_code) == (Ended.EXITED, 3)
    assert done.stdout.startswith(b"[]\n")


def test_who_kills_all_that_he_may_gets_no_result(own_cell: Cell) -> None:
    with pytest.raises(SandboxCrashed):
        own_cell.python("import os, signal; os.kill(-1, signal.SIGKILL); print('alone at last')")
    with pytest.raises(SandboxCrashed):
        own_cell.python("print('again')")


def test_who_stops_the_agent_gets_no_result_and_no_more_time(own_cell: Cell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sandbox.agent_sandbox.GRACE_S", 0.5)
    started = time.monotonic()
    with pytest.raises(SandboxCrashed, match="did not answer"):
        own_cell.python("import os, signal, time; os.kill(os.getppid(), signal.SIGSTOP); time.sleep(60)", wall_s=0.5)
    assert time.monotonic() - started < 10


def test_an_agent_that_starves_still_says_how_it_ended(cell: Cell) -> None:
    code = (
        "import os\n"
        "os.sched_setscheduler(os.getppid(), os.SCHED_IDLE, os.sched_param(0))\n"
        "os.setpriority(os.PRIO_PROCESS, os.getppid(), 19)\n"
        "for _ in range(3):\n"
        "    if os.fork() == 0:\n"
        "        while True: pass\n"
        "raise SystemExit(4)"
    )
    done = cell.python(code)
    assert (done.ended, done.exit_code) == (Ended.EXITED, 4)


# -------------------------------------------------------------- files and trees


def test_only_plain_files_are_read_never_a_way_to_others_and_never_for_ever(cell: Cell) -> None:
    async def work() -> dict[str, bytes | None]:
        await cell.box.put_tree(Tree({}))
        done = await cell.box.run(python(cell.box, TRAPS), Limits(wall_s=20.0))
        assert done.exit_code == 0, done.stderr
        names: tuple[str, ...] = (
            "fifo",
            "mem",
            "environ",
            "endless",
            "stdin",
            "x",
            "socket",
            "shut",
            "closed/file",
            "folder",
            "hollow",
        )
        names += (
            "self/environ",
            "root/etc/passwd",
            "root/proc/self/mem",
            "hollow/x",
            "y" * 300,
            "folder/" * 2000 + "x",
        )
        return {name[:20]: await cell.box.read(f"{cell.box.tree_path}/{name}", 9) for name in names}

    found = cell.waited(work())
    assert found.pop("hollow") is not None
    assert found == dict.fromkeys(found)


def test_a_file_does_not_grow_while_it_is_read(cell: Cell) -> None:
    """Whoever could write to it has ended with his command."""
    code = "import os\nif os.fork() == 0:\n    os.setsid()\n    while True: open('growing', 'ab').write(b'x' * 100)"

    async def work() -> list[int]:
        await cell.box.run(python(cell.box, code + "\nimport time; time.sleep(0.2)"), Limits(wall_s=20.0))
        found = [await cell.box.read(f"{cell.box.tree_path}/growing", 1 << 20) for _ in range(2)]
        return [len(content or b"") for content in found]

    first, second = cell.waited(work())
    assert 0 < first == second


def test_a_huge_report_costs_no_more_than_was_asked_for(cell: Cell) -> None:
    async def work() -> int:
        code = "import os; os.truncate(os.open('report', os.O_CREAT | os.O_WRONLY), 250 << 20)"
        await cell.box.run(python(cell.box, code), Limits(wall_s=20.0))
        return len(await cell.box.read(f"{cell.box.tree_path}/report", 5 << 20) or b"")

    assert cell.waited(work()) == 5 << 20


def test_a_tree_with_hostile_links_is_written_below_itself_and_cleared_again(cell: Cell) -> None:
    files = {
        "-rf": TreeFile(b"an option?"),
        "new\nline": TreeFile(b""),
        "\udcff\udcfe": TreeFile(b""),
        ".git/hooks/post-checkout": TreeFile(b"#!/bin/sh\ntouch /tmp/hooked\n", executable=True),
        "/".join(["deep"] * 300) + "/file": TreeFile(b"bottom"),
        "up": TreeFile(b"../scratch/x", symlink=True),
        "self": TreeFile(b"/proc/self/fd/1", symlink=True),
        "a": TreeFile(b"b/../../..", symlink=True),
        "b/c": TreeFile(b"", symlink=True),
    }

    async def work() -> tuple[Completed, Completed]:
        await cell.box.put_tree(Tree(files))
        listed = await cell.box.run(Command(("find", ".", "-type", "l", "-o", "-type", "f")), Limits(wall_s=20.0))
        await cell.box.run(python(cell.box, SHUT), Limits(wall_s=20.0))
        await cell.box.put_tree(Tree({"one": TreeFile(b"")}))
        return listed, await cell.box.run(Command(("find", ".", "/tmp", "-type", "f")), Limits(wall_s=20.0))

    listed, after = cell.waited(work())
    assert b" ->" not in listed.stdout
    assert {line for line in listed.stdout.split(b"\n") if b"deep" not in line} >= {b"./-rf", b"./\xff\xfe"}
    assert not {b"./up", b"./self", b"./a", b"./b/c"} & set(listed.stdout.split(b"\n"))
    assert set(after.stdout.split()) & {b"./one", b"/tmp/kept", b"/tmp/hooked"} == {b"./one", b"/tmp/kept"}


@pytest.mark.parametrize("path", ["../out", "/etc/cron.d/x", "a/../../out", "a//b", "./a", "a\0b", ""])
def test_a_tree_that_leaves_its_folder_by_name_is_none(path: str) -> None:
    with pytest.raises(InputError):
        Tree({path: TreeFile(b"x")})


def test_a_file_is_put_neither_through_a_link_nor_into_a_pipe(cell: Cell) -> None:
    async def work() -> bytes | None:
        await cell.box.put_tree(Tree({}))
        code = "import os; os.symlink('/tmp', 'way'); os.mkfifo('pipe'); os.symlink('/tmp/target', 'end')"
        await cell.box.run(python(cell.box, code), Limits(wall_s=20.0))
        with pytest.raises(Permanent):
            await cell.box.put_file(f"{cell.box.tree_path}/way/file", b"through")
        for name in ("pipe", "end"):  # is replaced
            await cell.box.put_file(f"{cell.box.tree_path}/{name}", b"ours")
        done = await cell.box.run(Command(("ls", "/tmp")), Limits(wall_s=20.0))
        assert not {"file", "target"} & set(done.stdout.decode().split())
        return await cell.box.read(f"{cell.box.tree_path}/end", 9)

    assert cell.waited(work()) == b"ours"


# ------------------------------------------------------------------ the worker


def test_a_worker_killed_in_the_middle_leaves_no_container(docker_engine: Engine, tmp_path: Path) -> None:
    program = (
        "import sys; sys.path[:0] = ['.', 'tests']\n"
        "from pathlib import Path\n"
        "from docker_cell import *\n"
        f"with cell_on(Engine.connect(docker_settings()), Path({str(tmp_path)!r})) as cell:\n"
        "    print(cell.container.id, flush=True)\n"
        "    cell.python('import os, time\\nif os.fork() == 0: os.setsid()\\ntime.sleep(50)', wall_s=50.0)"
    )
    with subprocess.Popen((sys.executable, "-c", program), cwd=REPOSITORY, stdout=subprocess.PIPE) as worker:
        assert worker.stdout is not None
        container = worker.stdout.readline().decode().strip()
        try:
            until(lambda: _processes(docker_engine, container) >= 3)  # its agent and what it runs
        finally:
            os.kill(worker.pid, signal.SIGKILL)
    until(lambda: not exists(docker_engine, container), 5.0)


def _processes(engine: Engine, container: str) -> int:
    with contextlib.suppress(Exception):
        return sum(row[0] == "10001" for row in engine.api.top(container, ps_args="-eo uid,pid,args")["Processes"])
    return 0
