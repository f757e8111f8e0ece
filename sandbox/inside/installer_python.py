"""Chooses the interpreter that an environment is made from, of those that are here. Installing is `installer`'s."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def choose_python(base: str, asked: dict[str, Any], find: Callable[[str], str | None]) -> tuple[str, str]:
    """The interpreter's path, and a note for people ("" where the base is what the project asks for).

    `asked` is {"named": minor version or "", "source": file, "accepted": [minor versions], "wanted": range}; `base` is
    the interpreter that runs this; `find` gives the path of a minor version that is installed.
    """
    mine = "{}.{}".format(*sys.version_info[:2])
    named, source, accepted, wanted = (asked[word] for word in ("named", "source", "accepted", "wanted"))
    if named == mine or (not named and mine in accepted):
        return base, ""
    for minor in _in_order(named, accepted, mine):
        path = base if minor == mine else find(minor)
        if path and minor == named:
            return path, f"Python {minor} is used, as {source} says."
        if path:
            lacking = f"{source} asks for Python {named}, which is not here" if named else f"the project needs {wanted}"
            return path, f"Python {minor} is used: {lacking}."
    what = f"The project needs Python {wanted}" if mine not in accepted else f"{source} asks for Python {named}"
    return base, f"{what}, which is not here: Python {mine} is used all the same."


def _in_order(named: str, accepted: list[str], mine: str) -> Iterator[str]:
    """The one that is named, the base if it will do, then the newest that will."""
    yield from [named] if named else []
    yield from [mine] if mine in accepted else []
    yield from accepted


def find_python(minor: str) -> str | None:
    """An interpreter of this version that is installed here; nothing is downloaded."""
    found = shutil.which(f"python{minor}")
    if found:
        return found
    argv = ["uv", "python", "find", "--offline", "--no-project", "--no-config", minor]
    environ = {**os.environ, "UV_PYTHON_DOWNLOADS": "never"}
    done = subprocess.run(argv, env=environ, capture_output=True, check=False)
    path = done.stdout.decode("utf-8", "replace").strip()
    return path if done.returncode == 0 and os.path.exists(path) else None  # noqa: PTH110  (a path as uv prints it)
