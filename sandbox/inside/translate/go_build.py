"""Builds Go test binaries with controls of ours in each, and the environment the go command runs in. Which packages,
and running what was built, belongs to `go`.

Controls are test files that only the compiler sees (-overlay): one in the package with two tests, whose file comes
first by name, and one in its external test package with an example, which Go runs after everything else. They show that
this binary's own harness ran tests from first to last, told passing from failing, and gave the exit code. Code under
test that reads its own binary's symbols could still learn their names.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .go_packages import Package

PATH = "/usr/local/go/bin:/usr/local/bin:/usr/bin:/bin"
FIRST = """package {0}

import "testing"

func {1}(t *testing.T) {{
	if 1+1 != 3 {{
		t.Error("seen")
	}}
}}

func {2}(t *testing.T) {{
	if 1+1 != 2 {{
		t.Error("seen")
	}}
}}
"""
LAST = """package {0}_test

import "fmt"

func {1}() {{
	fmt.Println("one")
	// Output: two
}}
"""
KEEP = '#!/bin/sh\nmv "$1" "$FIXBUGS_BINARIES/$(pwd | sha256sum | cut -c1-40)"\n'  # stands in for running a binary


class GoCommand:
    """The go command in one module, offline. `ends_at` is of time.monotonic()."""

    def __init__(self, request: Any, ends_at: float) -> None:
        self.module = os.path.normpath(f"{request['tree']}/{request['root']}")
        self._scratch, self._environment = request["scratch"], request["environment"]
        self._ends_at = ends_at
        self.failed = b""  # what the last command said, if it ended with an error
        self.env = {
            "PATH": PATH,
            "HOME": self._scratch,
            "GOPATH": f"{self._scratch}/gopath",
            "GOCACHE": f"{self._scratch}/gocache",
            "GOMODCACHE": f"{self._environment}/gomodcache",
            "GOENV": "off",
            "GOFLAGS": request["goflags"],
            "GOPROXY": "off",
            "GOSUMDB": "off",
            "GO111MODULE": "on",
        }

    def seed(self) -> None:
        """What the environment has compiled. That is read-only, and a cache must not be: Go writes the small index
        entries ("-a") anew even when they are there, what they point to never."""
        source = f"{self._environment}/gocache"
        for number in range(256):
            target = Path(f"{self._scratch}/gocache/{number:02x}")
            target.mkdir(parents=True)
            for path in Path(f"{source}/{number:02x}").glob("*"):
                if path.name.endswith("-a"):
                    (target / path.name).write_bytes(path.read_bytes())
                else:
                    (target / path.name).symlink_to(path)

    def run(self, *arguments: str, errors: bool = False, **env: str) -> str:
        """What it printed; with `errors` what went to stderr, too."""
        try:
            done = subprocess.run(
                ["go", *arguments],
                cwd=self.module,
                env={**os.environ, **self.env, **env},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT if errors else subprocess.PIPE,
                timeout=max(1.0, self._ends_at - time.monotonic()),
                check=False,
            )
        except OSError as error:
            return f"{error}\n"
        self.failed = (done.stderr or b"") if done.returncode else b""
        return done.stdout.decode("utf-8", "replace")


class Builder:
    """Builds packages of one tree with these controls (names, in order)."""

    def __init__(self, go: GoCommand, tree: str, scratch: str, controls: Sequence[str]) -> None:
        self._go, self._tree, self._scratch, self._controls = go, tree, scratch, controls

    def build(self, packages: Sequence[Package], covered: bool) -> tuple[dict[str, str], str]:
        """Test binaries by import path, and what the compiler printed."""
        if not packages:
            return {}, ""
        folder, keep = Path(f"{self._scratch}/binaries"), Path(f"{self._scratch}/keep")
        folder.mkdir(exist_ok=True)
        keep.write_text(KEEP, encoding="ascii")
        keep.chmod(0o755)
        arguments = ["test", "-count=1", "-vet=off", f"-overlay={self._overlay(packages)}", f"-exec={keep}"]
        if covered:
            arguments += ["-cover", "-covermode=set", "-coverpkg=./..."]
        paths = [package.path for package in packages]
        printed = self._go.run(*arguments, *paths, errors=True, FIXBUGS_BINARIES=str(folder))
        found = {}
        for package in packages:
            where = os.path.realpath(f"{self._tree}/{package.folder}")
            path = folder / hashlib.sha256(where.encode() + b"\n").hexdigest()[:40]
            if path.is_file():
                found[package.path] = str(path)
        return found, printed

    def empty_package(self) -> tuple[str, str]:
        """A package of ours, for the controls alone: its folder in the tree, and its import path."""
        name = f"fixbugs{self._controls[0][-12:].lower()}"
        where = Path(f"{self._go.module}/{name}")
        where.mkdir()
        (where / f"{name}.go").write_text(f"package {name}\n", encoding="ascii")
        folder = os.path.relpath(f"{self._go.module}/{name}", self._tree)
        return folder, self._go.run("list", f"./{name}").strip()

    def _overlay(self, packages: Sequence[Package]) -> str:
        """Writes our controls beside every package's tests, for the compiler's eyes only."""
        first, second, last = self._controls
        replaced: dict[str, str] = {}
        for number, package in enumerate(packages):
            where = f"{self._tree}/{package.folder}".rstrip("/")
            texts = (FIRST.format(package.name, first, second), LAST.format(package.name, last))
            for prefix, text in (("0000", texts[0]), ("zzzz", texts[1])):
                source = f"{self._scratch}/control-{number}-{prefix}.go"
                Path(source).write_text(text, encoding="utf-8")
                replaced[f"{where}/{prefix}{first[-12:].lower()}_test.go"] = source
        path = f"{self._scratch}/overlay.json"
        Path(path).write_text(json.dumps({"Replace": replaced}), encoding="utf-8")
        return path
