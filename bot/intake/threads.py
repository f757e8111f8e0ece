"""A thread as it is now, looked at before a run about it begins: whether it can be worked on, and as what."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from urllib.parse import quote

from bot.core.forge import Origin, Place, RepositoryFacts, ThreadFacts
from bot.core.run import Goal
from bot.intake.outside import Outside
from bot.intake.policies import Wanted
from bot.intake.replies import MONTH_S, say_once
from bot.render.github import answers
from bot.repo_config import PATH


@dataclass(frozen=True, slots=True)
class Subject:
    """What a run would be about."""

    place: Place
    facts: RepositoryFacts
    thread: ThreadFacts

    def origin(self, comment_id: int | None = None) -> Origin:
        pull = self.thread.pull
        return Origin(self.place, self.thread.number, pull is not None, pull.head_sha if pull else "", comment_id)

    @property
    def ref(self) -> str:
        """The commit to work on: a pull request's head, else the default branch."""
        return self.facts.default_branch if self.thread.pull is None else f"refs/pull/{self.thread.number}/head"

    def base(self, goal: Goal) -> str:
        """What a pull request is held against when it is judged."""
        return self.thread.pull.base_ref if self.thread.pull and goal is Goal.VALIDATE else ""


async def subject_of(outside: Outside, place: Place, number: int) -> Subject:
    """Raises what the forge raises: Absent when the thread is gone."""
    thread, facts = await asyncio.gather(outside.forge.thread(place, number), outside.forge.repository(place))
    return Subject(place, facts, thread)


async def workable(outside: Outside, subject: Subject, wanted: Wanted) -> bool:
    """Whether a run may begin here; says why when it may not."""
    if subject.facts.archived:
        said, about = answers.archived(), "archived"
    elif subject.facts.empty:
        said, about = answers.empty_repository(), "empty"
    elif wanted.errors:
        page = f"{subject.facts.web_url}/blob/{quote(subject.facts.default_branch)}/{PATH}"
        said = answers.policy_errors(wanted.errors, PATH, page, outside.schema_url)
        about = f"settings {wanted.digest}"
    elif not subject.thread.open:
        said, about = answers.closed_thread(), "closed"
    else:
        return True
    within_s = MONTH_S if wanted.errors else 3600.0
    await say_once(outside, subject.place, subject.thread.number, said, about=about, within_s=within_s)
    return False
