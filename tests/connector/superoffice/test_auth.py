"""From the refresh token to the access token: for this tenant, proved, nothing lost on the way."""

from datetime import UTC, datetime, timedelta

import pytest

from connector.superoffice import errors
from connector.superoffice.auth import LOGIN_URLS, AccessToken, Auth, Identity, MemoryTokenStore
from connector.superoffice.client import Client
from tests.connector.superoffice.conftest import (
    REFRESH_TOKEN,
    MakeClient,
    MakeTransport,
    app_for,
    credentials_for,
    password_for,
    system_user_for,
)
from tests.connector.superoffice.rows import person_entity
from tests.connector.superoffice.server import (
    CLIENT_ID,
    CLIENT_SECRET,
    CONTEXT,
    ScriptedTenant,
    answer,
    foreign_key,
    public_key,
    signing_key,
)

pytestmark = pytest.mark.once

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
        "client_secret": CLIENT_SECRET,
        "refresh_token": REFRESH_TOKEN,
        "redirect_uri": "https://desk.example/callback",
    }


def test_one_token_serves_many_calls(tenant: ScriptedTenant, client: Client) -> None:
    tenant.script("GET", PERSON, GOOD)
    for _ in range(4):
        client.person(63)
    assert len(tenant.calls(TOKENS)) == len(tenant.calls(KEYS)) == 1


def test_trap_the_token_address_is_plural(tenant: ScriptedTenant, client: Client) -> None:
    tenant.script("GET", PERSON, GOOD)
    client.person(63)
    posts = [seen.path for seen in tenant.seen if seen.method == "POST"]
    assert posts == ["/login/common/oauth/tokens"]


def test_trap_secrets_travel_in_the_body_and_never_in_an_address(
    tenant: ScriptedTenant, client: Client
) -> None:
    tenant.script("GET", PERSON, answer(b"", 401), GOOD)
    client.person(63)
    assert all("canary" not in seen.target for seen in tenant.seen)
    assert all("8A" not in seen.target for seen in tenant.seen)


def test_the_tokens_end_is_its_true_end_counted_from_before_the_question(
    tenant: ScriptedTenant, make_client: MakeClient
) -> None:
    tenant.script("GET", PERSON, GOOD)
    store = MemoryTokenStore()
    before = datetime.now(UTC)
    make_client(token_store=store).person(63)
    token = store.load()
    assert token is not None
    assert before <= token.expires_at - timedelta(hours=1) <= datetime.now(UTC)
    assert (token.scheme, token.life) == ("Bearer", timedelta(hours=1))


def test_a_token_in_the_store_is_used_and_an_old_one_is_not(
    tenant: ScriptedTenant, make_client: MakeClient
) -> None:
    tenant.script("GET", PERSON, GOOD)
    store = MemoryTokenStore()
    store.save(AccessToken("8A:shared", in_minutes(30)))
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
    store.save(AccessToken("8A:stale", in_minutes(30)))

    def refused(handler: object) -> None:
        store.save(AccessToken("8A:from-elsewhere", in_minutes(30)))
        answer(b"", 401)(handler)  # type: ignore[arg-type]

    tenant.script("GET", PERSON, refused, GOOD)
    make_client(token_store=store).person(63)
    assert not tenant.calls(TOKENS)
    assert tenant.calls(PERSON)[1].headers["Authorization"] == "Bearer 8A:from-elsewhere"


def test_check_now_gets_a_fresh_token_although_the_old_one_still_works(
    tenant: ScriptedTenant, make_client: MakeClient
) -> None:
    tenant.script("GET", PERSON, GOOD)
    store = MemoryTokenStore()
    store.save(AccessToken("8A:still-good", in_minutes(30)))
    client = make_client(token_store=store)
    assert client.identity is None
    client.renew_now()
    client.person(63)
    assert len(tenant.calls(TOKENS)) == 1
    assert tenant.calls(PERSON)[0].headers["Authorization"] == "Bearer 8A:Cust12345.token1"
    assert client.identity == Identity(CONTEXT, 17, "", is_administrator=False)


def test_check_now_tells_that_the_way_in_no_longer_works(
    tenant: ScriptedTenant, make_client: MakeClient
) -> None:
    store = MemoryTokenStore()
    store.save(AccessToken("8A:still-good", in_minutes(30)))
    tenant.script("POST", TOKENS, answer({"error": "invalid_grant"}, 400))
    with pytest.raises(errors.NeedsConsent):
        make_client(token_store=store).renew_now()
    assert store.load() is not None, "those at work go on with the token that SuperOffice still accepts"


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


def test_a_new_refresh_token_is_kept_also_when_the_identity_is_refused(
    tenant: ScriptedTenant, make_client: MakeClient
) -> None:
    received: list[str] = []
    tenant.settings.token_extra = {"refresh_token": "a-new-one", "id_token": "nonsense"}
    with pytest.raises(errors.InvalidIdentity):
        make_client(on_refresh_token=received.append).person(63)
    assert received == ["a-new-one"]


def test_contradicts_rotation_without_a_new_refresh_token_the_old_one_stays(
    tenant: ScriptedTenant, make_client: MakeClient
) -> None:
    received: list[str] = []
    tenant.script("GET", PERSON, answer(b"", 401), GOOD)
    make_client(on_refresh_token=received.append).person(63)
    assert received == []
    assert [call.form["refresh_token"] for call in tenant.calls(TOKENS)] == [REFRESH_TOKEN] * 2


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


def test_trap_the_tenant_must_be_the_claim_ctx_and_no_token_is_kept(
    tenant: ScriptedTenant, make_client: MakeClient
) -> None:
    store = MemoryTokenStore()
    tenant.settings.claims = {"http://schemes.superoffice.net/identity/ctx": "Cust99999"}
    with pytest.raises(errors.WrongTenant, match="Cust99999 instead of Cust12345"):
        make_client(token_store=store).person(63)
    assert store.load() is None


def test_trap_a_token_of_another_environment_is_refused(tenant: ScriptedTenant, client: Client) -> None:
    tenant.settings.claims = {"iss": LOGIN_URLS["sod"]}
    with pytest.raises(errors.InvalidIdentity, match="issuer"):
        client.person(63)


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


def test_trap_is_administrator_is_a_text(tenant: ScriptedTenant, make_transport: MakeTransport) -> None:
    auth = Auth(credentials_for(tenant.url), make_transport(), MemoryTokenStore())
    auth.token()
    assert auth.identity == Identity("Cust12345", 17, "", is_administrator=False)
    claims = {"http://schemes.superoffice.net/identity/is_administrator": "True"}
    assert Identity.from_claims(claims).is_administrator


def test_ways_in_and_tokens_print_without_their_secrets() -> None:
    url = LOGIN_URLS["sod"]
    for credentials in (credentials_for(url), system_user_for(url), password_for("https://crm.example")):
        printed = repr(credentials) + str(credentials)
        assert "canary" not in printed
        assert "PRIVATE" not in printed
        assert "Cust12345" in printed or "desk" in printed
    assert "8A:" not in repr(AccessToken("8A:secret", in_minutes(1)))
    assert "canary" not in repr(app_for(url))


def test_trap_the_stage_host_is_qaonline_and_each_environment_has_its_own() -> None:
    assert LOGIN_URLS == {
        "sod": "https://sod.superoffice.com",
        "stage": "https://qaonline.superoffice.com",
        "online": "https://online.superoffice.com",
    }
