"""When a schedule is due: right across the changes of the clock, and never more often than every 15 minutes."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import islice, pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django_q.models import Schedule

from reports.models import JobSchedule
from reports.schedules.clock_changes import clock_changes
from reports.schedules.schedule import (
    cron_of,
    is_planned,
    is_seldom_enough,
    is_valid_cron,
    keep_schedule,
    moments,
    next_moments,
)

BERLIN = ZoneInfo("Europe/Berlin")
once = pytest.mark.once


def planned(rhythm: str, **values: Any) -> JobSchedule:
    return JobSchedule(job="read_changes", rhythm=rhythm, **values)


def cron(expression: str) -> JobSchedule:
    return planned("cron", cron=expression)


def in_berlin(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=BERLIN)


def local(schedule: JobSchedule, since: datetime, count: int) -> list[datetime]:
    return [moment.astimezone(BERLIN) for moment in next_moments(schedule, since, count)]


def days(schedule: JobSchedule, since: datetime, count: int) -> list[date]:
    return [moment.date() for moment in local(schedule, since, count)]


def utc_times(schedule: JobSchedule, since: datetime, count: int) -> list[str]:
    return [f"{moment:%d %H:%M}" for moment in next_moments(schedule, since, count)]


# --- Expressions ----------------------------------------------------------------------------------------


@once
@pytest.mark.parametrize(
    "expression", ["* * * * *", "0 6 * * 1-5", "0 0 29 2 *", "30 4 * * *", "0 6 L * *", "0 6 * * mon"]
)
def test_right_expressions(expression: str) -> None:
    assert is_valid_cron(expression)


@once
@pytest.mark.parametrize(
    "expression",
    [
        "",
        "0 0 30 2 *",
        "0 0 31 4,6 *",
        "99 * * * *",
        "* * * * * *",
        "@daily",
        "R R * * *",
        "H 6 * * *",
        "0 6 * * *\n1",
        "0 6 ٣ * *",
    ],
)
def test_wrong_expressions_and_moments_that_never_come(expression: str) -> None:
    assert not is_valid_cron(expression)
    assert not is_seldom_enough(expression)
    assert cron_of(cron(expression)) == ""
    assert next_moments(cron(expression), in_berlin(2026, 1, 1), 1) == []


@once
@pytest.mark.parametrize(
    "expression", ["0 6 * * 1-5", "*/15 * * * *", "0 * * * *", "0,50 6 * * *", "0 0 29 2 *"]
)
def test_what_a_job_may_have(expression: str) -> None:
    assert is_seldom_enough(expression)


@once
@pytest.mark.parametrize(
    "expression", ["* * * * *", "*/10 * * * *", "0,1 6 * * *", "0,59 0,23 * * *", "0,50 * * * *"]
)
def test_a_job_does_not_start_more_often_than_every_15_minutes(expression: str) -> None:
    assert is_valid_cron(expression)
    assert not is_seldom_enough(expression)
    assert next_moments(cron(expression), in_berlin(2026, 1, 1), 1) == []


# --- Rhythms --------------------------------------------------------------------------------------------


@once
def test_each_rhythm_comes_when_it_says() -> None:
    friday = in_berlin(2026, 11, 20, 12)
    at = time(6, 30)
    daily, weekdays = planned("daily", at=at), planned("weekdays", at=at)
    weekly = planned("weekly", at=at, weekday=JobSchedule.Weekday.SUNDAY)
    monthly = planned("monthly", at=at, day=15)
    assert [day.day for day in days(daily, friday, 3)] == [21, 22, 23]
    assert [day.day for day in days(weekdays, friday, 3)] == [23, 24, 25]
    assert [day.day for day in days(weekly, friday, 2)] == [22, 29]
    assert days(monthly, friday, 2) == [date(2026, 12, 15), date(2027, 1, 15)]
    for schedule in (daily, weekdays, weekly, monthly):
        assert {moment.time() for moment in local(schedule, friday, 5)} == {at}


@once
@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (28, [(1, 28), (2, 28), (3, 28), (4, 28)]),
        (29, [(1, 29), (2, 28), (3, 29), (4, 29)]),
        (30, [(1, 30), (2, 28), (3, 30), (4, 30)]),
        (31, [(1, 31), (2, 28), (3, 31), (4, 30)]),
    ],
)
def test_a_month_without_that_day_has_its_last_one(day: int, expected: list[tuple[int, int]]) -> None:
    schedule = planned("monthly", at=time(6), day=day)
    found = days(schedule, in_berlin(2027, 1, 1), 4)
    assert [(one.month, one.day) for one in found] == expected
    assert days(schedule, in_berlin(2028, 2, 1), 1) == [date(2028, 2, min(day, 29))]


@once
def test_days_that_only_stand_in_for_others_are_no_planned_moments() -> None:
    last = planned("monthly", at=time(6), day=31)
    assert is_planned(last, in_berlin(2027, 2, 28, 6))
    assert not is_planned(last, in_berlin(2027, 3, 28, 6))
    assert not is_planned(last, in_berlin(2027, 3, 31, 7))


@once
@pytest.mark.parametrize(
    "schedule",
    [
        planned("daily"),
        planned("weekly", at=time(6)),
        planned("weekly", at=time(6), weekday=9),
        planned("monthly", at=time(6)),
        planned("monthly", at=time(6), day=32),
        planned("hourly", at=time(6)),
    ],
)
def test_what_makes_no_sense_never_comes(schedule: JobSchedule) -> None:
    assert next_moments(schedule, in_berlin(2026, 1, 1), 1) == []


# --- Changes of the clock -------------------------------------------------------------------------------


@once
@pytest.mark.parametrize("since", [in_berlin(2026, 3, 27), in_berlin(2026, 10, 23)])
@pytest.mark.parametrize("expression", ["0 6 * * *", "0 0 * * *", "30 1 * * *", "0 3 * * *", "59 23 * * *"])
def test_outside_of_the_changed_hour_each_day_has_its_moment_at_the_same_time(
    since: datetime, expression: str
) -> None:
    found = local(cron(expression), since, 5)
    assert len({moment.date() for moment in found}) == 5
    assert len({moment.time() for moment in found}) == 1


@once
def test_what_is_planned_in_the_skipped_hour_starts_at_its_end() -> None:
    schedule = planned("daily", at=time(2, 30))
    assert utc_times(schedule, in_berlin(2026, 3, 28), 4) == ["28 01:30", "29 01:00", "30 00:30", "31 00:30"]


@once
@pytest.mark.parametrize(
    "schedule",
    [
        planned("daily", at=time(2, 30)),
        planned("weekly", at=time(2, 30), weekday=0),
        planned("monthly", at=time(2, 30), day=25),
        cron("30 2 * * *"),
        cron("30 1,2 * * *"),
        cron("*/15 2 * * *"),
    ],
)
def test_what_is_planned_in_the_hour_that_comes_twice_starts_at_the_first(schedule: JobSchedule) -> None:
    first, second = (datetime(2026, 10, 25, hour, 30, tzinfo=UTC) for hour in (0, 1))
    assert is_planned(schedule, first)
    assert not is_planned(schedule, second)
    found = list(islice(moments(schedule, in_berlin(2026, 10, 24)), 12))
    assert first in found
    assert not [
        one for one in found if second - timedelta(minutes=30) <= one < second + timedelta(minutes=30)
    ]


@once
@pytest.mark.parametrize("expression", ["30 * * * *", "*/30 */2 * * *"])
def test_what_comes_hour_after_hour_starts_at_both(expression: str) -> None:
    for hour in (0, 1):
        assert is_planned(cron(expression), datetime(2026, 10, 25, hour, 30, tzinfo=UTC))


@once
@pytest.mark.parametrize("since", [in_berlin(2026, 3, 28, 22), in_berlin(2026, 10, 24, 22)])
def test_every_quarter_of_an_hour_goes_on_through_the_change(since: datetime) -> None:
    found = list(islice(moments(cron("*/15 * * * *"), since), 40))
    steps = {after - before for before, after in pairwise(found)}
    assert steps == {timedelta(minutes=15)}


@once
def test_moments_asked_for_one_by_one_are_those_of_the_list() -> None:
    """The scheduler asks anew each time, from the moment it did the last one."""
    schedule, moment = planned("daily", at=time(2, 30)), in_berlin(2026, 10, 24)
    listed = next_moments(schedule, moment, 4)
    for expected in listed:
        (moment,) = next_moments(schedule, moment + timedelta(seconds=20), 1)
        assert moment == expected
        assert is_planned(schedule, moment)
        assert is_planned(schedule, moment.astimezone(BERLIN))


@once
def test_people_are_told_what_the_clock_does_to_their_time() -> None:
    autumn, spring = clock_changes(planned("daily", at=time(2, 30)), in_berlin(2026, 10, 1))[:2]
    assert (autumn.skips, f"{autumn.begins:%d.%m. %H:%M}", f"{autumn.ends:%H:%M}") == (
        False,
        "25.10. 02:00",
        "03:00",
    )
    assert (spring.skips, f"{spring.begins:%d.%m. %H:%M}", f"{spring.ends:%H:%M}") == (
        True,
        "28.03. 02:00",
        "03:00",
    )
    assert [f"{moment:%H:%M}" for moment in (*autumn.planned, *spring.planned)] == ["02:30", "02:30"]


@once
@pytest.mark.parametrize(
    "expression", ["0 6 * * *", "59 1 * * *", "0 3 * * *", "*/30 * * * *", "30 2 * * 1", ""]
)
def test_who_is_not_touched_is_told_nothing(expression: str) -> None:
    assert clock_changes(cron(expression), in_berlin(2026, 1, 1)) == []


# --- Rows -----------------------------------------------------------------------------------------------


def _row(schedule: JobSchedule) -> Schedule | None:
    return Schedule.objects.filter(name=f"schedule-{schedule.pk}").first()


def test_a_schedule_has_one_row_while_it_is_in_use(db: None) -> None:
    schedule = JobSchedule.objects.create(job="read_changes", rhythm="weekdays", at=time(6, 30))
    keep_schedule(schedule)
    keep_schedule(schedule)
    row = Schedule.objects.get(name=f"schedule-{schedule.pk}")
    assert (row.func, row.args, row.cron) == (
        "reports.tasks.scheduled_job",
        f"({schedule.pk},)",
        "30 6 * * 1-5",
    )
    assert (row.intended_date_kwarg, row.cluster, row.repeats) == ("intended_at", "reports", -1)
    assert row.next_run == next_moments(schedule, datetime.now(UTC), 1)[0]
    schedule.is_active = False
    keep_schedule(schedule)
    assert _row(schedule) is None


@pytest.mark.parametrize("expression", ["0 0 30 2 *", "* * * * *", ""])
def test_a_stored_expression_that_is_wrong_gets_no_row(db: None, expression: str) -> None:
    schedule = JobSchedule.objects.create(job="read_changes", rhythm="cron", cron=expression)
    keep_schedule(schedule)
    assert _row(schedule) is None


def test_a_changed_rhythm_changes_the_row(db: None) -> None:
    schedule = JobSchedule.objects.create(job="read_changes", rhythm="daily", at=time(6))
    keep_schedule(schedule)
    schedule.rhythm, schedule.day = "monthly", 30
    keep_schedule(schedule)
    (row,) = Schedule.objects.filter(name=f"schedule-{schedule.pk}")
    assert row.cron == "0 6 28-30 * *"
