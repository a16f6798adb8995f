"""In with user name and password, at an installation of our own: no login host, no token, one address."""

import base64
from typing import Any

import pytest

from connector.superoffice import errors
from connector.superoffice.auth import MemoryTokenStore, Password
from connector.superoffice.client import Client
from tests.connector.superoffice.conftest import ONSITE_PASSWORD, MakeTransport, OpenClient, password_for
from tests.connector.superoffice.rows import person_entity
from tests.connector.superoffice.server import ONSITE, Handler, ScriptedTenant, answer

pytestmark = pytest.mark.once

ROOT = f"{ONSITE}/api"
PERSON = f"{ROOT}/v1/Person/63"
GOOD = answer(person_entity(63))
HTML = answer(b"<html><h1>Welcome to the intranet</h1></html>", 200, "text/html")


@pytest.fixture
def onsite(tenant: ScriptedTenant, open_client: OpenClient) -> Client:
    tenant.script("GET", PERSON, GOOD)
    return open_client(password_for(tenant.url))


def failure(client: Client) -> errors.SuperOfficeError:
    with pytest.raises(errors.SuperOfficeError) as caught:
        client.person(63)
    return caught.value


def test_user_name_and_password_go_along_with_each_call_and_nothing_else_is_asked(
    tenant: ScriptedTenant, onsite: Client
) -> None:
    assert [onsite.person(63).id for _ in range(2)] == [63, 63]
    assert [seen.path for seen in tenant.seen] == [PERSON, PERSON]
    for seen in tenant.seen:
        scheme, _, value = seen.headers["Authorization"].partition(" ")
        assert scheme == "Basic"
        assert base64.b64decode(value).decode() == f"desk:{ONSITE_PASSWORD}"
        assert "SO-AppToken" not in seen.headers
        assert seen.headers["Accept-Language"] == "en"


def test_a_refused_password_is_told_as_such_and_tried_once(tenant: ScriptedTenant, onsite: Client) -> None:
    body = {"Error": True, "ErrorType": "SoAuthException", "ErrorMessage": "Login failed"}
    tenant.script("GET", PERSON, answer(body, 401))
    error = failure(onsite)
    assert type(error) is errors.InvalidLogin
    assert (error.code, error.status, error.path) == ("invalid_login", 401, PERSON)
    assert (error.detail, error.error_type) == ("Login failed", "SoAuthException")
    assert isinstance(error, errors.SignInFailed)
    assert len(tenant.calls(PERSON)) == 1, "a second try could lock the user"


def test_nothing_is_stored_renewed_or_known_about_the_user(
    tenant: ScriptedTenant, open_client: OpenClient
) -> None:
    tenant.script("GET", PERSON, GOOD)
    store = MemoryTokenStore()
    client = open_client(password_for(tenant.url), token_store=store)
    client.renew_now()
    assert tenant.seen == []
    client.person(63)
    assert client.identity is None
    assert store.load() is None


@pytest.mark.parametrize("username", ["", "a:b"])
def test_a_user_name_that_cannot_be_sent_is_refused_before_anything_is_sent(
    tenant: ScriptedTenant, open_client: OpenClient, username: str
) -> None:
    error = failure(open_client(password_for(tenant.url, username=username)))
    assert type(error) is errors.InvalidLogin
    assert not tenant.seen


def test_the_installation_counts_as_running_and_proves_it_when_asked(
    tenant: ScriptedTenant, onsite: Client
) -> None:
    state = onsite.tenant_state()
    (call,) = tenant.seen
    assert (call.method, call.path) == ("GET", ROOT)
    assert call.headers["Accept"] == "application/json"
    assert "Authorization" not in call.headers
    assert (state.state, state.is_running, state.valid_until) == ("Running", True, None)
    assert (state.endpoint, state.api) == (f"{tenant.url}{ONSITE}", f"{tenant.url}{ROOT}")


def test_an_installation_that_first_wants_to_know_who_asks_is_there(
    tenant: ScriptedTenant, onsite: Client
) -> None:
    tenant.script("GET", ROOT, answer(b"", 401))
    assert onsite.tenant_state().is_running


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (HTML, errors.UnexpectedAnswer),
        (answer({"hello": "world"}), errors.UnexpectedAnswer),
        (answer([1]), errors.UnexpectedAnswer),
        (answer(b"", 404), errors.NotFound),
        (answer(b"", 302, Location="https://login.example/"), errors.UnexpectedAnswer),
        (answer(b"", 503), errors.ServerError),
    ],
)
def test_something_else_than_superoffice_at_the_address_is_noticed(
    tenant: ScriptedTenant, onsite: Client, reply: Any, kind: type[errors.SuperOfficeError]
) -> None:
    tenant.script("GET", ROOT, reply)
    with pytest.raises(errors.SuperOfficeError) as caught:
        onsite.tenant_state()
    assert type(caught.value) is kind
    assert caught.value.path == ROOT


def test_after_a_gateway_error_the_installation_is_looked_at_once(
    tenant: ScriptedTenant, onsite: Client
) -> None:
    tenant.script("GET", PERSON, answer(b"", 503), GOOD)
    assert onsite.person(63).id == 63
    assert len(tenant.calls(ROOT)) == 1
    tenant.script("GET", PERSON, answer(b"", 503))
    tenant.script("GET", ROOT, answer(b"", 503))
    assert type(failure(onsite)) is errors.ServerError


def test_links_lead_to_the_installation_without_a_call(tenant: ScriptedTenant, onsite: Client) -> None:
    assert onsite.web_link("sale", 7) == f"{tenant.url}{ONSITE}/default.aspx?sale.main?sale_id=7"
    assert not tenant.seen


@pytest.mark.parametrize(
    "address",
    ["http://crm.example/SuperOffice", "https://a:b@crm.example", "crm.example", "https://crm.example/?x=1"],
)
def test_a_password_goes_to_no_unsafe_address(make_transport: MakeTransport, address: str) -> None:
    with pytest.raises(errors.UnsafeAddress):
        Client(Password(address, "desk", "secret"), transport=make_transport())


def test_no_error_and_no_log_line_shows_the_password(
    tenant: ScriptedTenant, onsite: Client, caplog: pytest.LogCaptureFixture
) -> None:
    def echo(handler: Handler) -> None:
        words = f"{handler.headers['Authorization']} {ONSITE_PASSWORD}"
        answer({"Error": True, "ErrorMessage": f"no: {words}"}, 403)(handler)

    caplog.set_level("DEBUG")
    tenant.script("GET", PERSON, echo)
    error = failure(onsite)
    pair = base64.b64encode(f"desk:{ONSITE_PASSWORD}".encode()).decode()
    assert error.detail.startswith("no: ")
    for secret in (ONSITE_PASSWORD, pair):
        assert secret not in str(error) + caplog.text
