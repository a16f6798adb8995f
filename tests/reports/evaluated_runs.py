"""Runs over sales that a test wrote into the local copy, without a tenant to read them from."""

from typing import Any

from django.utils import timezone

from connector.models import Connection
from reports import claims
from reports.models import KeywordList, Report, Run, Sale
from reports.runs import evaluation, services
from reports.runs.figures import concluded


def add_sale(connection: Connection, sale_id: int, heading: str = "2x CD-01", **values: Any) -> Sale:
    usual = {
        "company_id": 7,
        "company_name": "Kranz AG",
        "amount": 100,
        "currency": "EUR",
        "status": "open",
        "registered_at": timezone.now(),
        "read_at": timezone.now(),
    }
    return Sale.objects.create(connection=connection, sale_id=sale_id, heading=heading, **{**usual, **values})


def evaluated(report: Report, *, keyword_list: KeywordList | None = None, acts_as: str = "Ada") -> Run:
    """A finished run of `report` over the copy as it is now."""
    started = services.start_run(report=report, keyword_list=keyword_list)
    assert started is not None
    now = timezone.now()
    run = claims.claim(Run, started.pk, now)
    assert run is not None
    claims.change(run, data_at=now, acts_as=acts_as)
    assert evaluation.evaluate(run, until=float("inf"))
    figures, checksum = concluded(run)
    Run.objects.filter(pk=run.pk).update(
        status="succeeded", finished_at=timezone.now(), figures=figures, checksum=checksum, owner=""
    )
    return Run.objects.select_related("report", "keyword_list", "connection").get(pk=run.pk)
