"""The schedule table: exactly the rows that the house needs, and none that would stop the others."""

from datetime import time, timedelta
from typing import Any

import pytest
from croniter import croniter
from django.conf import settings
from django.utils import timezone
from django_q.models import Schedule

from config import schedules
from config.schedules import FIXED, FixedSchedule, ensure_schedules
from reports.models import JobSchedule, Report

pytestmark = pytest.mark.django_db


def _table() -> dict[str, Schedule]:
    return {str(row.name): row for row in Schedule.objects.all()}


def _planned(**values: Any) -> JobSchedule:
    report, _is_new = Report.objects.get_or_create(name="Weekly")
    rhythm = {"rhythm": "weekly", "weekday": 1, "at": time(7)}
    return JobSchedule.objects.create(job="run_report", report=report, **{**rhythm, **values})


def test_every_row_is_a_cron_expression_of_a_known_cluster() -> None:
    _planned()
    ensure_schedules()
    table = _table()
    assert {entry.name for entry in FIXED} < set(table)
    for row in table.values():
        assert row.schedule_type == Schedule.CRON
        assert croniter.is_valid(row.cron)
        assert row.cluster in settings.CLUSTERS
        assert row.next_run > timezone.now() - timedelta(seconds=1)


def test_a_planned_job_is_told_its_moment() -> None:
    schedule = _planned()
    ensure_schedules()
    row = _table()[f"schedule-{schedule.pk}"]
    assert (row.func, row.args, row.intended_date_kwarg) == (
        "reports.tasks.scheduled_job",
        f"({schedule.pk},)",
        "intended_at",
    )


@pytest.mark.parametrize("cron", ["", "every day", "99 * * * *", "* * * *", "* * * * * *", "* * * * *"])
def test_a_schedule_without_a_right_expression_has_no_row(cron: str) -> None:
    schedule = _planned(rhythm="cron", cron="0 7 * * 1", at=None)
    ensure_schedules()
    JobSchedule.objects.filter(pk=schedule.pk).update(cron=cron)
    ensure_schedules()
    assert f"schedule-{schedule.pk}" not in _table()


def test_a_schedule_out_of_use_has_no_row() -> None:
    schedule = _planned(is_active=False)
    ensure_schedules()
    assert f"schedule-{schedule.pk}" not in _table()


def test_rows_of_the_time_when_reports_had_the_rhythm_themselves_are_removed() -> None:
    Schedule.objects.create(
        name="report-1", func="reports.tasks.scheduled_run", schedule_type=Schedule.CRON, cron="0 6 * * *"
    )
    ensure_schedules()
    assert "report-1" not in _table()


def test_a_second_call_changes_nothing() -> None:
    ensure_schedules()
    before = list(Schedule.objects.order_by("pk").values())
    ensure_schedules()
    assert list(Schedule.objects.order_by("pk").values()) == before


def test_rows_that_nobody_knows_are_removed() -> None:
    schedule = _planned()
    ensure_schedules()
    Schedule.objects.create(
        name="poison", func="os.system", args="1 +", schedule_type=Schedule.CRON, cron="* * * * *"
    )
    Schedule.objects.create(func="nameless", schedule_type=Schedule.ONCE)
    name = f"schedule-{schedule.pk}"
    schedule.delete()
    ensure_schedules()
    assert not {"poison", "None", name} & set(_table())


def test_a_row_that_was_changed_or_doubled_is_put_right() -> None:
    ensure_schedules()
    Schedule.objects.filter(name="sweep").update(cron="0 0 1 1 *", args="(1, ")
    double = Schedule.objects.get(name="archive")
    double.pk = None
    double.save()
    ensure_schedules()
    (sweep,) = Schedule.objects.filter(name="sweep")
    assert (sweep.cron, sweep.args) == ("* * * * *", None)
    assert Schedule.objects.filter(name="archive").count() == 1


def test_a_malformed_expression_never_reaches_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = FixedSchedule("wrong", "reports.tasks.sweep", "61 * * * *", "reports")
    monkeypatch.setattr(schedules, "FIXED", (wrong,))
    with pytest.raises(ValueError, match="wrong"):
        ensure_schedules()
    assert "wrong" not in _table()
