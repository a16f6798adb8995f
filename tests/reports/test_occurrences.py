"""Planned moments: each starts its job once, whoever asks, and one that started nothing is a red row."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from django.db import connections
from django.utils import timezone
from django_q.models import OrmQ

from connector.models import Connection
from reports import tasks
from reports.models import JobSchedule, LocalCopy, Occurrence, Report, Run, Sync
from reports.models.runs import RunQuerySet
from reports.runs import services
from reports.schedules.occurrences import joined, missed_of, start_job, unmended, watch

SIX = datetime(2026, 11, 20, 5, tzinfo=UTC)  # 06:00 in Berlin, a Friday
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
Status = Occurrence.MailStatus
pytestmark = pytest.mark.usefixtures("connection")
Plan = Callable[..., JobSchedule]


@pytest.fixture
def plan(report: Report) -> Plan:
    """A schedule that has stood unchanged for a long time; daily at six unless said otherwise. It is the only one."""
    JobSchedule.objects.all().delete()

    def make(**values: Any) -> JobSchedule:
        usual: dict[str, Any] = {"job": "run_report", "report": report, "rhythm": "daily", "at": time(6)}
        schedule = JobSchedule.objects.create(**{**usual, **values})
        JobSchedule.objects.filter(pk=schedule.pk).update(changed_at=SIX - 30 * DAY)
        schedule.refresh_from_db()
        return schedule

    return make


@pytest.fixture
def daily(plan: Plan) -> JobSchedule:
    return plan()


def started(schedule: JobSchedule, planned_at: datetime = SIX) -> Occurrence:
    occurrence = start_job(schedule.pk, planned_at, planned_at + MINUTE)
    assert occurrence is not None
    return occurrence


# --- Starting -------------------------------------------------------------------------------------------


def test_a_planned_moment_starts_a_run_that_knows_it(daily: JobSchedule) -> None:
    tasks.scheduled_job(daily.pk, SIX.isoformat())
    (occurrence,) = daily.occurrences.all()
    run = Run.objects.get()
    assert (occurrence.run, occurrence.planned_at, run.intended_at) == (run, SIX, SIX)
    assert occurrence.started_at is not None
    assert occurrence.mail_status == Status.WAITING
    assert not joined(occurrence)
    assert [row.func() for row in OrmQ.objects.all()] == ["reports.tasks.work_on_run"]


def test_the_same_moment_starts_nothing_a_second_time(daily: JobSchedule) -> None:
    started(daily)
    Run.objects.update(status=Run.Status.SUCCEEDED, finished_at=timezone.now())
    assert start_job(daily.pk, SIX, SIX + MINUTE) is None
    assert (Run.objects.count(), Occurrence.objects.count(), OrmQ.objects.count()) == (1, 1, 1)


@pytest.mark.parametrize(
    "moment", [SIX + MINUTE, SIX - timedelta(hours=1), SIX + timedelta(seconds=1)], ids=str
)
def test_a_moment_that_is_not_planned_starts_nothing(daily: JobSchedule, moment: datetime) -> None:
    assert start_job(daily.pk, moment, SIX) is None
    assert not Occurrence.objects.exists()


def test_a_schedule_out_of_use_or_gone_starts_nothing(daily: JobSchedule) -> None:
    JobSchedule.objects.update(is_active=False)
    assert start_job(daily.pk, SIX, SIX) is None
    daily.delete()
    assert start_job(daily.pk or 1, SIX, SIX) is None
    assert not Run.objects.exists()


def test_a_run_that_is_still_under_way_is_linked_and_said_so(daily: JobSchedule, report: Report) -> None:
    run = services.start_run(report=report)
    occurrence = started(daily)
    assert occurrence.run == run
    assert joined(occurrence)
    assert Run.objects.count() == 1


def test_two_schedules_of_one_report_at_the_same_moment_share_the_run(plan: Plan) -> None:
    first = started(plan())
    Run.objects.update(status=Run.Status.SUCCEEDED, finished_at=timezone.now())
    assert started(plan(rhythm="weekdays")).run == first.run
    assert Run.objects.count() == 1


def test_a_run_that_ends_between_the_refused_start_and_the_look_for_it_makes_room_for_another(
    daily: JobSchedule, report: Report, monkeypatch: pytest.MonkeyPatch
) -> None:
    by_hand = services.start_run(report=report)
    assert by_hand is not None
    look = RunQuerySet.unfinished

    def too_late(rows: RunQuerySet) -> RunQuerySet:
        Run.objects.filter(pk=by_hand.pk).update(status=Run.Status.SUCCEEDED, finished_at=timezone.now())
        return look(rows)

    monkeypatch.setattr(RunQuerySet, "unfinished", too_late)
    occurrence = started(daily)
    assert occurrence.run is not None
    assert occurrence.run != by_hand
    assert not joined(occurrence)


def test_a_moment_for_which_no_run_can_be_started_is_missed_and_not_lost(
    daily: JobSchedule, report: Report, monkeypatch: pytest.MonkeyPatch
) -> None:
    JobSchedule.objects.update(changed_at=SIX - MINUTE)
    with monkeypatch.context() as patch:
        services.start_run(report=report)
        patch.setattr(RunQuerySet, "unfinished", RunQuerySet.none)  # each has ended when it is looked for
        with pytest.raises(RuntimeError):
            start_job(daily.pk, SIX, SIX + MINUTE)
    assert not Occurrence.objects.exists()
    assert watch(SIX + 15 * MINUTE) == 1


@pytest.mark.parametrize(
    "planned_at", [None, SIX - DAY, SIX], ids=["by hand", "yesterday's", "this moment's"]
)
def test_an_unfinished_run_of_a_tenant_out_of_use_is_ended_and_never_linked(
    daily: JobSchedule, report: Report, planned_at: datetime | None
) -> None:
    left = services.start_run(report=report, intended_at=planned_at)
    assert left is not None
    other = Connection.objects.create(
        name="Real", environment="sod", context_identifier="Cust777", client_id="x"
    )
    if planned_at == SIX:  # that moment has had its one run, so it counts as missed
        with pytest.raises(RuntimeError):
            start_job(daily.pk, SIX, SIX + MINUTE)
        assert not Occurrence.objects.exists()
        return
    occurrence = started(daily)
    assert occurrence.run is not None
    assert occurrence.run.connection == other
    left.refresh_from_db()
    assert left.status == Run.Status.CANCELLED


@pytest.mark.parametrize(("job", "kind"), [("read_changes", Sync.Kind.CHANGES), ("read_all", Sync.Kind.FULL)])
def test_a_reading_is_started_of_the_planned_kind(
    plan: Plan, connection: Connection, job: str, kind: str
) -> None:
    LocalCopy.objects.update_or_create(connection=connection, defaults={"complete_at": SIX})
    occurrence = started(plan(job=job, report=None))
    assert occurrence.sync is not None
    assert occurrence.sync.kind == kind
    assert occurrence.run is None


def test_without_a_tenant_no_reading_starts_and_the_moment_counts_as_missed(
    plan: Plan, connection: Connection
) -> None:
    connection.delete()
    schedule = plan(job="read_all", report=None)
    assert start_job(schedule.pk, SIX, SIX + MINUTE) is None
    assert not Occurrence.objects.exists()
    watch(SIX + 20 * MINUTE)
    assert schedule.occurrences.get(planned_at=SIX).missed_at is not None


def test_the_second_moment_of_the_hour_that_comes_twice_starts_nothing_and_is_not_missed(plan: Plan) -> None:
    schedule = plan(at=time(2, 30))
    JobSchedule.objects.update(changed_at=SIX - 60 * DAY)
    first, second = (datetime(2026, 10, 25, hour, 30, tzinfo=UTC) for hour in (0, 1))
    assert start_job(schedule.pk, second, timezone.now()) is None
    assert started(schedule, first).planned_at == first
    Run.objects.update(status=Run.Status.SUCCEEDED, finished_at=timezone.now())
    assert start_job(schedule.pk, second, timezone.now()) is None
    assert Run.objects.count() == 1
    watch(datetime(2026, 10, 25, 12, tzinfo=UTC))
    assert not schedule.occurrences.missed().filter(planned_at__date="2026-10-25").exists()


@pytest.mark.django_db(transaction=True)
def test_two_triggers_at_two_workers_start_one_run(daily: JobSchedule) -> None:
    gate, answers = threading.Barrier(4), []

    def trigger() -> None:
        try:
            gate.wait(10)
            answers.append(start_job(daily.pk, SIX, timezone.now()))
        finally:
            connections.close_all()

    workers = [threading.Thread(target=trigger) for _number in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(20)
    assert len(answers) == 4
    assert len([answer for answer in answers if answer]) == 1
    assert (Occurrence.objects.count(), Run.objects.count(), OrmQ.objects.count()) == (1, 1, 1)


def test_who_dies_between_claim_and_start_has_started_nothing(
    daily: JobSchedule, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(**_values: Any) -> None:
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(services, "start_run", die)
        with pytest.raises(SystemExit):
            start_job(daily.pk, SIX, SIX)
    assert not Occurrence.objects.exists()
    assert started(daily).run is not None


# --- Watching -------------------------------------------------------------------------------------------


def test_a_moment_without_a_start_is_noticed_after_a_quarter_of_an_hour(daily: JobSchedule) -> None:
    started(daily, SIX - DAY)
    assert watch(SIX + 14 * MINUTE) == 5  # the days before: nobody looked then
    assert not daily.occurrences.filter(planned_at=SIX).exists()
    assert watch(SIX + 15 * MINUTE) == 1
    missed = daily.occurrences.get(planned_at=SIX)
    assert (missed.missed_at, missed.started_at) == (SIX + 15 * MINUTE, None)
    assert watch(SIX + 16 * MINUTE) == 0


def test_what_was_planned_before_the_last_change_is_nobodys_fault(daily: JobSchedule) -> None:
    JobSchedule.objects.update(changed_at=SIX + MINUTE)
    assert watch(SIX + 60 * MINUTE) == 0
    assert watch(SIX + DAY + 15 * MINUTE) == 1


def test_nothing_is_missed_of_a_schedule_out_of_use(daily: JobSchedule) -> None:
    JobSchedule.objects.update(is_active=False)
    assert watch(SIX + DAY) == 0


def test_a_week_is_looked_back_and_one_mail_tells_of_moments_missed_in_a_row(plan: Plan) -> None:
    often = plan(rhythm="cron", cron="*/15 * * * *", at=None)
    assert watch(SIX) == 7 * 96 - 1
    waiting = often.occurrences.filter(mail_status=Status.WAITING)
    assert [one.planned_at for one in waiting] == [SIX - 15 * MINUTE]
    assert watch(SIX + 15 * MINUTE) == 1
    assert waiting.count() == 1  # it goes on being missed: that was told
    started(often, SIX + 15 * MINUTE)
    watch(SIX + 45 * MINUTE)
    assert waiting.filter(missed_at__isnull=False).count() == 2  # it began anew


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (datetime(2026, 3, 29, 12, tzinfo=UTC), [datetime(2026, 3, 29, 1, tzinfo=UTC)]),
        (
            datetime(2026, 10, 25, 12, tzinfo=UTC),
            [datetime(2026, 10, 25, 0, 30, tzinfo=UTC)],
        ),
    ],
)
def test_on_the_days_of_the_change_of_the_clock_the_right_moments_are_missed(
    plan: Plan, now: datetime, expected: list[datetime]
) -> None:
    schedule = plan(at=time(2, 30))
    JobSchedule.objects.update(changed_at=now - timedelta(hours=13))
    watch(now)
    assert [one.planned_at for one in schedule.occurrences.order_by("planned_at")] == expected
    assert watch(now) == 0


def test_a_late_trigger_still_starts_what_was_missed(daily: JobSchedule, report: Report) -> None:
    JobSchedule.objects.update(changed_at=SIX - MINUTE)
    watch(SIX + 30 * MINUTE)
    assert [one.planned_at for one in missed_of(report, SIX + 30 * MINUTE)] == [SIX]
    occurrence = start_job(daily.pk, SIX, SIX + 40 * MINUTE)
    assert occurrence is not None
    assert occurrence.missed_at is not None  # it was late, and that stays known
    assert occurrence.mail_status == Status.WAITING
    assert missed_of(report, SIX + 41 * MINUTE) == []


def test_what_was_missed_is_shown_until_a_later_moment_starts(daily: JobSchedule, report: Report) -> None:
    JobSchedule.objects.update(changed_at=SIX - MINUTE)
    watch(SIX + DAY + 30 * MINUTE)
    assert len(missed_of(report, SIX + DAY + 30 * MINUTE)) == 2
    assert missed_of(Report.objects.create(name="Another"), SIX + DAY + 30 * MINUTE) == []
    started(daily, SIX + 2 * DAY)
    assert not unmended(SIX + 2 * DAY + MINUTE).exists()


def test_the_sweep_looks_after_missed_moments(plan: Plan) -> None:
    quarterly = plan(rhythm="cron", cron="*/15 * * * *", at=None)
    JobSchedule.objects.update(changed_at=timezone.now() - 45 * MINUTE)
    tasks.sweep()
    assert quarterly.occurrences.missed().count() in {1, 2}


def test_occurrences_are_not_kept_for_ever(daily: JobSchedule) -> None:
    old = Occurrence.objects.create(schedule=daily, planned_at=SIX - 500 * DAY, started_at=SIX - 500 * DAY)
    watch(SIX)
    assert not Occurrence.objects.filter(pk=old.pk).exists()
