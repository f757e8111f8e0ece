"""Who may start next: a pure rule, fair between installations and repositories. Who waits is the register's to know."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import inf


@dataclass(frozen=True, slots=True)
class Home:
    """Where a run belongs. `repository` is "owner/name" in lower case."""

    installation_id: int
    repository: str

    def __str__(self) -> str:
        return f"{self.installation_id}/{self.repository}"

    @classmethod
    def parse(cls, text: str) -> Home:
        installation, _, repository = text.partition("/")
        return cls(int(installation), repository)


@dataclass(frozen=True, slots=True)
class Waiting:
    run_id: str
    home: Home


def admitted(
    waiting: Sequence[Waiting], active: Iterable[Home], *, at_most: int, per_repository: int
) -> tuple[Waiting, ...]:
    """Which of the waiting runs (oldest first) may start besides the active ones, in the order they may."""
    busy = list(active)
    return tuple(_in_turn(waiting, busy, at_most - len(busy), per_repository))


def ahead(waiting: Sequence[Waiting], active: Iterable[Home], run_id: str) -> int | None:
    """How many runs are let in before this one, as things are; None when it does not wait."""
    if all(one.run_id != run_id for one in waiting):
        return None
    turns = _in_turn(waiting, list(active), len(waiting), inf)
    return next(number for number, one in enumerate(turns) if one.run_id == run_id)


def _in_turn(waiting: Sequence[Waiting], active: list[Home], places: int, per_repository: float) -> Iterator[Waiting]:
    installations = Counter(home.installation_id for home in active)
    repositories = Counter(active)
    queues: dict[Home, list[tuple[int, Waiting]]] = {}
    for age, one in enumerate(waiting):
        queues.setdefault(one.home, []).append((age, one))
    for queue in queues.values():
        queue.reverse()  # so that the oldest is taken from the end
    for _ in range(places):
        open_queues = [home for home, queue in queues.items() if queue and repositories[home] < per_repository]
        if not open_queues:
            return
        home = min(open_queues, key=lambda h: (installations[h.installation_id], repositories[h], queues[h][-1][0]))
        installations[home.installation_id] += 1
        repositories[home] += 1
        yield queues[home].pop()[1]
