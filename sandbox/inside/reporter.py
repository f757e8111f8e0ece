"""The pytest plug-in that says what happened, as it happens. It judges nothing (that is the oracle's work, on the host)
and is loaded before any file of the repository.
"""

from __future__ import annotations

import functools
import inspect
from typing import TYPE_CHECKING, Any

import pytest

from .failures import Describer

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from .canaries import Canaries
    from .coverage_recorder import Recorder
    from .events import Emit
    from .limiter import Limiter
    from .places import Home

    Hook = Generator[None, Any, None]  # what is sent in is pluggy's result object

# What a project's own options may not do to a run that must be complete.
NEUTRAL = {
    "setuponly": False,
    "setupshow": False,
    "setupplan": False,
    "showfixtures": False,
    "show_fixtures_per_test": False,
    "markers": False,
    "stepwise": False,
    "stepwise_skip": False,
    "maxfail": 0,
    "usepdb": False,
    "trace": False,
    "pastebin": None,
    "runxfail": False,
    "keepduplicates": False,
    "continue_on_collection_errors": True,
}


class Reporter:
    """Emits the events of one session. `wanted` are the ids to keep (None: all of them). Ids are the repository's."""

    def __init__(
        self,
        emit: Emit,
        home: Home,
        *,
        wanted: Sequence[str] | None,
        canaries: Canaries | None = None,
        limiter: Limiter | None = None,
        recorder: Recorder | None = None,
        collect_only: bool = False,
    ) -> None:
        self._emit = emit
        self._describe = Describer(home.tree)
        self._id = home.id_from_root
        self._wanted = None if wanted is None else frozenset(wanted)
        self._canaries = canaries
        self._limiter = limiter
        self._recorder = recorder
        self._collect_only = collect_only
        self._own: dict[str, str] = {}  # how we saw each test end ourselves
        self._phases: list[dict[str, Any]] = []
        self._failures: list[dict[str, Any]] = []
        self._deselected: list[str] = []
        self._collect_error: BaseException | None = None
        self._ran = 0

    @pytest.hookimpl(tryfirst=True)
    def pytest_cmdline_main(self, config: pytest.Config) -> None:
        for name, value in {**NEUTRAL, "collectonly": self._collect_only}.items():
            if hasattr(config.option, name):
                setattr(config.option, name, value)

    # ------------------------------------------------------- collection

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_make_collect_report(self) -> Hook:
        outcome = yield
        call = getattr(outcome.get_result(), "call", None)
        self._collect_error = call.excinfo.value if call is not None and call.excinfo is not None else None

    @pytest.hookimpl(trylast=True)
    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        error, self._collect_error = self._collect_error, None
        if not report.failed:
            return
        if error is not None and type(error).__name__ == "CollectError":  # pytest's wrapping of a failed import
            error = error.__cause__ or error.__context__ or error
        self._emit(
            {
                "event": "collect_error",
                "id": self._id(report.nodeid),
                "type": type(error).__name__ if error is not None else "",
                "message": self._describe.message(error) if error is not None else "",
                "text": self._describe.text(report),
            }
        )

    @pytest.hookimpl(trylast=True)
    def pytest_deselected(self, items: Sequence[pytest.Item]) -> None:
        self._deselected.extend(self._id(item.nodeid) for item in items)

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_collection_modifyitems(self, session: pytest.Session, items: list[pytest.Item]) -> Hook:
        yield
        if self._wanted is not None:
            items[:] = [item for item in items if self._id(item.nodeid) in self._wanted]
        ids = [self._id(item.nodeid) for item in items]
        self._emit({"event": "collected", "ids": ids, "deselected": self._deselected})
        if self._canaries is not None:
            self._emit({"event": "canaries", "ids": [self._id(i) for i in self._canaries.inject(session, items)]})

    # ------------------------------------------------------------ tests

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Hook:
        self._phases, self._failures = [], []
        self._own.pop(item.nodeid, None)
        self._emit({"event": "begin", "id": self._id(item.nodeid)}, live=True)
        if self._recorder is not None:
            self._recorder.begin()
        yield
        if self._recorder is not None:
            self._recorder.end(self._id(item.nodeid))
        self._ran += 1
        own = self._own.get(item.nodeid)
        event = {"event": "test", "id": self._id(item.nodeid), "phases": self._phases, "own": own}
        timed_out = self._limiter is not None and self._limiter.fired
        self._emit({**event, "timed_out": timed_out, "failures": self._failures}, live=True)
        if self._limiter is not None:
            self._limiter.next_test()

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_pyfunc_call(self, pyfuncitem: pytest.Function) -> Hook:
        called = watch_call(pyfuncitem)
        outcome = yield
        self._note(pyfuncitem, outcome.excinfo, passed=called is None or bool(called))

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Hook:
        """The outcome as we see it: of the function for a plain test, of unittest's own verdict, else of the item."""
        succeeded: list[bool] = []
        testcase = hasattr(item, "addSuccess")
        if testcase:
            watch_success(item, succeeded)
        self._start_limit()
        outcome = yield
        self._stop_limit()
        if testcase:
            item.__dict__.pop("addSuccess", None)
            self._note(item, outcome.excinfo, passed=bool(succeeded) and not getattr(item, "_excinfo", None))
        elif not isinstance(item, pytest.Function):
            self._note(item, outcome.excinfo, passed=True)

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtest_setup(self) -> Hook:
        self._start_limit()
        yield
        self._stop_limit()

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtest_teardown(self) -> Hook:
        self._start_limit()
        yield
        self._stop_limit()

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtest_makereport(self, call: pytest.CallInfo[None]) -> Hook:
        yield
        if call.excinfo is not None and not isinstance(call.excinfo.value, pytest.skip.Exception):
            self._failures.append(self._describe.failure(call.when, call.excinfo))

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        sub = type(report).__name__.lower() == "subtestreport"  # in pytest since 9, in a plug-in before
        if sub and report.passed:
            return
        self._phases.append(
            {
                "when": report.when,
                "outcome": report.outcome,
                "xfail": hasattr(report, "wasxfail"),
                "sub": sub,
                "duration_s": round(float(getattr(report, "duration", 0.0)), 4),
            }
        )
        if report.failed:
            self._add_text(str(report.when), self._describe.text(report))

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        self._emit({"event": "end", "status": int(exitstatus), "ran": self._ran, "collected": session.testscollected})

    # ----------------------------------------------------------- pieces

    def _note(self, item: pytest.Item, excinfo: Any, *, passed: bool) -> None:
        if excinfo is not None:
            self._own[item.nodeid] = excinfo[0].__name__
        else:
            self._own[item.nodeid] = "passed" if passed else "not passed"

    def _add_text(self, phase: str, text: str) -> None:
        for failure in self._failures:
            if failure["phase"] == phase and not failure["text"]:
                failure["text"] = text
                return
        self._failures.append({"phase": phase, "type": "", "message": "", "frames": [], "text": text})

    def _start_limit(self) -> None:
        if self._limiter is not None:
            self._limiter.start()

    def _stop_limit(self) -> None:
        if self._limiter is not None:
            self._limiter.stop()


def watch_call(item: Any) -> list[bool] | None:
    """A list that fills when the test's own function is called, or None where that cannot be seen."""
    function = item.obj
    if not inspect.isroutine(function) or inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
        return None
    called: list[bool] = []

    @functools.wraps(function)
    def noted(*args: Any, **kwargs: Any) -> Any:
        called.append(True)
        item.obj = function
        return function(*args, **kwargs)

    item.obj = noted
    return called


def watch_success(item: Any, succeeded: list[bool]) -> None:
    """Notes when unittest tells this item (its result object, in pytest) that the test succeeded."""
    original = item.addSuccess

    @functools.wraps(original)
    def add_success(*args: Any, **kwargs: Any) -> Any:
        succeeded.append(True)
        return original(*args, **kwargs)

    item.addSuccess = add_success
