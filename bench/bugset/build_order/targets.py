"""Build targets and the order to build them in."""

from __future__ import annotations

from dataclasses import dataclass


class Cycle(Exception):
    """Targets need each other; `names` are those that cannot be ordered, sorted."""

    def __init__(self, names: list[str]) -> None:
        super().__init__("these targets need each other: " + ", ".join(names))
        self.names = names


@dataclass(frozen=True)
class Target:
    name: str
    needs: tuple[str, ...] = ()
    command: str = ""


class Project:
    def __init__(self, *targets: Target) -> None:
        self._targets = {target.name: target for target in targets}
        for target in targets:
            for need in target.needs:
                if need not in self._targets:
                    raise KeyError(f"{target.name} needs {need}, which is not defined")

    def required(self, goal: str) -> set[str]:
        """The goal and everything it needs, directly or not."""
        found: set[str] = set()
        waiting = [goal]
        while waiting:
            name = waiting.pop()
            if name not in found:
                found.add(name)
                waiting.extend(self._targets[name].needs)
        return found

    def order(self, goal: str) -> list[str]:
        """What to build for the goal, every target after all it needs; among those that are ready, by name.

        Cycle when there is no such order.
        """
        names = self.required(goal)
        return sorted(names, key=lambda name: (len(self._targets[name].needs), name))

    def script(self, goal: str) -> str:
        """The commands, one a line; targets without a command only group others."""
        commands = [self._targets[name].command for name in self.order(goal)]
        return "\n".join(command for command in commands if command)
