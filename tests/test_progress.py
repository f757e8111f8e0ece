"""What a person sees while a run goes on."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from rich.console import Console

from bot.core.outcomes import StageRecord, StageState
from bot.core.run import StageName
from bot.progress import LiveProgress, PlainProgress, SilentProgress, progress_on

ANALYSIS = StageRecord(StageName.ANALYSIS, StageState.RUNNING, 1)
DONE = replace(ANALYSIS, state=StageState.DONE, wall_s=0.31, finding="3 suspects; first: shop/cart.py:14 in Cart.total")
STAGES = (StageName.GATHER, StageName.ANALYSIS)


class HandClock:
    """A clock that a test moves by hand."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def now(self) -> datetime:
        return datetime(2026, 3, 9, tzinfo=UTC)

    def monotonic(self) -> float:
        return self.seconds


class Screen:
    """A terminal of a certain width, and what LiveProgress would draw on it now."""

    def __init__(self, width: int = 80, stages: Sequence[StageName] = STAGES) -> None:
        self.clock = HandClock()
        self.out = io.StringIO()
        self.console = Console(file=self.out, width=width, force_terminal=True, color_system=None)
        self.progress = LiveProgress(self.console, self.clock, stages)

    def lines(self) -> list[str]:
        with self.console.capture() as capture:
            self.console.print(self.progress._table())
        return [line.rstrip() for line in capture.get().splitlines()]


class ClosedPipe(io.StringIO):
    def write(self, text: str) -> int:
        raise BrokenPipeError


def plain(*records: StageRecord) -> str:
    out = io.StringIO()
    progress = PlainProgress(out)
    for record in records:
        progress.stage_changed("run-1", record)
    return out.getvalue()


def test_a_pipe_gets_one_line_per_change() -> None:
    assert plain(ANALYSIS, DONE) == (
        "analysis      running\nanalysis      done       0.3 s  3 suspects; first: shop/cart.py:14 in Cart.total\n"
    )


def test_a_pipe_hears_of_a_finding_at_once() -> None:
    out = io.StringIO()
    PlainProgress(out).finding("run-1", StageName.ROOT_CAUSE, "shop/cart.py:14")
    assert out.getvalue() == "root cause    found             shop/cart.py:14\n"


def test_a_failed_stage_says_why() -> None:
    failed = replace(ANALYSIS, state=StageState.FAILED, wall_s=2.0, error="The disk is full.")
    assert plain(failed) == "analysis      failed     2.0 s  The disk is full.\n"


def test_a_skipped_stage_has_no_time() -> None:
    assert plain(StageRecord(StageName.FIX, StageState.SKIPPED)) == "fix           skipped\n"


def test_terminal_sequences_and_line_breaks_in_a_finding_are_taken_out() -> None:
    assert plain(replace(DONE, finding="a\x1b[2Jb\nc\x07")) == "analysis      done       0.3 s  ab c\n"


@pytest.mark.parametrize("broken", [ClosedPipe(), io.StringIO()], ids=["reader went away", "file was closed"])
def test_a_pipe_that_is_gone_does_not_stop_the_run(broken: io.StringIO) -> None:
    if not isinstance(broken, ClosedPipe):
        broken.close()
    progress = PlainProgress(broken)
    progress.stage_changed("run-1", ANALYSIS)
    progress.stage_changed("run-1", DONE)


def test_a_pipe_that_knows_only_ascii_still_gets_its_line() -> None:
    raw = io.BytesIO()
    out = io.TextIOWrapper(raw, encoding="ascii")
    PlainProgress(out).finding("run-1", StageName.FIX, "größer")
    assert raw.getvalue() == b"fix           found             gr??er\n"


def test_silence_is_silent(capsys: pytest.CaptureFixture[str]) -> None:
    with SilentProgress() as progress:
        progress.stage_changed("run-1", DONE)
        progress.finding("run-1", StageName.FIX, "x")
    assert capsys.readouterr() == ("", "")


def test_a_terminal_shows_every_stage_from_the_start() -> None:
    assert Screen().lines() == ["· gather", "· analysis"]


def test_the_time_of_a_running_stage_ticks() -> None:
    screen = Screen()
    screen.progress.stage_changed("run-1", ANALYSIS)
    screen.clock.seconds += 1.5
    assert screen.lines()[1].endswith("analysis          1.5 s")
    screen.clock.seconds += 60
    assert screen.lines()[1].endswith("analysis     1 min 02 s")


def test_a_finding_shows_as_soon_as_it_is_told() -> None:
    screen = Screen()
    screen.progress.stage_changed("run-1", ANALYSIS)
    screen.progress.finding("run-1", StageName.ANALYSIS, "shop/cart.py:14")
    assert screen.lines()[1].endswith("0 ms  shop/cart.py:14")


def test_an_ended_stage_keeps_its_own_time_and_finding() -> None:
    screen = Screen()
    screen.progress.stage_changed("run-1", ANALYSIS)
    screen.clock.seconds += 9
    screen.progress.stage_changed("run-1", DONE)
    assert screen.lines()[1] == "✓ analysis          0.3 s  3 suspects; first: shop/cart.py:14 in Cart.total"


def test_the_error_of_an_attempt_is_gone_once_the_next_one_succeeded() -> None:
    screen = Screen()
    screen.progress.stage_changed("run-1", replace(ANALYSIS, state=StageState.WAITING, error="The mirror is away."))
    assert "The mirror is away." in screen.lines()[1]
    screen.progress.stage_changed("run-1", ANALYSIS)
    screen.progress.stage_changed("run-1", DONE)
    assert "The mirror is away." not in screen.lines()[1]


@pytest.mark.parametrize("width", [12, 30, 59, 60, 80, 200])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    screen = Screen(width)
    screen.progress.stage_changed("run-1", replace(DONE, finding="very " * 100 + "long"))
    assert max(len(line) for line in screen.lines()) <= width


def test_a_narrow_terminal_shows_findings_on_their_own_line() -> None:
    screen = Screen(40)
    screen.progress.stage_changed("run-1", replace(DONE, finding="3 suspects"))
    assert screen.lines() == ["· gather", "✓ analysis          0.3 s", "  3 suspects"]


def test_a_stage_nobody_announced_is_shown_too() -> None:
    screen = Screen()
    screen.progress.stage_changed("run-1", StageRecord(StageName.FIX, StageState.DONE, 1, wall_s=1.0))
    assert screen.lines()[-1] == "✓ fix               1.0 s"


def test_an_interrupt_gives_the_cursor_back_and_leaves_nothing_running() -> None:
    screen = Screen()
    with pytest.raises(KeyboardInterrupt), screen.progress:
        screen.progress.stage_changed("run-1", ANALYSIS)
        screen.clock.seconds += 2
        raise KeyboardInterrupt
    assert screen.out.getvalue().rstrip().endswith("\x1b[?25h")
    assert screen.lines()[1] == "· analysis          2.0 s"


def test_a_terminal_gets_the_live_table_and_a_pipe_gets_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    terminal = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    terminal.isatty = lambda: True  # type: ignore[method-assign]  # the smallest terminal there is
    assert isinstance(progress_on(terminal, HandClock()), LiveProgress)
    assert isinstance(progress_on(io.StringIO(), HandClock()), PlainProgress)
    monkeypatch.setenv("TERM", "dumb")
    assert isinstance(progress_on(terminal, HandClock()), PlainProgress)
