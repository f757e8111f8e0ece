"""One worker process: threads that work on stages, a few that do what is short, timers; and how it all ends.

Stages have threads of their own, so that a `/fixbugs stop` is carried out while every one of them is busy."""

from __future__ import annotations

import logging
import os
import signal
import socket
import threading
from collections.abc import Sequence
from types import FrameType

import dramatiq

from bot.driver import Leaving
from bot.queue.broker import POLL_MS, StageBroker, broker
from bot.queue.names import QUEUES, STAGE_QUEUES
from bot.worker.actors import Actors, declare_actors
from bot.worker.progress import RingingProgress
from bot.worker.server import Server
from bot.worker.sweeper import Sweeper

log = logging.getLogger(__name__)

SHORT_THREADS = 4
GRACE_S = 2.0  # what runs may end by itself for so long after a signal
CLEANING_S = 6.0  # then it is cancelled, and its sandboxes have so long to end


class WorkerProcess:
    """`queues` are those that this process serves (default: all)."""

    def __init__(self, server: Server, *, queues: Sequence[str] = QUEUES, grace_s: float = GRACE_S) -> None:
        self.id = f"{socket.gethostname()}-{os.getpid()}"
        settings = server.settings
        self._leaving = Leaving(grace_s)
        self._grace_s = grace_s
        self._progress = RingingProgress(server.store, server.doorbell)
        actors = Actors(server, self._progress, self._leaving)
        staged = [name for name in queues if name in STAGE_QUEUES]
        short = [name for name in queues if name not in STAGE_QUEUES]
        threads = settings.worker_threads
        self._workers = [
            _worker(broker(settings.redis_url, slots=count), actors, names, count)
            for names, count in ((staged, threads), (short, SHORT_THREADS))
            if names
        ]
        self._timers = Sweeper(server, actors, self.id).timers()

    def start(self) -> None:
        for worker in self._workers:
            worker.start()
        for timer in self._timers:
            timer.start()
        log.info("worker_started worker=%s", self.id)

    def stop(self) -> bool:
        """Lets what runs end within its grace, hands the rest back, and says whether all threads have ended."""
        self._leaving.announce()
        before = [
            threading.Thread(target=worker.stop, args=(round((self._grace_s + CLEANING_S) * 1000),))
            for worker in self._workers
        ]
        for thread in before:
            thread.start()
        for thread in before:
            thread.join()
        for timer in self._timers:
            timer.stop(1.0)
        self._progress.close(2.0)
        ended = not any(thread.is_alive() for worker in self._workers for thread in worker.workers)
        log.info("worker_stopped worker=%s clean=%s", self.id, ended)
        return ended


def _worker(on: StageBroker, actors: Actors, queues: Sequence[str], threads: int) -> dramatiq.Worker:
    declare_actors(on, actors, queues)
    worker = dramatiq.Worker(on, worker_timeout=POLL_MS, worker_threads=threads)
    worker.queue_prefetch = threads  # the broker fetches no more than there are free threads
    return worker


def run_worker(server: Server, *, queues: Sequence[str] = QUEUES) -> int:
    """Works until SIGTERM, SIGINT or SIGHUP; returns the exit code. Call it in the main thread."""
    asked = threading.Event()

    def leave(number: int, frame: FrameType | None) -> None:
        asked.set()

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, leave)
    process = WorkerProcess(server, queues=queues)
    process.start()
    while not asked.wait(1.0):
        pass
    if not process.stop():
        # A thread that does not end (it keeps the interpreter busy) would hold the process back. Its lease runs out.
        logging.shutdown()
        os._exit(0)
    return 0
