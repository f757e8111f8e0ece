"""The Python toolchain: pytest runs the tests (unittest's too), uv builds environments. It puts its parts together."""

from __future__ import annotations

import json
import posixpath
import secrets
import shlex
from collections.abc import Sequence
from pathlib import Path

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from bot.core.policy import Wishes
from bot.core.tree import Tree
from bot.ports import AS_FOUND, Command, Recipe
from sandbox.oracle import Canary
from sandbox.screening import LaneSetup
from sandbox.toolchains import python_ids, python_install
from sandbox.toolchains.base import BuildReport, Detection, Mode, Place, Request, Selection, Session, Settings
from sandbox.toolchains.python_detect import detect_python
from sandbox.toolchains.python_folder import choose

INSIDE = Path(__file__).parent.parent / "inside"
SENT = ("__init__", "launch", "places", "events", "failures", "limiter", "canaries", "reporter", "coverage_recorder")
START = b"from fixbugs_inside.launch import main\n\nmain()\n"
LIVE_PREFIX = b"\x1efixbugs "
ENV = (("PYTHONHASHSEED", "0"), ("TZ", "UTC"), ("PYTHONFAULTHANDLER", "1"), ("PYTHONIOENCODING", "utf-8"))
FIRST_CANARIES = "def test_{0}():\n    assert 1 == 2\n\n\ndef test_{1}():\n    assert 1 == 1\n"
LAST_CANARY = (
    "import operator\n\n\ndef test_{0}():\n    if not operator.eq(1, 2):\n        raise RuntimeError('seen')\n"
)


class PythonToolchain:
    """Implements `sandbox.toolchains.base.Toolchain`.

    Settings: "folder" (the project's, in the tree), "config" (pytest's settings file, from there), "patterns" (of test
    files), "roots" (folders of the tree to import from, joined by ":"), "environ" (variables for tests, JSON pairs),
    "options" (of pytest, JSON), "image" (that the repository wishes for), "is_runner", "installed", "own_options"
    ("no": the project's addopts are left out).
    """

    name = "python"

    def detect(self, tree: Tree, wishes: Wishes = AS_FOUND, paths: Sequence[str] = ()) -> Detection | None:
        if not any(path.endswith(".py") for path in tree):
            return None
        choice = choose(tree, wishes.folder, paths)
        project = detect_python(tree, choice.folder) if choice else None
        if project is None or choice is None:
            return None
        settings = (
            ("folder", project.folder),
            ("image", wishes.image),
            ("environ", json.dumps(project.environ)),
            ("options", json.dumps(project.options)),
            ("config", project.config),
            ("patterns", " ".join(project.patterns)),
            ("roots", ":".join(project.roots)),
            ("is_runner", "yes" if project.runner_part else ""),
        )
        notes = [*([choice.note] if choice.note else ()), *project.notes]
        if project.runner_part:
            notes.append("pytest itself uses this library: a patch can break the runner, not only fail a test.")
        if project.needs.python and not _well_formed(project.needs.python):
            notes.append(f"requires-python is not a version range: {project.needs.python}")
        return Detection(project.runner, settings, tuple(notes))

    def recipe(self, tree: Tree, detection: Detection) -> Recipe:
        project = detect_python(tree, folder(detection.settings))
        if project is None:
            raise ValueError("the tree holds no Python; detect() said so")
        return python_install.recipe(tree, project, dict(detection.settings).get("image", ""))

    def report_command(self, place: Place) -> Command:
        return Command(("cat", f"{place.environment}/{python_install.REPORT}"))

    def read_report(self, printed: bytes) -> BuildReport:
        return python_install.read_report(printed)

    def session(self, place: Place, settings: Settings, request: Request) -> Session:
        library = f"{place.scratch}/fixbugs"
        names = [secrets.token_hex(8) for _ in range(5)]
        first, last = (f"{place.scratch}/{folder}/test_{folder}.py" for folder in names[3:])
        canaries = (
            Canary(f"test_{names[0]}", False),
            Canary(f"test_{names[1]}", True),
            Canary(f"test_{names[2]}", False),
        )
        report, coverage = f"{place.scratch}/report.jsonl", f"{place.scratch}/coverage.jsonl"
        said = {
            "mode": request.mode.value,
            "key": request.key.hex(),
            "tree": place.tree,
            "folder": folder(settings),
            "environ": environ(settings),
            "roots": roots(settings),
            "is_runner": bool(dict(settings).get("is_runner")),
            "ids": request.ids,
            "arguments": [*arguments(settings), *(from_folder(settings, file) for file in request.files)],
            "report": report,
            "coverage": coverage if request.coverage else "",
            "canaries": [
                first,
                last,
                posixpath.dirname(f"{place.tree}/{request.files[0]}") if request.files else home_path(place, settings),
            ],
            "wall_s": request.wall_s,
            "test_limit_s": request.test_limit_s,
        }
        files = [(f"{library}/fixbugs_inside/{name}.py", (INSIDE / f"{name}.py").read_bytes()) for name in SENT]
        files.append((f"{library}/start.py", START))
        if request.mode is Mode.RUN:
            files.append((first, FIRST_CANARIES.format(*names).encode()))
            files.append((last, LAST_CANARY.format(names[2]).encode()))
        command = Command((python_of(place), f"{library}/start.py"), env=ENV, stdin=json.dumps(said).encode())
        return Session(
            tuple(files), command, report, coverage, LIVE_PREFIX, canaries if request.mode is Mode.RUN else ()
        )

    def without_project_options(self, settings: Settings, output: str) -> Settings | None:
        signs = ("unrecognized arguments", "ambiguous option", "invalid choice", "error: argument", "No module named")
        options_fail = any(sign in output for sign in signs) and ("usage:" in output or "addopts" in output)
        if not options_fail or dict(settings).get("own_options") == "no":
            return None
        return tuple({**dict(settings), "own_options": "no"}.items())

    def files_for(self, tree: Tree, targets: Sequence[str]) -> tuple[str, ...]:
        return python_ids.files_for(targets, tree)

    def file_of(self, test_id: str) -> str:
        return test_id.partition("::")[0]

    def select(self, targets: Sequence[str], ids: Sequence[str], tree: Tree) -> Selection:
        return python_ids.select(targets, ids, tree)

    def script(self, place: Place, settings: Settings, code: str) -> tuple[Command, tuple[tuple[str, bytes], ...]]:
        path = f"{place.scratch}/script.py"
        folders = [f"{place.tree}/{root}" for root in roots(settings) if root not in (".", folder(settings))]
        env = (*ENV, *environ(settings), ("PYTHONPATH", ":".join([*folders, home_path(place, settings)])))
        return Command((python_of(place), path), env=env, cwd=folder(settings)), ((path, code.encode()),)

    def lane(self, environment_path: str, settings: Settings, memory_bytes: int) -> LaneSetup:
        return LaneSetup(
            python=f"{environment_path}/bin/python",
            arguments=arguments(settings),
            env=ENV,
            roots=roots(settings),
            is_runner=bool(dict(settings).get("is_runner")),
            memory_bytes=memory_bytes,
            folder=folder(settings),
            environ=environ(settings),
        )

    def person_command(self, settings: Settings, test_ids: Sequence[str]) -> str:
        given = dict(settings)
        here = folder(settings)
        needed = [
            from_folder(settings, root) for root in roots(settings) if root != here and not given.get("installed")
        ]
        shown = [from_folder(settings, test_id) for test_id in test_ids]
        command = python_ids.person_command(given.get("runner", "pytest"), needed, shown)
        return command if here == "." else f"cd {shlex.quote(here)} && {command}"


def arguments(settings: Settings) -> tuple[str, ...]:
    """pytest's options for this project, without ids or files; paths are relative to the tree."""
    given = dict(settings)
    options = ["--rootdir", ".", "-p", "no:cacheprovider", "--continue-on-collection-errors", "--color=no"]
    if given.get("config"):
        options += ["-c", given["config"]]
    if given.get("patterns"):
        options += ["-o", f"python_files={given['patterns']}"]
    if given.get("own_options") == "no":
        options += ["-o", "addopts="]
    else:
        options += json.loads(given.get("options") or "[]")
    return tuple(options)


def roots(settings: Settings) -> tuple[str, ...]:
    """The folders, relative to the tree, that code is imported from."""
    return tuple(root for root in dict(settings).get("roots", "").split(":") if root)


def folder(settings: Settings) -> str:
    """The project's folder, relative to the tree; "." for all of it."""
    return dict(settings).get("folder") or "."


def home_path(place: Place, settings: Settings) -> str:
    return place.tree if folder(settings) == "." else f"{place.tree}/{folder(settings)}"


def from_folder(settings: Settings, path: str) -> str:
    """A path or id from the tree's root as one from the project's folder."""
    file, colons, rest = path.partition("::")
    return path if folder(settings) == "." else posixpath.relpath(file, folder(settings)) + colons + rest


def environ(settings: Settings) -> tuple[tuple[str, str], ...]:
    """The variables that the project's tests expect."""
    pairs = json.loads(dict(settings).get("environ") or "[]")
    return tuple((str(name), str(value)) for name, value in pairs)


def python_of(place: Place) -> str:
    return f"{place.environment}/bin/python"


def _well_formed(text: str) -> bool:
    try:
        SpecifierSet(text)
    except InvalidSpecifier:
        return False
    return True
