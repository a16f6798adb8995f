"""Where the tenant lives, how long that is believed, and the links into its web client."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connector.superoffice import errors
from connector.superoffice.auth import LOGIN_URLS
from connector.superoffice.client import Client
from connector.superoffice.fields import Fields
from connector.superoffice.tenant import MemoryStateStore, Tenant, is_loopback, safe_address, web_link
from tests.connector.superoffice.conftest import MakeClient, MakeTransport
from tests.connector.superoffice.rows import person_entity
from tests.connector.superoffice.server import CONTEXT, ScriptedTenant, answer

pytestmark = pytest.mark.once

STATE = f"/api/state/{CONTEXT}"


def state(**changes: object) -> dict[str, object]:
    endpoint = f"http://127.0.0.1:1/{CONTEXT}"
    return {
        "ContextIdentifier": CONTEXT,
        "Endpoint": endpoint,
        "State": "Running",
        "IsRunning": True,
        "ValidUntil": "2030-01-01T12:00:00.1234567Z",
        "Api": f"{endpoint}/api",
        **changes,
    }


class Calendar:
    def __init__(self) -> None:
        self.now = datetime(2030, 1, 1, 11, 50, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def later(self, **span: float) -> None:
        self.now += timedelta(**span)


@pytest.fixture
def calendar() -> Calendar:
    return Calendar()


@pytest.fixture
def watched(tenant: ScriptedTenant, make_transport: MakeTransport, calendar: Calendar) -> Tenant:
    tenant.script("GET", STATE, answer(state()))
    return Tenant(tenant.url, CONTEXT, make_transport(), now=calendar)


def test_the_state_is_read_without_a_credential(tenant: ScriptedTenant, client: Client) -> None:
    found = client.tenant_state()
    assert found.state == "Running"
    assert found.is_running
    assert found.endpoint == f"{tenant.url}/{CONTEXT}"
    assert found.api == f"{tenant.url}/{CONTEXT}/api"
    assert found.valid_until is not None
    assert found.valid_until.tzinfo == UTC
    assert "Authorization" not in tenant.calls(STATE)[0].headers


def test_the_state_is_believed_until_it_says(
    tenant: ScriptedTenant, watched: Tenant, calendar: Calendar
) -> None:
    watched.current()
    calendar.later(minutes=9, seconds=59)
    watched.current()
    assert len(tenant.calls(STATE)) == 1
    calendar.later(seconds=2)
    watched.current()
    assert len(tenant.calls(STATE)) == 2


@pytest.mark.parametrize(
    ("valid_until", "minutes"),
    [("2020-01-01T00:00:00Z", 1), ("9999-12-31T23:59:59", 1), (None, 1), ("2031-01-01T00:00:00Z", 60)],
)
def test_the_state_is_believed_for_a_minute_at_least_and_an_hour_at_most(
    tenant: ScriptedTenant, watched: Tenant, calendar: Calendar, valid_until: str | None, minutes: int
) -> None:
    tenant.script("GET", STATE, answer(state(ValidUntil=valid_until)))
    watched.current()
    calendar.later(minutes=minutes, seconds=-1)
    watched.current()
    assert len(tenant.calls(STATE)) == 1
    calendar.later(seconds=2)
    watched.current()
    assert len(tenant.calls(STATE)) == 2


def test_maintenance_is_looked_at_again_after_a_minute(
    tenant: ScriptedTenant, watched: Tenant, calendar: Calendar
) -> None:
    down = answer(state(State="OfflineMaintenance", IsRunning=False, Endpoint=None, Api=None))
    tenant.script("GET", STATE, down, answer(state()))
    for _ in range(2):
        with pytest.raises(errors.TenantNotRunning):
            watched.running()
    calendar.later(seconds=61)
    assert watched.running().is_running
    assert len(tenant.calls(STATE)) == 2


def test_processes_share_what_one_of_them_learnt(
    tenant: ScriptedTenant, make_transport: MakeTransport, calendar: Calendar
) -> None:
    tenant.script("GET", STATE, answer(state()))
    store = MemoryStateStore()
    one, other = (Tenant(tenant.url, CONTEXT, make_transport(), store=store, now=calendar) for _ in range(2))
    assert one.running() == other.running()
    assert len(tenant.calls(STATE)) == 1
    calendar.later(minutes=11)
    assert other.running() == one.running()
    assert len(tenant.calls(STATE)) == 2, "and they learn together when it has become too old"


def test_processes_share_that_the_tenant_is_down_for_a_minute(
    tenant: ScriptedTenant, make_transport: MakeTransport, calendar: Calendar
) -> None:
    down = answer(state(State="OfflineMaintenance", IsRunning=False, Endpoint=None, Api=None))
    tenant.script("GET", STATE, down)
    store = MemoryStateStore()
    for _ in range(3):
        with pytest.raises(errors.TenantNotRunning):
            Tenant(tenant.url, CONTEXT, make_transport(), store=store, now=calendar).running()
    assert len(tenant.calls(STATE)) == 1
    known = store.load()
    assert known is not None
    assert known[1] == calendar() + timedelta(minutes=1)


def test_what_a_process_knows_itself_is_not_asked_of_the_store_again(
    tenant: ScriptedTenant, make_transport: MakeTransport, calendar: Calendar
) -> None:
    class Counting(MemoryStateStore):
        loads = 0

        def load(self) -> Any:
            self.loads += 1
            return super().load()

    tenant.script("GET", STATE, answer(state()))
    store = Counting()
    Tenant(tenant.url, CONTEXT, make_transport(), store=store, now=calendar).read()
    watched = Tenant(tenant.url, CONTEXT, make_transport(), store=store, now=calendar)
    for _ in range(5):
        watched.running()
    assert store.loads == 1


def test_a_tenant_that_moved_is_found_and_all_processes_know(
    tenant: ScriptedTenant, make_client: MakeClient
) -> None:
    store = MemoryStateStore()
    tenant.script("GET", "Person/63", answer(b"Wrong subdomain used to access tenant", 421, "text/plain"))
    with ScriptedTenant() as new_home:
        new_home.script("GET", "Person/63", answer(person_entity(63)))
        client = make_client(state_store=store)
        client.tenant_state()
        tenant.settings.endpoint = f"{new_home.url}/{CONTEXT}/"
        assert client.person(63).id == 63
        links = make_client(state_store=store)
        assert links.web_link("sale", 1).startswith(f"{new_home.url}/{CONTEXT}/")
    assert len(tenant.calls(STATE)) == 2


def test_trap_the_login_host_is_not_the_api_host(tenant: ScriptedTenant, make_client: MakeClient) -> None:
    with ScriptedTenant() as numbered:
        numbered.script("GET", "Person/63", answer(person_entity(63)))
        tenant.settings.endpoint = f"{numbered.url}/{CONTEXT}"
        assert make_client().person(63).id == 63
    assert not tenant.calls("Person/63")
    assert [seen.path for seen in numbered.seen] == [f"/{CONTEXT}/api/v1/Person/63"]


def test_trap_moments_with_seven_digits_are_read(watched: Tenant) -> None:
    assert watched.read().valid_until == datetime(2030, 1, 1, 12, 0, 0, 123456, UTC)


def test_online_maintenance_still_runs(tenant: ScriptedTenant, client: Client) -> None:
    tenant.settings.state = "OnlineMaintenance"
    assert client.tenant_state().is_running


def test_a_state_of_another_tenant_is_refused_with_both_names(tenant: ScriptedTenant, client: Client) -> None:
    tenant.script("GET", STATE, answer(state(ContextIdentifier="Cust99999")))
    with pytest.raises(errors.WrongTenant, match="Cust99999 instead of Cust12345"):
        client.tenant_state()


@pytest.mark.parametrize("answered", [[], "Running", 5, {"IsRunning": "perhaps"}, {"IsRunning": []}])
def test_a_state_that_is_none_is_an_unexpected_answer(
    tenant: ScriptedTenant, client: Client, answered: object
) -> None:
    tenant.script("GET", STATE, answer(answered))
    with pytest.raises(errors.UnexpectedAnswer):
        client.tenant_state()


def test_endpoint_and_api_must_share_a_host(tenant: ScriptedTenant, client: Client) -> None:
    tenant.script("GET", STATE, answer(state(Api="http://127.0.0.1:2/x/api")))
    with pytest.raises(errors.UnsafeAddress):
        client.tenant_state()


@pytest.mark.parametrize(
    ("address", "normal"),
    [
        ("https://online3.superoffice.com:443/Cust12345/", "https://online3.superoffice.com/Cust12345"),
        ("HTTPS://Online3.SuperOffice.com/Cust12345", "https://online3.superoffice.com/Cust12345"),
        ("https://crm.firma.example:8443", "https://crm.firma.example:8443"),
        ("http://localhost:8001/", "http://localhost:8001"),
        ("http://[::1]:80/x/", "http://[::1]/x"),
    ],
)
def test_trap_addresses_with_port_443_are_brought_to_one_spelling(address: str, normal: str) -> None:
    assert safe_address(address, allow_loopback=True) == normal


def test_a_login_host_out_there_cannot_send_our_token_to_this_machine() -> None:
    with pytest.raises(errors.UnsafeAddress):
        safe_address("http://127.0.0.1:8000/Cust12345", allow_loopback=False)


ELSEWHERE = [
    "https://10.0.0.5:8443/x",
    "https://169.254.169.254/",
    "https://evil.example/Cust12345",
    "https://superoffice.com/Cust12345",
    "https://superoffice.com.evil.example/Cust12345",
    "https://evilsuperoffice.com/Cust12345",
    "https://sod2.superoffice.com:8443/Cust12345",
    "https://evil.example\\.superoffice.com/Cust12345",
    "https://sod2.superoffice.com./Cust12345",
    "http://sod2.superoffice.com/Cust12345",
    "http://127.0.0.1:8000/Cust12345",
]


def addresses(login_url: str, make_transport: MakeTransport, **given: str) -> tuple[str, str]:
    fields = Fields.of(given, "tenant state")
    return Tenant(login_url, CONTEXT, make_transport())._addresses(fields)


@pytest.mark.parametrize("login_url", LOGIN_URLS.values())
@pytest.mark.parametrize("elsewhere", ELSEWHERE)
def test_superoffices_own_login_host_sends_our_token_to_superoffice_only(
    make_transport: MakeTransport, login_url: str, elsewhere: str
) -> None:
    with pytest.raises(errors.UnsafeAddress):
        addresses(login_url, make_transport, Endpoint=elsewhere)
    with pytest.raises(errors.UnsafeAddress):
        addresses(login_url, make_transport, Endpoint="https://sod2.superoffice.com/C", Api=elsewhere)


@pytest.mark.parametrize("login_url", LOGIN_URLS.values())
def test_superoffices_own_tenants_are_found(make_transport: MakeTransport, login_url: str) -> None:
    found = addresses(login_url, make_transport, Endpoint="https://SOD2.SuperOffice.com:443/Cust12345/")
    assert found[1] == "https://sod2.superoffice.com/Cust12345/api"


def test_a_login_host_of_somebody_else_may_name_any_host_by_https(make_transport: MakeTransport) -> None:
    endpoint = "https://crm.firma.example:8443/Cust12345"
    assert addresses("https://login.firma.example", make_transport, Endpoint=endpoint)[0] == endpoint


@pytest.mark.parametrize(
    "host", ["127.0.0.1.example.com", "localhost.example.com", "192.168.1.4", "0.0.0.0", ""]
)
def test_only_this_machine_is_loopback(host: str) -> None:
    assert not is_loopback(host)
    assert is_loopback("127.0.0.5")
    assert is_loopback("::1")


def test_links_lead_into_the_tenants_web_client(tenant: ScriptedTenant, client: Client) -> None:
    root = f"{tenant.url}/{CONTEXT}/default.aspx"
    assert client.web_link("sale", 123) == f"{root}?sale.main?sale_id=123"
    assert client.web_link("company", 25) == f"{root}?contact.main?contact_id=25"
    assert client.web_link("person", 63) == f"{root}?person.main?person_id=63"
    assert client.web_link("document", 7) == f"{root}?document?document_id=7"
    assert len(tenant.seen) == 1, "the state is asked once, and no token is needed"


def test_a_link_needs_no_call_where_the_state_is_known(
    tenant: ScriptedTenant, make_client: MakeClient
) -> None:
    store = MemoryStateStore()
    make_client(state_store=store).tenant_state()
    link = make_client(state_store=store).web_link("sale", 123)
    assert link.startswith(tenant.url)
    assert len(tenant.seen) == 1


def test_a_link_follows_a_moved_tenant() -> None:
    assert web_link("https://online7.superoffice.com/Cust1", "sale", 1).startswith("https://online7.")
