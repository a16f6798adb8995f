"""Quotes: the story behind them, and the three ways to read them."""

from collections import Counter
from typing import Any

import pytest

from connector.demo import headings
from connector.demo.quotes import Quote, Quotes
from connector.demo.story import Story, tell
from connector.demo.tenant import DemoTenant
from tests.connector.demo.api import Api
from tests.connector.demo.conftest import TODAY

SALE = "alternative/version/quote/sale/"


@pytest.fixture(scope="module")
def story(reading_tenant: DemoTenant) -> Story:
    return reading_tenant.story


@pytest.fixture(scope="module")
def quotes(story: Story) -> Quotes:
    return story.quotes


def is_true(quote: Quote, story: Story) -> bool:
    """Whether the favourite alternative offers what the heading says."""
    offered = [(line.product.ware, int(line.quantity)) for line in quote.favourite.lines]
    return offered == list(story.sales[quote.sale_id].goods)


def test_the_same_day_writes_the_same_quotes_however_many_sales_there_are(quotes: Quotes) -> None:
    assert tell(TODAY).quotes == quotes
    assert tell(TODAY, 1).quotes.by_id


def test_about_a_third_of_the_sales_have_a_quote_and_say_so(story: Story, quotes: Quotes) -> None:
    assert 0.25 < len(quotes.by_id) / len(story.sales) < 0.42
    assert {key for key, sale in story.sales.items() if sale.has_quote} == set(quotes.by_sale)


def test_most_quotes_agree_with_their_heading_and_a_few_do_not(story: Story, quotes: Quotes) -> None:
    named = [quote for quote in quotes.by_id.values() if story.sales[quote.sale_id].goods]
    true = [quote for quote in named if is_true(quote, story)]

    assert len(named) > 90
    assert 0.85 < len(true) / len(named) < 1
    for quote in true:
        for line in quote.favourite.lines:
            ware, heading = headings.WARES[line.product.ware], story.sales[quote.sale_id].heading
            if heading not in headings.UGLY:
                assert any(name.casefold() in heading.casefold() for name in (*ware.de, *ware.en)), heading


def test_the_showcase_has_a_quote_for_two_of_what_it_says(story: Story, quotes: Quotes) -> None:
    (sale,) = [sale for sale in story.sales.values() if sale.heading == headings.SHOWCASE]

    (line,) = quotes.by_sale[sale.sale_id].favourite.lines
    assert (line.product.name, line.quantity) == ("OMNIE CD-01", 2)


def test_quotes_have_several_versions_alternatives_and_lines(quotes: Quotes) -> None:
    assert {len(quote.versions) for quote in quotes.by_id.values()} == {1, 2, 3}
    assert {len(version.alternatives) for version in quotes.versions.values()} == {1, 2, 3}
    assert {len(item.lines) for item in quotes.alternatives.values()} == {1, 2, 3}


def test_only_the_newest_version_is_alive(story: Story, quotes: Quotes) -> None:
    for quote in quotes.by_id.values():
        *old, active = quote.versions
        assert all(version.state == "Archived" and version.archived_state == "Sent" for version in old)
        assert active.state != "Archived"
        expected = {1: {"Draft", "Sent", "DraftNeedsApproval"}, 2: {"Sold"}, 3: {"Lost"}, 4: {"Sent"}}
        assert active.state in expected[story.sales[quote.sale_id].status]
        assert [version.rank for version in quote.versions] == list(range(1, len(quote.versions) + 1))
        assert all(version.registered_at.date() <= TODAY for version in quote.versions)


def test_an_accepted_alternative_belongs_to_a_sold_sale(story: Story, quotes: Quotes) -> None:
    for quote in quotes.by_id.values():
        assert bool(quote.accepted_alternative_id) == (story.sales[quote.sale_id].status == 2)
        assert quote.favourite in quote.active_version.alternatives


def test_the_amount_is_the_quotes_only_where_it_says_so(story: Story, quotes: Quotes) -> None:
    used = [quote for quote in quotes.by_id.values() if quote.uses_values]

    assert len(used) > 60
    for quote in used:
        assert quote.favourite.total_price == story.sales[quote.sale_id].amount
    assert any(
        quote.favourite.total_price != story.sales[quote.sale_id].amount for quote in quotes.by_id.values()
    )


def test_totals_add_up(quotes: Quotes) -> None:
    for item in quotes.alternatives.values():
        assert item.sub_total == pytest.approx(sum(line.total_price for line in item.lines))
        assert item.total_price == pytest.approx(item.sub_total - item.discount_amount)
    for line in quotes.lines.values():
        assert line.total_price == pytest.approx(line.sub_total - line.discount_amount)


def test_lines_are_listed_with_everything_above_them(reading: Api, story: Story, quotes: Quotes) -> None:
    rows = reading.list(
        "/Archive/FindQuoteLine",
        select="quoteLineId,name,code,quantity,unitListPrice,totalPrice,productFamilyKey,"
        "alternative/quoteAlternativeId,alternative/version/quoteVersionId,alternative/version/state,"
        f"alternative/version/quote/quoteId,{SALE}saleId,{SALE}heading,{SALE}contactId",
        filter="quoteLineId gt 0",
        orderby="quoteLineId",
        top="1000",
    )

    assert [row["quoteLineId"] for row in rows] == list(quotes.lines)
    for row in rows:
        line = quotes.lines[row["quoteLineId"]]
        sale = story.sales[row[f"{SALE}saleId"]]
        assert (row["name"], row["quantity"]) == (line.product.name, line.quantity)
        assert row["productFamilyKey"] == str(line.product.family_id)
        assert row["alternative/quoteAlternativeId"] == line.alternative_id
        assert row["alternative/version/quote/quoteId"] == quotes.by_sale[sale.sale_id].quote_id
        assert row[f"{SALE}heading"] == sale.heading
    # Archived versions are among them: whoever adds them all up counts twice.
    assert Counter(row["alternative/version/state"] for row in rows)["Archived"] > 50


def test_lines_can_be_asked_for_sale_by_sale_and_page_by_page(reading: Api, quotes: Quotes) -> None:
    quote = next(quote for quote in quotes.by_id.values() if len(quote.versions) == 2)
    mine = [line.line_id for line in quotes.lines.values() if line.quote_id == quote.quote_id]

    def listed(**options: str) -> list[int]:
        rows = reading.list("/Archive/FindQuoteLine", select="quoteLineId", **options)
        return [row["quoteLineId"] for row in rows]

    assert listed(filter=f"{SALE}saleId = {quote.sale_id}") == mine
    assert (
        listed(filter="quoteLineId gt 5", orderby="quoteLineId desc", top="3") == list(quotes.lines)[:-4:-1]
    )
    assert listed(filter="productFamilyKey oneOf ('2')") == [
        key for key, line in quotes.lines.items() if line.product.family_id == 2
    ]
    refused = reading.refused("/Archive/FindQuoteLine", orderby="productFamilyKey")
    assert "productFamilyKey" in refused


def test_the_agent_tells_the_quote_of_a_sale_step_by_step(reading: Api, quotes: Quotes) -> None:
    quote = next(
        item for item in quotes.by_id.values() if len(item.versions) > 1 and item.accepted_alternative_id
    )

    head = reading.ask("Quote/GetQuoteFromSaleId", SaleId=quote.sale_id)
    assert head["ActiveQuoteVersionId"] == head["ActiveQuoteVersion"]["QuoteVersionId"]
    assert head["FavoriteQuoteAlternative"]["QuoteAlternativeId"] == head["AcceptedQuoteAlternativeId"]
    whole = reading.ask("Quote/GetQuoteEntityFromSaleId", SaleId=quote.sale_id)
    versions = reading.ask("Quote/GetQuoteVersions", QuoteId=quote.quote_id)
    assert whole["QuoteVersions"] == versions
    last = versions[-1]
    assert last["QuoteAlternatives"] == reading.ask(
        "Quote/GetQuoteAlternatives", QuoteVersionId=last["QuoteVersionId"]
    )
    lines = reading.ask("Quote/GetQuoteLines", QuoteAlternativeId=head["AcceptedQuoteAlternativeId"])
    assert [line["Name"] for line in lines] == [line.product.name for line in quote.favourite.lines]


def test_a_sale_without_a_quote_gives_null_with_200(reading: Api, story: Story) -> None:
    sale = next(sale for sale in story.sales.values() if not sale.has_quote)

    assert reading.ask("Quote/GetQuoteFromSaleId", SaleId=sale.sale_id) is None
    assert reading.ask("Quote/GetQuoteEntityFromSaleId", SaleId=4711) is None
    assert reading.ask("Quote/GetQuoteLines", QuoteAlternativeId=999_999) == []
    assert reading.ask("Sale/SaleHasQuote", SaleId=sale.sale_id) is False
    assert reading.call("POST", "/Agents/Quote/GetQuoteLines", json={}).status_code == 400


def test_the_sale_knows_whether_it_has_one(reading: Api, quotes: Quotes) -> None:
    rows = reading.list("/Sale", select="saleId", filter="hasQuote set true")

    assert {row["saleId"] for row in rows} == set(quotes.by_sale)
    assert reading.ask("Sale/SaleHasQuote", SaleId=rows[0]["saleId"]) is True


def test_the_dynamic_archive_has_the_raw_tables(reading: Api, quotes: Quotes) -> None:
    def listed(select: str, **options: str) -> list[dict[str, Any]]:
        return reading.list("/Archive/dynamic", select=select, **options)

    heads = listed(
        "quote.quote_id,quote.SaleId,quote.ActiveQuoteVersionId,quote.AcceptedQuoteAlternativeId,"
        "quote.UseValuesFromQuote",
        filter="quote.quote_id gt 0",
    )
    assert {row["quote.quote_id"]: row["quote.ActiveQuoteVersionId"] for row in heads} == {
        key: quote.active_version.version_id for key, quote in quotes.by_id.items()
    }
    versions = listed(
        "quoteversion.quoteversion_id,quoteversion.LikelyQuoteAlternativeId,quoteversion.State",
        filter="quoteversion.quoteversion_id gt 3", orderby="quoteversion.quoteversion_id", top="5",
    )  # fmt: skip
    assert [row["quoteversion.quoteversion_id"] for row in versions] == [4, 5, 6, 7, 8]
    assert all(row["quoteversion.State"] in (1, 3, 6, 7, 8, 9) for row in versions)


def test_the_dynamic_archive_estimates_tables(reading: Api, story: Story) -> None:
    (row,) = reading.list("/Archive/dynamic", select="sequence.next_id", filter="sequence.tablename = 'sale'")
    assert row["sequence.next_id"] == max(story.sales) + 1


def test_the_dynamic_archive_knows_which_documents_have_a_file(api: Api) -> None:
    key = api.create_document()["DocumentId"]

    def count() -> int:
        (row,) = api.list(
            "/Archive/dynamic", select="document.contentSetCount", filter=f"document.document_id = {key}"
        )
        return int(row["document.contentSetCount"])

    assert count() == 0
    api.upload(key, b"file")
    assert count() == 1


@pytest.mark.parametrize("select", ["", "nonsense.id", "quote.nonsense", "quote.quote_id,sale.sale_id"])
def test_the_dynamic_archive_refuses_what_it_does_not_have(reading: Api, select: str) -> None:
    reading.refused("/Archive/dynamic", select=select)


def test_products_and_price_lists_are_listed(reading: Api) -> None:
    products = reading.list("/Product", select="productId,name,code,productFamilyKey,listPrice")
    assert {"OMNIE CD-01", "Kira B 50"} <= {row["name"] for row in products}
    assert {row["productFamilyKey"] for row in products} >= {"OMNIE", "KIRA", "SCRUBBER"}
    assert [row["name"] for row in reading.list("/Pricelist", select="name")] == ["Standard"]
    (connection,) = reading.list(
        "/Archive/QuoteConnection", select="quoteConnectionId,displayName,connectorName"
    )
    assert connection["quoteConnectionId"] == 1
    assert reading.ask("Quote/HasConnections")["IsOk"] is True
