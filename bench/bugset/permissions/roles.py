"""Roles and what they grant. A role may extend others; it then grants everything they do."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Role:
    name: str
    grants: frozenset[str] = frozenset()
    extends: tuple[str, ...] = ()


class RoleBook:
    def __init__(self, *roles: Role) -> None:
        self._roles = {role.name: role for role in roles}

    def granted(self, names: tuple[str, ...]) -> frozenset[str]:
        """Everything the named roles grant, with the roles they extend. KeyError for an unknown role."""
        found: set[str] = set()
        waiting = list(names)
        seen: set[str] = set()
        while waiting:
            name = waiting.pop()
            if name in seen:
                continue
            seen.add(name)
            role = self._roles[name]
            found |= role.grants
            waiting.extend(role.extends)
        return frozenset(found)
