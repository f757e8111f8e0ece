"""Lists and runs Rust tests. Building binaries belongs to `rust_build`, running one to `rust_binary`, reading what it
prints to `rust_output`, what is believed of that to `binaries`. Tests in documentation are not run.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import rust_targets
from .binaries import Judge
from .rust_binary import RustBinary
from .rust_build import Cargo, add_controls
from .wrapper import COLLECTED, NOT_STARTED, Patience, begin

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .rust_targets import Package, Target
    from .wrapper import Report

LIST_S = 20.0
OWN_MANIFEST = '[package]\nname = "{0}"\nversion = "0.0.0"\nedition = "2018"\n\n[workspace]\n'


def main() -> None:
    request, report = begin()
    Session(request, report).run()


class Session:
    """One request: "root" is the workspace's folder in the tree, "profile" cargo's variables for every build."""

    def __init__(self, request: Any, report: Report) -> None:
        self._request, self._report = request, report
        self._tree, self._root = request["tree"], request["root"]
        self._patience = Patience(request["test_limit_s"], request["wall_s"])
        self._cargo = Cargo(request, self._patience.ends_at)
        self._controls = [name for name, _ in request["canaries"]]
        self._taken: set[str] = set()
        self._env: dict[str, str] = {}

    def run(self) -> None:
        code, version, said = self._cargo.run("--version")
        if code != 0:
            self._report.end(NOT_STARTED, "`cargo` cannot be run here.", said.encode())
        self._report.start("cargo test", version=version.strip())
        self._cargo.seed()
        everything = rust_targets.parse_metadata(self._cargo.metadata(self._report), self._tree)
        packages = rust_targets.holding(everything, self._request["files"])
        for target in (target for package in packages for target in package.targets if self._controls):
            add_controls(self._tree, target, self._controls)
        printed = self._cargo.build(packages)
        self._env = {**self._cargo.env, "LD_LIBRARY_PATH": self._libraries()}
        binaries = self._binaries(packages)
        self._report.collected([test_id for binary in binaries for test_id in binary.tests.values()])
        if self._request["mode"] == "collect":
            self._report.end(COLLECTED, output=printed.encode())
        self._play(binaries, printed)

    def _play(self, binaries: Sequence[RustBinary], printed: str) -> None:
        self._report.canaries(self._controls)
        judge = Judge(self._report, self._request["canaries"], self._patience)
        for binary in binaries:
            if binary.tests:
                judge.run(binary)
        if not judge.opened:
            self._run_controls(judge)
        judge.output = judge.output or printed.encode()
        judge.finish()

    def _binaries(self, packages: Sequence[Package]) -> list[RustBinary]:
        """Everything that was built, with the tests in it that are wanted."""
        found = []
        for package in packages:
            for target in package.targets:
                if target.program:
                    found.append(self._binary(package, target))
                else:
                    self._refuse(package, target, "\n".join(target.errors) or "it was not built")
        return found

    def _binary(self, package: Package, target: Target) -> RustBinary:
        binary = RustBinary(self._tree, self._root, package, target, self._controls)
        binary.env = self._env
        names, why = binary.listed(self._patience.ends_at - self._patience.left_s() + LIST_S)
        if why:
            self._refuse(package, target, why)
        for name in names:
            test_id = f"{rust_targets.file_of(self._tree, target.source, name)}::{name}"
            if name not in self._controls and test_id not in self._taken and self._wanted(test_id):
                self._taken.add(test_id)  # the same module may be in a library and a program of one package
                binary.tests[name] = test_id
        binary.files = list(dict.fromkeys(test_id.partition("::")[0] for test_id in binary.tests.values()))
        return binary

    def _wanted(self, test_id: str) -> bool:
        ids, files = self._request["ids"], self._request["files"]
        if ids is not None:
            return test_id in ids
        file = test_id.partition("::")[0]
        return not files or any(file == each or file.startswith(f"{each.rstrip('/')}/") for each in files)

    def _refuse(self, package: Package, target: Target, why: str) -> None:
        """Says why a target cannot be run, for each file that it may be asked for by."""
        text = why.replace(f"{self._tree}/", "")
        said = [line.strip() for line in text.splitlines() if line.strip()]
        first = " ".join(said[:2]) if len(said) > 1 and said[1].startswith("-->") else "".join(said[:1])
        inside = [file for file in self._request["files"] if rust_targets.belongs(package, target, file)]
        files = dict.fromkeys([*inside, target.source])
        if target.kind == "test" and target.source not in self._request["files"] and self._request["files"]:
            files = dict.fromkeys(inside)  # nobody asked for this one
        for file in files:
            self._report.collect_error(file, "BuildError", first, text)

    def _run_controls(self, judge: Judge) -> None:
        """Our controls alone, in a package of ours: none of the others can be built or started."""
        name = f"fixbugs{self._controls[0][-12:].lower()}"
        folder = Path(f"{self._tree}/{name}")
        (folder / "src").mkdir(parents=True)
        (folder / "Cargo.toml").write_text(OWN_MANIFEST.format(name), encoding="ascii")
        (folder / "src/lib.rs").write_text("", encoding="ascii")
        self._cargo.root = str(folder)
        package = rust_targets.parse_metadata(self._cargo.metadata(self._report), self._tree)[0]
        add_controls(self._tree, package.targets[0], self._controls)
        judge.output = judge.output or self._cargo.build([package]).encode()
        if package.targets[0].program:
            binary = RustBinary(self._tree, self._root, package, package.targets[0], self._controls)
            binary.env = self._env
            judge.run(binary)

    def _libraries(self) -> str:
        """Where a test binary finds libraries that it is linked to at run time, as under cargo."""
        own = [f"{self._cargo.target}/debug/deps", f"{self._cargo.target}/debug"]
        code, sysroot, _ = self._cargo.run("--print", "sysroot", program="rustc")
        return os.pathsep.join([*own, f"{sysroot.strip()}/lib"] if code == 0 else own)
