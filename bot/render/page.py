"""What report.html shows, prepared: every text cleaned, capped and worded. How it looks belongs to the template."""

from __future__ import annotations

from dataclasses import dataclass

from bot.core.artifacts import (
    Dossier,
    Environment,
    Judgement,
    Reproduction,
    Validation,
)
from bot.core.outcomes import RunRecord
from bot.core.run import Verdict
from bot.core.testing import Isolation
from bot.render.commands import Step, steps
from bot.render.imprint import Imprint
from bot.render.page_parts import (
    MOST_ROWS,
    QUOTE_CHARS,
    ChangeView,
    ExcerptLine,
    FactView,
    HunkView,
    Pairs,
    PatchView,
    SuiteRow,
    SuspectView,
    alternative_pairs,
    change_views,
    excerpt_of,
    fact_views,
    hunk_views,
    patch_views,
    refused_pairs,
    search_sentences,
    suite_rows,
    suspect_views,
)
from bot.render.proof import ProofStep, first_failure, proof_steps
from bot.render.timeline import Timeline, timeline
from bot.render.wording import (
    VerdictWords,
    capped,
    cause_sentence,
    clean,
    duration,
    isolation_of,
    isolation_sentence,
    notes_on,
    one_line,
    sentence,
    short_commit,
    tried_heading,
    verdict_words,
)

OUTPUT_CHARS = 12_000


@dataclass(frozen=True, slots=True)
class Page:
    """Everything on the page, top to bottom. An empty section is not shown."""

    title: str
    project: str
    commit: str  # short
    words: VerdictWords
    sentence: str
    statement: str  # the cause, where the verdict's sentence does not say it already
    isolation: str
    unisolated: bool
    questions: tuple[str, ...]
    tried: tuple[str, ...]
    tried_heading: str
    tried_as_printed: bool  # it is a program's output, whose lines count
    findings: tuple[str, ...]  # what does not hold of a judged change
    proof: tuple[ProofStep, ...]
    red_output: str
    red_command: str
    suite: tuple[SuiteRow, ...]
    suite_changes: tuple[ChangeView, ...]
    flaky: tuple[str, ...]
    hunks: tuple[HunkView, ...]
    patches: tuple[PatchView, ...]
    excerpt_path: str
    excerpt: tuple[ExcerptLine, ...]
    suspects: tuple[SuspectView, ...]
    steps: tuple[Step, ...]
    search: tuple[str, ...]  # sentences on how the fix was looked for
    refused: Pairs  # what was tried, why it was refused
    alternatives: Pairs  # what it is, where
    facts: tuple[FactView, ...]
    timeline: Timeline
    about: Pairs
    notices: tuple[str, ...]


def page(record: RunRecord, imprint: Imprint) -> Page:
    """The page of a record."""
    words, reproduction = verdict_words(record), record.artifact(Reproduction)
    validation, judgement = record.artifact(Validation), record.artifact(Judgement)
    shown = reproduction or judgement
    environment = record.artifact(Environment)
    project = one_line(record.run.repository.rstrip("/").rsplit("/", 1)[-1].removesuffix(".git"), 60)
    red = shown.red[0] if shown and shown.red else None
    failure = first_failure(shown) if shown else None
    statement = "" if record.verdict is Verdict.EXPLAINED else one_line(cause_sentence(record), 1000)
    give_up = record.give_up
    excerpt_path, excerpt = excerpt_of(record)
    return Page(
        title=f"{words.title}: {project}",
        project=project,
        commit=short_commit(record),
        words=words,
        sentence=sentence(record),
        statement=statement,
        isolation=isolation_sentence(record),
        unisolated=isolation_of(record) is Isolation.NONE,
        questions=tuple(one_line(q, 1000) for q in give_up.questions) if give_up else (),
        tried=tuple(capped(clean(t), QUOTE_CHARS) for t in give_up.tried[:MOST_ROWS]) if give_up else (),
        tried_heading=tried_heading(record),
        tried_as_printed=record.verdict is Verdict.CANNOT_RUN,
        proof=proof_steps(record),
        red_output=capped(clean((failure and failure.text) or (red.output_tail if red else "")), OUTPUT_CHARS),
        red_command=one_line(red.command, 1000) if red else "",
        findings=tuple(one_line(f, 1000) for f in judgement.findings[:MOST_ROWS]) if judgement else (),
        suite=suite_rows(record),
        suite_changes=change_views(judgement or validation),
        flaky=tuple(one_line(i) for i in environment.flaky[:MOST_ROWS]) if environment else (),
        hunks=hunk_views(judgement or validation),
        patches=patch_views(reproduction, validation),
        excerpt_path=excerpt_path,
        excerpt=excerpt,
        suspects=suspect_views(record),
        steps=steps(record),
        search=search_sentences(record),
        refused=refused_pairs(record),
        alternatives=alternative_pairs(validation),
        facts=fact_views(record),
        timeline=timeline(record),
        about=_about(record, imprint),
        notices=notes_on(record),
    )


def _about(record: RunRecord, imprint: Imprint) -> Pairs:
    dossier, environment = record.artifact(Dossier), record.artifact(Environment)
    rows = [("Repository", one_line(record.run.repository, 300))]
    if dossier:
        rows.append(("Commit", f"{dossier.commit.sha[:12]} {one_line(dossier.commit.subject, 120)}"))
        rows.append(("Report", "; ".join(_source(t.name, t.kind, t.notes) for t in dossier.texts) or "a test's name"))
    else:
        rows.append(("Ref", short_commit(record)))
    rows.append(("Goal", record.run.goal.value))
    if environment:
        built = "from the cache" if environment.cached else f"built in {duration(environment.build_s)}"
        rows.append(("Environment", f"{environment.toolchain}, {environment.runner}, {built}"))
        rows += [("", one_line(note, 600)) for note in environment.notes]
        rows += [("" if n else "Sandbox", one_line(phrase, 600)) for n, phrase in enumerate(environment.enforced)]
    rows.append(("Run", f"{record.run.id}, started {record.run.trigger.at:%Y-%m-%d %H:%M} UTC"))
    rows.append(
        ("Made by", f"FixBugs {imprint.version}, Python {one_line(imprint.python)}, {one_line(imprint.platform)}")
    )
    return tuple(rows)


def _source(name: str, kind: str, notes: tuple[str, ...]) -> str:
    said = f"{one_line(name, 120)} ({kind})"
    return f"{said}, {', '.join(one_line(note) for note in notes)}" if notes else said
