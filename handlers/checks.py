"""What failed checks have in common: which conclusions are failures, whose they are, and which pull requests they
belong to. Which event carries what is in the files named after the events."""

from __future__ import annotations

import re

from bot.core.commands import ChecksFailed
from handlers.base import Fields, commit_hash, place

FAILURES = frozenset({"failure", "timed_out"})
OUR_CHECK = "FixBugs"
RUN_ID = re.compile(r"[0-9]{8}-[0-9]{6}-[0-9a-z]+")


def failed(check: Fields) -> bool:
    return check.text_or("conclusion") in FAILURES


def is_ours(check_run: Fields) -> bool:
    """Whether a check run tells of a run of ours. Handlers do not know the App's own name on the forge."""
    return check_run.text_or("name") == OUR_CHECK and bool(RUN_ID.fullmatch(check_run.text_or("external_id")))


def checks_failed(payload: Fields, check: Fields, *, branch: str, app_slug: str, source: str) -> ChecksFailed:
    return ChecksFailed(
        place(payload),
        commit_hash(check, "head_sha"),
        branch=branch,
        pull_numbers=_pull_numbers(payload, check),
        app_slug=app_slug,
        source=source,
    )


def app_slug(check: Fields) -> str:
    app = check.part_or_none("app")
    return app.text_or("slug") if app else ""


def _pull_numbers(payload: Fields, check: Fields) -> tuple[int, ...]:
    """Of this repository only: the forge also names pull requests of forks that contain the commit."""
    here = payload.part("repository").number_or_none("id")
    numbers = [
        pull.number("number")
        for pull in check.parts("pull_requests")
        if here is None or _base_repository(pull) in (None, here)
    ]
    return tuple(dict.fromkeys(numbers))


def _base_repository(pull: Fields) -> int | None:
    base = pull.part_or_none("base")
    repository = base.part_or_none("repo") if base else None
    return repository.number_or_none("id") if repository else None
