"""The Rust toolchain: cargo compiles, a wrapper of ours runs the test binaries. What that wrapper does, and what its
controls show, is told in `sandbox/inside/translate/rust*.py` and `binaries.py` there.
"""

from __future__ import annotations

import hashlib
import json
import re
import shlex
from collections.abc import Sequence
from posixpath import basename, dirname

from bot.core.policy import Wishes
from bot.core.tree import Tree
from bot.ports import AS_FOUND, Command, Recipe
from sandbox.oracle import Canary
from sandbox.screening import LaneSetup
from sandbox.toolchains import compiled_ids, wrapped
from sandbox.toolchains.base import BuildReport, Detection, Place, Request, Selection, Session, Settings
from sandbox.toolchains.compiled_folder import NEVER, TOP, ancestors, choose

TOOLCHAIN_VERSION = 1  # raise it when environments built before must not be used again
MODULES = ("rust_build", "rust_binary", "rust_output", "rust_targets", "binaries")
PATH = "/usr/local/cargo/bin:/usr/local/bin:/usr/bin:/bin"
REPORT = "fixbugs-build.json"
SHOWN_TESTS = 5
# Less to write to disk; the same for building and running, or nothing that was built would be used again.
PROFILE = (("CARGO_INCREMENTAL", "0"), ("CARGO_PROFILE_DEV_DEBUG", "1"), ("CARGO_PROFILE_TEST_DEBUG", "1"))
NO_COVERAGE = "There is no coverage for Rust: changes are looked for without knowing which lines a test runs."
# Since Cargo 1.68 the list of crates need not be cloned.
SPARSE = (("CARGO_REGISTRIES_CRATES_IO_PROTOCOL", "sparse"),)
# The project itself need not compile: then a test run says why.
BUILD = """\
version=$(cargo --version) || { echo "There is no cargo here: choose an image that has it."; exit 1; }
cargo fetch || { echo "cargo fetch failed: a crate that the project names cannot be had from here."; exit 1; }
cargo test --no-run --workspace --tests --offline || echo "The project does not compile as it is."
printf '{"cargo": "%s"}' "$version" > "$1/fixbugs-build.json"
"""


class RustToolchain:
    """Implements `sandbox.toolchains.base.Toolchain`.

    Settings: "root" (the workspace's folder in the tree), "image".
    """

    name = "rust"

    def detect(self, tree: Tree, wishes: Wishes = AS_FOUND, paths: Sequence[str] = ()) -> Detection | None:
        choice = choose(tree, "Cargo.toml", is_test_file, wishes.folder, paths)
        if choice is None:
            return None
        root = workspace_of(tree, choice.folder)
        notes = (choice.note, NO_COVERAGE) if choice.note and root == choice.folder else (NO_COVERAGE,)
        return Detection("cargo test", (("root", root), ("image", wishes.image)), notes)

    def recipe(self, tree: Tree, detection: Detection) -> Recipe:
        given = dict(detection.settings)
        root = given["root"]
        env = (("PATH", PATH), ("CARGO_HOME", "{env}/cargo"), ("CARGO_TARGET_DIR", "{env}/target"), *SPARSE, *PROFILE)
        command = Command(("/bin/sh", "-c", BUILD, "sh", "{env}"), env=env, cwd=root)
        key = hashlib.sha256(json.dumps([TOOLCHAIN_VERSION, BUILD, PROFILE, root, given["image"]]).encode())
        for path in sorted(tree):
            if _is_manifest(path):
                key.update(path.encode() + b"\0" + hashlib.sha256(tree.files[path].content).digest())
        return Recipe(f"rust-{key.hexdigest()[:32]}", (command,), tree, given["image"] or "rust")

    def report_command(self, place: Place) -> Command:
        return Command(("cat", f"{place.environment}/{REPORT}"))

    def read_report(self, printed: bytes) -> BuildReport:
        return BuildReport((("cargo", str(json.loads(printed)["cargo"])),))

    def session(self, place: Place, settings: Settings, request: Request) -> Session:
        first, second, last = wrapped.canaries("{}")
        controls = (
            Canary(f"_0a{first.name}", first.passes),
            Canary(f"_0b{second.name}", second.passes),
            Canary(f"zzzz{last.name}", last.passes),
        )
        said = {"root": dict(settings).get("root", TOP), "profile": dict(PROFILE)}
        return wrapped.session(place, request, "rust", said, controls, modules=MODULES)

    def without_project_options(self, settings: Settings, output: str) -> Settings | None:
        return None

    def files_for(self, tree: Tree, targets: Sequence[str]) -> tuple[str, ...]:
        return compiled_ids.files_for(tree, targets, defines, ".rs")

    def file_of(self, test_id: str) -> str:
        return test_id.partition("::")[0]

    def select(self, targets: Sequence[str], ids: Sequence[str], tree: Tree) -> Selection:
        return compiled_ids.select(targets, ids, tree)

    def script(self, place: Place, settings: Settings, code: str) -> tuple[Command, tuple[tuple[str, bytes], ...]]:
        """`code` is a program with a main function; it is built as an example of the package at the root."""
        root = dict(settings).get("root", TOP)
        folder = place.tree if root == TOP else f"{place.tree}/{root}"
        env = (
            ("PATH", PATH),
            ("CARGO_HOME", f"{place.environment}/cargo"),
            ("CARGO_TARGET_DIR", f"{place.scratch}/target"),
            ("CARGO_NET_OFFLINE", "true"),
            *PROFILE,
        )
        argv = ("cargo", "run", "--quiet", "--offline", "--example", "fixbugs_script")
        return Command(argv, env=env, cwd=root), ((f"{folder}/examples/fixbugs_script.rs", code.encode()),)

    def lane(self, environment_path: str, settings: Settings, memory_bytes: int) -> LaneSetup | None:
        return None

    def person_command(self, settings: Settings, test_ids: Sequence[str]) -> str:
        root = dict(settings).get("root", TOP)
        names = list(dict.fromkeys(test_id.partition("::")[2] for test_id in test_ids))
        chosen = ["--", "--exact", *names] if 0 < len(names) <= SHOWN_TESTS else []
        command = shlex.join(["cargo", "test", *(["--workspace"] if not chosen else []), *chosen])
        return command if root == TOP else f"cd {shlex.quote(root)} && {command}"


def workspace_of(tree: Tree, folder: str) -> str:
    """The folder of the workspace that a package belongs to; its own when it belongs to none."""
    own = tree.text(f"{folder}/Cargo.toml".removeprefix("./")) or ""
    if re.search(r"^\[workspace\b", own, re.M):
        return folder
    for above in ancestors(folder) if folder != TOP else ():
        text = tree.text(f"{above}/Cargo.toml".removeprefix("./")) or ""
        if re.search(r"^\[workspace\b", text, re.M):
            return above
    return folder


def is_test_file(path: str) -> bool:
    return path.endswith(".rs") and basename(dirname(path)) == "tests"


def defines(text: str, name: str) -> bool:
    return re.search(rf"\bfn\s+{re.escape(name)}\s*[<(]", text) is not None


def _is_manifest(path: str) -> bool:
    name = basename(path)
    if path.endswith((".cargo/config", ".cargo/config.toml", "vendor/.cargo-checksum.json")):
        return True
    if name in ("Cargo.toml", "Cargo.lock", "rust-toolchain", "rust-toolchain.toml"):
        return not NEVER.search(path)
    return name == "build.rs" and not NEVER.search(path)
