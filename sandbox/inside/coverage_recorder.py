"""Which lines of the repository each test executes. Says nothing of branches, and nothing of lines that run while
modules are imported, unless a test imports them.

From Python 3.12 on it uses `sys.monitoring` (a line costs once per test), before that `sys.settrace`, limited to
code of the repository.
"""

from __future__ import annotations

import json
import posixpath
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from types import CodeType, FrameType

    Inside = Callable[[str], bool]
    Hits = set[tuple[str, int]]


class Recorder:
    """Appends one JSON line per test to a file: {"id": …, "lines": {path: [start, stop, start, stop, …]}}, where a
    path is relative to the tree and both ends of a range belong to it."""

    def __init__(self, path: str, tree: str, here: str) -> None:
        self._file = Path(path).open("w", encoding="utf-8")  # noqa: SIM115  (open as long as the process lives)
        self._tree = tree.rstrip("/") + "/"
        self._here = here  # what names of files without a folder are relative to
        self._paths: dict[str, str | None] = {}  # file name as Python knows it -> path in the repository
        self._hits: Hits = set()
        kind = Monitoring if hasattr(sys, "monitoring") else Tracing
        self._meter: Monitoring | Tracing = kind(self._inside, self._hits)

    def begin(self) -> None:
        self._hits.clear()
        self._meter.start()

    def end(self, test_id: str) -> None:
        self._meter.stop()
        by_path: dict[str, list[int]] = {}
        for filename, line in self._hits:
            by_path.setdefault(self._paths[filename] or "", []).append(line)
        record = {"id": test_id, "lines": {path: ranges(lines) for path, lines in sorted(by_path.items())}}
        self._file.write(json.dumps(record) + "\n")
        self._file.flush()

    def _inside(self, filename: str) -> bool:
        if filename not in self._paths:
            full = filename if filename.startswith(("/", "<")) else posixpath.normpath(f"{self._here}/{filename}")
            self._paths[filename] = full[len(self._tree) :] if full.startswith(self._tree) else None
        return self._paths[filename] is not None


class Tracing:
    """Line events by `sys.settrace`, in code of the repository only."""

    def __init__(self, inside: Inside, hits: Hits) -> None:
        self._inside = inside
        self._hits = hits

    def start(self) -> None:
        threading.settrace(self._call)
        sys.settrace(self._call)

    def stop(self) -> None:
        sys.settrace(None)
        threading.settrace(None)

    def _call(self, frame: FrameType, _event: str, _arg: Any) -> Any:
        return self._line if self._inside(frame.f_code.co_filename) else None

    def _line(self, frame: FrameType, event: str, _arg: Any) -> Any:
        if event == "line":
            self._hits.add((frame.f_code.co_filename, frame.f_lineno))
        return self._line


class Monitoring:
    """Line events by `sys.monitoring`: each place is reported once per test, then costs nothing."""

    def __init__(self, inside: Inside, hits: Hits) -> None:
        self._inside = inside
        self._hits = hits
        self._api: Any = vars(sys)["monitoring"]  # mypy looks at this as Python 3.11, which has none
        self._tool = next(number for number in (3, 4, 2, 1) if self._api.get_tool(number) is None)
        self._api.use_tool_id(self._tool, "fixbugs")
        self._api.register_callback(self._tool, self._api.events.LINE, self._line)

    def start(self) -> None:
        self._api.set_events(self._tool, self._api.events.LINE)
        self._api.restart_events()

    def stop(self) -> None:
        self._api.set_events(self._tool, 0)

    def _line(self, code: CodeType, line: int) -> Any:
        if self._inside(code.co_filename):
            self._hits.add((code.co_filename, line))
        return self._api.DISABLE


def ranges(lines: Iterable[int]) -> list[int]:
    """Line numbers as flat inclusive ranges: [3, 4, 5, 9] -> [3, 5, 9, 9]."""
    flat: list[int] = []
    for line in sorted(set(lines)):
        if flat and flat[-1] == line - 1:
            flat[-1] = line
        else:
            flat.extend((line, line))
    return flat
