"""The rows of a finished run in memory: what its pages filter, count and sort.

A finished run never changes, so its rows are read once, in one query.
"""

import unicodedata
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from decimal import Decimal, InvalidOperation
from functools import cached_property, reduce
from itertools import compress
from operator import itemgetter, or_
from threading import Lock
from typing import Any

from django.db.models import Q

from reports.models import Row
from reports.viewer.facets import Bits, Facet, Sums, bits_of, bits_where, by_part, by_value, parts_of
from reports.viewer.filters import FACETS
from reports.viewer.flaws import FlawFacet
from reports.viewer.search_text import (
    searched_texts,
    spellings,
    squeezed_code,
    squeezed_texts,
    written_spellings,
)

MOST_TEXTS = 300_000  # a longer run is searched by the database: its texts would fill the memory
ASSUMED, WRITTEN = "assumed", "written"  # values of the facet "quantity"
PART = Decimal("0.0001")  # quantities are kept as whole numbers of these
CENT = Decimal("0.01")
INDEXED = (
    "sale_number",
    "stage",
    "products",
    "quantities",
    "families",
    "company_name",
    "owner_name",
    "status",
    "source",
    "assumed_count",
    "currency",
    "sold_on",
    "amount",
    "heading",
)
# Where a column of a report stands. What is not in the row is in the local copy, as it is today.
PATHS = {
    "sale_number": "sale_number",
    "customer": "company_name",
    "heading": "heading",
    "products": "products",
    "quantities": "quantities",
    "families": "families",
    "source": "source",
    "status": "status",
    "stage": "stage",
    "amount": "amount",
    "currency": "currency",
    "sale_date": "sold_on",
    "owner": "owner_name",
    "person": "person_name",
    "sale_no": "sale__number",
    "sale_type": "sale__sale_type",
    "probability": "sale__probability",
    "registered_on": "sale__registered_at",
    "changed_at": "sale__changed_at",
    "description": "sale__description",
}
_NAMES = ("company_name", "owner_name", "products")
_SEARCHED = ("heading", *_NAMES)


class RunIndex:
    """The rows of one run in memory. Rows are known by their position: 0 is the sale with the highest number.

    `currencies`, `months` and `cents` have a row's value at its position. `amounts` (cents), `quantities` (of all
    its products, in ten-thousandths) and `assumed` (how many of them nobody wrote) add up over rows.
    """

    def __init__(self, run_pk: int, rows: Iterable[Sequence[Any]]) -> None:
        """`rows` are tuples of the columns in INDEXED, highest sale number first."""
        self.run_pk = run_pk
        columns = [list(column) for column in zip(*rows, strict=True)] or [[] for _name in INDEXED]
        told = dict(zip(INDEXED, columns, strict=True))
        self.numbers = array("q", told["sale_number"])
        self.size = len(self.numbers)
        self.currencies: list[str] = told["currency"]
        self.months = [f"{day:%Y-%m}" if day else "" for day in told["sold_on"]]
        self.cents = array("q", (int(amount / CENT) for amount in told["amount"]))
        self.amounts = Sums(self.cents)
        self.assumed = Sums(told["assumed_count"])
        self.quantities = Sums([_total(text) for text in told["quantities"]])
        self.products = list(zip(told["products"], told["quantities"], strict=True))
        names = [told[name] for name in _NAMES]
        self.texts = searched_texts(told["heading"], names) if self.size <= MOST_TEXTS else None
        self.facets = self._facets(told)
        self.cents_of_months = _Grouped(self.cents, zip(self.currencies, self.months, strict=True))
        self._orders: dict[str, array[int]] = {}
        self._lock = Lock()

    def _facets(self, told: dict[str, list[Any]]) -> dict[str, Facet]:
        positions = {
            "stage": by_value(told["stage"]),
            "product": by_part(told["products"]),
            "family": by_part(told["families"]),
            "customer": by_value(told["company_name"]),
            "owner": by_value(told["owner_name"]),
            "status": by_value(told["status"]),
            "source": by_value(told["source"]),
            "quantity": by_value(map(_written, told["products"], told["assumed_count"])),
            "currency": by_value(self.currencies),
            "month": by_value(self.months),
        }
        known = {key: Facet(positions[key], self.size) for key in FACETS if key in positions}
        return {**known, "flaw": FlawFacet(self.run_pk, self.size)}

    @property
    def is_searched_by_database(self) -> bool:
        return self.texts is None

    def having(self, text: str) -> Bits:
        """The rows with each word of the text in heading, customer, owner or products, or as one of their numbers.

        "Müller", "Mueller" and "Muller" are one, and so are "CD-01" and "cd01"; the database, asked about a very
        long run, knows fewer spellings. One query, the first time.
        """
        found = (1 << self.size) - 1
        for word in text.split():
            having = self._asked_of_database(word) if self.texts is None else self._in_texts(self.texts, word)
            found &= having | self._numbered(word)
        return found

    def _in_texts(self, texts: list[str], word: str) -> Bits:
        found = 0
        for spelling in spellings(word):
            found |= bits_where(spelling in one for one in texts)
        if code := squeezed_code(word):
            found |= bits_where(code in one for one in self._squeezed)
        return found

    @cached_property
    def _squeezed(self) -> list[str]:
        return squeezed_texts(self.texts or [])

    def _numbered(self, word: str) -> Bits:
        """The sale with this number, ours or SuperOffice's own: "10563" may be the sale 563."""
        found = bits_of(self._own_numbers.get(word.casefold(), ()), self.size)
        if word.isascii() and word.isdecimal() and len(word) < 19:
            position = self.position(int(word))
            found |= 1 << position if self.has(position, int(word)) else 0
        return found

    @cached_property
    def _own_numbers(self) -> dict[str, list[int]]:
        """The rows by SuperOffice's own number of their sale, as the local copy has it today."""
        rows = Row.objects.filter(run=self.run_pk).exclude(sale__number="")
        found: dict[str, list[int]] = {}
        for number, own in rows.values_list("sale_number", "sale__number").iterator(chunk_size=5000):
            found.setdefault(own.casefold(), []).append(self.position(number))
        return found

    def has(self, position: int, number: int) -> bool:
        """Whether the sale with this number stands there."""
        return position < self.size and self.numbers[position] == number

    def _asked_of_database(self, word: str) -> Bits:
        looked = (
            Q(**{f"{name}__icontains": spelling})
            for name in _SEARCHED
            for spelling in written_spellings(word)
        )
        rows = Row.objects.filter(reduce(or_, looked), run=self.run_pk)
        numbers = rows.values_list("sale_number", flat=True).iterator(chunk_size=5000)
        return bits_of((self.position(number) for number in numbers), self.size)

    def position(self, number: int) -> int:
        """Where the sale stands, or where it would stand."""
        return bisect_left(self.numbers, -number, key=lambda one: -one)

    def order(self, sort: str) -> Sequence[int]:
        """All positions in this order; what has no value comes last either way. One query, the first time."""
        if sort == "-sale_number":
            return range(self.size)
        if sort == "sale_number":
            return range(self.size - 1, -1, -1)
        with self._lock:
            if sort not in self._orders:
                self._orders[sort] = self._sorted(sort)
            return self._orders[sort]

    def _sorted(self, sort: str) -> "array[int]":
        key = sort.removeprefix("-")
        rows = Row.objects.filter(run=self.run_pk).newest_sale_first().values_list(PATHS[key], flat=True)
        ranked = [_rank(key, value) for value in rows.iterator(chunk_size=5000)]
        filled = [place for place, rank in enumerate(ranked) if rank is not None]
        empty = [place for place, rank in enumerate(ranked) if rank is None]
        filled.sort(key=ranked.__getitem__, reverse=sort.startswith("-"))
        return array("I", filled + empty)


class _Grouped:
    """Numbers that add up by group for any set of rows, in one walk over all of them."""

    def __init__(self, numbers: Sequence[int], keys: Iterable[tuple[str, str]]) -> None:
        self._groups: list[tuple[tuple[str, str], int, int]] = []
        order: list[int] = []
        for key, positions in by_value(keys).items():
            self._groups.append((key, len(order), len(order) + len(positions)))
            order += positions
        self._numbers = [numbers[position] for position in order]
        # Two at least, or it would give back something else than a tuple.
        self._in_order = itemgetter(*order, *order[:1]) if order else lambda flags: flags

    def of(self, flags: bytes) -> dict[tuple[str, str], int]:
        """The sum of each group among the positions that are 1; a group without any is left out."""
        ordered = bytes(self._in_order(flags))
        return {
            key: sum(compress(self._numbers[first:last], chosen))
            for key, first, last in self._groups
            if 1 in (chosen := ordered[first:last])
        }


def _written(products: str, assumed_count: int) -> str:
    if not products:
        return ""
    return ASSUMED if assumed_count else WRITTEN


def quantity_of(text: str) -> int:
    """A written quantity in ten-thousandths; 0 for what is none."""
    if text.isascii() and text.isdecimal():
        return int(text) * 10_000
    try:
        return int(Decimal(text) / PART)
    except (InvalidOperation, ValueError, OverflowError):
        return 0


def pieces_of(quantities: str) -> Decimal | None:
    """The sum of "2; 1.5"; None where nothing is counted."""
    return _total(quantities) * PART if quantities else None


def _total(quantities: str) -> int:
    return sum(map(quantity_of, parts_of(quantities))) if quantities else 0


# --- Order ------------------------------------------------------------------------------------------------

_STAGES = {stage: str(place) for place, stage in enumerate(Row.Stage.values)}


def _rank(key: str, value: Any) -> Any:
    """What a cell is sorted by; None for an empty one."""
    if value is None or value == "":
        return None
    if key == "stage":
        return _STAGES.get(value, value)
    if key == "quantities":
        return _total(value)
    return alphabetical(value) if isinstance(value, str) else value


def alphabetical(text: str) -> tuple[str, str]:
    """As a German telephone list has it: ä beside a, ß as ss, capital letters beside small ones."""
    plain = "".join(
        one for one in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(one)
    )
    return plain, text
