"""How many of the QuixBugs programs end with a proved fix: `python -m bench.quixbugs --repo PATH [--only NAME…]`.

PATH is a checkout of the public set (jkoppel/QuixBugs), of which nothing is kept here. A run sees one program, its
test and its test data, never `correct_python_programs`; those judge afterwards, on generated inputs.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from bench.repair import Case, repair_all, repair_arguments, report
from bench.report import bench_parser

PROGRAMS, TESTS, DATA, CORRECT = "python_programs", "python_testcases", "json_testcases", "correct_python_programs"
JUDGE = Path(__file__).parent / "judges" / "quixbugs.py.txt"  # not a .py: it runs in the sandbox only
JUDGE_PATH = "held_out/test_against_correct.py"


def programs(repo: Path) -> list[str]:
    """The programs that have a test. Raises SystemExit when this is no checkout of the set."""
    tests = sorted((repo / TESTS).glob("test_*.py"))
    if not tests or not (repo / PROGRAMS).is_dir():
        sys.exit(f"{repo} is not a checkout of QuixBugs: it has no {PROGRAMS} and {TESTS}.")
    return [path.stem.removeprefix("test_") for path in tests]


def case_of(repo: Path, name: str) -> Case:
    """One program as a run may see it."""
    wanted = [
        f"{PROGRAMS}/{name}.py",
        f"{TESTS}/test_{name}.py",
        f"{TESTS}/load_testdata.py",
        f"{TESTS}/node.py",
        f"{DATA}/{name}.json",
        "conftest.py",
    ]
    files = {path: (repo / path).read_bytes() for path in wanted if (repo / path).is_file()}
    judge = {
        JUDGE_PATH: JUDGE.read_bytes().replace(b"PROGRAM", name.encode()),
        f"{CORRECT}/{name}.py": (repo / CORRECT / f"{name}.py").read_bytes(),
    }
    return Case(name, files, f"{TESTS}/test_{name}.py", judge, (JUDGE_PATH,))


def main(argv: Sequence[str] | None = None) -> None:
    parser = bench_parser("bench.quixbugs", "Repairs the programs of the public QuixBugs set.")
    parser.add_argument("--repo", type=Path, required=True, metavar="PATH", help="a checkout of jkoppel/QuixBugs")
    repair_arguments(parser)
    arguments = parser.parse_args(argv)
    names = programs(arguments.repo)
    unknown = sorted(set(arguments.only) - set(names))
    if unknown:
        sys.exit(f"There is no program {unknown[0]}; there are {', '.join(names)}.")
    cases = (case_of(arguments.repo, name) for name in names if not arguments.only or name in arguments.only)
    findings = repair_all(cases, limit_s=arguments.limit_s, quiet=False)
    report("quixbugs", findings, arguments.limit_s).show(as_json=arguments.json)


if __name__ == "__main__":
    main()
