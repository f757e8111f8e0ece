"""The workbench: a sandbox that knows how projects are tested. It puts toolchain, sandbox and oracle together; what is
particular to a language belongs to its toolchain, what a report means to the oracle.
"""

from __future__ import annotations

import hashlib
import json
import re
import secrets
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import asdict, dataclass, replace

from bot.core.artifacts import Environment, Screened
from bot.core.errors import EnvironmentBroken, SandboxCrashed
from bot.core.policy import Wishes
from bot.core.testing import Collection, Outcome, TestResult, TestRun
from bot.core.tree import Tree, TreeFile
from bot.ports import AS_FOUND, Completed, Ended, Limits, Recipe, Sandbox, Sandboxes, ScreeningPlan, ScriptRun
from sandbox.live import Live
from sandbox.oracle import Judgement, Report, judge, parse, read_coverage
from sandbox.screening import LaneMemory, screen_in_lanes
from sandbox.session_lanes import SessionSetup, screen_in_sessions
from sandbox.toolchains import TOOLCHAINS
from sandbox.toolchains.base import BuildReport, Mode, Place, Request, Session, Toolchain
from sandbox.toolchains.meant import in_order
from sandbox.toolchains.unsupported import nothing_to_test

COLLECT_WALL_S = 180.0
REPORT_BYTES = 256 << 20
LANE_MEMORIES = 16  # of as many searches at once
TAIL_CHARS = 6000
PATH_SETTING = "environment_path"
ASKED_SETTING = "asked"  # what it was prepared with, to build it again
OWNED = "--"  # in an environment's key, before its owner
RUNNER_SETTING = "runner"
WHOLE = "(the whole project)"


@dataclass(frozen=True, slots=True)
class Ran:
    """One session, over: how it ended, its report, what it printed last."""

    session: Session
    completed: Completed
    report: Report
    coverage: bytes
    output: str


class SandboxWorkbench:
    """Implements `bot.ports.Workbench`.

    `test_limit_s` is the most that one phase of one test may take (less when the run's own time gets short). `lanes`
    is how many sandboxes screen candidates side by side (default: one per processor).
    """

    def __init__(
        self,
        sandboxes: Sandboxes,
        toolchains: Sequence[Toolchain] = TOOLCHAINS,
        *,
        test_limit_s: float = 20.0,
        memory_bytes: int = 2 << 30,
        lanes: int | None = None,
    ) -> None:
        self._sandboxes = sandboxes
        self._toolchains = tuple(toolchains)
        self._test_limit_s = test_limit_s
        self._memory_bytes = memory_bytes
        self._lanes = lanes
        self._build_reports: dict[str, BuildReport] = {}
        self._lane_memories: dict[tuple[str, str], LaneMemory] = {}  # by environment and tree

    # -------------------------------------------------------- preparing

    async def prepare(
        self, tree: Tree, *, owner: str = "", wishes: Wishes = AS_FOUND, paths: Sequence[str] = ()
    ) -> Environment:
        for toolchain in in_order(self._toolchains, tree, paths):
            detection = toolchain.detect(tree, wishes, paths)
            if detection is not None:
                break
        else:
            raise EnvironmentBroken(nothing_to_test(tree, wishes, [toolchain.name for toolchain in self._toolchains]))
        built = await self._sandboxes.build(_owned(toolchain.recipe(tree, detection), owner))
        asked = {"owner": owner, "wishes": asdict(wishes), "paths": list(paths)}
        settings = {
            **dict(detection.settings),
            RUNNER_SETTING: detection.runner,
            PATH_SETTING: built.path,
            ASKED_SETTING: json.dumps(asked),
        }
        environment = Environment(
            toolchain=toolchain.name,
            runner=detection.runner,
            key=built.key,
            settings=tuple(settings.items()),
            isolation=self._sandboxes.isolation,
            enforced=self._sandboxes.enforced,
            collection=Collection(()),
            baseline=None,
            cached=built.cached,
            build_s=built.build_s,
            basis=detection.basis,
        )
        found = await self._build_report(environment)
        environment = replace(
            environment,
            settings=tuple({**settings, **dict(found.settings)}.items()),
            notes=(*detection.notes, *found.notes, *built.notes),
        )
        return await self._first_collection(toolchain, environment, tree)

    async def _first_collection(self, toolchain: Toolchain, environment: Environment, tree: Tree) -> Environment:
        ran = await self._collect(environment, tree, ())
        without = None if ran.report.complete else toolchain.without_project_options(environment.settings, ran.output)
        if without is not None:
            note = "The project's own options for its test runner are left out: the runner does not know them."
            retried = replace(environment, settings=without, notes=(*environment.notes, note))
            again = await self._collect(retried, tree, ())
            if again.report.complete:
                environment, ran = retried, again
        return replace(environment, collection=_collection(ran, ran.report.collected))

    async def collect(self, environment: Environment, tree: Tree, targets: Sequence[str]) -> Collection:
        toolchain = self._toolchain(environment)
        files = toolchain.files_for(tree, targets) if targets else ()
        ran = await self._collect(environment, tree, files)
        if not targets:
            return _collection(ran, ran.report.collected)
        selection = toolchain.select(targets, ran.report.collected, tree)
        unknown = []
        broken = {path for path, _ in ran.report.collect_errors}
        for target, why in selection.unknown:
            if toolchain.select([target], ran.report.deselected, tree).ids:
                unknown.append((target, "left out by the project's own options for its test runner"))
            elif not any(file in broken for file in toolchain.files_for(tree, [target])):
                unknown.append((target, why))
        return _collection(ran, selection.ids, unknown)

    # ---------------------------------------------------------- running

    async def run_tests(
        self,
        environment: Environment,
        tree: Tree,
        test_ids: Sequence[str],
        *,
        wall_s: float,
        coverage: bool = False,
        on_result: Callable[[str, str], None] | None = None,
    ) -> TestRun:
        toolchain = self._toolchain(environment)
        expected = tuple(dict.fromkeys(test_ids))
        command = toolchain.person_command(environment.settings, expected)
        homes = tuple(dict.fromkeys(map(toolchain.file_of, expected)))
        files = tuple(file for file in homes if file in tree)
        if not files and "" not in homes:
            why = "none of these tests' files exists" if expected else "no test was expected, so nothing was shown"
            return self._nothing_ran(expected, why, command)
        request = Request(Mode.RUN, files, expected, secrets.token_bytes(32), wall_s, self._test_limit_s, coverage)
        try:
            ran = await self._run(environment, tree, request, on_result)
        except SandboxCrashed as error:
            return self._nothing_ran(expected, f"the sandbox went away while the tests ran: {error}", command)
        judgement = _judged(expected, ran)
        return TestRun(
            expected=expected,
            results=judgement.results,
            exit_code=ran.completed.exit_code,
            wall_s=ran.completed.wall_s,
            isolation=self._sandboxes.isolation,
            distrust=judgement.distrust,
            output_tail=ran.output,
            command=command,
            coverage=read_coverage(ran.coverage, expected) if coverage else (),
        )

    def _nothing_ran(self, expected: tuple[str, ...], why: str, command: str) -> TestRun:
        missing = tuple(TestResult(test_id, Outcome.MISSING) for test_id in expected)
        return TestRun(expected, missing, -1, 0.0, self._sandboxes.isolation, distrust=why, command=command)

    async def screen(
        self, environment: Environment, tree: Tree, plans: Sequence[ScreeningPlan], *, check_wall_s: float
    ) -> AsyncGenerator[Screened, None]:
        whole = await self._with_generated(environment, tree)
        verdicts = self._verdicts(environment, whole, plans, check_wall_s)
        async with aclosing(verdicts):  # which ends the lanes
            async for verdict in verdicts:
                yield verdict

    def _verdicts(
        self, environment: Environment, tree: Tree, plans: Sequence[ScreeningPlan], check_wall_s: float
    ) -> AsyncGenerator[Screened, None]:
        """By a fork server where the language has one, else by sessions."""
        toolchain, sandboxes, key = self._toolchain(environment), self._sandboxes, environment.key
        path, settings, lanes = _environment_path(environment), environment.settings, self._lanes
        setup = toolchain.lane(path, settings, self._memory_bytes)
        if setup is None:
            by_sessions = SessionSetup(toolchain, settings, path, self._test_limit_s, self._memory_bytes)
            return screen_in_sessions(sandboxes, key, by_sessions, tree, plans, check_wall_s=check_wall_s, lanes=lanes)
        if len(self._lane_memories) > LANE_MEMORIES:
            self._lane_memories.clear()
        memory = self._lane_memories.setdefault((key, tree.digest()), LaneMemory())
        return screen_in_lanes(
            sandboxes, key, setup, tree, plans, check_wall_s=check_wall_s, lanes=lanes, memory=memory
        )

    async def run_script(self, environment: Environment, tree: Tree, code: str, *, wall_s: float) -> ScriptRun:
        whole = await self._with_generated(environment, tree)
        async with self._sandboxes.start(environment.key) as sandbox:
            await sandbox.put_tree(whole)
            place = _place(environment, sandbox)
            command, files = self._toolchain(environment).script(place, environment.settings, code)
            for path, content in files:
                await sandbox.put_file(path, content)
            done = await sandbox.run(command, Limits(wall_s=wall_s, memory_bytes=self._memory_bytes))
        stdout, stderr = (_text(raw).replace(place.tree + "/", "") for raw in (done.stdout, done.stderr))
        return ScriptRun(done.ended, done.exit_code, stdout, stderr)

    def reproduction_command(self, environment: Environment, test_ids: Sequence[str]) -> str:
        return self._toolchain(environment).person_command(environment.settings, test_ids)

    # ----------------------------------------------------------- pieces

    def _toolchain(self, environment: Environment) -> Toolchain:
        for toolchain in self._toolchains:
            if toolchain.name == environment.toolchain:
                return toolchain
        raise EnvironmentBroken(f"This environment was made by the toolchain {environment.toolchain!r}, which is gone.")

    async def _collect(self, environment: Environment, tree: Tree, files: tuple[str, ...]) -> Ran:
        key = secrets.token_bytes(32)
        request = Request(Mode.COLLECT, files, None, key, COLLECT_WALL_S, self._test_limit_s)
        return await self._run(environment, tree, request, None)

    async def _run(
        self, environment: Environment, tree: Tree, request: Request, on_result: Callable[[str, str], None] | None
    ) -> Ran:
        """One session in a fresh sandbox."""
        whole = await self._with_generated(environment, tree)
        async with self._sandboxes.start(environment.key) as sandbox:
            await sandbox.put_tree(whole)
            place = _place(environment, sandbox)
            session = self._toolchain(environment).session(place, environment.settings, request)
            for path, content in session.files:
                await sandbox.put_file(path, content)
            live = Live(session, request.key, on_result)
            limits = Limits(wall_s=request.wall_s, memory_bytes=self._memory_bytes)
            completed = await sandbox.run(session.command, limits, live.hear)
            written = await sandbox.read(session.report_path, REPORT_BYTES) or b""
            coverage = (await sandbox.read(session.coverage_path, REPORT_BYTES) or b"") if request.coverage else b""
        output = (live.tail() + "\n" + _text(completed.stderr)[-TAIL_CHARS:]).strip()
        output = re.sub(r"\n{3,}", "\n\n", output.replace(place.tree + "/", ""))[-TAIL_CHARS:]
        return Ran(session, completed, parse(written, request.key), coverage, output)

    async def _build_report(self, environment: Environment) -> BuildReport:
        """What the build found out; read once per environment."""
        if environment.key not in self._build_reports:
            async with self._sandboxes.start(environment.key) as sandbox:
                toolchain = self._toolchain(environment)
                command = toolchain.report_command(_place(environment, sandbox))
                done = await sandbox.run(command, Limits(wall_s=30.0, output_bytes=64 << 20))
            try:
                self._build_reports[environment.key] = toolchain.read_report(done.stdout)
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                raise EnvironmentBroken(
                    f"The environment {environment.key} lacks its build report: remove it from the cache.",
                    _text(done.stderr)[-TAIL_CHARS:],
                ) from error
        return self._build_reports[environment.key]

    async def _built_here(self, environment: Environment, tree: Tree) -> None:
        """Builds an environment that another machine prepared, or that was removed since; quick when it is there."""
        toolchain = self._toolchain(environment)
        asked = json.loads(dict(environment.settings)[ASKED_SETTING])
        detection = toolchain.detect(tree, Wishes(**asked["wishes"]), asked["paths"])
        recipe = _owned(toolchain.recipe(tree, detection), asked["owner"]) if detection else None
        if recipe and recipe.key == environment.key:
            await self._sandboxes.build(recipe)

    async def _with_generated(self, environment: Environment, tree: Tree) -> Tree:
        """The tree with the files that building the project writes into it, where it has none of that name."""
        if environment.key not in self._build_reports:
            await self._built_here(environment, tree)
        found = await self._build_report(environment)
        missing: Mapping[str, TreeFile] = {path: TreeFile(data) for path, data in found.generated if path not in tree}
        return Tree({**tree.files, **missing}) if missing else tree


def _owned(recipe: Recipe, owner: str) -> Recipe:
    """The recipe under a key of this owner's; nobody's stays as it is."""
    name = hashlib.sha256(owner.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    return replace(recipe, key=f"{recipe.key}{OWNED}{name}", owner=name) if owner else recipe


def _place(environment: Environment, sandbox: Sandbox) -> Place:
    return Place(_environment_path(environment), sandbox.tree_path, sandbox.scratch_path)


def _environment_path(environment: Environment) -> str:
    return dict(environment.settings)[PATH_SETTING]


def _judged(expected: Sequence[str], ran: Ran) -> Judgement:
    code, ended, basis = ran.completed.exit_code, ran.completed.ended, ran.session.basis
    canaries, output = ran.session.canaries, ran.output
    return judge(expected, ran.report, canaries=canaries, exit_code=code, ended=ended, output=output, basis=basis)


def _collection(ran: Ran, ids: Sequence[str], unknown: Sequence[tuple[str, str]] = ()) -> Collection:
    errors = [
        (where or "(the whole project)", failure.text or failure.message)
        for where, failure in ran.report.collect_errors
    ]
    if not ran.report.complete:
        ended = ran.completed.ended
        how = f"exit code {ran.completed.exit_code}" if ended is Ended.EXITED else ended.value
        errors.append((WHOLE, f"the tests could not be listed ({how}):\n{ran.output}"))
    return Collection(tuple(ids), (*unknown, *errors), ran.output)


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")
