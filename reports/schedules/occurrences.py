"""The planned moments of schedules: each starts its job once, and one that started nothing is noticed."""

import logging
from datetime import datetime, timedelta
from itertools import takewhile

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from connector.services import current_connection
from reports.local_copy import sync
from reports.models import JobSchedule, Occurrence, Report, Run, Sync
from reports.runs import services
from reports.schedules.schedule import is_planned, moments

GRACE = timedelta(minutes=15)  # the scheduler looks every half minute, and a busy worker takes its time
WATCHED = timedelta(days=7)  # further back nobody is told any more
_KEPT = timedelta(days=400)
_KINDS = {JobSchedule.Job.READ_CHANGES: Sync.Kind.CHANGES, JobSchedule.Job.READ_ALL: Sync.Kind.FULL}
logger = logging.getLogger(__name__)


# --- Starting -----------------------------------------------------------------------------------------


def start_job(schedule_pk: int, planned_at: datetime, now: datetime) -> Occurrence | None:
    """Start what is planned for this moment, once, however often and by how many it is asked.

    None: it was started already, nothing is planned then (any more), or there is no tenant to read from. The
    claim, the start and the link between them are one transaction: a worker that dies in between has started
    nothing. While the same report or reading is still under way, that one is linked. Raises where no work can be
    started, and the moment counts as missed.
    """
    schedule = JobSchedule.objects.select_related("report").filter(pk=schedule_pk, is_active=True).first()
    if schedule is None or not is_planned(schedule, planned_at):
        return None
    if schedule.report is None and current_connection() is None:
        logger.warning("schedule %s has nothing to read from: there is no tenant", schedule.pk)
        return None
    with transaction.atomic():
        occurrence, _is_new = Occurrence.objects.get_or_create(schedule=schedule, planned_at=planned_at)
        # The result is waited for in any case: a failure is told even where nobody gets the result.
        values = {"started_at": now, "mail_status": Occurrence.MailStatus.WAITING}
        if not Occurrence.objects.filter(pk=occurrence.pk, started_at=None).update(**values):
            return None
        work = _start(schedule, planned_at)
        link = "run" if isinstance(work, Run) else "sync"
        Occurrence.objects.filter(pk=occurrence.pk).update(**{link: work})
    return Occurrence.objects.select_related("run", "sync").get(pk=occurrence.pk)


def _start(schedule: JobSchedule, planned_at: datetime) -> Run | Sync:
    """What works on the job from now on."""
    connection = current_connection()
    if schedule.report is not None:
        run = services.start_run(report=schedule.report, intended_at=planned_at)
        # None: another schedule of this report had the same moment.
        same = Run.objects.of_tenant(connection).filter(report=schedule.report, intended_at=planned_at)
        return run or same.get()
    assert connection is not None  # looked at before the claim
    return sync.start_sync(connection, _KINDS[JobSchedule.Job(schedule.job)])


def joined(occurrence: Occurrence) -> bool:
    """Whether the work was under way already when the moment came, started by somebody or something else."""
    if occurrence.run is not None:
        return occurrence.run.intended_at != occurrence.planned_at
    if occurrence.sync is None or occurrence.sync.started_at is None or occurrence.started_at is None:
        return False
    return occurrence.sync.started_at < occurrence.started_at


# --- Watching -----------------------------------------------------------------------------------------


def watch(now: datetime) -> int:
    """Note the planned moments of the last days that started nothing; returns how many are new.

    Moments before the schedule's last change are nobody's fault. One mail tells of moments that were missed
    one after the other.
    """
    Occurrence.objects.filter(planned_at__lt=now - _KEPT).delete()
    active = JobSchedule.objects.filter(is_active=True)
    return sum(_note_missed(schedule, now) for schedule in active)


def _note_missed(schedule: JobSchedule, now: datetime) -> int:
    since, until = max(schedule.changed_at, now - WATCHED), now - GRACE
    planned = takewhile(lambda moment: moment <= until, moments(schedule, since))
    known = set(schedule.occurrences.filter(planned_at__gte=since).values_list("planned_at", flat=True))
    missing = [moment for moment in planned if moment not in known]
    if not missing:
        return 0
    before = schedule.occurrences.filter(planned_at__lt=missing[-1]).order_by("-planned_at").first()
    rows = [Occurrence(schedule=schedule, planned_at=moment, missed_at=now) for moment in missing]
    if before is None or before.started_at is not None:
        rows[-1].mail_status = Occurrence.MailStatus.WAITING
    # What starts late in this very moment stays as it is.
    Occurrence.objects.bulk_create(rows, ignore_conflicts=True)
    logger.warning("schedule %s: %s planned moments started nothing", schedule.pk, len(missing))
    return len(missing)


def unmended(now: datetime) -> QuerySet[Occurrence]:
    """Missed moments of the last days after which nothing of the same schedule has started, newest first."""
    later = Occurrence.objects.filter(
        schedule=OuterRef("schedule"), planned_at__gt=OuterRef("planned_at"), started_at__isnull=False
    )
    missed = Occurrence.objects.missed().filter(started_at=None, planned_at__gte=now - WATCHED)
    return missed.exclude(Exists(later)).select_related("schedule__report").order_by("-planned_at")


def missed_of(report: Report, now: datetime) -> list[Occurrence]:
    """The moments at which this report was to run and did not, newest first; none once it ran later."""
    return list(unmended(now).filter(schedule__report=report, schedule__is_active=True))
