"""The django-q2 schedules that belong to the house; those that people make are in `reports.schedules.schedule`."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import QuerySet
from django.utils import timezone
from django_q.models import Schedule

from connector.jobs import Cluster
from reports.models import JobSchedule
from reports.schedules.schedule import is_valid_cron, keep_row, keep_schedule, row_name

EVERY_MINUTE = "* * * * *"
LOOK_AGAIN = "look-again"
_LATE = timedelta(minutes=1)  # the scheduler wakes twice a minute


@dataclass(frozen=True, slots=True)
class FixedSchedule:
    """`function` is a dotted path; it is called without arguments."""

    name: str
    function: str
    cron: str
    cluster: Cluster


FIXED = (
    FixedSchedule("dispatch", "outreach.tasks.dispatch", EVERY_MINUTE, "mail"),
    FixedSchedule("archive", "outreach.tasks.archive", EVERY_MINUTE, "mail"),
    FixedSchedule("sweep", "outreach.tasks.sweep", EVERY_MINUTE, "mail"),
    FixedSchedule("sweep-runs", "reports.tasks.sweep", EVERY_MINUTE, "reports"),
    FixedSchedule(LOOK_AGAIN, "connector.tasks.look_again", EVERY_MINUTE, "reports"),
    # Not between one and four o'clock, when a change of daylight saving repeats or skips an hour.
    FixedSchedule("clear-sessions", "connector.tasks.clear_sessions", "30 4 * * *", "reports"),
    FixedSchedule("prune-calls", "connector.tasks.prune_calls", "40 4 * * *", "reports"),
    FixedSchedule("prune-downloads", "reports.tasks.prune_downloads", "50 4 * * *", "reports"),
    FixedSchedule("probe", "connector.tasks.probe_daily", "10 5 * * *", "reports"),
)


def ensure_schedules() -> None:
    """Bring the schedule table in line with `FIXED` and people's schedules; rows that nobody knows are removed.

    May be called at any time and by several processes. The next moment of a row that is right already stays.
    """
    for entry in FIXED:
        _ensure(entry)
    known = [entry.name for entry in FIXED]
    for schedule in JobSchedule.objects.all():
        keep_schedule(schedule)
        known.append(row_name(schedule.pk))
    Schedule.objects.exclude(name__in=known).delete()


def fixed_rows() -> QuerySet[Schedule]:
    """The rows of the house's own jobs, as the scheduler sees them."""
    return Schedule.objects.filter(name__in=[entry.name for entry in FIXED])


def next_look_at() -> datetime | None:
    """When it is asked next whether SuperOffice is back; None while no worker is there to ask."""
    row = Schedule.objects.filter(name=LOOK_AGAIN).first()
    return row.next_run if row and row.next_run > timezone.now() - _LATE else None


def _ensure(entry: FixedSchedule) -> None:
    if not is_valid_cron(entry.cron):
        raise ValueError(f"the schedule {entry.name} has no valid cron expression")
    keep_row(
        entry.name,
        func=entry.function,
        args=None,
        cron=entry.cron,
        cluster=entry.cluster,
        intended_date_kwarg=None,
    )
