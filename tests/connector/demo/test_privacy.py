from typing import Any

from connector.demo.tenant import DemoTenant
from tests.connector.demo.api import Api


def consents(api: Api, person_id: int) -> dict[str, str]:
    rows: list[dict[str, Any]] = api.get(f"/Person/{person_id}/Consent").json()
    return {row["ConsentPurposeKey"]: row["LegalBaseKey"] for row in rows}


def has(api: Api, person_id: int, purpose: str = "EMARKETING") -> bool:
    return bool(api.get(f"/Person/{person_id}/Consent/{purpose}").json())


def test_a_consent_is_given_or_not(reading: Api) -> None:
    assert consents(reading, 6) == {"STORE": "61B", "EMARKETING": "61A"}
    assert consents(reading, 7) == {"STORE": "61B"}
    assert (has(reading, 6), has(reading, 7)) == (True, False)
    assert has(reading, 7, "store") is True


def test_a_withdrawn_consent_stays_in_the_list_and_counts_as_none(reading: Api) -> None:
    assert consents(reading, 31)["EMARKETING"] == "WITHDRAWN"
    assert has(reading, 31) is False
    assert reading.ask("Person/HasConsent", PersonId=31, Purpose="EMARKETING") is False


def test_archive_and_entity_say_the_same(reading: Api, reading_tenant: DemoTenant) -> None:
    rows = reading.list("/Person", select="personId,hasEmarketingConsent,withdrawnEmarketingConsent")

    assert len(rows) == len(reading_tenant.story.persons)
    for row in rows[::7] + [row for row in rows if row["withdrawnEmarketingConsent"]]:
        entity = reading.get(f"/Person/{row['personId']}").json()
        bases = {item["ConsentPurposeKey"]: item["LegalBaseKey"] for item in entity["Consents"]}
        assert (bases.get("EMARKETING") == "61A") == row["hasEmarketingConsent"]
        assert (bases.get("EMARKETING") == "WITHDRAWN") == row["withdrawnEmarketingConsent"]
        assert bases == consents(reading, row["personId"])


def test_names_are_translated_and_keys_are_not(reading: Api) -> None:
    def names(language: str) -> dict[str, str]:
        items = reading.get("/List/LegalBase/Items", headers={"Accept-Language": language}).json()
        return {item["Key"]: item["Name"] for item in items}

    assert names("en")["WITHDRAWN"] == "Withdrawn"
    assert names("de")["WITHDRAWN"] == "Widerrufen"
    assert {item["Key"] for item in reading.get("/List/ConsentPurpose/Items").json()} == {
        "STORE",
        "EMARKETING",
    }
    assert "API" in {item["Key"] for item in reading.get("/List/ConsentSource/Items").json()}


def test_nobody_has_no_consent(reading: Api) -> None:
    assert reading.get("/Person/4711/Consent").status_code == 404
    assert reading.get("/Person/4711/Consent/STORE").status_code == 404


def test_lists_to_choose_from_have_the_ids_of_the_lists(reading: Api) -> None:
    def choices(name: str) -> dict[int, str]:
        return {item["Id"]: item["Name"] for item in reading.get(f"/MDOList/{name}?flat=true").json()}

    assert choices("productfamily")[1] == "OMNIE"
    assert choices("associate")[5] == "Jonas Weber"
    assert choices("task")[3] == "Aufgabe"
    assert choices("shipmenttype")
    assert choices("PROB")[1] == "First contact"
    assert reading.get("/MDOList/nonsense").status_code == 404


def test_a_sale_can_be_prepared_but_not_saved(reading: Api) -> None:
    sale = reading.get("/Sale/default").json()
    assert (sale["SaleId"], sale["Status"]) == (0, "Open")
    assert sale["Associate"]["Name"] == "API"
    wrong = {**sale, "Heading": "x" * 300, "Rating": {"Id": 77}}
    assert set(reading.call("POST", "/Sale/Validate", json=wrong).json()) == {"Heading", "Rating"}
    assert reading.call("POST", "/Sale", json=sale).status_code == 405


def test_providers_describe_their_columns_to_the_agent(reading: Api) -> None:
    columns = reading.ask("Archive/GetAvailableColumns", ProviderName="FindQuoteLine", Context="")
    found = {item["Name"]: item for item in columns}

    assert found["quoteLineId"]["CanOrderBy"] is True
    assert found["productFamilyKey"]["CanOrderBy"] is False
    assert "FindQuoteLine" in reading.ask("Archive/GetProviderNames")
    refused = reading.call("POST", "/Agents/Archive/GetAvailableColumns", json={"ProviderName": "Nonsense"})
    assert refused.status_code == 404
