"""`workflow_run`: a workflow of GitHub Actions has ended badly."""

from __future__ import annotations

from bot.core.commands import Command
from handlers.base import Fields, Handler
from handlers.checks import checks_failed, failed

ACTIONS = "github-actions"  # this event names no app: only Actions has workflows


def decide(payload: Fields) -> Command | None:
    run = payload.part("workflow_run")
    if not failed(run):
        return None
    return checks_failed(payload, run, branch=_branch(payload, run), app_slug=ACTIONS, source="workflow_run")


def _branch(payload: Fields, run: Fields) -> str:
    """The branch, when it is one of this repository: a fork's "main" is not ours."""
    head = run.part_or_none("head_repository")
    here = payload.part("repository").text_or("full_name")
    if head is not None and head.text_or("full_name").lower() != here.lower():
        return ""
    return run.text_or("head_branch")


HANDLER = Handler("workflow_run", frozenset({"completed"}), decide)
