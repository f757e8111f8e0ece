"""Tells the store and the doorbell what happens in a run, from a thread of its own: a stage never waits for it."""

from __future__ import annotations

import asyncio
import logging
import queue
import threading
import time

from bot.core.errors import FixbugsError
from bot.core.outcomes import StageRecord
from bot.core.run import StageName
from bot.ports import Doorbell, Store

log = logging.getLogger(__name__)
Heard = tuple[str, StageName | None, str]  # run id; for a finding its stage and text


class RingingProgress:
    """Implements `bot.ports.Progress`. What happens in quick succession rings once."""

    def __init__(self, store: Store, doorbell: Doorbell) -> None:
        self._store, self._doorbell = store, doorbell
        self._heard: queue.SimpleQueue[Heard | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._tell, name="progress", daemon=True)
        self._thread.start()

    def stage_changed(self, run_id: str, record: StageRecord) -> None:
        self._heard.put((run_id, None, ""))

    def finding(self, run_id: str, stage: StageName, text: str) -> None:
        self._heard.put((run_id, stage, text))

    def close(self, patience_s: float) -> None:
        """Tells what is left, for so long at most."""
        self._heard.put(None)
        self._thread.join(patience_s)

    def _tell(self) -> None:
        closing = False
        while not closing:
            heard = [self._heard.get()]
            while not self._heard.empty():
                heard.append(self._heard.get())
            closing = None in heard
            changes = [change for change in heard if change is not None]
            for run_id, stage, text in changes:
                if stage is not None:
                    self._keep(run_id, stage, text)
            for run_id in dict.fromkeys(run_id for run_id, _, _ in changes):
                self._ring(run_id)

    def _keep(self, run_id: str, stage: StageName, text: str) -> None:
        try:
            asyncio.run(self._store.found(run_id, stage, text))
        except FixbugsError as exc:
            log.warning("finding_lost run=%s stage=%s error=%s", run_id, stage.value, exc)
        except Exception:
            log.exception("finding_lost run=%s stage=%s", run_id, stage.value)

    def _ring(self, run_id: str) -> None:
        try:
            self._doorbell.notice(run_id)
        except FixbugsError as exc:
            log.warning("notice_lost run=%s error=%s", run_id, exc)
            time.sleep(0.5)  # the queue is away: what comes meanwhile is told together
        except Exception:
            log.exception("notice_lost run=%s", run_id)
