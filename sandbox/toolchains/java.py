"""The Java toolchain: Maven or Gradle compiles and runs the tests, a wrapper of ours reads their reports. What that
wrapper believes is told in `sandbox/inside/translate/java.py`; finding out about a project is `java_detect`'s work.
"""

from __future__ import annotations

import hashlib
import json
import re
import shlex
from collections.abc import Sequence
from posixpath import splitext

from bot.core.policy import Wishes
from bot.core.tree import Tree, TreeFile
from bot.ports import AS_FOUND, Command, Recipe
from sandbox.screening import LaneSetup
from sandbox.toolchains import junit_ids, wrapped
from sandbox.toolchains.base import BuildReport, Detection, Place, Request, Selection, Session, Settings
from sandbox.toolchains.java_detect import JavaProject, Tool, detect_java, is_manifest, is_test_file

TOOLCHAIN_VERSION = 1  # raise it when environments built before must not be used again
MODULES = ("java_aside", "java_sources", "java_tools", "junit_cases", "junit_reports", "junit_xml", "remains")
SETUP = wrapped.INSIDE / "translate" / "java_setup.py"
SETUP_PATH = ".fixbugs/java_setup.py"
REPORT = "fixbugs-build.json"
SHOWN_TESTS = 5
TYPE_NAME = re.compile(r"\b(?:class|record|interface|enum)\s+(\w+)")


class JavaToolchain:
    """Implements `sandbox.toolchains.base.Toolchain`.

    Settings: "tool", "root" (the build's folder), "module" (below it; "" for all), "style", "package", "wrapper",
    "image"; after the build "repository" (Maven's).
    """

    name = "java"

    def detect(self, tree: Tree, wishes: Wishes = AS_FOUND, paths: Sequence[str] = ()) -> Detection | None:
        project = detect_java(tree, wishes.folder, tuple(paths))
        if project is None:
            return None
        return Detection(project.tool.value, _settings(project, wishes.image), project.notes)

    def recipe(self, tree: Tree, detection: Detection) -> Recipe:
        given, program = dict(detection.settings), SETUP.read_bytes()
        said = {name: given[name] for name in ("tool", "root", "module", "style", "package")}
        plan = json.dumps(said, sort_keys=True).encode()
        key = hashlib.sha256(b"\0".join((str(TOOLCHAIN_VERSION).encode(), plan, program, given["image"].encode())))
        for path in sorted(tree):
            if is_manifest(path):
                key.update(path.encode() + b"\0" + hashlib.sha256(tree.files[path].content).digest())
        command = Command(("{python}", "{tree}/" + SETUP_PATH, "{tree}", "{env}"), stdin=plan)
        whole = Tree({**tree.files, SETUP_PATH: TreeFile(program)})
        return Recipe(f"java-{key.hexdigest()[:32]}", (command,), whole, given["image"] or "java")

    def report_command(self, place: Place) -> Command:
        return Command(("cat", f"{place.environment}/{REPORT}"))

    def read_report(self, printed: bytes) -> BuildReport:
        found = json.loads(printed)
        return BuildReport((("repository", str(found["repository"])),), tuple(str(note) for note in found["notes"]))

    def session(self, place: Place, settings: Settings, request: Request) -> Session:
        given = dict(settings)
        said = {
            "tool": given.get("tool", Tool.MAVEN.value),
            "root": given.get("root", ""),
            "modules": [given["module"]] if given.get("module") else [],
            "repository": given.get("repository", ""),
        }
        return wrapped.session(place, request, "java", said, wrapped.canaries("c{}"), modules=MODULES)

    def without_project_options(self, settings: Settings, output: str) -> Settings | None:
        return None

    def files_for(self, tree: Tree, targets: Sequence[str]) -> tuple[str, ...]:
        files = []
        for target in targets:
            path = _file(tree, junit_ids.normal(target))
            if not path:
                return ()
            files.append(path)
        return tuple(dict.fromkeys(files))

    def file_of(self, test_id: str) -> str:
        return junit_ids.file_of(test_id)

    def select(self, targets: Sequence[str], ids: Sequence[str], tree: Tree) -> Selection:
        return junit_ids.select(targets, ids, tree)

    def script(self, place: Place, settings: Settings, code: str) -> tuple[Command, tuple[tuple[str, bytes], ...]]:
        """`code` is one source file, run as it is, with the classes that lie beside it compiled already."""
        given = dict(settings)
        home = "/".join(filter(None, (place.tree, given.get("root"), given.get("module"))))
        output = "build/classes/java/main" if given.get("tool") == Tool.GRADLE.value else "target/classes"
        found = TYPE_NAME.search(code)
        path = f"{place.scratch}/{found[1] if found else 'Script'}.java"
        return Command(("java", "-cp", f"{home}/{output}", path)), ((path, code.encode()),)

    def lane(self, environment_path: str, settings: Settings, memory_bytes: int) -> LaneSetup | None:
        return None

    def person_command(self, settings: Settings, test_ids: Sequence[str]) -> str:
        given = dict(settings)
        shown = list(dict.fromkeys(_typed(test_id) for test_id in test_ids))
        if len(shown) > SHOWN_TESTS:
            shown = list(dict.fromkeys(name.partition("#")[0] for name in shown))
        shown = shown if len(shown) <= SHOWN_TESTS else []
        gradle, module = given.get("tool") == Tool.GRADLE.value, given.get("module", "")
        if gradle:
            argv = ["./gradlew" if given.get("wrapper") else "gradle"]
            argv.append(f":{module.replace('/', ':')}:test" if module else "test")
            argv += [part for name in shown for part in ("--tests", name.replace("#", "."))]
        else:
            argv = ["./mvnw" if given.get("wrapper") else "mvn", "test"]
            argv += ["-pl", module, "-am", "-Dsurefire.failIfNoSpecifiedTests=false"] if module else []
            argv += [f"-Dtest={','.join(shown)}"] if shown else []
        command = shlex.join(argv)
        return f"cd {shlex.quote(given['root'])} && {command}" if given.get("root") else command


def _settings(project: JavaProject, image: str) -> Settings:
    return (
        ("tool", project.tool.value),
        ("root", project.root),
        ("module", project.module),
        ("style", project.style),
        ("package", project.package),
        ("wrapper", "yes" if project.wrapper else ""),
        ("image", image),
    )


def _file(tree: Tree, target: str) -> str:
    """The test file that a target lies in, or ""."""
    path = target.partition("::")[0]
    if path in tree:
        return path
    dotted = re.split(r"[#\[( ]", target)[0]
    parts = re.split(r"[.$/]|::", splitext(dotted)[0] if dotted.endswith(".java") else dotted)
    for cut in range(len(parts), 0, -1):
        end = "/".join(parts[:cut]) + ".java"
        same = [path for path in tree if is_test_file(path) and (path == end or path.endswith(f"/{end}"))]
        if len(same) == 1:
            return same[0]
    return ""


def _typed(test_id: str) -> str:
    """`CartTest#adds`, as Maven takes it; parameters are left out."""
    path, *names = test_id.split("::")
    stem = splitext(path)[0].rpartition("/")[2]
    *inner, last = names or [""]
    method = re.split(r"[\[({ ]", last)[0]
    return "$".join((stem, *inner)) + (f"#{method}" if re.fullmatch(r"[\w$]+", method) else "")
