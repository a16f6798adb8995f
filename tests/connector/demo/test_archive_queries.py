from typing import Any

import pytest

from connector.demo.tenant import DemoTenant
from tests.connector.demo.api import Api


def ids(rows: list[dict[str, Any]], name: str = "saleId") -> list[int]:
    return [row[name] for row in rows]


def test_a_row_has_the_chosen_columns_and_always_key_and_entity(reading: Api) -> None:
    row = reading.list("/Sale", select="saleId,heading,contact/name", orderby="saleId asc", top="1")[0]

    assert list(row) == ["PrimaryKey", "EntityName", "saleId", "heading", "contact/name"]
    assert row["PrimaryKey"] == str(row["saleId"])
    assert row["EntityName"] == "sale"


def test_the_answer_has_the_envelope_of_the_real_one(reading: Api) -> None:
    body = reading.get("/Sale", params={"$select": "saleId", "$top": "1"}).json()

    assert set(body) == {"odata.metadata", "odata.nextLink", "value"}
    assert body["odata.nextLink"] is None


def test_cells_have_the_types_that_surprise_people(reading: Api) -> None:
    columns = "associateId,associate/associateDbId,probPercent,saleStatus,stage,currency,amount,hasQuote,nextDueDate"
    row = reading.list(
        "/Sale", select=f"{columns},date", filter="saleStatus oneOf (2)", orderby="saleId", top="1"
    )[0]

    assert row["associateId"] in ("JW", "SK", "TB", "OP")
    assert row["associate/associateDbId"] in (5, 6, 8, 9)
    assert row["probPercent"] == "100"
    assert row["saleStatus"] == "Sold"
    assert row["stage"] == "Decided"
    assert row["currency"] in ("EUR", "CHF", "GBP")
    assert isinstance(row["amount"], float)
    assert isinstance(row["hasQuote"], bool)
    assert row["nextDueDate"] == "0001-01-01T00:00:00"
    assert row["date"].endswith("T00:00:00")


@pytest.mark.parametrize(
    ("headers", "status", "stage"),
    [
        ({"Accept-Language": "de-DE,de;q=0.9"}, "Verkauft", "Entschieden"),
        ({"Accept-Language": "fr"}, "Sold", "Decided"),
        ({"Accept-Language": "de", "SO-Language": "en"}, "Sold", "Decided"),
        ({"Accept-Language": "*"}, "[SR_SALE_SOLD]", 'US:"Decided";GE:"Entschieden"'),
        ({"Accept-Language": None}, "[SR_SALE_SOLD]", 'US:"Decided";GE:"Entschieden"'),
    ],
)
def test_display_texts_follow_the_language_and_stay_raw_without_one(
    reading: Api, headers: dict[str, str | None], status: str, stage: str
) -> None:
    query = {"$select": "saleStatus,stage", "$filter": "saleStatus oneOf (2)", "$top": "1"}

    row = reading.get("/Sale", params=query, headers=headers).json()["value"][0]
    assert (row["saleStatus"], row["stage"]) == (status, stage)


def test_names_of_options_and_columns_may_come_in_any_case_raw_or_encoded(reading: Api) -> None:
    plain = reading.get("/sale?$SELECT=SALEID&$Filter=SaleId gt 0&$orderBy=SALEID desc&$top=2").json()[
        "value"
    ]
    encoded = reading.get(
        "/Sale?%24select=saleId&%24filter=saleId%20gt%200&%24orderby=saleId%20desc&%24top=2"
    ).json()

    assert plain == encoded["value"]
    assert len(plain) == 2


def test_keyset_pages_cover_everything_once(reading: Api, reading_tenant: DemoTenant) -> None:
    seen: list[int] = []
    last = 0
    while rows := reading.list(
        "/Sale", select="saleId", filter=f"saleId gt {last}", orderby="saleId asc", top="90"
    ):
        seen += ids(rows)
        last = seen[-1]

    assert seen == sorted(reading_tenant.story.sales)
    assert len(seen) == 400


def test_skip_passes_over_rows(reading: Api) -> None:
    all_ids = ids(reading.list("/Sale", select="saleId", orderby="saleId"))

    assert ids(reading.list("/Sale", select="saleId", orderby="saleId", skip="10", top="5")) == all_ids[10:15]


def test_sorting_by_several_columns(reading: Api) -> None:
    rows = reading.list("/Sale", select="saleId,amount,contactId", orderby="contactId asc, amount desc")

    keys = [(row["contactId"], -row["amount"]) for row in rows]
    assert keys == sorted(keys)


def test_a_sale_without_a_company_has_zero_and_empty_cells(reading: Api) -> None:
    rows = reading.list(
        "/Sale", select="contactId,contact/contactId,contact/name,personId", filter="contactId eq 0"
    )

    assert rows
    assert {
        (row["contactId"], row["contact/contactId"], row["contact/name"], row["personId"]) for row in rows
    } == {(0, 0, "", 0)}
    with_company = reading.list("/Sale", select="saleId", filter="contact/contactId gt 0")
    assert len(with_company) + len(rows) == 400


def test_full_mode_shows_the_id_beside_the_text(reading: Api) -> None:
    row = reading.list("/Sale", select="saleStatus", filter="saleStatus oneOf (2)", top="1", mode="full")[0]

    assert row["saleStatus"]["RawValue"] == 2
    assert row["saleStatus"]["DisplayValue"] == "Sold"


def test_json_safe_names(reading: Api) -> None:
    row = reading.list("/Sale", select="contact/name", top="1", jsonSafe="true")[0]

    assert "contact_name" in row


@pytest.mark.parametrize(
    ("path", "key"),
    [
        ("/Contact", "contactId"),
        ("/Person", "personId"),
        ("/Document", "documentId"),
        ("/Appointment", "appointmentId"),
        ("/Archive/FindSale", "saleId"),
        ("/Archive/simplecontact", "contactId"),
        ("/Archive/Person", "personId"),
        ("/Archive/FindDocument", "documentId"),
        ("/Archive/FindAppointment", "appointmentId"),
        ("/Archive/InternalUsers", "associateDbId"),
        ("/Contact/2/Persons", "personId"),
        ("/Contact/2/Sales", "saleId"),
    ],
)
def test_every_archive_answers_with_and_without_select(reading: Api, path: str, key: str) -> None:
    rows = reading.list(path, select=key)

    assert rows
    assert [row["PrimaryKey"] for row in rows] == [str(row[key]) for row in rows]
    assert len(reading.list(path, top="1")[0]) > 5


def test_people_come_with_the_flags_that_forbid_writing(reading: Api) -> None:
    columns = (
        "personId,email/emailAddress,personNoMail,retired,email/emailHasBounced,"
        "personContact/stop,personContact/contactNoMail,personContact/name"
    )
    rows = reading.list("/Person", select=columns)

    for flag in columns.split(",")[2:7]:
        assert {row[flag] for row in rows} == {True, False}, flag
    assert "" in {row["email/emailAddress"] for row in rows}


def test_metadata_describe_the_columns(reading: Api) -> None:
    for path in ("/Archive/FindSale/$metadata", "/Archive/findsale$metadata"):
        described = {row["name"]: row for row in reading.get(path).json()["value"]}
        assert described["contactId"]["restrictionType"] == "listAny"
        assert described["visibleFor"]["canOrderBy"] is False
    assert reading.get("/Archive/Nothing/$metadata").status_code == 404


def test_archive_names_are_listed_and_unknown_ones_refused(reading: Api) -> None:
    assert "FindSale" in {item["name"] for item in reading.get("/Archive").json()["value"]}
    assert reading.get("/Archive/Nothing").status_code == 404


def test_inline_count_works_on_archives_only(reading: Api) -> None:
    counted = reading.get(
        "/Archive/FindSale", params={"$select": "saleId", "$top": "1", "$inlineCount": "allpages"}
    )

    assert counted.json()["odata.count"] == "400"
    assert "not supported" in reading.refused("/Sale", inlineCount="allpages")


@pytest.mark.parametrize(
    "options",
    [
        {"select": "saleId,nonsense"},
        {"select": "SaleId.Value"},
        {"orderby": "nonsense"},
        {"orderby": "saleId upwards"},
        {"orderby": "visibleFor"},
        {"top": "many"},
        {"top": "-1"},
        {"skip": "1.5"},
        {"count": "true"},
        {"expand": "contact"},
    ],
)
def test_what_the_tenant_does_not_know_is_refused(reading: Api, options: dict[str, str]) -> None:
    assert reading.refused("/Sale", **options)


def test_a_page_of_a_thousand_rows_of_five_thousand_sales_is_whole() -> None:
    with DemoTenant(sales=5000) as tenant, Api(tenant) as api:
        rows = api.list(
            "/Sale", select="saleId,heading,contact/name", filter="saleId gt 0", orderby="saleId", top="1000"
        )

        assert len(rows) == 1000
        assert len(api.list("/Sale", select="saleId", top="9999")) == 5000
