"""Operations that act for real: nothing leaves, and no call goes unseen."""

from typing import Any

import pytest

from connector.demo.tenant import DemoTenant
from tests.connector.demo.api import Api


@pytest.fixture
def tenant(shared_tenant: DemoTenant) -> DemoTenant:
    return shared_tenant


ACTING: list[tuple[str, dict[str, Any]]] = [
    ("/Agents/EMail/Send", {"Emails": []}),
    ("/Agents/EMail/SendEMails", {"Emails": []}),
    ("/Agents/Person/SendEmail", {"To": "erika.beispiel@musterbau-koeln-gmbh.example"}),
    ("/Agents/Quote/SendQuoteVersion", {"QuoteVersionId": 1}),
    ("/CRMScript/1/Execute", {}),
    ("/Agents/CRMScript/ExecuteScript", {"CRMScriptId": 1}),
    ("/Agents/CRMScript/ExecuteScriptByUniqueId", {"CRMScriptUniqueId": "x"}),
    ("/Agents/CRMScript/ExecuteScriptByIncludeId", {"CRMScriptIncludeId": "x"}),
    ("/Agents/CRMScript/ExecuteScriptByString", {"Script": "print(1);"}),
]


@pytest.mark.parametrize(("path", "body"), ACTING, ids=[path for path, _body in ACTING])
@pytest.mark.parametrize("granted", [True, False])
def test_a_call_that_acts_is_remembered_whether_granted_or_not(
    api: Api, tenant: DemoTenant, path: str, body: dict[str, Any], granted: bool
) -> None:
    tenant.faults.restricted = set() if granted else {path}

    before = tenant.acted
    answer = api.call("POST", path, json=body)
    assert answer.status_code == (403 if not granted else 204 if path.endswith("/SendEmail") else 200)
    assert tenant.acted == [*before, ("POST", path)]


def test_reading_and_asking_is_not_acting(api: Api, tenant: DemoTenant) -> None:
    before = tenant.acted
    tenant.faults.restricted.clear()
    for path in ("/CRMScript", "/CRMScript/1/Validate", "/Webhook", "/ShipmentMessage/default"):
        assert api.get(path).status_code == 200
    for path in ("EMail/GetCurrentAccountId", "EMail/TestAuthenticate", "Quote/HasConnections"):
        api.ask(path)

    assert tenant.acted == before


def test_nobody_has_acted_to_begin_with() -> None:
    with DemoTenant(sales=5) as fresh:
        assert fresh.acted == []


def test_scripts_and_webhooks_can_be_looked_at(api: Api) -> None:
    assert [row["name"] for row in api.list("/CRMScript", select="ejscriptId,name")] == [
        "Nightly clean-up",
        "Welcome",
    ]
    assert api.get("/CRMScript/1/Validate").json()["Valid"] is True
    assert api.get("/CRMScript/77/Validate").status_code == 404
    (webhook,) = api.get("/Webhook").json()
    assert (webhook["State"], webhook["Secret"]) == ("Active", "")
    assert api.get("/Webhook?nameFilter=nobody").json() == []
    assert api.get("/Webhook?eventFilter=sale.changed&statusFilter=Active").json() == [webhook]
    assert api.get("/Webhook/default").json()["WebhookId"] == 0


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/Webhook"), ("DELETE", "/Webhook/1"), ("PUT", "/Webhook/1")]
)
def test_webhooks_cannot_be_changed(api: Api, method: str, path: str) -> None:
    assert api.call(method, path, json={}).status_code == 405
