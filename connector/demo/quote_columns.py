"""The columns of FindQuoteLine and QuoteLine: the line, and in Find… its alternative, version, quote and sale."""

from connector.demo.columns import Column, Get, listed, login, sale_columns
from connector.demo.lists import Wording
from connector.demo.quotes import STATES, Quote, QuoteAlternative, QuoteLine, Quotes, QuoteVersion
from connector.demo.story import Sale, Story

_SPOKEN = {
    "Draft": ("Draft", "Entwurf"),
    "DraftNeedsApproval": ("Draft, needs approval", "Entwurf, braucht Genehmigung"),
    "Sent": ("Sent", "Gesendet"),
    "Archived": ("Archived", "Archiviert"),
    "Lost": ("Lost", "Verloren"),
    "Sold": ("Sold", "Verkauft"),
}
_STATES = {
    number: Wording(f"[SR_QUOTE_STATE_{name.upper()}]", *_SPOKEN.get(name, (name, name)))
    for number, name in enumerate(STATES)
}
_OK = {0: Wording("[SR_QUOTE_STATUS_OK]", "OK", "OK")}


def line_columns() -> list[Column]:
    """What a line knows of itself. Keys of categories, families and types are texts."""
    return [
        Column("quoteLineId", "int", lambda line: line.line_id),
        Column("quoteAlternativeId", "int", lambda line: line.alternative_id),
        Column("erpProductKey", "string", lambda line: str(line.product.product_id)),
        Column("rank", "int", lambda line: line.rank),
        Column("quantity", "decimal", lambda line: line.quantity),
        Column("name", "string", lambda line: line.product.name),
        Column("description", "string", lambda line: ""),
        Column("code", "string", lambda line: line.product.code),
        Column("quantityUnit", "string", lambda line: "Stk"),
        Column("priceUnit", "string", lambda line: "Stk"),
        Column("subscriptionUnit", "string", lambda line: "month" if line.product.is_subscription else ""),
        Column("subscriptionQuantity", "decimal", lambda line: 36.0 * line.product.is_subscription),
        Column("vat", "decimal", lambda line: 19.0),
        Column("unitCost", "decimal", lambda line: line.unit_cost),
        Column("unitMinimumPrice", "decimal", lambda line: line.unit_cost),
        Column("unitListPrice", "decimal", lambda line: line.unit_price),
        Column("subTotal", "decimal", lambda line: line.sub_total),
        Column("discountAmount", "decimal", lambda line: line.discount_amount),
        Column("discountPercent", "decimal", lambda line: line.discount_percent),
        Column("totalPrice", "decimal", lambda line: line.total_price),
        Column("earningAmount", "decimal", lambda line: line.earning_amount),
        Column("productCategoryKey", "listExternal", lambda line: "", sortable=False),
        Column("productFamilyKey", "listExternal", lambda line: str(line.product.family_id), sortable=False),
        Column("productTypeKey", "listExternal", lambda line: "", sortable=False),
        listed("status", _OK, lambda line: 0),
        Column("getAllRows", "bool", lambda line: False, lambda line: True, sortable=False),
    ]


def find_columns(story: Story) -> list[Column]:
    """A line with everything above it."""
    # As they are now: the rows that these columns are for do not change either.
    quotes, sales = story.quotes, story.sales

    def alternative(line: QuoteLine) -> QuoteAlternative:
        return quotes.alternatives[line.alternative_id]

    def sale(line: QuoteLine) -> Sale:
        return sales[line.sale_id]

    above = "alternative/version/quote/sale/"
    return [
        *line_columns(),
        *_below("alternative/", alternative, _alternative_columns()),
        *_version_columns(quotes),
        *_quote_columns(quotes),
        *_below(above, sale, [column for column in sale_columns(story) if column.name != "getAllRows"]),
    ]


def _alternative_columns() -> list[Column]:
    return [
        Column("quoteAlternativeId", "int", lambda item: item.alternative_id),
        Column("quoteVersionId", "int", lambda item: item.version_id),
        Column("name", "string", lambda item: item.name),
        Column("description", "string", lambda item: ""),
        listed("status", _OK, lambda item: 0),
        Column("subTotal", "decimal", lambda item: item.sub_total),
        Column("discountPercent", "decimal", lambda item: item.discount_percent),
        Column("discountAmount", "decimal", lambda item: item.discount_amount),
        Column("totalPrice", "decimal", lambda item: item.total_price),
        Column("earningAmount", "decimal", lambda item: item.earning_amount),
    ]


def _version_columns(quotes: Quotes) -> list[Column]:
    def version(line: QuoteLine) -> QuoteVersion:
        return quotes.versions[line.version_id]

    columns = [
        Column("quoteVersionId", "int", lambda item: item.version_id),
        Column("number", "string", lambda item: item.number),
        Column("description", "string", lambda item: ""),
        Column("sent", "date", lambda item: item.sent_at),
        Column("expiration", "date", lambda item: item.expires_on),
        listed("state", _STATES, lambda item: STATES.index(item.state)),
        listed("status", _OK, lambda item: 0),
        login("approvedBy", lambda item: 0),
    ]
    return _below("alternative/version/", version, columns)


def _quote_columns(quotes: Quotes) -> list[Column]:
    def quote(line: QuoteLine) -> Quote:
        return quotes.by_id[line.quote_id]

    columns = [
        Column("quoteId", "int", lambda item: item.quote_id),
        Column("poNumber", "string", lambda item: ""),
        Column("orderComment", "string", lambda item: ""),
        Column("connectionId", "int", lambda item: item.connection_id),
        Column("registeredDate", "date", lambda item: item.versions[0].registered_at),
    ]
    return _below("alternative/version/quote/", quote, columns)


def _below(prefix: str, get: Get, columns: list[Column]) -> list[Column]:
    """The same columns, reached from a line through `get`."""

    def through(inner: Get) -> Get:
        return lambda line: inner(get(line))

    return [
        Column(
            f"{prefix}{column.name}",
            column.kind,
            through(column.value),
            through(column.filtered_by) if column.filtered_by else None,
            column.sortable,
        )
        for column in columns
    ]
