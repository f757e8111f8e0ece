"""Our own overhead for a whole run: every stage and the real reports, with solvers and a sandbox that answer at once.

`python -m bench.pipeline [--runs N] [--json]`. What answers at once is in `bench.instant`.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from bench import instant
from bench.report import BenchReport, bench_parser
from bot.core.outcomes import RunRecord
from bot.core.run import Verdict
from bot.driver import drive
from bot.local.clock import SystemClock
from bot.local.results_folder import ResultsFolder

OVERHEAD_LIMIT_MS, STAGE_LIMIT_MS = 100.0, 15.0


async def _timed(run_id: str) -> tuple[float, RunRecord]:
    with tempfile.TemporaryDirectory() as folder:
        deps = replace(instant.deps(), publisher=ResultsFolder(Path(folder), SystemClock()))
        started = time.perf_counter()
        record = await drive(deps, instant.run(run_id=run_id))
        elapsed_ms = (time.perf_counter() - started) * 1000
    assert record.verdict is Verdict.FIXED, "an instant run must reach its goal, or it measures the wrong thing"
    return elapsed_ms, record


def main(argv: Sequence[str] | None = None) -> None:
    parser = bench_parser("bench.pipeline", "Measures the overhead of a run whose solvers are instant.")
    parser.add_argument("--runs", type=int, default=50, help="how many runs are measured (default: 50)")
    arguments = parser.parse_args(argv)
    asyncio.run(_timed("warm-up"))
    measured = [asyncio.run(_timed(f"run-{number}")) for number in range(arguments.runs)]
    walls = [wall for wall, _ in measured]
    stages = {
        stage.name.value: statistics.median(record.stage(stage.name).wall_s * 1000 for _, record in measured)
        for stage in measured[0][1].stages
    }
    worst = max(stages, key=stages.__getitem__)
    BenchReport(
        title="pipeline",
        columns=("what", "median ms", "worst ms"),
        rows=(
            ("whole run", f"{statistics.median(walls):.1f}", f"{max(walls):.1f}"),
            *(
                (f"  {name}", f"{ms:.2f}", f"{max(_stage_ms(record, name) for _, record in measured):.2f}")
                for name, ms in stages.items()
            ),
        ),
        figures={
            "overhead_ms": round(statistics.median(walls), 2),
            "worst_stage_ms": round(stages[worst], 2),
            "runs": arguments.runs,
        },
        notes=(
            f"Limits: {OVERHEAD_LIMIT_MS:.0f} ms for a run, {STAGE_LIMIT_MS:.0f} ms for a stage ({worst} is worst).",
        ),
    ).show(as_json=arguments.json)


def _stage_ms(record: RunRecord, name: str) -> float:
    return next(stage.wall_s * 1000 for stage in record.stages if stage.name.value == name)


if __name__ == "__main__":
    main()
