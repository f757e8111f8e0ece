"""What test runs show: outcomes, failures and whole runs. Producing them belongs to the sandbox's toolchains."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Isolation(Enum):
    """What stood between the code that ran and this machine."""

    CONTAINER = "container"
    NAMESPACE = "namespace"
    NONE = "none"


class Basis(Enum):
    """What the results of a project's tests rest on."""

    OUR_REPORTER = "our own reporter and control tests"
    OWN_REPORT = "the report of the project's own test command"
    EXIT_CODE = "the exit code of the project's own test command"


class Outcome(Enum):
    PASSED = "passed"
    FAILED = "failed"  # the test's own call raised
    ERROR = "error"  # set-up, tear-down or collection raised
    SKIPPED = "skipped"
    XFAILED = "xfailed"
    XPASSED = "xpassed"
    TIMED_OUT = "timed_out"
    MISSING = "missing"  # expected, but never reported


@dataclass(frozen=True, slots=True)
class Frame:
    """One stack frame; `path` is relative to the repository when it lies inside it. `line` is 1-based."""

    path: str
    line: int
    function: str = ""
    code: str = ""


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a test did not pass. `phase` is setup, call, teardown or collect; frames run outermost first."""

    exception_type: str  # "AssertionError", "KeyError", …: the bare class name
    message: str
    phase: str = "call"
    frames: tuple[Frame, ...] = ()
    text: str = ""  # as the runner printed it, capped


@dataclass(frozen=True, slots=True)
class TestResult:
    __test__ = False  # pytest: this is not a test class
    id: str
    outcome: Outcome
    duration_s: float = 0.0
    failure: Failure | None = None


@dataclass(frozen=True, slots=True)
class TestRun:
    """One run of a runner in one sandbox, as judged by the oracle.

    `results` holds exactly one entry per id in `expected` (MISSING where nothing was reported), in that order.
    `distrust` says why the run must not be believed (report incomplete, exit code disagrees, …); empty when sound.
    """

    __test__ = False
    expected: tuple[str, ...]
    results: tuple[TestResult, ...]
    exit_code: int
    wall_s: float
    isolation: Isolation
    distrust: str = ""
    output_tail: str = ""
    command: str = ""  # what a person can type to do the same
    coverage: tuple[TestCoverage, ...] = ()  # filled only when it was asked for

    @property
    def green(self) -> bool:
        """At least one test was expected, the report is sound, and every expected test passed."""
        return bool(self.expected) and not self.distrust and all(r.outcome is Outcome.PASSED for r in self.results)

    def result(self, test_id: str) -> TestResult | None:
        return next((r for r in self.results if r.id == test_id), None)

    def ids(self, *outcomes: Outcome) -> tuple[str, ...]:
        """The tests with one of these outcomes, in order."""
        return tuple(r.id for r in self.results if r.outcome in outcomes)


@dataclass(frozen=True, slots=True)
class TestCoverage:
    """The lines (1-based) that one test executed, per repository path."""

    __test__ = False
    id: str
    lines: tuple[tuple[str, tuple[int, ...]], ...]


@dataclass(frozen=True, slots=True)
class Collection:
    """The tests a runner finds, and the files it could not read (path or id, what it printed)."""

    ids: tuple[str, ...]
    errors: tuple[tuple[str, str], ...] = ()
    output_tail: str = ""


@dataclass(frozen=True, slots=True)
class FailureSignature:
    """What the report says the failure looks like, fixed before any candidate test runs. Empty fields do not bind."""

    exception_type: str = ""
    message_part: str = ""  # a piece of the message that must appear
    functions: tuple[str, ...] = ()  # functions in the report's traceback, outermost first
    expected: str = ""  # the value the report wants, as source text
    actual: str = ""  # the value the report sees, as source text

    @property
    def empty(self) -> bool:
        return not (self.exception_type or self.message_part or self.functions or self.expected or self.actual)

    def mismatch(self, failure: Failure) -> str:
        """Why this failure is not the one reported, or "" when it fits.

        An assertion failure fits a report that names no exception; a named exception must be the one raised, except
        that an assertion about the reported actual value fits too.
        """
        if failure.phase != "call":
            return f"it failed in {failure.phase}, not in the test itself"
        if self.exception_type and failure.exception_type != self.exception_type:
            if self.actual and failure.exception_type == "AssertionError" and self.actual in failure.text:
                return ""
            return f"the report names {self.exception_type}, the test raised {failure.exception_type}"
        if not self.exception_type and failure.exception_type in NEVER_A_REPRODUCTION:
            return f"it failed with {failure.exception_type}, which the report does not mention"
        if self.message_part and self.exception_type and self.message_part not in f"{failure.message}\n{failure.text}":
            return f"the message lacks {self.message_part!r}"
        return ""


# A test that ends in one of these has not run the behaviour that was reported, unless the report names it.
NEVER_A_REPRODUCTION = frozenset(
    {"ImportError", "ModuleNotFoundError", "SyntaxError", "IndentationError", "NameError", "FixtureLookupError"}
)
