"""The pytest plug-in that says what happened: numbered, authenticated events, written as tests run. It judges nothing
(that is the oracle's work on the host) and is loaded before any file of the repository.

Every event is one line, `<hmac> <json>`, appended to a file; the few that are of interest while tests run go to the
first stdout too. Tests print to stdout as well, so there each line starts on a fresh line with `LIVE`.
"""

import functools
import hashlib
import hmac
import json
import linecache
import os
import signal
import time
import traceback

import pytest

LIVE = "\x1efixbugs "
MAX_MESSAGE = 4000
MAX_TEXT = 12000
MAX_FRAMES = 60
MIN_TEST_LIMIT_S = 1.0
LIMIT_SHARE = 0.3  # of the time that is left: hanging tests can never use up the time of all that follow
RUNNER_PARTS = ("_pytest", "pluggy", "fixbugs_inside", "unittest")


class TestTimedOut(BaseException):
    """Raised in the test that ran too long. Not an Exception: code under test must not swallow it by accident."""

    __test__ = False


def emitter(path, key, live_fd):
    """A function that writes one event. The key lives in its closure, the file is open from the start."""
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    write, dumps, new, sha256, getpid, own_pid = os.write, json.dumps, hmac.new, hashlib.sha256, os.getpid, os.getpid()
    counter = [0]

    def put(target, data):
        while data:
            data = data[write(target, data) :]

    def signed(event):
        body = dumps(event, sort_keys=True)
        return new(key, body.encode(), sha256).hexdigest() + " " + body

    def emit(live=False, **event):
        if getpid() != own_pid:  # a child that a test forked
            return
        event["n"] = counter[0]
        counter[0] += 1
        put(fd, (signed(event) + "\n").encode())
        if live:
            event.pop("failures", None)
            try:
                put(live_fd, ("\n" + LIVE + signed(event) + "\n").encode())
            except OSError:  # nobody listens any more
                pass

    return emit


class Canaries:
    """Tests of our own, run first and last: if they do not come out as they must, somebody bends the results."""

    def __init__(self, first, last):
        self.paths = (first, last)

    def inject(self, session, items):
        first, last = (collect_module(session, path) for path in self.paths)
        items[:] = first + items + last
        return [item.nodeid for item in first + last]


def collect_module(session, path):
    """The test items of one file outside the repository."""
    import pathlib
    import sys

    name = os.path.splitext(os.path.basename(path))[0]
    pytest.register_assert_rewrite(name)
    before = list(sys.path)
    try:
        try:
            module = pytest.Module.from_parent(session, path=pathlib.Path(path))
        except TypeError:  # pytest 5.4 to 6
            import py

            module = pytest.Module.from_parent(session, fspath=py.path.local(path))
        return list(module.collect())
    finally:
        sys.path[:] = before


class Limiter:
    """A time limit on each phase of each test, by SIGALRM; a share of what is left of the whole run's time."""

    def __init__(self, limit_s, wall_s):
        self.limit_s = limit_s
        self.ends = time.monotonic() + wall_s
        self.now_s = 0.0
        self.fired = False

    def start(self):
        left = self.ends - time.monotonic()
        self.now_s = max(MIN_TEST_LIMIT_S, min(self.limit_s, left * LIMIT_SHARE))
        signal.signal(signal.SIGALRM, self._ring)
        # Again every second after the first time, for code that swallows everything.
        signal.setitimer(signal.ITIMER_REAL, self.now_s, 1.0)

    def stop(self):
        signal.setitimer(signal.ITIMER_REAL, 0)

    def _ring(self, _signum, _frame):
        self.fired = True
        raise TestTimedOut("did not finish within %.1f s" % self.now_s)


class Reporter:
    """Emits the events of one session. `wanted` are the ids to keep (None: all of them)."""

    def __init__(self, emit, tree, wanted=None, canaries=None, limiter=None, recorder=None, collect_only=False):
        self.emit = emit
        self.tree = tree.rstrip("/") + "/"
        self.wanted = None if wanted is None else frozenset(wanted)
        self.canaries = canaries
        self.limiter = limiter
        self.recorder = recorder
        self.collect_only = collect_only
        self.own = {}
        self.phases = []
        self.failures = []
        self.ran = 0
        self.deselected = []

    # ---------------------------------------------------------- options

    @pytest.hookimpl(tryfirst=True)
    def pytest_cmdline_main(self, config):
        """Undoes what the project's own options would do to a run that must be complete."""
        neutral = {
            "collectonly": self.collect_only,
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
        for name, value in neutral.items():
            if hasattr(config.option, name):
                setattr(config.option, name, value)

    # ------------------------------------------------------- collection

    @pytest.hookimpl(trylast=True)
    def pytest_collectreport(self, report):
        if report.failed:
            text = self.relative(str(report.longrepr or ""))
            self.emit(event="collect_error", id=report.nodeid, text=middle_cut(text, MAX_TEXT), **self.pending_error())

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_make_collect_report(self, collector):
        outcome = yield
        call = getattr(outcome.get_result(), "call", None)
        self.collect_excinfo = getattr(call, "excinfo", None)

    def pending_error(self):
        excinfo, self.collect_excinfo = getattr(self, "collect_excinfo", None), None
        if excinfo is None:
            return {"type": "", "message": ""}
        error = excinfo.value
        cause = error.__cause__ or error.__context__
        if type(error).__name__ == "CollectError" and cause is not None:  # pytest's wrapping of an import's failure
            error = cause
        return {"type": type(error).__name__, "message": middle_cut(self.relative(safe_str(error)), MAX_MESSAGE)}

    @pytest.hookimpl(trylast=True)
    def pytest_deselected(self, items):
        self.deselected.extend(item.nodeid for item in items)

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_collection_modifyitems(self, session, items):
        yield
        if self.wanted is not None:
            items[:] = [item for item in items if item.nodeid in self.wanted]
        self.emit(event="collected", ids=[item.nodeid for item in items], deselected=self.deselected)
        if self.canaries is not None:
            self.emit(event="canaries", ids=self.canaries.inject(session, items))

    # ------------------------------------------------------------- tests

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item):
        self.phases, self.failures = [], []
        self.own.pop(item.nodeid, None)
        timed_out = False
        if self.limiter is not None:
            self.limiter.fired = False
        self.emit(event="begin", id=item.nodeid, live=True)
        if self.recorder is not None:
            self.recorder.begin()
        yield
        if self.recorder is not None:
            self.recorder.end(item.nodeid)
        if self.limiter is not None:
            timed_out = self.limiter.fired
        self.ran += 1
        self.emit(
            event="test",
            live=True,
            id=item.nodeid,
            phases=self.phases,
            own=self.own.get(item.nodeid),
            timed_out=timed_out,
            failures=self.failures,
        )

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_pyfunc_call(self, pyfuncitem):
        outcome = yield
        self.note(pyfuncitem, outcome)

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtest_call(self, item):
        """The outcome as we see it ourselves: of the function for a plain test, of the whole item for others."""
        testcase = hasattr(item, "addSuccess")
        succeeded = []
        if testcase:
            original = item.addSuccess

            @functools.wraps(original)
            def add_success(*args, **kwargs):
                succeeded.append(True)
                return original(*args, **kwargs)

            item.addSuccess = add_success
        self.limit()
        outcome = yield
        self.unlimit()
        if testcase:
            item.__dict__.pop("addSuccess", None)
            self.note(item, outcome, also=bool(succeeded) and not getattr(item, "_excinfo", None))
        elif not isinstance(item, pytest.Function):
            self.note(item, outcome)

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtest_setup(self, item):
        self.limit()
        yield
        self.unlimit()

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtest_teardown(self, item):
        self.limit()
        yield
        self.unlimit()

    def limit(self):
        if self.limiter is not None:
            self.limiter.start()

    def unlimit(self):
        if self.limiter is not None:
            self.limiter.stop()

    def note(self, item, outcome, also=True):
        if outcome.excinfo is not None:
            self.own[item.nodeid] = outcome.excinfo[0].__name__
        else:
            self.own[item.nodeid] = "passed" if also else "failed"

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtest_makereport(self, item, call):
        yield
        excinfo = call.excinfo
        if excinfo is not None and not isinstance(excinfo.value, pytest.skip.Exception):
            self.failures.append(
                {
                    "phase": call.when,
                    "type": type(excinfo.value).__name__,
                    "message": middle_cut(self.relative(safe_str(excinfo.value)), MAX_MESSAGE),
                    "frames": self.frames(excinfo.tb),
                    "text": "",
                }
            )

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_logreport(self, report):
        if type(report).__name__.lower() == "subtestreport" and report.passed:
            return
        self.phases.append(
            {
                "when": report.when,
                "outcome": report.outcome,
                "xfail": hasattr(report, "wasxfail"),
                "sub": type(report).__name__.lower() == "subtestreport",
                "duration_s": round(float(getattr(report, "duration", 0.0)), 4),
            }
        )
        if report.failed:
            self.add_text(report)

    def add_text(self, report):
        text = str(report.longrepr or "")
        for title, content in getattr(report, "sections", ()):
            text += "\n---- %s ----\n%s" % (title, middle_cut(content, MAX_TEXT // 4))
        text = middle_cut(self.relative(text), MAX_TEXT)
        for failure in self.failures:
            if failure["phase"] == report.when and not failure["text"]:
                failure["text"] = text
                return
        failure = {"phase": report.when, "type": "", "message": "", "frames": [], "text": text}
        self.failures.append(failure)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session, exitstatus):
        self.emit(event="end", status=int(exitstatus), ran=self.ran, collected=session.testscollected)

    # ----------------------------------------------------------- details

    def relative(self, text):
        return text.replace(self.tree, "")

    def frames(self, tb):
        found = []
        for frame, line in traceback.walk_tb(tb):
            path = frame.f_code.co_filename
            if is_runner(path, self.tree):
                continue
            found.append((path, line, frame.f_code.co_name))
        if len(found) > MAX_FRAMES:
            found = found[:10] + found[10 - MAX_FRAMES :]
        return [
            {
                "path": self.relative(path),
                "line": line,
                "function": name,
                "code": linecache.getline(path, line).strip()[:300],
            }
            for path, line, name in found
        ]


def is_runner(path, tree):
    """Whether a frame belongs to what runs tests, not to what is tested."""
    if path.startswith(tree) or path.startswith("<"):
        return False
    parts = path.replace("\\", "/").split("/")
    return any(part in RUNNER_PARTS for part in parts)


def safe_str(error):
    try:
        return str(error)
    except BaseException as broken:
        return "<str() of the exception raised %s>" % type(broken).__name__


def middle_cut(text, limit):
    if len(text) <= limit:
        return text
    return (
        text[: limit // 3] + "\n… %d characters left out …\n" % (len(text) - limit) + text[len(text) - 2 * limit // 3 :]
    )
