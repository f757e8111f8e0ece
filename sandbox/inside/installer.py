"""Builds a Python environment: the project's dependencies by uv, with fallbacks, and notes on what was left out.

What to install is decided on the host (`sandbox.toolchains.python_install`). Arguments: the tree, the environment's
folder, the base interpreter; the plan (JSON) on stdin. Writes `fixbugs-build.json` into the environment. Ends with 1
and a plain sentence when what the project needs at run time cannot be installed.
"""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .installer_links import Links
from .installer_python import choose_python, find_python
from .installer_words import advice, fail, lock_flaw, why

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

REPORT = "fixbugs-build.json"
TREE = "{tree}"  # in requirement lines
MAX_GENERATED_BYTES = 24 << 20
OLD_SETUPTOOLS = ("setuptools<81", "setuptools<58")
NOT_GENERATED = ("__pycache__", ".egg-info", ".dist-info", ".pytest_cache", ".fixbugs", ".git", "node_modules")
GENERATED_SUFFIXES = (".py", ".so", ".pyi", ".txt", ".json")
QUIET = {"UV_NO_PROGRESS": "1", "GIT_TERMINAL_PROMPT": "0", "GIT_SSH_COMMAND": "ssh -o BatchMode=yes"}
FIND_MISSING = """\
import sys, json, importlib.util as util
print(json.dumps([name for module, name in json.loads(sys.argv[1]) if not util.find_spec(module)]))
"""
FIND_PLUGINS = """\
import json, importlib.metadata as metadata
found = [(dist.metadata["Name"], entry.value) for dist in metadata.distributions() for entry in dist.entry_points
         if entry.group == "pytest11"]
print(json.dumps(sorted(set(found))))
"""
SMOKE_TEST = "def test_it(tmp_path):\n    assert 1 + 1 == 2\n"


class Builder:
    def __init__(self, plan: dict[str, Any], tree: str, environment: str, base: str) -> None:
        self.plan = plan  # see python_install._plan
        self.tree = Path(tree).resolve()
        self.folder = str(plan["folder"])
        self.home = self.tree / self.folder  # where the project lies
        self.environment = Path(environment)
        self.base, asked_for = choose_python(base, plan["pythons"], find_python)
        self.python = str(self.environment / "bin" / "python")
        self.notes: list[str] = [asked_for] if asked_for else []
        self.lock: dict[str, Any] | None = plan["lock"]  # what holds for versions, as long as it can
        self.installed_project = False

    def build(self) -> None:
        before = set(self.files())
        code, output = self.run(["uv", "venv", "--allow-existing", "--python", self.base, str(self.environment)])
        if code:
            fail(f"A virtual environment could not be made with {self.base}.", output)
        self.everything()
        self.undeclared()
        self.runner()
        report = {
            "roots": Links(self.tree, self.environment, self.notes).detach(),
            "generated": self.generated(before),
            "notes": self.notes,
            "installed": self.installed_project,
        }
        # The environment is read-only where tests run, so bytecode is written now.
        self.run([self.python, "-m", "compileall", "-q", "-j", "2", str(self.environment / "lib")])
        (self.environment / REPORT).write_text(json.dumps(report))

    # ------------------------------------------------------------ tools

    def run(
        self, argv: Sequence[str], cwd: Path | None = None, more: Mapping[str, str] | None = None
    ) -> tuple[int, str]:
        """A command's exit code and output."""
        environ = {**os.environ, **QUIET, **self.plan["environ"], **(more or {})}
        done = subprocess.run(
            list(argv),
            env=environ,
            cwd=str(cwd or self.home),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        return done.returncode, done.stdout.decode("utf-8", "replace")

    def install(
        self, lines: Sequence[str], setuptools: str = "", *, locked: bool = True, options: Sequence[str] = ()
    ) -> str | None:
        """Installs requirement lines in one resolution, in the versions that the lock file says. None, or why it
        failed: the tool's output."""
        if not lines:
            return None
        with tempfile.TemporaryDirectory() as folder:
            wanted = Path(folder, "wanted.txt")
            wanted.write_text("".join(line.replace(TREE, str(self.tree)) + "\n" for line in lines))
            more = {}
            argv = ["uv", "pip", "install", "--python", self.python, "-r", str(wanted), *options]
            if self.lock and locked:
                pins = Path(folder, "pins.txt")
                pins.write_text("".join(line.replace(TREE, str(self.tree)) + "\n" for line in self.lock["lines"]))
                argv += ["-c", str(pins)]
            if setuptools:
                constraint = Path(folder, "build.txt")
                constraint.write_text(setuptools + "\n")
                more["UV_BUILD_CONSTRAINT"] = str(constraint)
            code, output = self.run(argv, more=more)
        print(output, flush=True)
        return output if code else None

    # ----------------------------------------------------- dependencies

    def everything(self) -> None:
        """All at once, which resolves best and costs least; then piece by piece, when that fails."""
        plan = self.plan
        if self.lock and self.lock["complete"]:
            output = self.install(self.lock["lines"], locked=False, options=["--require-hashes"])
            if output is not None:
                self.unlock(output)
        lines = [*plan["declared"], *plan["tests"], "pytest"]
        lines += self.project(plan["extras"]) if plan["installable"] else plan["runtime"]
        if self.install(lines) is None:
            self.installed_project = plan["installable"]
            return
        if plan["installable"]:
            self.editable()
        needed = plan["declared"] if self.installed_project else plan["declared"] + plan["runtime"]
        output = self.install(needed) if self.installed_project else self.install_anyhow(needed)
        if output is not None:
            if not self.installed_project:
                said = f"What the project needs at run time cannot be installed: {why(output)}{advice(output)}"
                fail(said, output)
            self.one_by_one(needed)
        if self.installed_project and plan["extras"] and self.install(self.project(plan["extras"])) is not None:
            self.one_by_one(plan["extra_lines"] or self.project(plan["extras"]))
        if self.install(plan["tests"]) is not None:
            self.one_by_one(plan["tests"])

    def project(self, extras: Sequence[str]) -> list[str]:
        place = TREE if self.folder == "." else f"{TREE}/{self.folder}"
        return [f"-e {place}" + (f"[{','.join(extras)}]" if extras else "")]

    def one_by_one(self, lines: Sequence[str]) -> None:
        for line in lines:
            output = self.install([line])
            if output is not None:
                self.notes.append(f"Not installed: {line.replace(TREE, 'the project')}: {why(output)}")

    def install_anyhow(self, lines: Sequence[str]) -> str | None:
        """As `install`; without the lock file where that is what it fails on."""
        output = self.install(lines)
        if output is None or self.lock is None:
            return output
        kept, kept_notes = self.lock, list(self.notes)
        self.unlock(output)
        again = self.install(lines)
        if again is not None:  # then it was something else
            self.lock, self.notes = kept, kept_notes
        return again

    def unlock(self, output: str) -> None:
        """Goes on without the lock file, and says so; ends the build where the file itself is wrong."""
        assert self.lock is not None  # noqa: S101  (for mypy: callers looked)
        path, flaw = self.lock["path"], lock_flaw(output)
        if flaw:
            fail(f"The lock file {path} {flaw}. Make it anew with `{self.lock['renew']}` and commit it.", output)
        self.notes.append(f"{path} is not used, but the newest versions that the project allows: {why(output)}.")
        self.lock = None

    def editable(self) -> None:
        """The project itself, with an old setuptools if its setup.py needs one; else only what it needs."""
        output = self.install_anyhow(self.project([]))
        for setuptools in OLD_SETUPTOOLS if output is not None and self.plan["legacy"] else ():
            if self.install(self.project([]), setuptools) is None:
                self.notes.append(f"Built with {setuptools}, which this project's setup.py needs.")
                output = None
                break
        self.installed_project = output is None
        if output is None:
            return
        if not self.plan["static"]:
            fail(f"The project itself cannot be installed: {why(output)}{advice(output)}", output)
        self.notes.append(f"The project itself was not installed, only what it needs: {why(output)}")

    def undeclared(self) -> None:
        """Well-known distributions that the tests import and nobody declared."""
        wanted = self.plan["imported"]
        if not wanted:
            return
        code, output = self.run([self.python, "-c", FIND_MISSING, json.dumps(wanted)])
        for name in json.loads(output.strip().splitlines()[-1]) if code == 0 else ():
            failed = self.install([name])
            if failed is None:
                self.notes.append(f"Installed {name}, which the tests use and the project does not declare.")
            else:
                self.notes.append(f"Not installed: {name}, which the tests use: {why(failed)}")

    def runner(self) -> None:
        """pytest must be there and must work with this interpreter."""
        works, _ = self.smoke()
        if works:
            return
        shown = self.run(["uv", "pip", "show", "--python", self.python, "pytest"])[1]
        version = re.search(r"^Version: (\S+)", shown, re.M)
        output = self.install(
            ["pytest>=7", "py>=1.11"], locked=False
        )  # an old py breaks a new pytest, and old plug-ins want one
        works, said = self.smoke()
        if output is None and not works:
            self.without_broken_plugins()
            works, said = self.smoke()
        if output is not None or not works:
            fail("pytest cannot be installed or does not start.", output or said)
        if version and int(version.group(1).partition(".")[0]) < 7:
            asked = f"pytest {version.group(1)}, which the project asks for,"
            self.notes.append(f"{asked} does not run on this Python: a newer one does.")

    def without_broken_plugins(self) -> None:
        """Takes out each plug-in that keeps pytest from starting even when it is the only one."""
        alone = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
        if not self.smoke(alone)[0]:
            return
        output = self.run([self.python, "-c", FIND_PLUGINS])[1]
        for name, entry in json.loads(output.strip().splitlines()[-1]):
            if not self.smoke({**alone, "PYTEST_PLUGINS": entry.partition(":")[0]})[0]:
                self.run(["uv", "pip", "uninstall", "--python", self.python, name])
                self.notes.append(f"Left out {name}: pytest does not start with this plug-in on this Python.")

    def smoke(self, more: Mapping[str, str] | None = None) -> tuple[bool, str]:
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "test_it.py").write_text(SMOKE_TEST)
            argv = [self.python, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", folder, "-c", os.devnull]
            code, output = self.run([*argv, "test_it.py"], cwd=Path(folder), more=more)
        return code == 0, output

    # -------------------------------------------------- generated files

    def files(self) -> Iterator[Path]:
        for folder, names, files in os.walk(str(self.tree)):
            names[:] = [name for name in names if not name.endswith(NOT_GENERATED) and name != "build"]
            for name in files:
                yield Path(folder, name)

    def generated(self, before: set[Path]) -> dict[str, str]:
        """Files that building wrote beside the sources and that are imported from there: path to base64."""
        kept: dict[str, str] = {}
        total = 0
        for path in sorted(set(self.files()) - before):
            if path.suffix not in GENERATED_SUFFIXES or path.is_symlink():
                continue
            name = path.relative_to(self.tree).as_posix()
            total += path.stat().st_size
            if total > MAX_GENERATED_BYTES:
                self.notes.append(f"Too large to keep: {name}, which building the project wrote.")
                continue
            kept[name] = base64.b64encode(path.read_bytes()).decode()
        return kept


def main() -> None:
    Builder(json.load(sys.stdin), *sys.argv[1:4]).build()
