"""The pytest plug-in of a screening child: counts what happened to the expected tests and says how the check ended.

It is quick, not proof: the tests run in its own process and could forge anything. Proof has its own reporter.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ..places import Home

NAMED_AT_MOST = 10  # failed tests that a verdict names


class Outcome(NamedTuple):
    """How a check ended. `slowest_s` is the longest that one test took, `load_s` what importing and collecting took;
    `raised` tells first failures apart: the exception's type and where it was raised."""

    passed: bool
    failed: tuple[str, ...] = ()
    detail: str = ""
    raised: str = ""
    slowest_s: float = 0.0
    load_s: float = 0.0

    @classmethod
    def read(cls, fields: dict[str, Any]) -> Outcome:
        """Out of a message; a child that wrote nonsense did not pass."""
        return cls(
            fields.get("passed") is True,
            tuple(str(name) for name in fields.get("failed", ())),
            str(fields.get("detail", "")),
            str(fields.get("raised", "")),
            float(fields.get("slowest_s", 0.0)),
            float(fields.get("load_s", 0.0)),
        )


class Observer:
    """Keeps the expected tests only (by their ids from the repository's root), tells of each as it starts, and hands
    over the outcome at the session's end.

    `say` gets ("loaded", "") after collection and ("at", id) before each test; `finish` gets the outcome and need not
    return (a screening child ends there, which skips pytest's summary and clean-up).
    """

    def __init__(
        self, home: Home, expected: tuple[str, ...], say: Callable[[str, str], None], finish: Callable[[Outcome], None]
    ) -> None:
        self._id = home.id_from_root
        self._expected = frozenset(expected)
        self._order = expected
        self._say = say
        self._finish = finish
        self._passed: dict[str, int] = {}
        self._broken: dict[str, str] = {}
        self._unloaded = ""
        self._raised = ""
        self._began = time.monotonic()
        self._load_s = 0.0
        self._test_began = 0.0
        self._slowest_s = 0.0

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items[:] = [item for item in items if self._id(item.nodeid) in self._expected]

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            last = [line for line in str(report.longreprtext).splitlines() if line.strip()][-1:]
            self._unloaded = "did not load: " + "".join(last).strip().lstrip("E ")[:300]

    def pytest_collection_finish(self) -> None:
        self._load_s = time.monotonic() - self._began
        self._say("loaded", "")

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        self._test_began = time.monotonic()
        self._say("at", self._id(nodeid))

    def pytest_runtest_logfinish(self) -> None:
        self._slowest_s = max(self._slowest_s, time.monotonic() - self._test_began)

    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> pytest.TestReport | None:
        """For a phase that raised: a report without the formatted traceback, which costs more than a small test."""
        if call.excinfo is None or call.when == "collect" or call.excinfo.errisinstance(pytest.skip.Exception):
            return None
        last = call.excinfo.traceback[-1]
        raised = f"{call.excinfo.typename} in {call.when}, raised at {last.path}:{last.lineno}"
        self._raised = self._raised or raised
        return pytest.TestReport(item.nodeid, item.location, {}, "failed", raised, call.when)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.outcome != "passed" or hasattr(report, "wasxfail"):
            word = "xfail" if hasattr(report, "wasxfail") else report.outcome
            self._broken.setdefault(self._id(report.nodeid), word)
        elif report.when == "call" and "subtest" not in type(report).__name__.lower():  # parts of one test
            test_id = self._id(report.nodeid)
            self._passed[test_id] = self._passed.get(test_id, 0) + 1

    @pytest.hookimpl(hookwrapper=True, trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Iterator[None]:
        yield  # others may still change the exit status: pytest-cov, …
        self._finish(self._outcome(int(session.exitstatus)))

    def _outcome(self, status: int) -> Outcome:
        not_once = [test for test in self._order if self._passed.get(test, 0) != 1 or test in self._broken]
        named = [test for test in not_once if test in self._broken] or not_once
        detail = self._unloaded
        if not detail and not_once:
            first = named[0]
            word = self._broken.get(first, "passed more than once" if self._passed.get(first) else "not run")
            detail = "" if word == "failed" else f"{word}: {first}"
        elif not detail and status:
            detail = f"the runner ended with status {status}"
        passed = bool(self._order) and not not_once and status == 0 and not self._unloaded
        return Outcome(passed, tuple(named[:NAMED_AT_MOST]), detail, self._raised, self._slowest_s, self._load_s)
