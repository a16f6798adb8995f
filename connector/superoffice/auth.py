"""From a refresh token to an access token, and the proof that it belongs to the configured tenant.

One way to a token lives here today. Another one (a sign-in, a system user) needs what `Auth` has: `token`
and `renew`.
"""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import jwt

from connector.superoffice import errors
from connector.superoffice.fields import Fields
from connector.superoffice.messages import Request, Response
from connector.superoffice.tenant import safe_address
from connector.superoffice.transport import Transport

LOGIN_URLS = {
    "sod": "https://sod.superoffice.com",
    "stage": "https://qaonline.superoffice.com",
    "online": "https://online.superoffice.com",
}
_CLAIM = "http://schemes.superoffice.net/identity/"
_LEEWAY = timedelta(minutes=5)  # between SuperOffice's clock and ours; the token came fresh over TLS
_LIFETIME = 3600  # seconds, what SuperOffice documents, when the answer does not say


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Credentials:
    """How we reach one tenant; `login_url` is one of LOGIN_URLS or an installation's own."""

    login_url: str
    context_identifier: str
    client_id: str
    client_secret: str = field(repr=False)
    refresh_token: str = field(repr=False)
    redirect_uri: str


@dataclass(frozen=True, slots=True)
class AccessToken:
    """`expires_at` (aware, UTC) is when we stop using it: after four fifths of its life."""

    value: str = field(repr=False)
    expires_at: datetime


class TokenStore(Protocol):
    """Where an access token is kept between calls, so that several clients share one."""

    def load(self) -> AccessToken | None: ...

    def save(self, token: AccessToken) -> None: ...

    def clear(self) -> None: ...


class MemoryTokenStore:
    """A token store for one process."""

    def __init__(self) -> None:
        self._token: AccessToken | None = None

    def load(self) -> AccessToken | None:
        return self._token

    def save(self, token: AccessToken) -> None:
        self._token = token

    def clear(self) -> None:
        self._token = None


@dataclass(frozen=True, slots=True)
class Identity:
    """What a verified id_token says about the user behind the tokens."""

    context_identifier: str
    associate_id: int | None
    email: str
    is_administrator: bool

    @classmethod
    def from_claims(cls, claims: Mapping[str, Any]) -> "Identity":
        fields = Fields({name.removeprefix(_CLAIM): value for name, value in claims.items()}, "id_token")
        return cls(
            context_identifier=fields.text("ctx"),
            associate_id=fields.id("associateid"),
            email=fields.text("email"),
            # The claim is the text "True" or "False".
            is_administrator=fields.flag("is_administrator", missing=False),
        )


class Auth:
    """Keeps a valid access token at hand; threads that find it expired together make one refresh.

    `identity` is the last verified one. `on_refresh_token` gets a new refresh token before anything else
    happens; SuperOffice sends none today, and an empty one never replaces what we have.
    """

    def __init__(
        self,
        credentials: Credentials,
        transport: Transport,
        store: TokenStore,
        *,
        on_refresh_token: Callable[[str], None] | None = None,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        login_url = safe_address(credentials.login_url, allow_loopback=True)
        self._credentials = replace(credentials, login_url=login_url)
        self._transport, self._store, self._now = transport, store, now
        self._on_refresh_token = on_refresh_token
        self._lock = threading.Lock()
        self._keys: list[jwt.PyJWK] = []
        self.identity: Identity | None = None
        for secret in (credentials.client_secret, credentials.refresh_token):
            transport.redactor.hide(secret)

    def token(self) -> AccessToken:
        """A usable token, refreshed when needed. Raises a SignInFailed, or what the transport raises."""
        return self._usable() or self._refresh_unless(self._usable)

    def renew(self, rejected: AccessToken) -> AccessToken:
        """A token other than the one that SuperOffice just refused; somebody else's fresh one counts."""
        return self._refresh_unless(lambda: self._usable(other_than=rejected))

    def _usable(self, other_than: AccessToken | None = None) -> AccessToken | None:
        token = self._store.load()
        if token is None or token.expires_at <= self._now():
            return None
        if other_than is not None and token.value == other_than.value:
            return None
        self._transport.redactor.hide(token.value)
        return token

    def _refresh_unless(self, usable: Callable[[], AccessToken | None]) -> AccessToken:
        with self._lock:
            return usable() or self._refresh()

    def _refresh(self) -> AccessToken:
        self._store.clear()
        response = self._ask_for_token()
        try:
            fields = Fields.of(response.json(), "token answer")
            token = self._access_token(fields)
            self._keep_refresh_token(fields.text("refresh_token"))
            self.identity = self._verified(fields.text("id_token"))
        except errors.SuperOfficeError as problem:
            problem.located(**response.where)
            raise
        self._store.save(token)
        return token

    def _ask_for_token(self) -> Response:
        """The refresh grant. Secrets go into the body: an address would end up in logs on the way."""
        credentials = self._credentials
        request = Request(
            "POST",
            f"{credentials.login_url}/login/common/oauth/tokens",
            form={
                "grant_type": "refresh_token",
                "client_id": credentials.client_id,
                "client_secret": credentials.client_secret,
                "refresh_token": credentials.refresh_token,
                "redirect_uri": credentials.redirect_uri,
            },
        )
        try:
            return self._transport.send(request)
        except errors.Refused as refused:
            raise _sign_in_error(refused) from None

    def _access_token(self, fields: Fields) -> AccessToken:
        value = fields.text("access_token")
        if not value or not value.isascii() or not value.isprintable():
            raise fields.bad("access_token", "no usable access token")
        self._transport.redactor.hide(value)
        lifetime = float(fields.amount("expires_in")) or _LIFETIME
        return AccessToken(value, self._now() + timedelta(seconds=min(max(lifetime, 0), 86_400) * 0.8))

    def _keep_refresh_token(self, value: str) -> None:
        if not value or value == self._credentials.refresh_token:
            return
        self._transport.redactor.hide(value)
        self._credentials = replace(self._credentials, refresh_token=value)
        if self._on_refresh_token:
            self._on_refresh_token(value)

    def _verified(self, id_token: str) -> Identity:
        """Raises InvalidIdentity, or WrongTenant with both names."""
        try:
            claims = jwt.decode(
                id_token,
                self._key_for(id_token),
                algorithms=["RS256"],
                audience=self._credentials.client_id,
                issuer=self._credentials.login_url,
                leeway=_LEEWAY,
                options={"require": ["exp", "iss", "aud"]},
            )
        except jwt.PyJWTError as problem:
            raise errors.InvalidIdentity(self._transport.redactor.redact(str(problem))) from None
        identity = Identity.from_claims(claims)
        expected = self._credentials.context_identifier
        if identity.context_identifier != expected:
            raise errors.WrongTenant(expected=expected, actual=identity.context_identifier)
        return identity

    def _key_for(self, id_token: str) -> jwt.PyJWK:
        """The login host's key that the token names; the set is read again when the name is new."""
        key_id = jwt.get_unverified_header(id_token).get("kid")
        for is_fresh in (False, True):
            if is_fresh or not self._keys:
                self._keys = self._read_keys()
            for key in self._keys:
                if key_id in {None, key.key_id}:
                    return key
        raise jwt.InvalidKeyError("the login host has no key with the name in the id_token")

    def _read_keys(self) -> list[jwt.PyJWK]:
        response = self._transport.send(
            Request("GET", f"{self._credentials.login_url}/login/.well-known/jwks")
        )
        data = response.json()
        if not isinstance(data, dict):
            raise errors.UnexpectedAnswer("a key set that is no object", **response.where)
        return [key for key in jwt.PyJWKSet.from_dict(data).keys if key.key_type == "RSA"]


def _sign_in_error(refused: errors.Refused) -> errors.SuperOfficeError:
    """The login host's refusal in our words. Its error body is undocumented: a bare 401 is a wrong client."""
    kind: type[errors.SuperOfficeError] | None = {
        "invalid_grant": errors.NeedsConsent,
        "invalid_client": errors.InvalidClient,
        "unauthorized_client": errors.InvalidClient,
    }.get(refused.error_type)
    if kind is None and isinstance(refused, errors.Unauthorized) and not refused.error_type:
        kind = errors.InvalidClient
    if kind is None:
        return refused
    return kind(
        refused.detail,
        method=refused.method,
        path=refused.path,
        status=refused.status,
        error_type=refused.error_type,
        request_id=refused.request_id,
    )
