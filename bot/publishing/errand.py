"""One delivery under way: what its steps share, and the two commits that every way of delivering needs. The ways are
their own files."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from bot.core.artifacts import Analysis
from bot.core.forge import FileChange, Origin, Place, ThreadFacts
from bot.core.outcomes import RunRecord
from bot.ports import Code, Forge, Register
from bot.publishing.change import ProvedChange, proved_change
from bot.publishing.memory import Memory
from bot.render.github.pull_request import fix_commit_message, test_commit_message
from bot.render.github.view import Delivered, View

SUBJECTS = 30  # commits whose subjects show how this repository writes them


@dataclass(frozen=True, slots=True)
class Commits:
    """Full hashes. `test` is "" when the failing test was in the tree already."""

    test: str
    fix: str

    @property
    def first(self) -> str:
        return self.test or self.fix

    def __contains__(self, sha: object) -> bool:
        return bool(sha) and sha in (self.test, self.fix)


@dataclass(frozen=True)
class Errand:
    """`thread` is the issue or pull request it is for, as it was when the delivery began; None for a check that failed
    on a branch."""

    forge: Forge
    register: Register
    memory: Memory
    record: RunRecord
    origin: Origin
    thread: ThreadFacts | None
    change: ProvedChange
    test_files: tuple[FileChange, ...]
    fix_files: tuple[FileChange, ...]
    subjects: tuple[str, ...]
    view: View
    default_branch: str

    @property
    def title(self) -> str:
        """What the bug is called, for a branch's name."""
        if self.thread is not None:
            return self.thread.title
        analysis = self.record.artifact(Analysis)
        return (analysis.title if analysis else "") or "failing check"

    def seen(self, delivered: Delivered) -> View:
        """What a text about this delivery needs to know."""
        return replace(self.view, delivered=delivered)

    async def made_fix(self, place: Place) -> str:
        """The fix's commit in this repository, when it was made before; else ""."""
        return await self.memory.recall(f"fix_commit:{place.repository.lower()}")

    async def commits(self, place: Place) -> Commits:
        """Both commits, on no branch yet, made once: one that was made and not remembered stays on no branch."""
        where = place.repository.lower()

        async def test() -> str:
            message = test_commit_message(self.record, self.subjects)
            return await self.forge.commit(place, self.change.base, message, self.test_files)

        first = await self.memory.once(f"test_commit:{where}", test) if self.test_files else ""

        async def fix() -> str:
            message = fix_commit_message(self.record, self.subjects)
            return await self.forge.commit(place, first or self.change.base, message, self.fix_files)

        return Commits(first, await self.memory.once(f"fix_commit:{where}", fix))


async def errand(
    forge: Forge, code: Code, register: Register, memory: Memory, *, record: RunRecord, origin: Origin, now: datetime
) -> Errand:
    """Looks up all that a delivery needs. Raises Permanent or InputError when it cannot be delivered at all."""
    change = proved_change(record)
    facts = await forge.repository(origin.place)
    thread = None if origin.number is None else await forge.thread(origin.place, origin.number)
    tree = await code.tree(record.run.repository, change.base)
    test_files, fix_files = change.commits(tree)
    history = await code.ancestors(record.run.repository, change.base, SUBJECTS)
    return Errand(
        forge=forge,
        register=register,
        memory=memory,
        record=record,
        origin=origin,
        thread=thread,
        change=change,
        test_files=test_files,
        fix_files=fix_files,
        subjects=tuple(commit.subject for commit in history),
        view=View(facts.web_url, now),
        default_branch=facts.default_branch,
    )
