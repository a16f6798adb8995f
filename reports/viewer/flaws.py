"""What can be amiss in a sale itself, and which rows of a run have it: looked for when somebody wants to see them."""

from collections.abc import Callable, Iterable, Iterator
from threading import Lock
from typing import Any, NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from reports.keyword_lists.keywords import matcher_of
from reports.models import Row, Run
from reports.runs.figures import NOTED
from reports.runs.tally import LONG_HEADING
from reports.viewer.facets import Bits, Facet, bits_where

# As `Run.figures["quality"]` counts them, in the order in which they are shown.
FLAWS: dict[str, Promise] = {
    "mojibake": _("Heading with broken umlauts, read as if repaired"),
    "conflicts": _("Two products for the same words"),
    "empty": _("Empty heading"),
    "long": _("Heading over 200 characters"),
    "no_amount": _("No amount"),
    "no_currency": _("No currency"),
}


class _Values(NamedTuple):
    heading: str
    amount: Any
    currency: str


_TESTS: dict[str, Callable[[_Values], bool]] = {
    "empty": lambda row: not row.heading.strip(),
    "long": lambda row: len(row.heading) > LONG_HEADING,
    "no_amount": lambda row: not row.amount,
    "no_currency": lambda row: not row.currency,
}


class FlawFacet(Facet):
    """The rows with each flaw, looked for the first time that somebody asks: one query over all rows, and for what
    only the matcher knows one look into every heading. Safe for threads.
    """

    def __init__(self, run_pk: int, size: int) -> None:
        super().__init__({}, size)
        self._run_pk, self._lock = run_pk, Lock()

    @property
    def values(self) -> Iterable[str]:
        return FLAWS.keys()

    def bits(self, value: str) -> Bits:
        if value not in FLAWS:
            return 0
        with self._lock:
            if value not in self._bits:
                self._bits[value] = bits_where(self._having(value))
            return self._bits[value]

    def counts(self, bits: Bits) -> dict[str, int]:
        counted = ((value, (self.bits(value) & bits).bit_count()) for value in FLAWS)
        return {value: count for value, count in counted if count}

    def _having(self, value: str) -> Iterator[bool]:
        """One answer a row, highest sale number first."""
        columns = Row.objects.filter(run=self._run_pk).newest_sale_first().values_list(*_Values._fields)
        rows = (_Values(*values) for values in columns.iterator(chunk_size=5000))
        if value in _TESTS:
            return map(_TESTS[value], rows)
        run = Run.objects.select_related("keyword_list").get(pk=self._run_pk)
        results = matcher_of(run.keyword_list).match_many(row.heading for row in rows)
        return (NOTED[value] in result.flags for result in results)
