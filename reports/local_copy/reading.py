"""One reading of SuperOffice into the local copy, in steps of pages that can be left and taken up anywhere.

Each page is asked for outside of any transaction and stored in one, together with how far the reading is. A
page is written only while the claim holds, see `reports.claims`.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Protocol, TypeVar

from django.db import transaction
from django.db.models import Max, Q
from django.utils import timezone

from connector.heartbeat import beat
from connector.problems import problem_code
from connector.stopping import is_stopping
from connector.superoffice.client import Client
from connector.superoffice.errors import (
    NotFound,
    Refused,
    SuperOfficeError,
    Unauthorized,
    UnexpectedAnswer,
)
from connector.superoffice.goods import MOST_SALES, CatalogueProduct, QuoteLine
from connector.superoffice.types import Sale as ReadSale
from reports import claims
from reports.local_copy import copying
from reports.models import LocalCopy, Sale, Sync

DESCRIPTION = "sale/description"  # has a field of its own
CATALOGUE_IS_FRESH = timedelta(hours=6)  # a reading of changes leaves it alone so long
PAGE_SIZE = 1000  # what SuperOffice recommends
LATE_ONES_AT_ONCE = 25  # calls between two looks at the clock
Page = TypeVar("Page")


def steps_of(kind: str) -> list[Sync.Step]:
    """What a reading does, in order. Only a full one can tell what is gone."""
    is_full = kind == Sync.Kind.FULL
    return [step for step in Sync.Step if is_full or step != Sync.Step.COMPARISON]


class Watcher(Protocol):
    """Told after each page that is stored."""

    def __call__(self, sync: Sync, /) -> None: ...


class Reading:
    """Works on a claimed `sync` with an open `client` until the monotonic moment `until`, at least one page.

    `gap` is what kept the catalogue from being read: the sales are complete without it. Raises LostClaim,
    SuperOfficeError, and SalesVanished unless there `may_remove_many`.
    """

    def __init__(
        self, sync: Sync, client: Client, *, until: float, watch: Watcher, may_remove_many: bool = False
    ) -> None:
        self.sync, self.client, self.until, self.watch = sync, client, until, watch
        self.may_remove_many = may_remove_many
        self.connection = sync.connection
        self.copy = copying.copy_state(sync.connection)
        self.is_full = sync.kind == Sync.Kind.FULL
        self.gap: SuperOfficeError | None = None

    def goes_to_the_end(self) -> bool:
        """Read on from where the sync is; False when time is up before the end."""
        work: dict[str, Callable[[], bool]] = {
            Sync.Step.SALES: self._read_sales,
            Sync.Step.COMPARISON: self._compare_numbers,
            Sync.Step.QUOTES: self._read_quotes,
            Sync.Step.CATALOGUE: self._read_catalogue,
        }
        steps = steps_of(self.sync.kind)
        for step in steps[steps.index(Sync.Step(self.sync.step)) :]:
            if step != self.sync.step:
                claims.progressed(self.sync, step=step, cursor=0)
            if not work[step]():
                return False
        return True

    def _stored(self, pages: Iterable[Page], store: Callable[[Page], None]) -> bool:
        """Store page after page (None: the end of the list); False when time is up before the end."""
        for page in pages:
            with transaction.atomic():
                store(page)
            self.watch(self.sync)
            beat("reports")
            if page is not None and (time.monotonic() > self.until or is_stopping()):
                return False
        return True

    def _advance(self, cursor: int, **counts: int) -> None:
        """Note in the row how far the reading is: first thing in a page's transaction, so that whoever lost
        the claim writes nothing. `counts` are added to the row's own.
        """
        added = {"page_count": 1, **counts}
        sums = {name: getattr(self.sync, name) + count for name, count in added.items()}
        claims.progressed(self.sync, cursor=cursor, **sums)

    # --- Sales ----------------------------------------------------------------------------------------

    def _read_sales(self) -> bool:
        if self.is_full and not self.sync.cursor:
            self._prepare()
        names = [column["name"] for column in self.copy.text_columns]
        pages = self.client.sales_after(
            self.sync.cursor, page_size=PAGE_SIZE, since=self.sync.since, extra=names
        )
        return self._stored(pages, lambda page: self._store_sales(page, names))

    def _prepare(self) -> None:
        """What a full reading asks once: how far the numbers go, which texts a sale has beside its own, and who
        we are.
        """
        highest = (
            self.client.highest_sale_id()
            or Sale.objects.of_tenant(self.connection).aggregate(highest=Max("sale_id"))["highest"]
        )
        columns, acts_as = self._text_columns(), self._acts_as()
        with transaction.atomic():
            # Not `progressed`: a reading that breaks at its first page comes by here each time.
            claims.change(self.sync, expected_count=highest, acts_as=acts_as)
            if columns is not None and columns != self.copy.text_columns:
                self.copy.text_columns = columns
                self.copy.save(update_fields=["text_columns"])

    def _text_columns(self) -> list[dict[str, str]] | None:
        """The further texts that this tenant's sales have; None when it does not tell."""
        try:
            found = self.client.sale_text_columns()
        except Unauthorized:
            raise
        except (Refused, UnexpectedAnswer):
            return None
        return [{"name": one.name, "label": one.label} for one in found if one.name != DESCRIPTION]

    def _acts_as(self) -> str:
        """Whose rights decide what is shown, unless the connection knows already."""
        if self.connection.acts_as:
            return self.connection.acts_as
        try:
            return self.client.current_user().full_name[:200]
        except Unauthorized:
            raise
        except (Refused, UnexpectedAnswer):
            return ""

    def _store_sales(self, page: list[ReadSale], names: Sequence[str]) -> None:
        without_company = sum(sale.company_id is None for sale in page)
        self._advance(page[-1].id, read_count=len(page), without_company_count=without_company)
        stored = copying.store_sales(self.connection, page, now=timezone.now(), text_columns=names)
        claims.change(
            self.sync,
            new_count=self.sync.new_count + stored.new_count,
            changed_count=self.sync.changed_count + stored.changed_count,
        )

    # --- Comparison of numbers ------------------------------------------------------------------------

    def _compare_numbers(self) -> bool:
        """What neither the sales nor, asked once more, the plain numbers showed is gone. Only a list of numbers
        without a gap proves that, so nothing is taken away before its end.
        """
        began = self.sync.started_at
        assert began is not None
        pages = self.client.sale_ids_after(self.sync.cursor, page_size=PAGE_SIZE)
        if not self._stored(self._compared(pages), lambda compared: self._store_late_ones(*compared)):
            return False
        with transaction.atomic():
            now = timezone.now()
            claims.progressed(self.sync)
            removed = copying.remove_unseen(self.connection, began, now=now, may_be_many=self.may_remove_many)
            claims.change(self.sync, removed_count=self.sync.removed_count + removed)
        return True

    def _compared(self, pages: Iterable[list[int]]) -> Iterator[tuple[int, bool, list[ReadSale]]]:
        """Up to which number all is compared, whether that is the end of a page, and the late sales up to there:
        those whose numbers are shown although the sales themselves did not come. A page may have many of them,
        and each costs a call, so it comes in portions.
        """
        assert self.sync.started_at is not None
        for page in pages:
            unseen = copying.unseen_sales(self.connection, self.sync.started_at).filter(sale_id__in=page)
            numbers = list(unseen.order_by("sale_id").values_list("sale_id", flat=True))
            for start in range(0, len(numbers), LATE_ONES_AT_ONCE):
                portion = numbers[start : start + LATE_ONES_AT_ONCE]
                yield portion[-1], False, list(self._asked_for(portion))
            yield page[-1], True, []

    def _asked_for(self, numbers: Iterable[int]) -> Iterator[ReadSale]:
        for sale_id in numbers:
            with suppress(NotFound):
                yield self.client.sale(sale_id)
            beat("reports")

    def _store_late_ones(self, up_to: int, is_page_end: bool, sales: list[ReadSale]) -> None:
        self._advance(up_to, page_count=int(is_page_end))
        copying.store_sales(self.connection, sales, now=timezone.now())

    # --- Quotes ---------------------------------------------------------------------------------------

    def _read_quotes(self) -> bool:
        """A tenant may have no quotes, or keep them from us: that is noted, and no failure."""
        problem = ""
        try:
            if not (self._read_all_lines() if self.is_full else self._read_lines_of_changed()):
                return False
        except Unauthorized:
            raise
        except Refused as error:
            problem = problem_code(error)
        with transaction.atomic():
            claims.progressed(self.sync)
            values = {} if problem else {"quotes_at": timezone.now()}
            LocalCopy.objects.filter(pk=self.copy.pk).update(quotes_problem=problem, **values)
        return True

    def _read_all_lines(self) -> bool:
        alternatives = self.client.current_alternatives()
        pages = self.client.quote_lines_after(self.sync.cursor, page_size=PAGE_SIZE)

        def store(page: list[QuoteLine] | None) -> None:
            above, last = self.sync.cursor, page[-1].id if page else None
            self._advance(last or above, page_count=int(last is not None))
            count = copying.store_lines(self.connection, page or [], alternatives, above=above, up_to=last)
            claims.change(self.sync, line_count=self.sync.line_count + count)

        return self._stored(_and_the_rest(pages), store)

    def _read_lines_of_changed(self) -> bool:
        """The lines of the sales that this reading brought, and that have a quote or had one."""
        if not self._changed_with_quote():
            return True
        alternatives = self.client.current_alternatives()

        def store(found: tuple[list[int], list[QuoteLine]]) -> None:
            sale_ids, lines = found
            self._advance(sale_ids[-1])
            count = copying.store_lines_of(self.connection, sale_ids, lines, alternatives)
            claims.change(self.sync, line_count=self.sync.line_count + count)

        return self._stored(self._lines_of_changed(), store)

    def _lines_of_changed(self) -> Iterator[tuple[list[int], list[QuoteLine]]]:
        while sale_ids := self._changed_with_quote():
            pages = self.client.quote_lines_after(sale_ids=sale_ids, page_size=PAGE_SIZE)
            yield sale_ids, [line for page in pages for line in page]

    def _changed_with_quote(self) -> list[int]:
        """The next sales by number that may have lines to be read anew, as many as one question takes."""
        found = Sale.objects.of_tenant(self.connection).filter(
            Q(has_quote=True) | Q(quote_lines__isnull=False),
            read_at__gte=self.sync.started_at,
            sale_id__gt=self.sync.cursor,
        )
        return list(found.order_by("sale_id").values_list("sale_id", flat=True).distinct()[:MOST_SALES])

    # --- Catalogue ------------------------------------------------------------------------------------

    def _read_catalogue(self) -> bool:
        read_at = self.copy.catalogue_at
        if not self.is_full and read_at and timezone.now() - read_at < CATALOGUE_IS_FRESH:
            return True
        try:
            if not self._read_families_and_products():
                return False
        except SuperOfficeError as error:
            self.gap = error
            return True
        with transaction.atomic():
            claims.progressed(self.sync)
            LocalCopy.objects.filter(pk=self.copy.pk).update(catalogue_at=timezone.now())
        return True

    def _read_families_and_products(self) -> bool:
        if not self.sync.cursor:
            families = self.client.product_families()
            with transaction.atomic():
                claims.change(self.sync, lease_until=timezone.now() + claims.LEASE)  # no progress, as above
                copying.store_families(self.connection, families)
        pages = self.client.products(self.sync.cursor, page_size=PAGE_SIZE)

        def store(page: list[CatalogueProduct] | None) -> None:
            above, last = self.sync.cursor, page[-1].id if page else None
            self._advance(last or above, page_count=int(last is not None))
            copying.store_products(self.connection, page or [], above=above, up_to=last)

        return self._stored(_and_the_rest(pages), store)


def _and_the_rest(pages: Iterable[Page]) -> Iterator[Page | None]:
    """The pages, and None after the last: what we hold with higher numbers is gone."""
    yield from pages
    yield None
