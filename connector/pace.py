"""The pace of calls to one tenant, kept in the database so that all processes together keep it."""

import logging
import random
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import cache
from math import inf
from urllib.parse import urlsplit

from django.conf import settings
from django.db import Error, transaction
from django.db import connection as database

from connector.context import patience
from connector.models import CallPace, Connection
from connector.superoffice.errors import Busy, RateLimited
from connector.superoffice.pacing import Pace

logger = logging.getLogger(__name__)

SECOND = 1.05  # what we take for a second: a call leaves a little later than it was allowed to
LATE = 0.04  # seconds; who comes later than this, on a busy machine, asks for another slot
FARTHEST = 60.0  # seconds; nobody waits longer, and no slot is given away farther ahead
PATIENCE = 30.0  # seconds without a question to a database that has just failed
_SLOTS = 5  # that may be missed one after the other
_TRIES = 200  # at one slot, while others are quicker


class Contended(Exception):
    """Others were quicker each time."""


class SharedPace:
    """At most SO_CALLS_PER_SECOND calls to one tenant in any second, over all processes and threads.

    A slot is reserved in the tenant's row by one conditional UPDATE, and waited for outside of it. A database
    that does not answer costs no call: this process then keeps a pace of its own for a while.
    """

    def __init__(
        self,
        connection: Connection,
        *,
        calls: int | None = None,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._tenant = tenant_name(connection)
        self._calls = calls or settings.SUPEROFFICE_CALLS_PER_SECOND
        self._clock, self._sleep = clock, sleep
        self._alone_until = 0.0  # on the clock of time.monotonic

    def wait(self) -> None:
        """Return when the call may start. Raises RateLimited when that is more than a minute away, and Busy
        when it is farther away than the page that waits for it has patience.
        """
        longest = patience(FARTHEST)
        latest = self._clock() + longest if longest < FARTHEST else inf
        for _ in range(_SLOTS):
            start = self._next_start(latest)
            if start is None:
                _own_pace(self._tenant, self._calls).wait()
                return
            # Never longer than to the farthest slot, even if the clock is put back meanwhile.
            if (seconds := min(start - self._clock(), FARTHEST)) > 0:
                self._sleep(seconds)
            if self._clock() - start <= LATE:
                return

    def _next_start(self, latest: float) -> float | None:
        """A reserved moment; None while the database does not answer."""
        if time.monotonic() < self._alone_until:
            return None
        try:
            return self._reserve(latest)
        except (Error, Contended) as problem:
            self._alone_until = time.monotonic() + PATIENCE
            logger.warning("no shared pace of calls, this process keeps its own: %s", problem)
            return None

    def _reserve(self, latest: float = inf) -> float:
        rows = CallPace.objects.filter(pk=self._tenant)
        for attempt in range(_TRIES):
            with _shield():
                row = rows.values_list("starts", "version").first()
                if row is None:
                    CallPace.objects.bulk_create([CallPace(tenant=self._tenant)], ignore_conflicts=True)
                    continue
                starts, version = row
                start, starts = with_next(starts, self._calls, now=self._clock(), latest=latest)
                if rows.filter(version=version).update(starts=starts, version=version + 1):
                    return start
            self._sleep(random.uniform(0, 0.002 * min(attempt + 1, 10)))  # noqa: S311 - no secret
        raise Contended(f"{_TRIES} others were quicker")


def with_next(
    starts: list[float], calls: int, *, now: float, latest: float = inf
) -> tuple[float, list[float]]:
    """When the next call may start, and all starts that count from then on, oldest first; in seconds, like `now`.

    Raises RateLimited when that is too far ahead, and Busy when it is after `latest`. A start that is farther
    ahead than any that is given away comes from a clock that has been put back since: it does not count.
    """
    kept = [start for start in starts if now - SECOND < start <= now + FARTHEST]
    start = max(now, kept[-calls] + SECOND) if len(kept) >= calls else now
    if start > latest:
        raise Busy("calls that were asked for earlier come first")
    if start > now + FARTHEST:
        raise RateLimited(
            "more calls are waiting than our own limit lets pass in a minute", retry_after=start - now
        )
    return start, sorted([*kept, start])[-calls:]


def tenant_name(connection: Connection) -> str:
    """What calls are counted by: the host that we sign in at, and the tenant there."""
    address = connection.base_url or connection.login_url
    address = address or settings.SUPEROFFICE_LOGIN_URLS.get(connection.environment, "")
    parts = urlsplit(address)
    return f"{parts.netloc}{parts.path.rstrip('/')} {connection.context_identifier}".lower().strip()[:300]


@cache
def _own_pace(tenant: str, calls: int) -> Pace:
    return Pace(calls, clock=time.monotonic, sleep=time.sleep)


def _shield() -> AbstractContextManager[object]:
    """Inside of somebody's transaction a failure must not break it; elsewhere none is needed."""
    return transaction.atomic() if database.in_atomic_block else nullcontext()
