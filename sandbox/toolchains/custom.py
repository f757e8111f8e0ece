"""The toolchain "custom": a repository's own setup and test commands, from `.github/fixbugs.yml`. It knows no language;
what it runs is the commands' business, reading their report that of `sandbox.inside.translate.custom`.

Control tests of ours cannot be put into a command that we do not know. So a report of the command's is believed only
as far as it is fresh, complete, free of repeated names and of one mind with the exit code, for tests that were there
before; an exit code alone shows that something fails, never that it passes (see `sandbox.oracle`). `Basis` carries that
to people.
"""

from __future__ import annotations

import hashlib
import json
import shlex
from collections.abc import Sequence
from dataclasses import replace
from posixpath import normpath

from bot.core.errors import EnvironmentBroken
from bot.core.policy import Wishes
from bot.core.testing import Basis
from bot.core.tree import Tree, TreeFile
from bot.ports import AS_FOUND, Command, Recipe
from sandbox.screening import LaneSetup
from sandbox.toolchains import junit_ids, wrapped
from sandbox.toolchains.base import BuildReport, Detection, Place, Request, Selection, Session, Settings

SETUP = wrapped.INSIDE / "translate" / "custom_setup.py"
SETUP_PATH = ".fixbugs/custom_setup.py"
BUILD_REPORT = "fixbugs-build.json"
COMMAND_ID = "(test command)"
MODULES = ("junit_cases", "junit_reports", "junit_xml", "remains")
ENV_NOTE = "The project is set up and tested by its own commands, from .github/fixbugs.yml."
NO_REPORT_NOTE = (
    "No `report:` is named in .github/fixbugs.yml, so only the test command's exit code is seen: it can show that "
    "something fails, but no single test and no fix."
)


class CustomToolchain:
    """Implements `sandbox.toolchains.base.Toolchain`. Settings: what the repository wrote, "setup", "test", "report",
    "image" and "folder"."""

    name = "custom"

    def detect(self, tree: Tree, wishes: Wishes = AS_FOUND, paths: Sequence[str] = ()) -> Detection | None:
        """Raises EnvironmentBroken for a folder that is not there."""
        if not wishes.test:
            return None
        folder = _folder(wishes.folder)
        if folder and not any(path.startswith(f"{folder}/") for path in tree):
            raise EnvironmentBroken(
                f"`folder: {wishes.folder}` of .github/fixbugs.yml names no folder at this commit: correct it, or "
                "remove the line."
            )
        settings = (
            ("setup", wishes.setup),
            ("test", wishes.test),
            ("report", wishes.report),
            ("image", wishes.image),
            ("folder", folder),
        )
        if wishes.report:
            return Detection("own command", settings, (ENV_NOTE,), Basis.OWN_REPORT)
        return Detection("own command", settings, (ENV_NOTE, NO_REPORT_NOTE), Basis.EXIT_CODE)

    def recipe(self, tree: Tree, detection: Detection) -> Recipe:
        """A setup command may read any file, so its environment is this very tree's; without one there is nothing to
        install, and the environment is every tree's."""
        wishes, program = dict(detection.settings), SETUP.read_bytes()
        plan = json.dumps({"setup": wishes["setup"], "folder": wishes["folder"]}, sort_keys=True).encode()
        seen = tree.digest() if wishes["setup"] else ""
        total = hashlib.sha256(b"\0".join((plan, program, wishes["image"].encode(), seen.encode())))
        argv = ("{python}", "{tree}/" + SETUP_PATH, "{tree}", "{env}")
        whole = Tree({**tree.files, SETUP_PATH: TreeFile(program)})
        key = f"custom-{total.hexdigest()[:32]}"
        return Recipe(key, (Command(argv, stdin=plan),), whole, wishes["image"] or "python")

    def report_command(self, place: Place) -> Command:
        return Command(("cat", f"{place.environment}/{BUILD_REPORT}"))

    def read_report(self, printed: bytes) -> BuildReport:
        return BuildReport(notes=tuple(str(note) for note in json.loads(printed)["notes"]))

    def session(self, place: Place, settings: Settings, request: Request) -> Session:
        given = dict(settings)
        said = {"command": given.get("test", ""), "results": given.get("report", ""), "folder": given.get("folder", "")}
        session = wrapped.session(place, request, "custom", said, (), modules=MODULES)
        return replace(session, basis=Basis.OWN_REPORT if said["results"] else Basis.EXIT_CODE)

    def without_project_options(self, settings: Settings, output: str) -> Settings | None:
        return None

    def files_for(self, tree: Tree, targets: Sequence[str]) -> tuple[str, ...]:
        return ()  # the command runs what it runs

    def file_of(self, test_id: str) -> str:
        return ""  # begins with a file's path where one is known, else with a class: nothing may depend on it

    def select(self, targets: Sequence[str], ids: Sequence[str], tree: Tree) -> Selection:
        return junit_ids.select(targets, ids, tree)

    def script(self, place: Place, settings: Settings, code: str) -> tuple[Command, tuple[tuple[str, bytes], ...]]:
        path = f"{place.scratch}/script.py"
        return Command(("python3", path)), ((path, code.encode()),)

    def lane(self, environment_path: str, settings: Settings, memory_bytes: int) -> LaneSetup | None:
        return None

    def person_command(self, settings: Settings, test_ids: Sequence[str]) -> str:
        given = dict(settings)
        folder, test = given.get("folder", ""), given.get("test", "")
        return f"cd {shlex.quote(folder)} && {test}" if folder else test


def _folder(wished: str) -> str:
    folder = normpath(wished).strip("/") if wished else ""
    return "" if folder == "." else folder
