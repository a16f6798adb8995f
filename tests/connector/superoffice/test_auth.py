"""From the refresh token to the access token: once per expiry, for this tenant, nothing lost on the way."""

import threading
from datetime import UTC, datetime, timedelta

import pytest

from connector.superoffice import errors
from connector.superoffice.auth import LOGIN_URLS, AccessToken, Auth, Identity, MemoryTokenStore
from connector.superoffice.client import Client
from tests.connector.superoffice.conftest import REFRESH_TOKEN, MakeClient, credentials_for
from tests.connector.superoffice.rows import person_entity
from tests.connector.superoffice.server import (
    CLIENT_ID,
    ScriptedTenant,
    answer,
    foreign_key,
    public_key,
    signing_key,
)
from tests.connector.superoffice.test_transport import MakeTransport

PERSON = "Person/63"
TOKENS = "/login/common/oauth/tokens"
KEYS = "/login/.well-known/jwks"
GOOD = answer(person_entity(63))


def in_minutes(minutes: float) -> datetime:
    return datetime.now(UTC) + timedelta(minutes=minutes)


def test_the_refresh_grant_sends_what_superoffice_wants(tenant: ScriptedTenant, client: Client) -> None:
    tenant.script("GET", PERSON, GOOD)
    client.person(63)
    (call,) = tenant.calls(TOKENS)
    assert call.method == "POST"
    assert call.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert call.form == {
        "grant_type": "refresh_token",
        "client_id": CLIENT_ID,
        "client_secret": "canary/secret+with&signs<>%",
        "refresh_token": REFRESH_TOKEN,
        "redirect_uri": "https://desk.example/callback",
    }


def test_one_token_serves_many_calls(tenant: ScriptedTenant, client: Client) -> None:
    tenant.script("GET", PERSON, GOOD)
    for _ in range(4):
        client.person(63)
    assert len(tenant.calls(TOKENS)) == len(tenant.calls(KEYS)) == 1


def test_the_token_is_kept_for_four_fifths_of_its_life(
    tenant: ScriptedTenant, make_client: MakeClient
) -> None:
    tenant.script("GET", PERSON, GOOD)
    store = MemoryTokenStore()
    make_client(token_store=store).person(63)
    token = store.load()
    assert token is not None
    assert in_minutes(47) < token.expires_at <= in_minutes(48)


def test_a_token_in_the_store_is_used_and_an_old_one_is_not(
    tenant: ScriptedTenant, make_client: MakeClient
) -> None:
    tenant.script("GET", PERSON, GOOD)
    store = MemoryTokenStore()
    store.save(AccessToken("8A:shared", in_minutes(5)))
    client = make_client(token_store=store)
    client.person(63)
    store.save(AccessToken("8A:old", in_minutes(-1)))
    client.person(63)
    sent = [seen.headers["Authorization"] for seen in tenant.calls(PERSON)]
    assert sent == ["Bearer 8A:shared", "Bearer 8A:Cust12345.token1"]


def test_a_fresh_token_of_another_process_spares_a_refresh_after_401(
    tenant: ScriptedTenant, make_client: MakeClient
) -> None:
    store = MemoryTokenStore()
    store.save(AccessToken("8A:stale", in_minutes(5)))

    def refused(handler: object) -> None:
        store.save(AccessToken("8A:from-elsewhere", in_minutes(5)))
        answer(b"", 401)(handler)  # type: ignore[arg-type]

    tenant.script("GET", PERSON, refused, GOOD)
    make_client(token_store=store).person(63)
    assert not tenant.calls(TOKENS)
    assert tenant.calls(PERSON)[1].headers["Authorization"] == "Bearer 8A:from-elsewhere"


def test_two_threads_that_find_an_expired_token_make_one_refresh(
    tenant: ScriptedTenant, client: Client
) -> None:
    tenant.script("GET", PERSON, GOOD)
    start = threading.Barrier(8)
    seen: list[int] = []

    def work() -> None:
        start.wait()
        seen.append(client.person(63).id)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [63] * 8
    assert len(tenant.calls(TOKENS)) == 1


def test_threads_that_are_refused_together_make_one_refresh(tenant: ScriptedTenant, client: Client) -> None:
    client_tokens = {"Bearer 8A:first"}

    def by_token(handler: object) -> None:
        is_old = handler.headers["Authorization"] in client_tokens  # type: ignore[attr-defined]
        (answer(b"", 401) if is_old else GOOD)(handler)  # type: ignore[arg-type]

    tenant.settings.access_tokens = ["8A:first", "8A:second"]
    tenant.script("GET", PERSON, by_token)
    threads = [threading.Thread(target=client.person, args=(63,)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(tenant.calls(TOKENS)) == 2


def test_a_new_refresh_token_is_handed_over_before_the_access_token_is_used(
    tenant: ScriptedTenant, make_client: MakeClient
) -> None:
    received: list[tuple[str, int]] = []
    tenant.settings.token_extra = {"refresh_token": "a-new-one"}
    tenant.script("GET", PERSON, answer(b"", 401), GOOD)
    client = make_client(on_refresh_token=lambda value: received.append((value, len(tenant.calls(PERSON)))))
    client.person(63)
    assert received == [("a-new-one", 0)]
    assert [call.form["refresh_token"] for call in tenant.calls(TOKENS)] == [REFRESH_TOKEN, "a-new-one"]


@pytest.mark.parametrize("sent", ["", None, REFRESH_TOKEN])
def test_an_empty_or_equal_refresh_token_replaces_nothing(
    tenant: ScriptedTenant, make_client: MakeClient, sent: str | None
) -> None:
    received: list[str] = []
    tenant.settings.token_extra = {"refresh_token": sent}
    tenant.script("GET", PERSON, answer(b"", 401), GOOD)
    make_client(on_refresh_token=received.append).person(63)
    assert received == []
    assert {call.form["refresh_token"] for call in tenant.calls(TOKENS)} == {REFRESH_TOKEN}


@pytest.mark.parametrize("value", ["", None, "two\nlines", "ünïcode", ["8A:x"]])
def test_an_unusable_access_token_is_an_unexpected_answer(
    tenant: ScriptedTenant, client: Client, value: object
) -> None:
    tenant.settings.token_extra = {"access_token": value}
    with pytest.raises(errors.UnexpectedAnswer) as caught:
        client.person(63)
    assert caught.value.path == TOKENS


def test_a_failed_refresh_leaves_no_token_behind(tenant: ScriptedTenant, make_client: MakeClient) -> None:
    store = MemoryTokenStore()
    tenant.settings.claims = {"http://schemes.superoffice.net/identity/ctx": "Cust99999"}
    with pytest.raises(errors.WrongTenant):
        make_client(token_store=store).person(63)
    assert store.load() is None


def test_a_rotated_signing_key_is_fetched(tenant: ScriptedTenant, client: Client) -> None:
    old, new = public_key(signing_key()), public_key(foreign_key(), "key-2")
    tenant.script("GET", PERSON, GOOD, answer(b"", 401), GOOD)
    tenant.script("GET", KEYS, answer({"keys": [old]}), answer({"keys": [old, new]}))
    client.person(63)
    tenant.settings.signing_key, tenant.settings.key_id = foreign_key(), "key-2"
    client.person(63)
    assert len(tenant.calls(KEYS)) == 2


@pytest.mark.parametrize("answered", [{"keys": []}, {}, [], "x", {"keys": [{"kty": "oct", "k": "c2VjcmV0"}]}])
def test_a_key_set_without_a_usable_key_verifies_nothing(
    tenant: ScriptedTenant, client: Client, answered: object
) -> None:
    tenant.script("GET", KEYS, answer(answered))
    with pytest.raises((errors.InvalidIdentity, errors.UnexpectedAnswer)):
        client.person(63)
    assert not tenant.calls(PERSON)


@pytest.mark.parametrize("minutes", [-5, 5])
def test_a_clock_that_is_minutes_off_does_not_stop_us(
    tenant: ScriptedTenant, client: Client, minutes: int
) -> None:
    now = int(datetime.now(UTC).timestamp()) + minutes * 60
    tenant.settings.claims = {"iat": now - 5, "nbf": now - 5, "exp": now + 300}
    tenant.script("GET", PERSON, GOOD)
    assert client.person(63).id == 63


def test_is_administrator_is_a_text_that_is_compared(
    tenant: ScriptedTenant, make_transport: MakeTransport
) -> None:
    auth = Auth(credentials_for(tenant.url), make_transport(), MemoryTokenStore())
    auth.token()
    assert auth.identity == Identity("Cust12345", 17, "", is_administrator=False)
    claims = {"http://schemes.superoffice.net/identity/is_administrator": "True"}
    assert Identity.from_claims(claims).is_administrator


def test_credentials_and_tokens_print_without_their_secrets() -> None:
    credentials = credentials_for(LOGIN_URLS["sod"])
    assert "canary" not in repr(credentials) + str(credentials)
    assert "Cust12345" in repr(credentials)
    assert "8A:" not in repr(AccessToken("8A:secret", in_minutes(1)))


def test_the_three_environments_have_their_own_login_hosts() -> None:
    assert LOGIN_URLS == {
        "sod": "https://sod.superoffice.com",
        "stage": "https://qaonline.superoffice.com",
        "online": "https://online.superoffice.com",
    }
