"""The short answers to what people ask: one function each, Markdown out. Who gets which is decided elsewhere."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Protocol

from bot.core.forge import Role
from bot.core.outcomes import RunRecord
from bot.render.github.markdown import code, fence, link, prose, text
from bot.render.wording import counted, sentence, verdict_words

_LOGIN = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,38})")


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
    who = f"@{login}" if _LOGIN.fullmatch(login) else text(login, 60)
    return f"Sorry {who}, only people with the role “{needed.value}” or more may ask for this here."


def help_text(label: str, unknown: str = "") -> str:
    first = f"{code('/fixbugs ' + unknown)} is not something I know. " if unknown else ""
    return f"{first}Write one of these on a line of its own: `/fixbugs`, `/fixbugs stop`. The label is {code(label)}."


def status(record: RunRecord | None, ahead: int | None) -> str:
    if record is None:
        return "Nothing was asked of FixBugs here yet."
    return f"Run {code(record.run.id, 80)}: {verdict_words(record).title}." + (f" {ahead} ahead." if ahead else "")


def nothing_to_stop() -> str:
    return "No run is going on here, so there is nothing to stop."


def stopped(login: str) -> str:
    return f"Stopped, as {text(login, 60)} asked."


def repeated(record: RunRecord, comment_url: str) -> str:
    answer = link("answered before", comment_url)
    return f"The same was {answer}: {prose(sentence(record))}"


def joined(record: RunRecord) -> str:
    return f"Run {code(record.run.id, 80)} is going on here already."


def handed_in() -> str:
    return "Added to the run that is going on here."


def policy_errors(errors: Sequence[PolicyProblem], path: str, web_url: str) -> str:
    parts = [f"{counted(len(errors), 'problem')} in {code(path)}:"]
    parts += [f"Line {e.line}: {prose(e.message)}\n\n{fence(e.excerpt, 'yaml', 300)}" for e in errors[:10]]
    return "\n\n".join(parts)


def archived() -> str:
    return "This repository is archived, so nothing can be changed in it."


def empty_repository() -> str:
    return "This repository is empty: there is no code to look at."


def nothing_failed() -> str:
    return "No check of this pull request fails. Say what is wrong: `/fixbugs <what should change>`."


def closed_thread() -> str:
    return "This is closed. Open it again to have it worked on."


def not_a_pull_request() -> str:
    return "`/fixbugs validate` judges a pull request; this is an issue."
