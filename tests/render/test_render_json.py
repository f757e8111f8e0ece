"""report.json: it keeps its schema for every verdict, says what the record says, and survives hostile input."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]  # the library ships no types

from bot.core.artifacts import Necessity
from bot.core.evidence import EvidenceKind
from bot.core.outcomes import RunRecord, StageState
from bot.core.run import Goal, StageName, TriggerKind, Verdict
from bot.core.testing import Isolation, Outcome
from bot.render.imprint import Imprint
from bot.render.report_json import SCHEMA, dumps, report_json, schema_text
from builders import (
    TEST_ID,
    dossier,
    evidence,
    explained_record,
    fixed_record,
    no_fix_record,
    reproduced_record,
    run,
    stages,
)
from forge_records import BASE_SHA, HEAD_SHA, NEWER_SHA, judged_record, judgement, rebased_record

IMPRINT = Imprint("0.1.0", "Linux, x86_64, 2 cores", "3.11.2", datetime(2026, 3, 9, 10, 0, 10, 1234, UTC))
FIXED, REPRODUCED, EXPLAINED = Verdict.FIXED, Verdict.REPRODUCED, Verdict.EXPLAINED


def record_for(verdict: Verdict) -> RunRecord:
    goals = {FIXED: fixed_record, REPRODUCED: reproduced_record, EXPLAINED: explained_record}
    if verdict in goals:
        return goals[verdict]()
    if verdict in (Verdict.VALIDATED, Verdict.NOT_VALIDATED):
        return judged_record(judgement(*(["It adds no test."] if verdict is Verdict.NOT_VALIDATED else [])))
    if verdict is Verdict.BAD_INPUT:
        return RunRecord(run(), stages(last=StageName.GATHER, gave_up=True), verdict=verdict)
    return no_fix_record(verdict)


def validator() -> Draft202012Validator:
    schema = json.loads(schema_text())
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def section(record: RunRecord, name: str) -> dict[str, object]:
    found = json.loads(dumps(record, IMPRINT))[name]
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize("verdict", list(Verdict), ids=lambda verdict: verdict.value)
def test_every_verdict_keeps_the_schema(verdict: Verdict) -> None:
    document = json.loads(dumps(record_for(verdict), IMPRINT))
    assert [error.message for error in validator().iter_errors(document)] == []
    assert document["verdict"]["name"] == verdict.value


def test_the_schema_refuses_a_field_it_does_not_know() -> None:
    document = json.loads(dumps(fixed_record(), IMPRINT))
    document["fix"]["confidence"] = 0.9
    assert not validator().is_valid(document)


@pytest.mark.parametrize(
    ("path", "values"),
    [
        ("properties/verdict/properties/name", [*(v.value for v in Verdict), None]),
        ("properties/stages/items/properties/name", [s.value for s in StageName]),
        ("properties/stages/items/properties/state", [s.value for s in StageState]),
        ("properties/evidence/items/properties/kind", [k.value for k in EvidenceKind]),
        ("properties/run/properties/trigger/properties/kind", [k.value for k in TriggerKind]),
        ("properties/run/properties/goal", [g.value for g in Goal]),
        ("$defs/hunk/properties/necessity", [n.value for n in Necessity]),
        ("$defs/outcome", [o.value for o in Outcome]),
        ("$defs/isolation", [i.value for i in Isolation]),
    ],
)
def test_the_schema_knows_every_word_of_the_domain(path: str, values: list[str | None]) -> None:
    node = json.loads(schema_text())
    for part in path.split("/"):
        node = node[part]
    assert set(node["enum"]) == set(values)


def test_a_run_that_never_got_anywhere_keeps_the_schema() -> None:
    record = RunRecord(run(), stages(last=StageName.GATHER, gave_up=True))
    assert validator().is_valid(json.loads(dumps(record, IMPRINT)))


def test_keys_always_come_in_the_same_order() -> None:
    assert dumps(fixed_record(), IMPRINT) == dumps(fixed_record(), IMPRINT)
    assert list(report_json(no_fix_record(Verdict.STOPPED), IMPRINT)) == list(report_json(fixed_record(), IMPRINT))
    assert list(report_json(fixed_record(), IMPRINT))[:3] == ["schema", "verdict", "run"]
    assert report_json(fixed_record(), IMPRINT)["schema"] == SCHEMA


def test_the_verdict_of_a_fix_says_what_was_changed() -> None:
    assert section(fixed_record(), "verdict") == {
        "name": "fixed",
        "title": "Fixed",
        "tone": "good",
        "reached_goal": True,
        "sentence": "In paperboy/dates.py:16, use `target` instead of `start`.",
        "questions": [],
        "tried": [],
    }


def test_a_no_fix_verdict_carries_its_questions() -> None:
    assert section(no_fix_record(Verdict.NEEDS_INFORMATION), "verdict")["questions"] == [
        "Which call goes wrong, with which arguments?",
        "What should it return?",
    ]


def test_the_reproduction_shows_each_red_run() -> None:
    reproduction = report_json(fixed_record(), IMPRINT)["reproduction"]
    assert isinstance(reproduction, dict)
    assert reproduction["command"] == f"python -m pytest {TEST_ID}"
    assert reproduction["failure"] == "ValueError: day is out of range for month"
    assert [red["results"][0]["outcome"] for red in reproduction["red"]] == ["failed"] * 3


def test_a_judgement_says_what_was_held_against_what() -> None:
    record = judged_record(judgement("Its change at paperboy/log.py:1 is not needed.", unneeded=True))
    assert validator().is_valid(json.loads(dumps(record, IMPRINT)))
    judged = report_json(record, IMPRINT)["judgement"]
    assert isinstance(judged, dict)
    assert (judged["base"]["sha"], judged["head"]["sha"]) == (BASE_SHA, HEAD_SHA)
    assert judged["sound"] is False
    assert judged["findings"] == ["Its change at paperboy/log.py:1 is not needed."]
    assert [hunk["necessity"] for hunk in judged["hunks"]] == ["necessary", "unneeded"]
    assert [red["results"][0]["outcome"] for red in judged["red"]] == ["failed"] * 3


def test_the_suite_of_a_judgement_is_the_base_against_the_head() -> None:
    suite = json.loads(dumps(judged_record(), IMPRINT))["suite"]
    assert [suite[side]["counts"] for side in ("before", "after")] == [{"passed": 23}, {"passed": 24}]


def test_a_fix_that_was_proved_again_shows_the_runs_on_the_newer_commit() -> None:
    record = rebased_record()
    assert validator().is_valid(json.loads(dumps(record, IMPRINT)))
    fix = report_json(record, IMPRINT)["fix"]
    assert isinstance(fix, dict)
    assert fix["rebased"]["commit"]["sha"] == NEWER_SHA
    assert [run["green"] for run in (*fix["rebased"]["red"], *fix["rebased"]["green"])] == [False] * 3 + [True] * 3
    assert section(fixed_record(), "fix")["rebased"] is None


def test_patches_are_named_only_when_they_exist() -> None:
    assert section(fixed_record(), "patches") == {"test": "test.patch", "fix": "fix.patch"}
    assert section(reproduced_record(), "patches") == {"test": "test.patch", "fix": None}
    assert section(explained_record(), "patches") == {"test": None, "fix": None}


def test_no_isolation_is_said_plainly() -> None:
    assert section(fixed_record(isolation=Isolation.NONE), "isolation") == {
        "level": "none",
        "sentence": "Nothing isolated the code that ran: it could use this machine's files and network as you can.",
    }


def test_numbers_are_rounded_and_times_are_utc() -> None:
    record = fixed_record()
    slow = replace(record.stages[0], wall_s=1.23456789, counters=(("ratio", 0.333333), ("texts", 2.0)))
    stage = json.loads(dumps(replace(record, stages=(slow, *record.stages[1:])), IMPRINT))["stages"][0]
    assert stage["wall_s"] == 1.235
    assert stage["counters"] == {"ratio": 0.333, "texts": 2}
    assert stage["started_at"] == "2026-03-09T10:00:00.000Z"


def test_terminal_sequences_and_lone_surrogates_do_not_get_through() -> None:
    hostile = replace(evidence()[0], quote="\x1b[31mred\x1b[0m \x1b]8;;http://x\x07link \ud800 a\u202eb\x00")
    text = dumps(replace(fixed_record(), evidence=(hostile,)), IMPRINT)
    text.encode("utf-8")
    assert json.loads(text)["evidence"][0]["quote"] == "red link <U+D800> a<U+202E>b"


def test_huge_texts_are_cut_in_the_middle_and_say_so() -> None:
    hostile = replace(evidence()[0], quote="a" * 500_000 + "THE END")
    quote = json.loads(dumps(replace(fixed_record(), evidence=(hostile,)), IMPRINT))["evidence"][0]["quote"]
    assert len(quote) < 5_000
    assert "496,007 characters left out" in quote
    assert quote.endswith("THE END")


def test_a_diff_stays_as_git_needs_it() -> None:
    fix = report_json(fixed_record(), IMPRINT)["fix"]
    assert isinstance(fix, dict)
    assert fix["diff"].startswith("diff --git a/paperboy/dates.py b/paperboy/dates.py\n--- a/paperboy/dates.py\n")
    assert "+    return target.replace(day=min(start.day, days_in_month(target)))\n" in fix["diff"]


def test_notices_about_the_repository_are_kept() -> None:
    record = RunRecord(run(), stages(), (dossier(notices=("Uncommitted changes are not seen.",)),))
    assert section(record, "run")["notices"] == ["Uncommitted changes are not seen."]
