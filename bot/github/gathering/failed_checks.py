"""Failed checks as documents and facts: what they say of themselves, and the log of the job behind each. Which checks
failed is asked elsewhere."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from bot.core.errors import Absent, FixbugsError, Permanent
from bot.core.evidence import Evidence, EvidenceKind, Provenance
from bot.core.forge import FailedCheck, Place
from bot.core.run import Document
from bot.github.client import GithubApp, path
from bot.github.gathering.job_log_text import plain_log, poured
from bot.github.gathering.log_archive import ARCHIVE_BYTES, LogArchive

CHECKS_AT_MOST = 20
LOGS_AT_MOST = 6
LOG_BYTES = 8 << 20  # the longest of 53 real failing logs that we looked at has 3.7 MB
_EXIT_CODE = "Process completed with exit code"
_FENCE = "````"


def output_document(check: FailedCheck) -> Document | None:
    """What a check says of itself; None when that is nothing but that it failed."""
    notes = [note for note in check.annotations if _EXIT_CODE not in note]
    parts = [check.title, check.summary, check.text]
    if notes:
        parts.append("\n".join([f"{_FENCE}text", *(note.replace(_FENCE, "") for note in notes), _FENCE]))
    said = "\n\n".join(part.strip() for part in parts if part.strip())
    if not said:
        return None
    return Document(f"output of check {check.name}", said.encode("utf-8", "replace"), check.web_url)


def fact(check: FailedCheck, sha: str) -> Evidence:
    """That it failed."""
    how = f" ({check.conclusion.replace('_', ' ')})" if check.conclusion not in ("", "failure") else ""
    claim = f"The check {check.name} of {check.app_slug or 'an app'} failed{how} at {sha[:10]}."
    return Evidence(EvidenceKind.TEST, claim, Provenance(f"check {check.name}"), producer="gather")


def with_logs(checks: Sequence[FailedCheck]) -> tuple[tuple[FailedCheck, ...], int]:
    """The checks whose logs are read, and how many more have one."""
    logged = [check for check in checks if check.job_id is not None]
    return tuple(logged[:LOGS_AT_MOST]), max(0, len(logged) - LOGS_AT_MOST)


class JobLogs:
    """Logs of Actions jobs. A log that cannot be had by itself is looked for in its workflow run's archive, which is
    fetched once. Lives in one event loop."""

    def __init__(self, app: GithubApp, place: Place) -> None:
        self._app = app
        self._place = place
        self._archives: dict[int, LogArchive | FixbugsError] = {}
        self._fetching = asyncio.Lock()

    async def read(self, check: FailedCheck) -> Document | None:
        """The job's log; None when it is empty. Raises Absent when it has expired."""
        what = f"read the log of check {check.name}"
        job = path(self._place, "actions", "jobs", check.job_id or 0, "logs")
        try:
            async with self._app.stream(self._place, job, what=what) as chunks:
                content = (await poured(chunks, LOG_BYTES)).content()
        except Absent:
            content = await self._from_archive(check)
        text = await asyncio.to_thread(plain_log, content)
        return Document(f"log of check {check.name}", text, check.web_url) if text.strip() else None

    async def _from_archive(self, check: FailedCheck) -> bytes:
        gone = f"the log of check {check.name} has expired or was deleted. Run the check again to have a new one."
        if check.run_id is None:
            raise Absent(gone)
        async with self._fetching:
            if check.run_id not in self._archives:
                self._archives[check.run_id] = await self._archive(check.run_id)
        archive = self._archives[check.run_id]
        if isinstance(archive, Absent):
            raise Absent(gone)
        if isinstance(archive, FixbugsError):
            raise archive
        found = await asyncio.to_thread(archive.job_log, check.name, LOG_BYTES)
        if found is None:
            raise Absent(gone)
        return found

    async def _archive(self, run_id: int) -> LogArchive | FixbugsError:
        """The archive, or why there is none."""
        what = f"read the logs of workflow run {run_id}"
        address = path(self._place, "actions", "runs", run_id, "logs")
        try:
            content, more = await self._app.raw(self._place, address, what=what, max_bytes=ARCHIVE_BYTES)
            if more:
                return Permanent(f"The logs of workflow run {run_id} are larger than {ARCHIVE_BYTES >> 20} MiB.")
            return await asyncio.to_thread(LogArchive, content)
        except FixbugsError as exc:
            return exc
