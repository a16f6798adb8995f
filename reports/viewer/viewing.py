"""A finished run as its readers move about in it: filtered, counted, sorted and cut into pages in memory.

Each process keeps the runs it showed last; the database is asked only for the rows that are on the screen.
"""

from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import compress, islice
from threading import Lock
from typing import Any

from reports.definitions.definition import Definition
from reports.export import DEFAULT_KEYS, Column, columns_of
from reports.models import Row, Run
from reports.viewer.facets import Bits, flags_of, parts_of
from reports.viewer.filters import Choice, Filter
from reports.viewer.run_index import CENT, INDEXED, PART, PATHS, RunIndex, quantity_of

__all__ = [
    "Filter",
    "Page",
    "RunView",
    "Selection",
    "rows_in_order",
    "table_columns",
    "view_of",
]

PAGE_ROWS = 50
_MOST_VIEWS, _MOST_ROWS = 4, 1_000_000  # that a process keeps
_WITH_COMPANY = [stage for stage in Row.Stage.values if stage != Row.Stage.NO_COMPANY]


@dataclass(frozen=True, slots=True)
class Page:
    """The sale numbers of one page in order; `first` counts from 1. `before_previous` is the number of the sale that
    the page before begins after; None where that is the first page, or where there is none.
    """

    numbers: list[int]
    first: int
    has_more: bool
    before_previous: int | None = None


class RunView(RunIndex):
    """The index of one run, and the way to what a filter leaves of it."""

    def select(self, wanted: Filter) -> "Selection":
        return Selection(self, wanted)


class Selection:
    """The rows of a run that a filter leaves, and what can be said about them. Lazy: each number when asked."""

    def __init__(self, view: RunView, wanted: Filter) -> None:
        self.view, self.filter = view, wanted
        everything = (1 << view.size) - 1
        self._found = view.having(wanted.search) if wanted.search else everything
        self._allowed = {key: self._of_choice(key, choice) for key, choice in wanted.choices.items()}
        if not self.filter.choice("stage").included:
            scope = view.facets["stage"].any_of(_WITH_COMPANY)
            self._allowed["stage"] = self._allowed.get("stage", scope) & scope
        self.bits = self._without("")
        self.count = self.bits.bit_count()
        self.flags = flags_of(self.bits, view.size)
        self._counts: dict[str, dict[str, int]] = {}
        self._month_cents: dict[tuple[str, str], int] | None = None

    def _of_choice(self, key: str, choice: Choice) -> Bits:
        everything, facet = (1 << self.view.size) - 1, self.view.facets[key]
        is_all = not choice.included or (key == "stage" and "all" in choice.included)
        return (everything if is_all else facet.any_of(choice.included)) & ~facet.any_of(choice.excluded)

    def _without(self, key: str) -> Bits:
        """The rows that everything but one facet leaves."""
        bits = self._found
        for name, allowed in self._allowed.items():
            if name != key:
                bits &= allowed
        return bits

    def counts(self, key: str) -> dict[str, int]:
        """How many of these rows have each value of a facet."""
        if key not in self._counts:
            self._counts[key] = self.view.facets[key].counts(self.bits)
        return self._counts[key]

    def facet_counts(self, key: str) -> dict[str, int]:
        """How many rows each value of a facet would give: the facet's own choice is left aside."""
        return self.view.facets[key].counts(self._without(key)) if key in self._allowed else self.counts(key)

    # --- Sums ---

    def positions(self) -> Iterator[int]:
        return compress(range(self.view.size), self.flags)

    def amounts(self, bits: Bits | None = None) -> dict[str, Decimal]:
        """The amount per currency, most sales first; of these rows, or of those among them in `bits`."""
        bits = self.bits if bits is None else self.bits & bits
        currency = self.view.facets["currency"]
        counts = currency.counts(bits)
        return {
            value: self.view.amounts.of(bits & currency.bits(value)) * CENT
            for value in sorted(counts, key=lambda value: (-counts[value], value))
        }

    def month_amounts(self, currency: str) -> dict[str, Decimal]:
        """The amount per month ("2026-03", "": no date) in one currency."""
        if self._month_cents is None:
            self._month_cents = self.view.cents_of_months.of(self.flags)
        return {month: cents * CENT for (one, month), cents in self._month_cents.items() if one == currency}

    def quantity(self) -> tuple[Decimal, int]:
        """How many pieces of all products together, and how many of them are a 1 that nobody wrote."""
        return self.view.quantities.of(self.bits) * PART, self.view.assumed.of(self.bits)

    def product_quantities(self) -> dict[str, Decimal]:
        """How many pieces of each product."""
        parts: Counter[str] = Counter()
        for (products, quantities), times in Counter(compress(self.view.products, self.flags)).items():
            for product, quantity in zip(parts_of(products), parts_of(quantities), strict=False):
                parts[product] += quantity_of(quantity) * times
        return {product: quantity * PART for product, quantity in parts.items()}

    # --- Order ---

    def _ordered(self) -> Iterator[int]:
        if self.filter.sort == "-sale_number":
            return self.positions()
        order = self.view.order(self.filter.sort)
        return compress(order, map(self.flags.__getitem__, order))

    @property
    def sale_numbers(self) -> Iterator[int]:
        """All sale numbers in order."""
        return map(self.view.numbers.__getitem__, self._ordered())

    def page(self, size: int = PAGE_ROWS) -> Page:
        """The page after the sale that the filter names, which need not be among the rows any more."""
        order = self.view.order(self.filter.sort)
        start = self._place_after(order, self.filter.after)
        before = list(compress(islice(order, start), map(self.flags.__getitem__, order))) if start else []
        rest = (position for position in islice(order, start, None) if self.flags[position])
        found = list(islice(rest, size + 1))
        numbers = [self.view.numbers[position] for position in found[:size]]
        previous = self.view.numbers[before[-size - 1]] if len(before) > size else None
        return Page(numbers, len(before) + 1, len(found) > size, previous)

    def _place_after(self, order: Sequence[int], number: int | None) -> int:
        if number is None:
            return 0
        position = self.view.position(number)
        if self.view.has(position, number):
            return order.index(position) + 1
        if self.filter.sort == "-sale_number":
            return position
        return 0


# --- The runs that a process remembers --------------------------------------------------------------------


class _Slot:
    """One run: whoever comes first builds the index, the others wait for it."""

    def __init__(self) -> None:
        self.lock = Lock()
        self.view: RunView | None = None


class _Views:
    """The indexes of the runs that were shown last. Safe for threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._slots: OrderedDict[Any, _Slot] = OrderedDict()

    def get(self, key: Any, build: Callable[[], RunView]) -> RunView:
        with self._lock:
            slot = self._slots.setdefault(key, _Slot())
            self._slots.move_to_end(key)
        with slot.lock:
            if slot.view is None:
                slot.view = build()
            view = slot.view
        self._forget_the_oldest()
        return view

    def _forget_the_oldest(self) -> None:
        with self._lock:
            while len(self._slots) > 1 and (len(self._slots) > _MOST_VIEWS or self._rows() > _MOST_ROWS):
                self._slots.popitem(last=False)

    def _rows(self) -> int:
        return sum(slot.view.size for slot in self._slots.values() if slot.view)


_views = _Views()


def view_of(run: Run) -> RunView:
    """The index of a finished run that has its rows. One query over all of them, once a process."""
    if not run.is_finished or not run.has_rows:
        raise ValueError(f"run {run.pk} has no rows that stay")
    # A database that was restored may use a number again: the moment and the checksum tell the runs apart.
    key = (run.pk, run.finished_at, run.checksum, run.read_count)
    return _views.get(key, lambda: build_view(run.pk))


def build_view(run_pk: int) -> RunView:
    rows = Row.objects.filter(run=run_pk).newest_sale_first().values_list(*INDEXED)
    return RunView(run_pk, rows.iterator(chunk_size=5000))


# --- Rows and columns --------------------------------------------------------------------------------------


def rows_in_order(run: Run, sale_numbers: Iterable[int], *, chunk: int = 500) -> Iterator[Row]:
    """The rows of these sales with their sale and matches, in the order given; two queries a chunk."""
    numbers = iter(sale_numbers)
    while wanted := list(islice(numbers, chunk)):
        rows = Row.objects.filter(run=run, sale_number__in=wanted).select_related("sale")
        found = {row.sale_number: row for row in rows.prefetch_related("matches")}
        yield from (found[number] for number in wanted if number in found)


def table_columns(definition: Definition, wanted: Filter) -> list[Column]:
    """The columns that a reader chose, else those of the report, else the usual ones; the sale comes first."""
    known = [key for key in wanted.columns or definition.columns if key in PATHS] or list(DEFAULT_KEYS)
    return list(columns_of(dict.fromkeys(["sale_number", *known])))
