"""The register of runs as a server keeps it: which thread has which run, what was asked before, who may start when, and
the doorbell that tells workers. What happens inside a run is the Store's."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from bot.core.commands import Command
from bot.core.forge import Place
from bot.core.run import Run, StageName


class Opening(Enum):
    """What came of asking for a run."""

    CREATED = "created"
    JOINED = "joined"  # a run is going on in this thread: that one
    REPEATED = "repeated"  # the same was asked before, and answered by that run


@dataclass(frozen=True, slots=True)
class Opened:
    run_id: str
    how: Opening


class Register(Protocol):
    """Every method is atomic, and harmless when it is repeated. Raises Transient when the register does not answer."""

    async def open(self, run: Run, stages: Sequence[StageName], *, meaning: str) -> Opened:
        """Creates the run, unless its thread (`run.origin.thread`) has one that has not ended (JOINED) or a run was
        opened with the same non-empty `meaning` before (REPEATED). A created run waits until `admit` names it."""

    async def admit(self) -> tuple[str, ...]:
        """The waiting runs that may start now, which count as active from here on until they end.

        Fair: of all that wait, first those whose installation, then those whose repository, has the fewest active
        runs, then the oldest. At most so many are active in all, and so many of one repository, as was configured.
        """

    async def ahead(self, run_id: str) -> int | None:
        """How many runs wait in front of this one; None when it does not wait."""

    async def current(self, thread: str) -> str | None:
        """The run of this thread that has not ended."""

    async def latest(self, thread: str) -> str | None:
        """The newest run of this thread, ended or not."""

    async def going_on(self, installation_id: int, repositories: Sequence[str] = ()) -> tuple[str, ...]:
        """The runs of an installation that have not ended, waiting ones included; of these repositories ("owner/name",
        in any case) when some are named."""

    async def set_pull(self, run_id: str, place: Place, number: int) -> None:
        """Remembers that a pull request is ours, and by which run."""

    async def run_of_pull(self, place: Place, number: int) -> str | None:
        """The newest run that wrote to this pull request of ours; None when it is not ours."""

    async def set_outcome(self, place: Place, number: int, *, accepted: bool) -> None:
        """Remembers how a person decided on a pull request of ours."""

    async def first(self, key: str, within_s: float) -> bool:
        """True for the first caller with this key within that time."""

    async def count(self, key: str, within_s: float) -> int:
        """Counts one more under this key and returns the number so far, within that time of the first."""

    def alone(self, key: str, lease_s: float) -> AbstractAsyncContextManager[None]:
        """Waits until nobody else is inside a block with this key, in any process. A holder that dies keeps it for
        `lease_s` at most."""

    async def set_installed(self, installation_id: int, repositories: Sequence[str], *, installed: bool) -> None:
        """Adds or removes repositories ("owner/name") of an installation; none named means the whole installation."""

    async def installed(self, installation_id: int) -> bool | None:
        """False once the installation was removed or suspended; None when nothing is known."""


class Doorbell(Protocol):
    """Tells workers that there may be something to do. Ringing twice, late or not at all is harmless: the store is the
    truth, and a sweeper rings again. Raises Transient when the queue does not answer."""

    def stage(self, run_id: str, stage: StageName, delay_s: float = 0.0) -> None: ...

    def notice(self, run_id: str, delay_s: float = 0.0) -> None:
        """What people see of this run is out of date."""

    def delivery(self, delivery_id: str, delay_s: float = 0.0) -> None:
        """A command waits in the inbox."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """A webhook delivery that asks for something, as it waits. `attempts` counts how often it was taken."""

    id: str
    event: str
    command: Command
    attempts: int = 0


class Inbox(Protocol):
    """Commands that wait to be carried out, kept until they were. Synchronous: the webhook is. Raises Transient."""

    def accept(self, delivery: Delivery) -> bool:
        """Keeps a delivery; False (and nothing kept) when one with this id was accepted before."""

    def take(self, delivery_id: str) -> Delivery | None:
        """The delivery with one more attempt counted; None when it was done, or somebody took it within the last
        minute and has not given it back."""

    def give_back(self, delivery_id: str, delay_s: float) -> None:
        """It could not be carried out now: it waits for that long."""

    def done(self, delivery_id: str) -> None: ...

    def due(self) -> tuple[str, ...]:
        """Deliveries whose time has come and that nobody holds: for the sweeper."""

    def known(self, delivery_id: str) -> bool:
        """Whether a delivery with this id was ever accepted or ignored here, as far back as is remembered."""

    def ignore(self, delivery_id: str) -> None:
        """Remembers that this delivery asked for nothing."""
