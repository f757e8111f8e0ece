"""Lists and runs Go tests. Building binaries belongs to `go_build`, running one to `go_binary`, reading what it prints
to `go_output`, what is believed of that to `binaries`.
"""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING, Any

from . import go_packages
from .binaries import Judge
from .go_binary import Coverage, GoBinary
from .go_build import Builder, GoCommand
from .wrapper import COLLECTED, NOT_STARTED, Patience, begin

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .go_packages import Package
    from .wrapper import Report

COVERED_PROCESSES = 300  # with coverage, each test has a process of its own up to that many
ERRORS = "{{with .Error}}# {{$.ImportPath}}\n{{.}}{{end}}"


def main() -> None:
    request, report = begin()
    Session(request, report).run()


class Session:
    """One request: "root" is the module's folder in the tree, "goflags" the flags of every go command."""

    def __init__(self, request: Any, report: Report) -> None:
        self._request, self._report = request, report
        self._tree = request["tree"]
        self._patience = Patience(request["test_limit_s"], request["wall_s"])
        self._go = GoCommand(request, self._patience.ends_at)
        self._controls = [name for name, _ in request["canaries"]]
        self._builder = Builder(self._go, self._tree, request["scratch"], self._controls)
        self._version = (0, 0)

    def run(self) -> None:
        version = self._go.run("env", "GOVERSION", errors=True).strip()
        numbers = re.match(r"go(\d+)\.(\d+)", version)
        if numbers is None:
            self._report.end(NOT_STARTED, "`go` cannot be run here.", version.encode())
        self._version = (int(numbers.group(1)), int(numbers.group(2)))
        self._report.start("go test", version=version)
        self._go.seed()
        if self._request["mode"] == "collect":
            self._collect()
        else:
            self._play()

    # ------------------------------------------------------- collecting

    def _collect(self) -> None:
        files = self._request["files"]
        packages = go_packages.chosen(self._listed(files), files, None)
        sound = [package.path for package in packages if not package.broken]
        printed = self._go.run("list", "-e", "-test", "-export", "-f", ERRORS, *sound, errors=True) if sound else ""
        said = go_packages.sections(printed)
        for package in packages:
            why = package.broken or go_packages.own_errors(package, said)
            if why:
                self._refuse(package, why)
        self._report.collected([test_id for package in packages for test_id in package.tests.values()])
        self._report.end(COLLECTED)

    def _listed(self, files: Sequence[str]) -> list[Package]:
        """Every package with tests, or only those in the folders of these files."""
        patterns = ["./..."]
        if files and all(file.endswith(".go") for file in files):
            folders = {f"{self._tree}/{posixpath.dirname(file)}" for file in files}
            patterns = sorted("./" + posixpath.relpath(folder, self._go.module) for folder in folders)
        printed = self._go.run("list", "-e", "-test", "-json", *patterns)
        if self._go.failed and not printed.strip():
            self._report.end(NOT_STARTED, "`go list` cannot read this module.", self._go.failed)
        return go_packages.parse_list(printed, self._tree)

    def _refuse(self, package: Package, why: str) -> None:
        text = why.replace(self._tree + "/", "")
        first = next((line.strip() for line in text.splitlines() if line.strip()), "")
        for file in package.files:
            self._report.collect_error(file, "BuildError", first, text)

    # ---------------------------------------------------------- running

    def _play(self) -> None:
        files, ids = self._request["files"], self._request["ids"]
        packages = go_packages.chosen(self._listed(files), files, ids)
        packages = [package for package in packages if package.tests or package.broken]
        sound = [package for package in packages if not package.broken]
        self._report.collected([test_id for package in packages for test_id in package.tests.values()])
        self._report.canaries(self._controls)
        coverage = self._coverage()
        built, printed = self._builder.build(sound, coverage is not None)
        unbuilt = [package for package in sound if package.path not in built]
        if coverage is not None and unbuilt:  # another package, which is only to be measured, may not build
            without, printed = self._builder.build(unbuilt, False)
            built = {**without, **built}
        judge = Judge(self._report, self._request["canaries"], self._patience)
        said = go_packages.sections(printed)
        for package in packages:
            if package.path in built:
                binary = self._binary(package, built[package.path])
                binary.coverage = coverage if package not in unbuilt else None
                judge.run(binary, -(-len(package.tests) // COVERED_PROCESSES) if coverage is not None else 0)
            else:
                self._refuse(package, package.broken or go_packages.why_broken(package, said, printed))
        if not judge.opened:
            printed += self._run_controls(judge)
        judge.output = judge.output or printed.encode()
        judge.finish()

    def _run_controls(self, judge: Judge) -> str:
        """Our controls alone: none of the packages can be built or started. What the compiler printed."""
        folder, path = self._builder.empty_package()
        package = go_packages.Package(folder, path, folder.rpartition("/")[2])
        built, printed = self._builder.build([package], False)
        if path in built:
            judge.run(self._binary(package, built[path]))
        return printed

    def _binary(self, package: Package, program: str) -> GoBinary:
        binary = GoBinary(package, program, self._tree, self._controls, self._version)
        binary.env = self._go.env
        return binary

    def _coverage(self) -> Coverage | None:
        if not self._request["coverage"]:
            return None
        folders = {}
        for line in self._go.run("list", "-e", "-f", "{{.ImportPath}}\t{{.Dir}}", "./...").splitlines():
            path, _, where = line.partition("\t")
            if (where + "/").startswith(self._tree + "/"):
                folders[path] = where[len(self._tree) + 1 :]
        return Coverage(self._request["coverage"], f"{self._request['scratch']}/profile.out", folders)
