"""The system user's way in, held against the documented recipe."""

import base64
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import jwt
import pytest
import requests
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from connector.demo.tenant import DemoTenant
from tests.connector.demo.api import CLAIM, Api

PKCS1 = padding.PKCS1v15()


@pytest.fixture
def tenant(shared_tenant: DemoTenant) -> DemoTenant:
    return shared_tenant


def signed_token(tenant: DemoTenant, at: datetime | None = None, scheme: Any = PKCS1) -> str:
    """The system user's token with the minute and the signature behind it."""
    key = load_pem_private_key(tenant.private_key.encode(), None)
    assert isinstance(key, rsa.RSAPrivateKey)
    data = f"{tenant.system_user_token}.{at or datetime.now(UTC):%Y%m%d%H%M}"
    return f"{data}.{base64.b64encode(key.sign(data.encode(), scheme, hashes.SHA256())).decode()}"


def exchange(tenant: DemoTenant, **changes: str) -> dict[str, Any]:
    body = {
        "SignedSystemToken": signed_token(tenant), "ReturnTokenType": "JWT",
        "ApplicationToken": tenant.client_secret, "ContextIdentifier": "Cust12345", **changes,
    }  # fmt: skip
    answer = requests.post(
        f"{tenant.login_url}/Login/api/PartnerSystemUser/Authenticate", json=body, timeout=10
    )
    assert answer.status_code == 200
    value: dict[str, Any] = answer.json()
    return value


def ticket(tenant: DemoTenant) -> str:
    claims = jwt.decode(exchange(tenant)["Token"], options={"verify_signature": False})
    return str(claims[f"{CLAIM}ticket"])


def system_api(tenant: DemoTenant, **headers: str) -> Api:
    return Api(tenant, f"SOTicket {ticket(tenant)}", **{"SO-AppToken": tenant.client_secret, **headers})


def test_a_signed_token_gives_a_jwt_of_the_login_host_with_a_ticket(tenant: DemoTenant) -> None:
    body = exchange(tenant)

    assert body["IsSuccessful"] is True
    assert body["ErrorMessage"] is None
    key = jwt.PyJWKClient(f"{tenant.login_url}/login/.well-known/jwks").get_signing_key_from_jwt(
        body["Token"]
    )
    claims = jwt.decode(
        body["Token"], key, algorithms=["RS256"], issuer="SuperOffice AS", audience="spn:1234567890"
    )
    assert claims[f"{CLAIM}ctx"] == "Cust12345"
    assert claims[f"{CLAIM}ticket"].startswith("7T:")
    assert claims[f"{CLAIM}webapi_url"] == f"{tenant.tenant_url}/api/"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"ApplicationToken": "wrong"}, "application token"),
        ({"ContextIdentifier": "Cust99999"}, "context identifier"),
        ({"ReturnTokenType": "Saml"}, "JWT"),
        ({"SignedSystemToken": "nonsense"}, "system user token"),
        ({"SignedSystemToken": "Somebody-else.202603181200.AAAA"}, "system user token"),
        ({"SignedSystemToken": "Sales Desk-demoSystemUser.202603181200.AAAA"}, "InvalidSignature"),
    ],
)
def test_a_wrong_exchange_is_refused_with_a_reason(
    tenant: DemoTenant, changes: dict[str, str], words: str
) -> None:
    body = exchange(tenant, **changes)

    assert body["IsSuccessful"] is False
    assert body["Token"] is None
    assert words in body["ErrorMessage"]


def test_another_padding_than_pkcs1_does_not_do(tenant: DemoTenant) -> None:
    pss = padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.MAX_LENGTH)

    body = exchange(tenant, SignedSystemToken=signed_token(tenant, scheme=pss))
    assert "InvalidSignature" in body["ErrorMessage"]


def test_the_minute_is_utc_and_may_be_five_off(tenant: DemoTenant) -> None:
    now = datetime.now(UTC)

    def is_taken(at: datetime) -> bool:
        return bool(exchange(tenant, SignedSystemToken=signed_token(tenant, at))["IsSuccessful"])

    assert is_taken(now - timedelta(minutes=4))
    assert is_taken(now + timedelta(minutes=4))
    assert not is_taken(now - timedelta(minutes=7))
    assert not is_taken(now + timedelta(minutes=7))
    assert not is_taken(now.astimezone(timezone(timedelta(hours=2))))
    tenant.faults.clock_offset = 400
    assert not is_taken(now)


def test_the_ticket_opens_the_api_together_with_the_apps_secret(tenant: DemoTenant) -> None:
    with system_api(tenant) as api:
        principal = api.get("/User/currentPrincipal").json()
    assert (principal["UserType"], principal["RoleType"]) == ("SystemAssociate", "System")
    assert principal["AssociateId"] == 2
    assert principal["IsPerson"] is False
    assert principal["EMailAddress"] == ""


@pytest.mark.parametrize("secret", ["", "wrong"])
def test_a_ticket_alone_opens_nothing(tenant: DemoTenant, secret: str) -> None:
    with system_api(tenant, **{"SO-AppToken": secret}) as api:
        answer = api.get("/User/currentPrincipal")
    assert answer.status_code == 401
    assert answer.json()["ErrorType"]


def test_a_ticket_is_no_bearer_token_and_the_other_way_round(tenant: DemoTenant, api: Api) -> None:
    token = str(api.session.headers["Authorization"]).removeprefix("Bearer ")
    secret = {"SO-AppToken": tenant.client_secret}
    for value in (f"Bearer {ticket(tenant)}", f"SOTicket {token}"):
        answer = api.get("/User/currentPrincipal", headers={"Authorization": value, **secret})
        assert answer.status_code == 401


def test_tickets_end_by_time_and_on_command(tenant: DemoTenant) -> None:
    with system_api(tenant) as api:
        assert api.get("/Sale?$top=1").status_code == 200
        tenant.faults.expire_access_tokens()
        assert api.get("/Sale?$top=1").status_code == 401
    tenant.faults.ticket_seconds = 0
    with system_api(tenant) as late:
        assert late.get("/Sale?$top=1").status_code == 401


def test_the_system_user_lacks_no_right_and_owns_what_it_creates(tenant: DemoTenant) -> None:
    tenant.faults.table_rights = {"document": "None", "sale": "None"}
    tenant.faults.function_rights = []
    tenant.faults.visible_sales = 1
    with system_api(tenant) as api:
        assert api.ask("Sentry/GetNewTableRight", TableName="document")["Mask"] == "FULL"
        assert api.ask("Sentry/HasFunctionRight", FunctionRight="admin-all") is True
        assert len(api.list("/Sale", top="5")) == 5
        created = api.create_document()
        assert created["CreatedBy"]["Type"] == "SystemAssociate"
        assert created["Associate"]["AssociateId"] == 2
        (row,) = api.list("/Document", select="registeredBy", filter=f"documentId = {created['DocumentId']}")
        assert row["registeredBy"] == "SYSTEM"


def test_the_system_user_has_no_mail_account(tenant: DemoTenant) -> None:
    tenant.faults.restricted.clear()
    with system_api(tenant) as api:
        assert api.ask("EMail/GetCurrentAccountId") == 0
        assert api.ask("EMail/TestAuthenticate") is False


def test_the_exchange_can_be_refused_in_any_words(tenant: DemoTenant) -> None:
    tenant.faults.system_user_error = "The application has not been approved"

    assert exchange(tenant)["ErrorMessage"] == "The application has not been approved"


def test_the_apps_key_is_kept_where_only_we_can_read_it(tmp_path: Path) -> None:
    with DemoTenant(tmp_path, sales=5) as tenant:
        key = tenant.private_key
    file = tmp_path / "app-private-key.pem"
    assert file.read_text() == key
    assert file.stat().st_mode & 0o077 == 0
    with DemoTenant(tmp_path, sales=5) as again:
        assert again.private_key == key
        assert exchange(again)["IsSuccessful"] is True


def test_secrets_of_the_exchange_are_not_remembered(tenant: DemoTenant) -> None:
    signed = signed_token(tenant)
    exchange(tenant, SignedSystemToken=signed)

    assert signed not in str(tenant.requests)
    assert tenant.client_secret not in str(tenant.requests)
    assert b'"ReturnTokenType": "JWT"' in tenant.requests[-1].body
