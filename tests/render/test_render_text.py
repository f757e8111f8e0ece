"""The closing summary, asserted whole."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.core.artifacts import Publication
from bot.core.outcomes import GiveUp, RunRecord, StageRecord, StageState
from bot.core.patch import FileEdit, Patch
from bot.core.run import StageName, Verdict
from bot.core.testing import Isolation
from bot.render.text import summary
from bot.render.wording import VERDICTS, capped, clean, duration, one_line
from builders import explained_record, fixed_record, no_fix_record, validation, with_artifacts
from forge_records import judged_record, judgement

FIXED = """\
Fixed: In paperboy/dates.py:16, use `target` instead of `start`.

Cause: add_months in paperboy/dates.py:16 counts the days of the month it starts in, not of the one
it returns.

  --- a/paperboy/dates.py
  +++ b/paperboy/dates.py
  @@ -13,4 +13,4 @@
       \"""The same day of the month, that many months later.\"""
       years, month = divmod(start.month - 1 + months, 12)
       target = date(start.year + years, month + 1, 1)
  -    return target.replace(day=min(start.day, days_in_month(start)))
  +    return target.replace(day=min(start.day, days_in_month(target)))

  Before           red 3 of 3      At 4f0c2a9 the test fails: ValueError: day is out of range for
                                   month.
  After            green 3 of 3    With the fix the same test passes, each time in a fresh process.
  Everything else  unchanged       23 of 23 tests passed before, 24 of 24 after.
  Nothing spare    1 hunk, needed  Without it the proof fails.

All code of the project ran in a sandbox of Linux namespaces: no network, host files hidden, memory
and processes limited.

  report     out/report.html
  fix.patch  out/fix.patch
"""

NOT_REPRODUCIBLE = """\
Not reproducible: No test built from the report fails at 4f0c2a9.

What we need to know:
  1. Which timezone does the machine use?
  2. Does it happen on every call, or only sometimes?

What was tried:
  - The report's snippet as a test: it passed 3 of 3.
  - The named test: it passed 3 of 3.

All code of the project ran in a sandbox of Linux namespaces: no network, host files hidden, memory
and processes limited.
"""

EXPLAINED = """\
Explained: add_months in paperboy/dates.py:16 counts the days of the month it starts in, not of the
one it returns.

Most suspect:
  paperboy/dates.py:16 in add_months
  paperboy/subscriptions.py:25 in Subscription.renewal

All code of the project ran in a sandbox of Linux namespaces: no network, host files hidden, memory
and processes limited.
"""


NOT_VALIDATED = """\
Not validated: 2 things do not hold; first: It adds no test.

Note: Not judged, because no test run can tell: CHANGES.md.

What does not hold:
  - It adds no test.
  - Its change at paperboy/log.py:1 is not needed by any test that was run.

  Before           red 3 of 3           On the base 4f0c2a9, with only its tests added, its test
                                        fails: ValueError: day is out of range for month.
  After            green 3 of 3         At its head 9e8d7c6 they pass, each time in a fresh process.
  Everything else  unchanged            23 of 23 tests passed before, 24 of 24 after.
  Nothing spare    1 of 2 hunks needed  All tests end alike without paperboy/log.py:1.

All code of the project ran in a sandbox of Linux namespaces: no network, host files hidden, memory
and processes limited.
"""


def published(record: RunRecord) -> RunRecord:
    places = Publication((("report", "out/report.html"), ("fix.patch", "out/fix.patch")))
    return replace(record, artifacts=(*record.artifacts, places))


def test_the_summary_of_a_fix() -> None:
    assert summary(published(fixed_record())) == FIXED


def test_the_summary_of_a_run_that_found_nothing_to_fix() -> None:
    assert summary(no_fix_record(Verdict.NOT_REPRODUCIBLE)) == NOT_REPRODUCIBLE


def test_the_summary_of_an_explanation() -> None:
    assert summary(explained_record()) == EXPLAINED


def test_the_summary_of_a_change_that_does_not_hold_up() -> None:
    findings = ("It adds no test.", "Its change at paperboy/log.py:1 is not needed by any test that was run.")
    assert summary(judged_record(judgement(*findings, unneeded=True))) == NOT_VALIDATED


def test_missing_isolation_is_said_plainly() -> None:
    text = summary(fixed_record(isolation=Isolation.NONE))
    assert "\nNothing isolated the code that ran: it could use this machine's files and network as you can.\n" in text


def test_a_long_diff_is_only_named() -> None:
    long = replace(validation(), fix=Patch((FileEdit("a.txt", None, "x\n" * 500),)))
    text = summary(replace(fixed_record(), artifacts=(*fixed_record().artifacts[:-1], long)))
    assert "The diff has 505 lines; it is in fix.patch." in text


def test_colour_changes_nothing_but_colour() -> None:
    coloured = summary(fixed_record(), colour=True)
    assert coloured.startswith("\x1b[1;32mFixed\x1b[0m: ")
    assert clean(coloured) == summary(fixed_record())


@pytest.mark.parametrize("width", [20, 40, 80, 200])
def test_prose_keeps_to_the_width(width: int) -> None:
    lines = summary(no_fix_record(Verdict.NOT_REPRODUCIBLE), width=width).splitlines()
    assert max(map(len, lines)) <= max(40, width)


def test_terminal_sequences_in_what_a_test_said_do_not_reach_the_terminal() -> None:
    give_up = GiveUp(Verdict.NEEDS_INFORMATION, "a\x1b]0;owned\x07b\x1b[2Jc\x9b31m\rd", ("q\x1b[8m",), ("t\x07",))
    text = summary(RunRecord(fixed_record().run, (), (), (), give_up.verdict, give_up))
    assert not set(text) & {"\x1b", "\x07", "\x9b", "\r"}


def test_our_own_failure_names_the_stage_and_what_happened() -> None:
    broken = StageRecord(StageName.ROOT_CAUSE, StageState.FAILED, 2, error="KeyError: 'x'")
    record = RunRecord(fixed_record().run, (broken,), verdict=Verdict.FAILED)
    assert summary(record).startswith("Failed: FixBugs itself failed in root cause: KeyError: 'x'\n")


def test_every_verdict_has_its_words() -> None:
    assert set(VERDICTS) == set(Verdict)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0, "0 ms"),
        (0.0994, "99 ms"),
        (0.0996, "0.1 s"),
        (9.94, "9.9 s"),
        (9.96, "10 s"),
        (59.6, "1 min 00 s"),
        (125, "2 min 05 s"),
        (750, "12 min"),
    ],
)
def test_durations_read_well(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_long_texts_are_cut_and_say_so() -> None:
    assert capped("abcdef", 6) == "abcdef"
    assert capped("a" * 5 + "b" * 1005, 10) == "aaaaa\n… 1,000 characters left out …\nbbbbb"
    assert one_line("a \n\n b" + "c" * 500, 6) == "a bcc…"


def test_changes_that_pass_the_same_tests_are_named() -> None:
    proved = validation()
    ambiguous = with_artifacts(fixed_record(), replace(proved, alternatives=(proved.chosen, proved.chosen)))

    assert "Note: 2 other changes pass the same tests, so the tests alone do not decide between them and" in summary(
        ambiguous
    )
