"""The same tenant as an installation of one's own: another address and a password."""

import base64
from collections.abc import Iterator

import pytest
import requests

from connector.demo.tenant import DemoTenant
from tests.connector.demo.api import Api


@pytest.fixture
def tenant(shared_tenant: DemoTenant) -> DemoTenant:
    return shared_tenant


def basic(name: str, password: str) -> str:
    return f"Basic {base64.b64encode(f'{name}:{password}'.encode()).decode()}"


@pytest.fixture
def onsite(tenant: DemoTenant) -> Iterator[Api]:
    with Api(tenant, basic(tenant.onsite_user, tenant.onsite_password), tenant.onsite_url) as api:
        yield api


def test_a_name_and_a_password_open_the_api(onsite: Api, tenant: DemoTenant) -> None:
    assert tenant.onsite_url.endswith("/SuperOffice")
    assert onsite.get("/User/currentPrincipal").json()["Associate"] == "API"
    assert onsite.list("/Sale", select="saleId", top="3")
    created = onsite.create_document()
    assert onsite.upload(created["DocumentId"], b"file").status_code == 200
    assert tenant.documents[-1].content == b"file"


def test_addresses_in_answers_stay_below_the_installations_own(onsite: Api, tenant: DemoTenant) -> None:
    root = f"{tenant.onsite_url}/api/v1"

    assert onsite.get("/Sale/120").json()["_Links"]["Self"] == f"{root}/Sale/120"
    assert onsite.get("/Sale?$top=1").json()["odata.metadata"].startswith(root)
    assert onsite.ask("Configuration/GetCRMUrl", SoProtocol="x").startswith(tenant.onsite_url)
    assert all(address.startswith(root) for address in onsite.get("").json())
    described = requests.get(f"{tenant.onsite_url}/api", headers={"Accept": "application/json"}, timeout=10)
    assert described.json()["v1"] == root


@pytest.mark.parametrize(
    "authorization",
    ["", "Basic x", basic("desk", "wrong"), basic("", ""), basic("API", "demo-onsite-password")],
)
def test_nothing_else_opens_it(onsite: Api, authorization: str) -> None:
    answer = onsite.get("/User/currentPrincipal", headers={"Authorization": authorization})

    assert answer.status_code == 401
    assert answer.json()["Error"] is True


def test_a_password_does_not_open_the_online_address(onsite: Api, tenant: DemoTenant, api: Api) -> None:
    assert api.get("/User/currentPrincipal").status_code == 200
    onsite.root = tenant.tenant_url
    assert onsite.get("/User/currentPrincipal").status_code == 401


def test_a_token_does_not_open_the_onsite_address(tenant: DemoTenant, api: Api) -> None:
    api.root = tenant.onsite_url

    assert api.get("/User/currentPrincipal").status_code == 401


def test_the_login_host_is_never_asked(onsite: Api, tenant: DemoTenant) -> None:
    tenant.faults.state = "OfflineMaintenance"
    tenant.faults.wrong_tenant_host = True
    tenant.forget_requests()

    assert onsite.get("/User/currentPrincipal").status_code == 200
    assert all(seen.path.startswith("/SuperOffice/") for seen in tenant.requests)


def test_agents_that_are_restricted_online_are_not_restricted_here(onsite: Api) -> None:
    assert onsite.ask("EMail/GetCurrentAccountId") == 1


def test_faults_find_the_way_here_too(onsite: Api, tenant: DemoTenant) -> None:
    tenant.faults.answer_status("/Sale", 500)

    assert [onsite.get("/Sale?$top=1").status_code for _ in range(2)] == [500, 200]
    assert "demo-onsite-password" not in str(tenant.requests)
