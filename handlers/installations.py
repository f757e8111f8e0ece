"""What the two events about installations have in common. They carry no one repository, so no place."""

from __future__ import annotations

from handlers.base import REPOSITORY_NAME, Fields


def installation_id(payload: Fields) -> int:
    return payload.part("installation").number("id")


def account(payload: Fields) -> str:
    """Whose installation it is: a person's or organisation's login, an enterprise's slug."""
    owner = payload.part("installation").part("account")
    return owner.text_or("login") or owner.text("slug")


def names(payload: Fields, field: str) -> tuple[str, ...]:
    """The full names of a list of repositories."""
    return tuple(
        repository.text("full_name", REPOSITORY_NAME, "a name like owner/repository")
        for repository in payload.parts(field)
    )
