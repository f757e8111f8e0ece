"""What a failure looks like, in plain data: exception, message, frames, text; sizes capped, paths relative to the tree.
Writing it is `events`' work.
"""

from __future__ import annotations

import linecache
import traceback
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types import TracebackType

    import pytest

MAX_MESSAGE = 4000
MAX_TEXT = 12000
MAX_SECTION = 3000
MAX_FRAMES = 60
MAX_CODE = 300
RUNNER_PARTS = ("_pytest", "pluggy", "fixbugs_inside", "unittest")


class Describer:
    """Describes failures of tests in one tree."""

    def __init__(self, tree: str) -> None:
        self._tree = tree.rstrip("/") + "/"

    def failure(self, phase: str, excinfo: pytest.ExceptionInfo[BaseException]) -> dict[str, Any]:
        """One failure as data; its text comes later, from pytest's report."""
        return {
            "phase": phase,
            "type": type(excinfo.value).__name__,
            "message": self.message(excinfo.value),
            "frames": self.frames(excinfo.tb),
            "text": "",
        }

    def message(self, error: BaseException) -> str:
        return middle_cut(self.relative(safe_str(error)), MAX_MESSAGE)

    def text(self, report: pytest.TestReport | pytest.CollectReport) -> str:
        """The report as pytest prints it, with what the test printed."""
        text = str(report.longrepr or "")
        for title, content in report.sections:
            text += f"\n---- {title} ----\n{middle_cut(content, MAX_SECTION)}"
        return middle_cut(self.relative(text), MAX_TEXT)

    def relative(self, text: str) -> str:
        return text.replace(self._tree, "")

    def frames(self, tb: TracebackType | None) -> list[dict[str, Any]]:
        """Outermost first, without the runner's own; the middle of a deep recursion is left out."""
        walked = [(frame.f_code, line) for frame, line in traceback.walk_tb(tb)]
        found = [(code, line) for code, line in walked if not self._is_runner(code.co_filename)]
        if len(found) > MAX_FRAMES:
            found = found[:10] + found[10 - MAX_FRAMES :]
        return [
            {
                "path": self.relative(code.co_filename),
                "line": line,
                "function": code.co_name,
                "code": linecache.getline(code.co_filename, line).strip()[:MAX_CODE],
            }
            for code, line in found
        ]

    def _is_runner(self, path: str) -> bool:
        """Whether a frame belongs to what runs tests, not to what is tested."""
        return not path.startswith((self._tree, "<")) and any(part in RUNNER_PARTS for part in path.split("/"))


def safe_str(error: BaseException) -> str:
    try:
        return str(error)
    except BaseException as broken:
        return f"<str() of the exception raised {type(broken).__name__}>"


def middle_cut(text: str, limit: int) -> str:
    """The text with its middle left out when it is longer than `limit` characters; the end says most."""
    if len(text) <= limit:
        return text
    head, tail = limit // 3, limit - limit // 3
    return f"{text[:head]}\n… {len(text) - limit} characters left out …\n{text[-tail:]}"
