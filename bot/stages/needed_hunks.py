"""Takes each hunk of somebody's change away and sees whether any test minds. What follows is judged elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from bot.core.artifacts import Environment, JudgedHunk, Necessity
from bot.core.change import same_but_docstrings, same_code
from bot.core.patch import Hunk, Patch, patch_from_hunks
from bot.core.proof import first_to_mind, necessity_of
from bot.core.testing import Outcome, TestRun
from bot.core.tree import Tree
from bot.stages.base import StageContext
from bot.stages.repetition import wall_limit_s

RESERVE_S = 20.0  # left for what comes after


@dataclass
class Needs:
    """`silent` counts hunks that change no code (comments, layout, docstrings), `left_out` those that there was no time
    for, `untrusted` those whose run without them says nothing."""

    hunks: tuple[JudgedHunk, ...] = ()
    silent: int = 0
    left_out: int = 0
    untrusted: int = 0
    unneeded: list[Hunk] = field(default_factory=list)


async def needed_hunks(
    context: StageContext, environment: Environment, stripped: Tree, code: Patch, failing: tuple[str, ...]
) -> Needs:
    """`stripped` is the head without its changes to code, `code` those changes, `failing` the tests that need them.

    A hunk that these tests do not need is tried on the whole suite before it is called unneeded.
    """
    hunks = code.hunks()
    found, judged = Needs(), []
    for number, hunk in enumerate(hunks):
        if context.remaining_s < RESERVE_S:
            found.left_out = len(hunks) - number
            break
        rest = patch_from_hunks(stripped, [other for other in hunks if other != hunk])
        if _compared(code, rest, hunk.path, same_code):
            found.silent += 1
            continue
        context.count("hunks")
        verdict = await _judged(context, environment, rest.apply(stripped), hunk, failing)
        if verdict is None:
            found.untrusted += 1
            continue
        if verdict.necessity is Necessity.UNNEEDED and _compared(code, rest, hunk.path, same_but_docstrings):
            found.silent += 1  # no test reads it; had one done so, it would be needed
            continue
        judged.append(verdict)
        if verdict.necessity is Necessity.UNNEEDED:
            found.unneeded.append(hunk)
    found.hunks = tuple(judged)
    return found


def _compared(code: Patch, rest: Patch, path: str, alike: Callable[[str, str], bool]) -> bool:
    """Whether the file with the whole change and without this hunk are alike."""
    whole = next((edit for edit in code.edits if edit.path == path), None)
    without = next((edit.after for edit in rest.edits if edit.path == path), whole.before if whole else None)
    return whole is not None and without is not None and alike(whole.after or "", without)


async def _judged(
    context: StageContext, environment: Environment, tree: Tree, hunk: Hunk, failing: tuple[str, ...]
) -> JudgedHunk | None:
    baseline = environment.baseline
    passing = baseline.ids(Outcome.PASSED) if baseline else ()
    others = tuple(i for i in passing if i not in failing and i not in environment.flaky)
    for ids in (failing, others):
        run = await _run(context, environment, tree, ids, baseline)
        if run and run.distrust and not any(r.failure and r.failure.phase == "collect" for r in run.results):
            return None
        necessity = necessity_of(run, ids) if run else None
        if run and necessity is not None:
            return JudgedHunk(hunk, necessity, first_to_mind(run))
    return JudgedHunk(hunk, Necessity.UNNEEDED, "every test that was run passes without it")


async def _run(
    context: StageContext, environment: Environment, tree: Tree, ids: tuple[str, ...], baseline: TestRun | None
) -> TestRun | None:
    if not ids:
        return None
    wall_s = max(wall_limit_s(context), 2 * baseline.wall_s if baseline else 0.0)
    return await context.deps.workbench.run_tests(environment, tree, ids, wall_s=min(wall_s, context.remaining_s))
