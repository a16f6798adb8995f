"""When a schedule is due, and its row in the table that django-q starts jobs from.

django-q reads all due rows in one transaction, so that one malformed row would stop every schedule: rows are
written only here (`keep_row`, also for `config.schedules`), and an expression is checked before it becomes one.

Rhythms mean the clock of settings.TIME_ZONE. Where it skips an hour, what was planned in it starts at the hour's
end; where an hour comes twice, what is planned at that hour starts at the first of the two, and what comes in every
hour (or every second one) goes on through both. django-q's row wakes at both all the same: `is_planned` says no to the
second. Moments are told in UTC: two of the hour that comes twice would be equal in local time.
"""

import re
from calendar import monthrange
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise
from typing import Any

from croniter import CroniterError, croniter
from django.db import transaction
from django.utils import timezone
from django_q.models import Schedule

from reports.models import JobSchedule

TASK = "reports.tasks.scheduled_job"
LEAST_DISTANCE = timedelta(minutes=15)
# Looked at from here, so that an expression is right or wrong whenever it is asked about.
_BEGINNING = datetime(2026, 1, 1)  # noqa: DTZ001 # the clock on the wall; no hour of it is skipped
# What five fields may hold: croniter would also take "R", a moment made up anew each time it is asked.
_FIELD = re.compile(
    r"(?:[\d*,/#-]|L|mon|tue|wed|thu|fri|sat|sun"
    r"|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)+",
    re.IGNORECASE,
)


# --- Expressions --------------------------------------------------------------------------------------


def is_valid_cron(cron: str) -> bool:
    """Five fields that croniter understands, and a moment that comes: 30 February never does."""
    fields = cron.split()
    if len(fields) != 5 or not all(map(is_cron_field, fields)):
        return False
    try:
        croniter(cron, _BEGINNING).get_next(datetime)
    except CroniterError:
        return False
    return True


def is_cron_field(field: str) -> bool:
    """Whether it is written with what a field may hold; not whether its numbers are right."""
    return _FIELD.fullmatch(field) is not None


def is_seldom_enough(cron: str) -> bool:
    """A valid expression whose moments are 15 minutes apart at least.

    A day has 96 quarters of an hour: 97 moments show a whole day of the expression and the step to the next.
    """
    if not is_valid_cron(cron):
        return False
    moments = list(islice(_walk(cron, _BEGINNING), 97))
    return all(after - before >= LEAST_DISTANCE for before, after in pairwise(moments))


def _walk(cron: str, after: datetime) -> Iterator[datetime]:
    """The moments of a valid expression after `after`, in its zone; they end where no more come."""
    moments = croniter(cron, after)
    while True:
        try:
            yield moments.get_next(datetime)
        except CroniterError:
            return


# --- Moments ------------------------------------------------------------------------------------------


def cron_of(schedule: JobSchedule) -> str:
    """An expression that comes at every moment of `schedule`; empty when its fields make no sense.

    On a day that not every month has, it comes on earlier days too: `moments` leaves them out.
    """
    if schedule.rhythm == JobSchedule.Rhythm.CRON:
        return schedule.cron if is_seldom_enough(schedule.cron) else ""
    days = _days_of(schedule)
    if schedule.at is None or not days:
        return ""
    return f"{schedule.at.minute} {schedule.at.hour} {days}"


def _days_of(schedule: JobSchedule) -> str:
    """The last three fields of the expression."""
    if schedule.rhythm == JobSchedule.Rhythm.WEEKLY:
        return f"* * {schedule.weekday}" if schedule.weekday in JobSchedule.Weekday.values else ""
    if schedule.rhythm == JobSchedule.Rhythm.MONTHLY:
        day = schedule.day or 0
        if not 1 <= day <= 31:
            return ""
        return f"{day} * *" if day < 29 else f"28-{day} * *"
    return {"daily": "* * *", "weekdays": "* * 1-5"}.get(schedule.rhythm, "")


def moments(schedule: JobSchedule, after: datetime) -> Iterator[datetime]:
    """The planned moments after `after`, rising, in UTC; none for a schedule that makes no sense."""
    for moment in _moments(schedule, timezone.localtime(after)):
        yield moment.astimezone(UTC)


def moments_on_the_wall(schedule: JobSchedule, after: datetime) -> Iterator[datetime]:
    """As `moments`, for a clock that is never changed: `after` and the moments have no zone."""
    yield from _moments(schedule, after)


def _moments(schedule: JobSchedule, after: datetime) -> Iterator[datetime]:
    if cron := cron_of(schedule):
        names_hours = not goes_through_hours(cron)
        for moment in _walk(cron, after):
            if _is_its_day(schedule, moment) and not (names_hours and _is_second(moment)):
                yield moment


def goes_through_hours(cron: str) -> bool:
    """Whether an expression comes hour after hour instead of at hours that it names."""
    return cron.split()[1].startswith("*")


def _is_second(moment: datetime) -> bool:
    """Whether the clock shows this time for the second time today."""
    return moment.tzinfo is not None and timezone.localtime(moment.astimezone(UTC)).fold == 1


def _is_its_day(schedule: JobSchedule, moment: datetime) -> bool:
    """In a month that lacks the day, the last day stands for it."""
    if schedule.rhythm != JobSchedule.Rhythm.MONTHLY or schedule.day is None:
        return True
    return moment.day == min(schedule.day, monthrange(moment.year, moment.month)[1])


def next_moments(schedule: JobSchedule, now: datetime, count: int) -> list[datetime]:
    """The next `count` moments, fewer where no more come; whether the schedule is in use does not matter."""
    return list(islice(moments(schedule, now), count))


def is_planned(schedule: JobSchedule, moment: datetime) -> bool:
    moment = moment.astimezone(UTC)
    return next(moments(schedule, moment - timedelta(seconds=1)), None) == moment


# --- Rows ---------------------------------------------------------------------------------------------


def row_name(schedule_pk: int) -> str:
    return f"schedule-{schedule_pk}"


def keep_schedule(schedule: JobSchedule) -> None:
    """Bring the row of `schedule` in line with it; out of use, or without a moment that comes, it has none."""
    name, cron = row_name(schedule.pk), cron_of(schedule)
    if not schedule.is_active or not is_valid_cron(cron):
        drop_rows(name)
        return
    keep_row(
        name,
        func=TASK,
        args=f"({schedule.pk},)",
        cron=cron,
        cluster="reports",
        intended_date_kwarg="intended_at",
    )


def keep_row(
    name: str, *, func: str, args: str | None, cron: str, cluster: str, intended_date_kwarg: str | None
) -> None:
    """Exactly one row with this name and these values. The next moment of a row that is right already stays."""
    values: dict[str, Any] = {
        "func": func,
        "args": args,
        "kwargs": None,
        "hook": None,
        "schedule_type": Schedule.CRON,
        "cron": cron,
        "cluster": cluster,
        "intended_date_kwarg": intended_date_kwarg,
        "repeats": -1,
    }
    with transaction.atomic():
        rows = Schedule.objects.filter(name=name).order_by("pk")
        row = rows.first()
        if row and all(getattr(row, field) == value for field, value in values.items()):
            # The table has no unique name; what two first starts at once may have doubled goes here.
            rows.exclude(pk=row.pk).delete()
            return
        next_run = croniter(cron, timezone.localtime()).get_next(datetime)
        rows.delete()
        Schedule.objects.create(name=name, next_run=next_run, **values)


def drop_rows(*names: str) -> None:
    """Schedules that are gone start nothing any more."""
    Schedule.objects.filter(name__in=names).delete()
