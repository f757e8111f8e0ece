"""The App was installed, removed or suspended, or its repositories changed: the list of them is kept, and runs that
nobody lets us finish end."""

from __future__ import annotations

from bot.core.commands import InstallationChanged
from bot.intake.outside import Outside
from bot.intake.stopping import stop_run

GONE = {"deleted": "The App was removed.", "suspend": "The App was suspended."}


async def installation_changed(outside: Outside, command: InstallationChanged) -> None:
    register, installation = outside.register, command.installation_id
    if why := GONE.get(command.action):
        await register.set_installed(installation, (), installed=False)
        await _stop(outside, installation, (), why)
        return
    if command.removed:
        await register.set_installed(installation, command.removed, installed=False)
        await _stop(outside, installation, command.removed, "The App was removed from this repository.")
    if command.action != "removed":
        await register.set_installed(installation, command.added, installed=True)


async def _stop(outside: Outside, installation: int, repositories: tuple[str, ...], why: str) -> None:
    for run_id in await outside.register.going_on(installation, repositories):
        await stop_run(outside, run_id, why, quietly=True)
