"""The second half of a run: sales of the local copy, chunk by chunk, become rows with their matches."""

import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property
from itertools import groupby

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from connector.heartbeat import beat
from connector.stopping import is_stopping
from reports import claims
from reports.definitions import definition as definitions
from reports.definitions.definition import Cursor, Definition
from reports.keyword_lists.keywords import matcher_of
from reports.matching import Matcher
from reports.models import LocalCopy, Match, QuoteLine, Row, Run, Sale
from reports.runs import funnel
from reports.runs.families import Catalogue, Families, catalogue_of
from reports.runs.figures import noted
from reports.runs.funnel import Found, Placement, Subject

CHUNK = 2000
_MOST = Decimal("99999999999999.9999")  # what the column holds; the lines of a quote add up
_SNAPSHOT = (
    "heading",
    "company_id",
    "company_name",
    "person_name",
    "owner_name",
    "amount",
    "currency",
    "status",
    "sold_on",
)


@dataclass(frozen=True)
class Rules:
    """What a run places its sales by."""

    definition: Definition
    matcher: Matcher
    catalogue: Catalogue

    @classmethod
    def of(cls, run: Run) -> "Rules":
        return cls(
            Definition.from_json(run.definition), matcher_of(run.keyword_list), catalogue_of(run.connection)
        )

    @cached_property
    def families(self) -> Families:
        """The catalogue's, as this matcher reads its products."""
        return self.catalogue.read_by(self.matcher)

    def place(self, sales: list[Sale]) -> list[Placement]:
        """The placements of sales of the local copy, in their order. One query for the quotes of all."""
        lines = lines_of(sales) if self.definition.use_quotes else {}
        subjects = [
            Subject.of(sale, texts=self.definition.texts_of(sale), lines=lines.get(sale.pk, ()))
            for sale in sales
        ]
        found = funnel.place_many(
            subjects, self.matcher, families=self.families, needs_company=self.definition.needs_company
        )
        return list(found)


def lines_of(sales: Iterable[Sale]) -> dict[int, list[QuoteLine]]:
    """The quote lines of these sales by the key of the sale, in the order of the quote."""
    keys = [sale.pk for sale in sales]
    lines = QuoteLine.objects.filter(sale__in=keys).order_by("sale", "rank", "line_id")
    return {sale: list(group) for sale, group in groupby(lines, key=lambda line: line.sale_id)}


def count_expected(run: Run) -> int:
    """How many sales the run will look at, for its progress."""
    assert run.connection is not None
    definition = Definition.from_json(run.definition)
    return definitions.count_of(definition, run.connection, today=_today(run))


def _today(run: Run) -> date:
    """The day that "this month" is meant from: of the planned moment, not of a worker that came late."""
    return timezone.localdate(run.intended_at or run.started_at)


def evaluate(run: Run, *, until: float) -> bool:
    """Store chunk after chunk; True when the run has all its sales, False when time is up. Raises LostClaim."""
    rules = Rules.of(run)
    while chunk := _next_chunk(run, rules.definition):
        _store(run, chunk, rules)
        if _is_over(until):
            return _missing(run, rules.definition) <= 0 and not definitions.is_movable(rules.definition)
    while passed := _passed(run, rules.definition):
        _store(run, passed, rules, cursor=run.cursor)
        if _is_over(until):
            return False
    return True


def _is_over(until: float) -> bool:
    beat("reports")
    return time.monotonic() > until or is_stopping()


def _next_chunk(run: Run, definition: Definition) -> list[Sale]:
    """The next sales behind the run's cursor, no more than the limit still allows."""
    assert run.connection is not None
    missing = _missing(run, definition)
    if missing <= 0:
        return []
    sales = definitions.sales_of(definition, run.connection, today=_today(run))
    chunk = list(definitions.after(sales, definition, run.cursor)[:CHUNK])
    for place, sale in enumerate(chunk, start=1):
        missing -= sale.company_id is not None or not definition.needs_company
        if not missing:
            return chunk[:place]
    return chunk


def _passed(run: Run, definition: Definition) -> list[Sale]:
    """Sales that changed while the run worked, and so moved past it before it came to them: next ones without a row.

    They are among the newest now, so they are taken beyond the limit. What was registered meanwhile is not: it belongs
    to the next run.
    """
    assert run.connection is not None
    if run.cursor is None or not definitions.is_movable(definition):
        return []
    copies = LocalCopy.objects.filter(connection=run.connection)
    if copies.values_list("revision", flat=True).first() == run.revision:
        return []
    sales = definitions.sales_of(definition, run.connection, today=_today(run))
    rows = Row.objects.filter(run=run, sale_number=OuterRef("sale_id"))
    left_out = definitions.up_to(sales, definition, run.cursor).exclude(Exists(rows))
    return list(left_out.exclude(registered_at__gt=run.started_at)[:CHUNK])


def _missing(run: Run, definition: Definition) -> int:
    """How many sales the limit still allows; those without a company use it up only where they are wanted."""
    if not definition.is_limited:
        return CHUNK + 1
    free = run.funnel.get(funnel.NO_COMPANY, 0) if definition.needs_company else 0
    return definition.limit - run.read_count + int(free)


def _store(run: Run, chunk: list[Sale], rules: Rules, *, cursor: Cursor | None = None) -> None:
    """One chunk in one transaction: rows, matches and the run's own progress, or nothing of it. Behind it the run is
    at `cursor`, without one at the last sale of the chunk.
    """
    sales = _without_stored(run, chunk)
    placements = rules.place(sales)
    with transaction.atomic():
        claims.progressed(
            run,
            cursor=cursor or definitions.cursor_of(rules.definition, chunk[-1]),
            read_count=run.read_count + len(sales),
            expected_count=max(run.expected_count or 0, run.read_count + len(sales)),
            funnel=funnel.counted(placements, run.funnel),
            figures=noted(run.figures, placements),
        )
        rows = Row.objects.bulk_create(
            _row(run, sale, placement) for sale, placement in zip(sales, placements, strict=True)
        )
        Match.objects.bulk_create(
            _match(row, found)
            for row, placement in zip(rows, placements, strict=True)
            for found in (*placement.matches, *placement.tags)
            if placement.stage == funnel.MATCHED
        )


def _without_stored(run: Run, chunk: list[Sale]) -> list[Sale]:
    """Leave out what has its row already: a sale that somebody changed meanwhile may come a second time."""
    numbers = [sale.sale_id for sale in chunk]
    stored = set(Row.objects.filter(run=run, sale_number__in=numbers).values_list("sale_number", flat=True))
    return [sale for sale in chunk if sale.sale_id not in stored]


def _row(run: Run, sale: Sale, placement: Placement) -> Row:
    return Row(
        run=run,
        sale=sale,
        sale_number=sale.sale_id,
        stage=placement.stage,
        source=placement.source,
        products=placement.products,
        quantities=placement.quantities,
        families=placement.families,
        assumed_count=placement.assumed_count,
        **{name: getattr(sale, name) for name in _SNAPSHOT},
    )


def _match(row: Row, found: Found) -> Match:
    return Match(
        row=row,
        keyword_number=found.keyword_number,
        product=found.product,
        family=found.family,
        kind=found.kind,
        quantity=min(found.quantity, _MOST),
        quantity_source=found.quantity_source,
        field=found.field,
        spans=[list(span) for span in found.spans],
    )
