"""Reads what a Rust test binary (libtest, one thread) prints, and what a failure of a Rust test looks like. Starting
one belongs to `rust_binary`.

A line is "test a::b ... ok". Code that writes past libtest's capture may put anything before "ok", or lines that look
like libtest's own; so what failed is read from the list at the end, and must fit the summary's counts.
"""

from __future__ import annotations

import posixpath
import re
import time
from typing import TYPE_CHECKING

from .binaries import Verdict
from .wrapper import FAILED, PASSED, SKIPPED, failure, read_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..events import Event

ANNOUNCED = re.compile(rb"test (\S+)(?: - should panic)? \.\.\. ?(.*)$")
SUMMARY = re.compile(rb"^test result: (\w+)\. (\d+) passed; (\d+) failed; (\d+) ignored;")
SECTION = re.compile(r"^---- (\S+)(?: - should panic)? stdout ----$")
OLD_PANIC = re.compile(r"^thread '[^\n]*?' panicked at '(.*?)', ([^\s:]+):(\d+):\d+$", re.M | re.S)
NEW_PANIC = re.compile(
    r"^thread '[^\n]*?'[^\n]* panicked at ([^\s:]+):(\d+):\d+:\n(.*?)(?=\nstack backtrace:|\nnote: |\Z)", re.M | re.S
)
FRAME = re.compile(r"^\s*\d+: (.+)\n\s+at ([^\n]+?):(\d+)(?::\d+)?$", re.M)
RETURNED = re.compile(r"^Error: (.*)$", re.M)
KEPT_LINES = 20_000
KEPT_BYTES = 4000  # of one line
MAX_CODE = 300


class Reading:
    """One process's output."""

    def __init__(self, names: Sequence[str]) -> None:
        self.announced: list[str] = []
        self.twice = ""
        self.summaries: list[tuple[str, int, int, int]] = []
        self.last = b""
        self._names = {name.encode(): name for name in names}
        self._ignored: set[str] = set()
        self._beside: dict[str, str] = {}
        self._ended_at: list[float] = []
        self._lines: list[bytes] = []

    def take(self, line: bytes) -> None:
        if line:
            self.last = line
        if len(self._lines) > 2 * KEPT_LINES:
            del self._lines[:KEPT_LINES]
        self._lines.append(line[:KEPT_BYTES])
        if line.startswith(b"test result: "):
            summary = SUMMARY.match(line)
            if summary is not None:
                word, *counts = summary.groups()
                self.summaries.append((word.decode(), int(counts[0]), int(counts[1]), int(counts[2])))
            return
        announced = ANNOUNCED.search(line) if b" ... " in line else None
        if announced is not None and announced.group(1) in self._names:
            name = self._names[announced.group(1)]
            if name in self.announced:
                self.twice = name
                return
            self.announced.append(name)
            self._ended_at.append(time.monotonic())
            said = announced.group(2)[:KEPT_BYTES].decode("utf-8", "replace")
            if said.partition(",")[0] == "ignored":
                self._ignored.add(name)
            elif said not in ("ok", "FAILED"):
                self._beside[name] = said  # an error that a test returns is printed past the capture

    def failed(self) -> list[str]:
        """The names in the list that ends the output."""
        lines = self.text()
        start = max((number for number, line in enumerate(lines) if line == "failures:"), default=len(lines))
        return [line.strip() for line in lines[start + 1 :] if line.startswith("    ")]

    def text(self) -> list[str]:
        return [line.decode("utf-8", "replace") for line in self._lines]

    def fits(self) -> bool:
        """Whether list, summary and announcements agree; there may be one summary only, as the last line."""
        if len(self.summaries) != 1 or not self.last.startswith(b"test result: "):
            return False
        failed = set(self.failed())
        _, passes, fails, ignored = self.summaries[0]
        others = set(self.announced) - failed - self._ignored
        return failed <= set(self.announced) and (passes, fails, ignored) == (
            len(others),
            len(failed),
            len(self._ignored),
        )

    def verdicts(self, started: float, describer: Describer) -> dict[str, Verdict]:
        """Of a process that came to its end, in the order in which tests ran."""
        failed = set(self.failed())
        sections = sectioned(self.text())
        found = {}
        before = started
        for name, ended_at in zip(self.announced, self._ended_at):  # noqa: B905 (strict= is newer than Python 3.8)
            outcome = FAILED if name in failed else SKIPPED if name in self._ignored else PASSED
            text = "\n".join(filter(None, (self._beside.get(name), sections.get(name))))
            failures = [describer.failure(text)] if outcome == FAILED else []
            found[name] = Verdict(outcome, max(0.0, ended_at - before), failures)
            before = ended_at
        return found

    def since(self) -> list[str]:
        """What was printed since the last announcement."""
        lines = self.text()
        start = max((number for number, line in enumerate(lines) if " ... " in line), default=0)
        return lines[start:]


def sectioned(lines: list[str]) -> dict[str, str]:
    """What each failed test printed."""
    found: dict[str, list[str]] = {}
    current: list[str] = []
    for line in lines:
        section = SECTION.match(line)
        if section is not None:
            current = found.setdefault(section.group(1), [])
        elif line == "failures:":
            current = []
        else:
            current.append(line)
    return {name: "\n".join(said).strip("\n") for name, said in found.items()}


class Describer:
    """Describes failures of tests in one package. `roots` are folders that printed paths may start from."""

    def __init__(self, tree: str, roots: Sequence[str]) -> None:
        self._tree = tree.rstrip("/") + "/"
        self._roots = list(dict.fromkeys(roots))

    def failure(self, text: str) -> Event:
        """Of one test, from what it printed."""
        kind = "AssertionError"
        old, new = list(OLD_PANIC.finditer(text)), list(NEW_PANIC.finditer(text))
        returned = RETURNED.search(text)
        panicked = new or (old and "termination value" not in old[-1].group(1))  # which libtest itself did
        if returned is not None and not panicked:
            return failure("Error", returned.group(1), self._relative(text))
        if old:
            message, place, line = old[-1].groups()
            start = old[-1].end()
        elif new:
            place, line, message = new[-1].groups()
            start = new[-1].end()
        else:
            lines = [part for part in text.splitlines() if part.strip()]
            return failure(kind, lines[-1] if lines else "the test failed without saying why", text)
        if not message.startswith("assertion "):
            kind = "panic"
        frames = self._frames(text[start:])
        if not frames and self._inside(place):
            frames = [self._frame(self._inside(place), int(line), "")]
        return failure(kind, message.strip(), self._relative(text), frames)

    def death(self, lines: list[str], how: str, limit_s: float) -> Event:
        """A process that ended in a test, or was ended (`limit_s`)."""
        text = self._relative("\n".join(lines))
        if limit_s:
            return failure("TimedOut", f"did not finish within {limit_s:.1f} s", text)
        kind = "stack overflow" if "has overflowed its stack" in text else "ProcessEnded"
        return failure(kind, f"the test process ended while this test ran ({how})", text)

    def _frames(self, text: str) -> list[Event]:
        """The frames in the repository, outermost first."""
        found: list[Event] = []
        for function, path, line in FRAME.findall(text.partition("\nthread '")[0]):
            inside = self._inside(path)
            if inside:
                found.insert(0, self._frame(inside, int(line), re.sub(r"::h[0-9a-f]{16}$", "", function)))
        return found

    def _inside(self, path: str) -> str:
        """The path in the tree, or "" when it lies elsewhere."""
        if path.startswith("/"):
            return path[len(self._tree) :] if path.startswith(self._tree) else ""
        for root in self._roots:
            candidate = posixpath.normpath(f"{root}/{path}").lstrip("/")
            if read_text(self._tree + candidate, 1):
                return candidate
        return ""

    def _frame(self, path: str, line: int, function: str) -> Event:
        lines = read_text(self._tree + path).split("\n", line)
        code = lines[line - 1].strip()[:MAX_CODE] if 0 < line <= len(lines) else ""
        return {"path": path, "line": line, "function": function, "code": code}

    def _relative(self, text: str) -> str:
        return text.replace(self._tree, "")
