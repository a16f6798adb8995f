from datetime import UTC, datetime
from email.utils import format_datetime

import pytest

from connector.demo.story import Story
from connector.demo.tenant import DemoTenant
from tests.connector.demo.api import Api


@pytest.fixture(scope="module")
def story(reading_tenant: DemoTenant) -> Story:
    return reading_tenant.story


def test_a_sale_entity_is_pascal_case_with_nested_objects(reading: Api, story: Story) -> None:
    sale = next(sale for sale in story.sales.values() if sale.status == 2 and sale.person_id)

    entity = reading.get(f"/Sale/{sale.sale_id}").json()
    assert entity["SaleId"] == sale.sale_id
    assert entity["Heading"] == sale.heading
    assert entity["Status"] == "Sold"
    assert entity["Contact"]["ContactId"] == sale.company_id
    assert entity["Person"]["PersonId"] == sale.person_id
    assert entity["Associate"]["AssociateId"] == sale.associate_id
    assert entity["Rating"]["Value"] == "Decided"
    assert entity["_Links"]["Self"].endswith(f"/Sale/{sale.sale_id}")


def test_a_sale_without_a_company_has_none(reading: Api, story: Story) -> None:
    sale = next(sale for sale in story.sales.values() if not sale.company_id)

    entity = reading.get(f"/Sale/{sale.sale_id}").json()
    assert entity["Contact"] is None
    assert entity["Person"] is None


def test_list_values_are_raw_without_a_language(reading: Api, story: Story) -> None:
    sale = next(sale for sale in story.sales.values() if sale.status == 2)

    entity = reading.get(f"/Sale/{sale.sale_id}", headers={"Accept-Language": "*"}).json()
    assert entity["Rating"]["Value"] == 'US:"Decided";GE:"Entschieden"'
    assert entity["Status"] == "Sold"


def test_a_person_entity_has_all_addresses(reading: Api, story: Story) -> None:
    person = next(person for person in story.persons.values() if len(person.emails) == 2)

    entity = reading.get(f"/Person/{person.person_id}").json()
    assert [element["Value"] for element in entity["Emails"]] == list(person.emails)
    assert entity["Contact"]["ContactId"] == person.company_id


def test_flags_that_forbid_writing_are_on_the_entities(reading: Api, story: Story) -> None:
    stopped = next(company for company in story.companies.values() if company.stop)
    silent = next(person for person in story.persons.values() if person.no_mail)
    retired = next(person for person in story.persons.values() if person.retired)
    bounced = next(person for person in story.persons.values() if person.bounced)

    assert reading.get(f"/Contact/{stopped.company_id}").json()["Xstop"] is True
    assert reading.get(f"/Person/{silent.person_id}").json()["NoMailing"] is True
    assert reading.get(f"/Person/{retired.person_id}").json()["Retired"] is True
    assert reading.get(f"/Person/{bounced.person_id}").json()["BounceEmails"] == [bounced.email]


def test_a_company_lists_its_people(reading: Api, story: Story) -> None:
    entity = reading.get("/Contact/2").json()

    assert [person["PersonId"] for person in entity["Persons"]] == [
        person.person_id for person in story.people_of(2)
    ]


def test_select_empties_everything_else(reading: Api) -> None:
    entity = reading.get("/Contact/2", params={"$select": "name,ContactId"}).json()

    assert {name for name, value in entity.items() if value is not None} == {"Name", "ContactId"}


@pytest.mark.parametrize(
    "path", ["/Sale/999999", "/Contact/999999", "/Person/999999", "/Document/999999", "/Appointment/9999"]
)
def test_an_unknown_id_gives_the_error_object(reading: Api, path: str) -> None:
    answer = reading.get(path)

    assert answer.status_code == 404
    body = answer.json()
    assert body["Error"] is True
    assert body["ErrorType"] == "SoNotFoundException"
    assert "not found" in body["ErrorMessage"]


@pytest.mark.parametrize(
    "path",
    [
        "/Associate",
        "/User/current",
        "/Contact/2/Quotes",
        "/Quote",
        "/EMail",
        "/$batch",
        "/List/ShipmentType/Items",
        "/Sale/abc",
    ],
)
def test_invented_routes_do_not_exist(reading: Api, path: str) -> None:
    answer = reading.get(path)

    assert answer.status_code == 404
    assert "No HTTP resource was found" in answer.json()["Message"]


def test_an_unchanged_entity_is_not_sent_again(reading: Api, story: Story) -> None:
    sale = next(iter(story.sales.values()))
    later = format_datetime(sale.updated_at.replace(tzinfo=UTC), usegmt=True)
    earlier = format_datetime(datetime(2020, 1, 1, tzinfo=UTC), usegmt=True)

    assert reading.get(f"/Sale/{sale.sale_id}", headers={"If-Modified-Since": later}).status_code == 304
    assert reading.get(f"/Sale/{sale.sale_id}", headers={"If-Modified-Since": earlier}).status_code == 200


def test_lists_and_sales_cannot_be_deleted(reading: Api) -> None:
    for path in ("/List/ProductFamily/Items", "/Sale/101", "/Contact/2"):
        assert reading.call("DELETE", path).status_code == 405
    assert reading.get("/Contact/2").status_code == 200
