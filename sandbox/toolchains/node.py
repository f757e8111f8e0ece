"""The JavaScript and TypeScript toolchain: node:test, jest, vitest or mocha runs the tests; npm, pnpm or yarn builds
the environment. It puts its parts together; what runs in the sandbox is in `sandbox/inside/node`.

A test's id is `path::suite > test`, with the path from the repository's root. A name that repeats in its file gets
" #2", " #3", … in the order of declaration. White space in names counts as one blank.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from pathlib import Path

from bot.core.policy import Wishes
from bot.core.tree import Tree
from bot.ports import AS_FOUND, Command, Recipe
from sandbox.oracle import Canary
from sandbox.screening import LaneSetup
from sandbox.toolchains import node_ids, node_install
from sandbox.toolchains.base import BuildReport, Detection, Mode, Place, Request, Selection, Session, Settings
from sandbox.toolchains.node_detect import detect_node

INSIDE = Path(__file__).parent.parent / "inside" / "node"
NOT_SENT = "installer.cjs"
LIVE_PREFIX = b"\x1efixbugs "
ENV = (("TZ", "UTC"), ("NODE_NO_WARNINGS", "1"))


class NodeToolchain:
    """Implements `sandbox.toolchains.base.Toolchain`.

    Settings: "folder" (of the package, "" for the root), "arguments" (of its test script), "env" (variables that the
    script sets), "node_flags"; the last three are JSON.
    """

    name = "node"

    def detect(self, tree: Tree, wishes: Wishes = AS_FOUND, paths: Sequence[str] = ()) -> Detection | None:
        if wishes.test and wishes.report:
            return None  # its owner says how it is tested: `custom` does that
        project = detect_node(tree, wishes, paths)
        if project is None:
            return None
        settings = (
            ("folder", project.folder),
            ("arguments", json.dumps(project.command.arguments)),
            ("env", json.dumps(dict(project.command.env))),
            ("node_flags", json.dumps(project.command.node_flags)),
            ("setup", wishes.setup),
            ("image", wishes.image),
        )
        return Detection(project.command.runner, settings, project.notes)

    def recipe(self, tree: Tree, detection: Detection) -> Recipe:
        given = dict(detection.settings)
        project = detect_node(tree, Wishes(folder=given["folder"]), ())
        if project is None or project.folder != given["folder"]:
            raise ValueError("the tree does not hold this project; detect() said it does")
        return node_install.recipe(tree, project, given["setup"], given["image"] or "node")

    def report_command(self, place: Place) -> Command:
        return Command(("cat", f"{place.environment}/{node_install.REPORT}"))

    def read_report(self, printed: bytes) -> BuildReport:
        return node_install.read_report(printed)

    def session(self, place: Place, settings: Settings, request: Request) -> Session:
        given = dict(settings)
        library = f"{place.scratch}/fixbugs"
        names = [f"t{secrets.token_hex(8)}" for _ in range(3)]
        report, coverage = f"{place.scratch}/report.jsonl", f"{place.scratch}/coverage.jsonl"
        said = {
            "mode": request.mode.value,
            "key": request.key.hex(),
            "runner": given.get("runner", "node:test"),
            "tree": place.tree,
            "environment": place.environment,
            "scratch": place.scratch,
            "folder": given.get("folder", ""),
            "arguments": json.loads(given.get("arguments", "[]")),
            "env": json.loads(given.get("env", "{}")),
            "node_flags": json.loads(given.get("node_flags", "[]")),
            "files": request.files,
            "ids": request.ids,
            "report": report,
            "coverage": coverage if request.coverage else "",
            "canaries": names,
            "wall_s": request.wall_s,
            "test_limit_s": request.test_limit_s,
        }
        files = tuple((f"{library}/{path.name}", path.read_bytes()) for path in sent())
        canaries = (Canary(names[0], False), Canary(names[1], True), Canary(names[2], False))
        command = Command(("node", f"{library}/start.cjs"), env=ENV, stdin=json.dumps(said).encode())
        return Session(files, command, report, coverage, LIVE_PREFIX, canaries if request.mode is Mode.RUN else ())

    def without_project_options(self, settings: Settings, output: str) -> Settings | None:
        """Settings without the arguments of the project's test script, when a runner does not know one of them."""
        signs = ("Unknown option", "unknown option", "Unrecognized option", "Unknown argument", "bad option")
        if not any(sign in output for sign in signs) or dict(settings).get("arguments", "[]") == "[]":
            return None
        return tuple({**dict(settings), "arguments": "[]", "node_flags": "[]"}.items())

    def files_for(self, tree: Tree, targets: Sequence[str]) -> tuple[str, ...]:
        return node_ids.files_for(targets, tree)

    def file_of(self, test_id: str) -> str:
        return test_id.partition("::")[0]

    def select(self, targets: Sequence[str], ids: Sequence[str], tree: Tree) -> Selection:
        return node_ids.select(targets, ids, tree)

    def script(self, place: Place, settings: Settings, code: str) -> tuple[Command, tuple[tuple[str, bytes], ...]]:
        given = dict(settings)
        library = f"{place.scratch}/fixbugs"
        said = {
            "tree": place.tree,
            "environment": place.environment,
            "folder": given.get("folder", ""),
            "node_flags": json.loads(given.get("node_flags", "[]")),
            "code": code,
        }
        files = tuple((f"{library}/{path.name}", path.read_bytes()) for path in sent())
        return Command(("node", f"{library}/script.cjs"), env=ENV, stdin=json.dumps(said).encode()), files

    def lane(self, environment_path: str, settings: Settings, memory_bytes: int) -> LaneSetup | None:
        return None

    def person_command(self, settings: Settings, test_ids: Sequence[str]) -> str:
        given = dict(settings)
        flags = json.loads(given.get("node_flags", "[]"))
        return node_ids.person_command(given.get("runner", "node:test"), given.get("folder", ""), flags, test_ids)


def sent() -> tuple[Path, ...]:
    """Our files that a session needs."""
    return tuple(path for path in sorted(INSIDE.iterdir()) if path.suffix in (".cjs", ".mjs") and path.name != NOT_SENT)
