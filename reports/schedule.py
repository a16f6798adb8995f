"""The django-q2 schedule of each report. Rows are only ever written here, after their expression is checked:
one malformed row would stop all schedules."""

from datetime import UTC, datetime, timedelta

from croniter import CroniterError, croniter
from django.utils import timezone
from django_q.models import Schedule

from reports.models import Report

TASK = "reports.tasks.scheduled_run"
LEAST_DISTANCE = timedelta(minutes=15)
# Looked at from here, so that an expression is right or wrong whenever it is asked about.
_BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)


def keep_schedule(report: Report) -> None:
    """Bring the schedule row of `report` in line with its cron expression; without a valid one there is none."""
    name = f"report-{report.pk}"
    if not is_valid_report_cron(report.cron):
        Schedule.objects.filter(name=name).delete()
        return
    values = {
        "func": TASK,
        "args": f"({report.pk},)",
        "schedule_type": Schedule.CRON,
        "cron": report.cron,
        "cluster": "reports",
        "intended_date_kwarg": "intended_at",
        "repeats": -1,
    }
    row = Schedule.objects.filter(name=name).first()
    if row and all(getattr(row, field) == value for field, value in values.items()):
        return
    next_run = croniter(report.cron, timezone.localtime()).get_next(type(timezone.localtime()))
    Schedule.objects.update_or_create(name=name, defaults={**values, "next_run": next_run})


def is_valid_cron(cron: str) -> bool:
    """Five fields that croniter understands, and a moment that comes: 30 February never does."""
    if len(cron.split()) != 5:
        return False
    try:
        croniter(cron, _BEGINNING).get_next(datetime)
    except CroniterError:
        return False
    return True


def is_valid_report_cron(cron: str) -> bool:
    """A valid expression that makes a report every 15 minutes at most.

    A day has 96 quarters of an hour: 97 moments show a whole day of the expression and the step to the next.
    """
    if not is_valid_cron(cron):
        return False
    moments = croniter(cron, _BEGINNING)
    before = moments.get_next(datetime)
    for _number in range(96):
        try:
            after = moments.get_next(datetime)
        except CroniterError:
            return True
        if after - before < LEAST_DISTANCE:
            return False
        before = after
    return True
