"""The stages' products: one immutable type each, plain data only, so that any store can hold them."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from bot.core.evidence import Provenance
from bot.core.patch import Hunk, Patch
from bot.core.run import Commit
from bot.core.testing import Basis, Collection, FailureSignature, Frame, Isolation, Outcome, TestRun

# ---------------------------------------------------------------- gather


@dataclass(frozen=True, slots=True)
class SourceText:
    """One readable text of the report: what kind of source it is, and its decoded, cleaned text."""

    name: str
    kind: str  # "issue", "comment", "log" or "attachment"
    text: str
    notes: tuple[str, ...] = ()  # what was cut, decoded, redacted or stripped on the way in
    address: str = ""  # where it can be read, when it has a web address


@dataclass(frozen=True, slots=True)
class Dossier:
    """What was gathered: the pinned commit and every readable text about the bug."""

    commit: Commit
    texts: tuple[SourceText, ...]
    failing_tests: tuple[str, ...]
    unread: tuple[str, ...] = ()  # attachments we could not read, and why
    notices: tuple[str, ...] = ()  # what the person should know ("uncommitted changes are not seen")


# ----------------------------------------------------------- environment


@dataclass(frozen=True, slots=True)
class Environment:
    """A built environment and the suite's baseline in it.

    `key` names the built environment for the workbench; `baseline` is the suite at the base commit; `flaky` are the
    tests that changed their mind when run again; `baseline_skipped` says why there is no baseline, if there is none.
    `basis` says how far results can be believed at all.
    """

    toolchain: str
    runner: str
    key: str
    settings: tuple[tuple[str, str], ...]  # what the toolchain wants to remember between calls
    isolation: Isolation
    enforced: tuple[str, ...]  # what the sandbox enforces, in words
    collection: Collection
    baseline: TestRun | None
    flaky: tuple[str, ...] = ()
    baseline_skipped: str = ""
    notes: tuple[str, ...] = ()  # how the environment was built, what was left out
    cached: bool = False
    build_s: float = 0.0
    basis: Basis = Basis.OUR_REPORTER


# -------------------------------------------------------------- analysis


@dataclass(frozen=True, slots=True)
class Snippet:
    """Code out of the report. `expectations` are the (expression, expected source text) pairs it states itself."""

    code: str
    provenance: Provenance
    doctest: bool = False
    expectations: tuple[Expectation, ...] = ()


@dataclass(frozen=True, slots=True)
class Expectation:
    """What the report says should happen.

    `expression` is source text to evaluate ("" when the report does not tie the statement to an expression);
    `expected`/`actual` are values as source text when they parse as Python literals, else verbatim words;
    `raises` names the exception that *should* be raised; `not_raises` the one that should not.
    """

    provenance: Provenance
    expression: str = ""
    expected: str = ""
    actual: str = ""
    raises: str = ""
    not_raises: str = ""
    quote: str = ""


@dataclass(frozen=True, slots=True)
class Suspect:
    """A place in the code that may hold the cause. Lines are 1-based and inclusive. A higher score is more suspect;
    scores compare within one ranking only."""

    path: str
    line_start: int
    line_end: int
    score: float
    symbol: str = ""  # qualified name inside the file: "Class.method"
    reasons: tuple[str, ...] = ()  # one sentence per locator that named it
    evidence: tuple[str, ...] = ()  # ledger ids


@dataclass(frozen=True, slots=True)
class Traceback:
    """A traceback out of the report: frames outermost first."""

    exception_type: str
    message: str
    frames: tuple[Frame, ...]
    provenance: Provenance


@dataclass(frozen=True, slots=True)
class Analysis:
    """The report, read: what it shows, what it claims, where it points."""

    title: str
    tracebacks: tuple[Traceback, ...] = ()
    snippets: tuple[Snippet, ...] = ()
    expectations: tuple[Expectation, ...] = ()
    versions: tuple[str, ...] = ()
    named_paths: tuple[str, ...] = ()  # files of the tree that the report names
    named_symbols: tuple[str, ...] = ()
    test_ids: tuple[str, ...] = ()  # tests the report or a log shows failing, as written there
    signature: FailureSignature = field(default_factory=FailureSignature)
    suspects: tuple[Suspect, ...] = ()
    heard: tuple[SourceText, ...] = ()  # what was handed in since gathering and was read too


# ---------------------------------------------------------- reproduction


@dataclass(frozen=True, slots=True)
class CandidateTest:
    """A test that may show the bug. `patch` is None for a test that is in the tree already."""

    test_ids: tuple[str, ...]
    patch: Patch | None
    signature: FailureSignature
    producer: str
    why: str  # one sentence: where it comes from


@dataclass(frozen=True, slots=True)
class Attempt:
    """A candidate that was tried and what came of it."""

    what: str
    result: str


@dataclass(frozen=True, slots=True)
class Reproduction:
    """A test that fails at the base commit for the reported reason, with the runs that showed it."""

    test: CandidateTest
    red: tuple[TestRun, ...]
    failing_ids: tuple[str, ...]  # those of the test's ids that fail (others in the same file may pass)
    attempts: tuple[Attempt, ...] = ()


# ------------------------------------------------------------ root cause


@dataclass(frozen=True, slots=True)
class RootCause:
    """Suspects, most suspect first, and one sentence on the first."""

    suspects: tuple[Suspect, ...]
    statement: str


# ------------------------------------------------------------------- fix


@dataclass(frozen=True, slots=True)
class CandidatePatch:
    """A change that may be the fix. `rule` names what made it; a lower `surprise` (0 to 1) is a likelier edit."""

    patch: Patch
    rule: str
    description: str  # one sentence: "compares with <= instead of <"
    path: str
    line: int
    surprise: float
    producer: str = ""
    suspicion: float = 0.0  # the suspect's score, 0 to 1


@dataclass(frozen=True, slots=True)
class Screened:
    """What screening says of one candidate: fast, and never believed.

    `reached` names the last check that ran; `failed_ids` are the tests of that check that did not pass (the first few
    are enough); `detail` says why when it was not a plain failure ("timed out", "crashed the runner").
    """

    candidate: CandidatePatch
    passed: bool
    reached: str
    failed_ids: tuple[str, ...] = ()
    detail: str = ""
    witnesses: int | None = None  # tests that passed before and execute what it changes; None: not known


@dataclass(frozen=True, slots=True)
class Refusal:
    """A candidate that turned the test green but may not be called a fix, and why."""

    candidate: CandidatePatch
    reason: str


@dataclass(frozen=True, slots=True)
class Candidates:
    """The survivors of screening, best first."""

    survivors: tuple[Screened, ...]
    refused: tuple[Refusal, ...]
    generated: int
    screened: int
    suspects: tuple[Suspect, ...]  # the ranking that was used, spectrum included
    out_of_time: bool = False
    ruled_out: int = 0  # candidates that turn the failing test green, and that another test turned down


# ------------------------------------------------------------ validation


class Necessity(Enum):
    NECESSARY = "necessary"  # red without it
    COUPLED = "coupled"  # the code does not load without it
    UNNEEDED = "unneeded"  # all is the same without it (only ever said of somebody else's change)


@dataclass(frozen=True, slots=True)
class JudgedHunk:
    hunk: Hunk
    necessity: Necessity
    shown_by: str  # what ran without the hunk showed


@dataclass(frozen=True, slots=True)
class SuiteChange:
    """One test whose outcome differs between base and head."""

    id: str
    before: Outcome
    after: Outcome
    note: str = ""  # "flaky before", …


@dataclass(frozen=True, slots=True)
class Validation:
    """The proof of one fix, all of it from what was run in fresh sandboxes."""

    chosen: CandidatePatch
    fix: Patch  # 1-minimal
    green: tuple[TestRun, ...]
    suite_after: TestRun | None
    changes: tuple[SuiteChange, ...]
    hunks: tuple[JudgedHunk, ...]
    rejected: tuple[Attempt, ...] = ()  # survivors of screening that the proof refused
    alternatives: tuple[CandidatePatch, ...] = ()  # other candidates that screened green
    witnesses: int | None = None  # as of the chosen candidate's screening
    rebased: Rebased | None = None  # set when the branch moved while the run went on


@dataclass(frozen=True, slots=True)
class Rebased:
    """The same fix on a newer commit of the branch, proved again there. `test` is None when the test needed no patch;
    `red`, `green` and `suite_after` are the runs on that commit."""

    commit: Commit
    test: Patch | None
    fix: Patch
    red: tuple[TestRun, ...]
    green: tuple[TestRun, ...]
    suite_after: TestRun | None
    changes: tuple[SuiteChange, ...]


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the proof says of somebody's pull request, all of it from what was run in fresh sandboxes.

    `test_ids` are the tests that the pull request adds or changes; `red` are their runs on the base with only the
    pull request's test files, `green` their runs at its head. `findings` are sentences on what does not hold, empty
    when `sound`.
    """

    base: Commit
    head: Commit
    test_ids: tuple[str, ...]
    failing_ids: tuple[str, ...]  # of `test_ids`, those that fail on the base
    red: tuple[TestRun, ...]
    green: tuple[TestRun, ...]
    suite_before: TestRun | None  # at the base
    suite_after: TestRun | None  # at the head
    changes: tuple[SuiteChange, ...]
    hunks: tuple[JudgedHunk, ...]
    findings: tuple[str, ...]
    notes: tuple[str, ...] = ()  # what was not looked at, and why

    @property
    def sound(self) -> bool:
        return not self.findings


# ----------------------------------------------------------- publication


@dataclass(frozen=True, slots=True)
class Publication:
    """Where the result was written (paths or addresses), by name."""

    places: tuple[tuple[str, str], ...]


Artifact = (
    Dossier | Environment | Analysis | Reproduction | RootCause | Candidates | Validation | Judgement | Publication
)
