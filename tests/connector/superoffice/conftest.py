"""A scripted tenant, a transport whose sleep costs no time, and a client between them."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from connector.superoffice.auth import App, Credentials, Password, RefreshToken, SystemUser
from connector.superoffice.client import Client
from connector.superoffice.transport import Transport
from tests.connector.superoffice.server import (
    CLIENT_ID,
    CLIENT_SECRET,
    CONTEXT,
    ONSITE,
    SYSTEM_USER_TOKEN,
    ScriptedTenant,
    app_key_pem,
)

REFRESH_TOKEN = "canary-refresh-token-3f9a"
ONSITE_PASSWORD = "canary-pässwörd:7"
MakeClient = Callable[..., Client]
MakeTransport = Callable[..., Transport]
OpenClient = Callable[..., Client]


class Time:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.sleeps: list[float] = []

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        self.now += seconds


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def tenant() -> Iterator[ScriptedTenant]:
    with ScriptedTenant() as server:
        yield server


def app_for(login_url: str, **changes: str) -> App:
    values = {
        "login_url": login_url,
        "context_identifier": CONTEXT,
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "redirect_uri": "https://desk.example/callback",
    }
    return App(**{**values, **changes})


def credentials_for(login_url: str, *, refresh_token: str = REFRESH_TOKEN, **changes: str) -> RefreshToken:
    return RefreshToken(app_for(login_url, **changes), refresh_token)


def system_user_for(login_url: str, *, private_key: str = "", **changes: str) -> SystemUser:
    return SystemUser(app_for(login_url, **changes), SYSTEM_USER_TOKEN, private_key or app_key_pem())


def password_for(root: str, *, username: str = "desk", password: str = ONSITE_PASSWORD) -> Password:
    return Password(f"{root}{ONSITE}", username, password)


@pytest.fixture
def make_transport(time: Time) -> Iterator[MakeTransport]:
    made: list[Transport] = []

    def make(**options: Any) -> Transport:
        defaults: dict[str, Any] = {
            "calls_per_second": None,
            "timeouts": (2.0, 5.0),
            "sleep": time.sleep,
            "clock": time.clock,
            "jitter": lambda: 1.0,
        }
        made.append(Transport(**{**defaults, **options}))
        return made[-1]

    yield make
    for transport in made:
        transport.close()


@pytest.fixture
def open_client(make_transport: MakeTransport) -> OpenClient:
    """A client for any way in."""

    def make(credentials: Credentials, *, options: dict[str, Any] | None = None, **more: Any) -> Client:
        return Client(credentials, transport=make_transport(**(options or {})), **more)

    return make


@pytest.fixture
def make_client(tenant: ScriptedTenant, open_client: OpenClient) -> MakeClient:
    def make(*, changes: dict[str, str] | None = None, **more: Any) -> Client:
        return open_client(credentials_for(**{"login_url": tenant.url, **(changes or {})}), **more)

    return make


@pytest.fixture
def client(make_client: MakeClient) -> Client:
    return make_client()
