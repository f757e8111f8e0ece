"""A worker that is killed by SIGKILL once it logs certain words: `python doomed_worker.py WORDS AFTER_S worker …`.

It is the real command in a process of its own; only the moment of its death is chosen here."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
import time

from bot.cli import main


class Doom(logging.Handler):
    """Kills this process `after_s` seconds after a message that holds all of these words: at once when that is 0."""

    def __init__(self, words: tuple[str, ...], after_s: float) -> None:
        super().__init__()
        self._words, self._after_s = words, after_s

    def emit(self, record: logging.LogRecord) -> None:
        if not all(word in record.getMessage().split() for word in self._words):
            return
        if self._after_s > 0:
            threading.Thread(target=self._strike, daemon=True).start()
            return
        print(record.getMessage(), file=sys.stderr, flush=True)  # what writes it to the log comes after us
        os.kill(os.getpid(), signal.SIGKILL)

    def _strike(self) -> None:
        time.sleep(self._after_s)
        os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    logging.getLogger("bot").addHandler(Doom(tuple(sys.argv[1].split()), float(sys.argv[2])))
    raise SystemExit(main(sys.argv[3:]))
