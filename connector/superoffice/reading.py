"""Reading: what the local copy is made of, in pages by rising number, so that a stopped reading can go on.

Every list takes the highest number already read. A page is never empty, and a short one is not the end. A row
that cannot be read raises BadRecord instead of being left out.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from connector.superoffice import errors, goods
from connector.superoffice.caller import Caller
from connector.superoffice.fields import Fields
from connector.superoffice.goods import CatalogueProduct, QuoteLine
from connector.superoffice.listing import (
    LARGEST_PAGE,
    SALE_NUMBERS,
    Item,
    Listing,
    changed_since,
    pages_after,
    rows_of,
    sales_with,
)
from connector.superoffice.types import Sale, TextColumn


class Reading(Caller):
    """The part of `client.Client` that reads long lists."""

    def sales_after(
        self,
        last: int = 0,
        *,
        page_size: int = LARGEST_PAGE,
        since: date | None = None,
        extra: Sequence[str] = (),
    ) -> Iterator[list[Sale]]:
        """Pages of the sales above the number `last`, those without a company included.

        `since` leaves those that were made or changed on that day or later; it is a day in UTC, so whoever
        counts from the last reading goes back a day. `extra` names further columns of text, see
        `sale_text_columns`; they come in `Sale.extra`. Should the tenant refuse them, reading goes on without:
        a column that is missing in `extra` was not read. Raises ValueError for a name that is none.
        """
        where = changed_since(since) if since else ""
        try:
            for page in self._pages(sales_with(extra), last, page_size, where):
                last = page[-1].id
                yield page
        except errors.BadRequest:
            if not extra:
                raise
        else:
            return
        yield from self._pages(sales_with(()), last, page_size, where)

    def sale_ids_after(self, last: int = 0, *, page_size: int = LARGEST_PAGE) -> Iterator[list[int]]:
        """Pages of the numbers above `last` alone: those that we hold and that are not among them are gone,
        or may not be seen any more.
        """
        return self._pages(SALE_NUMBERS, last, page_size)

    def highest_sale_id(self) -> int | None:
        """The highest number ever given to a sale, an upper bound for progress; None when the tenant does not
        tell. It raises only what would keep us from reading sales as well: no answer, no sign-in.
        """
        query = {"$select": "sequence.next_id", "$filter": "sequence.tablename = 'sale'"}
        try:
            with self._answer(self._get("Archive/dynamic", query)) as data:
                numbers = [Fields(row, "sequence").id("sequence.next_id") for row in rows_of(data)]
        except errors.Unauthorized:
            raise
        except (errors.Refused, errors.UnexpectedAnswer, errors.ServerError):
            return None
        return numbers[0] - 1 if numbers and numbers[0] else None

    def quote_lines_after(
        self, last: int = 0, *, sale_ids: Sequence[int] | None = None, page_size: int = LARGEST_PAGE
    ) -> Iterator[list[QuoteLine]]:
        """Pages of the quote lines above the number `last`, of all versions and alternatives: see
        `goods.lines_that_count`. With `sale_ids`, at most 100, those of these sales; ValueError for more.

        A tenant without quotes refuses (licence, rights, an older version): Refused. No line at all proves
        nothing: somebody without access to a quote connection sees none.
        """
        if sale_ids is None:
            return self._pages(goods.LINES, last, page_size)
        where = goods.lines_of(sale_ids)
        return self._pages(goods.LINES, last, page_size, where) if sale_ids else iter(())

    def current_alternatives(self) -> dict[int, int]:
        """By sale the one alternative of its quote that counts. Refused as with `quote_lines_after`."""
        quotes = [one for page in self._pages(goods.QUOTES) for one in page]
        versions = (one for page in self._pages(goods.VERSIONS) for one in page)
        return goods.alternatives_that_count(quotes, versions)

    def products(self, last: int = 0, *, page_size: int = LARGEST_PAGE) -> Iterator[list[CatalogueProduct]]:
        """Pages of the products of all price lists above the number `last`. A SuperOffice that has no such
        list has no pages; any other refusal is raised, because it says nothing about the products.
        """
        currencies: dict[int, str] | None = None
        try:
            for page in self._pages(goods.PRODUCTS, last, page_size):
                if currencies is None:
                    currencies = self._currencies()
                yield [one._replace(currency=currencies.get(one.price_list_id or 0, "")) for one in page]
        except errors.NotFound:
            if currencies is not None:
                raise

    def sale_text_columns(self) -> list[TextColumn]:
        """The texts of a sale in which a product may be named beside the heading: its description, and
        user-defined fields that are a text or a choice from a list. For `sales_after`; it is worth keeping.
        Refused when the tenant does not tell its columns.
        """
        question = {"ProviderName": "FindSale", "Context": ""}
        response = self._call("POST", "Agents/Archive/GetAvailableColumns", data=question)
        with self._answer(response, is_shown=True) as data:
            if not isinstance(data, list):
                raise errors.UnexpectedAnswer(f"{type(data).__name__} instead of a list")
            found = [TextColumn.from_info(info) for info in data]
        return list({one.name: one for one in found if one is not None}.values())

    def sale_entity(self, sale_id: int) -> dict[str, Any]:
        """Everything that SuperOffice tells of a sale, in its own words, user-defined fields included
        (`CustomFields`). For people: our secrets are masked. Numbers with a point are Decimal. NotFound.
        """
        with self._answer(self._get(f"Sale/{int(sale_id)}"), is_shown=True) as data:
            if not isinstance(data, dict):
                raise errors.UnexpectedAnswer(f"{type(data).__name__} instead of an object")
            return data

    def _currencies(self) -> dict[int, str]:
        """By price list; none when the tenant keeps its price lists to itself."""
        try:
            return {one.id: one.currency for page in self._pages(goods.PRICE_LISTS) for one in page}
        except errors.Unauthorized:
            raise
        except errors.Refused:
            return {}

    def _pages(
        self, listing: Listing[Item], last: int = 0, page_size: int = LARGEST_PAGE, where: str = ""
    ) -> Iterator[list[Item]]:
        def fetch(query: Mapping[str, str]) -> list[Item]:
            with self._answer(self._get(listing.path, query)) as data:
                return listing.read(rows_of(data))

        return pages_after(fetch, listing, last, page_size=page_size, where=where)
