"""What a sale is about in SuperOffice's own records: the lines of its quote, and the catalogue of products.

A quote has versions, a version has alternatives, an alternative has lines, and lists show the lines of all of
them: only one alternative of each sale counts.
"""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from connector.superoffice import columns
from connector.superoffice.columns import FieldsOf, RowReader
from connector.superoffice.fields import Fields
from connector.superoffice.listing import Listing

Row = Mapping[str, Any]
MOST_SALES = 100  # in one question; the filter goes into the address, which must not grow too long


class QuoteLine(NamedTuple):
    """One line of any version and alternative; the numbers of what it belongs to are None when that is gone.

    `total_price` is in the currency of the sale. `family_key` and `product_key` are the keys of a family and
    of a product in the catalogue, or an ERP system's own texts.
    """

    id: int
    sale_id: int | None
    quote_id: int | None
    version_id: int | None
    alternative_id: int | None
    name: str
    code: str
    quantity: Decimal
    total_price: Decimal
    family_key: str
    product_key: str
    rank: int


class CatalogueProduct(NamedTuple):
    """A product of a price list; `list_price` is in that list's `currency`, empty when it is not known.

    `family_key` and `product_key` are what quote lines name it by, as long as no ERP system keeps the prices.
    """

    id: int
    name: str
    code: str
    family_key: str
    family_name: str
    list_price: Decimal
    currency: str
    product_key: str
    price_list_id: int | None


class QuoteHead(NamedTuple):
    """Which version of a sale's quote is the active one, and which alternative the customer took, if any."""

    id: int
    sale_id: int | None
    active_version_id: int | None
    accepted_id: int | None


class VersionHead(NamedTuple):
    id: int
    likely_id: int | None


class PriceList(NamedTuple):
    id: int
    currency: str


def alternatives_that_count(quotes: Iterable[QuoteHead], versions: Iterable[VersionHead]) -> dict[int, int]:
    """By sale the alternative that its customer took, or else the likely one of the active version."""
    likely = {version.id: version.likely_id for version in versions}
    chosen = {
        quote.sale_id: quote.accepted_id or likely.get(quote.active_version_id or 0) for quote in quotes
    }
    return {sale: alternative for sale, alternative in chosen.items() if sale and alternative}


def lines_that_count(lines: Iterable[QuoteLine], alternatives: Mapping[int, int]) -> list[QuoteLine]:
    """Those of the one alternative of each sale that counts (see `Client.current_alternatives`), in the order
    given.
    """
    return [
        line
        for line in lines
        if line.sale_id is not None
        and line.alternative_id is not None
        and alternatives.get(line.sale_id) == line.alternative_id
    ]


# --- Lists --------------------------------------------------------------------------------------------------


def _fields_of(kind: str, key: str) -> FieldsOf:
    """Fields that errors call by the number in the column `key`."""

    def named(row: Row) -> Fields:
        return Fields(row, f"{kind} {Fields(row, f'{kind} without a number').required_id(key)}")

    return named


_ABOVE = "alternative/version/quote/"
_LINES = RowReader(
    QuoteLine,
    _fields_of("quote line", "quoteLineId"),
    {
        "id": columns.required_id("quoteLineId"),
        "sale_id": columns.optional_id(f"{_ABOVE}sale/saleId"),
        "quote_id": columns.optional_id(f"{_ABOVE}quoteId"),
        "version_id": columns.optional_id("alternative/version/quoteVersionId"),
        "alternative_id": columns.optional_id("alternative/quoteAlternativeId"),
        "name": columns.text("name"),
        "code": columns.text("code"),
        "quantity": columns.amount("quantity"),
        "total_price": columns.amount("totalPrice"),
        "family_key": columns.text("productFamilyKey"),
        "product_key": columns.text("erpProductKey"),
        "rank": columns.number("rank"),
    },
)
LINES = Listing(
    "Archive/FindQuoteLine",
    "quoteLineId",
    (
        "quoteLineId",
        f"{_ABOVE}sale/saleId",
        f"{_ABOVE}quoteId",
        "alternative/version/quoteVersionId",
        "alternative/quoteAlternativeId",
        "name",
        "code",
        "quantity",
        "totalPrice",
        "productFamilyKey",
        "erpProductKey",
        "rank",
    ),
    _LINES.read,
    lambda line: line.id,
)


def lines_of(sale_ids: Sequence[int]) -> str:
    """A filter for the lines of these sales. Raises ValueError for more than `MOST_SALES`."""
    if len(sale_ids) > MOST_SALES:
        raise ValueError(f"at most {MOST_SALES} sales in one question")
    return f"{_ABOVE}sale/saleId in ({','.join(str(int(number)) for number in sale_ids)})"


# Tables of the database by their own names. Nobody documents in which case the names come back.
_QUOTES = RowReader(
    QuoteHead,
    _fields_of("quote", "quote.quote_id"),
    {
        "id": columns.required_id("quote.quote_id"),
        "sale_id": columns.optional_id("quote.saleid"),
        "active_version_id": columns.optional_id("quote.activequoteversionid"),
        "accepted_id": columns.optional_id("quote.acceptedquotealternativeid"),
    },
)
QUOTES = Listing(
    "Archive/dynamic",
    "quote.quote_id",
    ("quote.quote_id", "quote.SaleId", "quote.ActiveQuoteVersionId", "quote.AcceptedQuoteAlternativeId"),
    lambda rows: _QUOTES.read([lowered(row) for row in rows]),
    lambda quote: quote.id,
)
_VERSIONS = RowReader(
    VersionHead,
    _fields_of("quote version", "quoteversion.quoteversion_id"),
    {
        "id": columns.required_id("quoteversion.quoteversion_id"),
        "likely_id": columns.optional_id("quoteversion.likelyquotealternativeid"),
    },
)
VERSIONS = Listing(
    "Archive/dynamic",
    "quoteversion.quoteversion_id",
    ("quoteversion.quoteversion_id", "quoteversion.LikelyQuoteAlternativeId"),
    lambda rows: _VERSIONS.read([lowered(row) for row in rows]),
    lambda version: version.id,
)


def lowered(row: Row) -> Row:
    return {name.lower(): value for name, value in row.items()}


_PRODUCTS = RowReader(
    CatalogueProduct,
    _fields_of("product", "productId"),
    {
        "id": columns.required_id("productId"),
        "name": columns.text("name"),
        "code": columns.text("code"),
        "family_key": columns.text("productFamilyKey"),
        "family_name": columns.text("productFamilyKey shown"),
        "list_price": columns.amount("listPrice"),
        "currency": columns.text("currency"),  # the price list has it
        "product_key": columns.text("erpProductKey"),
        "price_list_id": columns.optional_id("priceListId"),
    },
)
# The full mode has the key of the family beside its name.
PRODUCTS = Listing(
    "Product",
    "productId",
    ("productId", "name", "code", "productFamilyKey", "listPrice", "erpProductKey", "priceListId"),
    lambda rows: _PRODUCTS.read([_unfolded(row) for row in rows]),
    lambda product: product.id,
    {"$mode": "Full"},
)
_PRICE_LISTS = RowReader(
    PriceList,
    _fields_of("price list", "priceListId"),
    {"id": columns.required_id("priceListId"), "currency": columns.text("currency")},
)
PRICE_LISTS = Listing(
    "Pricelist", "priceListId", ("priceListId", "currency"), _PRICE_LISTS.read, lambda one: one.id
)


def _unfolded(row: Row) -> Row:
    """A row of the full mode with raw values, and what is shown of the family; a plain row as it is."""
    cells = {name: cell.get("RawValue") if isinstance(cell, dict) else cell for name, cell in row.items()}
    family = row.get("productFamilyKey")
    shown = family.get("DisplayValue") if isinstance(family, dict) else family
    return {**cells, "productFamilyKey shown": shown}
