"""The report files that a command writes: removed before, found, checked and read after. What one file holds is
`junit_xml`'s, what a case means `junit_cases`' business. Standard library only, Python 3.8 and newer.
"""

from __future__ import annotations

import contextlib
import glob
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

from .junit_xml import NotAReport, read_report

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .junit_xml import Case, Suite

MAX_FILES = 20_000
CLOCKS_DIFFER_S = 2.0  # file systems keep times less exactly than the clock


class Reports:
    """The reports of one run; `patterns` are absolute globs. Made before the command starts, which removes whatever
    lies there by then."""

    def __init__(self, patterns: Sequence[str]) -> None:
        self._patterns = patterns
        for path in self._paths():
            with contextlib.suppress(OSError):
                Path(path).unlink()
        self._began = time.time()

    def read(self) -> tuple[list[Case], list[Suite]]:
        """All that was written since. Raises NotAReport, naming the file: one flaw spoils the whole run."""
        paths = self._paths()
        if not paths:
            raise NotAReport("no report was written")
        if len(paths) > MAX_FILES:
            raise NotAReport(f"more than {MAX_FILES} reports were written")
        cases: list[Case] = []
        suites: list[Suite] = []
        for path in paths:
            name = path.rpartition("/")[2]
            try:
                fresh = os.lstat(path).st_mtime > self._began - CLOCKS_DIFFER_S
                more, around = read_report(path)
            except (NotAReport, OSError) as error:
                raise NotAReport(f"the report {name} cannot be used: {error}") from error
            if not fresh:
                raise NotAReport(f"the report {name} is older than the run")
            cases += more
            suites += around
        for suite in suites:
            _check_counts(suite)
        return cases, suites

    def _paths(self) -> list[str]:
        found: dict[str, None] = {}
        for pattern in self._patterns:
            paths = glob.glob(pattern, recursive=True)  # noqa: PTH207 (the pattern is absolute)
            found.update(dict.fromkeys(sorted(paths)))
        return list(found)


def _check_counts(suite: Suite) -> None:
    """A suite with cases of its own says how many it has; a report that was bent by hand may say otherwise."""
    stated = suite.stated.get("tests", "")
    if suite.cases and stated.isdigit() and int(stated) < suite.cases:
        raise NotAReport(f"the suite {suite.name[:80]} holds {suite.cases} tests and states {stated}")
