"""Test binaries: compiled programs with a test harness inside, run until every test has a verdict that may be believed.
How a harness is started and read belongs to the file of its language.

Each process runs our controls too: two before the tests, one after them. A test that passed counts only out of a
process that came to its proper end, with all three as they must be and the exit code for failed tests. When a process
ends before that, the test that ran then is what failed; all others run once more without it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from .wrapper import FAILED, NOT_HONEST, PASSED, TESTS_FAILED, Result, failure

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ..events import Event
    from .wrapper import Patience, Report

NAMES_BYTES = 60_000  # of one argument list
OUTPUT_BYTES = 4000
FIRST_CONTROLS = 2


@dataclass
class Verdict:
    """How one test of a process ended; `failures` as `wrapper.failure` makes them."""

    outcome: str
    duration_s: float = 0.0
    failures: list[Event] = field(default_factory=list)


@dataclass
class Played:
    """One process, over. `verdicts` are in the order in which the tests ended, controls included; `running` is the test
    it was in when it ended. `proper`: it said that it was through, and its exit code is the one for failed tests.
    `twice` is a test with more than one verdict. `death` is how an improper end looks as a failure."""

    verdicts: dict[str, Verdict]
    running: str = ""
    twice: str = ""
    proper: bool = False
    timed_out: bool = False
    how: str = ""
    death: Event | None = None
    output: bytes = b""


class Binary(Protocol):
    """One test binary. `path` is a path in the repository that stands for it, `tests` maps names in it to ids, `files`
    are the tests' files."""

    path: str
    tests: dict[str, str]
    files: list[str]

    def play(self, names: Sequence[str], patience: Patience) -> Played:
        """Runs these tests and our controls in one process."""


class Judge:
    """Runs binaries and reports what they show. `controls` are (name, whether it must pass), in order."""

    def __init__(self, report: Report, controls: Sequence[tuple[str, bool]], patience: Patience) -> None:
        self._report = report
        self._controls = [(name, passes) for name, passes in controls]
        self._patience = patience
        self._waiting: list[Result] = []  # until our first controls were seen
        self._last: Result | None = None
        self.output = b""

    @property
    def opened(self) -> bool:
        """Whether any process came to its proper end."""
        return self._last is not None

    def run(self, binary: Binary, group: int = 0) -> None:
        """All tests of one binary; `group` is the most that share a process (0: any number)."""
        untried: list[str] = list(binary.tests)
        unproved: list[str] = []
        while untried or unproved or not self.opened:
            names = next(batches(untried or unproved, group), [])
            taken = set(names)
            played = binary.play(names, self._patience)
            self.output = played.output or self.output
            if played.twice:
                self._stop(f"{played.twice} was reported more than once by the test binary.")
            if self._patience.left_s() <= 0:
                self._stop("The time for the whole run was over before every test had run.")
            rest = [name for name in (untried or unproved) if name not in taken]
            done = set(played.verdicts)
            if played.proper and self._controls[-1][0] in done:
                self._check(played, names)
                self._believe(binary, names, played)
                untried, unproved = (rest, unproved) if untried else ([], rest)
                continue
            culprit = played.running or next(reversed(list(played.verdicts)), "")
            if not done and not culprit:
                self._unstartable(binary, played)
                return
            if culprit not in taken:
                self._stop(
                    f"{binary.path}: {played.how} and its output do not fit a process in which our controls ran."
                )
            self._blame(binary, culprit, played)
            left = [name for name in names if name != culprit]
            again = [name for name in left if name in done]
            untried, unproved = (
                ([name for name in left if name not in done] + rest, unproved + again) if untried else ([], left + rest)
            )

    def finish(self) -> None:
        """Ends the report, and the process."""
        if self._last is None:
            self._stop("No process that ran tests came to its proper end.")
        else:
            self._emit(self._last)
        self._report.end(TESTS_FAILED, output=self.output)

    # ----------------------------------------------------------- pieces

    def _check(self, played: Played, names: Sequence[str]) -> None:
        """A process that came to its end must show every test once, and our controls as they must be."""
        first = [name for name, _ in self._controls[:FIRST_CONTROLS]]
        ended = list(played.verdicts)
        if set(ended) != {*names, *(name for name, _ in self._controls)}:
            self._stop("A test binary did not report exactly the tests that it was to run.")
        if ended[:FIRST_CONTROLS] != first or ended[-1] != self._controls[-1][0]:
            self._stop("Our control tests were not the first and the last in a test binary.")
        for name, passes in self._controls:
            if played.verdicts[name].outcome != (PASSED if passes else FAILED):
                self._stop("A control test of ours did not end as it must in a test binary.")

    def _believe(self, binary: Binary, names: Sequence[str], played: Played) -> None:
        results = {name: result(f"{binary.path}::{name}", played.verdicts[name]) for name, _ in self._controls}
        if self._last is None:
            for name, _ in self._controls[:FIRST_CONTROLS]:
                self._emit(results[name])
            for waiting in self._waiting:
                self._emit(waiting)
        self._last = results[self._controls[-1][0]]
        wanted = set(names)
        for name, verdict in played.verdicts.items():
            if name in wanted:
                self._emit(result(binary.tests[name], verdict))

    def _blame(self, binary: Binary, name: str, played: Played) -> None:
        """The process ended, or was ended, in this test."""
        message = f"the test process ended while this test ran ({played.how})"
        death = played.death or failure(
            "ProcessEnded", message, played.output[-OUTPUT_BYTES:].decode("utf-8", "replace")
        )
        found = Result(binary.tests[name], FAILED, failures=[death], timed_out=played.timed_out)
        if played.timed_out:
            self._patience.late()
        if self._last is None:
            self._waiting.append(found)
        else:
            self._emit(found)

    def _unstartable(self, binary: Binary, played: Played) -> None:
        """It ended before any test could run: nothing in it can be loaded."""
        death = played.death or failure("ProcessEnded", played.how, "")
        text = death["text"] or played.output.decode("utf-8", "replace")
        for file in binary.files:
            message = f"the test binary ended before its first test: {death['message']}"
            self._report.collect_error(file, death["type"], message, text)

    def _emit(self, found: Result) -> None:
        self._report.begin(found.id)
        self._report.test(found)

    def _stop(self, reason: str) -> None:
        self._report.end(NOT_HONEST, reason, self.output)


def result(test_id: str, verdict: Verdict) -> Result:
    return Result(test_id, verdict.outcome, verdict.duration_s, verdict.failures)


def batches(names: Sequence[str], group: int) -> Iterator[list[str]]:
    """Names in groups that fit into an argument list."""
    batch: list[str] = []
    size = 0
    for name in names:
        if batch and (size > NAMES_BYTES or len(batch) == group):
            yield batch
            batch, size = [], 0
        batch.append(name)
        size += len(name.encode()) + 1
    if batch:
        yield batch
