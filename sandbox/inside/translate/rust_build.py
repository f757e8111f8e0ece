"""Builds Rust test binaries, with controls of ours in each, offline. Which packages, and running what was built,
belongs to `rust`.

Controls are three test functions at the end of each target's root file, in the sandbox's own copy of it: libtest runs
tests in the order of their names, so two of them come first and one last. They show that this binary's own harness ran
from first to last, told passing from failing, and gave the exit code. A crate that reads its own source while it is
compiled could see them.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .wrapper import NOT_STARTED, read_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .rust_targets import Package, Target
    from .wrapper import Report

PATH = "/usr/local/cargo/bin:/usr/local/bin:/usr/bin:/bin"
CONTROLS = """

#[cfg(test)]
{attribute}
fn {first}() {{
    if 1 + 1 != 3 {{
        {panic}!("seen");
    }}
}}

#[cfg(test)]
{attribute}
fn {second}() {{
    if 1 + 1 != 2 {{
        {panic}!("seen");
    }}
}}

#[cfg(test)]
{attribute}
fn {last}() {{
    if 1 + 1 != 3 {{
        {panic}!("seen");
    }}
}}
"""


class Cargo:
    """cargo in one workspace, offline. `ends_at` is of time.monotonic()."""

    def __init__(self, request: Any, ends_at: float) -> None:
        self.root = os.path.normpath(f"{request['tree']}/{request['root']}")
        self._tree = request["tree"].rstrip("/") + "/"
        self._scratch, self._environment = request["scratch"], request["environment"]
        self._ends_at = ends_at
        self.target = f"{self._scratch}/target"
        self.env = {
            "PATH": PATH,
            "HOME": self._scratch,
            "CARGO_HOME": f"{self._scratch}/cargo",
            "CARGO_TARGET_DIR": self.target,
            "CARGO_NET_OFFLINE": "true",
            "CARGO_TERM_COLOR": "never",
            "RUST_BACKTRACE": "1",
            **request["profile"],
        }
        if Path(f"{self._environment}/rustup").is_dir():
            self.env["RUSTUP_HOME"] = f"{self._environment}/rustup"

    def seed(self) -> None:
        """What the environment has downloaded, linked; and what it has compiled, copied: cargo writes beside it."""
        home = Path(f"{self._scratch}/cargo")
        home.mkdir()
        for name in ("registry", "git"):
            if Path(f"{self._environment}/cargo/{name}").is_dir():
                (home / name).symlink_to(f"{self._environment}/cargo/{name}")
        if Path(f"{self._environment}/target").is_dir():
            copy_compiled(f"{self._environment}/target", self.target)

    def run(self, *arguments: str, program: str = "cargo") -> tuple[int, str, str]:
        """Exit code, stdout and stderr."""
        try:
            done = subprocess.run(
                [program, *arguments],
                cwd=self.root,
                env={**os.environ, **self.env},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=max(1.0, self._ends_at - time.monotonic()),
                check=False,
            )
        except OSError as error:
            return NOT_STARTED, "", f"{error}\n"
        return done.returncode, done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace")

    def metadata(self, report: Report) -> str:
        code, printed, said = self.run("metadata", "--no-deps", "--format-version", "1", "--offline")
        if code != 0:
            report.end(NOT_STARTED, "`cargo metadata` cannot read this package.", said.encode())
        return printed

    def build(self, packages: Sequence[Package]) -> str:
        """Fills in the targets' programs and errors; what cargo printed. A target that does not compile keeps cargo
        from others, which are then built one by one."""
        names = [argument for package in packages for argument in ("-p", _spec(package))]
        wanted = {" ".join(target.selector): target.selector for package in packages for target in package.targets}
        selectors = [argument for selector in wanted.values() for argument in selector]
        said = self._build(packages, [*names, *selectors], None) if selectors else ""
        for package in packages:
            for target in package.targets:
                if not target.program and not target.errors:
                    said += self._build([package], ["-p", _spec(package), *target.selector], target)
        return said

    def _build(self, packages: Sequence[Package], arguments: Sequence[str], only: Target | None) -> str:
        code, printed, said = self.run("test", "--no-run", "--offline", "--message-format=json", *arguments)
        strays: list[str] = []
        for line in printed.splitlines():
            if line.startswith("{"):
                self._take(json.loads(line), packages, strays)
        if code != 0 and only is not None and not only.program and not only.errors:
            only.errors = strays or [said]
        return said + "".join(strays)

    def _take(self, message: dict[str, Any], packages: Sequence[Package], strays: list[str]) -> None:
        raw = message.get("target", {})
        found = next(
            (
                target
                for package in packages
                for target in package.targets
                if package.id == message.get("package_id")
                and target.name == raw.get("name")
                and self._tree + target.source == raw.get("src_path")
            ),
            None,
        )
        if message.get("reason") == "compiler-artifact" and message.get("profile", {}).get("test"):
            if found is not None and message.get("executable"):
                found.program = str(message["executable"])
        elif message.get("reason") == "compiler-message" and message["message"].get("level") == "error":
            rendered = str(message["message"].get("rendered") or message["message"].get("message"))
            if found is not None and rendered not in found.errors:
                found.errors.append(rendered)
            strays.append(rendered)


def _spec(package: Package) -> str:
    return f"{package.name}:{package.version}"


def add_controls(tree: str, target: Target, names: Sequence[str]) -> None:
    """Appends our controls to a target's root file."""
    modern = target.edition != "2015"
    text = CONTROLS.format(
        attribute="#[::core::prelude::v1::test]" if modern else "#[test]",  # whatever `test` means in that file
        panic="::core::panic" if modern else "panic",
        first=names[0],
        second=names[1],
        last=names[2],
    )
    path = Path(f"{tree}/{target.source}")
    source = read_text(str(path))
    if names[0] not in source:
        path.write_text(source + text, encoding="utf-8")


def copy_compiled(source: str, target: str) -> None:
    """Copies a target folder with the files' times, by which cargo tells what is fresh."""
    shutil.copytree(source, target, symlinks=True, copy_function=shutil.copy2)
