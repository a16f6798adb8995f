"""The answers of the operations in use, held against SuperOffice's own specifications."""

from typing import Any

import pytest

from tests.connector.demo.api import Api, document
from tests.connector.demo.swagger import problems

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
    ("TimeZone", "/TimeZone/base", "/TimeZone/base"),
    ("TimeZone", "/TimeZone/current", "/TimeZone/current"),
]
AGENTS = [
    ("SentryAgent", "Sentry/GetNewTableRight", {"TableName": "document"}, ""),
    ("SentryAgent", "Sentry/HasFunctionRight", {"FunctionRight": "hide-sale"}, ""),
    ("SentryAgent", "Sentry/GetFunctionRights", None, ""),
    ("AssociateAgent", "Associate/GetAssociate", None, "?associateId=5"),
    ("AssociateAgent", "Associate/GetAssociateList", [5, 6], ""),
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
