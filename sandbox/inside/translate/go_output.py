"""Reads what a Go test binary prints under -test.v, and what a failure of a Go test looks like. Starting one belongs to
`go`.

A marker is "=== RUN   TestX" or "--- PASS: TestX (0.01s)"; whatever a test prints without a line end stands before it.
Since Go 1.20 (-test.v=test2json) each marker follows a ^V, and then only those count.
"""

from __future__ import annotations

import re
from collections import deque
from typing import TYPE_CHECKING

from .binaries import Verdict
from .wrapper import FAILED, PASSED, SKIPPED, failure, read_text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ..events import Event

MARKER = rb"(?:=== (RUN|PAUSE|CONT|NAME) +|--- (PASS|FAIL|SKIP): )(\S+)(?: \(([0-9.]+)s\))?$"
OUTCOMES = {b"PASS": PASSED, b"FAIL": FAILED, b"SKIP": SKIPPED}
SAID = re.compile(r"^.*? {4}([\w.@+-]+\.go):(\d+): ?(.*)$")  # what t.Error, t.Fatal and t.Log print
PANIC = re.compile(r"^(panic|fatal error): (.*)$")
CALLED = re.compile(r"^(\S.*?)\((?:[^()]|\([^()]*\))*\)$|^created by (\S+)")
AT = re.compile(r"^\t(/.*\.go):(\d+)(?: .*)?$")
KEPT_LINES = 600  # of one test
KEPT_BYTES = 2000  # of one line
MAX_CODE = 300


class Reading:
    """One process's output. `describe(lines, outcome)` makes the failures of a test that did not pass."""

    def __init__(self, names: Sequence[str], framed: bool, describe: Callable[[list[str]], list[Event]]) -> None:
        self.verdicts: dict[str, Verdict] = {}
        self.running = ""
        self.twice = ""
        self.last = b""
        self.begun = 0  # counts every test that begins or goes on: a clock starts anew
        self._names = {name.encode(): name for name in names}
        self._marker = re.compile((rb"\x16" if framed else b"") + MARKER)
        self._describe = describe
        self._begun: set[str] = set()
        self._ended = ""  # the test that ended last, and whether it had said anything
        self._said = False
        self._lines: deque[bytes] = deque(maxlen=KEPT_LINES)

    def take(self, line: bytes) -> None:
        if line and not line.startswith(b"coverage: "):
            self.last = line.lstrip(b"\x16")
        if b"=== " in line or b"--- " in line:
            marker = self._marker.search(line)
            if marker is not None and marker.group(3) in self._names:
                if marker.start() and line[: marker.start()].strip():
                    self._lines.append(line[: marker.start()][:KEPT_BYTES])
                self._mark(self._names[marker.group(3)], marker)
                return
        if line.strip() != b"\x16=== NAME":  # nobody's output follows
            self._lines.append(line[:KEPT_BYTES])

    def close(self) -> None:
        """The output is over; or the next test begins. What an example should have printed comes after its verdict."""
        verdict = self.verdicts.get(self._ended)
        if verdict is not None and verdict.outcome == FAILED and not self._said and self._lines:
            verdict.failures = self._describe(self.text())
        self._ended = ""

    def text(self) -> list[str]:
        """What was printed since the last test began or ended."""
        return [line.decode("utf-8", "replace").replace("\x16", "") for line in self._lines]

    def _mark(self, name: str, marker: re.Match[bytes]) -> None:
        state, outcome = marker.group(1), marker.group(2)
        if outcome is not None:
            self._end(name, OUTCOMES[outcome], float(marker.group(4) or 0))
        elif state == b"PAUSE":
            self.running = ""
        else:
            if state == b"RUN":
                self.close()
                self.twice = name if name in self._begun else self.twice
                self._begun.add(name)
                self._lines.clear()
            self.begun += state != b"NAME"
            self.running = name

    def _end(self, name: str, outcome: str, duration_s: float) -> None:
        if name not in self._begun:
            return  # nobody's verdict: it has not run
        if name in self.verdicts:
            self.twice = name
            return
        self.close()
        self._ended, self._said = name, any(map(SAID.match, self.text()))
        failures = self._describe(self.text()) if outcome == FAILED else []
        self.verdicts[name] = Verdict(outcome, duration_s, failures)
        if self.running == name:
            self.running = ""
        self._lines.clear()


class Describer:
    """Describes failures of tests in one package: `folder` is its path in the tree."""

    def __init__(self, tree: str, folder: str) -> None:
        self._tree = tree.rstrip("/") + "/"
        self._folder = folder

    def failures(self, lines: list[str]) -> list[Event]:
        """Of a test that failed: what it said through t.Error and the like."""
        panicked = self.death(lines)
        if panicked is not None:
            return [panicked]
        said = [(number, match) for number, match in enumerate(map(SAID.match, lines)) if match]
        if not said:
            got = next((number for number, line in enumerate(lines) if line == "got:"), None)  # an example
            message = "\n".join(lines[got:]) if got is not None else "the test failed without saying why"
            return [failure("AssertionError", message, self._text(lines))]
        number, last = said[-1]
        following = []
        for line in lines[number + 1 :]:
            if not line.startswith("        ") or SAID.match(line):
                break
            following.append(line.strip())
        message = "\n".join([last.group(3), *following]).strip()
        frames = [self._frame(f"{self._folder}/{m.group(1)}".lstrip("/"), int(m.group(2)), "") for _, m in said[-1:]]
        return [failure("AssertionError", message, self._text(lines), frames)]

    def death(self, lines: list[str], test: str = "") -> Event | None:
        """The panic or fatal error that these lines show; None when they show none. `test` ran when it happened."""
        start = next((number for number, line in enumerate(lines) if PANIC.match(line)), None)
        if start is None:
            return None
        match = PANIC.match(lines[start])
        assert match is not None  # noqa: S101 (it was found by it)
        kind, message = named(match.group(1), re.sub(r" \[recovered\].*$", "", match.group(2)))
        where, frames = self._trace(lines[start + 1 :], "" if match.group(1) == "panic" else test)
        return failure(kind, message, self._text([*lines[: start + 1], *where]), frames)

    def late(self, lines: list[str], limit_s: float, test: str) -> Event:
        """A test that was ended because it took too long; Go prints where every goroutine was."""
        where, frames = self._trace(lines, test)
        said = lines[: lines.index("SIGQUIT: quit")] if "SIGQUIT: quit" in lines else []
        return failure("TimedOut", f"did not finish within {limit_s:.1f} s", self._text([*said, *where]), frames)

    def _trace(self, lines: list[str], test: str) -> tuple[list[str], list[Event]]:
        """Of the goroutines that are shown, the first that is in the repository (and in `test`, when one is): its
        lines, and its frames there, outermost first."""
        blocks: list[list[str]] = []
        for line in lines:
            if line.startswith("goroutine "):
                blocks.append([])
            if blocks and line:
                blocks[-1].append(line)
        found = [(block, frames) for block in blocks for frames in [self._frames(block)] if frames]
        in_test = [pair for pair in found if any(frame["function"].split(".")[0] == test for frame in pair[1])]
        return (in_test or found or [(lines, [])])[0]

    def _frames(self, lines: list[str]) -> list[Event]:
        found: list[Event] = []
        function = ""
        for line in lines:
            at, called = AT.match(line), CALLED.match(line)
            if at is not None and at.group(1).startswith(self._tree):
                found.insert(0, self._frame(at.group(1)[len(self._tree) :], int(at.group(2)), function))
            elif called is not None:
                function = (called.group(1) or called.group(2)).rpartition("/")[2].partition(".")[2]
        return found

    def _frame(self, path: str, line: int, function: str) -> Event:
        return {"path": path, "line": line, "function": function, "code": code_at(self._tree + path, line)}

    def _text(self, lines: list[str]) -> str:
        return "\n".join(lines).replace(self._tree, "").strip("\n")


def named(kind: str, message: str) -> tuple[str, str]:
    """The name and the message of what a panic shows: Go's own errors have a name of their own."""
    own = re.match(r"runtime error: (.*)", message)
    if own is not None:
        return "runtime error", own.group(1)
    value = re.match(r"^[\w./*]+\{.*|^\w[\w.]*\(\"?(.*?)\"?\)$", message)  # a value of a type that is not an error
    return kind, value.group(1) or message if value is not None else message


def code_at(path: str, line: int) -> str:
    """One line of a source file, stripped; "" when there is none."""
    lines = read_text(path).split("\n", line)
    return lines[line - 1].strip()[:MAX_CODE] if 0 < line <= len(lines) else ""
