"""How many calls may start in a second."""

import threading
from collections import deque
from collections.abc import Callable
from typing import Protocol


class Pacer(Protocol):
    """Somebody to ask before each attempt."""

    def wait(self) -> None:
        """Return when the attempt may start. Raises RateLimited when that would take too long."""


class Pace:
    """At most `calls` calls in any second, for all threads of one process together."""

    def __init__(self, calls: float, *, clock: Callable[[], float], sleep: Callable[[float], None]) -> None:
        self._started: deque[float] = deque(maxlen=max(1, int(calls)))
        self._span = max(1, int(calls)) / calls
        self._lock = threading.Lock()
        self._clock, self._sleep = clock, sleep

    def wait(self) -> None:
        """Return when this call may start; the slot is taken under the lock, the wait is outside of it."""
        with self._lock:
            now = self._clock()
            full = len(self._started) == self._started.maxlen
            start = max(now, self._started[0] + self._span) if full else now
            self._started.append(start)
        if start > now:
            self._sleep(start - now)
