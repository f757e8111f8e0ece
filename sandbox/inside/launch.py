"""Starts pytest on a repository with our reporter in place. It decides nothing about tests; the request (JSON on
stdin) says what to run, and holds the key that the repository's code must not see.

Everything of ours is imported before the repository is on `sys.path`, so that no file of it can stand in for pytest
or the standard library; except when the repository *is* one of the libraries that pytest is made of.
"""

from __future__ import annotations

import importlib.util
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .places import Home

if TYPE_CHECKING:
    from collections.abc import Mapping

HERE = Path(__file__).resolve().parent

# Options that take the teeth out of installed plug-ins which change what runs, or in which order.
PLUGIN_OPTIONS = {
    "xdist": ["-n0"],
    "pytest_cov": ["--no-cov"],
    "pytest_rerunfailures": ["--reruns=0"],
    "pytest_randomly": ["-p", "no:randomly"],
    "random_order": ["-p", "no:random_order"],
    "pytest_timeout": ["--timeout=0"],
}


def plugin_options() -> list[str]:
    """The options for those plug-ins that are installed here."""
    found: list[str] = []
    for module, options in PLUGIN_OPTIONS.items():
        if importlib.util.find_spec(module) is not None:
            found += options
    return found


def home_of(request: Mapping[str, Any]) -> Home:
    """Where the project lies, out of a request or a batch."""
    environ = tuple((str(name), str(value)) for name, value in request["environ"])
    return Home(request["tree"], request["folder"], tuple(request["roots"]), environ)


def enter_repository(home: Home) -> None:
    """Makes the project importable, as `python -m pytest` in its folder does, for us and for child processes."""
    ours = {str(HERE), str(HERE.parent)}
    sys.path[:] = [home.path, *home.importable(), *(path for path in sys.path if path and path not in ours)]
    home.settle()


def main() -> None:
    request: dict[str, Any] = json.loads(sys.stdin.buffer.read().decode())
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    home = home_of(request)
    if request["is_runner"]:
        enter_repository(home)
        sys.path.append(str(HERE.parent))  # the reporter is still to be imported
    import pytest  # noqa: PLC0415  (only now, see above)

    live = os.dup(1)  # pytest replaces 1 while tests run; not inherited by child processes
    emit, reporter = make_reporter(request, home, live)
    arguments = [*request["arguments"], *plugin_options()]
    enter_repository(home)
    for name in [name for name in sys.modules if name.startswith("fixbugs_inside")]:
        del sys.modules[name]  # the repository's code need not find us so easily
    emit({"event": "start", "python": sys.version.split()[0], "pytest": pytest.__version__})
    sys.argv = ["pytest", *request["arguments"]]
    code = pytest.main(arguments, plugins=[reporter])
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(int(code))  # threads and exit handlers that tests left behind have no say in the result


def make_reporter(request: dict[str, Any], home: Home, live: int) -> tuple[Any, object]:
    """The function that emits events, and the plug-in that uses it. Takes the key out of the request."""
    from . import canaries, coverage_recorder, events, limiter, reporter  # noqa: PLC0415  (pytest's libraries come first)

    collect_only = request["mode"] == "collect"
    recorder = coverage_recorder.Recorder(request["coverage"], home.tree, home.path) if request["coverage"] else None
    emit = events.emitter(request["report"], bytes.fromhex(request.pop("key")), live)
    plugin = reporter.Reporter(
        emit,
        home,
        wanted=request["ids"],
        canaries=None if collect_only else canaries.Canaries(*request["canaries"]),
        limiter=None if collect_only else limiter.Limiter(request["test_limit_s"], request["wall_s"]),
        recorder=recorder,
        collect_only=collect_only,
    )
    return emit, plugin
