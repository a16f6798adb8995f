"""Each way in, from its first step to an answer of the demo tenant, which checks what it is shown."""

from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from connector.demo.tenant import DemoTenant
from connector.superoffice import errors, sign_in
from connector.superoffice.auth import App, Credentials, Password, RefreshToken, SystemUser
from connector.superoffice.client import Client
from connector.superoffice.sign_in import SignedIn, SignInStart
from connector.superoffice.transport import Transport

pytestmark = pytest.mark.once

ADMINISTRATOR, REPRESENTATIVE = "9", "5"


@pytest.fixture(scope="module")
def running() -> Iterator[DemoTenant]:
    with DemoTenant() as tenant:
        yield tenant


@pytest.fixture
def demo(running: DemoTenant) -> Iterator[DemoTenant]:
    running.forget_requests()
    with running.faults.cleared_afterwards():
        yield running


@pytest.fixture
def app(demo: DemoTenant) -> App:
    return App(
        login_url=demo.login_url,
        context_identifier=demo.context_identifier,
        client_id=demo.client_id,
        client_secret=demo.client_secret,
        redirect_uri=demo.redirect_uri,
    )


def transport() -> Transport:
    return Transport(calls_per_second=None, sleep=lambda seconds: None)


def opened(credentials: Credentials) -> Client:
    return Client(credentials, transport=transport())


def pressed(start: SignInStart, **form: str) -> dict[str, str]:
    """What the sign-in page's redirect brings back when this is pressed on it."""
    parts = urlsplit(start.url)
    with closing(HTTPConnection(parts.netloc, timeout=10)) as connection:
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        connection.request("POST", f"{parts.path}?{parts.query}", urlencode(form), headers)
        response = connection.getresponse()
        response.read()
    assert response.status == 302
    return dict(parse_qsl(urlsplit(response.headers["Location"]).query))


def signed_in(app: App, user: str) -> SignedIn:
    start = sign_in.begin(app)
    answer = pressed(start, user=user)
    assert answer["state"] == start.state
    with transport() as door:
        return sign_in.finish(app, answer["code"], start.verifier, door)


def test_a_sign_in_gives_a_refresh_token_that_acts_as_this_person(app: App) -> None:
    found = signed_in(app, REPRESENTATIVE)
    assert (found.identity.associate_id, found.identity.is_administrator) == (5, False)
    assert found.system_user_token == ""
    with opened(RefreshToken(app, found.refresh_token)) as client:
        assert client.current_user().associate_id == 5
        assert client.identity == found.identity


def test_an_administrators_sign_in_opens_the_way_in_of_the_system_user(app: App, demo: DemoTenant) -> None:
    found = signed_in(app, ADMINISTRATOR)
    assert found.identity.is_administrator
    with opened(SystemUser(app, found.system_user_token, demo.private_key)) as client:
        user = client.current_user()
        assert (user.kind, user.role) == ("SystemAssociate", "System")
        demo.faults.expire_access_tokens()
        assert client.current_user() == user


def test_a_code_is_worth_nothing_the_second_time_or_with_another_verifier(app: App) -> None:
    start = sign_in.begin(app)
    code = pressed(start, user=REPRESENTATIVE)["code"]
    with transport() as door:
        with pytest.raises(errors.SignInFailed):
            sign_in.finish(app, pressed(start, user=REPRESENTATIVE)["code"], "x" * 43, door)
        sign_in.finish(app, code, start.verifier, door)
        with pytest.raises(errors.SignInFailed):
            sign_in.finish(app, code, start.verifier, door)


def test_who_declines_is_told_so(app: App) -> None:
    answer = pressed(sign_in.begin(app), refuse="1")
    assert "code" not in answer
    error = sign_in.refused(answer["error"], answer["error_description"])
    assert type(error) is errors.Declined


def test_a_sign_in_at_another_tenant_is_refused_with_both_names(app: App, demo: DemoTenant) -> None:
    demo.faults.authorize_tenant = "Cust99999"
    with pytest.raises(errors.WrongTenant, match="Cust99999 instead of Cust12345"):
        signed_in(app, REPRESENTATIVE)


@pytest.mark.parametrize("seconds", [-600, 600])
def test_a_clock_that_is_ten_minutes_off_is_told_by_the_system_users_exchange(
    app: App, demo: DemoTenant, seconds: float
) -> None:
    demo.faults.clock_offset = seconds
    credentials = SystemUser(app, demo.system_user_token, demo.private_key)
    with opened(credentials) as client, pytest.raises(errors.ClockSkew):
        client.current_user()


def test_an_installation_of_our_own_is_read_with_a_password(demo: DemoTenant) -> None:
    demo.forget_requests()
    with opened(Password(demo.onsite_url, demo.onsite_user, demo.onsite_password)) as client:
        assert client.tenant_state().is_running
        assert client.current_user().associate_id in demo.story.associates
        assert client.api_version()
        (page,) = client.newest_sales(3)
        assert len(page) == 3
    assert not [seen for seen in demo.requests if "login" in seen.path.lower() or "/state/" in seen.path]


def test_a_wrong_password_is_refused_in_superoffices_words(demo: DemoTenant) -> None:
    with (
        opened(Password(demo.onsite_url, demo.onsite_user, "wrong")) as client,
        pytest.raises(errors.InvalidLogin) as caught,
    ):
        client.current_user()
    assert caught.value.status == 401
    assert caught.value.detail


def test_trap_the_tenant_online_takes_no_password(demo: DemoTenant) -> None:
    online = Password(demo.tenant_url, demo.onsite_user, demo.onsite_password)
    with opened(online) as client, pytest.raises(errors.InvalidLogin):
        client.current_user()
