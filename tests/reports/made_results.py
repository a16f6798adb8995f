"""Finished runs made row by row, so that a test knows every number."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.utils import timezone

from connector.models import Connection
from reports.keyword_lists.keywords import current_list
from reports.models import Match, Report, Row, Run, Sale

_MOST_WITH_MATCHES = 100  # the newest: more are on no page


@dataclass(frozen=True, slots=True)
class Sold:
    """One row of a result; what is left out does not matter to the test."""

    number: int
    stage: str = "matched"
    products: str = ""
    quantities: str = ""
    families: str = ""
    customer: str = "Kranz AG"
    owner: str = "Jonas Weber"
    status: str = "sold"
    amount: str = "100.00"
    currency: str = "EUR"
    sold_on: date | None = date(2026, 3, 5)
    source: str = "heading"
    heading: str = "2x OMNIE CD-01"
    assumed_count: int = 0


def finished_run(
    report: Report,
    connection: Connection | None,
    sold: list[Sold],
    *,
    with_matches: bool = False,
    **values: Any,
) -> Run:
    """A finished run with these rows; amounts of its funnel are right."""
    now = timezone.now()
    funnel = {stage: sum(one.stage == stage for one in sold) for stage in Row.Stage.values}
    usual = {"status": Run.Status.SUCCEEDED, "finished_at": now, "data_at": now, "started_at": now}
    run = Run.objects.create(
        report=report,
        connection=connection,
        keyword_list=current_list(),
        read_count=len(sold),
        funnel=funnel,
        **{**usual, **values},
    )
    sales = Sale.objects.bulk_create([_sale(connection, one) for one in sold], ignore_conflicts=True)
    keys = dict(
        Sale.objects.filter(connection=connection, sale_id__in=[sale.sale_id for sale in sales]).values_list(
            "sale_id", "pk"
        )
    )
    rows = Row.objects.bulk_create([_row(run, one, keys[one.number]) for one in sold])
    if with_matches:
        Match.objects.bulk_create(match for row in rows[-_MOST_WITH_MATCHES:] for match in _matches(row))
    return run


def _sale(connection: Connection | None, one: Sold) -> Sale:
    assert connection is not None
    return Sale(
        connection=connection,
        sale_id=one.number,
        heading=one.heading,
        company_id=25,
        company_name=one.customer,
        amount=Decimal(one.amount),
        currency=one.currency,
        status=one.status,
        read_at=timezone.now(),
        number=f"S-{one.number}",
    )


def _row(run: Run, one: Sold, sale_pk: int) -> Row:
    return Row(
        run=run,
        sale_id=sale_pk,
        sale_number=one.number,
        stage=one.stage,
        source=one.source if one.stage == "matched" else "",
        heading=one.heading,
        company_id=25 if one.customer else None,
        company_name=one.customer,
        owner_name=one.owner,
        amount=Decimal(one.amount),
        currency=one.currency,
        status=one.status,
        sold_on=one.sold_on,
        products=one.products,
        quantities=one.quantities,
        families=one.families,
        assumed_count=one.assumed_count,
    )


def _matches(row: Row) -> list[Match]:
    quantities = row.quantities.split("; ")
    return [
        Match(
            row=row,
            keyword_number=1,
            product=product,
            kind="product",
            quantity=Decimal(quantity),
            quantity_source="before",
            spans=[[3, 14]],
        )
        for product, quantity in zip(row.products.split("; "), quantities, strict=True)
        if product
    ]
