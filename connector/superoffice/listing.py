"""List queries: which columns we ask for, and how to read a long list page by page, each row once."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from connector.superoffice.errors import BadRecord, UnexpectedAnswer
from connector.superoffice.types import Sale

LARGEST_PAGE = 1000  # SuperOffice's own default and advice; nobody documents what a larger $top does
Fetch = Callable[[Mapping[str, str]], list[Sale]]

SALE_COLUMNS = (
    "saleId",
    "heading",
    "contactId",
    "contact/name",
    "contact/contactNoMail",
    "contact/stop",
    "personId",
    "person/fullName",
    "person/email/emailAddress",
    "person/email/emailHasBounced",
    "person/personNoMail",
    "person/retired",
    # associateId is the login as text; the number is associateDbId.
    "associate/associateDbId",
    "associate/fullName",
    "associate/assocName",
    "amount",
    "currency",
    "saleStatus",
    "stage",
    "date",
    "updatedDate",
    "hasQuote",
)
DOCUMENT_COLUMNS = ("documentId", "ourref", "name")


def rows_of(answer: Any) -> list[dict[str, Any]]:
    """The rows of a list answer. Its nextLink is ignored: pages go by key, and a token follows no link."""
    rows = answer.get("value") if isinstance(answer, dict) else None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise UnexpectedAnswer("a list answer without rows")
    return rows


def sale_query(filter_: str, top: int) -> dict[str, str]:
    return {
        "$select": ",".join(SALE_COLUMNS),
        "$filter": filter_,
        "$orderby": "saleId desc",
        "$top": str(top),
    }


def sale_pages(
    fetch: Fetch, *, limit: int | None, page_size: int, below: int | None = None
) -> Iterator[list[Sale]]:
    """The sales by falling number, page by page, at most `limit` of them (None: all).

    Each page begins below the last number of the one before ($skip would repeat the whole search for each
    page). A short page is not the end, because the server drops rows that the user may not see after it has
    cut the page; an empty one is. Raises ValueError for a page size that the server may cut,
    UnexpectedAnswer when the numbers do not fall.
    """
    if not 1 <= page_size <= LARGEST_PAGE:
        raise ValueError(f"page_size must be between 1 and {LARGEST_PAGE}")
    remaining, last = limit, below
    while (remaining is None or remaining > 0) and (last is None or last > 1):
        top = page_size if remaining is None else min(page_size, remaining)
        page = fetch(sale_query("saleId gt 0" if last is None else f"saleId lt {last}", top))
        if not page:
            return
        last = _last_number(page, last)
        # A server that sends more than it was asked for must not break the limit.
        page = page[:remaining]
        remaining = None if remaining is None else remaining - len(page)
        yield page


def _last_number(page: list[Sale], above: int | None) -> int:
    for sale in page:
        if above is not None and sale.id >= above:
            problem = BadRecord(f"it must be below {above}", column="saleId", record=f"sale {sale.id}")
            raise problem.located(method="GET", path="Sale")
        above = sale.id
    return page[-1].id
