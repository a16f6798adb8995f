"""Long lists by key: every sale once, in falling order, whatever holes there are; and what a row means."""

import json
import re
import tracemalloc
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import chain
from typing import Any

import pytest

from connector.superoffice import errors
from connector.superoffice.client import Client
from connector.superoffice.listing import sale_pages
from connector.superoffice.types import Sale
from tests.connector.superoffice.rows import listing, sale_row
from tests.connector.superoffice.server import ScriptedTenant, answer

NUMBERS = [9041, 9040, 9000, 777, 776, 500, 40, 39, 38, 2, 1]


def archive(numbers: list[int], hidden: frozenset[int] = frozenset()) -> Callable[[Any], None]:
    """A list query as the server runs it: cut the page first, then drop the rows the user may not see."""

    def reply(handler: Any) -> None:
        query = handler.owner.seen[-1].query
        operator, bound = re.fullmatch(r"saleId (gt|lt|eq) (\d+)", query["$filter"]).groups()  # type: ignore[union-attr]
        match = {"gt": int.__gt__, "lt": int.__lt__, "eq": int.__eq__}[operator]
        found = sorted((number for number in numbers if match(number, int(bound))), reverse=True)
        page = [number for number in found[: int(query["$top"])] if number not in hidden]
        answer(listing(*(sale_row(number) for number in page)))(handler)

    return reply


def numbers_of(client: Client, limit: int | None, page_size: int) -> list[list[int]]:
    return [[sale.id for sale in page] for page in client.newest_sales(limit, page_size=page_size)]


@pytest.mark.parametrize("page_size", [1, 2, 3, 4, 5, 10, 11, 12, 1000])
def test_every_sale_comes_once_with_holes_in_the_numbers(
    tenant: ScriptedTenant, client: Client, page_size: int
) -> None:
    tenant.script("GET", "Sale", archive(NUMBERS))
    pages = numbers_of(client, None, page_size)
    assert list(chain(*pages)) == NUMBERS
    assert all(0 < len(page) <= page_size for page in pages)


@pytest.mark.parametrize("limit", [0, 1, 3, 4, 11, 12])
def test_the_limit_counts_the_newest(tenant: ScriptedTenant, client: Client, limit: int) -> None:
    tenant.script("GET", "Sale", archive(NUMBERS))
    assert list(chain(*numbers_of(client, limit, 3))) == NUMBERS[:limit]


def test_rows_that_the_user_may_not_see_do_not_end_the_list_early(
    tenant: ScriptedTenant, client: Client
) -> None:
    tenant.script("GET", "Sale", archive(NUMBERS, hidden=frozenset({9040, 9000, 500})))
    assert list(chain(*numbers_of(client, None, 3))) == [9041, 777, 776, 40, 39, 38, 2, 1]


def test_pages_go_by_key_and_ask_for_no_more_than_needed(tenant: ScriptedTenant, client: Client) -> None:
    tenant.script("GET", "Sale", archive(NUMBERS))
    numbers_of(client, 5, 3)
    queries = [seen.query for seen in tenant.calls("Sale")]
    assert [(query["$filter"], query["$top"]) for query in queries] == [
        ("saleId gt 0", "3"),
        ("saleId lt 9000", "2"),
    ]
    assert {query["$orderby"] for query in queries} == {"saleId desc"}
    assert not [name for query in queries for name in query if name in {"$skip", "$count"}]
    columns = queries[0]["$select"].split(",")
    assert "associate/associateDbId" in columns
    assert "associateId" not in columns
    assert tenant.calls("Sale")[0].target.count("+") == 0, "blanks are %20"


def test_the_next_page_is_only_asked_for_when_it_is_wanted(tenant: ScriptedTenant, client: Client) -> None:
    tenant.script("GET", "Sale", archive(NUMBERS))
    next(iter(client.newest_sales(None, page_size=2)))
    assert len(tenant.calls("Sale")) == 1


def test_no_sales_are_no_pages(tenant: ScriptedTenant, client: Client) -> None:
    tenant.script("GET", "Sale", answer(listing()))
    assert numbers_of(client, None, 10) == []


@pytest.mark.parametrize(
    "pages", [[[5, 5]], [[5, 6]], [[5, 4], [4]], [[5, 4], [5, 4]], [[5, 4], [9]]], ids=str
)
def test_numbers_that_do_not_fall_stop_the_list(
    tenant: ScriptedTenant, client: Client, pages: list[list[int]]
) -> None:
    tenant.script("GET", "Sale", *(answer(listing(*map(sale_row, page))) for page in pages))
    with pytest.raises(errors.UnexpectedAnswer) as caught:
        numbers_of(client, None, 2)
    assert "saleId" in caught.value.detail
    assert caught.value.method == "GET"


def test_a_server_that_sends_too_much_does_not_break_the_limit(
    tenant: ScriptedTenant, client: Client
) -> None:
    tenant.script("GET", "Sale", answer(listing(*map(sale_row, [9, 8, 7]))))
    assert numbers_of(client, 2, 10) == [[9, 8]]


@pytest.mark.parametrize("page_size", [0, -1, 1001])
def test_a_page_size_that_the_server_may_cut_is_refused(client: Client, page_size: int) -> None:
    with pytest.raises(ValueError, match="page_size"):
        numbers_of(client, 5, page_size)


def test_a_link_to_another_host_is_not_followed(tenant: ScriptedTenant, client: Client) -> None:
    with ScriptedTenant() as elsewhere:
        first = answer(listing(sale_row(9), next_link=f"{elsewhere.url}/steal"))
        tenant.script("GET", "Sale", first, answer(listing()))
        assert numbers_of(client, None, 10) == [[9]]
        assert elsewhere.seen == []


@pytest.mark.parametrize("answered", [{}, {"value": None}, {"value": {}}, {"value": [1]}, []])
def test_a_list_without_rows_is_an_unexpected_answer(
    tenant: ScriptedTenant, client: Client, answered: Any
) -> None:
    tenant.script("GET", "Sale", answer(answered))
    with pytest.raises(errors.UnexpectedAnswer):
        numbers_of(client, None, 10)


def read(**changes: Any) -> Sale:
    return alone(sale_row(7, **{"amount": Decimal("1499.90"), **changes}))


def alone(row: dict[str, Any]) -> Sale:
    (sale,) = Sale.from_rows([row])
    return sale


def test_a_row_becomes_a_sale_in_our_words() -> None:
    assert read() == Sale(
        id=7,
        heading="2 x OMNIE CD-01",
        company_id=25,
        company_name="Erfunden GmbH",
        person_id=63,
        person_name="Inga Erdacht",
        person_email="inga@erfunden.example",
        owner_id=5,
        owner_name="Anna Muster",
        owner_login="AM",
        amount=Decimal("1499.90"),
        currency="EUR",
        status="open",
        stage="Offer (50%)",
        date=date(2026, 3, 31),
        updated_at=datetime(2026, 4, 1, 22, 30, 15, tzinfo=UTC),
        has_quote=True,
        company_no_mailing=False,
        company_stop=False,
        person_no_mailing=False,
        person_retired=False,
        person_bounced=False,
        number="S-7",
        description="Für die Messe",
        sale_type="Repeat order",
        probability=50,
        registered_at=datetime(2026, 3, 1, 7, 15, tzinfo=UTC),
        company_department="Einkauf",
        extra={},
    )


def test_amounts_keep_every_digit(tenant: ScriptedTenant, client: Client) -> None:
    body = b'{"value": [{"saleId": 9, "amount": 1234567890.10}, {"saleId": 8, "amount": 0.1}]}'
    tenant.script("GET", "Sale", answer(body), answer(listing()))
    (page,) = client.newest_sales(None)
    assert [str(sale.amount) for sale in page] == ["1234567890.10", "0.1"]


def test_a_sale_without_company_person_and_owner_is_still_a_sale() -> None:
    sale = read(contactId=0, personId=0, **{"associate/associateDbId": 0})
    assert (sale.company_id, sale.person_id, sale.owner_id) == (None, None, None)


def test_columns_that_are_missing_break_nothing_and_forbid_writing() -> None:
    sale = alone({"saleId": 7, "contactId": 25, "personId": 63, "newColumn": [1]})
    assert (sale.heading, sale.amount, sale.date, sale.status) == ("", Decimal(0), None, "")
    assert sale.company_no_mailing
    assert sale.company_stop
    assert sale.person_no_mailing
    assert sale.person_retired
    lonely = alone({"saleId": 7})
    assert not lonely.company_no_mailing
    assert not lonely.person_no_mailing


@pytest.mark.parametrize(
    "none", ["0001-01-01T00:00:00", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59", "", None]
)
def test_year_one_and_the_open_end_mean_none(none: str | None) -> None:
    sale = read(date=none, updatedDate=none)
    assert (sale.date, sale.updated_at) == (None, None)


def test_timestamps_are_utc_and_sale_dates_stay_days_of_the_tenant() -> None:
    sale = read(date="2026-03-31T23:30:00", updatedDate="2026-04-01T00:30:00+02:00")
    assert sale.date == date(2026, 3, 31)
    assert sale.updated_at == datetime(2026, 3, 31, 22, 30, tzinfo=UTC)
    assert read(updatedDate="2026-04-01T00:30:00.1234567Z").updated_at == datetime(
        2026, 4, 1, 0, 30, 0, 123456, tzinfo=UTC
    )


@pytest.mark.parametrize(
    ("shown", "status"),
    [
        ("Open", "open"),
        ("Sold", "sold"),
        ("[SR_SALE_LOST]", "lost"),
        ("[SR_SALE_STALLED]", "stalled"),
        (2, "sold"),
        ("Warm", "Warm"),
    ],
)
def test_the_status_is_one_of_four_words_or_what_stands_there(shown: Any, status: str) -> None:
    assert read(saleStatus=shown).status == status


def test_the_owners_number_comes_from_its_own_column() -> None:
    sale = read(associateId="AM", **{"associate/associateDbId": "5"})
    assert (sale.owner_id, sale.owner_login) == (5, "AM")


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("saleId", None),
        ("saleId", 0),
        ("saleId", -4),
        ("saleId", True),
        ("saleId", "seven"),
        ("saleId", 2**63),
        ("heading", {"Id": 1}),
        ("heading", True),
        ("contactId", "Erfunden GmbH"),
        ("associate/associateDbId", "AM"),
        ("amount", "much"),
        ("amount", Decimal("1E+400")),
        ("amount", [1]),
        ("date", "31.03.2026"),
        ("date", 20260331),
        ("updatedDate", "yesterday"),
        ("hasQuote", "perhaps"),
        ("probPercent", "likely"),
        ("probPercent", "101"),
        ("sale/description", ["text"]),
        ("registeredDate", "yesterday"),
        ("person/retired", {}),
    ],
)
def test_a_row_that_cannot_be_read_is_never_skipped(column: str, value: Any) -> None:
    with pytest.raises(errors.BadRecord) as caught:
        read(**{column: value})
    assert caught.value.column == column
    assert caught.value.record == ("sale without a number" if column == "saleId" else "sale 7")


def test_odd_rows_in_a_page_are_read_as_they_are_alone() -> None:
    rows = [
        sale_row(9, amount=Decimal("0.10")),
        sale_row(8, amount=7, contactId=0, **{"contact/stop": None, "contact/name": None}),
        {"saleId": 7, "contactId": 25, "personId": "63"},
        sale_row(
            6, amount="3.5", date=None, hasQuote="true", **{"associate/assocName": "", "associateId": "AM"}
        ),
        sale_row(5, amount=Decimal("-1E+3"), heading=None, updatedDate="2026-04-01T00:30:00+02:00"),
    ]
    sales = Sale.from_rows(rows)
    assert [sale.id for sale in sales] == [9, 8, 7, 6, 5]
    assert sales == [alone(row) for row in rows]


def test_of_several_broken_rows_the_first_is_named() -> None:
    good = {"amount": Decimal(1)}
    rows = [
        sale_row(9, **good),
        sale_row(8, **good, updatedDate="yesterday"),
        sale_row(7, **good, heading={}),
    ]
    with pytest.raises(errors.BadRecord) as caught:
        Sale.from_rows(rows)
    assert (caught.value.record, caught.value.column) == ("sale 8", "updatedDate")


def test_a_long_list_takes_no_more_memory_than_a_short_one() -> None:
    def fetch(query: Mapping[str, str]) -> list[Sale]:
        bound = int(query["$filter"].rpartition(" ")[2]) or 8001
        text = json.dumps([sale_row(number) for number in range(bound - 1, max(bound - 201, 0), -1)])
        return Sale.from_rows(json.loads(text, parse_float=Decimal))

    peaks = []
    tracemalloc.start()
    try:
        for number, _page in enumerate(sale_pages(fetch, limit=None, page_size=200)):
            if number in {4, 39}:
                peaks.append(tracemalloc.get_traced_memory()[1])
                tracemalloc.reset_peak()
    finally:
        tracemalloc.stop()
    short, long = peaks
    assert long < 1.1 * short
