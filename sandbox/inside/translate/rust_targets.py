"""What there is to test in a Cargo workspace: its packages, their targets, and in which file a test lies. Building them
belongs to `rust_build`.
"""

from __future__ import annotations

import json
import posixpath
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .wrapper import read_text

if TYPE_CHECKING:
    from collections.abc import Sequence

SELECTORS = {"lib": "--lib", "proc-macro": "--lib", "bin": "--bin", "test": "--test"}
LIBRARIES = ("lib", "rlib", "dylib", "cdylib", "staticlib", "proc-macro")
TARGET_TABLE = re.compile(r"^\[\[?(?:lib|bin|test)\]\]?\s*$(.*?)(?=^\[|\Z)", re.M | re.S)


@dataclass
class Target:
    """One thing that is compiled to a test binary. `source` is its root file in the tree; `program` the binary, once
    it is built; `errors` what the compiler said."""

    kind: str  # a key of SELECTORS
    name: str
    source: str
    edition: str
    program: str = ""
    errors: list[str] = field(default_factory=list)

    @property
    def selector(self) -> list[str]:
        return [SELECTORS[self.kind]] if self.kind in ("lib", "proc-macro") else [SELECTORS[self.kind], self.name]


@dataclass
class Package:
    """`folder` is its path in the tree ("" for the top)."""

    id: str
    name: str
    version: str
    folder: str
    targets: list[Target]


def parse_metadata(text: str, tree: str) -> list[Package]:
    """Out of `cargo metadata --no-deps`; packages outside the tree and targets that are not tested are left out."""
    base = tree.rstrip("/") + "/"
    found = []
    for raw in json.loads(text)["packages"]:
        folder = posixpath.dirname(str(raw["manifest_path"]))
        if not (folder + "/").startswith(base):
            continue
        unharnessed = without_harness(read_text(str(raw["manifest_path"])))
        targets = [_target(each, base) for each in raw["targets"] if each.get("test", True)]
        kept = [target for target in targets if target is not None and target.name not in unharnessed]
        order = list(SELECTORS)
        kept.sort(key=lambda target: order.index(target.kind))
        found.append(Package(str(raw["id"]), str(raw["name"]), str(raw["version"]), folder[len(base) :], kept))
    return found


def _target(raw: dict[str, Any], base: str) -> Target | None:
    kinds = [str(kind) for kind in raw["kind"]]
    kind = "lib" if any(kind in LIBRARIES for kind in kinds) else kinds[0]
    source = str(raw["src_path"])
    if kind not in SELECTORS or not source.startswith(base):
        return None
    return Target(kind, str(raw["name"]), source[len(base) :], str(raw.get("edition", "2015")))


def without_harness(manifest: str) -> set[str]:
    """The names of targets that bring a harness of their own."""
    found = set()
    for match in TARGET_TABLE.finditer(manifest):
        name = re.search(r"""^\s*name\s*=\s*["']([^"']+)["']""", match.group(1), re.M)
        if name is not None and re.search(r"^\s*harness\s*=\s*false\b", match.group(1), re.M):
            found.add(name.group(1))
    return found


def holding(packages: Sequence[Package], files: Sequence[str]) -> list[Package]:
    """The packages that these files lie in, with the targets that they may be part of; all of them for none, and for a
    folder all that is in it."""
    if not files:
        return list(packages)
    chosen = []
    for package in packages:
        whole = any(f"{package.folder}/".startswith(f"{file.rstrip('/')}/") or file == "." for file in files)
        inside = [file for file in files if _owner(packages, file) is package]
        if not whole and all(file.endswith(".rs") for file in inside):
            package.targets = [each for each in package.targets if any(belongs(package, each, f) for f in inside)]
        if whole or inside:
            chosen.append(package)
    return chosen


def _owner(packages: Sequence[Package], file: str) -> Package | None:
    above = [package for package in packages if not package.folder or file.startswith(package.folder + "/")]
    return max(above, key=lambda package: len(package.folder), default=None)


def belongs(package: Package, target: Target, file: str) -> bool:
    """Whether a file may be part of a target: its root, or below it, but for what other targets start from."""
    roots = {each.source for each in package.targets}
    folder = posixpath.dirname(target.source)
    return file == target.source or (file not in roots and file.startswith(f"{folder}/" if folder else ""))


def file_of(tree: str, source: str, name: str) -> str:
    """The file in the tree that a test of this name lies in, following its modules from the target's root file."""
    found, folder = source, posixpath.dirname(source)
    for part in name.split("::")[:-1]:
        folder = f"{folder}/{part}".lstrip("/")
        for candidate in (f"{folder}.rs", f"{folder}/mod.rs"):
            if Path(f"{tree}/{candidate}").is_file():
                found = candidate
                break
    return found
