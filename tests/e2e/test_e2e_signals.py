"""The command interrupted: it says how far it got, exits as promised, and leaves nothing running."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from at_hand import on_linux
from command_line import CommandLine, left_running, orphans_come_here

pytestmark = [on_linux, pytest.mark.timeout(300)]
SOON_S = 30.0


@pytest.fixture(autouse=True)
def orphans() -> Iterator[None]:
    with orphans_come_here():
        yield


def signalled(
    process: subprocess.Popen[str], stage: str, *numbers: signal.Signals, after_s: float = 0.5
) -> tuple[int, str, str]:
    """Exit code, output and errors of a command that got these signals a moment into a stage."""
    assert process.stdout is not None
    seen = ""
    for line in process.stdout:
        seen += line
        if line.split()[:2] == [stage, "running"]:
            break
    else:
        raise AssertionError(f"{stage} never ran:\n{seen}")
    time.sleep(after_s)
    for number in numbers:
        process.send_signal(number)
        time.sleep(0.1)
    out, err = process.communicate(timeout=SOON_S)
    return process.returncode, out, err


def test_interrupted_while_the_environment_is_built(tmp_path: Path, shop: Path, issue: Path) -> None:
    command = CommandLine(tmp_path / "fresh cache", tmp_path / "out")
    with command.started(shop, "--issue", issue) as process:
        code, out, err = signalled(process, "environment", signal.SIGINT, after_s=1.0)

    assert (code, err) == (3, "")
    assert "\nStopped: The run was stopped.\n" in out
    assert sorted(path.name for path in command.out_dir.iterdir()) == ["report.html", "report.json"]
    assert not list((tmp_path / "fresh cache" / "environments").glob("*/*/built.json"))
    assert left_running() == []


@pytest.mark.parametrize(("stage", "number"), [("fix", signal.SIGTERM), ("environment", signal.SIGHUP)])
def test_told_to_end_in_the_middle_of_a_stage(
    fixbugs: CommandLine, red_shop: Path, stage: str, number: signal.Signals
) -> None:
    with fixbugs.started(red_shop, "--failing-test", "tests/test_rates.py") as process:
        code, out, _ = signalled(process, stage, number)

    assert code == 3
    assert "\nStopped: The run was stopped.\n" in out
    assert left_running() == []


def test_a_second_interrupt_ends_the_command_at_once(fixbugs: CommandLine, shop: Path, issue: Path) -> None:
    with fixbugs.started(shop, "--issue", issue) as process:
        code, out, err = signalled(process, "reproduction", signal.SIGINT, signal.SIGINT)

    assert (code, "Traceback" in err) == (3, False)
    assert err == "fixbugs: Stopped.\n" or "\nStopped: The run was stopped.\n" in out, "it may have ended by itself"
    assert left_running() == []


def test_killed_it_takes_its_sandboxes_along(fixbugs: CommandLine, shop: Path, issue: Path) -> None:
    with fixbugs.started(shop, "--issue", issue) as process:
        code, _, _ = signalled(process, "reproduction", signal.SIGKILL)

    assert code == -signal.SIGKILL
    assert left_running(10.0) == []


def test_a_reader_that_goes_away_spoils_nothing(fixbugs: CommandLine, shop: Path, issue: Path) -> None:
    with fixbugs.started(shop, "--issue", issue, "--goal", "explain") as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline().startswith("gather")
        process.stdout.close()
        err = process.stderr.read()

        assert (process.wait(30), err) == (0, "")
    assert (fixbugs.out_dir / "report.html").is_file()
