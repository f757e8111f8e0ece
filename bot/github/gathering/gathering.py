"""One report while it is gathered: asks every source of a thread or a commit, and puts the answers together."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from bot.core.errors import Transient
from bot.core.evidence import Evidence, EvidenceKind, Provenance
from bot.core.forge import Actor, FailedCheck, Origin, ThreadFacts
from bot.core.outcomes import GiveUp
from bot.core.run import Document, Goal, Report, Run, Verdict
from bot.github.client import GithubApp
from bot.github.gathering import conversation
from bot.github.gathering.attachments import Attached, Attachments
from bot.github.gathering.enclosures import Enclosures
from bot.github.gathering.failed_checks import CHECKS_AT_MOST, JobLogs, fact, output_document, with_logs
from bot.github.gathering.linked import linked_documents
from bot.github.gathering.mentions import linked_threads
from bot.github.gathering.pull_diff import diff_document
from bot.github.gathering.sources import Sources, together
from bot.ports import Forge, Gathered

_DESCRIBES = re.compile(
    r"Traceback \(most recent call last\)|^ {0,3}>>> \S|^(?:FAILED|ERROR) \S+::"
    r"|\bexpect(?:ed|s)?\b.{0,200}\b(?:but|got|gives|instead|actual)|\bactual\b.{0,200}\bexpected",
    re.MULTILINE | re.IGNORECASE | re.DOTALL,
)
_MORE = "What goes wrong, and what should happen instead? Say it after the command: `/fixbugs fix …`."


@dataclass
class Gathering:
    """`thread` is None for failed checks of a commit that belong to no pull request. Used once."""

    app: GithubApp
    forge: Forge
    attachments: Attachments
    run: Run
    origin: Origin
    thread: ThreadFacts | None
    me: Actor
    sources: Sources = field(default_factory=Sources)
    said: list[Document] = field(default_factory=list)
    checks: tuple[FailedCheck, ...] = ()
    linked: tuple[Document, ...] = ()
    logs: tuple[Document, ...] = ()
    diff: Document | None = None
    attached: tuple[Attached, ...] = ()

    async def gathered(self) -> Gathered:
        """Raises Transient, Permanent when what is needed cannot be had."""
        await together(self._hear(), self._find_checks())
        if nothing := self._nothing():
            return Gathered(Report(), tuple(self.sources.notices), give_up=nothing)
        await together(self._follow_links(), self._read_logs(), self._read_diff(), self._fetch_attached())
        report = self._report()
        if self._log_may_come(report):
            raise next(failure for failure in self.sources.failures if isinstance(failure, Transient))
        ref = "" if self.run.ref else self._sha
        return Gathered(report, tuple(self.sources.notices), self._facts(), ref)

    # ---------------------------------------------------------- the sources

    async def _hear(self) -> None:
        if self.thread is None:
            return
        named = f"of #{self.thread.number}"
        asked = self.origin.comment_id if self.run.guidance else None
        askings = [(conversation.comments(self.app, self.origin, self.me, asked), "comments")]
        if self.thread.pull:
            askings.append((conversation.reviews(self.app, self.origin, self.me), "reviews"))
            askings.append((conversation.review_comments(self.app, self.origin, self.me, asked), "review comments"))
        useful = (self.sources.useful(asking, f"The {what} {named}", again=True) for asking, what in askings)
        for (_, what), said in zip(askings, await asyncio.gather(*useful), strict=True):
            self.said.extend(said.documents if said else ())
            if said and said.cut:
                self.sources.notices.append(f"Not all {what} {named} were read: only the newest {len(said.documents)}.")

    async def _find_checks(self) -> None:
        if self._is_issue or self.run.goal is Goal.VALIDATE:
            return
        self.checks = await self.forge.failed_checks(self.origin.place, self._sha)

    async def _follow_links(self) -> None:
        numbers = self._linked_numbers()
        self.linked = await linked_documents(self.forge, self.sources, self.origin.place, self.me, numbers)

    async def _read_logs(self) -> None:
        chosen, left = with_logs(self.checks)
        if left:
            self.sources.notices.append(f"Only {len(chosen)} of {len(chosen) + left} logs of failed checks were read.")
        jobs = JobLogs(self.app, self.origin.place)
        askings = (self.sources.useful(jobs.read(check), f"The log of {check.name}") for check in chosen)
        self.logs = tuple(log for log in await asyncio.gather(*askings) if log)

    async def _read_diff(self) -> None:
        if self.thread and self.thread.pull:
            asking = diff_document(self.app, self.origin, self.thread.web_url)
            self.diff = await self.sources.useful(asking, f"The diff of #{self.thread.number}")

    async def _fetch_attached(self) -> None:
        if self.thread:
            enclosures = Enclosures(self.app, self.attachments, self.sources, self.origin)
            self.attached = await enclosures.of([self._subject(), *self.said])

    # -------------------------------------------------------- what they say

    def _report(self) -> Report:
        outputs = (output_document(check) for check in self.checks[:CHECKS_AT_MOST])
        files = [each.document for each in self.attached if not each.is_log]
        return Report(
            issue=self._subject(),
            comments=self._addressed((*self.said, *(output for output in outputs if output), *self.linked)),
            logs=self._addressed((*self.logs, *(each.document for each in self.attached if each.is_log))),
            attachments=(*((self.diff,) if self.diff else ()), *files),
            guidance=self._guidance(),
        )

    def _subject(self) -> Document:
        """What the run is about, with a title. A pull request of ours says nothing new about itself."""
        thread = self.thread
        if thread is None:
            names = ", ".join(dict.fromkeys(check.name for check in self.checks[:3]))
            where = f" on {self.origin.branch}" if self.origin.branch else ""
            return Document("failed checks", f"# {names} fails at {self._sha[:10]}{where}\n".encode(), self._address)
        body = "" if thread.author.login == self.me.login else thread.body
        name = f"{'pull request' if thread.pull else 'issue'} #{thread.number}"
        return Document(name, f"# {thread.title}\n\n{body}".encode("utf-8", "replace"), thread.web_url)

    def _guidance(self) -> Document | None:
        if not self.run.guidance.strip():
            return None
        name = f"guidance by @{self.run.trigger.actor}"
        return Document(name, self.run.guidance.encode("utf-8", "replace"), self._address)

    def _facts(self) -> tuple[Evidence, ...]:
        facts = [fact(check, self._sha) for check in self.checks[:CHECKS_AT_MOST]]
        labels = [label for label in self.thread.labels if label != self.run.policy.label] if self.thread else []
        if self.thread and labels:
            where = Provenance(self._subject().name)
            facts.append(Evidence(EvidenceKind.CLAIM, f"It is labelled {', '.join(labels)}.", where, producer="gather"))
        return tuple(facts)

    def _nothing(self) -> GiveUp | None:
        """Why there is nothing to go by, where that is so."""
        if self._is_issue or self.checks or self.run.guidance.strip() or self.run.goal is Goal.VALIDATE:
            return None
        sha = self._sha[:10]
        if self.thread is None:
            detail = f"No check fails at {sha} any more."
            return GiveUp(Verdict.NEEDS_INFORMATION, detail, ("Is there still something wrong? Open an issue on it.",))
        if any(_DESCRIBES.search(text) for text in self._texts()):
            return None
        detail = f"No check fails at {sha}, and no guidance was given, so there is nothing to go by."
        return GiveUp(Verdict.NEEDS_INFORMATION, detail, (_MORE, "Are checks still running? Ask again once they end."))

    def _log_may_come(self, report: Report) -> bool:
        """Whether all that a failed check could tell is missing for a reason that may pass."""
        told = report.logs or report.guidance or any(output_document(check) for check in self.checks)
        passing = any(isinstance(failure, Transient) for failure in self.sources.failures)
        return bool(with_logs(self.checks)[0]) and not told and passing

    # ------------------------------------------------------------- details

    @property
    def _is_issue(self) -> bool:
        return self.thread is not None and self.thread.pull is None

    @property
    def _sha(self) -> str:
        pull = self.thread.pull if self.thread else None
        return self.origin.head_sha or (pull.head_sha if pull else "")

    @property
    def _address(self) -> str:
        """Where what has no address of its own can be seen."""
        if self.thread:
            return self.thread.web_url
        return f"{self.app.web_url}/{self.origin.place.repository}/commit/{self._sha}"

    def _addressed(self, documents: Iterable[Document]) -> tuple[Document, ...]:
        return tuple(d if d.address else replace(d, address=self._address) for d in documents)

    def _texts(self) -> Sequence[str]:
        body = self.thread.body if self.thread else ""
        return [body, *(document.content.decode("utf-8", "replace") for document in self.said)]

    def _linked_numbers(self) -> tuple[int, ...]:
        thread = self.thread
        if thread is None:
            return ()
        text = "\n\n".join([thread.title, *self._texts()])
        return linked_threads(text, self.origin.place.repository, self.app.web_url, thread.number)
