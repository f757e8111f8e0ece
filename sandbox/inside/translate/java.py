"""Runs Java tests by Maven or Gradle and tells the oracle what their XML reports say. The test process is the build
tool's child: it never meets the key, but it can write files, and so reports. Hence every report is removed before, must
be fresh and whole, holds our control tests as they must come out, and agrees with what the build tool itself counts on
its own output and with the way it ends. Standard library only, Python 3.8 and newer.

The request holds, besides what every wrapper's does, "tool" ("maven" or "gradle"), "root" (the build's folder in the
tree, or ""), "modules" (folders below it to list tests of; none: all) and "repository" (Maven's, absolute or below the
environment).

To list tests is to run them: parameterized, inherited and generated tests have no names before.
"""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import java_sources, remains
from .java_aside import aside
from .java_tools import Counts, Gradle, Maven
from .junit_cases import Files, id_of, repeated, result_of
from .junit_reports import Reports
from .junit_xml import NotAReport
from .wrapper import COLLECTED, FAILED, NOT_HONEST, PASSED, TESTS_FAILED, Child, Result, begin, failure

if TYPE_CHECKING:
    from typing import NoReturn

    from .java_sources import Controls, Source
    from .java_tools import Chosen
    from .wrapper import Report

MARGIN_S = 3.0  # to end in time ourselves, and say why
RUNNING = re.compile(rb"^(?:\x1b\[[0-9;]*m|\[INFO\]|\s)*Running (?:\x1b\[[0-9;]*m)*([\w.$]+)")
DONE = re.compile(rb"Tests run: .*? - in (?:\x1b\[[0-9;]*m)*([\w.$]+)")
CUT_SHORT = b"There was a timeout"
MAX_SAID = 6000


def main() -> NoReturn:
    request, report = begin()
    report.start(request["tool"])
    build = Build(request, report)
    if request["mode"] == "collect":
        build.collect()
    build.run()


class Distrusted(Exception):
    """What was seen does not fit together; the message says what."""


class Ran:
    """The build tool, run once: how it ended, what it counted, what its tests' reports say by module."""

    def __init__(self) -> None:
        self.code = 0
        self.in_time = True
        self.output = b""
        self.counts = Counts()
        self.running: dict[str, None] = {}  # classes that began and did not end
        self.results: list[tuple[str, Result]] = []  # by module
        self.flaw = ""

    @property
    def text(self) -> str:
        return self.output.decode("utf-8", "replace")

    @property
    def cut_short(self) -> bool:
        return not self.in_time or CUT_SHORT in self.output


class Build:
    """One request."""

    def __init__(self, request: Any, report: Report) -> None:
        self._request, self._report = request, report
        self._tree, self._root = request["tree"], request["root"]
        self._tool = Gradle(request) if request["tool"] == "gradle" else Maven(request)
        self._ends_at = time.monotonic() + max(1.0, request["wall_s"] - MARGIN_S)
        named = request["files"] or java_sources.test_files(self._tree, self._root, request["modules"])
        found = [java_sources.read_source(self._tree, self._root, path) for path in named]
        self._sources: list[Source] = [source for source in found if source]
        self._modules = list(dict.fromkeys(source.module for source in self._sources))
        remains.adopt()

    # ------------------------------------------------------- collecting

    def collect(self) -> NoReturn:
        if not self._sources:
            self._report.collected([])
            self._report.end(COLLECTED)
        chosen = java_sources.classes(self._sources, None) if self._request["files"] else []
        ran = self._play(self._modules, chosen, go_on=True)
        wrong = self._tell_compile_errors(ran)
        ids = [result.id for _, result in ran.results]
        twice = repeated(ids)
        for test_id in twice:
            said = (
                "The reports have this test more than once, so nobody can tell which is meant: name each differently."
            )
            self._report.collect_error(test_id, "NotUnique", said, said)
        if ran.cut_short:
            said = f"Listing tests runs them, and that took longer than {self._request['wall_s']:.0f} s"
            advice = f"{said}: name a part of the project as `folder` in .github/fixbugs.yml."
            self._report.collect_error("", "TooLong", said, advice)
        elif ran.flaw and not wrong:
            said = f"{ran.flaw} ({self._request['tool']} ended with exit code {ran.code})"
            self._report.collect_error("", "NoReport", said, f"{said}\n{ran.text[-MAX_SAID:]}")
        self._report.collected([test_id for test_id in dict.fromkeys(ids) if test_id not in twice])
        self._report.end(COLLECTED, output=ran.output)

    # ---------------------------------------------------------- running

    def run(self) -> NoReturn:
        if not self._sources:
            self._report.collected([])
            self._report.end(NOT_HONEST, "None of these files holds tests in Java.")
        names = [name for name, _ in self._request["canaries"]]
        controls = [java_sources.put_controls(self._tree, self._first(module), names) for module in self._modules]
        chosen = java_sources.classes(self._sources, self._request["ids"])
        ran = self._play(self._modules, [*chosen, *(one for control in controls for one in control.classes)])
        wrong = self._tell_compile_errors(ran)
        late = [] if wrong else self._late(ran)
        try:
            results = late or [result for _, result in ran.results]
            if wrong or late:
                ran = self._controls_alone(controls[0])
            else:
                self._check(ran, controls)
            first, second, last = self._seen_controls(ran, controls[0])
        except Distrusted as flaw:
            self._report.collected([])
            self._report.end(NOT_HONEST, f"{flaw}.", ran.output)
        results = [result for result in results if not any(name in result.id for name in names)]
        self._report.collected([result.id for result in results])
        self._report.canaries([first.id, second.id, last.id])
        for result in (first, second, *results, last):
            self._report.begin(result.id)
            self._report.test(result)
        self._report.end(TESTS_FAILED, output=ran.output)

    def _first(self, module: str) -> Source:
        return next(source for source in self._sources if source.module == module)

    def _play(self, modules: list[str], chosen: list[Chosen], *, go_on: bool = False) -> Ran:
        """Runs the build tool. Several modules go on where one fails: each has controls that do."""
        self._go_on = go_on or len(modules) > 1
        files = Files(self._tree, self._root)  # with our controls, and before any code of the project runs
        reports = {module: Reports([self._tool.reports(module)]) for module in modules}
        ran = Ran()
        where = "/".join(filter(None, (self._tree, self._root)))
        argv = self._tool.argv(modules, chosen, go_on=self._go_on)
        env = {**self._tool.env, "HOME": self._request["scratch"]}
        child = Child(argv, cwd=where, env=env)
        for line in child.lines():
            if line is None:
                if ran.in_time and time.monotonic() > self._ends_at:
                    ran.in_time = False
                    child.signal(9)
                continue
            _note(ran, line, self._tool)
        ran.code, ran.output = child.code, child.output
        if not remains.end_all():
            ran.flaw = "a process that the tests left could not be ended"
        for module in modules:
            self._read(ran, module, reports[module], files.within("/".join(filter(None, (self._root, module)))))
        return ran

    def _read(self, ran: Ran, module: str, reports: Reports, files: Files) -> None:
        try:
            cases, _ = reports.read()
        except NotAReport as flaw:
            ran.flaw = ran.flaw or str(flaw)
            return
        limit = f"timed out after {max(1, round(self._request['test_limit_s']))} second"
        for case in cases:
            if case.name.endswith("()"):
                case.name = case.name[:-2]
            result = result_of(case, id_of(case, files), files)
            result.timed_out = any(limit in mishap.message for mishap in case.mishaps)
            ran.results.append((module, result))

    def _tell_compile_errors(self, ran: Ran) -> bool:
        """Whether there were any: then no test of these files could run."""
        errors = self._tool.compile_errors(ran.text)
        if not errors:
            return False
        lines = [f"{path.replace(self._tree + '/', '')}:{line}: {said}" for path, line, said in errors]
        for source in self._sources:
            self._report.collect_error(source.path, "BuildError", lines[0], "\n".join(lines))
        return True

    # --------------------------------------------------------- honesty

    def _check(self, ran: Ran, controls: list[Controls]) -> None:
        """Everything that the reports say must fit what the build tool says."""
        if ran.cut_short:
            raise Distrusted("The tests were ended: they took too long")
        if ran.flaw:
            raise Distrusted(f"The reports cannot be used: {ran.flaw}")
        bad = sum(result.outcome not in (PASSED, "skipped") for _, result in ran.results)
        skipped = sum(result.outcome == "skipped" for _, result in ran.results)
        if ran.counts != Counts(len(ran.results), bad, skipped):
            raise Distrusted(
                f"The reports hold {len(ran.results)} tests, and the build tool counts otherwise: {ran.counts}"
            )
        if ran.code != (0 if self._tool.ends_well(go_on=self._go_on) else TESTS_FAILED):
            raise Distrusted(f"The build tool ended with exit code {ran.code}, which does not fit")
        for control in controls[1:]:
            self._seen_controls(ran, control)

    def _seen_controls(self, ran: Ran, control: Controls) -> tuple[Result, Result, Result]:
        """The three of one module, each there once and as it must be."""
        found = []
        for name, passes in self._request["canaries"]:
            own = [result for module, result in ran.results if module == control.module and result.id.endswith(name)]
            if len(own) != 1 or own[0].outcome != (PASSED if passes else FAILED):
                raise Distrusted("A control test of ours did not come out as it must")
            found.append(own[0])
        first, second, last = found
        return first, second, last

    def _controls_alone(self, control: Controls) -> Ran:
        """A run without the project's sources, where they do not compile or do not end: shows that everything else is
        in order, so that it is them."""
        source = self._first(control.module)
        names = [name for name, _ in self._request["canaries"]]
        with aside(Path(self._tree, self._root)):
            Path(self._tree, source.path).parent.mkdir(parents=True, exist_ok=True)
            alone = java_sources.put_controls(self._tree, source, names)
            ran = self._play([alone.module], list(alone.classes))
        self._check(ran, [alone])
        return ran

    def _late(self, ran: Ran) -> list[Result]:
        """The one test that did not end, where only it can have been running; and all that ended before."""
        if not ran.cut_short:
            return []
        homes = {source.path for source in self._sources if source.class_name in ran.running}
        ended = {result.id for _, result in ran.results}
        waiting = [i for i in self._request["ids"] or () if i.partition("::")[0] in homes and i not in ended]
        if len(waiting) != 1:
            return []
        limit_s = self._request["test_limit_s"]
        said = failure("Timeout", f"the test did not end within {limit_s:.0f} s", ran.text[-MAX_SAID:])
        before = [result for _, result in ran.results]
        return [*before, Result(waiting[0], FAILED, limit_s, [said], timed_out=True)]


def _note(ran: Ran, line: bytes, tool: Maven | Gradle) -> None:
    counts = tool.counts(line)
    if counts:
        ran.counts = ran.counts.plus(counts)
    begun, done = RUNNING.match(line), DONE.search(line)
    if begun:
        ran.running[begun[1].decode()] = None
    if done:
        ran.running.pop(done[1].decode(), None)
