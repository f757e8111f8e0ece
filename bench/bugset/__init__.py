"""Forty small programs with one known bug each, to measure the fixer on. Only lists them; runs and patches nothing.

Each bug is a folder beside this file: the buggy modules and their visible tests (`test_<name>.py`), which are what a run
may see, and three files it must not see: `about.json`, `fix.patch` and `heldout.py` (tests that only judge a fix).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

HERE = Path(__file__).resolve().parent
HIDDEN = frozenset({"about.json", "fix.patch", "heldout.py"})


class Difficulty(StrEnum):
    """How much the known fix has to change."""

    SINGLE_EDIT = "single-edit"
    TWO_EDITS = "two-edits"
    MULTI_LINE = "multi-line"


class Kind(StrEnum):
    """What sort of mistake it is."""

    ALGORITHM = "algorithm"
    ALIASING = "aliasing"
    BOUNDARY = "boundary"
    CONDITION = "condition"
    MISSING_ARGUMENT = "missing-argument"
    MISSING_BREAK = "missing-break"
    MISSING_CALL = "missing-call"
    MISSING_GUARD = "missing-guard"
    MISSING_RETURN = "missing-return"
    MISSING_STATEMENT = "missing-statement"
    OFF_BY_ONE = "off-by-one"
    STATEMENT_ORDER = "statement-order"
    SWAPPED_ARGUMENTS = "swapped-arguments"
    WRONG_CONSTANT = "wrong-constant"
    WRONG_EXPRESSION = "wrong-expression"
    WRONG_FUNCTION = "wrong-function"
    WRONG_METHOD = "wrong-method"
    WRONG_OPERATOR = "wrong-operator"
    WRONG_VARIABLE = "wrong-variable"


@dataclass(frozen=True)
class Bug:
    """One program with its bug; `path` is its folder, `bug` one sentence, `lines_changed` the size of the known fix."""

    name: str
    path: Path
    kind: Kind
    difficulty: Difficulty
    bug: str
    lines_changed: int

    @property
    def modules(self) -> tuple[Path, ...]:
        """The buggy program, without its tests."""
        return tuple(path for path in self.visible_files if not path.name.startswith("test_"))

    @property
    def visible_files(self) -> tuple[Path, ...]:
        """Program and visible tests: all that a run may be given."""
        return tuple(path for path in sorted(self.path.iterdir()) if path.is_file() and path.name not in HIDDEN)

    @property
    def test_file(self) -> Path:
        return self.path / f"test_{self.name}.py"

    @property
    def heldout_file(self) -> Path:
        return self.path / "heldout.py"

    @property
    def fix_file(self) -> Path:
        """A unified diff for `git apply` inside the folder."""
        return self.path / "fix.patch"


def load(folder: Path) -> tuple[Bug, ...]:
    """Every folder with an `about.json`, by name. ValueError, with the file named, when one does not follow the format."""
    return tuple(_read(about) for about in sorted(folder.glob("*/about.json")))


def _read(about: Path) -> Bug:
    try:
        raw = json.loads(about.read_text(encoding="utf-8"))
        return Bug(
            name=about.parent.name,
            path=about.parent,
            kind=Kind(raw["kind"]),
            difficulty=Difficulty(raw["difficulty"]),
            bug=str(raw["bug"]),
            lines_changed=int(raw["lines_changed"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{about}: not a bug description ({error!r}); compare it with its neighbours") from error


BUGS: tuple[Bug, ...] = load(HERE)
