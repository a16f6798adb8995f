"""Caller: one call to the tenant with token, host and pins; what the client's questions are made of."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self

from connector.superoffice import errors
from connector.superoffice.auth import (
    AccessToken,
    Credentials,
    MemoryTokenStore,
    Password,
    SignIn,
    TokenStore,
    auth_for,
)
from connector.superoffice.messages import Request, Response
from connector.superoffice.tenant import OnsiteTenant, StateStore, Tenant, Whereabouts
from connector.superoffice.transport import Transport

# The pins that make texts and dates mean the same on every tenant. Reads send no SO-TimeZone on purpose:
# without it sale dates are days in the tenant's own zone, and any zone sent would move them across
# midnight. (Creating a document names its zone, see there.)
PINNED = {"Accept": "application/json", "Accept-Language": "en", "SO-Culture": "en-US"}


class Caller:
    """Opens nothing and asks nothing by itself: see `client.Client`."""

    def __init__(
        self,
        credentials: Credentials,
        *,
        token_store: TokenStore | None = None,
        state_store: StateStore | None = None,
        transport: Transport | None = None,
        on_refresh_token: Callable[[str], None] | None = None,
    ) -> None:
        self._transport = transport or Transport()
        store = token_store or MemoryTokenStore()
        self._auth = auth_for(credentials, self._transport, store, on_refresh_token)
        self._tenant = _whereabouts(credentials, self._transport, state_store)

    def close(self) -> None:
        self._transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # --- One call ---------------------------------------------------------------------------------

    def _get(self, path: str, query: Mapping[str, str] | None = None) -> Response:
        return self._call("GET", path, query=query or {})

    def _call(self, method: str, path: str, **parts: Any) -> Response:
        """One call to a route of the tenant's API."""
        return self._send(method, f"v1/{path}", **parts)

    def _send(
        self, method: str, path: str, *, headers: Mapping[str, str] | None = None, **parts: Any
    ) -> Response:
        """One call with the current token, host and pins; `path` is below the API's root."""

        def build(token: AccessToken) -> Request:
            url = f"{self._tenant.running().api}/{path}".rstrip("/")
            shown = PINNED | dict(headers or {}) | self._auth.headers(token)
            return Request(method, url, headers=shown, **parts)

        self._tenant.running()  # before the token: a tenant that is down should not cost a refresh
        token = self._auth.token()
        return self._transport.send(build(token), _Repair(self._auth, self._tenant, token, build))

    @contextmanager
    def _answer(self, response: Response, *, is_shown: bool = False) -> Iterator[Any]:
        """The answer's JSON; what is wrong with it is told together with the call. Null means that there is
        no such record. `is_shown` masks our secrets: for words about the tenant that pages and logs name.
        """
        with errors.told_at(response.where):
            data = response.shown() if is_shown else response.json()
            if data is None:
                raise errors.NotFound("an empty answer")
            yield data


class _Repair:
    """What may be put right between two attempts of one call: the token once, the tenant's address once."""

    def __init__(
        self, auth: SignIn, tenant: Whereabouts, token: AccessToken, build: Callable[[AccessToken], Request]
    ) -> None:
        self._auth, self._tenant, self._token, self._build = auth, tenant, token, build
        self._renewed = self._looked = False

    def __call__(self, error: errors.SuperOfficeError) -> Request | None:
        if isinstance(error, errors.Unauthorized) and not self._renewed:
            self._renewed = True
            self._token = self._auth.renew(self._token, error)
            return self._build(self._token)
        if _host_in_doubt(error) and not self._looked:
            self._looked = True
            return self._look_again()
        return None

    def _look_again(self) -> Request | None:
        """Raises TenantNotRunning, the better diagnosis; other trouble with the login host must not hide
        the first error.
        """
        try:
            self._tenant.running(fresh=True)
        except errors.TenantNotRunning:
            raise
        except errors.SuperOfficeError:
            return None
        return self._build(self._token)


def _whereabouts(credentials: Credentials, transport: Transport, store: StateStore | None) -> Whereabouts:
    if isinstance(credentials, Password):
        return OnsiteTenant(credentials.base_url, transport)
    app = credentials.app.checked()
    return Tenant(app.login_url, app.context_identifier, transport, store=store)


def _host_in_doubt(error: errors.SuperOfficeError) -> bool:
    """Moved, failed or silent: its login host knows whether the tenant is up, and where."""
    return isinstance(error, errors.ServerError | errors.WrongHost | errors.Unreachable)
