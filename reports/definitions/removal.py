"""A report goes with everything that hangs on it; its rows in portions, because there can be very many."""

from django.db import transaction
from django.utils import timezone

from reports.models import Download, Match, Report, Row, Work
from reports.schedules.schedule import drop_rows, row_name

_PORTION = 2000


def remove_report(report: Report) -> None:
    """Remove `report` with its runs, schedules and views.

    A worker that is at one of its runs notices at its next write. What is interrupted half-way leaves a report
    whose runs have lost their sales and say so, and that starts none by itself: removing it again goes on.
    """
    now = timezone.now()
    ended = {"status": Work.Status.CANCELLED, "finished_at": now, "lease_until": None}
    with transaction.atomic():
        report.runs.unfinished().update(**ended)
        report.runs.filter(rows_removed_at=None).update(rows_removed_at=now)
        report.schedules.update(is_active=False)
        drop_rows(*(row_name(pk) for pk in report.schedules.values_list("pk", flat=True)))
    rows = Row.objects.filter(run__report=report).order_by("pk")
    while portion := list(rows.values_list("pk", flat=True)[:_PORTION]):
        with transaction.atomic():
            Match.objects.filter(row__in=portion).delete()
            Row.objects.filter(pk__in=portion).delete()
    downloads = Download.objects.filter(run__report=report)
    downloads.unfinished().update(**ended)
    downloads.update(report_name=report.name)
    report.delete()
