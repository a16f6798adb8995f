import requests

from connector.demo.tenant import DemoTenant
from tests.connector.demo.api import Api


def test_product_families_leave_out_deleted_ones_unless_asked(reading: Api) -> None:
    families = reading.get("/List/ProductFamily/Items").json()
    everything = reading.get("/List/ProductFamily/Items?includeDeleted=true").json()

    assert {"OMNIE", "KIRA", "SCRUBBER"} <= {item["Name"] for item in families}
    assert not any(item["Deleted"] for item in families)
    assert len(everything) == len(families) + 1
    choices = reading.get("/List/ProductFamily/MDOItems?flat=true").json()
    assert [item["Name"] for item in choices] == [item["Name"] for item in families]


def test_one_template_is_the_plain_outgoing_mail_and_many_look_like_it(reading: Api) -> None:
    everything = reading.get("/List/DocumentTemplate/Items?includeDeleted=true").json()
    outgoing = [
        item for item in everything if item["RecordType"] == "Email" and item["Direction"] == "Outgoing"
    ]
    plain = [
        item
        for item in sorted(outgoing, key=lambda item: item["Rank"])
        if not item["Deleted"]
        and item["QuoteDocType"] == item["PrivacyDocType"] == item["InvitationDocType"] == "None"
    ]

    assert plain[0]["DocumentTemplateId"] == 9
    assert len(outgoing) > len(plain)
    assert any(item["Direction"] == "Incoming" for item in everything)
    assert any(item["Deleted"] for item in everything)
    assert not any(item["Deleted"] for item in reading.get("/List/DocumentTemplate/Items").json())


def test_small_lists(reading: Api) -> None:
    assert {item["Type"] for item in reading.get("/List/Task/Items").json()} >= {
        "ToDo",
        "Phone",
        "Appointment",
    }
    assert {item["Name"] for item in reading.get("/List/Currency/Items").json()} == {"EUR", "CHF", "GBP"}
    assert reading.get("/List/Rating/Items").json()[0]["Value"] == "First contact"
    assert (
        reading.get("/List/SaleType/Items", headers={"Accept-Language": "de"}).json()[0]["Name"]
        == "Neugeschäft"
    )
    assert reading.get("/TimeZone/base").json()["TZLocationCode"] == "DE"


def test_the_caller_is_the_api_user(reading: Api) -> None:
    principal = reading.get("/User/currentPrincipal").json()
    associate = reading.get("/User/currentAssociate").json()

    assert principal["Associate"] == associate["Name"] == "API"
    assert principal["AssociateId"] == associate["AssociateId"] == 3
    assert principal["DatabaseContextIdentifier"] == "Cust12345"
    assert principal["EMailAddress"].endswith(".example")


def test_there_are_five_users_with_their_logins(reading: Api) -> None:
    rows = reading.list(
        "/Archive/InternalUsers", select="associateDbId,assocName,fullName,personId,personEmail"
    )

    assert {(row["assocName"], row["fullName"]) for row in rows} >= {
        ("JW", "Jonas Weber"),
        ("SK", "Sabine Kranz"),
    }
    assert len(rows) == 5
    assert {row["associateDbId"] for row in reading.list("/User", select="associateDbId")} == {3, 5, 6, 8, 9}
    found = reading.call("POST", "/Agents/Associate/GetAssociateList", json=[5, 6, 77]).json()
    assert [item["FullName"] for item in found] == ["Jonas Weber", "Sabine Kranz"]
    assert reading.call("POST", "/Agents/Associate/GetAssociate?associateId=5").json()["Name"] == "JW"
    assert reading.call("POST", "/Agents/Associate/GetAssociate?associateId=77").json() is None


def test_rights_can_be_asked_without_writing(reading: Api) -> None:
    def mask(table: str) -> str:
        return str(
            reading.call("POST", "/Agents/Sentry/GetNewTableRight", json={"TableName": table}).json()["Mask"]
        )

    assert (mask("document"), mask("appointment"), mask("sale"), mask("nonsense")) == (
        "FULL",
        "URI",
        "Select",
        "None",
    )
    right = reading.call("POST", "/Agents/Sentry/HasFunctionRight", json={"FunctionRight": "hide-sale"})
    assert right.json() is False
    assert "hide-sale" not in reading.call("POST", "/Agents/Sentry/GetFunctionRights").json()


def test_the_api_describes_itself_without_a_token(reading_tenant: DemoTenant) -> None:
    root = requests.get(
        f"{reading_tenant.tenant_url}/api", headers={"Accept": "application/json"}, timeout=10
    ).json()
    assert root["v1"] == f"{reading_tenant.tenant_url}/api/v1"
    page = requests.get(f"{reading_tenant.tenant_url}/api", headers={"Accept": "text/html"}, timeout=10)
    assert page.headers["Content-Type"].startswith("text/html")

    operations = requests.get(root["v1"], headers={"Accept": "application/json"}, timeout=10).json()
    assert set(operations[f"{root['v1']}/Document"]) == {"GET", "POST"}
    # It is in the map although it is granted to nobody.
    assert set(operations[f"{root['v1']}/Agents/EMail/Send"]) == {"POST"}
    assert f"{root['v1']}/CRMScript/{{cRMScriptId}}/Execute" in operations
    assert not any(path.endswith(("/Associate/Me", "/Shipment", "/Quotes")) for path in operations)
