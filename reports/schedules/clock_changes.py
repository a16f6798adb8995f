"""What a change of daylight saving does to a schedule: an hour that is skipped, an hour that comes twice."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice, takewhile

from django.utils import timezone

from reports.models import JobSchedule
from reports.schedules.schedule import cron_of, goes_through_hours, moments_on_the_wall

_DAY = timedelta(days=1)
_LOOKED_AHEAD = 400  # days: one change of each kind at least


@dataclass(frozen=True, slots=True)
class ClockChange:
    """One change that touches a schedule.

    `skips`: the clock jumps over the hour from `begins` to `ends`, otherwise it comes twice; both are times on
    the wall, without a zone, and so is `planned`, what was planned in that hour (at most three moments).
    """

    skips: bool
    begins: datetime
    ends: datetime
    planned: tuple[datetime, ...]


def clock_changes(schedule: JobSchedule, now: datetime) -> list[ClockChange]:
    """The changes of about a year that touch `schedule`. What comes in every hour is not touched: it goes on."""
    cron = cron_of(schedule)
    if not cron or goes_through_hours(cron):
        return []
    return [
        ClockChange(skips, begins, ends, planned)
        for skips, begins, ends in _changes(now)
        for planned in [_planned(schedule, begins, ends)]
        if planned
    ]


def _planned(schedule: JobSchedule, begins: datetime, ends: datetime) -> tuple[datetime, ...]:
    coming = moments_on_the_wall(schedule, begins - timedelta(seconds=1))
    return tuple(islice(takewhile(lambda moment: moment < ends, coming), 3))


def _changes(now: datetime) -> Iterator[tuple[bool, datetime, datetime]]:
    """(skips, begins, ends) of each change of the local clock in the time looked ahead."""
    start = now.astimezone(UTC)
    for number in range(_LOOKED_AHEAD):
        before = start + number * _DAY
        was, will_be = _offset(before), _offset(before + _DAY)
        if was != will_be:
            moment = _moment_of_change(before).replace(tzinfo=None)
            yield will_be > was, moment + min(was, will_be), moment + max(was, will_be)


def _moment_of_change(before: datetime) -> datetime:
    """The moment in the 24 hours after `before` from which another offset holds, to the second."""
    low, high = before, before + _DAY
    while high - low > timedelta(seconds=1):
        middle = low + (high - low) / 2
        low, high = (middle, high) if _offset(middle) == _offset(before) else (low, middle)
    return high.replace(microsecond=0)


def _offset(moment: datetime) -> timedelta:
    return timezone.localtime(moment).utcoffset() or timedelta()
