"""Sales that change as if somebody worked in SuperOffice: every list, entity and table follows."""

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connector.demo.tenant import DemoTenant
from tests.connector.demo.api import Api
from tests.connector.demo.conftest import TODAY

pytestmark = pytest.mark.once

SALE = "alternative/version/quote/sale/"


@pytest.fixture
def tenant(shared_tenant: DemoTenant) -> Any:
    with shared_tenant.sales_restored_afterwards():
        yield shared_tenant


def row(api: Api, sale_id: int, *columns: str) -> dict[str, Any]:
    (found,) = api.list("/Sale", select=",".join(columns), filter=f"saleId eq {sale_id}")
    return {name: found[name] for name in columns}


def ids(api: Api, path: str = "/Sale", key: str = "saleId", **options: str) -> list[int]:
    return [one[key] for one in api.list(path, select=key, orderby=key, **options)]


def quoted(tenant: DemoTenant) -> int:
    return next(sale.sale_id for sale in tenant.story.sales.values() if sale.has_quote and sale.goods)


def test_a_change_is_seen_by_the_next_request_everywhere(tenant: DemoTenant, api: Api) -> None:
    number = quoted(tenant)
    columns = ("heading", "amount", "saleUdef/SuperOffice:1", "sale/description")
    lists = ("/Sale", "/Archive/FindSale")
    for path in lists:  # so that their cells are prepared
        assert len(api.list(path, select=",".join(columns))) == 400

    tenant.change_sale(number, heading="3x CD-02", amount=12.5, product_note="Kira", description="neu")

    assert tuple(row(api, number, *columns).values()) == ("3x CD-02", 12.5, "Kira", "neu")
    for path in lists:
        headings = [one["heading"] for one in api.list(path, select="heading")]
        assert headings.count("3x CD-02") == 1
    entity = api.get(f"/Sale/{number}").json()
    assert (entity["Heading"], entity["Amount"]) == ("3x CD-02", 12.5)
    assert entity["CustomFields"]["SuperOffice:1"] == "Kira"
    (raw,) = api.list(
        "/Archive/dynamic", select="sale.sale_id,sale.heading", filter=f"sale.sale_id = {number}"
    )
    assert raw["sale.heading"] == "3x CD-02"
    lines = api.list("/Archive/FindQuoteLine", select=f"{SALE}heading", filter=f"{SALE}saleId = {number}")
    assert {line[f"{SALE}heading"] for line in lines} == {"3x CD-02"}
    company = tenant.story.sales[number].company_id
    if company:
        mine = api.list(f"/Contact/{company}/Sales", select="saleId,heading", filter=f"saleId eq {number}")
        assert [one["heading"] for one in mine] == ["3x CD-02"]


def test_a_changed_sale_counts_as_updated_now(tenant: DemoTenant, api: Api) -> None:
    first, second = sorted(tenant.story.sales)[:2]
    before = datetime.now(UTC).replace(tzinfo=None, microsecond=0)
    tenant.change_sale(first, heading="neu")
    tenant.change_sale(second, heading="alt", updated_at=datetime(2024, 2, 3, 4, 5, 6))  # noqa: DTZ001
    changed = datetime.fromisoformat(row(api, first, "updatedDate")["updatedDate"])
    assert changed >= before
    assert changed.date() >= TODAY
    assert row(api, second, "updatedDate") == {"updatedDate": "2024-02-03T04:05:06"}
    yesterday = changed.date() - timedelta(days=1)
    assert ids(api, filter=f"updatedDate after '{yesterday}'") == [first]


def test_a_removed_sale_is_nowhere_any_more(tenant: DemoTenant, api: Api) -> None:
    number = quoted(tenant)
    quote = tenant.story.quotes.by_sale[number]
    assert number in ids(api)

    tenant.remove_sale(number)

    assert number not in ids(api)
    assert len(ids(api)) == 399
    assert api.get(f"/Sale/{number}").status_code == 404
    assert ids(api, "/Archive/FindQuoteLine", "quoteLineId", filter=f"{SALE}saleId = {number}") == []
    assert quote.quote_id not in ids(api, "/Archive/dynamic", "quote.quote_id")
    assert quote.active_version.version_id not in ids(api, "/Archive/dynamic", "quoteversion.quoteversion_id")
    assert api.ask("Quote/GetQuoteFromSaleId", SaleId=number) is None
    with pytest.raises(KeyError):
        tenant.remove_sale(number)


def test_a_new_sale_has_the_next_number_and_somebody_to_write_to(tenant: DemoTenant, api: Api) -> None:
    highest = max(ids(api))
    first = tenant.add_sale("1x CD-01")
    tenant.remove_sale(first)
    second = tenant.add_sale("2x CD-01", amount=7.0, company_id=0, person_id=0)
    assert highest < first < second, "no number is given out twice"
    assert ids(api)[-1] == second
    (sequence,) = api.list(
        "/Archive/dynamic", select="sequence.next_id", filter="sequence.tablename = 'sale'"
    )
    assert sequence["sequence.next_id"] == second + 1
    third = tenant.add_sale("3x CD-01")
    found = row(api, third, "heading", "saleStatus", "contactId", "person/email/emailAddress", "saleNumber")
    assert (found["heading"], found["saleStatus"], found["saleNumber"]) == (
        "3x CD-01",
        "Open",
        str(10_000 + third),
    )
    assert found["contactId"] > 1
    assert found["person/email/emailAddress"]
    assert row(api, second, "contactId", "amount") == {"contactId": 0, "amount": 7.0}


def test_what_a_quote_is_made_of_makes_a_new_one(tenant: DemoTenant, api: Api) -> None:
    number = quoted(tenant)
    before = tenant.story.quotes
    highest = max(before.lines)

    tenant.change_sale(number, heading="another heading")
    assert tenant.story.quotes.by_sale[number] == before.by_sale[number]
    tenant.change_sale(number, status=1, goods=((4, 2),))
    (first, *_others) = tenant.story.quotes.by_sale[number].favourite.lines
    assert not tenant.story.quotes.by_sale[number].accepted_alternative_id
    tenant.change_sale(number, status=2)
    quote = tenant.story.quotes.by_sale[number]
    assert quote.accepted_alternative_id == quote.favourite.alternative_id
    lines = ids(api, "/Archive/FindQuoteLine", "quoteLineId", filter=f"{SALE}saleId = {number}")
    assert min(lines) > max(highest, first.line_id)
    tenant.change_sale(number, has_quote=False)
    assert number not in tenant.story.quotes.by_sale
    others = {key: value for key, value in before.by_sale.items() if key != number}
    assert tenant.story.quotes.by_sale == others, "nobody else's quote changes"


def test_nothing_half_done_is_left_by_a_change_that_is_none(tenant: DemoTenant) -> None:
    version, sales = tenant.story.version, tenant.story.sales
    with pytest.raises(KeyError):
        tenant.change_sale(4_000_000, heading="x")
    with pytest.raises(TypeError):
        tenant.change_sale(min(sales), no_such_field="x")
    with pytest.raises(TypeError):
        tenant.add_sale("x", no_such_field="x")
    assert (tenant.story.version, tenant.story.sales) == (version, sales)


def test_the_sales_are_as_before_afterwards(shared_tenant: DemoTenant) -> None:
    sales, quotes = dict(shared_tenant.story.sales), shared_tenant.story.quotes
    with Api(shared_tenant) as api:
        with shared_tenant.sales_restored_afterwards():
            shared_tenant.remove_sale(quoted(shared_tenant))
            shared_tenant.add_sale("new")
            assert ids(api) != list(sales)
        assert ids(api) == list(sales)
    assert shared_tenant.story.sales == sales
    assert shared_tenant.story.quotes == quotes


def test_lists_are_whole_while_sales_change(tenant: DemoTenant, api: Api) -> None:
    """Each answer has all sales of one moment, and none of them fails."""
    numbers = sorted(tenant.story.sales)
    over = threading.Event()

    def work() -> None:
        for place in range(2000):
            if over.is_set():
                return
            tenant.change_sale(numbers[place % 400], heading=f"change {place}")
            tenant.remove_sale(tenant.add_sale("for a moment", has_quote=True))

    worker = threading.Thread(target=work)
    worker.start()
    try:
        for _time in range(15):
            assert set(numbers) <= set(ids(api))
            assert api.list("/Archive/FindQuoteLine", select=f"quoteLineId,{SALE}heading")
    finally:
        over.set()
        worker.join()


def test_a_tenant_that_has_not_been_started_has_no_sales_to_change() -> None:
    with pytest.raises(RuntimeError, match="started"):
        DemoTenant().change_sale(120, heading="x")


def test_people_call_user_defined_fields_by_their_labels(reading: Api) -> None:
    infos = {
        info["Name"]: info
        for info in reading.ask("Archive/GetAvailableColumns", ProviderName="FindSale", Context="")
    }
    assert infos["saleUdef/SuperOffice:1"]["DisplayName"] == "Produktnotiz"
    assert infos["saleUdef/SuperOffice:2"]["RestrictionType"] == "int"
    assert infos["heading"]["DisplayName"] == "heading"
    assert not infos["sale/description"]["CanOrderBy"]
    found = reading.list(
        "/Sale", select="saleId,saleUdef/SuperOffice:1", filter="saleUdef/SuperOffice:1 contains 'x '"
    )
    assert found
    assert all("x " in one["saleUdef/SuperOffice:1"] for one in found)
