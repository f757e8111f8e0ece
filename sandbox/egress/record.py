"""What a build asked for and how much went each way: counted against its limits, told to people in sentences. Never
holds an address with its path or credentials, only hosts and ports.
"""

from __future__ import annotations

from dataclasses import dataclass

from sandbox.egress.policy import EgressLimits

PLACES = 200  # remembered; a build that asks for more is not looking for packages
NOTES = 20


@dataclass(slots=True)
class Reached:
    """One place. `refused` says why not, "" when it was reached each time."""

    host: str
    port: int
    connections: int = 0
    down_bytes: int = 0
    up_bytes: int = 0
    refused: str = ""

    @property
    def allowed(self) -> bool:
        return not self.refused

    def refuse(self, why: str) -> None:
        self.refused = self.refused or why


class Record:
    def __init__(self, limits: EgressLimits) -> None:
        self._limits = limits
        self._places: dict[tuple[str, int], Reached] = {}
        self._more = Reached("elsewhere", 0)
        self._connections = 0
        self._down_bytes = 0
        self._up_bytes = 0
        self._broken = ""

    @property
    def reached(self) -> tuple[Reached, ...]:
        return tuple(self._places.values())

    def enter(self, host: str, port: int) -> Reached:
        """The place's entry, with one connection more."""
        self._connections += 1
        entry = self._places.get((host, port))
        if entry is None:
            if len(self._places) >= PLACES:
                return self._more
            entry = self._places[host, port] = Reached(host, port)
        entry.connections += 1
        return entry

    def count_down(self, entry: Reached, size: int) -> None:
        """Raises ConnectionAbortedError past the limit."""
        entry.down_bytes += size
        self._down_bytes += size
        self._check(entry)

    def count_up(self, entry: Reached, size: int) -> None:
        """Raises ConnectionAbortedError past the limit, before anything is sent."""
        entry.up_bytes += size
        self._up_bytes += size
        self._check(entry)

    def spent(self) -> str:
        """Which limit the build is past, if any."""
        if self._down_bytes > self._limits.down_bytes:
            return f"the build fetched more than {_size(self._limits.down_bytes)}"
        if self._up_bytes > self._limits.up_bytes:
            return f"the build sent out more than {_size(self._limits.up_bytes)}"
        if self._connections > self._limits.connections:
            return f"the build made more than {self._limits.connections} connections"
        return ""

    def broke(self, error: BaseException | None) -> None:
        """The forwarder went away while the build still ran."""
        self._broken = str(error or "") or "The build's way to the package registries ended before the build did."

    def notes(self) -> tuple[str, ...]:
        refused = dict.fromkeys(entry.refused for entry in self.reached if entry.refused)
        shown = [*refused][:NOTES]
        if len(refused) > NOTES:
            shown.append(f"{len(refused) - NOTES} more places were refused.")
        return (*shown, *([self._broken] if self._broken else []))

    def _check(self, entry: Reached) -> None:
        spent = self.spent()
        if spent:
            entry.refuse(f"{entry.host}:{entry.port} was cut off: {spent}.")
            raise ConnectionAbortedError(spent)


def _size(size_bytes: int) -> str:
    if size_bytes >= 1 << 30:
        return f"{size_bytes / (1 << 30):.3g} GB"
    return f"{size_bytes / (1 << 20):.3g} MB"
