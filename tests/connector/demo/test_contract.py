"""The answers of the operations in use, held against SuperOffice's own specifications."""

import base64
from typing import Any

import pytest

from connector.demo.tenant import DemoTenant
from tests.connector.demo.api import Api, document
from tests.connector.demo.swagger import operations, problems, request_problems

READ = [
    ("Sale", "/Sale", "/Sale?$top=50"),
    ("Contact", "/Contact", "/Contact"),
    ("Contact", "/Contact/{id}/Persons", "/Contact/2/Persons"),
    ("Contact", "/Contact/{id}/Sales", "/Contact/2/Sales"),
    ("Person", "/Person", "/Person"),
    ("Document", "/Document", "/Document"),
    ("Archive", "/Archive/{archiveProviderName}", "/Archive/FindAppointment"),
    ("Archive", "/Archive/{archiveProviderName}/$metadata", "/Archive/FindSale/$metadata"),
    ("Sale", "/Sale/{id}", "/Sale/120"),
    ("Sale", "/Sale/{id}/Simple", "/Sale/120/Simple"),
    ("Contact", "/Contact/{id}", "/Contact/2"),
    ("Person", "/Person/{id}", "/Person/6"),
    ("Document", "/Document/default", "/Document/default"),
    ("Document", "/Document/{id}", "/Document/7"),
    ("Document", "/Document/{documentId}/Length", "/Document/7/Length"),
    ("Document", "/Document/{documentId}/Content", "/Document/7/Content"),
    ("Document", "/Document/{documentId}/Lock", "/Document/7/Lock"),
    ("Document", "/Document/Plugin", "/Document/Plugin"),
    ("Appointment", "/Appointment/default", "/Appointment/default"),
    ("Appointment", "/Appointment/{id}", "/Appointment/1"),
    ("List", "/List/ProductFamily/Items", "/List/ProductFamily/Items?includeDeleted=true"),
    ("List", "/List/ProductFamily/MDOItems", "/List/ProductFamily/MDOItems"),
    ("List", "/List/DocumentTemplate/Items", "/List/DocumentTemplate/Items?includeDeleted=true"),
    ("List", "/List/Task/Items", "/List/Task/Items?includeDeleted=true"),
    ("List", "/List/Currency/Items", "/List/Currency/Items"),
    ("List", "/List/Rating/Items", "/List/Rating/Items"),
    ("List", "/List/SaleType/Items", "/List/SaleType/Items"),
    ("User", "/User/currentPrincipal", "/User/currentPrincipal"),
    ("User", "/User/currentAssociate", "/User/currentAssociate"),
    ("Appointment", "/Appointment", "/Appointment"),
    ("User", "/User", "/User"),
    ("Product", "/Product", "/Product"),
    ("Pricelist", "/Pricelist", "/Pricelist"),
    ("CRMScript", "/CRMScript", "/CRMScript"),
    ("Archive", "/Archive/{archiveProviderName}", "/Archive/FindQuoteLine?$top=50"),
    ("Archive", "/Archive/{archiveProviderName}", "/Archive/QuoteLine?$top=50"),
    ("Archive", "/Archive/{archiveProviderName}", "/Archive/QuoteConnection"),
    ("Archive", "/Archive/{archiveProviderName}", "/Archive/ForeignKeys"),
    ("Archive", "/Archive/{archiveProviderName}", "/Archive/Dynamic?$select=quote.quote_id,quote.SaleId"),
    ("Archive", "/Archive/{archiveProviderName}/$metadata", "/Archive/FindQuoteLine/$metadata"),
    ("Sale", "/Sale/default", "/Sale/default"),
    ("Sale", "/Sale/{id}/ForeignKey", "/Sale/120/ForeignKey"),
    ("Document", "/Document/{id}/ForeignKey", "/Document/7/ForeignKey"),
    ("Person", "/Person/{personId}/Consent", "/Person/31/Consent"),
    ("Person", "/Person/{personId}/Consent/{purpose}", "/Person/31/Consent/STORE"),
    ("List", "/List/ConsentPurpose/Items", "/List/ConsentPurpose/Items"),
    ("List", "/List/LegalBase/Items", "/List/LegalBase/Items"),
    ("List", "/List/ConsentSource/Items", "/List/ConsentSource/Items"),
    *(
        ("MDOList", "/MDOList/{listname}", f"/MDOList/{name}")
        for name in (
            "productfamily",
            "functionrights",
            "associate",
            "shipmenttype",
            "task",
            "doctmpl",
            "prob",
            "saletype",
            "currency",
            "consentpurpose",
        )
    ),
    ("Webhook", "/Webhook/default", "/Webhook/default"),
    ("Webhook", "/Webhook", "/Webhook"),
    ("Webhook", "/Webhook/{id}", "/Webhook/1"),
    ("Webhook", "/Webhook/{webhookId}/LastError", "/Webhook/1/LastError"),
    ("CRMScript", "/CRMScript/{cRMScriptId}/Validate", "/CRMScript/1/Validate"),
    ("ShipmentMessage", "/ShipmentMessage/default", "/ShipmentMessage/default"),
    ("License", "/License", "/License"),
    ("License", "/License/{ownerName}", "/License/SuperOffice"),
    ("License", "/License/User/{associateId}", "/License/User/3"),
    ("TimeZone", "/TimeZone/base", "/TimeZone/base"),
    ("TimeZone", "/TimeZone/current", "/TimeZone/current"),
]
AGENTS = [
    ("SentryAgent", "Sentry/GetNewTableRight", {"TableName": "document"}, ""),
    ("SentryAgent", "Sentry/HasFunctionRight", {"FunctionRight": "hide-sale"}, ""),
    ("SentryAgent", "Sentry/GetFunctionRights", None, ""),
    ("AssociateAgent", "Associate/GetAssociate", None, "?associateId=5"),
    ("AssociateAgent", "Associate/GetAssociateList", [5, 6], ""),
    ("SentryAgent", "Sentry/CanCreateAppointmentInAssociateDiaries", {"AssociateIds": [5]}, ""),
    ("ArchiveAgent", "Archive/GetProviderNames", None, ""),
    ("ArchiveAgent", "Archive/GetAvailableColumns", {"ProviderName": "FindSale", "Context": ""}, ""),
    ("QuoteAgent", "Quote/HasConnections", None, ""),
    ("PersonAgent", "Person/HasConsent", {"PersonId": 31, "Purpose": "STORE"}, ""),
    ("PersonAgent", "Person/GetConsentInfos", {"PersonId": 31}, ""),
    ("MarketingAgent", "Marketing/CreateDefaultShipmentMessageEntity", None, ""),
    ("ConfigurationAgent", "Configuration/GetCRMUrl", {"SoProtocol": "sale.main?sale_id=120"}, ""),
]


@pytest.mark.parametrize(("name", "path", "call"), READ, ids=[call for _name, _path, call in READ])
@pytest.mark.parametrize("language", ["en", "*"])
def test_what_is_read_is_as_specified(reading: Api, name: str, path: str, call: str, language: str) -> None:
    answer = reading.get(call, headers={"Accept-Language": language})

    assert answer.status_code == 200
    assert problems(name, "GET", path, answer.json()) == []


@pytest.mark.parametrize(("name", "path", "body", "query"), AGENTS, ids=[agent[1] for agent in AGENTS])
def test_what_agents_answer_is_as_specified(
    reading: Api, name: str, path: str, body: Any, query: str
) -> None:
    answer = reading.call("POST", f"/Agents/{path}{query}", json=body)

    assert answer.status_code == 200
    assert problems(name, "POST", f"/Agents/{path}", answer.json()) == []
    if body is not None:
        assert request_problems(name, "POST", f"/Agents/{path}", body) == []


def test_the_map_lists_only_what_the_specifications_describe(reading: Api) -> None:
    root = f"{reading.tenant.tenant_url}/api/v1"
    listed = {
        (method, address.removeprefix(root))
        for address, methods in reading.get("").json().items()
        for method in methods
    }

    # Patching is documented, but in no specification.
    assert listed - operations() == {("PATCH", "/Document/{id}")}
    assert len(listed) > 80


def test_what_the_quote_agent_answers_is_as_specified(reading: Api) -> None:
    def ask(call: str, **body: int) -> Any:
        path = f"/Agents/Quote/{call}"
        assert request_problems("QuoteAgent", "POST", path, body) == []
        value = reading.call("POST", path, json=body).json()
        assert problems("QuoteAgent", "POST", path, value) == []
        return value

    for quote in list(reading.tenant.story.quotes.by_id.values())[::9]:
        ask("GetQuoteFromSaleId", SaleId=quote.sale_id)
        ask("GetQuoteEntityFromSaleId", SaleId=quote.sale_id)
        for version in ask("GetQuoteVersions", QuoteId=quote.quote_id):
            for item in ask("GetQuoteAlternatives", QuoteVersionId=version["QuoteVersionId"]):
                assert ask("GetQuoteLines", QuoteAlternativeId=item["QuoteAlternativeId"])


def test_what_sales_and_mail_agents_answer_is_as_specified(api: Api, tenant: DemoTenant) -> None:
    has_quote = api.call("POST", "/Agents/Sale/SaleHasQuote", json={"SaleId": 101}).json()
    assert problems("SaleAgent", "POST", "/Agents/Sale/SaleHasQuote", has_quote) == []

    tenant.faults.restricted.clear()
    for name, body in (
        ("GetCurrentAccountId", None),
        ("TestAuthenticate", None),
        ("Send", {"Emails": []}),
        ("SendEMails", {"Emails": []}),
    ):
        answer = api.call("POST", f"/Agents/EMail/{name}", json=body).json()
        assert problems("EMailAgent", "POST", f"/Agents/EMail/{name}", answer) == []


def test_what_the_document_agent_answers_is_as_specified(api: Api) -> None:
    key = api.create_document()["DocumentId"]
    body = {"DocumentId": key, "Stream": base64.b64encode(b"file").decode()}
    path = "/Agents/Document/SetDocumentStreamFromId"

    assert request_problems("DocumentAgent", "POST", path, body) == []
    assert problems("DocumentAgent", "POST", path, api.call("POST", path, json=body).json()) == []
    verified = api.call("POST", "/Agents/Document/VerifyGetDocumentStream", json={"DocumentId": key})
    assert (verified.status_code, verified.content) == (204, b"")
    for method in ("POST", "PUT", "DELETE"):
        answer = api.call(method, f"/Document/{key}/Lock").json()
        assert problems("Document", method, "/Document/{documentId}/Lock", answer) == []


def test_what_foreign_keys_answer_is_as_specified(api: Api) -> None:
    def ask(method: str, path: str, call: str, **options: Any) -> None:
        answer = api.call(method, call, **options)
        assert answer.status_code == 200, answer.text
        assert answer.json() is not None
        assert problems("ForeignApp", method, path, answer.json()) == []

    device = "/ForeignApp/{applicationName}/{deviceName}/{deviceIdentifier}"
    key = {"Key": "mail", "Value": "7d0d", "RecordId": 7, "TableName": "document"}
    assert request_problems("ForeignApp", "POST", f"{device}/Key", key) == []
    ask("POST", "/ForeignApp/{appName}", "/ForeignApp/Sales Desk")
    ask("POST", device, "/ForeignApp/Sales Desk/desk/one")
    ask("POST", f"{device}/Key", "/ForeignApp/Sales Desk/desk/one/Key", json=key)
    ask(
        "GET",
        f"{device}/Key/{{keyName}}/{{tableName}}",
        "/ForeignApp/Sales Desk/desk/one/Key/mail/document?Value=7d0d",
    )
    anywhere = "/ForeignApp/{applicationName}/{deviceName}/Key/{keyName}/{tableName}"
    ask("GET", anywhere, "/ForeignApp/Sales Desk/desk/Key/mail/document?keyValue=7d0d")


def test_what_validating_a_sale_answers_is_as_specified(reading: Api) -> None:
    sale = reading.get("/Sale/default").json()
    assert request_problems("Sale", "POST", "/Sale/Validate", sale) == []
    assert reading.call("POST", "/Sale/Validate", json=sale).json() == {}
    found = reading.call("POST", "/Sale/Validate", json={**sale, "Contact": {"ContactId": 4711}}).json()
    assert found
    assert problems("Sale", "POST", "/Sale/Validate", found) == []


def test_every_sale_company_and_person_is_as_specified(reading: Api) -> None:
    story = reading.tenant.story
    for key in list(story.sales)[::10]:
        assert problems("Sale", "GET", "/Sale/{id}", reading.get(f"/Sale/{key}").json()) == []
    for key in list(story.companies)[::4]:
        assert problems("Contact", "GET", "/Contact/{id}", reading.get(f"/Contact/{key}").json()) == []
    for key in list(story.persons)[::4]:
        assert problems("Person", "GET", "/Person/{id}", reading.get(f"/Person/{key}").json()) == []


def test_what_filing_a_document_answers_is_as_specified(api: Api) -> None:
    created = api.create_document()
    key = created["DocumentId"]
    content = f"/Document/{key}/Content"

    assert problems("Document", "POST", "/Document", created) == []
    assert problems("Document", "PUT", "/Document/{documentId}/Content", api.upload(key, b"x").json()) == []
    generated = api.call("POST", content, json={}).json()
    assert problems("Document", "POST", "/Document/{documentId}/Content", generated) == []
    saved = api.call("PUT", f"/Document/{key}", json=document()).json()
    assert problems("Document", "PUT", "/Document/{id}", saved) == []
    found = api.call("POST", "/Document/Validate", json=document(Header="x" * 300)).json()
    assert found
    assert problems("Document", "POST", "/Document/Validate", found) == []


def test_what_creating_a_task_answers_is_as_specified(api: Api) -> None:
    created = api.call("POST", "/Appointment", json={"Title": "x", "Contact": {"ContactId": 2}}).json()

    assert problems("Appointment", "POST", "/Appointment", created) == []
    found = api.call("POST", "/Appointment/Validate", json={"Contact": {"ContactId": 4711}}).json()
    assert found
    assert problems("Appointment", "POST", "/Appointment/Validate", found) == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"SaleId": "120"},
        {"Status": "sold"},
        {"Contact": 5},
        {"heading": "camel case"},
        {"Associate": {"AssociateId": "5"}},
        {"Links": {}},
    ],
)
def test_the_relaxed_schema_still_sees_what_is_wrong(reading: Api, wrong: dict[str, Any]) -> None:
    entity = reading.get("/Sale/120").json()

    assert problems("Sale", "GET", "/Sale/{id}", entity) == []
    assert problems("Sale", "GET", "/Sale/{id}", {**entity, **wrong})


def test_a_nested_row_cell_would_be_seen() -> None:
    row = {"odata.metadata": "x", "odata.nextLink": None, "value": [{"saleId": {"RawValue": 1}}]}

    assert problems("Sale", "GET", "/Sale", row)
    assert problems("Sale", "GET", "/Sale", None)
