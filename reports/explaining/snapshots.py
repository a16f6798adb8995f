"""The sales of a run as they were then, and where other rules would put them.

A row keeps the heading and the company of its sale. What it does not keep, the lines of the quote and further texts,
is taken from the local copy as it is today; `Outcome`s of the run's own rules tell where that has changed since.
"""

from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from django.utils import timezone

from reports.models import Row, Run, Sale
from reports.runs import funnel
from reports.runs.evaluation import Rules, lines_of
from reports.runs.funnel import Placement, Subject

CHUNK = 1000


class Outcome(NamedTuple):
    """What a run said of a sale."""

    stage: str
    source: str
    products: str
    quantities: str
    families: str

    @classmethod
    def of(cls, placement: Placement) -> "Outcome":
        return cls(
            placement.stage, placement.source, placement.products, placement.quantities, placement.families
        )


class Data(NamedTuple):
    """What a run knew of a sale."""

    heading: str
    company_id: int | None
    company_name: str
    person_name: str
    owner_name: str
    amount: Decimal
    currency: str
    status: str
    sold_on: date | None


class Snapshot(NamedTuple):
    """One row of a run. `sale_pk` is the key of the local copy."""

    number: int
    sale_pk: int
    data: Data
    outcome: Outcome


def snapshots(run: Run, *, after: int = -1) -> Iterator[Snapshot]:
    """The rows of a run by rising sale number, those above `after`; a query per 1,000, memory does not grow."""
    rows = Row.objects.filter(run=run).order_by("sale_number")
    wanted = rows.values_list("sale_number", "sale_id", *Data._fields, *Outcome._fields)
    while chunk := list(wanted.filter(sale_number__gt=after)[:CHUNK]):
        for number, sale_pk, *values in chunk:
            width = len(Data._fields)
            yield Snapshot(number, sale_pk, Data(*values[:width]), Outcome(*values[width:]))
        after = chunk[-1][0]


class Copies:
    """The local copies of some sales, read once: what rows do not keep. Three queries."""

    def __init__(self, sale_pks: Sequence[int]) -> None:
        self.sales = {sale.pk: sale for sale in Sale.objects.filter(pk__in=sale_pks)}
        self._lines = lines_of(self.sales.values())

    def outcomes(self, rules: Rules, taken: Sequence[tuple[int, Data]]) -> list[Outcome]:
        """Where `rules` put these sales (key, data); one function with runs, so the same answer."""
        placements = funnel.place_many(
            [self._subject(rules, pk, data) for pk, data in taken],
            rules.matcher,
            families=rules.families,
            needs_company=rules.definition.needs_company,
        )
        return [Outcome.of(placement) for placement in placements]

    def line_texts(self, pk: int) -> list[str]:
        """What is searched in the lines of a sale's quote."""
        return [funnel.line_text(line) for line in self._lines.get(pk, [])]

    def _subject(self, rules: Rules, pk: int, data: Data) -> Subject:
        sale = self.sales[pk]
        lines = self._lines.get(pk, []) if rules.definition.use_quotes else []
        texts = rules.definition.texts_of(sale)
        return Subject(data.heading, data.company_id, data.company_name, texts, lines)


def day_of(run: Run) -> date:
    """The day that "this month" of a run is meant from: of its planned moment, else of its start."""
    return timezone.localdate(run.intended_at or run.started_at)
