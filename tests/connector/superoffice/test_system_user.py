"""In as the app's system user: the signed token, the ticket, and how each refusal is told."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from cryptography.hazmat.primitives import serialization

from connector.superoffice import errors
from connector.superoffice.auth import AccessToken, Auth, Identity, MemoryTokenStore
from connector.superoffice.client import Client
from tests.connector.superoffice.conftest import MakeTransport, OpenClient, credentials_for, system_user_for
from tests.connector.superoffice.rows import person_entity
from tests.connector.superoffice.server import (
    CLAIM,
    CLIENT_SECRET,
    CONTEXT,
    EXCHANGE,
    SYSTEM_USER_TOKEN,
    Handler,
    ScriptedTenant,
    answer,
    foreign_key,
    is_signed,
)

pytestmark = pytest.mark.once

PERSON = "Person/63"
GOOD = answer(person_entity(63))
MakeAuth = Callable[..., Auth]


@pytest.fixture
def system_client(tenant: ScriptedTenant, open_client: OpenClient) -> Client:
    tenant.script("GET", PERSON, GOOD)
    return open_client(system_user_for(tenant.url))


@pytest.fixture
def make_auth(tenant: ScriptedTenant, make_transport: MakeTransport) -> MakeAuth:
    def make(**options: Any) -> Auth:
        store = options.pop("store", None) or MemoryTokenStore()
        return Auth(system_user_for(tenant.url), make_transport(), store, **options)

    return make


def failure(client: Client) -> errors.SuperOfficeError:
    with pytest.raises(errors.SuperOfficeError) as caught:
        client.person(63)
    return caught.value


def test_the_exchange_sends_what_superoffice_wants(tenant: ScriptedTenant, system_client: Client) -> None:
    assert system_client.person(63).id == 63
    (call,) = tenant.calls(EXCHANGE)
    assert (call.method, call.target) == ("POST", "/Login/api/PartnerSystemUser/Authenticate")
    assert call.headers["Content-Type"].startswith("application/json")
    assert set(call.data) == {
        "SignedSystemToken", "ReturnTokenType", "ApplicationToken", "ContextIdentifier",
    }  # fmt: skip
    assert call.data["ReturnTokenType"] == "JWT"
    assert call.data["ApplicationToken"] == CLIENT_SECRET
    assert call.data["ContextIdentifier"] == CONTEXT
    text, _, signature = call.data["SignedSystemToken"].rpartition(".")
    assert is_signed(text, signature)
    token, _, minute = text.rpartition(".")
    assert token == SYSTEM_USER_TOKEN
    assert abs(datetime.now(UTC) - datetime.strptime(minute + "Z", "%Y%m%d%H%M%z")) < timedelta(minutes=2)


def test_trap_a_system_user_needs_the_word_soticket_and_so_apptoken(
    tenant: ScriptedTenant, system_client: Client
) -> None:
    system_client.person(63)
    (call,) = tenant.calls(PERSON)
    assert call.headers["Authorization"] == "SOTicket 7T:CANARYTICKET1=="
    assert call.headers["SO-AppToken"] == CLIENT_SECRET


def test_the_app_token_goes_to_the_tenant_only_and_with_a_ticket_only(
    tenant: ScriptedTenant, open_client: OpenClient
) -> None:
    with ScriptedTenant() as numbered:
        numbered.script("GET", PERSON, GOOD)
        tenant.settings.endpoint = f"{numbered.url}/{CONTEXT}"
        open_client(system_user_for(tenant.url)).person(63)
        open_client(credentials_for(tenant.url)).person(63)
    assert len(tenant.seen) == 6
    assert not [seen for seen in tenant.seen if {"SO-AppToken", "Authorization"} & set(seen.headers)]
    assert ["SO-AppToken" in seen.headers for seen in numbered.seen] == [True, False]


def test_the_ticket_serves_many_calls_and_says_who_we_are(
    tenant: ScriptedTenant, system_client: Client
) -> None:
    for _ in range(3):
        system_client.person(63)
    assert len(tenant.calls(EXCHANGE)) == 1
    assert system_client.identity == Identity(CONTEXT, None, "", is_administrator=False)


def test_a_ticket_is_kept_for_six_hours(tenant: ScriptedTenant, make_auth: MakeAuth) -> None:
    store = MemoryTokenStore()
    before = datetime.now(UTC)
    token = make_auth(store=store).token()
    assert store.load() == token
    assert token.scheme == "SOTicket"
    assert before <= token.expires_at - timedelta(hours=6) <= datetime.now(UTC)


@pytest.mark.parametrize(
    ("minutes", "exchanges"), [(0, 0), (59, 0), (61, 1), (354, 1)], ids="{} minutes old".format
)
def test_check_now_asks_for_no_second_ticket_within_the_hour(
    tenant: ScriptedTenant, make_auth: MakeAuth, minutes: int, exchanges: int
) -> None:
    store = MemoryTokenStore()
    made_at = datetime.now(UTC) - timedelta(minutes=minutes)
    store.save(AccessToken("7T:present", made_at + timedelta(hours=6), "SOTicket"))
    make_auth(store=store).renew_now()
    assert len(tenant.calls(EXCHANGE)) == exchanges


def test_a_refused_ticket_is_replaced_at_once_and_signed_anew(
    tenant: ScriptedTenant, system_client: Client
) -> None:
    tenant.script("GET", PERSON, answer(b"", 401), GOOD)
    assert system_client.person(63).id == 63
    assert len(tenant.calls(EXCHANGE)) == 2
    sent = [seen.headers["Authorization"] for seen in tenant.calls(PERSON)]
    assert sent == ["SOTicket 7T:CANARYTICKET1==", "SOTicket 7T:CANARYTICKET2=="]


def test_each_exchange_is_signed_for_its_own_minute(tenant: ScriptedTenant, make_auth: MakeAuth) -> None:
    offset = timedelta(minutes=-2)
    auth = make_auth(now=lambda: datetime.now(UTC) + offset)
    token = auth.token()
    offset = timedelta(minutes=2)
    auth.renew(token)
    first, second = (call.data["SignedSystemToken"] for call in tenant.calls(EXCHANGE))
    assert first.split(".")[1] < second.split(".")[1]


def test_trap_local_time_fails_and_is_never_used(tenant: ScriptedTenant, make_auth: MakeAuth) -> None:
    tokyo = ZoneInfo("Asia/Tokyo")
    assert make_auth(now=lambda: datetime.now(tokyo)).token().value.startswith("7T:")
    wrong = make_auth(now=lambda: datetime.now(tokyo).replace(tzinfo=UTC))
    with pytest.raises(errors.ClockSkew):
        wrong.token()


def test_twenty_threads_make_one_exchange(tenant: ScriptedTenant, system_client: Client) -> None:
    start = threading.Barrier(20)
    seen: list[int] = []

    def work() -> None:
        start.wait()
        seen.append(system_client.person(63).id)

    threads = [threading.Thread(target=work) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [63] * 20
    assert len(tenant.calls(EXCHANGE)) == 1


# --- The answer ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "names",
    [("isSuccessful", "token", "errorMessage"), ("ISSUCCESSFUL", "TOKEN", "ERRORMESSAGE")],
)
def test_the_answers_fields_may_be_spelt_in_any_case(
    tenant: ScriptedTenant, system_client: Client, names: tuple[str, ...]
) -> None:
    values = (True, tenant.system_token(), None)
    tenant.script("POST", EXCHANGE, answer(dict(zip(names, values, strict=True))))
    assert system_client.person(63).id == 63


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("InvalidTimestamp", errors.ClockSkew),
        ("ID4148: The token's time stamp is outside of the allowed window.", errors.ClockSkew),
        ("InvalidSignature", errors.InvalidKey),
        ("Revoked", errors.NeedsConsent),
        ("Expired", errors.NeedsConsent),
        ("NeedsReapproval", errors.NeedsConsent),
        ("The application is not known here.", errors.SignInFailed),
        ("", errors.SignInFailed),
        (None, errors.SignInFailed),
    ],
)
def test_a_refused_exchange_keeps_superoffices_words(
    tenant: ScriptedTenant, system_client: Client, words: str | None, kind: type[errors.SuperOfficeError]
) -> None:
    refused = {"IsSuccessful": False, "Token": None, "ErrorMessage": words}
    tenant.script("POST", EXCHANGE, answer(refused))
    error = failure(system_client)
    assert type(error) is kind
    assert error.detail == (words or "")
    assert (error.method, error.path, error.status) == ("POST", EXCHANGE, 200)
    assert len(tenant.calls(EXCHANGE)) == 1
    assert not tenant.calls(PERSON)


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (answer(b"", 401), errors.InvalidClient),
        (answer({"Message": "InvalidTimestamp"}, 400), errors.ClockSkew),
        (answer({"Message": "no"}, 400), errors.BadRequest),
        (answer(b"<html>maintenance</html>", 200, "text/html"), errors.UnexpectedAnswer),
        (answer([]), errors.UnexpectedAnswer),
        (answer({}), errors.SignInFailed),
        (answer({"IsSuccessful": True}), errors.InvalidIdentity),
        (answer({"IsSuccessful": True, "Token": "7T:not-a-web-token"}), errors.InvalidIdentity),
        (answer(b"", 500), errors.ServerError),
    ],
)
def test_an_exchange_that_is_answered_with_something_else_has_its_own_error(
    tenant: ScriptedTenant, system_client: Client, reply: Any, kind: type[errors.SuperOfficeError]
) -> None:
    tenant.script("POST", EXCHANGE, reply)
    error = failure(system_client)
    assert type(error) is kind
    assert error.path == EXCHANGE
    assert len(tenant.calls(EXCHANGE)) == 1, "an exchange is not repeated"


def test_a_clock_that_is_off_is_told_as_such(tenant: ScriptedTenant, make_auth: MakeAuth) -> None:
    store = MemoryTokenStore()
    with pytest.raises(errors.ClockSkew) as caught:
        make_auth(store=store, now=lambda: datetime.now(UTC) - timedelta(minutes=6)).token()
    assert (caught.value.code, caught.value.detail) == ("clock_skew", "InvalidTimestamp")
    assert store.load() is None


def test_another_key_than_the_registered_one_is_told_as_such(
    tenant: ScriptedTenant, open_client: OpenClient
) -> None:
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    other = foreign_key().private_bytes(*form).decode()
    error = failure(open_client(system_user_for(tenant.url, private_key=other)))
    assert (type(error), error.detail) == (errors.InvalidKey, "InvalidSignature")


def test_a_key_that_cannot_be_read_is_told_before_anything_is_sent(
    tenant: ScriptedTenant, open_client: OpenClient
) -> None:
    store = MemoryTokenStore()
    client = open_client(system_user_for(tenant.url, private_key="nonsense"), token_store=store)
    assert type(failure(client)) is errors.InvalidKey
    assert not tenant.calls(EXCHANGE)
    assert store.claim(60), "and nobody has to wait for us"


# --- The proof ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("claims", "words"),
    [
        ({"iss": "https://sod.superoffice.com"}, "issuer"),
        ({"iss": None}, "iss"),
        ({"exp": 1_700_000_000}, "expired"),
        ({"exp": None}, "exp"),
        ({"aud": None}, "aud"),
        ({"aud": "our-client"}, "audience"),
        ({"aud": "spn:999"}, "audience"),
        ({"aud": ["spn:999", "1234567890"]}, "audience"),
        ({"aud": "prefix-spn:1234567890"}, "audience"),
        ({"aud": "x", f"{CLAIM}serial": None}, "audience"),
    ],
)
def test_the_web_token_must_prove_issuer_audience_and_expiry(
    tenant: ScriptedTenant, system_client: Client, claims: dict[str, Any], words: str
) -> None:
    tenant.settings.system_claims = claims
    error = failure(system_client)
    assert type(error) is errors.InvalidIdentity
    assert words in error.detail
    assert error.path == EXCHANGE


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": "spn:999", f"{CLAIM}serial": None},
        {"aud": ["other", "spn:1234567890"]},
        {"aud": "spn:5", f"{CLAIM}serial": 5},
    ],
)
def test_the_audience_is_the_serial_where_the_serial_is_known(
    tenant: ScriptedTenant, system_client: Client, claims: dict[str, Any]
) -> None:
    tenant.settings.system_claims = claims
    assert system_client.person(63).id == 63


def test_a_ticket_for_another_tenant_is_refused_with_both_names(
    tenant: ScriptedTenant, system_client: Client
) -> None:
    tenant.settings.system_claims = {f"{CLAIM}ctx": "Cust99999"}
    error = failure(system_client)
    assert isinstance(error, errors.WrongTenant)
    assert (error.expected, error.actual) == (CONTEXT, "Cust99999")
    assert not tenant.calls(PERSON)


def test_a_web_token_signed_by_somebody_else_is_refused(
    tenant: ScriptedTenant, system_client: Client
) -> None:
    tenant.settings.signing_key = foreign_key()
    assert type(failure(system_client)) is errors.InvalidIdentity


@pytest.mark.parametrize("ticket", ["", None, "two\nlines", "ünïcode"])
def test_an_unusable_ticket_is_an_unexpected_answer(
    tenant: ScriptedTenant, system_client: Client, ticket: str | None
) -> None:
    tenant.settings.system_claims = {f"{CLAIM}ticket": ticket}
    assert isinstance(failure(system_client), errors.UnexpectedAnswer)
    assert not tenant.calls(PERSON)


@pytest.mark.parametrize("place", [EXCHANGE, PERSON])
def test_no_error_and_no_log_line_shows_a_secret(
    tenant: ScriptedTenant, system_client: Client, caplog: pytest.LogCaptureFixture, place: str
) -> None:
    def echo(handler: Handler) -> None:
        calls = tenant.calls(place)
        words = f"no: {calls[-1].body.decode()} {calls[-1].headers}"
        answer({"IsSuccessful": False, "Error": True, "ErrorMessage": words}, 403)(handler)

    caplog.set_level("DEBUG")
    tenant.script("POST" if place == EXCHANGE else "GET", place, echo)
    error = failure(system_client)
    assert error.detail.startswith("no: ")
    for secret in (CLIENT_SECRET, SYSTEM_USER_TOKEN, "CANARYTICKET", "canary"):
        assert secret not in str(error) + repr(vars(error))
        assert secret not in caplog.text
