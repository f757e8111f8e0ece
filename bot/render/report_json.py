"""report.json: a record as one documented, versioned JSON document (docs/report.md, report.schema.json).

Numbers and texts only; what they look like on a page belongs to `report_html`.
"""

from __future__ import annotations

import json
from importlib.resources import files

from bot.core.artifacts import (
    Analysis,
    Candidates,
    Dossier,
    Environment,
    Judgement,
    Rebased,
    Reproduction,
    RootCause,
    SourceText,
    Validation,
)
from bot.core.outcomes import RunRecord, StageRecord
from bot.render.imprint import Imprint
from bot.render.json_parts import (
    Object,
    attempt_part,
    candidate_part,
    change_part,
    commit_part,
    evidence_part,
    hunk_part,
    rounded,
    suspect_part,
    test_run_part,
    time_part,
)
from bot.render.proof import failure_line, first_failure
from bot.render.wording import (
    VERDICTS,
    clean,
    isolation_of,
    isolation_sentence,
    one_line,
    sentence,
    verdict_words,
)

SCHEMA = "fixbugs.report/1"


def schema_text() -> str:
    """The JSON Schema that every report.json keeps."""
    return files("bot.render").joinpath("report.schema.json").read_text(encoding="utf-8")


def dumps(record: RunRecord, imprint: Imprint) -> str:
    """The document as text, with a newline at its end; keys always come in the same order."""
    return json.dumps(report_json(record, imprint), indent=2, ensure_ascii=False) + "\n"


def report_json(record: RunRecord, imprint: Imprint) -> Object:
    """The document. A section is null when the run did not get to it."""
    return {
        "schema": SCHEMA,
        "verdict": _verdict(record),
        "run": _run(record),
        "report": _report(record),
        "isolation": {
            "level": level.value if (level := isolation_of(record)) else None,
            "sentence": isolation_sentence(record),
        },
        "stages": [_stage(stage) for stage in record.stages],
        "environment": _environment(record.artifact(Environment)),
        "reproduction": _reproduction(record.artifact(Reproduction)),
        "root_cause": _root_cause(record),
        "fix": _fix(record.artifact(Validation)),
        "judgement": _judgement(record.artifact(Judgement)),
        "suite": _suite(record),
        "candidates": _candidates(record),
        "evidence": [evidence_part(fact) for fact in record.evidence],
        "patches": patch_names(record),
        "made_by": {
            "fixbugs": imprint.version,
            "platform": imprint.platform,
            "python": imprint.python,
            "written_at": time_part(imprint.written_at),
        },
    }


def patch_names(record: RunRecord) -> Object:
    """The names of the patch files beside the report; null where there is none."""
    reproduction, validation = record.artifact(Reproduction), record.artifact(Validation)
    return {
        "test": "test.patch" if reproduction and reproduction.test.patch else None,
        "fix": "fix.patch" if validation else None,
    }


def _verdict(record: RunRecord) -> Object:
    give_up = record.give_up
    return {
        "name": record.verdict.value if record.verdict else None,
        "title": verdict_words(record).title,
        "tone": (VERDICTS[record.verdict].tone.value if record.verdict else "open"),
        "reached_goal": bool(record.verdict and record.verdict.reached_goal),
        "sentence": sentence(record),
        "questions": [clean(q) for q in give_up.questions] if give_up else [],
        "tried": [clean(t) for t in give_up.tried] if give_up else [],
    }


def _run(record: RunRecord) -> Object:
    run, dossier = record.run, record.artifact(Dossier)
    return {
        "id": run.id,
        "trigger": {"kind": run.trigger.kind.value, "actor": clean(run.trigger.actor), "at": time_part(run.trigger.at)},
        "repository": clean(run.repository),
        "ref": clean(run.ref),
        "commit": commit_part(dossier.commit) if dossier else None,
        "goal": run.goal.value,
        "time_limit_s": rounded(run.time_limit_s),
        "notices": [clean(n) for n in dossier.notices] if dossier else [],
    }


def _report(record: RunRecord) -> Object:
    dossier, analysis = record.artifact(Dossier), record.artifact(Analysis)
    given = record.run.report.failing_tests
    return {
        "title": one_line(analysis.title) if analysis else None,
        "sources": [_source(text) for text in dossier.texts] if dossier else [],
        "failing_tests": [clean(t) for t in (dossier.failing_tests if dossier else given)],
        "unread": [clean(u) for u in dossier.unread] if dossier else [],
    }


def _source(text: SourceText) -> Object:
    lines = text.text.count("\n") + (not text.text.endswith("\n") and bool(text.text))
    return {"name": clean(text.name), "kind": text.kind, "lines": lines, "notes": [clean(n) for n in text.notes]}


def _stage(stage: StageRecord) -> Object:
    return {
        "name": stage.name.value,
        "state": stage.state.value,
        "attempts": stage.attempts,
        "started_at": time_part(stage.started_at),
        "wall_s": rounded(stage.wall_s),
        "finding": one_line(stage.finding),
        "counters": {name: rounded(value) for name, value in stage.counters},
        "error": clean(stage.error),
    }


def _environment(environment: Environment | None) -> Object | None:
    if environment is None:
        return None
    return {
        "toolchain": environment.toolchain,
        "runner": environment.runner,
        "key": environment.key,
        "isolation": environment.isolation.value,
        "enforced": list(environment.enforced),
        "tests_collected": len(environment.collection.ids),
        "collection_errors": [{"target": clean(t), "message": clean(m)} for t, m in environment.collection.errors],
        "cached": environment.cached,
        "build_s": rounded(environment.build_s),
        "notes": [clean(n) for n in environment.notes],
    }


def _reproduction(reproduction: Reproduction | None) -> Object | None:
    if reproduction is None:
        return None
    test = reproduction.test
    return {
        "test_ids": list(test.test_ids),
        "failing_ids": list(reproduction.failing_ids),
        "producer": test.producer,
        "why": clean(test.why),
        "command": reproduction.red[0].command if reproduction.red else "",
        "failure": failure_line(first_failure(reproduction)),
        "test_is_new": test.patch is not None,
        "diff": test.patch.diff if test.patch else None,
        "red": [test_run_part(run, reproduction.failing_ids) for run in reproduction.red],
        "attempts": [attempt_part(a) for a in reproduction.attempts],
    }


def _root_cause(record: RunRecord) -> Object | None:
    cause = record.artifact(RootCause)
    if cause is None:
        return None
    return {"statement": clean(cause.statement), "suspects": [suspect_part(s) for s in cause.suspects]}


def _fix(validation: Validation | None) -> Object | None:
    if validation is None:
        return None
    ids = validation.green[0].expected if validation.green else ()
    return {
        **candidate_part(validation.chosen, validation.fix),
        "hunks": [hunk_part(judged) for judged in validation.hunks],
        "green": [test_run_part(run, ids) for run in validation.green],
        "rejected": [attempt_part(a) for a in validation.rejected],
        "witnesses": validation.witnesses,
        "alternatives": [candidate_part(c, c.patch) for c in validation.alternatives],
        "rebased": _rebased(validation.rebased, ids),
    }


def _rebased(rebased: Rebased | None, ids: tuple[str, ...]) -> Object | None:
    if rebased is None:
        return None
    return {
        "commit": commit_part(rebased.commit),
        "test_diff": rebased.test.diff if rebased.test else None,
        "diff": rebased.fix.diff,
        "red": [test_run_part(run, ids) for run in rebased.red],
        "green": [test_run_part(run, ids) for run in rebased.green],
        "after": test_run_part(rebased.suite_after, ()) if rebased.suite_after else None,
        "changes": [change_part(c) for c in rebased.changes],
    }


def _judgement(judgement: Judgement | None) -> Object | None:
    if judgement is None:
        return None
    return {
        "sound": judgement.sound,
        "base": commit_part(judgement.base),
        "head": commit_part(judgement.head),
        "test_ids": list(judgement.test_ids),
        "failing_ids": list(judgement.failing_ids),
        "red": [test_run_part(run, judgement.test_ids) for run in judgement.red],
        "green": [test_run_part(run, judgement.test_ids) for run in judgement.green],
        "hunks": [hunk_part(judged) for judged in judgement.hunks],
        "findings": [clean(finding) for finding in judgement.findings],
        "notes": [clean(note) for note in judgement.notes],
    }


def _suite(record: RunRecord) -> Object | None:
    environment, judged = record.artifact(Environment), record.artifact(Judgement)
    validation = judged or record.artifact(Validation)
    if environment is None:
        return None
    before = judged.suite_before if judged else environment.baseline
    after = validation.suite_after if validation else None
    return {
        "before": test_run_part(before, ()) if before else None,
        "before_skipped": clean(environment.baseline_skipped),
        "after": test_run_part(after, ()) if after else None,
        "changes": [change_part(c) for c in (validation.changes if validation else ())],
        "flaky": list(environment.flaky),
    }


def _candidates(record: RunRecord) -> Object | None:
    candidates = record.artifact(Candidates)
    if candidates is None:
        return None
    return {
        "generated": candidates.generated,
        "screened": candidates.screened,
        "out_of_time": candidates.out_of_time,
        "survivors": [candidate_part(s.candidate, s.candidate.patch) for s in candidates.survivors],
        "refused": [
            {"candidate": candidate_part(r.candidate, r.candidate.patch), "reason": clean(r.reason)}
            for r in candidates.refused
        ],
        "suspects": [suspect_part(s) for s in candidates.suspects],
    }
