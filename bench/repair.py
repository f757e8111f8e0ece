"""Runs whole repairs over a set of small buggy programs and judges what came out.

Which programs is each bench's business. A fix whose tests are green is *plausible*; it is *fixed* when it also agrees
with what the run never saw: held-out tests, or the correct program on generated inputs.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import subprocess
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from bench.report import BenchReport
from bot.core.artifacts import Candidates, Environment, Validation
from bot.core.outcomes import RunRecord
from bot.core.run import Goal, Report, Run, Trigger, TriggerKind
from bot.core.tree import Tree, TreeFile
from bot.driver import drive
from bot.ports import Deps
from bot.progress import SilentProgress
from bot.settings import Settings
from bot.wiring import SandboxChoice, choose_isolation, local_deps

JUDGE_LIMIT_S = 120.0
GIT = ("git", "-c", "user.name=bench", "-c", "user.email=bench@fixbugs.invalid", "-c", "core.hooksPath=/dev/null")


class Result(Enum):
    FIXED = "fixed"
    PLAUSIBLE = "plausible"  # proved by the visible tests, but wrong beyond them, or not judged beyond them
    NO_FIX = "no fix"


@dataclass(frozen=True, slots=True)
class Case:
    """One buggy program. `files` is all that the run sees; `judge` maps paths to files added afterwards, of which
    `judge_tests` are the tests that decide (none: a fix stays plausible)."""

    name: str
    files: Mapping[str, bytes]
    failing_test: str
    judge: Mapping[str, bytes]
    judge_tests: tuple[str, ...]
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """What came of one case. `detail` is the change, or why there is none."""

    case: Case
    result: Result
    wall_s: float
    screened: int
    detail: str


def repair_all(cases: Iterable[Case], *, limit_s: float, quiet: bool) -> list[Finding]:
    """One case after the other, each printed as it ends."""
    settings = Settings.load(os.environ, Path.home())
    isolation = choose_isolation(SandboxChoice.AUTO, settings.sandbox, unsafe_allowed=False)
    findings = []
    for case in cases:
        with tempfile.TemporaryDirectory(prefix="fixbugs-bench-") as folder:
            deps = local_deps(settings, isolation, Path(folder, "out"), SilentProgress())
            finding = asyncio.run(repair(case, deps, Path(folder, case.name), limit_s))
        findings.append(finding)
        if not quiet:
            print(f"{case.name:32}{finding.result.value:11}{finding.wall_s:6.1f} s  {finding.detail}", flush=True)
    return findings


async def repair(case: Case, deps: Deps, folder: Path, limit_s: float) -> Finding:
    """Repairs one program in this empty folder and judges what came out."""
    _commit(case.files, folder)
    trigger = Trigger(TriggerKind.COMMAND_LINE, "bench", deps.clock.now())
    run = Run(case.name, trigger, str(folder), "HEAD", Report(failing_tests=(case.failing_test,)), Goal.FIX, limit_s)
    started = time.perf_counter()
    record = await drive(deps, run)
    wall_s = time.perf_counter() - started
    candidates, validation = record.artifact(Candidates), record.artifact(Validation)
    screened = candidates.screened if candidates else int(dict(_counters(record)).get("screened", 0))
    if validation is None:
        return Finding(case, Result.NO_FIX, wall_s, screened, _why_not(record))
    environment = record.artifact(Environment)
    assert environment is not None, "a validation has an environment before it"
    patched = validation.fix.apply(_tree(case.files))
    right = await _judged(case, deps, environment, patched)
    result = Result.FIXED if right else Result.PLAUSIBLE
    changed = " / ".join(line.strip() for hunk in validation.fix.hunks() for line in hunk.text.splitlines())
    return Finding(case, result, wall_s, screened, changed)


async def _judged(case: Case, deps: Deps, environment: Environment, patched: Tree) -> bool:
    """Whether the fixed program also passes what the run never saw."""
    if not case.judge_tests:
        return False
    files = {**patched.files, **_tree(case.judge).files}
    tree = Tree(files)
    collected = await deps.workbench.collect(environment, tree, case.judge_tests)
    judged = await deps.workbench.run_tests(environment, tree, collected.ids, wall_s=JUDGE_LIMIT_S)
    return judged.green and not collected.errors


def _counters(record: RunRecord) -> Iterable[tuple[str, float]]:
    return (counter for stage in record.stages for counter in stage.counters)


def _why_not(record: RunRecord) -> str:
    if record.give_up is not None:
        return f"{record.give_up.verdict.value}: {record.give_up.detail}"[:160]
    errors = [f"{stage.name.value}: {stage.error}" for stage in record.stages if stage.error]
    return (errors or [str(record.verdict)])[0][:160]


def _tree(files: Mapping[str, bytes]) -> Tree:
    return Tree({path: TreeFile(content) for path, content in files.items()})


def _commit(files: Mapping[str, bytes], folder: Path) -> None:
    for path, content in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    for command in (("init", "-q"), ("add", "-A"), ("commit", "-q", "-m", "Import")):
        subprocess.run([*GIT, *command], cwd=folder, check=True, capture_output=True)


def repair_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments that both repair benches take."""
    parser.add_argument("--only", nargs="+", default=[], metavar="NAME", help="just these programs")
    parser.add_argument("--limit-s", type=float, default=60.0, help="time limit per program (default: 60)")


def report(title: str, findings: Sequence[Finding], limit_s: float) -> BenchReport:
    """The table and the figures: how many of each result, and how long they took."""
    counts = {result: sum(f.result is result for f in findings) for result in Result}
    green = counts[Result.FIXED] + counts[Result.PLAUSIBLE]
    return BenchReport(
        title=title,
        columns=("program", "result", "time s", "screened", "change, or why not"),
        rows=tuple((f.case.name, f.result.value, f"{f.wall_s:.1f}", str(f.screened), f.detail[:70]) for f in findings),
        figures={
            "programs": len(findings),
            "fixed": counts[Result.FIXED],
            "plausible": counts[Result.PLAUSIBLE],
            "no_fix": counts[Result.NO_FIX],
            "green": green,
            "total_s": round(sum(f.wall_s for f in findings), 1),
            "limit_s": limit_s,
        },
        notes=(
            f"{green} of {len(findings)} end with their tests green: {counts[Result.FIXED]} right beyond them, "
            f"{counts[Result.PLAUSIBLE]} plausible only; {counts[Result.NO_FIX]} without a fix.",
        ),
    )
