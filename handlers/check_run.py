"""`check_run`: one check ended badly, or somebody pressed a button on a check run of ours."""

from __future__ import annotations

from bot.core.commands import Button, ChecksFailed, Command, Pressed
from handlers.base import Fields, Handler, place, sender
from handlers.checks import RUN_ID, app_slug, checks_failed, failed, is_ours


def decide(payload: Fields) -> Command | None:
    check_run = payload.part("check_run")
    match payload.text("action"):
        case "rerequested":
            return _pressed(payload, check_run, Button.RETRY)
        case "requested_action":
            pressed = payload.part("requested_action").text("identifier")
            button = next((button for button in Button if button.value == pressed), None)
            return _pressed(payload, check_run, button) if button else None
        case _:
            return _failed(payload, check_run)


def _pressed(payload: Fields, check_run: Fields, button: Button) -> Pressed | None:
    run_id = check_run.text_or("external_id")
    if not RUN_ID.fullmatch(run_id):
        return None
    return Pressed(place(payload), sender(payload), run_id, button)


def _failed(payload: Fields, check_run: Fields) -> ChecksFailed | None:
    if not failed(check_run) or is_ours(check_run):
        return None
    suite = check_run.part_or_none("check_suite")
    return checks_failed(
        payload,
        check_run,
        branch=suite.text_or("head_branch") if suite else "",
        app_slug=app_slug(check_run),
        source="check_run",
    )


HANDLER = Handler("check_run", frozenset({"completed", "rerequested", "requested_action"}), decide)
