"""The bundled example as a git repository of its own, in a folder that is gone afterwards."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bot.core.errors import InputError

EXAMPLE = Path(__file__).parent.parent / "examples" / "paperboy"
IDENTITY = ("-c", "user.name=FixBugs", "-c", "user.email=demo@fixbugs.invalid", "-c", "commit.gpgsign=false")


@contextmanager
def example_repository(issue_name: str) -> Iterator[tuple[Path, Path]]:
    """The example's repository (one commit, without its reports) and the report of this name.

    Raises InputError when the example, or the report, is not there.
    """
    issue = EXAMPLE / issue_name
    if not issue.is_file():
        known = ", ".join(sorted(path.name for path in EXAMPLE.glob("ISSUE*.md")))
        hint = f"It has {known}." if known else "The demo runs from a checkout of FixBugs, where `examples/` is."
        raise InputError(f"The bundled example has no {issue_name}. {hint}")
    with tempfile.TemporaryDirectory(prefix="fixbugs-demo-") as folder:
        repository = Path(folder) / EXAMPLE.name
        shutil.copytree(EXAMPLE, repository, ignore=shutil.ignore_patterns("ISSUE*.md", "__pycache__", ".*"))
        for command in (("init", "--quiet"), ("add", "--all"), ("commit", "--quiet", "--message", "Paperboy as it is")):
            arguments = ["git", *IDENTITY, "-c", "core.hooksPath=/dev/null", *command]
            subprocess.run(arguments, cwd=repository, check=True, capture_output=True)
        yield repository, issue
