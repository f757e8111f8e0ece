"""Sessions whose runner cannot hold our reporter: a wrapper of ours runs it (`sandbox.inside.translate`). What is
particular to a language belongs to its toolchain and to its wrapper's own file.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path

from bot.ports import Command
from sandbox.oracle import Canary
from sandbox.toolchains.base import Mode, Place, Request, Session

INSIDE = Path(__file__).parent.parent / "inside"
COMMON = ("__init__", "events", "failures", "translate/__init__", "translate/wrapper")
LIVE_PREFIX = b"\x1efixbugs "
PATH = "/usr/local/bin:/usr/bin:/bin"  # the interpreter must not be one that a build of the project's put there
START = b"""import sys

sys.path.insert(0, sys.argv[1])

from importlib import import_module

import_module("fixbugs_inside.translate." + sys.argv[2]).main()
"""


def canaries(template: str = "{}") -> tuple[Canary, ...]:
    """Our control tests in the order they run: the first fails, the second passes, the last fails. `template` makes a
    name that the language takes out of sixteen hex digits."""
    return tuple(Canary(template.format(secrets.token_hex(8)), passes) for passes in (False, True, False))


def session(
    place: Place,
    request: Request,
    program: str,
    said: Mapping[str, object],
    controls: tuple[Canary, ...],
    *,
    modules: Sequence[str] = (),
    files: Sequence[tuple[str, bytes]] = (),
) -> Session:
    """A session that runs `main()` of `sandbox/inside/translate/<program>.py`.

    `modules` are further files of that folder which it imports, `files` whatever else must lie in the sandbox (absolute
    path, bytes). The program's request holds what every runner needs ("mode", "key", "tree", "environment", "scratch",
    "report", "ids", "files", "wall_s", "test_limit_s", "coverage" (a path or ""), "canaries": pairs of name and whether
    it must pass) and `said`, JSON of the toolchain's own.
    """
    library = f"{place.scratch}/fixbugs"
    report, coverage = f"{place.scratch}/report.jsonl", f"{place.scratch}/coverage.jsonl"
    controls = controls if request.mode is Mode.RUN else ()
    whole = {
        **said,
        "mode": request.mode.value,
        "key": request.key.hex(),
        "tree": place.tree,
        "environment": place.environment,
        "scratch": place.scratch,
        "report": report,
        "coverage": coverage if request.coverage else "",
        "ids": request.ids,
        "files": request.files,
        "canaries": [[canary.name, canary.passes] for canary in controls],
        "wall_s": request.wall_s,
        "test_limit_s": request.test_limit_s,
    }
    sent = [*COMMON, *(f"translate/{name}" for name in (program, *modules))]
    ours = [(f"{library}/fixbugs_inside/{name}.py", (INSIDE / f"{name}.py").read_bytes()) for name in sent]
    ours.append((f"{library}/start.py", START))
    command = Command(
        ("python3", "-I", "-S", "-B", f"{library}/start.py", library, program),
        env=(("PATH", PATH), ("TZ", "UTC")),
        stdin=json.dumps(whole).encode(),
    )
    return Session((*ours, *files), command, report, coverage, LIVE_PREFIX, controls)
