"""Takes in webhooks that never reached us: asks the forge what it sent, and decides on what our inbox does not know.

Sending again is the forge's way to repair it; we read the payload instead, so that one that is lost twice is not."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import timedelta

from bot.core.errors import Absent, Forbidden, Permanent
from bot.ports import Clock, DeliveriesApi, Delivery, Doorbell, Inbox, SentDelivery
from handlers import decide
from handlers.base import Malformed

log = logging.getLogger(__name__)

LOOK_BACK_S = 6 * 3600.0
GRACE_S = 30.0  # a webhook this young may still be on its way


@dataclass(frozen=True)
class Redelivery:
    api: DeliveriesApi
    inbox: Inbox
    doorbell: Doorbell
    clock: Clock

    async def take_in(self, look_back_s: float = LOOK_BACK_S) -> int:
        """How many commands were found and put into the inbox, oldest first. Repeating it is harmless.

        Raises Transient, Unauthorized … as the forge does.
        """
        now = self.clock.now()
        sent = await self.api.deliveries(now - timedelta(seconds=look_back_s))
        missed = {
            one.guid: one
            for one in sent
            if (one.refused or now - one.at > timedelta(seconds=GRACE_S)) and not self.inbox.known(one.guid)
        }
        taken = 0
        for one in sorted(missed.values(), key=lambda one: one.at):
            taken += await self._take(one)
        return taken

    async def _take(self, sent: SentDelivery) -> bool:
        try:
            command = decide(sent.event, await self.api.payload(sent.id))
        except Absent:
            log.warning("redelivery_gone delivery=%s event=%s", sent.guid, sent.event)
            command = None
        except Forbidden:
            raise
        except Permanent as exc:  # one that cannot be read must not keep the later ones waiting
            log.warning("redelivery_unreadable delivery=%s event=%s error=%s", sent.guid, sent.event, exc)
            command = None
        except Malformed as exc:
            log.warning("redelivery_malformed delivery=%s event=%s error=%s", sent.guid, sent.event, exc)
            command = None
        if command is None:
            self.inbox.ignore(sent.guid)
            return False
        if not self.inbox.accept(Delivery(sent.guid, sent.event, command)):
            return False  # it came by itself meanwhile
        self.doorbell.delivery(sent.guid)
        log.info("redelivery_taken delivery=%s event=%s", sent.guid, sent.event)
        return True
