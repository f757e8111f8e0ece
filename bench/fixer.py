"""How many candidate patches a second: the fork server against one fresh pytest process per candidate.

Both try real edits of the bundled example on the same interpreter, the failing test first and then the suite. Whether
the edits are any good is `bench.quixbugs`' question.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from itertools import chain, islice, zip_longest
from pathlib import Path

from bench.mutants import mutants
from bench.report import BenchReport, bench_parser
from bot.core.artifacts import CandidatePatch, Screened
from bot.core.patch import FileEdit, Patch
from bot.core.testing import Isolation
from bot.core.tree import Tree, TreeFile
from bot.ports import Check, Recipe, ScreeningPlan
from sandbox.local import LocalSandboxes
from sandbox.screening import LaneSetup, screen_in_lanes

EXAMPLE = Path(__file__).parent.parent / "examples" / "paperboy"
ISSUE_TEST = "tests/test_issue.py"
ISSUE_TEST_SOURCE = """\
from datetime import date

from paperboy import MONTHLY, Subscription


def test_next_renewal_in_a_shorter_month():
    ada = Subscription("Ada", MONTHLY, started=date(2024, 1, 31))
    assert ada.next_renewal(after=date(2024, 2, 1)) == date(2024, 2, 29)
"""
FAILING = (f"{ISSUE_TEST}::test_next_renewal_in_a_shorter_month",)
OPTIONS = ("-p", "no:cacheprovider")
CHECK_WALL_S = 10.0
TARGET_RATIO = 15.0


def project() -> Tree:
    """The example with the test that its issue asks for."""
    paths = [path for path in EXAMPLE.rglob("*") if path.is_file() and path.suffix in (".py", ".toml")]
    files = {path.relative_to(EXAMPLE).as_posix(): TreeFile(path.read_bytes()) for path in sorted(paths)}
    return Tree({**files, ISSUE_TEST: TreeFile(ISSUE_TEST_SOURCE.encode())})


def candidates(tree: Tree, count: int) -> list[CandidatePatch]:
    """Edits of every module in turn, as a fixer with several suspects proposes them."""
    sources = {path: text for path in tree if path.startswith("paperboy/") and (text := tree.text(path))}
    edits = [
        [FileEdit(path, text, mutant) for mutant in islice(mutants(text), count)] for path, text in sources.items()
    ]
    mixed = [edit for edit in chain.from_iterable(zip_longest(*edits)) if edit is not None]
    return [CandidatePatch(Patch((edit,)), "mutant", "edits", edit.path, 1, 0.5) for edit in mixed[:count]]


def write(tree: Tree, root: Path) -> None:
    for path, file in tree.files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(file.content)


def pytest_passes(root: Path, arguments: tuple[str, ...]) -> bool | None:
    """One fresh pytest process; None when it timed out."""
    command = (sys.executable, "-m", "pytest", "-x", "-q", *OPTIONS, *arguments)
    try:
        done = subprocess.run(command, cwd=root, capture_output=True, timeout=CHECK_WALL_S, check=False)
    except subprocess.TimeoutExpired:
        return None
    return done.returncode == 0


def fresh_processes(
    tree: Tree, sample: list[CandidatePatch], suite: tuple[str, ...]
) -> tuple[list[bool | None], float]:
    """Each candidate's verdict (None: timed out) and the seconds for all but those that timed out."""
    verdicts: list[bool | None] = []
    spent_s = 0.0
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        write(tree, root)
        pytest_passes(root, suite)  # compiles everything, as the fork server's probe does
        for candidate in sample:
            edit = candidate.patch.edits[0]
            started = time.perf_counter()
            (root / edit.path).write_text(edit.after or "", encoding="utf-8")
            passed = pytest_passes(root, FAILING) and pytest_passes(root, suite)
            (root / edit.path).write_text(edit.before or "", encoding="utf-8")
            if passed is not None:
                spent_s += time.perf_counter() - started
            verdicts.append(passed)
    return verdicts, spent_s


async def fork_server(
    tree: Tree, found: list[CandidatePatch], suite: tuple[str, ...], lanes: int
) -> tuple[list[Screened], float]:
    """Each candidate's verdict and the seconds per candidate: everything included, sandboxes, probes and time-outs."""
    checks = (Check("failing test", FAILING), Check("suite", suite))
    plans = [ScreeningPlan(candidate, checks) for candidate in found]
    with tempfile.TemporaryDirectory() as cache:
        sandboxes = LocalSandboxes(Path(cache), Isolation.NONE)
        await sandboxes.build(Recipe("bench", (), Tree({})))
        started = time.perf_counter()
        stream = screen_in_lanes(
            sandboxes, "bench", LaneSetup(sys.executable, OPTIONS), tree, plans, check_wall_s=CHECK_WALL_S, lanes=lanes
        )
        verdicts = [verdict async for verdict in stream]
        return verdicts, (time.perf_counter() - started) / len(plans)


def suite_ids(tree: Tree) -> tuple[str, ...]:
    """The ids that pytest collects."""
    with tempfile.TemporaryDirectory() as folder:
        write(tree, Path(folder))
        command = (sys.executable, "-m", "pytest", "--collect-only", "-q", *OPTIONS)
        printed = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout
    return tuple(line for line in printed.splitlines() if "::" in line)


def measure(count: int, sample_size: int) -> BenchReport:
    tree = project()
    suite = suite_ids(tree)
    found = candidates(tree, count)
    step = max(1, len(found) // sample_size)
    sample = found[::step]
    third = -(-len(sample) // 3)
    lanes = os.cpu_count() or 1
    # In turn, so that a machine that is busy with something else for a while slows both.
    parts = [fresh_processes(tree, sample[:third], suite)]
    one, one_s = asyncio.run(fork_server(tree, found, suite, 1))
    parts.append(fresh_processes(tree, sample[third : 2 * third], suite))
    many, many_s = asyncio.run(fork_server(tree, found, suite, lanes))
    parts.append(fresh_processes(tree, sample[2 * third :], suite))
    fresh = [verdict for verdicts, _ in parts for verdict in verdicts]
    fresh_s = sum(spent_s for _, spent_s in parts) / max(1, sum(verdict is not None for verdict in fresh))
    agree = sum(bool(a) == b.passed for a, b in zip(fresh, many[::step], strict=True))
    hung = sum(verdict.detail.startswith("timed out") for verdict in many)
    assert [v.passed for v in one] == [v.passed for v in many], "one lane and several disagree"
    rows = (
        ("fresh pytest process per candidate", str(len(fresh)), f"{1 / fresh_s:.1f}", f"{fresh_s * 1e3:.1f}", "1.0"),
        ("fork server, 1 lane", str(len(one)), f"{1 / one_s:.1f}", f"{one_s * 1e3:.1f}", f"{fresh_s / one_s:.1f}"),
        (
            f"fork server, {lanes} lanes",
            str(len(many)),
            f"{1 / many_s:.1f}",
            f"{many_s * 1e3:.1f}",
            f"{fresh_s / many_s:.1f}",
        ),
    )
    notes = (
        f"{sum(v.passed for v in many)} of {len(many)} candidates passed, {hung} timed out; "
        f"verdicts agree with the fresh process on {agree} of {len(fresh)}.",
        "The fork server's time includes starting sandboxes, probing and time-outs; the fresh process's leaves its "
        f"time-outs aside. Target: {TARGET_RATIO:g} x.",
    )
    figures = {
        "ratio": round(fresh_s / many_s, 2),
        "ratio_one_lane": round(fresh_s / one_s, 2),
        "candidates_per_s": round(1 / many_s, 2),
        "candidates_per_s_one_lane": round(1 / one_s, 2),
        "fresh_candidates_per_s": round(1 / fresh_s, 2),
        "candidates": len(many),
        "passed": sum(v.passed for v in many),
        "timed_out": hung,
        "agree": agree,
        "compared": len(fresh),
        "lanes": lanes,
    }
    columns = ("how", "candidates", "per second", "ms each", "ratio")
    return BenchReport("bench.fixer", columns, rows, figures, notes)


def main() -> None:
    parser = bench_parser("bench.fixer", __doc__.splitlines()[0])
    parser.add_argument("--candidates", type=int, default=400, metavar="N", help="how many to screen (default: 400)")
    parser.add_argument("--sample", type=int, default=24, metavar="N", help="how many of them in fresh processes")
    arguments = parser.parse_args()
    measure(max(1, arguments.candidates), max(1, arguments.sample)).show(as_json=arguments.json)


if __name__ == "__main__":
    main()
