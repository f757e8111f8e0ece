"""The smaller parts of report.json: a test run, a suspect, a candidate, a fact. The document is `report_json`'s."""

from __future__ import annotations

from datetime import UTC, datetime

from bot.core.artifacts import Attempt, CandidatePatch, JudgedHunk, SuiteChange, Suspect
from bot.core.evidence import Evidence
from bot.core.patch import Patch
from bot.core.run import Commit
from bot.core.testing import Failure, Outcome, TestRun
from bot.render.proof import outcome_counts
from bot.render.wording import capped, clean, one_line

OUTPUT_CHARS = 20_000  # of one test run's output
QUOTE_CHARS = 4_000  # of one piece of evidence
RESULTS = 200  # of one test run

Object = dict[str, object]


def test_run_part(run: TestRun, shown_ids: tuple[str, ...]) -> Object:
    """A whole run; results are spelled out for the tests it is about and for everything that is not passed."""
    shown = [r for r in run.results if r.id in shown_ids or r.outcome is not Outcome.PASSED]
    return {
        "green": run.green,
        "counts": {outcome.value: number for outcome, number in outcome_counts(run)},
        "results": [
            {
                "id": clean(r.id),
                "outcome": r.outcome.value,
                "duration_s": rounded(r.duration_s),
                "failure": failure_part(r.failure),
            }
            for r in shown[:RESULTS]
        ],
        "exit_code": run.exit_code,
        "wall_s": rounded(run.wall_s),
        "isolation": run.isolation.value,
        "distrust": clean(run.distrust),
        "command": clean(run.command),
        "output": capped(clean(run.output_tail), OUTPUT_CHARS),
    }


def failure_part(failure: Failure | None) -> Object | None:
    if failure is None:
        return None
    return {
        "exception_type": clean(failure.exception_type),
        "message": capped(clean(failure.message), QUOTE_CHARS),
        "phase": failure.phase,
        "frames": [
            {"path": clean(f.path), "line": f.line, "function": clean(f.function)} for f in failure.frames[-50:]
        ],
        "text": capped(clean(failure.text), OUTPUT_CHARS),
    }


def attempt_part(attempt: Attempt) -> Object:
    return {"what": clean(attempt.what), "result": clean(attempt.result)}


def suspect_part(suspect: Suspect) -> Object:
    return {
        "path": suspect.path,
        "line_start": suspect.line_start,
        "line_end": suspect.line_end,
        "symbol": suspect.symbol,
        "score": rounded(suspect.score),
        "reasons": [clean(r) for r in suspect.reasons],
        "evidence": list(suspect.evidence),
    }


def candidate_part(candidate: CandidatePatch, patch: Patch) -> Object:
    return {
        "description": one_line(candidate.description),
        "rule": candidate.rule,
        "producer": candidate.producer,
        "path": candidate.path,
        "line": candidate.line,
        "surprise": rounded(candidate.surprise),
        "suspicion": rounded(candidate.suspicion),
        "diff": patch.diff,
    }


def commit_part(commit: Commit) -> Object:
    return {
        "sha": commit.sha,
        "subject": one_line(commit.subject),
        "author": one_line(commit.author),
        "at": time_part(commit.at),
    }


def hunk_part(judged: JudgedHunk) -> Object:
    return {
        "path": judged.hunk.path,
        "line": judged.hunk.line,
        "diff": judged.hunk.text,
        "necessity": judged.necessity.value,
        "shown_by": clean(judged.shown_by),
    }


def change_part(change: SuiteChange) -> Object:
    return {
        "id": clean(change.id),
        "before": change.before.value,
        "after": change.after.value,
        "note": clean(change.note),
    }


def evidence_part(fact: Evidence) -> Object:
    where = fact.provenance
    return {
        "id": fact.id,
        "kind": fact.kind.value,
        "claim": clean(fact.claim),
        "source": clean(where.source),
        "line_start": where.line_start,
        "line_end": where.line_end,
        "digest": where.digest,
        "quote": capped(clean(fact.quote), QUOTE_CHARS),
        "producer": fact.producer,
    }


def time_part(at: datetime | None) -> str | None:
    """RFC 3339, in UTC, whole seconds with three digits."""
    return None if at is None else at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def rounded(number: float) -> float:
    """At most three digits behind the point; whole numbers stay whole."""
    return int(number) if float(number).is_integer() else round(number, 3)
