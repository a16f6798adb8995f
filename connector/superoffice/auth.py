"""A valid access token at hand, whatever the way in: renewed ahead of its end, by one client for all.

Many processes share a token through its store. Whoever holds the store's claim renews; nobody holds a lock
while SuperOffice is asked.
"""

import base64
import logging
import random
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Protocol

from connector.superoffice import errors
from connector.superoffice.access_tokens import AccessToken, MemoryTokenStore, TokenStore, utc_now
from connector.superoffice.grants import Grant, RefreshGrant, SystemUserGrant
from connector.superoffice.identity import Identity
from connector.superoffice.transport import Transport
from connector.superoffice.ways_in import (
    LOGIN_URLS,
    App,
    Credentials,
    Password,
    RefreshToken,
    SystemUser,
)

__all__ = [
    "LOGIN_URLS",
    "AccessToken",
    "App",
    "Auth",
    "Credentials",
    "Identity",
    "MemoryTokenStore",
    "Password",
    "PasswordAuth",
    "RefreshToken",
    "SignIn",
    "SystemUser",
    "TokenStore",
    "auth_for",
]

logger = logging.getLogger(__name__)

# Seconds a claim lasts when its holder dies: one answer takes at most the time to connect,
# identity.SIGN_IN_DEADLINE and one last read. A renewal is two of them, the token and the keys; between them
# the holder extends its claim.
LEASE = 50.0
PATIENCE = 2 * LEASE + 5.0  # seconds that others wait for the holder; the store knows who has less time
_PAUSE = timedelta(minutes=1)  # between two tries ahead of the end, while the token still works


class SignIn(Protocol):
    """What a client needs of its way in; `identity` is that of the last token it verified itself."""

    @property
    def identity(self) -> Identity | None: ...

    def token(self) -> AccessToken: ...

    def renew(self, rejected: AccessToken, refusal: errors.Refused | None = None) -> AccessToken: ...

    def renew_now(self) -> None: ...

    def headers(self, token: AccessToken) -> dict[str, str]: ...


def auth_for(
    credentials: Credentials,
    transport: Transport,
    store: TokenStore,
    on_refresh_token: Callable[[str], None] | None = None,
) -> SignIn:
    """The sign-in for this way in. Raises UnsafeAddress; talks to nobody yet."""
    if isinstance(credentials, Password):
        return PasswordAuth(credentials, transport)
    return Auth(credentials, transport, store, on_refresh_token=on_refresh_token)


class Auth:
    """Shares the token of one credential with everybody who uses the same store."""

    def __init__(
        self,
        credentials: RefreshToken | SystemUser,
        transport: Transport,
        store: TokenStore,
        *,
        on_refresh_token: Callable[[str], None] | None = None,
        now: Callable[[], datetime] = utc_now,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._grant: Grant
        if isinstance(credentials, SystemUser):
            self._grant = SystemUserGrant(credentials, transport, now)
        else:
            self._grant = RefreshGrant(credentials, transport, now, on_refresh_token)
        self._transport, self._store = transport, store
        self._now, self._clock, self._sleep = now, clock, sleep
        self._life = timedelta.max  # of the last token that we fetched: what the store may have forgotten
        self.identity: Identity | None = None
        for secret in credentials.secrets:
            transport.redactor.hide(secret)

    def token(self) -> AccessToken:
        """A usable token, renewed when needed. Raises a SignInFailed, or what the transport raises."""
        token, now = self._usable(), self._now()
        if token is None:
            return self._renewed()
        return self._renewed_ahead(token, now) if token.is_due(now, self._life) else token

    def renew(self, rejected: AccessToken, refusal: errors.Refused | None = None) -> AccessToken:
        """A token other than the one that SuperOffice just refused; somebody else's fresh one counts."""
        return self._renewed(other_than=rejected)

    def renew_now(self) -> None:
        """Prove that the way in still works. A token that must not be replaced yet stays."""
        present = self._usable()
        if present is None or self._grant.may_replace(present):
            self._renewed(other_than=present)

    def headers(self, token: AccessToken) -> dict[str, str]:
        return self._grant.headers(token)

    def _usable(self, other_than: AccessToken | None = None) -> AccessToken | None:
        token = self._store.load()
        if token is None or token.expires_at <= self._now():
            return None
        if other_than is not None and token.value == other_than.value:
            return None
        self._transport.redactor.hide(token.value)
        return token

    def _renewed_ahead(self, present: AccessToken, now: datetime) -> AccessToken:
        """The present token as long as somebody else fetches the next one, or when that fails."""
        if self._store.failure_since(now - _PAUSE) or not self._store.claim(LEASE):
            return present
        try:
            return self._fetch_for_all(now, other_than=present)
        except errors.SettingsChanged:
            raise
        except errors.SuperOfficeError as problem:
            logger.warning("the access token could not be renewed ahead of its end: %s", problem)
            return present

    def _renewed(self, other_than: AccessToken | None = None) -> AccessToken:
        """Renew, or wait for whoever does: for the token, or for the failure, which is then ours as well."""
        began, claim_at = self._now(), self._clock()
        patience = self._store.patience(PATIENCE)
        give_up_at = claim_at + patience
        while True:
            if token := self._outcome_since(began, other_than):
                return token
            if self._clock() >= claim_at:
                if self._store.claim(LEASE):
                    return self._fetch_for_all(began, other_than)
                claim_at = self._clock() + 1
            if self._clock() >= give_up_at:
                if patience < PATIENCE:
                    raise errors.Busy("another process is renewing the access token")
                raise errors.Unreachable("the token's renewal did not end in time", reason="timeout")
            self._sleep(random.uniform(0.1, 0.25))  # noqa: S311 - so that the waiting do not ask in step

    def _outcome_since(self, began: datetime, other_than: AccessToken | None) -> AccessToken | None:
        """What somebody else's renewal came to: its token; a failure is raised."""
        if token := self._usable(other_than):
            return token
        if failure := self._store.failure_since(began):
            raise failure
        return None

    def _fetch_for_all(self, began: datetime, other_than: AccessToken | None) -> AccessToken:
        """With the claim in hand. Somebody may have been quicker between our last look and the claim."""
        try:
            token = self._outcome_since(began, other_than) or self._fetch()
        except errors.SuperOfficeError as problem:
            self._store.fail(problem)
            raise
        except BaseException:
            self._store.fail(errors.Unreachable("the token's renewal was broken off", reason="lost"))
            raise
        self._store.save(token)
        return token

    def _fetch(self) -> AccessToken:
        token, self.identity = self._grant.fetch(lambda: self._store.extend(LEASE))
        self._life = token.life
        return token


class PasswordAuth:
    """User name and password go along with every call: there is no token that could be renewed."""

    identity = None

    def __init__(self, credentials: Password, transport: Transport) -> None:
        pair = f"{credentials.username}:{credentials.password}"
        self._value = base64.b64encode(pair.encode()).decode()
        self._username = credentials.username
        for secret in (*credentials.secrets, self._value):
            transport.redactor.hide(secret)

    def token(self) -> AccessToken:
        """Raises InvalidLogin for a user name that cannot be sent."""
        if not self._username or ":" in self._username:
            raise errors.InvalidLogin("a user name is needed, without a colon")
        return AccessToken(self._value, datetime.max.replace(tzinfo=UTC), "Basic")

    def renew(self, rejected: AccessToken, refusal: errors.Refused | None = None) -> AccessToken:
        """Raises InvalidLogin: there is nothing else to try."""
        raise refusal.retold(errors.InvalidLogin) if refusal else errors.InvalidLogin()

    def renew_now(self) -> None:
        """Nothing to do: the next call proves the password."""

    def headers(self, token: AccessToken) -> dict[str, str]:
        return {"Authorization": f"{token.scheme} {token.value}"}
