"""Where the tenant lives: its state, its API's address, and which addresses may be given a credential."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import Any, Literal, Protocol
from urllib.parse import SplitResult, quote, urlsplit

from connector.superoffice import errors
from connector.superoffice.fields import Fields
from connector.superoffice.messages import Request
from connector.superoffice.transport import Transport
from connector.superoffice.types import TenantState

SHORTEST, LONGEST = timedelta(minutes=1), timedelta(hours=1)  # how long a state is believed
_SUPEROFFICE = re.compile(r"(?:[a-z0-9-]+\.)+superoffice\.com")  # the login hosts and all of their tenants
RecordKind = Literal["sale", "company", "person", "document"]
# SuperOffice's navigation targets. The host moves: make links when a page is shown, never store them.
_TARGETS: dict[RecordKind, str] = {
    "sale": "sale.main?sale_id={}",
    "company": "contact.main?contact_id={}",
    "person": "person.main?person_id={}",
    "document": "document?document_id={}",
}


def web_link(endpoint: str, kind: RecordKind, record_id: int) -> str:
    """The record's page in SuperOffice's web client; `endpoint` comes from TenantState."""
    return f"{endpoint}/default.aspx?{_TARGETS[kind].format(int(record_id))}"


def safe_address(address: str, *, allow_loopback: bool) -> str:
    """The address without ":443" and trailing slash. Raises UnsafeAddress.

    Only https may be given a credential; plain http is for a server on this machine (demo, tests).
    """
    try:
        parts = urlsplit(address.strip())
        host, port = parts.hostname, parts.port
    except ValueError:
        parts, host, port = SplitResult("", "", "", "", ""), None, None
    if not host or parts.username is not None or parts.query or parts.fragment:
        raise errors.UnsafeAddress("this is no plain https:// address")
    if parts.scheme != "https" and not (parts.scheme == "http" and allow_loopback and is_loopback(host)):
        raise errors.UnsafeAddress("it must be addressed by https://")
    host = f"[{host}]" if ":" in host else host
    default = {"https": 443, "http": 80}[parts.scheme]
    netloc = host if port in {None, default} else f"{host}:{port}"
    return f"{parts.scheme}://{netloc}{parts.path.rstrip('/')}"


def is_superoffice(address: str) -> bool:
    """Whether this is SuperOffice Online itself, at https's own port."""
    parts = urlsplit(address)
    is_plain = parts.scheme == "https" and parts.port in {None, 443}
    return is_plain and bool(_SUPEROFFICE.fullmatch(parts.hostname or ""))


def is_loopback(host: str) -> bool:
    """Whether the host can only be this machine."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


class StateStore(Protocol):
    """Keeps the tenant's state for everybody who asks that tenant."""

    def load(self) -> tuple[TenantState, datetime] | None:
        """The state last saved and until when it may be believed (aware, UTC)."""

    def save(self, state: TenantState, until: datetime) -> None: ...


class MemoryStateStore:
    """A state store for one process."""

    def __init__(self) -> None:
        self._known: tuple[TenantState, datetime] | None = None

    def load(self) -> tuple[TenantState, datetime] | None:
        return self._known

    def save(self, state: TenantState, until: datetime) -> None:
        self._known = state, until


class Whereabouts(Protocol):
    """What a client needs to know of its tenant."""

    def read(self) -> TenantState: ...

    def running(self, *, fresh: bool = False) -> TenantState: ...


class Tenant:
    """One tenant as its login host describes it. The state is remembered until it says it is stale."""

    def __init__(
        self,
        login_url: str,
        context_identifier: str,
        transport: Transport,
        *,
        store: StateStore | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._login_url = login_url
        self._context_identifier = context_identifier
        self._transport = transport
        self._store = store or MemoryStateStore()
        self._now = now
        # What this process knows, so that not every call has to ask the store.
        self._known: tuple[TenantState, datetime] | None = None

    def read(self) -> TenantState:
        """Ask the login host. Raises Unreachable, ServerError, UnexpectedAnswer, WrongTenant."""
        url = f"{self._login_url}/api/state/{quote(self._context_identifier, safe='')}"
        try:
            response = self._transport.send(Request("GET", url))
        except errors.NotFound:
            state = TenantState("Unknown", is_running=False, endpoint="", api="", valid_until=None)
        else:
            with errors.told_at(response.where):
                state = self._understood(response.json())
        self._remember(state)
        return state

    def current(self) -> TenantState:
        """The remembered state, or a fresh one when it is too old."""
        now = self._now()
        for look in (lambda: self._known, self._store.load):
            known = look()
            if known is not None and now < known[1]:
                self._known = known
                return known[0]
        return self.read()

    def running(self, *, fresh: bool = False) -> TenantState:
        """As `current` (or `read`), but raises TenantNotRunning unless the API is up."""
        state = self.read() if fresh else self.current()
        if not state.is_running:
            raise errors.TenantNotRunning(
                state=state.state,
                valid_until=state.valid_until,
                method="GET",
                path=f"/api/state/{self._context_identifier}",
            )
        return state

    def _remember(self, state: TenantState) -> None:
        now = self._now()
        # A tenant that is down is asked again soon, whatever it says: maintenance often ends early.
        until = state.valid_until if state.is_running and state.valid_until else now
        self._known = state, min(max(until, now + SHORTEST), now + LONGEST)
        self._store.save(*self._known)

    def _understood(self, answer: Any) -> TenantState:
        fields = Fields.of(answer, "tenant state")
        actual = fields.text("ContextIdentifier")
        told = self._transport.redactor.fact
        if actual and actual != self._context_identifier:
            raise errors.WrongTenant(expected=self._context_identifier, actual=told(actual))
        state = told(fields.text("State")) or "Unknown"
        is_running = fields.flag("IsRunning", missing=False)
        valid_until = fields.moment("ValidUntil")
        if not is_running:
            return TenantState(state, is_running=False, endpoint="", api="", valid_until=valid_until)
        endpoint, api = self._addresses(fields)
        return TenantState(state, is_running=True, endpoint=endpoint, api=api, valid_until=valid_until)

    def _addresses(self, fields: Fields) -> tuple[str, str]:
        # A login host out there must not send our token to a port of this machine, nor over plain http.
        local = is_loopback(urlsplit(self._login_url).hostname or "")
        endpoint = safe_address(fields.text("Endpoint"), allow_loopback=local)
        api = safe_address(fields.text("Api") or f"{endpoint}/api", allow_loopback=local)
        if urlsplit(endpoint).netloc != urlsplit(api).netloc:
            raise errors.UnsafeAddress("the tenant's endpoint and its API are on different hosts")
        # SuperOffice's own login host knows tenants of SuperOffice Online, and of nobody else.
        if is_superoffice(self._login_url) and not (is_superoffice(endpoint) and is_superoffice(api)):
            raise errors.UnsafeAddress("the tenant's address is not one of SuperOffice Online")
        return endpoint, api


class OnsiteTenant:
    """An installation of our own: it is where we were told, and no login host knows its state."""

    def __init__(self, base_url: str, transport: Transport) -> None:
        endpoint = safe_address(base_url, allow_loopback=True)
        self._transport = transport
        self._state = TenantState(
            "Running", is_running=True, endpoint=endpoint, api=f"{endpoint}/api", valid_until=None
        )

    def read(self) -> TenantState:
        """Prove that SuperOffice's API answers there, without a credential. Raises what the transport
        raises, UnexpectedAnswer for something else than SuperOffice.
        """
        request = Request("GET", self._state.api, headers={"Accept": "application/json"})
        try:
            response = self._transport.send(request)
        except errors.Unauthorized:
            return self._state  # it is there, and wants to know who asks
        with errors.told_at(response.where):
            if not Fields.of(response.json(), "API root").text("NetServerVersion"):
                raise errors.UnexpectedAnswer("no version: this is not SuperOffice's API")
        return self._state

    def running(self, *, fresh: bool = False) -> TenantState:
        """Assumed, or proved when `fresh`."""
        return self.read() if fresh else self._state
