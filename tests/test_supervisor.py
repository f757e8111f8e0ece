"""Children are kept running, and none is left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

PATIENCE_S = 60.0
SUPERVISING = """
import sys
from pathlib import Path
from bot.supervisor import Child, Supervisor

notes = Path(sys.argv[1])

def child(name, script, **options):
    return Child(name, ("sh", "-c", script, name, str(notes)), **options)

raise SystemExit(Supervisor([CHILDREN]).run())
"""
STAYS = "echo $$ >> $1; exec sleep 60"


@dataclass
class Supervising:
    """A supervisor in a process of its own. In a child's script $1 is the file `notes`, $0 the child's name."""

    notes: Path
    processes: list[subprocess.Popen[str]] = field(default_factory=list)

    def start(self, children: str) -> subprocess.Popen[str]:
        argv = [sys.executable, "-c", SUPERVISING.replace("CHILDREN", children), str(self.notes)]
        self.processes.append(subprocess.Popen(argv, stderr=subprocess.PIPE, text=True, start_new_session=True))
        return self.processes[-1]


@pytest.fixture
def supervising(tmp_path: Path) -> Iterator[Supervising]:
    supervising = Supervising(tmp_path / "notes")
    yield supervising
    for process in supervising.processes:
        process.kill()
        process.communicate()


def written(file: Path, lines: int = 1) -> list[str]:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        found = file.read_text().splitlines() if file.exists() else []
        if len(found) >= lines:
            return found
        time.sleep(0.05)
    raise AssertionError(f"{file} did not get {lines} lines.")


def alive(pid: str) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def gone(*pids: str) -> bool:
    deadline = time.monotonic() + PATIENCE_S
    while any(alive(pid) for pid in pids) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not any(alive(pid) for pid in pids)


def test_a_child_that_dies_is_started_again(supervising: Supervising) -> None:
    process = supervising.start(f"child('web', {STAYS!r})")
    os.kill(int(written(supervising.notes)[0]), signal.SIGKILL)
    pids = written(supervising.notes, 2)
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=PATIENCE_S)

    assert process.returncode == 0
    assert said == "fixbugs: web ended (signal 9); it is started again in 1 s.\n"
    assert gone(*pids)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_the_children_and_their_children(supervising: Supervising, number: signal.Signals) -> None:
    script = "sleep 60 & echo $! >> $1; echo $$ >> $1; wait"
    process = supervising.start(f"child('worker', {script!r})")
    pids = written(supervising.notes, 2)
    process.send_signal(number)

    assert process.wait(PATIENCE_S) == 0
    assert gone(*pids)


def test_a_child_that_does_not_end_is_killed_after_its_time(supervising: Supervising) -> None:
    script = "trap '' TERM; echo $$ >> $1; while :; do sleep 1; done"
    process = supervising.start(f"child('worker 1', {script!r}, stop_s=1.0)")
    pids = written(supervising.notes)
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=PATIENCE_S)

    assert said == "fixbugs: worker 1 did not end within 1 s and is killed.\n"
    assert gone(*pids)


def test_a_child_that_was_given_something_wrong_ends_everything(supervising: Supervising) -> None:
    process = supervising.start(f"child('redis', {STAYS!r}), child('web', 'sleep 0.5; exit 2')")

    assert process.wait(PATIENCE_S) == 2
    assert gone(*written(supervising.notes))


def test_what_others_need_ends_last(supervising: Supervising) -> None:
    script = "trap 'echo $0 >> $1; exit' TERM; echo up >> $1; while :; do sleep 0.1; done"
    process = supervising.start(f"child('redis', {script!r}, outlives=True), child('web', {script!r})")
    written(supervising.notes, 2)
    process.send_signal(signal.SIGINT)
    process.wait(PATIENCE_S)

    assert supervising.notes.read_text().split() == ["up", "up", "web", "redis"]


def test_a_child_waits_until_it_is_wanted(supervising: Supervising) -> None:
    process = supervising.start(f"child('worker', {STAYS!r}, wanted=notes.exists)")
    time.sleep(1.0)
    before = supervising.notes.exists()
    supervising.notes.touch()
    pids = written(supervising.notes)
    process.send_signal(signal.SIGTERM)
    process.wait(PATIENCE_S)

    assert not before
    assert gone(*pids)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux ends children with their parent")
def test_children_end_when_the_supervisor_is_killed(supervising: Supervising) -> None:
    process = supervising.start(f"child('web', {STAYS!r})")
    pids = written(supervising.notes)
    process.kill()
    process.wait(PATIENCE_S)

    assert gone(*pids)
