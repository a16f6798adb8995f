"""The django-q2 schedule of each report. Rows are only ever written here, after their expression is checked:
one malformed row would stop all schedules."""

from croniter import croniter
from django.utils import timezone
from django_q.models import Schedule

from reports.models import Report

TASK = "reports.tasks.scheduled_run"


def keep_schedule(report: Report) -> None:
    """Bring the schedule row of `report` in line with its cron expression; without a valid one there is none."""
    name = f"report-{report.pk}"
    if not is_valid_cron(report.cron):
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
    """Five fields that croniter understands."""
    return len(cron.split()) == 5 and croniter.is_valid(cron)
