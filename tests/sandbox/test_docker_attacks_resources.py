"""Attacks on what a machine has: processes, memory, disk, output and time. Each is tried in a real container; all but
those that end it share one, which must be quiet and usable after each."""

from __future__ import annotations

import asyncio
import errno
import resource
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from at_hand import python
from bot.ports import Completed, Ended, Limits
from docker_cell import DISK_BYTES, FILES, LIMIT_S, MEMORY_BYTES, PROCESSES, Cell, cell_on
from sandbox.docker.engine import Engine

UNWATCHED: dict[str, Any] = {"memory_bytes": 64 << 30, "processes": 1 << 20}  # so that the kernel alone has to hold it
FORK_BOMB = """\
import os, sys, time
while True:
    try:
        if os.fork() == 0:
            os.setsid()
    except OSError:
        time.sleep(0.02)
"""
HOG = "held = []\nwhile True: held.append(bytearray(b'x') * (16 << 20))"
HOGS = f"""\
import os, time
for _ in range(12):
    if os.fork() == 0:
        {HOG.replace(chr(10), chr(10) + "        ")}
for _ in range(12): os.wait()
"""
SWARM = """\
import os, signal, sys, time
for number in range(1, 65):
    try: signal.signal(number, signal.SIG_IGN)
    except OSError: pass
signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))
for _ in range(8):
    if os.fork() == 0:
        os.setsid()
        while True:
            if os.fork(): os._exit(0)
            time.sleep(0.01)
stopped = os.fork()
if stopped == 0: os.kill(os.getpid(), signal.SIGSTOP)
if os.fork() == 0: os.close(0); os.close(1); os.close(2)
print("begun", flush=True)
time.sleep(float(sys.argv[1]))
"""
FILL = """\
import os, sys
for folder in ('/sandbox/tree', '/tmp', '/dev/shm'):
    written = 0
    try:
        with open(folder + '/big', 'wb', buffering=0) as file:
            while written < 2 << 30: written += file.write(bytes(4 << 20))
    except OSError as error:
        print(folder, error.errno, written)
for folder in ('/sandbox/tree', '/tmp', '/dev/shm'): os.unlink(folder + '/big')
"""
MANY_FILES = """\
import os, sys
for folder in sys.argv[1:]:
    made = 0
    try:
        while made < 300_000:
            os.close(os.open(f'{folder}/{made}', os.O_CREAT))
            made += 1
    except OSError as error:
        print(folder, error.errno, made)
    for number in range(made): os.unlink(f'{folder}/{number}')
"""
SEGMENTS = """\
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
libc.shmat.restype = ctypes.c_void_p
made = [libc.shmget(0, 32 << 20, 0o1600) for _ in range(8)]
for segment in made: ctypes.memset(libc.shmat(segment, None, 0), 1, 32 << 20)
print(min(made) >= 0)
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


def test_a_fork_bomb_gets_no_further_than_the_containers_processes(cell: Cell) -> None:
    async def watched() -> tuple[Completed, list[int]]:
        bomb = asyncio.ensure_future(cell.box.run(python(cell.box, FORK_BOMB), Limits(wall_s=1.5, processes=1 << 20)))
        counted = []
        while not bomb.done():
            counted.append(len(await asyncio.to_thread(cell.processes)))
            await asyncio.sleep(0.1)
        return await bomb, counted

    bomb, counted = cell.waited(watched())
    assert bomb.ended is Ended.TIMED_OUT
    assert PROCESSES // 2 < max(counted) <= PROCESSES


def test_processes_that_ignore_every_signal_stop_and_respawn_end_at_the_deadline(cell: Cell) -> None:
    done = cell.python(SWARM, "60", wall_s=1.5)
    assert (done.ended, done.stdout) == (Ended.TIMED_OUT, b"begun\n")
    assert done.wall_s < 6


def test_daemons_end_with_the_command_that_left_them(cell: Cell) -> None:
    done = cell.python(SWARM, "0.3")
    assert (done.ended, done.exit_code) == (Ended.EXITED, 0)
    assert len(cell.processes()) == 1


@pytest.mark.parametrize("code", [HOG, HOGS], ids=["one process", "twelve processes"])
def test_the_kernel_ends_who_takes_all_memory_and_there_is_no_swap(cell: Cell, code: str) -> None:
    done = cell.python(code, **UNWATCHED)
    assert done.ended is Ended.MEMORY
    held = cell.config()["HostConfig"]
    assert 0 < held["Memory"] == held["MemorySwap"] <= MEMORY_BYTES + DISK_BYTES + (1 << 30)


def test_files_in_memory_have_their_size_and_leave_memory_for_the_rest(cell: Cell) -> None:
    done = cell.python(FILL, file_bytes=4 << 30, **UNWATCHED)
    rows = [line.split() for line in done.stdout.decode().splitlines()]
    assert (done.ended, [row[1] for row in rows]) == (Ended.EXITED, [str(errno.ENOSPC)] * 3)
    assert {row[0]: int(row[2]) for row in rows} == {
        "/sandbox/tree": pytest.approx(DISK_BYTES, rel=0.2),
        "/tmp": pytest.approx(512 << 20, rel=0.2),
        "/dev/shm": pytest.approx(128 << 20, rel=0.2),
    }


def test_empty_files_run_out_too(cell: Cell) -> None:
    done = cell.python(MANY_FILES, "/sandbox/tree", "/tmp", "/dev/shm")
    rows = [line.split() for line in done.stdout.decode().splitlines()]
    assert [row[1] for row in rows] == [str(errno.ENOSPC)] * 3
    assert [int(row[2]) <= most for row, most in zip(rows, (FILES, FILES, 10_000), strict=True)] == [True] * 3


def test_shared_memory_goes_with_the_processes_that_had_it(cell: Cell) -> None:
    assert cell.python(SEGMENTS).stdout == b"True\n"
    left = cell.printed("print(len(open('/proc/sysvipc/shm').readlines()) - 1)")
    assert left == "0\n"


def test_a_huge_file_is_refused_even_when_it_is_hollow(cell: Cell) -> None:
    code = (
        "import os\n"
        "file = os.open('hollow', os.O_CREAT | os.O_RDWR)\n"
        "for size in (1 << 50, 1 << 40, 2 << 30):\n"
        "    try: os.truncate(file, size); print('made')\n"
        "    except OSError as error: print(error.errno)\n"
        "os.truncate(file, 200 << 20)"
    )
    assert cell.printed(code).split() == [str(errno.EFBIG)] * 3
    path = f"{cell.box.tree_path}/hollow"
    assert cell.waited(cell.box.read(path, 1000)) == bytes(1000)


def test_a_flood_of_output_costs_neither_memory_here_nor_the_sandbox(cell: Cell) -> None:
    before_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    code = "import os\nblock = b'x' * 65536\nfor _ in range(1700): os.write(1, block); os.write(2, block)"
    heard = 0

    def listen(part: bytes) -> None:
        nonlocal heard
        heard += len(part)

    done = cell.python(code, on_stdout=listen, output_bytes=100_000, wall_s=50.0)
    grown_bytes = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kib) << 10
    assert (done.ended, len(done.stdout), len(done.stderr), done.truncated) == (Ended.EXITED, 100_000, 100_000, True)
    assert heard == 1700 * 65536
    assert grown_bytes < 30 << 20


def test_a_flood_that_never_ends_ends_at_the_deadline(cell: Cell) -> None:
    started = time.monotonic()
    done = cell.python("import os\nwhile True: os.write(1, bytes(65536))", wall_s=1.0, output_bytes=10)
    assert (done.ended, done.stdout) == (Ended.TIMED_OUT, bytes(10))
    assert time.monotonic() - started < LIMIT_S / 3


def test_nobody_takes_more_of_the_processors_than_was_given(cell: Cell) -> None:
    code = (
        "import os\n"
        "for policy in (os.SCHED_FIFO, os.SCHED_RR):\n"
        "    try: os.sched_setscheduler(0, policy, os.sched_param(1)); print('real time')\n"
        "    except OSError as error: print(error.errno)\n"
        "try: os.nice(-1); print('nicer')\n"
        "except OSError as error: print(error.errno)"
    )
    assert cell.printed(code).split() == [str(errno.EPERM)] * 3
    engine = cell.container.engine
    assert cell.config()["HostConfig"]["NanoCpus"] == int(min(engine.settings.cpus, engine.cpus) * 1e9)


def test_a_container_ends_by_itself_when_nobody_does_it(
    docker_engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sandbox.docker.container.EXPIRY_S", 1)
    mark = uuid4().hex
    with cell_on(docker_engine, tmp_path) as cell, pytest.raises(Exception, match="sandbox went away"):
        cell.python(f"import time; time.sleep(40)  # {mark}", wall_s=50.0)
