"""List queries: which columns we ask for, and how to read a long list page by page, each row once."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Generic, TypeVar

from connector.superoffice.errors import BadRecord, UnexpectedAnswer
from connector.superoffice.types import Sale

LARGEST_PAGE = 1000  # SuperOffice's own default and advice; nobody documents what a larger $top does
Row = Mapping[str, Any]
Fetch = Callable[[Mapping[str, str]], list[Sale]]
Item = TypeVar("Item")
# As they stand in a list of columns; user-defined ones have a number or a name behind a colon.
_COLUMN = re.compile(r"[A-Za-z][A-Za-z0-9_/:.-]{0,199}")

SALE_COLUMNS = (
    "saleId",
    "saleNumber",
    "heading",
    "sale/description",
    "contactId",
    "contact/name",
    "contact/department",
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
    "saleType",
    "stage",
    "probPercent",
    "date",
    "registeredDate",
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
    _check_page_size(page_size)
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


# --- By rising number -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Listing(Generic[Item]):
    """A list that can be read by rising number. `path` is below the API; `key` is the number's column, and
    `number` tells an item's; `options` go along with each question.
    """

    path: str
    key: str
    columns: tuple[str, ...]
    read: Callable[[Sequence[Row]], list[Item]]
    number: Callable[[Item], int]
    options: Mapping[str, str] = field(default_factory=dict)

    def query(self, last: int, top: int, where: str) -> dict[str, str]:
        return {
            "$select": ",".join(self.columns),
            "$filter": f"{self.key} gt {int(last)}{where and f' and {where}'}",
            "$orderby": f"{self.key} asc",
            "$top": str(top),
            **self.options,
        }


def pages_after(
    fetch: Callable[[Mapping[str, str]], list[Item]],
    listing: Listing[Item],
    last: int,
    *,
    page_size: int,
    where: str = "",
) -> Iterator[list[Item]]:
    """The items above `last` by rising number, page by page; `where` restricts them further.

    As with `sale_pages`, only an empty page is the end. A page that is too large to be taken (long texts)
    is asked for again with half as many rows, and so are those after it. Raises ValueError for a page size
    that the server may cut, BadRecord when the numbers do not rise.
    """
    _check_page_size(page_size)
    while True:
        try:
            page = fetch(listing.query(last, page_size, where))
        except UnexpectedAnswer as error:
            if error.problem != "too_big" or page_size == 1:
                raise
            page_size //= 2
            continue
        if not page:
            return
        last = _risen(page, listing, last)
        yield page


def _risen(page: list[Item], listing: Listing[Item], last: int) -> int:
    """The last number of the page, all of whose numbers rise from `last`."""
    for item in page:
        number = listing.number(item)
        if number <= last:
            problem = BadRecord(f"it must be above {last}", column=listing.key, record=f"record {number}")
            raise problem.located(method="GET", path=listing.path)
        last = number
    return last


def _check_page_size(page_size: int) -> None:
    if not 1 <= page_size <= LARGEST_PAGE:
        raise ValueError(f"page_size must be between 1 and {LARGEST_PAGE}")


def sales_with(extra: Sequence[str]) -> Listing[Sale]:
    """Sales with further columns of text. Raises ValueError for what cannot be the name of a column."""
    for name in extra:
        if not is_column(name):
            raise ValueError(f"this is no name of a column: {name!r}")
    columns = tuple(dict.fromkeys((*SALE_COLUMNS, *extra)))
    return Listing("Sale", "saleId", columns, lambda rows: Sale.from_rows(rows, extra), lambda sale: sale.id)


SALE_NUMBERS: Listing[int] = Listing("Sale", "saleId", ("saleId",), Sale.numbers, int)


def is_column(name: str) -> bool:
    """Whether this may stand in a list of columns."""
    return _COLUMN.fullmatch(name) is not None


def changed_since(day: date) -> str:
    """A filter for sales that were made or changed on `day` (UTC) or later.

    SuperOffice's `after` counts in days and leaves its own day out, so it is given the day before. Both dates
    are asked for, because nobody documents that a new record counts as updated.
    """
    before = f"{day - timedelta(days=1):%Y-%m-%d}"
    return f"(updatedDate after '{before}' or registeredDate after '{before}')"
