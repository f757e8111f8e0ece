"""What repositories hold that cannot be built or run, with Docker: each trouble by its name, and nothing left of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from command_line import ISSUE, SHOP, commit
from docker_stories import Contained, InContainers, left_of
from sandbox.docker.engine import Engine

SMALL = (("FIXBUGS_SANDBOX_MEMORY", "512m"), ("FIXBUGS_SANDBOX_DISK", "64m"))
CRASHING = """\
import os
import signal

from pricing import discount


def test_crashes():
    os.kill(os.getpid(), signal.SIGSEGV)


def test_fills_memory():
    assert len([bytearray(1 << 20) for _ in range(2000)]) == discount(2000)


def test_fills_the_disk():
    try:
        with open("big", "wb") as file:
            for _ in range(100):
                file.write(bytes(1 << 20))
    finally:
        os.remove("big")


def test_floods():
    for _ in range(200):
        os.write(1, b"x" * (1 << 20))
    assert discount(100) == 90
"""


def in_one_line(ran: Contained) -> str:
    return " ".join(ran.out.split())


@pytest.fixture
def fixbugs(docker_engine: Engine, cache_dir: Path, tmp_path: Path) -> InContainers:
    return InContainers(cache_dir, tmp_path / "out", SMALL)


# ------------------------------------------------------------- building


TROUBLES: dict[str, tuple[dict[str, str | bytes], int, str, str]] = {
    "a build that hangs": (
        {".github/fixbugs.yml": "setup: sleep 1000\ntest: run-tests\nreport: report.xml\n"},
        3,
        "out of time",
        "The time limit of 10 s ended during environment. Give more with --time-limit.",
    ),
    "dependencies that do not install": (
        {"requirements.txt": "./no-such-folder\n"},
        3,
        "cannot run",
        "The project's environment could not be built.",
    ),
    "files that do not fit": (
        {"data.bin": bytes(70 << 20)},
        1,
        "failed",
        "No space left in the sandbox for these files (it holds 64 MB).",
    ),
}


@pytest.mark.parametrize("trouble", TROUBLES)
def test_what_cannot_be_built_says_why(
    fixbugs: InContainers, docker_engine: Engine, tmp_path: Path, trouble: str
) -> None:
    files, code, verdict, said = TROUBLES[trouble]
    commit(tmp_path / "shop", {**SHOP, **files})
    limit = ("--time-limit", "10") if verdict == "out of time" else ()

    ran = fixbugs.run(tmp_path / "shop", "--goal", "reproduce", *limit, stdin=ISSUE.encode())

    assert (ran.code, ran.verdict) == (code, verdict), ran.out + ran.err
    assert said in in_one_line(ran)
    assert left_of(docker_engine, ran.pid) == []


def test_a_language_that_nobody_here_speaks_is_named_with_what_to_do(fixbugs: InContainers, tmp_path: Path) -> None:
    commit(tmp_path / "shop", {"lib/pricing.rb": "def discount(total)\n  total\nend\n"})

    ran = fixbugs.run(tmp_path / "shop", stdin=ISSUE.encode())

    assert (ran.code, ran.verdict) == (3, "cannot run")
    assert "Most of its files are Ruby. If it has tests, write in .github/fixbugs.yml how they run" in in_one_line(ran)


def test_a_project_without_tests_still_gets_its_bug_reproduced(
    fixbugs: InContainers, docker_engine: Engine, tmp_path: Path
) -> None:
    commit(tmp_path / "shop", {"pricing.py": SHOP["pricing.py"]})

    ran = fixbugs.run(tmp_path / "shop", "--goal", "reproduce", stdin=ISSUE.encode())

    assert (ran.code, ran.verdict) == (0, "reproduced")
    assert ran.report["environment"]["tests_collected"] == 0
    assert left_of(docker_engine, ran.pid) == []


# -------------------------------------------------------------- running


GREEDY = {
    "crashes": (3, "the test run cannot be trusted: the run did not finish: killed"),
    "fills_memory": (3, "the test run cannot be trusted: the run did not finish: out of memory"),
    "fills_the_disk": (0, "No space left on device"),
    "floods": (0, "fails 3 of 3 times: AssertionError"),
}


@pytest.mark.parametrize("name", GREEDY)
def test_a_test_that_takes_what_it_is_not_given_is_told_as_such(
    fixbugs: InContainers, docker_engine: Engine, tmp_path: Path, name: str
) -> None:
    code, said = GREEDY[name]
    commit(tmp_path / "shop", {**SHOP, "tests/test_bad.py": CRASHING})

    ran = fixbugs.run(tmp_path / "shop", "--failing-test", f"tests/test_bad.py::test_{name}", "--goal", "reproduce")

    assert (ran.code, ran.verdict) == (code, "cannot run" if code else "reproduced"), ran.out + ran.err
    assert said in in_one_line(ran)
    assert left_of(docker_engine, ran.pid) == []
