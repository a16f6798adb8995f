"""The access token, and where it is kept so that several clients share one and only one of them renews it."""

import copy
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Protocol

from connector.superoffice.errors import SuperOfficeError

_EARLY = timedelta(minutes=5)  # renewal begins so long before the end,
_EARLY_SHARE = 5  # but never before four fifths of the token's life are over


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class AccessToken:
    """`expires_at` (aware, UTC) is its true end. `scheme` is the word before it in the Authorization header.

    `life` is how long it lives in all; a store may forget it.
    """

    value: str = field(repr=False)
    expires_at: datetime
    scheme: str = "Bearer"
    life: timedelta = field(default=timedelta(hours=1), compare=False)

    def is_due(self, now: datetime, life: timedelta) -> bool:
        """Whether it is time to renew it; `life` counts where it is the shorter one."""
        return now >= self.expires_at - min(_EARLY, min(life, self.life) / _EARLY_SHARE)


class TokenStore(Protocol):
    """Keeps one credential's access token for everybody who uses that credential.

    `load`, `save` and `failure_since` raise SettingsChanged when it is another credential's by now.
    """

    def load(self) -> AccessToken | None:
        """The token last saved, also when its end has passed."""

    def claim(self, seconds: float) -> bool:
        """True: the caller alone may renew now, for so long. False: somebody else is at it."""

    def extend(self, seconds: float) -> None:
        """The claim lasts so long from now on. Ignored when somebody else has taken it over meanwhile."""

    def patience(self, longest: float) -> float:
        """How many of `longest` seconds the caller may wait for somebody else's renewal."""

    def save(self, token: AccessToken) -> None:
        """Ends the claim with success. Ignored when somebody else has taken over the claim meanwhile."""

    def fail(self, error: SuperOfficeError) -> None:
        """Ends the claim and tells `error` to those who waited. Ignored as in `save`. The token stays."""

    def failure_since(self, moment: datetime) -> SuperOfficeError | None:
        """What the last renewal failed with, when that was at `moment` or later."""

    def clear(self) -> None:
        """Forget the token."""


class MemoryTokenStore:
    """A token store for the threads of one process; a claim belongs to the thread that made it."""

    def __init__(self, *, now: Callable[[], datetime] = utc_now) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._token: AccessToken | None = None
        self._claimed_by, self._claimed_until = 0, datetime.min.replace(tzinfo=UTC)
        self._failure: tuple[datetime, SuperOfficeError] | None = None

    def load(self) -> AccessToken | None:
        return self._token

    def claim(self, seconds: float) -> bool:
        with self._lock:
            now = self._now()
            if self._claimed_by and now < self._claimed_until:
                return False
            self._claimed_by = threading.get_ident()
            self._claimed_until = now + timedelta(seconds=seconds)
            return True

    def extend(self, seconds: float) -> None:
        with self._lock:
            if self._claimed_by == threading.get_ident():
                self._claimed_until = self._now() + timedelta(seconds=seconds)

    def patience(self, longest: float) -> float:
        return longest

    def save(self, token: AccessToken) -> None:
        with self._lock:
            if self._claimed_by in {0, threading.get_ident()}:
                self._token, self._claimed_by, self._failure = token, 0, None

    def fail(self, error: SuperOfficeError) -> None:
        with self._lock:
            if self._claimed_by in {0, threading.get_ident()}:
                # The copy has no traceback, and with it no frames that would stay in memory.
                self._claimed_by, self._failure = 0, (self._now(), copy.copy(error))

    def failure_since(self, moment: datetime) -> SuperOfficeError | None:
        failure = self._failure
        return copy.copy(failure[1]) if failure and failure[0] >= moment else None

    def clear(self) -> None:
        self._token = None
