"""Which runs keep their rows: the newest of each report, the last of each month, and what somebody waits for.

The others keep what is small: definition, funnel, figures and checksum.
"""

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from reports.models import Download, Match, Occurrence, Report, Row, Run

CHUNK = 2000
_MAILING = (Occurrence.MailStatus.WAITING, Occurrence.MailStatus.SENDING)


def tidy(report: Report) -> int:
    """Remove the rows of old runs of `report`; returns how many runs lost theirs. What stopped half-way goes on."""
    kept = _kept(report)
    old = [run for run in _with_rows(report) if run.pk not in kept]
    removed = sum(_forget(run) for run in old)
    stopped = Run.objects.filter(
        Exists(Row.objects.filter(run=OuterRef("pk"))), rows_removed_at__isnull=False
    )
    for run in stopped.filter(report=report):
        _remove_rows(run)
    return removed


def _with_rows(report: Report) -> QuerySet[Run]:
    """Finished runs that are not newer than the newest result: a run that was cancelled just now may be looked at."""
    newest = Run.objects.filter(report=report).with_result().newest_first().first()
    finished = Run.objects.filter(report=report, rows_removed_at=None, finished_at__isnull=False)
    return finished.filter(pk__lt=newest.pk).order_by("pk") if newest else finished.none()


def _kept(report: Report) -> set[int]:
    """Keys of the runs with a result that keep their rows because of the report's choices."""
    results = Run.objects.filter(report=report).with_result().newest_first()
    finished = [(pk, at) for pk, at in results.values_list("pk", "finished_at") if at is not None]
    kept = {pk for pk, _at in finished[: report.keep_runs]}
    if report.keep_monthly:
        last_of: dict[str, int] = {}
        for pk, at in finished:  # newest first: the first of a month is its last run
            last_of.setdefault(f"{timezone.localtime(at):%Y-%m}", pk)
        kept |= set(last_of.values())
    return kept


def _forget(run: Run) -> bool:
    """Take the rows from one run, unless a mail or a file is made of them right now."""
    awaited = Q(occurrences__mail_status__in=_MAILING) | Q(
        downloads__status__in=[Download.Status.QUEUED, Download.Status.RUNNING]
    )
    if Run.objects.filter(awaited, pk=run.pk).exists():
        return False
    # Said first: a page never shows a part of the rows as all of them.
    marked = Run.objects.filter(pk=run.pk, rows_removed_at=None).update(rows_removed_at=timezone.now())
    if marked:
        _remove_rows(run)
    return bool(marked)


def _remove_rows(run: Run) -> None:
    """In short transactions, so that nobody waits for the database."""
    while keys := list(Row.objects.filter(run=run).order_by("pk").values_list("pk", flat=True)[:CHUNK]):
        with transaction.atomic():
            Match.objects.filter(row__in=keys).delete()
            Row.objects.filter(pk__in=keys).delete()
