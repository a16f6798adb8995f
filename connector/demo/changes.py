"""Changes of the demo's sales, as if somebody had worked in SuperOffice. Nothing in the demo makes them by itself."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, time
from typing import Any

from connector.demo.columns import utc_now
from connector.demo.people import OWN_COMPANY_ID, Person
from connector.demo.quotes import Quotes
from connector.demo.sales import default_sale
from connector.demo.story import Sale, Story

# A change of these means another quote.
_QUOTED = ("has_quote", "goods", "status", "amount", "currency_id")
_OWNER = 5


class SaleChanges:
    """Changes the sales of one story; the server may be answering meanwhile.

    The tables are replaced, never changed: who is reading one goes on reading it as it was.
    """

    def __init__(self, story: Story) -> None:
        self.story = story
        self._lock = threading.RLock()

    def change(self, sale_id: int, values: dict[str, Any]) -> None:
        """`values` are fields of Sale. Raises KeyError for an unknown sale, TypeError for an unknown field."""
        with self._lock:
            known = self.story.sales[sale_id]
            sale = replace(known, **{"updated_at": self._now(), **values})
            quotes = self.story.quotes
            if any(getattr(sale, name) != getattr(known, name) for name in _QUOTED):
                quotes = self._requoted(sale)
            self._put({**self.story.sales, sale_id: sale}, quotes)

    def remove(self, sale_id: int) -> None:
        """The sale is gone, and its quote. Raises KeyError."""
        with self._lock:
            sales = dict(self.story.sales)
            gone = sales.pop(sale_id)
            self._put(sales, self._requoted(replace(gone, has_quote=False)))

    def add(self, heading: str, values: dict[str, Any]) -> int:
        """An open sale of today with the next number, for a customer's person whom one may write to unless told
        otherwise. Returns the number.
        """
        with self._lock:
            story, now, person = self.story, self._now(), self._somebody()
            usual = {
                "company_id": person.company_id,
                "person_id": person.person_id,
                "registered_at": now,
                "updated_at": now,
            }
            sale_id = story.last_sale_id + 1
            sale = replace(
                default_sale(story, _OWNER), sale_id=sale_id, heading=heading, **{**usual, **values}
            )
            story.last_sale_id = sale.sale_id
            self._put({**story.sales, sale.sale_id: sale}, self._requoted(sale))
            return sale.sale_id

    @contextmanager
    def undone_afterwards(self) -> Iterator[None]:
        """Change what you like inside a `with` block: the sales are as before afterwards. Numbers stay given out."""
        sales, quotes = self.story.sales, self.story.quotes
        try:
            yield
        finally:
            with self._lock:
                self._put(sales, quotes)

    def _requoted(self, sale: Sale) -> Quotes:
        """The quotes with a new one for `sale`, or with none when it has none."""
        quotes = self.story.quotes.copy()
        quotes.remove(sale.sale_id)
        if sale.has_quote:
            quotes.add(self.story.quote_writer.write(sale))
        return quotes

    def _put(self, sales: dict[int, Sale], quotes: Quotes) -> None:
        self.story.sales, self.story.quotes = sales, quotes
        # Last, so that nobody takes what is made from the old tables for new.
        self.story.version += 1

    def _somebody(self) -> Person:
        for person in self.story.persons.values():
            is_customers = person.company_id not in {0, OWN_COMPANY_ID}
            if is_customers and person.emails and not (person.no_mail or person.retired or person.bounced):
                return person
        raise LookupError("nobody can be written to")

    def _now(self) -> datetime:
        """Now in UTC; the story's own day when that has not come yet."""
        return max(utc_now(), datetime.combine(self.story.today, time()))
