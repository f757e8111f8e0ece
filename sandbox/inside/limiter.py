"""A time limit on each phase of each test, by SIGALRM. What a late test means to the run is the oracle's.

Code that never comes back to the interpreter is not stopped by this; the whole run's own limit, outside, stops that.
"""

from __future__ import annotations

import signal
import time

MIN_LIMIT_S = 1.0
SHARE = 0.3  # of the time that is left: hanging tests can never use up the time of all that follow
AGAIN_S = 1.0  # between further alarms, for code that swallows everything


class TestTimedOut(BaseException):
    """Raised in the test that ran too long. Not an Exception: code under test must not swallow it by accident."""

    __test__ = False


class Limiter:
    """`limit_s` is the most for one phase; every test that ran into it halves it for those that follow."""

    def __init__(self, limit_s: float, wall_s: float) -> None:
        self.fired = False
        self._limit_s = limit_s
        self._ends = time.monotonic() + wall_s
        self._now_s = limit_s

    def start(self) -> None:
        left_s = self._ends - time.monotonic()
        self._now_s = max(MIN_LIMIT_S, min(self._limit_s, left_s * SHARE))
        signal.signal(signal.SIGALRM, self._ring)
        signal.setitimer(signal.ITIMER_REAL, self._now_s, AGAIN_S)

    def stop(self) -> None:
        signal.setitimer(signal.ITIMER_REAL, 0)

    def next_test(self) -> None:
        if self.fired:
            self._limit_s /= 2
        self.fired = False

    def _ring(self, _signum: int, _frame: object) -> None:
        self.fired = True
        raise TestTimedOut(f"did not finish within {self._now_s:.1f} s")
