"""The steps of building an environment: what one runs, and what to say when it goes wrong. Where it runs does not
belong here."""

from __future__ import annotations

import shlex
from dataclasses import replace

from bot.core.errors import EnvironmentBroken, Permanent
from bot.ports import Command, Completed, Ended, Limits
from sandbox.place import Place

TAIL_BYTES = 4000
SHOWN_CHARS = 400


def filled_in(command: Command, place: Place) -> Command:
    """The command with its placeholders replaced."""
    return replace(
        command,
        argv=tuple(place.fill(text) for text in command.argv),
        env=tuple((name, place.fill(value)) for name, value in command.env),
        cwd=place.fill(command.cwd),
    )


def check_step(command: Command, done: Completed, limits: Limits, tail: str, room: str) -> None:
    """Raises EnvironmentBroken unless this step of a build went well; Permanent with `room` when the disk is full."""
    if done.ended is Ended.EXITED and done.exit_code == 0:
        return
    if "No space left on device" in tail or "os error 28" in tail:
        raise Permanent(room)
    if done.ended is Ended.TIMED_OUT:
        why = f"did not finish within {limits.wall_s:.0f} s"
    elif done.ended is Ended.MEMORY:
        why = f"needed more than {limits.memory_bytes >> 20} MB of memory"
    elif done.ended is Ended.KILLED:
        why = f"was ended by signal {-done.exit_code}"
    else:
        why = f"failed with exit code {done.exit_code}"
    last = next((line.strip() for line in reversed(tail.splitlines()) if line.strip()), "")
    if done.ended is Ended.EXITED and last:  # a step of ours ends with a sentence
        reason = last if len(last) <= SHOWN_CHARS else f"{last[:SHOWN_CHARS]}…"
    else:
        reason = f"`{shlex.join(command.argv)[:SHOWN_CHARS]}` {why}"
    raise EnvironmentBroken(
        f"The project's environment could not be built. {reason.rstrip('.')}. Make it install at this commit, or name "
        "another with --ref.",
        tail,
    )
