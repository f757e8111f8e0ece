"""Decides whether a user may do something. Permissions look like `orders:write`; `orders:*` covers all of them."""

from __future__ import annotations

from dataclasses import dataclass

from roles import RoleBook


class Forbidden(Exception):
    """The user lacks a permission; the message lists which."""


@dataclass(frozen=True)
class User:
    name: str
    roles: tuple[str, ...] = ()
    suspended: bool = False


class Gate:
    def __init__(self, book: RoleBook) -> None:
        self._book = book

    def allows(self, user: User, *required: str) -> bool:
        """True when the user holds every required permission. Suspended users hold none."""
        if user.suspended:
            return False
        granted = self._book.granted(user.roles)
        return any(_covers(granted, permission) for permission in required)

    def require(self, user: User, *required: str) -> None:
        """Raise Forbidden unless the user holds every required permission."""
        if not self.allows(user, *required):
            raise Forbidden(f"{user.name} may not {', '.join(sorted(required))}")


def _covers(granted: frozenset[str], permission: str) -> bool:
    area = permission.split(":", 1)[0]
    return permission in granted or f"{area}:*" in granted
