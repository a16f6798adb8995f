"""Rights, grants and licences: what the switches take away, and how the tenant says so."""

import pytest

from connector.demo.tenant import DemoTenant
from tests.connector.demo.api import Api, document, signed_in


@pytest.fixture
def tenant(shared_tenant: DemoTenant) -> DemoTenant:
    return shared_tenant


def mask(api: Api, table: str) -> str:
    return str(api.ask("Sentry/GetNewTableRight", TableName=table)["Mask"])


def test_a_table_right_that_is_taken_away_is_missed(api: Api, tenant: DemoTenant) -> None:
    created = api.create_document()["DocumentId"]
    tenant.faults.table_rights = {"Document": "Select"}

    assert mask(api, "document") == "Select"
    assert mask(api, "appointment") == "URI"
    refused = api.call("POST", "/Document", json=document())
    assert refused.status_code == 403
    assert refused.json()["ErrorType"] == "SoSecurityException"
    assert api.upload(created, b"x").status_code == 403
    assert api.call("DELETE", f"/Document/{created}").status_code == 403
    assert api.get(f"/Document/{created}").status_code == 200
    assert api.call("POST", "/Appointment", json={"Title": "x"}).status_code == 200


@pytest.mark.parametrize(
    ("name", "created", "deleted"),
    [
        ("FULL", 200, 204),
        ("URI", 200, 403),
        ("Select, Insert", 200, 403),
        ("UR", 403, 403),
        ("None", 403, 403),
    ],
)
def test_masks_are_names_for_several_rights(
    api: Api, tenant: DemoTenant, name: str, created: int, deleted: int
) -> None:
    key = api.call("POST", "/Appointment", json={"Title": "x"}).json()["AppointmentId"]
    tenant.faults.table_rights = {"appointment": name}

    assert api.call("POST", "/Appointment", json={"Title": "x"}).status_code == created
    assert api.call("DELETE", f"/Appointment/{key}").status_code == deleted


def test_rows_without_a_right_to_see_them_are_missing_without_a_word(api: Api, tenant: DemoTenant) -> None:
    tenant.faults.table_rights = {"sale": "None", "person": "Insert"}

    assert api.list("/Sale") == []
    assert api.list("/Person") == []
    assert api.list("/Contact")
    assert api.get("/Sale/120").status_code == 403
    assert api.get("/Person/6").status_code == 403


def test_data_rights_leave_only_the_newest_sales(api: Api, tenant: DemoTenant) -> None:
    everything = [row["saleId"] for row in api.list("/Sale", select="saleId")]
    tenant.faults.visible_sales = 25

    seen = [row["saleId"] for row in api.list("/Sale", select="saleId")]
    assert seen == everything[-25:]
    assert api.get(f"/Sale/{seen[0]}").status_code == 200
    assert api.get(f"/Sale/{everything[0]}").status_code == 403
    path = "alternative/version/quote/sale/saleId"
    lines = api.list("/Archive/FindQuoteLine", select=path)
    assert {row[path] for row in lines} <= set(seen)
    assert {row["sale.sale_id"] for row in api.list("/Archive/Dynamic", select="sale.sale_id")} == set(seen)
    tenant.faults.visible_sales = 0
    assert api.list("/Sale") == []


def test_functional_rights_can_be_others(api: Api, tenant: DemoTenant) -> None:
    tenant.faults.function_rights = ["hide-sale"]

    assert api.ask("Sentry/GetFunctionRights") == ["hide-sale"]
    assert api.ask("Sentry/HasFunctionRight", FunctionRight="hide-sale") is True
    assert api.ask("Sentry/HasFunctionRight", FunctionRight="allow-bulk-email") is False
    assert api.get("/User/currentPrincipal").json()["FunctionRights"] == ["hide-sale"]


def test_functional_rights_have_names_in_a_list(api: Api) -> None:
    names = {item["ExtraInfo"]: item["Name"] for item in api.get("/MDOList/functionrights").json()}

    assert names["hide-sale"] == "Hide Sale screen"
    assert {"admin-all", "allow-bulk-email"} <= names.keys()


def test_licences_can_be_others(api: Api, tenant: DemoTenant) -> None:
    def names() -> list[str]:
        return [item["Name"] for item in api.get("/User/currentPrincipal").json()["Licenses"]]

    assert names() == ["user-plan"]
    assert api.get("/Archive/mailings?$top=1").json()["ErrorType"] == "SoLicenseException"
    tenant.faults.licences = ["user-plan", "marketing"]
    assert names() == ["user-plan", "marketing"]
    assert api.list("/Archive/mailings", select="mailingId,mailingDescription", top="1")
    (info,) = api.get("/License").json()
    assert [item["ModuleName"] for item in info["Current"]["ModuleLicenses"]] == ["user-plan", "marketing"]


def test_the_email_agent_is_restricted_to_begin_with(api: Api, tenant: DemoTenant) -> None:
    answer = api.call("POST", "/Agents/EMail/GetCurrentAccountId")

    assert answer.status_code == 403
    assert answer.json()["ErrorType"] == "SoSecurityException"
    tenant.faults.restricted.clear()
    assert api.ask("EMail/GetCurrentAccountId") == 1
    tenant.faults.mail_account_id = 0
    assert api.ask("EMail/TestAuthenticate") is False


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/Webhook"), ("GET", "/CRMScript"), ("POST", "/Agents/Quote/HasConnections")],
)
def test_anything_can_be_restricted_unlicensed_or_missing(
    api: Api, tenant: DemoTenant, method: str, path: str
) -> None:
    assert api.call(method, path).status_code == 200
    tenant.faults.restricted = {path.lower()}
    assert api.call(method, path).json()["ErrorType"] == "SoSecurityException"
    tenant.faults.clear()
    tenant.faults.no_licence = {path}
    refused = api.call(method, path)
    assert (refused.status_code, refused.json()["ErrorType"]) == (403, "SoLicenseException")
    tenant.faults.clear()
    tenant.faults.hidden_routes = {path}
    gone = api.call(method, path)
    assert gone.status_code == 404
    assert "No HTTP resource was found" in gone.json()["Message"]
    root = f"{tenant.tenant_url}/api/v1"
    assert not any(f"{address}/".startswith(f"{root}{path}/") for address in api.get("").json())
    tenant.faults.clear()
    assert api.call(method, path).status_code == 200


def test_agents_can_answer_null_to_everything(api: Api, tenant: DemoTenant) -> None:
    tenant.faults.agent_nulls = {"/Agents/Quote", "/Agents/Sentry"}

    assert api.ask("Quote/HasConnections") is None
    assert api.ask("Sentry/GetFunctionRights") is None
    assert api.call("POST", "/Agents/Associate/GetAssociateList", json=[5]).json() is not None


def test_the_user_behind_the_demos_own_token_can_be_another(api: Api, tenant: DemoTenant) -> None:
    tenant.faults.api_user = 9

    principal = api.get("/User/currentPrincipal").json()
    assert principal["Associate"] == "OP"
    assert principal["RoleName"] == "Administrator"
    assert "admin-all" in principal["FunctionRights"]


def test_representatives_have_rights_of_their_own(tenant: DemoTenant) -> None:
    with Api(tenant, f"Bearer {signed_in(tenant, 5)['access_token']}") as jonas:
        principal = jonas.get("/User/currentPrincipal").json()
        assert principal["RoleName"] == "User level 1"
        assert "admin-all" not in principal["FunctionRights"]


@pytest.mark.parametrize("path", ["/Associate/Me", "/Shipment", "/Sale/544/Quotes"])
def test_undocumented_addresses_make_the_server_stumble(api: Api, path: str) -> None:
    answer = api.get(path)

    assert answer.status_code == 500
    assert answer.json()["Error"] is True
    assert answer.json()["ErrorType"] == "NullReferenceException"
    assert not any(address.endswith(path) for address in api.get("").json())
