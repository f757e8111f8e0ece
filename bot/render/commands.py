"""How a person does the same by hand: the commands, from a clean checkout to green. Nothing here is run."""

from __future__ import annotations

import shlex
from dataclasses import dataclass

from bot.core.artifacts import Dossier, Reproduction, Validation
from bot.core.outcomes import RunRecord
from bot.render.wording import one_line


@dataclass(frozen=True, slots=True)
class Step:
    command: str
    shows: str  # what it should show; empty when that is nothing


def steps(record: RunRecord) -> tuple[Step, ...]:
    """Empty when there is no failing test to run. Patches lie beside the report, whose folder is called REPORT."""
    dossier, reproduction = record.artifact(Dossier), record.artifact(Reproduction)
    if reproduction is None or dossier is None or not reproduction.red:
        return ()
    command = one_line(reproduction.red[0].command, 1000)
    found = [Step(f"git checkout {shlex.quote(dossier.commit.sha[:12])}", "")]
    if reproduction.test.patch:
        found.append(Step("git apply REPORT/test.patch", ""))
    found.append(Step(command, "red: the bug"))
    if record.artifact(Validation):
        found += [Step("git apply REPORT/fix.patch", ""), Step(command, "green: the fix")]
    return tuple(found)
