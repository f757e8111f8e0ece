"""How many of our own forty bugs end with a proved fix: `python -m bench.bugs [--only NAME…] [--limit-s 60] [--json]`.

The programs were written by somebody who knew neither the templates nor any public benchmark. A run sees the program
and its tests; the held-out tests judge.
"""

from __future__ import annotations

from collections.abc import Sequence

from bench.bugset import BUGS, Bug
from bench.repair import Case, Result, repair_all, repair_arguments, report
from bench.report import bench_parser


def case_of(bug: Bug) -> Case:
    """The bug as a run may see it."""
    files = {path.name: path.read_bytes() for path in bug.visible_files}
    judge = f"test_heldout_{bug.name}.py"
    return Case(
        bug.name,
        files,
        failing_test=bug.test_file.name,
        judge={judge: bug.heldout_file.read_bytes()},
        judge_tests=(judge,),
        kind=bug.difficulty.value,
    )


def main(argv: Sequence[str] | None = None) -> None:
    parser = bench_parser("bench.bugs", "Repairs our own set of bugs.")
    repair_arguments(parser)
    arguments = parser.parse_args(argv)
    chosen = [bug for bug in BUGS if not arguments.only or bug.name in arguments.only]
    findings = repair_all((case_of(bug) for bug in chosen), limit_s=arguments.limit_s, quiet=False)
    kinds = sorted({finding.case.kind for finding in findings})
    for kind in kinds:
        own = [finding for finding in findings if finding.case.kind == kind]
        print(f"{kind}: {sum(f.result is Result.FIXED for f in own)} of {len(own)} fixed")
    report("bugs", findings, arguments.limit_s).show(as_json=arguments.json)


if __name__ == "__main__":
    main()
