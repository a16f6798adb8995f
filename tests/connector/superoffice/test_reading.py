"""What the local copy is made of: long lists by rising number, against a scripted tenant and the demo tenant."""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import chain, pairwise
from typing import Any

import pytest

from connector.demo.tenant import DemoTenant
from connector.superoffice import errors
from connector.superoffice.client import Client
from connector.superoffice.goods import (
    CatalogueProduct,
    QuoteHead,
    QuoteLine,
    VersionHead,
    alternatives_that_count,
    lines_that_count,
)
from connector.superoffice.transport import Transport
from connector.superoffice.types import Sale, TextColumn
from tests.connector.contracts import refresh_token
from tests.connector.superoffice.rows import listing, sale_row
from tests.connector.superoffice.server import ScriptedTenant, answer

pytestmark = pytest.mark.once

NUMBERS = [1, 2, 38, 39, 40, 500, 776, 777, 9000, 9040, 9041]
NOTE = "saleUdef/SuperOffice:1"
LINES, DYNAMIC, COLUMNS = "Archive/FindQuoteLine", "Archive/dynamic", "Agents/Archive/GetAvailableColumns"
NO = {"Error": True, "ErrorType": "ArgumentException", "ErrorMessage": "Unknown column 'saleUdef/x:1'"}


@pytest.fixture(scope="module")
def running() -> Iterator[DemoTenant]:
    with DemoTenant() as tenant:
        yield tenant


@pytest.fixture
def demo(running: DemoTenant) -> Iterator[DemoTenant]:
    running.forget_requests()
    with running.faults.cleared_afterwards(), running.sales_restored_afterwards():
        yield running


@pytest.fixture
def desk(demo: DemoTenant) -> Iterator[Client]:
    transport = Transport(calls_per_second=None, sleep=lambda _seconds: None)
    with Client(refresh_token(demo), transport=transport) as client:
        yield client


def line_row(number: int, **changes: Any) -> dict[str, Any]:
    above = "alternative/version/quote/"
    row = {
        "quoteLineId": number,
        f"{above}sale/saleId": 120,
        f"{above}quoteId": 7,
        "alternative/version/quoteVersionId": 8,
        "alternative/quoteAlternativeId": 9,
        "name": "OMNIE CD-01",
        "code": "CD-01",
        "quantity": 2.0,
        "totalPrice": 37800.5,
        "productFamilyKey": "1",
        "erpProductKey": "11",
        "rank": 1,
    }
    return {**row, **changes}


def quote_row(number: int, **changes: Any) -> dict[str, Any]:
    row = {
        "quote.quote_id": number,
        "quote.SaleId": 100 + number,
        "quote.ActiveQuoteVersionId": 10 * number,
        "quote.AcceptedQuoteAlternativeId": 0,
    }
    return {**row, **changes}


# Each list with its key, a row, and how it is read.
LISTS: dict[str, tuple[str, str, Callable[[int], dict[str, Any]], Callable[..., Iterator[list[Any]]]]] = {
    "sales": ("Sale", "saleId", sale_row, Client.sales_after),
    "numbers": ("Sale", "saleId", lambda number: {"saleId": number}, Client.sale_ids_after),
    "lines": (LINES, "quoteLineId", line_row, Client.quote_lines_after),
    "products": ("Product", "productId", lambda number: {"productId": number}, Client.products),
}


def archive(
    key: str, row: Callable[[int], dict[str, Any]], numbers: list[int], hidden: frozenset[int] = frozenset()
) -> Callable[[Any], None]:
    """A list query as the server runs it: cut the page first, then drop the rows the user may not see."""

    def reply(handler: Any) -> None:
        query = handler.owner.seen[-1].query
        asked = re.match(rf"{key} gt (\d+)", query["$filter"])
        assert asked is not None
        bound = int(asked.group(1))
        page = [number for number in numbers if number > bound][: int(query["$top"])]
        answer(listing(*(row(number) for number in page if number not in hidden)))(handler)

    return reply


def numbers_of(page: list[Any]) -> list[int]:
    return [one if isinstance(one, int) else one.id for one in page]


# --- By rising number -------------------------------------------------------------------------------------


@pytest.mark.parametrize("page_size", [1, 3, 11, 1000])
@pytest.mark.parametrize("name", LISTS)
def test_every_record_comes_once_with_holes_in_the_numbers(
    tenant: ScriptedTenant, client: Client, name: str, page_size: int
) -> None:
    path, key, row, read = LISTS[name]
    tenant.script("GET", path, archive(key, row, NUMBERS))
    pages = [numbers_of(page) for page in read(client, page_size=page_size)]
    assert list(chain(*pages)) == NUMBERS
    assert all(0 < len(page) <= page_size for page in pages)
    queries = [seen.query for seen in tenant.calls(path)]
    assert {(query["$orderby"], query["$top"]) for query in queries} == {(f"{key} asc", str(page_size))}
    assert not [name for query in queries for name in query if name.lower() in {"$skip", "$inlinecount"}]
    assert len(queries) == len(pages) + 1, "only an empty page is the end"


@pytest.mark.parametrize("name", LISTS)
def test_a_stopped_reading_goes_on_behind_the_last_number(
    tenant: ScriptedTenant, client: Client, name: str
) -> None:
    path, key, row, read = LISTS[name]
    tenant.script("GET", path, archive(key, row, NUMBERS))
    assert list(chain(*map(numbers_of, read(client, 500, page_size=2)))) == [776, 777, 9000, 9040, 9041]
    assert list(read(client, 9041)) == []


@pytest.mark.parametrize("name", LISTS)
def test_a_short_page_is_not_the_end(tenant: ScriptedTenant, client: Client, name: str) -> None:
    path, key, row, read = LISTS[name]
    tenant.script("GET", path, archive(key, row, NUMBERS, hidden=frozenset({2, 500, 9041})))
    found = list(chain(*map(numbers_of, read(client, page_size=3))))
    assert found == [1, 38, 39, 40, 776, 777, 9000, 9040]


@pytest.mark.parametrize("name", LISTS)
def test_no_rows_are_no_pages(tenant: ScriptedTenant, client: Client, name: str) -> None:
    path, _key, _row, read = LISTS[name]
    tenant.script("GET", path, answer(listing()))
    assert list(read(client)) == []


@pytest.mark.parametrize("pages", [[[5, 5]], [[6, 5]], [[5, 6], [6]], [[5, 6], [5, 6]], [[3]]], ids=str)
@pytest.mark.parametrize("name", LISTS)
def test_numbers_that_do_not_rise_stop_the_list(
    tenant: ScriptedTenant, client: Client, name: str, pages: list[list[int]]
) -> None:
    path, key, row, read = LISTS[name]
    tenant.script("GET", path, *(answer(listing(*map(row, page))) for page in pages))
    with pytest.raises(errors.BadRecord) as caught:
        list(read(client, 4 if pages != [[3]] else 3))
    assert (caught.value.column, caught.value.method) == (key, "GET")
    assert caught.value.path.endswith(path)


@pytest.mark.parametrize("number", [None, 0, -3, "seven", True, 2**63])
@pytest.mark.parametrize("name", LISTS)
def test_a_record_without_a_number_is_never_skipped(
    tenant: ScriptedTenant, client: Client, name: str, number: Any
) -> None:
    path, key, row, read = LISTS[name]
    tenant.script("GET", path, answer(listing(row(5), {**row(6), key: number})))
    with pytest.raises(errors.BadRecord) as caught:
        list(read(client))
    assert caught.value.column == key


@pytest.mark.parametrize("page_size", [0, -1, 1001])
@pytest.mark.parametrize("name", LISTS)
def test_a_page_size_that_the_server_may_cut_is_refused(client: Client, name: str, page_size: int) -> None:
    with pytest.raises(ValueError, match="page_size"):
        list(LISTS[name][3](client, page_size=page_size))


def test_a_page_that_is_too_large_is_asked_for_in_smaller_parts(
    tenant: ScriptedTenant, client: Client
) -> None:
    """Descriptions may be long; ten megabytes are the most that we take at once."""
    long = "x" * 3_000_000

    def described(number: int) -> dict[str, Any]:
        return sale_row(number, **{"sale/description": long})

    tenant.script("GET", "Sale", archive("saleId", described, [1, 2, 3, 4, 5]))
    assert [numbers_of(page) for page in client.sales_after(page_size=5)] == [[1, 2], [3, 4], [5]]
    assert [seen.query["$top"] for seen in tenant.calls("Sale")] == ["5", "2", "2", "2", "2"]


def test_a_single_record_that_is_too_large_is_an_error(tenant: ScriptedTenant, client: Client) -> None:
    tenant.script("GET", "Sale", answer(listing(sale_row(1, heading="x" * 11_000_000))))
    with pytest.raises(errors.UnexpectedAnswer) as caught:
        list(client.sales_after(page_size=2))
    assert caught.value.problem == "too_big"


def test_a_page_that_fails_half_way_is_not_taken_for_the_end(demo: DemoTenant, desk: Client) -> None:
    demo.faults.answer_status("/Sale", 403, after=2)
    first: list[list[Sale]] = []
    with pytest.raises(errors.Forbidden):
        first.extend(desk.sales_after(page_size=100))
    assert [len(page) for page in first] == [100, 100]
    rest = desk.sales_after(first[-1][-1].id, page_size=100)
    assert [sale.id for sale in chain(*first, *rest)] == sorted(demo.story.sales)


# --- Sales ------------------------------------------------------------------------------------------------


def test_sales_are_read_oldest_number_first_with_all_that_a_report_needs(
    demo: DemoTenant, desk: Client
) -> None:
    sales = list(chain(*desk.sales_after(page_size=150)))
    told = demo.story.sales
    assert [sale.id for sale in sales] == sorted(told)
    assert [sale for sale in sales if sale.company_id is None], "those without a company are told as well"
    for sale in sales:
        original = told[sale.id]
        assert (sale.number, sale.description) == (original.number, original.description)
        assert sale.probability == original.probability
        assert sale.registered_at == original.registered_at.replace(tzinfo=UTC)
        assert sale.extra == {}
    assert {sale.sale_type for sale in sales} == {"New business", "Repeat order", "Service", "Rental"}
    assert any(sale.company_department for sale in sales)
    newest = list(chain(*desk.newest_sales(20)))
    assert newest == sales[:-21:-1], "both ways to read sales say the same of each"


def test_changes_on_the_day_itself_are_among_those_since_it(demo: DemoTenant, desk: Client) -> None:
    day = date(2025, 6, 15)
    told = sorted(demo.story.sales)
    moments = [(1, datetime(2025, 6, 14, 23, 59, 59)), (2, datetime(2025, 6, 15)), (3, datetime(2025, 6, 16))]  # noqa: DTZ001
    for place, moment in moments:
        demo.change_sale(told[place], updated_at=moment, registered_at=datetime(2025, 1, 1))  # noqa: DTZ001
    expected = [
        number
        for number, sale in sorted(demo.story.sales.items())
        if max(sale.updated_at, sale.registered_at).date() >= day
    ]
    found = [sale.id for sale in chain(*desk.sales_after(since=day, page_size=70))]
    assert found == expected
    assert told[1] not in found
    assert {told[2], told[3]} <= set(found)


def test_the_filter_counts_in_days_and_leaves_its_own_day_out(tenant: ScriptedTenant, client: Client) -> None:
    tenant.script("GET", "Sale", answer(listing()))
    assert list(client.sales_after(17, since=date(2026, 3, 1))) == []
    assert list(client.sales_after(since=datetime(2026, 3, 1, 23, 30, tzinfo=UTC))) == []
    changed = "(updatedDate after '2026-02-28' or registeredDate after '2026-02-28')"
    assert [seen.query["$filter"] for seen in tenant.calls("Sale")] == [
        f"saleId gt 17 and {changed}",
        f"saleId gt 0 and {changed}",
    ]


def test_a_new_sale_is_found_also_when_it_does_not_count_as_updated(demo: DemoTenant, desk: Client) -> None:
    number = demo.add_sale("CD-01 neu", updated_at=None)
    today = datetime.now(UTC).date()
    (sale,) = [one for one in chain(*desk.sales_after(since=today)) if one.id == number]
    assert sale.updated_at is None


def test_further_columns_come_when_they_are_asked_for(demo: DemoTenant, desk: Client) -> None:
    extra = [NOTE, "sale/description"]
    sales = list(chain(*desk.sales_after(extra=extra)))
    for sale in sales:
        told = demo.story.sales[sale.id]
        assert sale.extra == {NOTE: told.product_note, "sale/description": told.description}
    assert len([sale for sale in sales if sale.extra[NOTE]]) > 10
    (request, _last) = [one for one in demo.requests if one.path.endswith("/Sale")]
    columns = request.query["$select"].split(",")
    assert NOTE in columns
    assert len(columns) == len(set(columns)), "a column that is read anyway is not asked for twice"


def test_columns_that_the_tenant_does_not_have_do_not_end_the_reading(demo: DemoTenant, desk: Client) -> None:
    sales = list(chain(*desk.sales_after(extra=[NOTE, "saleUdef/SuperOffice:99"])))
    assert [sale.id for sale in sales] == sorted(demo.story.sales)
    assert {bool(sale.extra) for sale in sales} == {False}, (
        "what was not read must not look like an empty text"
    )


def test_a_column_that_goes_away_meanwhile_leaves_the_rest_of_the_reading(
    tenant: ScriptedTenant, client: Client
) -> None:
    first = answer(listing(sale_row(1, **{NOTE: "CD-01"})))
    second, end = answer(listing(sale_row(2))), answer(listing())
    tenant.script("GET", "Sale", first, answer(NO, 400), second, end)
    sales = list(chain(*client.sales_after(extra=[NOTE])))
    assert [(sale.id, dict(sale.extra)) for sale in sales] == [(1, {NOTE: "CD-01"}), (2, {})]
    asked = [(NOTE in seen.query["$select"], seen.query["$filter"]) for seen in tenant.calls("Sale")]
    assert asked == [
        (True, "saleId gt 0"),
        (True, "saleId gt 1"),
        (False, "saleId gt 1"),
        (False, "saleId gt 2"),
    ]


def test_a_refusal_that_has_nothing_to_do_with_further_columns_is_told(
    tenant: ScriptedTenant, client: Client
) -> None:
    tenant.script("GET", "Sale", answer(NO, 400))
    for extra in ([], [NOTE]):
        with pytest.raises(errors.BadRequest, match="Unknown column"):
            list(client.sales_after(extra=extra))
    tenant.script("GET", "Sale", answer(NO, 403))
    with pytest.raises(errors.Forbidden):
        list(client.sales_after(extra=[NOTE]))
    assert len(tenant.calls("Sale")) == 4, "only an unknown column is worth a second question"


@pytest.mark.parametrize("name", ["", "a,b", "saleId&x=1", "a b", "(x)", "sale'", "ü", "9", "a\n", "x" * 300])
def test_what_is_no_name_of_a_column_is_not_sent(tenant: ScriptedTenant, client: Client, name: str) -> None:
    with pytest.raises(ValueError, match="column"):
        list(client.sales_after(extra=[name]))
    assert tenant.calls("Sale") == []


@pytest.mark.parametrize("cell", [{}, ["text"], True])
def test_a_further_column_that_is_no_text_is_never_skipped(
    tenant: ScriptedTenant, client: Client, cell: Any
) -> None:
    tenant.script("GET", "Sale", answer(listing(sale_row(5, **{NOTE: cell}))))
    with pytest.raises(errors.BadRecord) as caught:
        list(client.sales_after(extra=[NOTE]))
    assert (caught.value.column, caught.value.record) == (NOTE, "sale 5")


def test_the_numbers_alone_are_asked_for_alone(demo: DemoTenant, desk: Client) -> None:
    gone = sorted(demo.story.sales)[7]
    demo.remove_sale(gone)
    numbers = list(chain(*desk.sale_ids_after(page_size=90)))
    assert numbers == sorted(demo.story.sales)
    assert gone not in numbers
    selects = {one.query["$select"] for one in demo.requests if one.path.endswith("/Sale")}
    assert selects == {"saleId"}


def test_a_sale_that_the_user_may_not_see_is_missing_in_both_lists(demo: DemoTenant, desk: Client) -> None:
    demo.faults.visible_sales = 3
    newest = sorted(demo.story.sales)[-3:]
    assert list(chain(*desk.sale_ids_after())) == newest
    assert [sale.id for sale in chain(*desk.sales_after())] == newest


# --- The highest number -----------------------------------------------------------------------------------


def test_the_highest_number_bounds_the_progress(demo: DemoTenant, desk: Client) -> None:
    highest = demo.add_sale("CD-01")
    assert desk.highest_sale_id() == highest
    demo.remove_sale(highest)
    assert desk.highest_sale_id() == highest, "numbers are not given out again"


@pytest.mark.parametrize("status", [400, 403, 404, 500])
def test_a_tenant_that_does_not_tell_the_highest_number_is_read_all_the_same(
    demo: DemoTenant, desk: Client, status: int
) -> None:
    demo.faults.answer_status("/Archive/dynamic", status, times=None)
    assert desk.highest_sale_id() is None


@pytest.mark.parametrize(
    "answered",
    [listing(), listing({}), listing({"sequence.next_id": 0}), listing({"sequence.next_id": "much"}), [], {}],
    ids=str,
)
def test_an_answer_without_a_highest_number_is_none(
    tenant: ScriptedTenant, client: Client, answered: Any
) -> None:
    tenant.script("GET", DYNAMIC, answer(answered))
    assert client.highest_sale_id() is None


def test_what_would_keep_us_from_reading_sales_is_not_hidden(demo: DemoTenant, desk: Client) -> None:
    demo.faults.reset("/Archive/dynamic", times=None)
    with pytest.raises(errors.Unreachable):
        desk.highest_sale_id()
    demo.faults.clear()
    demo.faults.answer_status("/Archive/dynamic", 401, times=None)
    with pytest.raises(errors.Unauthorized):
        desk.highest_sale_id()
    demo.faults.clear()
    demo.faults.state = "OfflineMaintenance"
    with pytest.raises(errors.TenantNotRunning):
        desk.highest_sale_id()


# --- Quotes -----------------------------------------------------------------------------------------------


def test_a_line_in_our_words(tenant: ScriptedTenant, client: Client) -> None:
    orphan = {
        "quoteLineId": 6,
        "alternative/version/quote/sale/saleId": 0,
        "alternative/quoteAlternativeId": None,
    }
    tenant.script("GET", LINES, answer(listing(line_row(5), orphan)), answer(listing()))
    (page,) = client.quote_lines_after()
    none = Decimal(0)
    assert page == [
        QuoteLine(5, 120, 7, 8, 9, "OMNIE CD-01", "CD-01", Decimal("2.0"), Decimal("37800.5"), "1", "11", 1),
        QuoteLine(6, None, None, None, None, "", "", none, none, "", "", 0),
    ]


@pytest.mark.parametrize(
    ("column", "cell"),
    [
        ("quantity", "many"),
        ("quantity", []),
        ("totalPrice", 1e300),
        ("name", {}),
        ("rank", "first"),
        ("productFamilyKey", True),
        ("alternative/quoteAlternativeId", "none"),
    ],
)
def test_a_line_that_cannot_be_read_is_never_skipped(
    tenant: ScriptedTenant, client: Client, column: str, cell: Any
) -> None:
    tenant.script("GET", LINES, answer(listing(line_row(5), line_row(6, **{column: cell}))))
    with pytest.raises(errors.BadRecord) as caught:
        list(client.quote_lines_after())
    assert (caught.value.column, caught.value.record) == (column, "quote line 6")


def test_all_lines_come_and_one_alternative_of_each_sale_counts(demo: DemoTenant, desk: Client) -> None:
    quotes = demo.story.quotes
    lines = list(chain(*desk.quote_lines_after(page_size=100)))
    assert [line.id for line in lines] == sorted(quotes.lines)
    alternatives = desk.current_alternatives()
    assert alternatives == {quote.sale_id: quote.favourite.alternative_id for quote in quotes.by_id.values()}
    counted = lines_that_count(lines, alternatives)
    expected = [line.line_id for quote in quotes.by_id.values() for line in quote.favourite.lines]
    assert sorted(line.id for line in counted) == sorted(expected)
    assert len(counted) < len(lines) / 2, "archived versions and other alternatives are left out"
    states = {quotes.versions[line.version_id or 0].state for line in counted}
    assert "Archived" not in states


def test_the_lines_of_a_few_sales(demo: DemoTenant, desk: Client) -> None:
    chosen = sorted(demo.story.quotes.by_sale)[:5]
    without = next(sale.sale_id for sale in demo.story.sales.values() if not sale.has_quote)
    lines = list(chain(*desk.quote_lines_after(sale_ids=[*chosen, without], page_size=4)))
    told = demo.story.quotes.lines.values()
    assert [line.id for line in lines] == [line.line_id for line in told if line.sale_id in chosen]
    assert {line.sale_id for line in lines} == set(chosen)


def test_no_sales_have_no_lines_and_cost_no_call(demo: DemoTenant, desk: Client) -> None:
    assert list(desk.quote_lines_after(sale_ids=[])) == []
    assert demo.requests == []
    with pytest.raises(ValueError, match="100"):
        desk.quote_lines_after(sale_ids=range(101))
    assert list(desk.quote_lines_after(sale_ids=range(4_000_000, 4_000_100))) == []


def test_the_accepted_alternative_counts_or_else_the_likely_one_of_the_active_version() -> None:
    versions = [VersionHead(10, 100), VersionHead(20, 200), VersionHead(21, 210), VersionHead(30, None)]
    quotes = [
        QuoteHead(1, 101, 10, None),
        QuoteHead(2, 102, 21, None),
        QuoteHead(3, 103, 20, 201),
        QuoteHead(4, 104, 30, None),
        QuoteHead(5, 105, 99, None),
        QuoteHead(6, 106, None, None),
        QuoteHead(7, None, 10, 100),
    ]
    assert alternatives_that_count(quotes, versions) == {101: 100, 102: 210, 103: 201}


def test_lines_of_nothing_and_of_nobody_do_not_count() -> None:
    line = QuoteLine(1, 101, 1, 10, 100, "", "", Decimal(1), Decimal(1), "", "", 1)
    others = [
        line._replace(id=2, alternative_id=99),
        line._replace(id=3, sale_id=102),
        line._replace(id=4, sale_id=None),
        line._replace(id=5, alternative_id=None),
    ]
    kept = line._replace(id=6)
    assert lines_that_count([line, *others, kept], {101: 100}) == [line, kept]
    assert lines_that_count([line], {}) == []


def test_the_names_of_tables_columns_may_come_back_in_any_case(
    tenant: ScriptedTenant, client: Client
) -> None:
    upper = {name.upper(): value for name, value in quote_row(1).items()}
    versions = listing(
        {"quoteversion.quoteversion_id": 10, "quoteversion.likelyQuoteAlternativeId": 77},
        {"quoteversion.quoteversion_id": 20, "quoteversion.LikelyQuoteAlternativeId": 78},
    )
    heads = listing(upper, quote_row(2), quote_row(3, **{"quote.AcceptedQuoteAlternativeId": 5}))
    end = answer(listing())
    tenant.script("GET", DYNAMIC, answer(heads), end, answer(versions), end)
    assert client.current_alternatives() == {101: 77, 102: 78, 103: 5}
    filters = [seen.query["$filter"] for seen in tenant.calls(DYNAMIC)]
    assert filters == [
        "quote.quote_id gt 0",
        "quote.quote_id gt 3",
        "quoteversion.quoteversion_id gt 0",
        "quoteversion.quoteversion_id gt 20",
    ]


@pytest.mark.parametrize(
    ("begin", "expected"),
    [
        (lambda faults: faults.no_licence.add("/Archive/FindQuoteLine"), errors.Forbidden),
        (lambda faults: faults.hidden_routes.add("/Archive"), errors.NotFound),
        (lambda faults: faults.answer_status("/Archive/FindQuoteLine", 400), errors.BadRequest),
    ],
    ids=["no licence", "no such list", "not understood"],
)
def test_a_tenant_without_quotes_refuses(
    demo: DemoTenant, desk: Client, begin: Callable[[Any], None], expected: type[errors.Refused]
) -> None:
    begin(demo.faults)
    with pytest.raises(expected):
        list(desk.quote_lines_after())


def test_a_failing_tenant_is_not_one_without_quotes(demo: DemoTenant, desk: Client) -> None:
    demo.faults.answer_status("/Archive", 500, times=None)
    for ask in (lambda: list(desk.quote_lines_after()), desk.current_alternatives):
        with pytest.raises(errors.ServerError):
            ask()


# --- The catalogue ----------------------------------------------------------------------------------------


def test_products_come_with_family_and_currency(demo: DemoTenant, desk: Client) -> None:
    products = list(chain(*desk.products(page_size=5)))
    assert products[0] == CatalogueProduct(
        11, "OMNIE CD-01", "OMNIE-CD-01", "1", "OMNIE", Decimal("18900.0"), "EUR", "11", 1
    )
    assert [one.id for one in products] == list(range(11, 25))
    lines = list(chain(*desk.quote_lines_after()))
    keys = {(one.product_key, one.family_key) for one in products}
    assert {(line.product_key, line.family_key) for line in lines} <= keys, (
        "lines name products by these keys"
    )
    families = {str(family.id): family.name for family in desk.product_families()}
    assert all(families[one.family_key] == one.family_name for one in products)
    assert len([one for one in demo.requests if one.path.endswith("/Pricelist")]) == 2, "once, and its end"


def test_a_server_that_knows_no_full_mode_shows_names_only(tenant: ScriptedTenant, client: Client) -> None:
    row = {"productId": 5, "name": "CD-01", "productFamilyKey": "OMNIE", "listPrice": 9.5, "priceListId": 3}
    tenant.script("GET", "Product", answer(listing(row)), answer(listing()))
    tenant.script("GET", "Pricelist", answer(NO, 403))
    (page,) = client.products()
    assert page == [CatalogueProduct(5, "CD-01", "", "OMNIE", "OMNIE", Decimal("9.5"), "", "", 3)]


def test_a_product_of_a_list_in_another_currency(tenant: ScriptedTenant, client: Client) -> None:
    lists = listing({"priceListId": 3, "currency": "CHF"}, {"priceListId": 4, "currency": "GBP"})
    cells = {"productId": 5, "priceListId": 4, "listPrice": 12.5}
    row = {name: {"RawValue": value, "DisplayValue": str(value)} for name, value in cells.items()}
    tenant.script("GET", "Product", answer(listing(row)), answer(listing()))
    tenant.script("GET", "Pricelist", answer(lists), answer(listing()))
    (page,) = client.products()
    assert [(one.id, one.list_price, one.currency) for one in page] == [(5, Decimal("12.5"), "GBP")]


def test_a_superoffice_without_a_catalogue_has_no_products(demo: DemoTenant, desk: Client) -> None:
    demo.faults.hidden_routes.add("/Product")
    assert list(desk.products()) == []
    demo.faults.hidden_routes.clear()
    demo.faults.no_licence.add("/Product")
    with pytest.raises(errors.Forbidden):
        list(desk.products())


def test_a_catalogue_that_goes_away_meanwhile_is_no_shorter_one(
    tenant: ScriptedTenant, client: Client
) -> None:
    tenant.script("GET", "Product", answer(listing({"productId": 5})), answer(NO, 404))
    tenant.script("GET", "Pricelist", answer(listing()))
    with pytest.raises(errors.NotFound):
        list(client.products())


# --- Further texts, and all of a sale ---------------------------------------------------------------------


def column(name: Any, kind: Any = "string", label: Any = "Etwas") -> dict[str, Any]:
    return {"Name": name, "DisplayName": label, "RestrictionType": kind, "CanOrderBy": False}


def test_the_texts_of_a_sale_are_its_description_and_fields_of_the_tenants_own(desk: Client) -> None:
    columns = desk.sale_text_columns()
    assert columns == [TextColumn("sale/description", "Description"), TextColumn(NOTE, "Produktnotiz")]
    (page,) = desk.sales_after(extra=[one.name for one in columns])
    assert page[0].extra.keys() == {one.name for one in columns}


def test_only_texts_of_the_sale_itself_are_offered(tenant: ScriptedTenant, client: Client) -> None:
    infos = [
        column("heading"),
        column("contact/name"),
        column("contact/contactUdef/SuperOffice:1"),
        column("saleUdef/SuperOffice:2", "int"),
        column("saleUdef/SuperOffice:3", "date"),
        column("saleUdef/SuperOffice:4", "bool"),
        column("saleUdef/SuperOffice:5", "listAny", "Produktlinie"),
        column("saleUdef/SuperOffice:6", "stringorPK", "  "),
        column("saleUdef/SuperOffice:6", "string", "again"),
        column("saleUdef/a,b"),
        column("sale/description", "positiveString", None),
        column(None),
        {},
    ]
    tenant.script("POST", COLUMNS, answer(infos))
    assert client.sale_text_columns() == [
        TextColumn("saleUdef/SuperOffice:5", "Produktlinie"),
        TextColumn("saleUdef/SuperOffice:6", "again"),
        TextColumn("sale/description", "sale/description"),
    ]
    (call,) = tenant.calls(COLUMNS)
    assert call.data == {"ProviderName": "FindSale", "Context": ""}


@pytest.mark.parametrize("answered", [{}, [1], ["text"], [{"Name": []}]], ids=str)
def test_columns_that_are_none_are_an_unexpected_answer(
    tenant: ScriptedTenant, client: Client, answered: Any
) -> None:
    tenant.script("POST", COLUMNS, answer(answered))
    with pytest.raises(errors.UnexpectedAnswer):
        client.sale_text_columns()


def test_a_tenant_that_does_not_tell_its_columns_refuses(demo: DemoTenant, desk: Client) -> None:
    demo.faults.restricted.add("/Agents/Archive")
    with pytest.raises(errors.Forbidden):
        desk.sale_text_columns()
    demo.faults.restricted.discard("/Agents/Archive")
    demo.faults.agent_nulls.add("/Agents/Archive")
    with pytest.raises(errors.NotFound):
        desk.sale_text_columns()


def test_all_of_a_sale_in_superoffices_own_words(demo: DemoTenant, desk: Client) -> None:
    told = next(sale for sale in demo.story.sales.values() if sale.product_note)
    entity = desk.sale_entity(told.sale_id)
    assert (entity["SaleId"], entity["Heading"]) == (told.sale_id, told.heading)
    assert entity["Amount"] == Decimal(str(told.amount))
    own = {"SuperOffice:1": told.product_note, "SuperOffice:2": f"[I:{told.floor_space}]"}
    assert entity["CustomFields"] == entity["UserDefinedFields"] == own
    with pytest.raises(errors.NotFound):
        desk.sale_entity(4_000_000)


def test_our_secrets_are_masked_in_what_is_shown_of_a_sale(demo: DemoTenant, desk: Client) -> None:
    number = max(demo.story.sales)
    demo.change_sale(number, heading=f"CD-01 {demo.client_secret}\x1b[31m", product_note=demo.refresh_token)
    shown = str(desk.sale_entity(number))
    assert demo.client_secret not in shown
    assert demo.refresh_token not in shown
    assert "\x1b" not in shown
    assert "CD-01 …" in shown


@pytest.mark.parametrize("answered", [b"null", b"[]", b'"text"'])
def test_what_is_no_sale_is_not_shown_as_one(tenant: ScriptedTenant, client: Client, answered: bytes) -> None:
    tenant.script("GET", "Sale/5", answer(answered))
    with pytest.raises(errors.NotFound if answered == b"null" else errors.UnexpectedAnswer):
        client.sale_entity(5)


# --- What changes in the tenant -----------------------------------------------------------------------------


def test_what_changed_since_yesterday_is_what_somebody_changed(demo: DemoTenant, desk: Client) -> None:
    today = datetime.now(UTC).date()
    told = sorted(demo.story.sales)
    quiet = {sale.id for sale in chain(*desk.sales_after(since=today))}
    changed, gone = [number for number in told if number not in quiet][:2]
    demo.change_sale(changed, heading="3x CD-02", amount=12.5)
    demo.remove_sale(gone)
    new = demo.add_sale("1x CD-01", has_quote=True, goods=((0, 1),))
    found = {sale.id: sale for sale in chain(*desk.sales_after(since=today - timedelta(days=1)))}
    assert (found[changed].heading, found[changed].amount) == ("3x CD-02", Decimal("12.5"))
    assert found[new].heading == "1x CD-01"
    assert gone not in found
    (page,) = desk.quote_lines_after(sale_ids=[new])
    counted = lines_that_count(page, desk.current_alternatives())
    assert [(line.name, line.quantity) for line in counted][:1] == [("OMNIE CD-01", Decimal("1.0"))]
    assert all(low < high for low, high in pairwise(numbers_of(page)))
