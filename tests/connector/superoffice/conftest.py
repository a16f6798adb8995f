"""A scripted tenant, a transport whose sleep costs no time, and a client between them."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from connector.superoffice.auth import Credentials
from connector.superoffice.client import Client
from connector.superoffice.transport import Transport
from tests.connector.superoffice.server import CLIENT_ID, CONTEXT, ScriptedTenant

CLIENT_SECRET = "canary/secret+with&signs<>%"
REFRESH_TOKEN = "canary-refresh-token-3f9a"
MakeClient = Callable[..., Client]


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


def credentials_for(login_url: str, **changes: str) -> Credentials:
    values = {
        "login_url": login_url,
        "context_identifier": CONTEXT,
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "refresh_token": REFRESH_TOKEN,
        "redirect_uri": "https://desk.example/callback",
    }
    return Credentials(**{**values, **changes})


@pytest.fixture
def make_transport(time: Time) -> Iterator[Callable[..., Transport]]:
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
def make_client(tenant: ScriptedTenant, make_transport: Callable[..., Transport]) -> MakeClient:
    def make(
        *, changes: dict[str, str] | None = None, options: dict[str, Any] | None = None, **more: Any
    ) -> Client:
        credentials = credentials_for(**{"login_url": tenant.url, **(changes or {})})
        return Client(credentials, transport=make_transport(**(options or {})), **more)

    return make


@pytest.fixture
def client(make_client: MakeClient) -> Client:
    return make_client()
