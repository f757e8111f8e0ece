"""What a container costs: screening, proving, environments and lanes, each against doing it with `docker run`.

`python -m bench.sandbox [--candidates N] [--json]`. Needs a Docker engine with the base images, and a way to a package
index for the comparison of uv and pip.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import subprocess
import tempfile
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.report import BenchReport, bench_parser
from bot.core.artifacts import CandidatePatch, Environment
from bot.core.errors import SandboxUnavailable
from bot.core.patch import FileEdit, Patch
from bot.core.tree import Tree, TreeFile
from bot.ports import Check, Command, Limits, Recipe, ScreeningPlan
from sandbox.docker.sandboxes import DockerSandboxes
from sandbox.docker.settings import DockerSettings
from sandbox.workbench import SandboxWorkbench

FILES = 2000
TEST = "tests/test_total.py::test_total"
SOURCE = "def total(prices):\n    return sum(prices[1:])\n"
SLOW_TEST = "tests/test_slow.py::test_slow"
PACKAGES = ("flask", "requests", "rich", "attrs", "pyyaml", "click", "jinja2", "pytest")
RUNS = 7


def project() -> Tree:
    """A tree of 2,000 files, of which two matter."""
    files = {
        "shop.py": SOURCE,
        "tests/test_total.py": "from shop import total\n\n\ndef test_total():\n    assert total([1, 2]) == 3\n",
        "tests/test_slow.py": (
            "from shop import total\n\n\n"
            "def test_slow():\n    assert sum(i * i for i in range(3_000_000)) and total([1])\n"
        ),
        "pyproject.toml": '[project]\nname = "shop"\nversion = "1"\n[tool.setuptools]\npy-modules = ["shop"]\n',
    }
    filler = {f"data/{i % 40}/record_{i}.txt": f"record {i}\n" * 20 for i in range(FILES - len(files))}
    return Tree({path: TreeFile(text.encode()) for path, text in (files | filler).items()})


def plans(count: int, test_id: str) -> list[ScreeningPlan]:
    """Candidates that differ, one of which is right."""
    made = []
    for number in range(count):
        body = "sum(prices)" if number == count - 1 else f"sum(prices) + {number + 1}"
        edit = FileEdit("shop.py", SOURCE, f"def total(prices):\n    return {body}\n")
        candidate = CandidatePatch(Patch((edit,)), "bench", f"number {number}", "shop.py", 2, 0.5)
        made.append(ScreeningPlan(candidate, (Check("failing test", (test_id,), 0.1),)))
    return made


@dataclass
class Bench:
    sandboxes: DockerSandboxes
    workbench: SandboxWorkbench
    tree: Tree
    environment: Environment

    async def screening_s(self, count: int, lanes: int, test_id: str = TEST) -> float:
        """Seconds for all of these candidates, starting the lanes included."""
        workbench = SandboxWorkbench(self.sandboxes, lanes=lanes)
        started = time.perf_counter()
        passed = [
            screened.passed
            async for screened in workbench.screen(self.environment, self.tree, plans(count, test_id), check_wall_s=20)
        ]
        elapsed_s = time.perf_counter() - started
        assert test_id != TEST or passed == [False] * (count - 1) + [True], "screening must tell right from wrong"
        return elapsed_s

    async def proof_overhead_s(self) -> float:
        """Seconds beside the runner's own, for one test in a fresh container."""
        started = time.perf_counter()
        run = await self.workbench.run_tests(self.environment, self.tree, (TEST,), wall_s=60)
        assert not run.distrust and not run.green, "the test must fail, and be believed"
        return time.perf_counter() - started - run.wall_s

    def docker_run_s(self, count: int) -> float:
        """Seconds for each candidate with one `docker run --rm` on a bind-mounted tree."""
        image = f"fixbugs-env:{self.environment.key}"
        with tempfile.TemporaryDirectory() as folder:
            for path, entry in self.tree.files.items():
                target = Path(folder, path)
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(entry.content)
            argv = ["docker", "run", "--rm", "--network", "none", "-v", f"{folder}:/tree", "-w", "/tree", image]
            argv += ["/env/bin/python", "-m", "pytest", "-q", "-p", "no:cacheprovider", TEST]
            started = time.perf_counter()
            for plan in plans(count, TEST):
                Path(folder, "shop.py").write_text(plan.candidate.patch.edits[0].after or "")
                done = subprocess.run(argv, capture_output=True, check=False)
                assert done.returncode in (0, 1), done.stderr.decode()
                Path(folder, "shop.py").write_text(SOURCE)
            return (time.perf_counter() - started) / count

    async def warm_environment_s(self) -> float:
        recipe = Recipe(self.environment.key, (), Tree({}))
        started = time.perf_counter()
        built = await self.sandboxes.build(recipe)
        assert built.cached
        return time.perf_counter() - started

    async def cold_build_s(self, *scripts: str) -> float:
        """Seconds of a build with nothing kept from any other."""
        key = f"bench-{uuid.uuid4().hex[:12]}"
        commands = tuple(Command(("sh", "-c", script)) for script in scripts)
        limits = Limits(wall_s=600, memory_bytes=4 << 30)
        built = await self.sandboxes.build(Recipe(key, commands, Tree({}), limits=limits))
        remove = ["docker", "rmi", f"fixbugs-env:{key}"]
        await asyncio.to_thread(subprocess.run, remove, capture_output=True, check=True)
        return built.build_s


async def measure(candidates: int) -> BenchReport:
    settings = DockerSettings(host=os.environ.get("DOCKER_HOST", ""))
    with tempfile.TemporaryDirectory() as folder:
        sandboxes = DockerSandboxes(settings, Path(folder), os.environ)
        try:
            return await _measured(sandboxes, candidates)
        finally:
            sandboxes.close()


async def _measured(sandboxes: DockerSandboxes, candidates: int) -> BenchReport:
    tree = project()
    workbench = SandboxWorkbench(sandboxes)
    bench = Bench(sandboxes, workbench, tree, await workbench.prepare(tree))
    run_s = await asyncio.to_thread(bench.docker_run_s, 8)
    screen_s = statistics.median([await bench.screening_s(candidates, 1) / candidates for _ in range(3)])
    overheads = [await bench.proof_overhead_s() for _ in range(RUNS + 1)][1:]
    warm_s = statistics.median([await bench.warm_environment_s() for _ in range(RUNS)])
    names = " ".join(PACKAGES)
    into = "--no-cache --compile-bytecode --python {env}/bin/python"
    uv_s = await bench.cold_build_s("uv venv {env}", f"uv pip install {into} {names}")
    pip_s = await bench.cold_build_s("python3 -m venv {env}", "{env}/bin/python -m pip install --no-cache-dir " + names)
    one_s, two_s = [await bench.screening_s(candidates, lanes, SLOW_TEST) for lanes in (1, 2)]
    return BenchReport(
        title="sandbox",
        columns=("what", "seconds", "against"),
        rows=(
            ("screening a candidate", f"{screen_s:.3f}", f"{run_s:.3f} by docker run"),
            ("a proof, beside the runner", f"{statistics.median(overheads):.3f}", f"{max(overheads):.3f} at worst"),
            ("a warm environment", f"{warm_s:.3f}", ""),
            ("a cold environment by uv", f"{uv_s:.2f}", f"{pip_s:.2f} by pip"),
            (f"{candidates} slow candidates in two lanes", f"{two_s:.2f}", f"{one_s:.2f} in one"),
        ),
        figures={
            "screen_ratio": round(run_s / screen_s, 1),
            "proof_overhead_s": round(statistics.median(overheads), 3),
            "warm_env_s": round(warm_s, 3),
            "uv_ratio": round(pip_s / uv_s, 2),
            "lanes_ratio": round(one_s / two_s, 2),
        },
        notes=("At least 10 ×, at most 0.4 s, below 1 s, at least 3 ×, and on two processors at least 1.7 ×.",),
    )


def main(argv: Sequence[str] | None = None) -> None:
    parser = bench_parser("bench.sandbox", "Measures what the Docker sandbox costs.")
    parser.add_argument("--candidates", type=int, default=60, help="how many are screened (default: 60)")
    arguments = parser.parse_args(argv)
    try:
        report = asyncio.run(measure(arguments.candidates))
    except SandboxUnavailable as error:
        parser.exit(0, f"Nothing was measured. {error}\n")
    report.show(as_json=arguments.json)


if __name__ == "__main__":
    main()
