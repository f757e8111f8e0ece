"""Runs a test command of the project's own, and tells what its report says, or its exit code. There are no control
tests in it: what that means is said in `sandbox.toolchains.custom`. Standard library only, Python 3.8 and newer.

The request holds, besides what every wrapper's does, "command" (for sh), "folder" (of the tree) and "results" (a glob
below the folder, or "").
"""

from __future__ import annotations

import json
import os
import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import remains
from .junit_cases import Files, id_of, repeated, result_of
from .junit_reports import Reports
from .junit_xml import NotAReport
from .wrapper import COLLECTED, FAILED, NOT_HONEST, PASSED, TESTS_FAILED, Child, Result, begin, failure, show

if TYPE_CHECKING:
    from typing import NoReturn

    from .junit_xml import Case
    from .wrapper import Report

COMMAND_ID = "(test command)"
MARGIN_S = 3.0  # to end in time ourselves, and say why
COPIED_BYTES = 64 << 20  # what setup left is copied up to this size, and linked beyond


def main() -> NoReturn:
    request, report = begin()
    where = "/".join(filter(None, (request["tree"], request["folder"])))
    collecting = request["mode"] == "collect"
    report.start("own command")
    put_left(request["environment"], request["tree"])
    if not request["results"]:
        _by_exit_code(request, report, where, collecting=collecting)
    files = Files(request["tree"], request["folder"])
    reports = Reports([where + "/" + request["results"]])
    child, in_time = run(request, where)
    if not in_time:
        _unfinished(child, "The test command was ended: it took longer than {:.0f} s.".format(request["wall_s"]))
    try:
        cases, _ = reports.read()
    except NotAReport as flaw:
        said = f"{flaw} ({request['results']}; the test command ended with exit code {child.code})"
        if not collecting:
            _unfinished(child, said)
        report.collect_error("", "NoReport", said, said)
        report.collected([])
        report.end(COLLECTED, said, child.output)
    _tell(report, child, cases, files, collecting=collecting)


def run(request: Any, where: str) -> tuple[Child, bool]:
    """Runs the command to its end; whether that came by itself, and nothing was left that could not be ended."""
    remains.adopt()
    variables = {"FIXBUGS_ENV": request["environment"], "CI": "true", "HOME": request["scratch"]}
    variables["PYTHONDONTWRITEBYTECODE"] = (
        "1"  # a compiled file is taken for its source's next version, if equally long
    )
    variables["PATH"] = "{}/bin:{}".format(request["environment"], os.environ.get("PATH", ""))
    child = Child(["sh", "-c", request["command"]], cwd=where, env=variables)
    in_time = child.finish(time.monotonic() + max(1.0, request["wall_s"] - MARGIN_S))
    return child, remains.end_all() and in_time


def _by_exit_code(request: Any, report: Report, where: str, *, collecting: bool) -> NoReturn:
    """One test: the command. What its passing is worth is the oracle's to say."""
    report.collected([COMMAND_ID])
    if collecting:
        report.end(COLLECTED)
    report.begin(COMMAND_ID)
    began = time.monotonic()
    child, in_time = run(request, where)
    took_s = time.monotonic() - began
    if in_time and child.code == 0:
        report.test(Result(COMMAND_ID, PASSED, took_s))
        report.end(COLLECTED, output=child.output)
    ended = f"exit code {child.code}" if in_time else f"no end within {request['wall_s']:.0f} s"
    text = child.output[-8000:].decode("utf-8", "replace")
    said = failure("", f"the test command failed: {ended}", text)
    report.test(Result(COMMAND_ID, FAILED, took_s, [said], timed_out=not in_time))
    report.end(TESTS_FAILED, output=child.output)


def _tell(report: Report, child: Child, cases: list[Case], files: Files, *, collecting: bool) -> NoReturn:
    named = [(id_of(case, files), case) for case in cases]
    ids = [test_id for test_id, _ in named]
    twice = repeated(ids)
    if collecting:
        for test_id in twice:
            said = "The report has this test more than once, so nobody can tell which is meant: give each its own name."
            report.collect_error(test_id, "NotUnique", said, said)
        doubtful = set(twice)
        report.collected([test_id for test_id in ids if test_id not in doubtful])
        report.end(COLLECTED, output=child.output)
    report.collected(list(dict.fromkeys(ids)))
    for test_id, case in named:
        report.test(result_of(case, test_id, files))
    report.end(COLLECTED if child.code == 0 else TESTS_FAILED, output=child.output)


def _unfinished(child: Child, reason: str) -> NoReturn:
    """Without an end the report counts as cut off, and nothing in it is believed."""
    show(child.output, reason)
    os._exit(NOT_HONEST)


def put_left(environment: str, tree: str) -> None:
    """Puts what the setup command left in the tree back into it, where the tree has nothing of that name."""
    told = json.loads(Path(environment, "fixbugs-build.json").read_text())
    left = [str(path) for path in told["left"]]
    for path in left:
        source, target = Path(environment, "left", path), Path(tree, path)
        if ".." in path.split("/") or os.path.lexists(target) or not os.path.lexists(source):
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_symlink() or not source.is_dir():
            shutil.copy2(source, target, follow_symlinks=False)
        elif size_of(source) <= COPIED_BYTES:
            shutil.copytree(source, target, symlinks=True)
        else:
            target.symlink_to(source)


def size_of(folder: Path) -> int:
    """Bytes of the files in it, no more exactly than needed to compare with COPIED_BYTES."""
    total = 0
    for where, _, names in os.walk(folder):
        for name in names:
            total += os.lstat(f"{where}/{name}").st_size
        if total > COPIED_BYTES:
            break
    return total
