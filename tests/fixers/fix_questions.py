"""Builders of the question a fixer answers. No assertions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from bot.core.artifacts import CandidatePatch, CandidateTest, Reproduction, Suspect
from bot.core.testing import Failure, FailureSignature, Frame, Isolation, Outcome, TestCoverage, TestResult, TestRun
from bot.core.tree import Tree, TreeFile
from bot.ports import FixQuestion

PATH = "app.py"


def failure(exception: str = "AssertionError", message: str = "", *, line: int = 0, path: str = PATH) -> Failure:
    frames = (Frame("tests/test_app.py", 4), *((Frame(path, line),) if line else ()))
    return Failure(exception, message, frames=frames)


def question(
    files: Mapping[str, str | bytes],
    *,
    failed: Failure | None = None,
    suspects: Sequence[Suspect] = (),
    executed: Mapping[str, Sequence[int]] | None = None,
    passing: Mapping[str, Sequence[int]] | None = None,
    writable: Callable[[str], bool] = lambda path: not path.startswith("tests/"),
) -> FixQuestion:
    """`executed` and `passing` are the lines that the failing test and a passing one ran."""
    tree = Tree({p: TreeFile(t if isinstance(t, bytes) else t.encode()) for p, t in files.items()})
    result = TestResult("t", Outcome.FAILED, failure=failed or failure())
    red = TestRun(("t",), (result,), 1, 0.1, Isolation.NAMESPACE)
    runs = (("t", executed), ("ok", passing))
    coverage = tuple(
        TestCoverage(test, tuple((path, tuple(lines)) for path, lines in run.items())) for test, run in runs if run
    )
    reproduction = Reproduction(CandidateTest(("t",), None, FailureSignature(), "user", "named"), (red,), ("t",))
    return FixQuestion(tree, reproduction, tuple(suspects), coverage, writable)


def after(candidate: CandidatePatch) -> str:
    return candidate.patch.edits[0].after or ""
