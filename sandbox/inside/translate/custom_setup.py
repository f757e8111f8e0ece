"""Builds the environment of a project with commands of its own: runs its setup command, and keeps what that leaves in
the tree. Runs inside a build, standard library only, Python 3.8 and newer.

    argv: tree, environment      stdin: {"setup": command or "", "folder": path in the tree or ""}

What was left lies in <environment>/left, under the same paths; <environment>/fixbugs-build.json tells of it.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

NOT_KEPT = frozenset((".git", ".fixbugs"))
MAX_NOTED = 5


def main() -> int:
    tree, environment = Path(sys.argv[1]), Path(sys.argv[2])
    said = json.loads(sys.stdin.buffer.read().decode())
    before = paths_in(tree)
    if said["setup"]:
        variables = {**os.environ, "FIXBUGS_ENV": str(environment)}
        where = tree / said["folder"]
        code = subprocess.call(["sh", "-c", said["setup"]], cwd=where, env=variables, stdin=subprocess.DEVNULL)
        if code != 0:
            ended = f"The setup command of .github/fixbugs.yml ended with exit code {code}"
            sys.stderr.write(f"{ended}: {said['setup']}\n")  # the last line of all is what people are told
            return 1
    left = new_paths(tree, before)
    for path in left:
        target = environment / "left" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(str(tree / path), str(target))
    notes = []
    if left:
        shown = ", ".join(left[:MAX_NOTED]) + (f" and {len(left) - MAX_NOTED} more" if len(left) > MAX_NOTED else "")
        notes.append(f"The setup command left in the tree, for each run: {shown}.")
    (environment / "fixbugs-build.json").write_text(json.dumps({"left": left, "notes": notes}))
    return 0


def paths_in(tree: Path) -> set[str]:
    """Every file and folder, by its path in the tree."""
    found: set[str] = set()
    for where, folders, names in os.walk(tree):
        inside = Path(where).relative_to(tree)
        found.update(str(inside / name) for name in (*folders, *names))
    return found


def new_paths(tree: Path, before: set[str]) -> list[str]:
    """What is there now and was not before; of a new folder only the folder."""
    found: list[str] = []
    for where, folders, names in os.walk(tree):
        inside = Path(where).relative_to(tree)
        for name in sorted((*folders, *names)):
            path = str(inside / name)
            if path in before or path in NOT_KEPT:
                continue
            found.append(path)
            if name in folders:
                folders.remove(name)
    return found


if __name__ == "__main__":
    sys.exit(main())
