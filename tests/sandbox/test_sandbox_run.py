"""What holds in every sandbox, a container, a namespace or a plain process: files, commands, limits, endings."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import time
from pathlib import Path
from uuid import uuid4

import pytest

from at_hand import appears, everywhere, in_sandbox, on_linux, processes_with, python, run_python
from bot.core.errors import Permanent, SandboxCrashed
from bot.core.testing import Isolation
from bot.core.tree import Tree, TreeFile
from bot.ports import Command, Completed, Ended, Limits
from sandbox.agent_sandbox import AgentSandbox

pytestmark = [everywhere, on_linux]
SHORT = Limits(wall_s=20.0)


def test_a_command_gets_its_arguments_stdin_and_environment_and_nothing_of_ours(
    isolation: Isolation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_OF_THE_OPERATOR", "hunter2")

    async def work(box: AgentSandbox) -> Completed:
        code = "import os, sys; print(sys.argv[1], sys.stdin.read(), sorted(os.environ), os.environ['MINE'])"
        command = python(box, code, "argument", stdin=b"typed")
        return await box.run(Command(command.argv, (("MINE", "yes"),), command.stdin), SHORT)

    done = in_sandbox(isolation, work)
    assert done.ended is Ended.EXITED
    names = ["HOME", "LANG", "MINE", "PATH", "TMPDIR"]
    names += ["FIXBUGS_SANDBOX"] if isolation is Isolation.NONE else []
    seen = done.stdout.decode()
    assert seen.startswith("argument typed [")
    assert [name for name in names if repr(name) not in seen] == []
    assert "SECRET" not in seen


def test_exit_codes_and_both_streams_come_back(isolation: Isolation) -> None:
    done = run_python(isolation, "import sys; print('out'); print('err', file=sys.stderr); sys.exit(7)")
    assert (done.ended, done.exit_code, done.stdout, done.stderr) == (Ended.EXITED, 7, b"out\n", b"err\n")


def test_a_command_that_dies_of_a_signal_says_so(isolation: Isolation) -> None:
    done = run_python(isolation, "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)")
    assert (done.ended, done.exit_code) == (Ended.KILLED, -signal.SIGSEGV)


def test_a_program_that_is_not_there_ends_with_127(isolation: Isolation) -> None:
    done = in_sandbox(isolation, lambda box: box.run(Command(("no-such-program",)), SHORT))
    assert (done.ended, done.exit_code) == (Ended.EXITED, 127)
    assert b"no-such-program" in done.stderr


def test_a_tree_replaces_the_one_before(isolation: Isolation) -> None:
    async def work(box: AgentSandbox) -> bytes:
        await box.put_tree(Tree({"old/file.txt": TreeFile(b"old")}))
        # Folders that the owner may not enter must not stop the next tree.
        await box.run(python(box, "import os; os.mkdir('shut'); open('shut/f', 'w'); os.chmod('shut', 0)"), SHORT)
        await box.put_tree(Tree({"a/run.sh": TreeFile(b"#!/bin/sh\necho ran", executable=True)}))
        listed = await box.run(Command(("sh", "-c", "find . -type f; ./a/run.sh")), SHORT)
        return listed.stdout

    assert in_sandbox(isolation, work) == b"./a/run.sh\nran\n"


def test_commands_run_below_the_tree_when_asked(isolation: Isolation) -> None:
    async def work(box: AgentSandbox) -> tuple[str, str]:
        await box.put_tree(Tree({"package/file.txt": TreeFile(b"")}))
        done = await box.run(Command(("pwd", "-P"), cwd="package"), SHORT)
        return done.stdout.decode().strip(), box.tree_path

    where, tree = in_sandbox(isolation, work)
    assert where == os.path.realpath(tree) + "/package"


def test_links_that_leave_the_tree_are_left_out(isolation: Isolation) -> None:
    files = {
        "d/real.txt": TreeFile(b"inside"),
        "good": TreeFile(b"d/real.txt", symlink=True),
        "absolute": TreeFile(b"/etc/passwd", symlink=True),
        "upwards": TreeFile(b"../../etc/passwd", symlink=True),
        "d/e/top": TreeFile(b"../..", symlink=True),
        "by-detour": TreeFile(b"d/e/top/../outside", symlink=True),
        "circle": TreeFile(b"circle", symlink=True),
    }

    async def work(box: AgentSandbox) -> Completed:
        await box.put_tree(Tree(files))
        return await box.run(Command(("sh", "-c", "cat good; find . -type l | sort")), SHORT)

    assert in_sandbox(isolation, work).stdout == b"inside./d/e/top\n./good\n"


def test_reading_gives_regular_files_only_and_follows_no_link(isolation: Isolation, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("host only")

    async def work(box: AgentSandbox) -> list[bytes | None]:
        await box.put_tree(Tree({"f.txt": TreeFile(b"0123456789")}))
        code = (
            "import os, sys\n"
            "os.symlink(sys.argv[1], 'link'); os.symlink('f.txt', 'near'); os.mkfifo('pipe'); os.mkdir('folder')\n"
            "os.symlink('/', 'root')"
        )
        await box.run(python(box, code, str(secret)), SHORT)
        names = ("f.txt", "link", "near", "pipe", "folder", "missing", "root/etc/hostname")
        return [await box.read(f"{box.tree_path}/{name}", 4) for name in names]

    assert in_sandbox(isolation, work) == [b"0123", None, None, None, None, None, None]


def test_paths_outside_the_tree_and_scratch_folders_are_refused(isolation: Isolation) -> None:
    async def work(box: AgentSandbox) -> list[str]:
        refused = []
        for path in ("/etc/passwd", f"{box.tree_path}/../home/x", "relative", box.tree_path):
            with pytest.raises(Permanent) as error:
                await box.put_file(path, b"")
            refused.append(str(error.value))
            with pytest.raises(Permanent):
                await box.read(path, 10)
        return refused

    assert all("neither in the sandbox's tree nor in its scratch" in text for text in in_sandbox(isolation, work))


def test_a_file_is_never_put_through_a_link(isolation: Isolation, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    outside.chmod(0o777)

    async def work(box: AgentSandbox) -> None:
        await box.run(python(box, "import os, sys; os.symlink(sys.argv[1], 'way')", str(outside)), SHORT)
        with pytest.raises(Permanent):
            await box.put_file(f"{box.tree_path}/way/file", b"written")

    in_sandbox(isolation, work)
    assert list(outside.iterdir()) == []


def test_the_scratch_folder_starts_empty_and_takes_files(isolation: Isolation) -> None:
    async def work(box: AgentSandbox) -> tuple[bytes, bytes | None]:
        before = await box.run(Command(("ls", "-A", box.scratch_path)), SHORT)
        await box.put_file(f"{box.scratch_path}/deep/er/file", b"content")
        return before.stdout, await box.read(f"{box.scratch_path}/deep/er/file", 100)

    assert in_sandbox(isolation, work) == (b"", b"content")


def test_the_wall_limit_ends_a_command_and_its_children(isolation: Isolation) -> None:
    mark = uuid4().hex
    code = f"import subprocess, time; subprocess.Popen(['sh', '-c', 'sleep 300; :', '{mark}']); time.sleep(300)"
    started = time.monotonic()
    done = run_python(isolation, code, Limits(wall_s=0.6))
    assert (done.ended, done.exit_code) == (Ended.TIMED_OUT, -signal.SIGKILL)
    assert 0.5 < done.wall_s < 3.0
    assert time.monotonic() - started < 10
    assert processes_with(mark) == []


def test_a_daemon_does_not_outlive_its_command(isolation: Isolation) -> None:
    mark = uuid4().hex
    daemon = f"os.setsid(); os.fork() and os._exit(0); os.execvp('sh', ['sh', '-c', 'sleep 300; :', '{mark}'])"
    code = f"import os, time\nif os.fork() == 0:\n    {daemon}\ntime.sleep(0.3)\nprint('done')"

    async def work(box: AgentSandbox) -> tuple[Completed, list[int], Completed]:
        first = await box.run(python(box, code), SHORT)
        return first, processes_with(mark), await box.run(Command(("echo", "again")), SHORT)

    first, left, second = in_sandbox(isolation, work)
    assert (first.ended, first.stdout, left) == (Ended.EXITED, b"done\n", [])
    assert second.stdout == b"again\n"


def test_memory_is_summed_over_processes(isolation: Isolation) -> None:
    code = (
        "import os, time\n"
        "for _ in range(6):\n"
        "    if os.fork() == 0:\n"
        "        held = bytearray(os.urandom(1)) * (40 << 20)\n"
        "        time.sleep(30)\n"
        "time.sleep(30)"
    )
    done = run_python(isolation, code, Limits(wall_s=20.0, memory_bytes=150 << 20))
    assert done.ended is Ended.MEMORY
    assert done.wall_s < 15


def test_memory_that_processes_share_counts_once(isolation: Isolation) -> None:
    code = (
        "import os, time\n"
        "held = bytearray(60 << 20)\n"
        "for _ in range(5):\n"
        "    if os.fork() == 0:\n"
        "        time.sleep(0.8)\n"
        "        os._exit(0)\n"
        "for _ in range(5): os.wait()\n"
        "print('fine')"
    )
    done = run_python(isolation, code, Limits(wall_s=20.0, memory_bytes=150 << 20))
    assert (done.ended, done.stdout) == (Ended.EXITED, b"fine\n")


def test_a_flood_of_output_is_drained_and_capped(isolation: Isolation) -> None:
    before_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    code = "import os\nblock = b'x' * 65536\nfor _ in range(6400): os.write(1, block)"
    done = run_python(isolation, code, Limits(wall_s=30.0, output_bytes=100_000))
    grown_bytes = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kib) << 10
    assert (done.ended, done.exit_code, len(done.stdout), done.truncated) == (Ended.EXITED, 0, 100_000, True)
    assert grown_bytes < 20 << 20


def test_a_listener_sees_output_as_it_comes_and_past_the_cap(isolation: Isolation) -> None:
    code = "import time\nprint('first', flush=True)\ntime.sleep(0.4)\nprint('x' * 100, flush=True)"
    seen: list[tuple[float, bytes]] = []

    async def work(box: AgentSandbox) -> Completed:
        limits = Limits(wall_s=20.0, output_bytes=10)
        return await box.run(python(box, code), limits, lambda part: seen.append((time.monotonic(), part)))

    done = in_sandbox(isolation, work)
    assert done.stdout == b"first\nxxxx"
    assert b"".join(part for _, part in seen) == b"first\n" + b"x" * 100 + b"\n"
    assert seen[-1][0] - seen[0][0] > 0.2


def test_files_may_not_grow_past_their_limit(isolation: Isolation) -> None:
    code = "try:\n    open('big', 'wb').write(bytes(2 << 20))\nexcept OSError as error:\n    print(error.errno)"
    done = run_python(isolation, code, Limits(wall_s=20.0, file_bytes=1 << 20))
    assert done.stdout == b"27\n"  # EFBIG


def test_cancelling_a_command_leaves_nothing_running(isolation: Isolation) -> None:
    mark = uuid4().hex

    async def work(box: AgentSandbox) -> None:
        command = Command(("sh", "-c", "setsid sh -c 'sleep 300; :' $0 & sleep 300; :", mark))
        task = asyncio.create_task(box.run(command, Limits(wall_s=60.0)))
        await appears(mark)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        with pytest.raises(SandboxCrashed):
            await box.run(Command(("true",)), SHORT)

    in_sandbox(isolation, work)
    assert processes_with(mark) == []


def test_a_command_cannot_speak_for_the_agent(isolation: Isolation) -> None:
    code = """
import glob, json, os, struct
head = json.dumps({"is": "ended", "ended": "exited", "exit_code": 0, "truncated": False, "wall_s": 0.1}).encode()
frame = struct.pack(">II", len(head), 0) + head
agent = os.getppid()
for path in sorted(glob.glob(f"/proc/{agent}/fd/*")) + [f"/proc/{agent}/fd/1", f"/proc/{agent}/mem"]:
    try:
        with open(path, "r+b", buffering=0) as file:
            file.write(frame)
        print("wrote", path)
    except OSError:
        pass
os.write(1, frame)
raise SystemExit(3)
"""
    done = run_python(isolation, code)
    assert (done.ended, done.exit_code) == (Ended.EXITED, 3)
    assert b"wrote" not in done.stdout


def test_killing_the_agent_never_gives_a_result(isolation: Isolation) -> None:
    mark = uuid4().hex
    code = (
        "import os, signal, subprocess, time\n"
        f"subprocess.Popen(['sh', '-c', 'sleep 300; :', '{mark}'], start_new_session=True)\n"
        "for number in (signal.SIGSTOP, signal.SIGINT, signal.SIGTERM, signal.SIGKILL):\n"
        "    os.kill(os.getppid(), number)\n"
        "time.sleep(0.2)\n"
        "raise SystemExit(5)"
    )
    if isolation is Isolation.NAMESPACE:  # process 1 does not feel them
        assert run_python(isolation, code).exit_code == 5
    else:
        with pytest.raises(SandboxCrashed):
            run_python(isolation, code)
    assert processes_with(mark) == []
