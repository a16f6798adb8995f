import base64
import time
from datetime import datetime
from typing import Any

import jwt
import pytest
import requests

from connector.demo.tenant import DemoTenant
from tests.connector.demo.api import Api, token_form

CLAIM = "http://schemes.superoffice.net/identity/"


def ask(tenant: DemoTenant, form: dict[str, str], **options: Any) -> requests.Response:
    return requests.post(f"{tenant.login_url}/login/common/oauth/tokens", data=form, timeout=10, **options)


def state(tenant: DemoTenant, context_identifier: str = "Cust12345") -> dict[str, Any]:
    answer = requests.get(f"{tenant.login_url}/api/state/{context_identifier}", timeout=10)
    assert answer.status_code == 200
    body: dict[str, Any] = answer.json()
    return body


def test_the_state_names_the_tenant_host_and_when_to_ask_again(tenant: DemoTenant) -> None:
    body = state(tenant)

    assert body["ContextIdentifier"] == "Cust12345"
    assert body["State"] == "Running"
    assert body["IsRunning"] is True
    assert body["Endpoint"] == tenant.tenant_url
    assert body["Api"] == f"{tenant.tenant_url}/api"
    # Seven digits after the point and a Z, like the real one.
    whole, _, fraction = body["ValidUntil"].partition(".")
    assert fraction.endswith("Z")
    assert len(fraction) == 8
    assert datetime.fromisoformat(f"{whole}+00:00").timestamp() > time.time()


def test_login_and_tenant_are_different_ports(tenant: DemoTenant) -> None:
    assert tenant.login_url.split(":")[2] != tenant.tenant_url.split(":")[2].split("/")[0]


def test_an_unknown_tenant_has_an_unknown_state(tenant: DemoTenant) -> None:
    body = state(tenant, "Cust99999")

    assert body["State"] == "Unknown"
    assert body["IsRunning"] is False
    assert body["Api"] is None


@pytest.mark.parametrize(
    ("name", "running"), [("OfflineMaintenance", False), ("OnlineMaintenance", True), ("Suspended", False)]
)
def test_a_tenant_state_can_be_set(tenant: DemoTenant, name: str, running: bool) -> None:
    tenant.faults.state = name

    body = state(tenant)
    assert (body["State"], body["IsRunning"]) == (name, running)
    answer = requests.get(f"{tenant.tenant_url}/api", headers={"Accept": "application/json"}, timeout=10)
    assert answer.status_code == (200 if running else 503)


def test_the_metadata_lead_to_the_key_that_signed_the_id_token(tenant: DemoTenant) -> None:
    metadata = requests.get(f"{tenant.login_url}/login/.well-known/openid-configuration", timeout=10).json()
    id_token = ask(tenant, token_form(tenant)).json()["id_token"]

    key = jwt.PyJWKClient(metadata["jwks_uri"]).get_signing_key_from_jwt(id_token)
    claims = jwt.decode(
        id_token, key, algorithms=["RS256"], audience=tenant.client_id, issuer=metadata["issuer"]
    )

    assert metadata["issuer"] == tenant.login_url
    assert metadata["token_endpoint"].endswith("/login/common/oauth/tokens")
    assert claims[f"{CLAIM}ctx"] == "Cust12345"
    assert claims[f"{CLAIM}webapi_url"] == f"{tenant.tenant_url}/api/"
    assert claims[f"{CLAIM}associateid"] == "3"
    assert claims[f"{CLAIM}is_administrator"] == "False"
    assert claims["exp"] - claims["iat"] == 300


def test_a_refresh_gives_an_opaque_token_and_no_new_refresh_token(tenant: DemoTenant) -> None:
    answer = ask(tenant, token_form(tenant))

    body = answer.json()
    assert set(body) == {"token_type", "access_token", "expires_in", "id_token"}
    assert body["token_type"] == "Bearer"
    assert body["access_token"].startswith("8A:Cust12345.")
    assert body["expires_in"] == 3600
    assert answer.headers["Cache-Control"] == "no-store"


def test_client_and_secret_may_come_in_a_basic_header(tenant: DemoTenant) -> None:
    pair = base64.b64encode(f"{tenant.client_id}:{tenant.client_secret}".encode()).decode()
    form = token_form(tenant, client_id=None, client_secret=None)

    assert ask(tenant, form, headers={"Authorization": f"Basic {pair}"}).status_code == 200
    assert ask(tenant, form, headers={"Authorization": "Basic nonsense"}).status_code == 401


@pytest.mark.parametrize(
    ("changes", "status", "error"),
    [
        ({"client_secret": "wrong"}, 401, "invalid_client"),
        ({"client_secret": None}, 401, "invalid_client"),
        ({"client_id": "somebody"}, 401, "invalid_client"),
        ({"refresh_token": "unknown"}, 400, "invalid_grant"),
        ({"redirect_uri": None}, 400, "invalid_request"),
        ({"redirect_uri": "http://127.0.0.1/elsewhere"}, 400, "invalid_request"),
        ({"grant_type": "client_credentials"}, 400, "unsupported_grant_type"),
    ],
)
def test_a_wrong_form_is_refused(
    tenant: DemoTenant, changes: dict[str, str | None], status: int, error: str
) -> None:
    answer = ask(tenant, token_form(tenant, **changes))

    assert answer.status_code == status
    assert answer.json()["error"] == error
    assert answer.json()["error_description"]


def test_secrets_in_the_address_are_not_taken_and_not_remembered(tenant: DemoTenant) -> None:
    answer = ask(tenant, {}, params=token_form(tenant))

    assert answer.status_code == 400
    assert "demo-secret" not in str(tenant.requests)
    assert "demo-refresh-token" not in str(tenant.requests)


def test_a_revoked_refresh_token_is_refused_until_it_works_again(tenant: DemoTenant) -> None:
    tenant.faults.refresh_token_revoked = True
    assert ask(tenant, token_form(tenant)).json()["error"] == "invalid_grant"

    tenant.faults.clear()
    assert ask(tenant, token_form(tenant)).status_code == 200


def test_claims_can_be_made_wrong(tenant: DemoTenant) -> None:
    tenant.faults.id_token_claims = {"ctx": "Cust99999", "aud": "somebody", "exp": None}

    claims = jwt.decode(
        ask(tenant, token_form(tenant)).json()["id_token"], options={"verify_signature": False}
    )
    assert claims[f"{CLAIM}ctx"] == "Cust99999"
    assert claims["aud"] == "somebody"
    assert "exp" not in claims


def test_the_api_wants_a_valid_token(api: Api, tenant: DemoTenant) -> None:
    assert api.get("/User/currentAssociate").status_code == 200

    for authorization in ("", "Bearer nonsense", "Basic x", "Bearer"):
        answer = api.get("/User/currentAssociate", headers={"Authorization": authorization})
        assert answer.status_code == 401
        assert answer.json()["ErrorType"]


def test_access_tokens_end_by_time_and_on_command(tenant: DemoTenant) -> None:
    tenant.faults.access_token_seconds = 0
    with Api(tenant) as late:
        assert late.get("/User/currentAssociate").status_code == 401
    tenant.faults.clear()
    with Api(tenant) as api:
        assert api.get("/User/currentAssociate").status_code == 200
        tenant.faults.expire_access_tokens()
        assert api.get("/User/currentAssociate").status_code == 401


def test_nothing_else_is_there(tenant: DemoTenant) -> None:
    for path in ("/", "/login/common/oauth/token", "/api", "/login"):
        assert requests.get(f"{tenant.login_url}{path}", timeout=10).status_code == 404
