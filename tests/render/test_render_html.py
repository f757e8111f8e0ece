"""report.html: self-contained, escaped, complete; and the rows and bars it is made of."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser

import pytest

from bot.core.artifacts import Attempt, RootCause, SuiteChange, Suspect
from bot.core.outcomes import GiveUp, RunRecord, StageRecord, StageState
from bot.core.patch import FileEdit, Patch
from bot.core.run import StageName, Verdict
from bot.core.testing import Isolation, Outcome
from bot.render.commands import steps
from bot.render.diff_rows import MOST_ROWS, RowKind, file_rows
from bot.render.imprint import Imprint
from bot.render.proof import proof_steps
from bot.render.report_html import report_html
from bot.render.timeline import timeline
from builders import (
    NO_FIX,
    START,
    TEST_ID,
    candidate,
    environment,
    evidence,
    explained_record,
    failure,
    fixed_record,
    no_fix_record,
    ran,
    reproduced_record,
    reproduction,
    run,
    suspects,
    validation,
    with_artifacts,
)
from forge_records import judged_record, judgement

IMPRINT = Imprint("0.1.0", "Linux, x86_64, 2 cores", "3.11.2", datetime(2026, 3, 9, 10, 0, 10, 0, UTC))
HOSTILE = "</script></pre><img src=x onerror=alert(1)><svg/onload=alert(2)>{{ 7*7 }}\x1b[31m\u202e"
VOID = {"meta", "br", "col", "img", "link", "input", "hr"}


class Reader(HTMLParser):
    """What a page holds: tags, attributes, ids and text; and whether every tag is closed in its turn."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(text)
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data

    def values(self, attribute: str) -> list[str]:
        return [value for name, value in self.attributes if name == attribute]


def read(record: RunRecord) -> Reader:
    return Reader(report_html(record, IMPRINT))


def position(text: str, *parts: str) -> list[int]:
    return [text.index(part) for part in parts]


def everything_hostile() -> RunRecord:
    """A fixed record whose every free text is an attack."""
    record = fixed_record()
    shown = reproduction()
    red = ran((TEST_ID,), Outcome.FAILED, failure=replace(failure(), message=HOSTILE, text=HOSTILE))
    edit = FileEdit("paperboy/dates.py", "a = 1\n", f"a = '{HOSTILE}'\n")
    proved = replace(
        validation(),
        fix=Patch((edit,)),
        chosen=replace(candidate(), description=HOSTILE, rule=HOSTILE),
        rejected=(Attempt(HOSTILE, HOSTILE),),
        changes=(SuiteChange(HOSTILE, Outcome.PASSED, Outcome.FAILED, HOSTILE),),
    )
    cause = RootCause((Suspect("a.py", 1, 1, 1.0, HOSTILE, (HOSTILE,), (HOSTILE,)),), HOSTILE)
    record = with_artifacts(record, replace(shown, red=(red,) * 3), proved, cause)
    fact = replace(evidence()[0], claim=HOSTILE, quote=HOSTILE)
    return replace(record, evidence=(fact,))


@pytest.mark.parametrize("verdict", [None, *NO_FIX], ids=str)
def test_every_page_is_well_formed_and_asks_nothing_of_the_network(verdict: Verdict | None) -> None:
    page = read(fixed_record() if verdict is None else no_fix_record(verdict))
    assert not {"script", "img", "link", "iframe", "object"} & set(page.tags)
    assert page.values("src") == []
    assert all(value.startswith("#") for value in page.values("href"))
    assert page.tags.count("h1") == 1


def test_the_style_sheet_loads_nothing() -> None:
    assert not re.search(r"url\(|@import|@font-face", report_html(fixed_record(), IMPRINT))


def test_the_verdict_comes_first_then_the_proof_then_the_fix() -> None:
    text = read(fixed_record()).text
    body = text[text.index("FixBugs on paperboy") :]
    found = position(
        body,
        "Fixed",
        "In paperboy/dates.py:16, use target instead of start.",
        "All code of the project ran in a sandbox of Linux namespaces",
        "red 3 of 3",
        "green 3 of 3",
        "23 of 23 tests passed before, 24 of 24 after.",
        "1 hunk, needed",
        "Made by templates, rule wrong-variable.",
        "Every change is needed",
        "Where the cause lies",
        "See it yourself",
        "Refused",
        "Seen with paperboy 1.4.2.",
        "Timeline, 9.5 s",
    )
    assert found == sorted(found)


def test_a_no_fix_page_starts_with_the_questions_and_what_was_tried() -> None:
    text = read(no_fix_record(Verdict.NOT_REPRODUCIBLE)).text
    found = position(
        text,
        "No test built from the report fails at 4f0c2a9.",
        "Which timezone does the machine use?",
        "The report's snippet as a test: it passed 3 of 3.",
        "ISSUE.md:3",
    )
    assert found == sorted(found)
    assert "The fix" not in text


def test_the_page_of_a_judged_change_lists_what_does_not_hold() -> None:
    findings = ("It adds no test.", "Its change at paperboy/log.py:1 is not needed.")
    text = read(judged_record(judgement(*findings, unneeded=True))).text
    body = text[text.index("FixBugs on paperboy") :]
    found = position(
        body,
        "Not validated",
        "What does not hold",
        findings[1],
        "red 3 of 3",
        "What each change is needed for",
        "unneeded",
    )
    assert found == sorted(found)


def test_the_page_of_a_sound_change_says_so() -> None:
    text = read(judged_record()).text
    assert "One of its tests fails on the base and passes with the change" in text
    assert "What does not hold" not in text


def test_missing_isolation_is_said_plainly_in_the_header() -> None:
    text = read(fixed_record(isolation=Isolation.NONE)).text
    assert "Nothing isolated the code that ran" in text[: text.index("red 3 of 3")]


def test_the_footer_lists_all_that_the_sandbox_enforced() -> None:
    text = read(fixed_record()).text
    assert text.index("no network") < text.index("Timeline") < text.rindex("one unprivileged user")


def test_evidence_is_linked_from_where_it_is_used() -> None:
    page = read(fixed_record())
    assert {"#E2", "#E4"} <= set(page.values("href"))
    assert {href.removeprefix("#") for href in page.values("href")} <= set(page.values("id"))


def test_hostile_text_stays_text() -> None:
    page = read(everything_hostile())
    assert not {"script", "img", "svg"} & set(page.tags)
    assert not [name for name, _ in page.attributes if name.startswith("on")]
    assert "</script></pre><img src=x onerror=alert(1)>" in page.text
    assert "{{ 7*7 }}" in page.text
    assert not set(page.text) & {"\x1b", "\u202e"}


def test_backticks_become_code_and_nothing_else_does() -> None:
    give_up = GiveUp(Verdict.STOPPED, "call `f(<b>)` not ``", ("one ` alone <i>",))
    page = report_html(RunRecord(run(), (), verdict=Verdict.STOPPED, give_up=give_up), IMPRINT)
    assert "call <code>f(&lt;b&gt;)</code> not <code></code>" in page
    assert "one ` alone &lt;i&gt;" in page


def test_huge_texts_leave_the_page_small() -> None:
    record = fixed_record()
    red = ran((TEST_ID,), Outcome.FAILED, failure=replace(failure(), message="m" * 10**6, text="t\n" * 10**6))
    shown = replace(reproduction(), red=(red,) * 3)
    big = FileEdit("a.py", "", "".join(f"x{n} = {n}\n" for n in range(50_000)))
    proved = replace(validation(), fix=Patch((big,)))
    record = with_artifacts(record, shown, proved)
    facts = tuple(replace(evidence()[0], id=f"E{n}", quote="q" * 10**5) for n in range(1, 2_000))
    page = report_html(replace(record, evidence=facts), IMPRINT)
    assert len(page) < 1_000_000
    assert "more lines in the patch" in page


def test_the_code_around_the_suspect_line_is_shown() -> None:
    text = read(fixed_record()).text
    assert "at 4f0c2a9" in text[text.index("Where the cause lies") :]
    assert "target = date(start.year + years, month + 1, 1)" in text


def test_a_page_without_the_files_text_shows_no_code() -> None:
    assert "at 4f0c2a9" not in read(explained_record()).text


def test_a_changed_word_is_marked_inside_its_line() -> None:
    removed, added = [row for row in file_rows(validation().fix)[0].rows if row.kind is not RowKind.CONTEXT]
    assert [text for text, changed in removed.parts if changed] == ["start"]
    assert [text for text, changed in added.parts if changed] == ["target"]
    assert (removed.before, removed.after, added.before, added.after) == (16, None, None, 16)


def test_lines_that_have_little_in_common_are_not_marked() -> None:
    rows = file_rows(Patch((FileEdit("a.py", "return total\n", "raise KeyError(name)\n"),)))[0].rows
    assert [len(row.parts) for row in rows] == [1, 1]


def test_a_new_file_and_one_without_a_last_newline_are_said_to_be_so() -> None:
    file = file_rows(Patch((FileEdit("a.py", None, "x = 1"),)))[0]
    assert (file.state, file.added, file.removed) == ("new file", 1, 0)
    assert file.rows[-1].parts == (("no newline at the end of the file", False),)


def test_a_long_diff_says_how_many_rows_are_left_out() -> None:
    after = "".join(f"{n}\n" for n in range(MOST_ROWS + 7))
    assert file_rows(Patch((FileEdit("a.txt", None, after),)))[0].left_out == 7


def test_bars_show_which_stages_ran_side_by_side() -> None:
    bars = {bar.label: bar for bar in timeline(fixed_record()).bars}
    assert list(bars)[:3] == ["gather", "environment", "analysis"]
    assert bars["environment"].begin_percent == bars["analysis"].begin_percent > 0
    assert max(bar.begin_percent + bar.width_percent for bar in bars.values()) == pytest.approx(100, abs=0.02)
    assert "publication" not in bars


def test_a_timeline_of_nothing_is_empty() -> None:
    record = replace(fixed_record(), stages=(StageRecord(StageName.GATHER),))
    assert timeline(record).bars == ()


def test_a_stage_that_took_no_time_still_has_a_scale() -> None:
    instant = StageRecord(StageName.GATHER, StageState.DONE, 1, START + timedelta(seconds=1), 0.0)
    assert timeline(replace(fixed_record(), stages=(instant,))).bars[0].width_percent == 0


def test_the_commands_go_from_red_to_green() -> None:
    assert [(step.command, step.shows) for step in steps(fixed_record())] == [
        ("git checkout 4f0c2a9d8e7b", ""),
        ("git apply REPORT/test.patch", ""),
        (f"python -m pytest {TEST_ID}", "red: the bug"),
        ("git apply REPORT/fix.patch", ""),
        (f"python -m pytest {TEST_ID}", "green: the fix"),
    ]


def test_a_test_that_was_there_already_needs_no_patch() -> None:
    record = with_artifacts(reproduced_record(), reproduction(in_tree=True))
    assert "git apply REPORT/test.patch" not in [step.command for step in steps(record)]


def test_a_broken_test_is_not_called_unchanged() -> None:
    broken = validation(changes=(SuiteChange("tests/a.py::test_b", Outcome.PASSED, Outcome.FAILED),))
    record = with_artifacts(fixed_record(), broken)
    step = proof_steps(record)[2]
    assert (step.value, step.holds) == ("1 broken", False)
    assert "broken: tests/a.py::test_b." in step.detail


def test_a_missing_baseline_is_not_called_unchanged() -> None:
    bare = replace(environment(), baseline=None, baseline_skipped="the suite takes too long.")
    record = replace(
        fixed_record(), artifacts=tuple(bare if type(a) is type(bare) else a for a in fixed_record().artifacts)
    )
    step = proof_steps(record)[2]
    assert (step.value, step.detail, step.holds) == (
        "not compared",
        "No suite to compare: the suite takes too long.",
        False,
    )


def test_a_red_run_that_must_not_be_believed_does_not_count() -> None:
    shown = reproduction()
    doubtful = replace(shown.red[0], distrust="the report is incomplete")
    record = with_artifacts(reproduced_record(), replace(shown, red=(*shown.red[:2], doubtful)))
    step = proof_steps(record)[0]
    assert (step.value, step.holds, step.runs) == ("red 2 of 3", False, (True, True, False))


def test_the_suspect_that_the_fix_changes_is_marked() -> None:
    text = read(fixed_record()).text
    assert text.count("fixed here") == 1
    assert text.index("dates.py:16", text.index("Where the cause lies")) < text.index("fixed here")
    assert "fixed here" not in read(reproduced_record()).text


def test_a_suspect_outside_its_file_breaks_nothing() -> None:
    far = replace(suspects()[0], line_start=9_000, line_end=9_001)
    record = replace(fixed_record(), artifacts=(*fixed_record().artifacts[:4], RootCause((far,), "far"), validation()))
    assert "paperboy/dates.py:9000-9001" in read(record).text


def test_a_run_with_nothing_but_its_question_still_has_a_page() -> None:
    record = RunRecord(run(), (), give_up=GiveUp(Verdict.BAD_INPUT, "No."), verdict=Verdict.BAD_INPUT)
    text = read(record).text
    assert "Bad input" in text
    assert "No code of the project was run." in text
