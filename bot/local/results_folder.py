"""The Publisher that writes into a folder: both patches, report.json and report.html."""

from __future__ import annotations

import asyncio
import platform
from dataclasses import dataclass
from pathlib import Path

from bot import __version__
from bot.core.artifacts import Publication, Reproduction, Validation
from bot.core.errors import Permanent
from bot.core.outcomes import RunRecord
from bot.ports import Clock
from bot.render.imprint import Imprint
from bot.render.report_html import report_html
from bot.render.report_json import dumps

NAMES = {"test": "test.patch", "fix": "fix.patch", "report": "report.html", "data": "report.json"}


@dataclass(frozen=True)
class ResultsFolder:
    """Writes each file whole. A patch of an earlier run is removed when this one has none."""

    folder: Path
    clock: Clock

    async def publish(self, record: RunRecord) -> Publication:
        """Raises Permanent when the folder cannot be written (no space, no permission)."""
        files = self._files(record)
        try:
            await asyncio.to_thread(self._write, files)
        except OSError as exc:
            raise Permanent(
                f"The result could not be written to {self.folder}: {exc.strerror}. "
                "Free some space or name another folder with --out."
            ) from exc
        return Publication(tuple((name, str(self.folder / NAMES[name])) for name in NAMES if files[name] is not None))

    def _files(self, record: RunRecord) -> dict[str, str | None]:
        reproduction, validation = record.artifact(Reproduction), record.artifact(Validation)
        imprint = Imprint(__version__, _platform(), platform.python_version(), self.clock.now())
        return {
            "test": reproduction.test.patch.diff if reproduction and reproduction.test.patch else None,
            "fix": validation.fix.diff if validation else None,
            "report": report_html(record, imprint),
            "data": dumps(record, imprint),
        }

    def _write(self, files: dict[str, str | None]) -> None:
        """All drafts first: when the disk is full, results of an earlier run are still whole."""
        self.folder.mkdir(parents=True, exist_ok=True)
        drafts = {name: self.folder / f".{NAMES[name]}.new" for name, text in files.items() if text is not None}
        try:
            for name, draft in drafts.items():
                draft.write_bytes((files[name] or "").encode("utf-8", "surrogateescape"))
            for name in files:
                if name in drafts:
                    drafts[name].replace(self.folder / NAMES[name])
                else:
                    (self.folder / NAMES[name]).unlink(missing_ok=True)
        finally:
            for draft in drafts.values():
                draft.unlink(missing_ok=True)


def _platform() -> str:
    return f"{platform.system()} {platform.release().split('-')[0]}, {platform.machine()}"
