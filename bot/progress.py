"""What a person sees while a run goes on: a live table on a terminal, plain lines in a pipe, or nothing.

Only shows; what a finding says is the stages' business, and the closing summary is `bot.render.text`'s.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Self, TextIO

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.padding import Padding
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from bot.core.outcomes import ENDED, StageRecord, StageState
from bot.core.run import StageName
from bot.ports import Clock
from bot.render.wording import duration, one_line, stage_label

REFRESHES_PER_S = 8
NARROW = 60  # columns: below it findings go under their stage's line
_LABEL_WIDTH = max(len(stage_label(name)) for name in StageName)
_TIME_WIDTH = len("9 min 59 s")
_STATE_WIDTH = max(len(state.value) for state in StageState)
_STYLES = {
    StageState.DONE: "green",
    StageState.GAVE_UP: "yellow",
    StageState.FAILED: "red",
    StageState.SKIPPED: "dim",
    StageState.WAITING: "dim",
    StageState.RUNNING: "cyan",
}
_MARKS = {
    StageState.DONE: "✓",
    StageState.GAVE_UP: "–",
    StageState.FAILED: "✗",
    StageState.SKIPPED: "·",
    StageState.WAITING: "·",
}


class SilentProgress:
    """Shows nothing: for --json, and for tests. Like its siblings a context manager around the run."""

    def stage_changed(self, run_id: str, record: StageRecord) -> None:
        pass

    def finding(self, run_id: str, stage: StageName, text: str) -> None:
        pass

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        pass


class PlainProgress(SilentProgress):
    """One line per change, for pipes and logs. A reader that goes away ends the lines, not the run."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._gone = False

    def stage_changed(self, run_id: str, record: StageRecord) -> None:
        took = duration(record.wall_s) if record.state in ENDED and record.state is not StageState.SKIPPED else ""
        self._say(record.name, record.state.value, took, record.error or record.finding)

    def finding(self, run_id: str, stage: StageName, text: str) -> None:
        self._say(stage, "found", "", text)

    def _say(self, stage: StageName, state: str, took: str, text: str) -> None:
        if self._gone:
            return
        line = f"{stage_label(stage):<{_LABEL_WIDTH}}  {state:<{_STATE_WIDTH}}  {took:>7}  {one_line(text)}".rstrip()
        try:
            print(line, file=self._out, flush=True)
        except UnicodeEncodeError:
            encoding = self._out.encoding or "ascii"
            print(line.encode(encoding, "replace").decode(encoding), file=self._out, flush=True)
        except (OSError, ValueError):  # the pipe is closed
            self._gone = True


@dataclass(frozen=True, slots=True)
class _Row:
    """What is known of one stage. `since` is on the clock's monotonic scale, while the stage runs."""

    record: StageRecord
    since: float = 0.0
    finding: str = ""

    @property
    def shown(self) -> str:
        return one_line(self.record.error or self.finding or self.record.finding)


class LiveProgress(SilentProgress):
    """A line per stage that is redrawn in place: state, time that ticks, and the newest finding.

    A context manager: leaving it, also by an error or Ctrl-C, draws the last state and gives the cursor back.
    """

    def __init__(self, console: Console, clock: Clock, stages: Sequence[StageName] = tuple(StageName)) -> None:
        self._console, self._clock = console, clock
        self._rows = {name: _Row(StageRecord(name)) for name in stages}
        self._lock = threading.Lock()
        self._spinner = Spinner("dots", style="cyan")
        self._live = Live(
            console=console,
            get_renderable=self._table,
            refresh_per_second=REFRESHES_PER_S,
            redirect_stdout=False,
            redirect_stderr=False,
        )

    def __enter__(self) -> Self:
        self._live.start(refresh=True)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        with self._lock:
            for name, row in self._rows.items():
                if row.record.state is StageState.RUNNING:  # nothing runs any more
                    ended = replace(row.record, state=StageState.SKIPPED, wall_s=self._clock.monotonic() - row.since)
                    self._rows[name] = replace(row, record=ended)
        with suppress(OSError, ValueError):  # the terminal is gone; the run's ending is not ours to spoil
            self._live.stop()

    def stage_changed(self, run_id: str, record: StageRecord) -> None:
        with self._lock:
            known = self._rows.get(record.name, _Row(record))
            since = self._clock.monotonic() if record.state is StageState.RUNNING else known.since
            self._rows[record.name] = _Row(record, since, known.finding)

    def finding(self, run_id: str, stage: StageName, text: str) -> None:
        with self._lock:
            known = self._rows.get(stage, _Row(StageRecord(stage)))
            self._rows[stage] = replace(known, finding=text)

    def _table(self) -> RenderableType:
        """Called by rich's refresh thread: a snapshot is taken, nothing here waits."""
        with self._lock:
            rows = tuple(self._rows.values())
        narrow = self._console.width < NARROW
        lines: list[RenderableType] = []
        for row in rows:
            found = Text(row.shown, overflow="ellipsis", no_wrap=True)
            if not narrow:
                lines.append(self._line(row, Text(" ").append_text(found)))
                continue
            lines.append(self._line(row, Text()))
            if row.shown:
                lines.append(Padding(found, (0, 0, 0, 2), style="dim"))
        return Group(*lines)

    def _line(self, row: _Row, found: Text) -> Table:
        line = Table.grid(padding=(0, 1))
        line.add_column(width=1)
        line.add_column(width=_LABEL_WIDTH, no_wrap=True)
        line.add_column(justify="right", no_wrap=True, width=_TIME_WIDTH)
        line.add_column(no_wrap=True, overflow="ellipsis")
        line.add_row(*self._cells(row), found)
        return line

    def _cells(self, row: _Row) -> tuple[RenderableType, RenderableType, RenderableType]:
        state, style = row.record.state, _STYLES[row.record.state]
        label = Text(stage_label(row.record.name), style=style if state is not StageState.DONE else "")
        if state is StageState.RUNNING:
            return self._spinner, label, Text(duration(self._clock.monotonic() - row.since), style="dim")
        took = duration(row.record.wall_s) if state in ENDED and row.record.attempts else ""
        return Text(_MARKS[state], style=style), label, Text(took, style="dim")


def progress_on(out: TextIO, clock: Clock, stages: Sequence[StageName] = tuple(StageName)) -> SilentProgress:
    """Live on a terminal that can redraw, plain lines everywhere else. NO_COLOR is honoured by rich."""
    console = Console(file=out)
    if console.is_terminal and not console.is_dumb_terminal and not console.options.ascii_only:
        return LiveProgress(console, clock, stages)
    return PlainProgress(out)
