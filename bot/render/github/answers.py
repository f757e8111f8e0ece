"""The short answers to what people ask: one function each, Markdown out. Who gets which is decided elsewhere."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Protocol

from bot.core.forge import Role
from bot.core.outcomes import RunRecord, StageState
from bot.render.github.markdown import Block, code, fence, fitted, link, prose, text
from bot.render.github.stages import begun, what
from bot.render.wording import clean, counted, sentence, verdict_words

MOST_PROBLEMS = 10
_LOGIN = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,38})")
_HELP = (
    ("/fixbugs", "fix the bug that this issue describes, or this pull request’s failing checks"),
    ("/fixbugs explain", "name the most suspect places, change nothing"),
    ("/fixbugs reproduce", "write a failing test, no fix"),
    ("/fixbugs validate", "judge this pull request: red at its base, green at its head, every hunk needed"),
    ("/fixbugs stop", "stop the run that is going on here"),
    ("/fixbugs retry", "run the last one again, with all that was said since"),
    ("/fixbugs status", "say how far the run is"),
)


class PolicyProblem(Protocol):
    """One thing that is wrong with a policy file. `line` and `column` are 1-based; `excerpt` is that line."""

    @property
    def line(self) -> int: ...
    @property
    def column(self) -> int: ...
    @property
    def excerpt(self) -> str: ...
    @property
    def message(self) -> str: ...


def refused(login: str, needed: Role) -> str:
    """The one answer that mentions somebody: it is to them."""
    who = f"@{login}" if _LOGIN.fullmatch(login) else text(login, 60)
    return (
        f"Sorry {who}, FixBugs takes requests only from people with the **{needed.value}** role or a higher one "
        "in this repository. One of them can ask for you."
    )


def help_text(label: str, unknown: str = "") -> str:
    first = f"FixBugs does not know {code('/fixbugs ' + unknown, 60)}.\n\n" if unknown.strip() else ""
    rows = "\n".join(f"- {code(command)}: {does}" for command, does in _HELP)
    return (
        f"{first}Write one of these on a line of its own:\n\n{rows}\n\n"
        "What you write after the command, on its line or below it, is taken as guidance. "
        f"The label {code(label, 60)} on an issue does the same as `/fixbugs`."
    )


def status(record: RunRecord | None, ahead: int | None) -> str:
    if record is None:
        return "No run was asked for here yet. `/fixbugs help` says how to."
    run = f"Run {code(record.run.id, 80)}"
    if record.verdict is not None:
        return f"{run} has ended. **{verdict_words(record).title}:** {prose(sentence(record), 600)}"
    if not begun(record):
        return f"{run} waits for its turn; {_ahead(ahead)}."
    running = [s for s in record.stages if s.state is StageState.RUNNING]
    done = sum(s.state is StageState.DONE for s in record.stages)
    now = " and ".join(what(record, s.name).lower() for s in running) or "between two stages"
    finding = next((s.finding for s in reversed(record.stages) if s.finding), "")
    said = f" Last finding: {prose(finding, 200)}" if finding else ""
    return f"{run} is going on, {done} of {counted(len(record.stages), 'stage')} done; now: {now}.{said}"


def _ahead(ahead: int | None) -> str:
    if not ahead:
        return "it starts next"
    return f"{counted(ahead, 'run')} {'is' if ahead == 1 else 'are'} ahead of it"


def nothing_to_stop() -> str:
    return "There is nothing to stop: no run is going on here."


def repeated(record: RunRecord, comment_url: str) -> str:
    """`comment_url` is where it was answered, "" when that is not known."""
    answered = link("was answered before", comment_url)
    return (
        f"The same {answered}, and neither the text nor the code has changed since. "
        f"**{verdict_words(record).title}:** {prose(sentence(record), 600)}\n\n`/fixbugs retry` runs it all the same."
    )


def joined(record: RunRecord) -> str:
    return f"Run {code(record.run.id, 80)} is going on here already; `/fixbugs stop` ends it."


def policy_errors(errors: Sequence[PolicyProblem], path: str, page_url: str, schema_url: str = "") -> str:
    """Every problem with its line quoted. `page_url` is where the file can be read, `schema_url` the JSON Schema's."""
    file = link(code(path), page_url)
    one = len(errors) == 1
    first = f"No run was started: {file} on the default branch has {counted(len(errors), 'mistake')}."
    parts = [Block(first), *(Block(_problem(e, page_url), "further mistakes") for e in errors[:MOST_PROBLEMS])]
    if len(errors) > MOST_PROBLEMS:
        parts.append(Block(f"And {len(errors) - MOST_PROBLEMS:,} more."))
    schema = f"What may stand there: {link('its JSON Schema', schema_url)}. " if schema_url else ""
    parts.append(Block(f"{schema}Once {'it is' if one else 'they are'} corrected, ask again."))
    return fitted(parts)


def _problem(problem: PolicyProblem, page_url: str) -> str:
    where = link(f"Line {problem.line}", f"{page_url}#L{problem.line}")
    said = f"{where}: {prose(problem.message, 600)}"
    excerpt = clean(problem.excerpt.split("\n", 1)[0]).expandtabs(4)[:200].rstrip()
    if not excerpt:
        return said
    caret = f"\n{' ' * (problem.column - 1)}^" if 0 < problem.column <= len(excerpt) else ""
    return f"{said}\n\n{fence(excerpt + caret, 'text')}"


def archived() -> str:
    return "This repository is archived, so FixBugs can change nothing in it."


def empty_repository() -> str:
    return "This repository is empty: there is no code to look at yet."


def nothing_failed() -> str:
    return "No check fails on this pull request. To have something else changed, say what: `/fixbugs` and your words."


def closed_thread() -> str:
    return "This is closed, so FixBugs leaves it alone. Reopen it and ask again."


def not_a_pull_request() -> str:
    return "`/fixbugs validate` judges a pull request, and this is an issue. `/fixbugs` looks for a fix of it."


def not_possible(reason: str) -> str:
    """`reason` is a sentence that says what the forge refused, and what to do."""
    return f"FixBugs cannot do that here: {prose(reason)}"
