"""The company's reporting lines: who reports to whom, how deep, and who approves what."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Employee:
    name: str
    manager: str | None
    limit_eur: int = 0


class OrgChart:
    def __init__(self, employees: list[Employee]) -> None:
        self._by_name = {employee.name: employee for employee in employees}
        for employee in employees:
            if employee.manager is not None and employee.manager not in self._by_name:
                raise ValueError(f"{employee.name} reports to {employee.manager}, who is not employed here")

    def employee(self, name: str) -> Employee:
        return self._by_name[name]

    def reports(self, name: str) -> list[str]:
        """Direct reports, by name."""
        return sorted(employee.name for employee in self._by_name.values() if employee.manager == name)

    def level(self, name: str) -> int:
        """Steps down from the top, where it is 0."""
        employee = self._by_name[name]
        return self.level(employee.manager) + 1

    def chain(self, name: str) -> list[str]:
        """The managers above somebody, nearest first."""
        managers = []
        manager = self._by_name[name].manager
        while manager is not None:
            managers.append(manager)
            manager = self._by_name[manager].manager
        return managers

    def approver(self, name: str, amount_eur: int) -> str | None:
        """The nearest manager whose limit covers the amount, or None."""
        for manager in self.chain(name):
            if self._by_name[manager].limit_eur >= amount_eur:
                return manager
        return None

    def headcount(self, name: str) -> int:
        """How many people work below somebody, at any depth."""
        return sum(1 + self.headcount(report) for report in self.reports(name))

    def outline(self) -> str:
        """Everybody, indented by level, each below the manager."""
        lines: list[str] = []
        tops = sorted(name for name, employee in self._by_name.items() if employee.manager is None)
        waiting = list(reversed(tops))
        while waiting:
            name = waiting.pop()
            lines.append("  " * self.level(name) + name)
            waiting.extend(reversed(self.reports(name)))
        return "\n".join(lines)
