"""An engine that is restarted while a run uses it: the run goes on, and nothing is left of it."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from pathlib import Path
from subprocess import Popen

import pytest

from command_line import RATES, commit
from docker_stories import InContainers, OwnEngine, left_of, own_engine
from sandbox.docker.engine import Engine

AT_WORK_S = 1.0  # after which setup, or a test, is still under way
OWN_COMMANDS = "setup: sleep 3\ntest: python3 run_tests.py\nreport: report.xml\n"
RUN_TESTS = """\
import sys, time

from rates import is_large

time.sleep(1.5)
failed = [name for name, total, large in (("hundred", 100, True), ("below", 99, False)) if is_large(total) is not large]
with open("report.xml", "w") as report:
    report.write('<testsuite name="rates">')
    for name in ("hundred", "below"):
        failure = '<failure message="assert False is True">is_large(100)</failure>' if name in failed else ""
        report.write(f'<testcase classname="rates" name="{name}">{failure}</testcase>')
    report.write("</testsuite>")
sys.exit(1 if failed else 0)
"""
FILES = {"rates.py": RATES, "run_tests.py": RUN_TESTS, ".github/fixbugs.yml": OWN_COMMANDS}


@pytest.fixture
def engine(docker_engine: Engine) -> Iterator[OwnEngine]:
    with own_engine() as engine:
        yield engine


def test_a_run_survives_an_engine_that_is_stopped_and_one_that_is_killed(engine: OwnEngine, tmp_path: Path) -> None:
    fixbugs = InContainers(tmp_path / "cache", tmp_path / "out", (("DOCKER_HOST", engine.settings.host),))
    commit(tmp_path / "rates", FILES)

    with fixbugs.started(tmp_path / "rates", "--failing-test", "rates::hundred", "--goal", "reproduce") as process:
        said = read_until(process, "environment   running")
        engine.await_container("build")
        time.sleep(AT_WORK_S)
        engine.stop(signal.SIGTERM)
        engine.start()
        said += read_until(process, "reproduction  running")
        time.sleep(AT_WORK_S)
        engine.stop(signal.SIGKILL)
        engine.start()
        rest, errors = process.communicate(timeout=120)
        said += rest

    assert (process.returncode, errors) == (0, ""), said
    assert "rates::hundred fails 3 of 3 times" in said
    with engine.connected() as there:
        assert left_of(there, process.pid) == []
    again = fixbugs.run(tmp_path / "rates", "--failing-test", "rates::hundred", "--goal", "explain")
    assert (again.code, again.report["environment"]["cached"]) == (0, True)


def read_until(process: Popen[str], line_start: str) -> str:
    """What the command prints until a line begins like that, or it ends."""
    assert process.stdout is not None
    said = ""
    for line in process.stdout:
        said += line
        if line.startswith(line_start):
            break
    return said
