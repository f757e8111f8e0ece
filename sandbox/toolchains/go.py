"""The Go toolchain: `go test` compiles, a wrapper of ours runs the test binaries. What that wrapper does, and what its
controls show, is told in `sandbox/inside/translate/go*.py` and `binaries.py` there.
"""

from __future__ import annotations

import hashlib
import json
import re
import shlex
from collections.abc import Sequence
from posixpath import basename, dirname, normpath, relpath

from bot.core.policy import Wishes
from bot.core.tree import Tree, TreeFile
from bot.ports import AS_FOUND, Command, Recipe
from sandbox.oracle import Canary
from sandbox.screening import LaneSetup
from sandbox.toolchains import compiled_ids, wrapped
from sandbox.toolchains.base import BuildReport, Detection, Place, Request, Selection, Session, Settings
from sandbox.toolchains.compiled_folder import NEVER, TOP, choose
from sandbox.toolchains.go_module import manifest, module_name

TOOLCHAIN_VERSION = 1  # raise it when environments built before must not be used again
MODULES = ("go_build", "go_binary", "go_output", "go_packages", "binaries")
PATH = "/usr/local/go/bin:/usr/local/bin:/usr/bin:/bin"
REPORT = "fixbugs-build.json"
SHOWN_TESTS = 5
# Everything is compiled once without being linked or run, so that a test run compiles only what changed.
BUILD = """\
mkdir -p "$GOMODCACHE" "$GOCACHE"
version=$(go env GOVERSION) || { echo "There is no Go here: choose an image that has it."; exit 1; }
if [ -z "$FIXBUGS_VENDORED" ]; then
  go mod download || { echo "go mod download failed: a module that go.mod names cannot be had from here."; exit 1; }
fi
go list -e -test -deps -export ./... > /dev/null 2>&1
printf '{"go": "%s", "module": "%s"}' "$version" "$FIXBUGS_MODULE" > "$1/fixbugs-build.json"
"""


class GoToolchain:
    """Implements `sandbox.toolchains.base.Toolchain`.

    Settings: "root" (the module's folder in the tree), "goflags", "image", "module" (its name, without a go.mod).
    """

    name = "go"

    def detect(self, tree: Tree, wishes: Wishes = AS_FOUND, paths: Sequence[str] = ()) -> Detection | None:
        choice = choose(tree, "go.mod", is_test_file, wishes.folder, paths)
        if choice is None:
            return self._without_manifest(tree, wishes)
        vendored = f"{choice.folder}/vendor/modules.txt".removeprefix("./") in tree
        settings = (
            ("root", choice.folder),
            ("goflags", "-mod=vendor" if vendored else ""),
            ("image", wishes.image),
        )
        return Detection("go test", settings, (choice.note,) if choice.note else ())

    def _without_manifest(self, tree: Tree, wishes: Wishes) -> Detection | None:
        module = "" if wishes.folder else module_name(tree)
        if not module:
            return None
        settings = (("root", TOP), ("goflags", ""), ("image", wishes.image), ("module", module))
        return Detection("go test", settings, (f"There is no go.mod: it is tested as the module {module}.",))

    def recipe(self, tree: Tree, detection: Detection) -> Recipe:
        given = dict(detection.settings)
        root, flags = given["root"], given["goflags"]
        env = (
            ("PATH", PATH),
            ("GOPATH", "{env}/gopath"),
            ("GOMODCACHE", "{env}/gomodcache"),
            ("GOCACHE", "{env}/gocache"),
            ("GOENV", "off"),
            ("GOFLAGS", f"-modcacherw {flags}".strip()),
            ("FIXBUGS_VENDORED", "yes" if flags else ""),
            ("FIXBUGS_MODULE", given.get("module", "")),
        )
        if given.get("module"):
            tree = Tree({**tree.files, "go.mod": TreeFile(manifest(given["module"]))})
        command = Command(("/bin/sh", "-c", BUILD, "sh", "{env}"), env=env, cwd=root)
        key = hashlib.sha256(json.dumps([TOOLCHAIN_VERSION, BUILD, root, flags, given["image"]]).encode())
        for path in sorted(tree):
            if _is_manifest(path):
                key.update(path.encode() + b"\0" + hashlib.sha256(tree.files[path].content).digest())
        return Recipe(f"go-{key.hexdigest()[:32]}", (command,), tree, given["image"] or "go")

    def report_command(self, place: Place) -> Command:
        return Command(("cat", f"{place.environment}/{REPORT}"))

    def read_report(self, printed: bytes) -> BuildReport:
        raw = json.loads(printed)
        generated = (("go.mod", manifest(str(raw["module"]))),) if raw["module"] else ()
        return BuildReport((("go", str(raw["go"])),), generated=generated)

    def session(self, place: Place, settings: Settings, request: Request) -> Session:
        given = dict(settings)
        first, second, last = wrapped.canaries("TestC{}")
        controls = (first, second, Canary(last.name.replace("Test", "Example"), last.passes))
        said = {"root": given.get("root", TOP), "goflags": given.get("goflags", "")}
        return wrapped.session(place, request, "go", said, controls, modules=MODULES)

    def without_project_options(self, settings: Settings, output: str) -> Settings | None:
        return None

    def files_for(self, tree: Tree, targets: Sequence[str]) -> tuple[str, ...]:
        return compiled_ids.files_for(tree, targets, defines, "_test.go")

    def file_of(self, test_id: str) -> str:
        return test_id.partition("::")[0]

    def select(self, targets: Sequence[str], ids: Sequence[str], tree: Tree) -> Selection:
        return compiled_ids.select(targets, ids, tree)

    def script(self, place: Place, settings: Settings, code: str) -> tuple[Command, tuple[tuple[str, bytes], ...]]:
        """`code` is a main package; it lies in a folder of the module, so that it may import internal packages."""
        given = dict(settings)
        root = normpath(f"{place.tree}/{given.get('root', TOP)}")
        folder = f"{root}/fixbugs_script"
        env = (
            ("PATH", PATH),
            ("GOPATH", f"{place.scratch}/gopath"),
            ("GOCACHE", f"{place.scratch}/gocache"),
            ("GOMODCACHE", f"{place.environment}/gomodcache"),
            ("GOENV", "off"),
            ("GOFLAGS", given.get("goflags", "")),
            ("GOPROXY", "off"),
        )
        return Command(("go", "run", "./fixbugs_script"), env=env, cwd=root), ((f"{folder}/main.go", code.encode()),)

    def lane(self, environment_path: str, settings: Settings, memory_bytes: int) -> LaneSetup | None:
        return None

    def person_command(self, settings: Settings, test_ids: Sequence[str]) -> str:
        root = dict(settings).get("root", TOP)
        packages = dict.fromkeys(_package(root, test_id) for test_id in test_ids)
        names = [test_id.partition("::")[2] for test_id in test_ids]
        shown = ["./..."] if len(packages) > SHOWN_TESTS or not packages else list(packages)
        chosen = ["-run", f"^({'|'.join(names)})$"] if 0 < len(names) <= SHOWN_TESTS else []
        command = shlex.join(["go", "test", *shown, *chosen])
        return command if root == TOP else f"cd {shlex.quote(root)} && {command}"


def is_test_file(path: str) -> bool:
    return path.endswith("_test.go")


def defines(text: str, name: str) -> bool:
    return re.search(rf"^func {re.escape(name)}\s*\(", text, re.M) is not None


def _is_manifest(path: str) -> bool:
    name = basename(path)
    if name in ("go.mod", "go.sum", "go.work", "go.work.sum"):
        return not NEVER.search(path)
    return path.endswith("vendor/modules.txt")


def _package(root: str, test_id: str) -> str:
    folder = relpath(dirname(test_id.partition("::")[0]) or TOP, root)
    return TOP if folder == TOP else f"./{folder}"
