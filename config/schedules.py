"""The django-q2 schedules that belong to the house. Each report has one more, see `reports.schedule`.

django-q2 reads all due rows in one transaction, so that one malformed row stops every schedule: rows are
written only here and in `reports.schedule`, and an expression is checked before it becomes one.
"""

from dataclasses import dataclass

from croniter import croniter
from django.db import transaction
from django.utils import timezone
from django_q.models import Schedule

from connector.jobs import Cluster
from reports.models import Report
from reports.schedule import is_valid_cron, keep_schedule

EVERY_MINUTE = "* * * * *"


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
    # Not between one and four o'clock, when a change of daylight saving repeats or skips an hour.
    FixedSchedule("clear-sessions", "connector.tasks.clear_sessions", "30 4 * * *", "reports"),
    FixedSchedule("prune-calls", "connector.tasks.prune_calls", "40 4 * * *", "reports"),
    FixedSchedule("probe", "connector.tasks.probe_daily", "10 5 * * *", "reports"),
)


def ensure_schedules() -> None:
    """Bring the schedule table in line with `FIXED` and the reports; rows that nobody knows are removed.

    May be called at any time and by several processes. The next moment of a row that is right already stays.
    """
    for entry in FIXED:
        _ensure(entry)
    known = [entry.name for entry in FIXED]
    for report in Report.objects.all():
        keep_schedule(report)
        known.append(f"report-{report.pk}")
    Schedule.objects.exclude(name__in=known).delete()


def _ensure(entry: FixedSchedule) -> None:
    if not is_valid_cron(entry.cron):
        raise ValueError(f"the schedule {entry.name} has no valid cron expression")
    values = {
        "func": entry.function,
        "args": None,
        "kwargs": None,
        "hook": None,
        "schedule_type": Schedule.CRON,
        "cron": entry.cron,
        "cluster": entry.cluster,
        "intended_date_kwarg": None,
        "repeats": -1,
    }
    with transaction.atomic():
        rows = Schedule.objects.filter(name=entry.name).order_by("pk")
        row = rows.first()
        if row and all(getattr(row, field) == value for field, value in values.items()):
            # The table has no unique name; what two first starts at once may have doubled goes here.
            rows.exclude(pk=row.pk).delete()
            return
        now = timezone.localtime()
        next_run = croniter(entry.cron, now).get_next(type(now))
        rows.delete()
        Schedule.objects.create(name=entry.name, next_run=next_run, **values)
