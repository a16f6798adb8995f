"""Sign in with SuperOffice: where the browser is sent, and what becomes of the code that it brings back."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from connector.superoffice import errors
from connector.superoffice.auth import Identity
from connector.superoffice.sign_in import SignedIn, begin, challenge, finish, refused
from tests.connector.superoffice.conftest import MakeTransport, app_for
from tests.connector.superoffice.server import (
    CLAIM,
    CLIENT_ID,
    CLIENT_SECRET,
    CONTEXT,
    Handler,
    ScriptedTenant,
    answer,
    foreign_key,
)

pytestmark = pytest.mark.once

TOKENS = "/login/common/oauth/tokens"
CODE, VERIFIER = "canary-code-77", "canary-verifier-" + "v" * 40
Finish = Callable[[], SignedIn]


@pytest.fixture
def finished(tenant: ScriptedTenant, make_transport: MakeTransport) -> Finish:
    return lambda: finish(app_for(tenant.url), CODE, VERIFIER, make_transport())


def query_of(url: str) -> dict[str, list[str]]:
    return parse_qs(urlsplit(url).query, strict_parsing=True)


# --- There --------------------------------------------------------------------------------------------


def test_the_browser_is_sent_to_the_sign_in_page_of_this_tenant() -> None:
    app = app_for("https://sod.superoffice.com/", redirect_uri="https://desk.example/back?a=b&c=ü")
    start = begin(app)
    parts = urlsplit(start.url)
    assert f"{parts.scheme}://{parts.netloc}{parts.path}" == (
        "https://sod.superoffice.com/login/common/oauth/authorize"
    )
    assert query_of(start.url) == {
        "response_type": ["code"],
        "response_mode": ["query"],
        "client_id": [CLIENT_ID],
        "redirect_uri": ["https://desk.example/back?a=b&c=ü"],
        "scope": ["openid"],
        "state": [start.state],
        "acr_values": [f"tenant:{CONTEXT}"],
        "code_challenge": [challenge(start.verifier)],
        "code_challenge_method": ["S256"],
    }


def test_contradicts_scopes_only_openid_is_asked_for() -> None:
    assert query_of(begin(app_for("https://sod.superoffice.com")).url)["scope"] == ["openid"]


def test_the_challenge_is_the_standards_own_example() -> None:
    verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    assert challenge(verifier) == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def test_state_and_verifier_are_random_long_and_not_in_the_address_together() -> None:
    starts = [begin(app_for("https://sod.superoffice.com")) for _ in range(200)]
    assert len({start.state for start in starts}) == len({start.verifier for start in starts}) == 200
    for start in starts:
        assert re.fullmatch(r"[A-Za-z0-9._~-]{43,128}", start.verifier)
        assert len(start.state) >= 43
        assert start.verifier not in start.url
        assert CLIENT_SECRET not in start.url
        assert start.state not in repr(start)
        assert start.verifier not in repr(start)


@pytest.mark.parametrize("address", ["http://sod.superoffice.com", "javascript:alert(1)", ""])
def test_the_browser_is_sent_to_no_unsafe_address(address: str) -> None:
    with pytest.raises(errors.UnsafeAddress):
        begin(app_for(address))


# --- And back -----------------------------------------------------------------------------------------


def test_the_code_is_exchanged_with_secret_and_verifier_in_the_body(
    tenant: ScriptedTenant, finished: Finish
) -> None:
    tenant.settings.token_extra = {"refresh_token": "a-refresh-token"}
    before = datetime.now(UTC)
    found = finished()
    (call,) = tenant.calls(TOKENS)
    assert (call.method, call.target) == ("POST", TOKENS)
    assert call.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert call.form == {
        "grant_type": "authorization_code",
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "code": CODE,
        "code_verifier": VERIFIER,
        "redirect_uri": "https://desk.example/callback",
    }
    assert found.refresh_token == "a-refresh-token"
    assert found.token.value == "8A:Cust12345.token1"
    assert before <= found.token.expires_at - timedelta(hours=1) <= datetime.now(UTC)
    assert found.identity == Identity(CONTEXT, 17, "", is_administrator=False)
    assert found.system_user_token == ""


def test_an_administrator_brings_the_system_user_token_along(
    tenant: ScriptedTenant, finished: Finish
) -> None:
    tenant.settings.claims = {
        f"{CLAIM}system_token": "Sales Desk-canary",
        f"{CLAIM}is_administrator": "True",
        f"{CLAIM}email": "inga@erfunden.example",
    }
    found = finished()
    assert found.system_user_token == "Sales Desk-canary"
    assert found.identity == Identity(CONTEXT, 17, "inga@erfunden.example", is_administrator=True)
    assert "canary" not in repr(found)


@pytest.mark.parametrize("sent", ["", None])
def test_a_missing_refresh_token_is_empty_and_the_caller_decides(
    tenant: ScriptedTenant, finished: Finish, sent: str | None
) -> None:
    tenant.settings.token_extra = {"refresh_token": sent}
    assert finished().refresh_token == ""


def test_another_tenant_than_the_configured_one_is_refused_with_both_names(
    tenant: ScriptedTenant, finished: Finish
) -> None:
    tenant.settings.claims = {f"{CLAIM}ctx": "Cust99999"}
    with pytest.raises(errors.WrongTenant, match="Cust99999 instead of Cust12345") as caught:
        finished()
    assert (caught.value.expected, caught.value.actual) == (CONTEXT, "Cust99999")


@pytest.mark.parametrize(
    "claims",
    [{"iss": "https://online.superoffice.com"}, {"aud": "another-client"}, {"exp": 1_700_000_000}],
)
def test_an_identity_that_proves_nothing_is_refused(
    tenant: ScriptedTenant, finished: Finish, claims: dict[str, Any]
) -> None:
    tenant.settings.claims = claims
    with pytest.raises(errors.InvalidIdentity):
        finished()


def test_an_identity_signed_by_somebody_else_is_refused(tenant: ScriptedTenant, finished: Finish) -> None:
    tenant.settings.signing_key = foreign_key()
    with pytest.raises(errors.InvalidIdentity):
        finished()


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        # A code that is used up, too old, or belongs to another verifier: begin again, nothing to approve.
        (400, {"error": "invalid_grant", "error_description": "code expired"}, errors.SignInFailed),
        (401, {"error": "invalid_client"}, errors.InvalidClient),
        (401, {}, errors.InvalidClient),
        (400, {"error": "invalid_request"}, errors.BadRequest),
        (500, {}, errors.ServerError),
    ],
)
def test_a_refused_code_has_its_own_error_and_is_not_sent_twice(
    tenant: ScriptedTenant,
    finished: Finish,
    status: int,
    body: dict[str, str],
    kind: type[errors.SuperOfficeError],
) -> None:
    tenant.script("POST", TOKENS, answer(body, status))
    with pytest.raises(errors.SuperOfficeError) as caught:
        finished()
    assert type(caught.value) is kind
    assert (caught.value.path, caught.value.status) == (TOKENS, status)
    assert len(tenant.calls(TOKENS)) == 1


def test_no_error_shows_code_verifier_or_secret(tenant: ScriptedTenant, finished: Finish) -> None:
    def echo(handler: Handler) -> None:
        words = tenant.calls(TOKENS)[-1].body.decode()
        answer({"error": "invalid_grant", "error_description": f"{words} {CODE} {VERIFIER}"}, 400)(handler)

    tenant.script("POST", TOKENS, echo)
    with pytest.raises(errors.SignInFailed) as caught:
        finished()
    assert "grant_type=authorization" in caught.value.detail
    assert "canary" not in str(caught.value) + repr(vars(caught.value))


# --- Back without a code ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "description", "kind"),
    [
        ("access_denied", "The user said no.", errors.Declined),
        ("Denied", "", errors.NeedsConsent),
        ("4", "", errors.NeedsConsent),
        ("1", "", errors.NeedsConsent),
        ("Revoked", "", errors.NeedsConsent),
        ("3", "", errors.NeedsConsent),
        ("NeedsReapproval", "", errors.NeedsConsent),
        ("consent_required", "", errors.NeedsConsent),
        ("6", "", errors.ClockSkew),
        ("InvalidTimestamp", "", errors.ClockSkew),
        ("7", "", errors.InvalidKey),
        ("unauthorized_client", "", errors.InvalidClient),
        ("temporarily_unavailable", "", errors.ServerError),
        ("2", "InvalidRedirectUrl", errors.SignInFailed),
        ("technical_error", "ID4148: too late", errors.ClockSkew),
        ("invalid_request", "no acr", errors.SignInFailed),
        ("", "", errors.SignInFailed),
    ],
)
def test_each_refusal_of_the_sign_in_page_has_its_class(
    error: str, description: str, kind: type[errors.SuperOfficeError]
) -> None:
    found = refused(error, description)
    assert type(found) is kind
    assert found.detail == (description or error)
    assert found.error_type == error


def test_what_an_address_brings_back_is_cut_and_cleaned() -> None:
    found = refused("x" * 5000 + "\x00", "client_secret=canary&\x00 \ud800" + "y" * 5000)
    assert len(found.error_type) <= 100
    assert len(found.detail) <= 500
    assert not re.search("[\x00\ud800]|canary", found.detail + found.error_type)
