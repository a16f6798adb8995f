"""Which runs keep their rows."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from connector.models import Connection
from reports.keyword_lists.keywords import current_list
from reports.models import Download, JobSchedule, Match, Occurrence, Report, Row, Run, Sale
from reports.runs import retention

JUNE = datetime(2026, 6, 15, 12, tzinfo=UTC)


@pytest.fixture
def tenant(db: None) -> Connection:
    return Connection.objects.create(name="T", environment="sod", context_identifier="Cust1", client_id="x")


@pytest.fixture
def kept_two(tenant: Connection) -> Report:
    return Report.objects.create(name="R", keep_runs=2, keep_monthly=False)


def finished(report: Report, at: datetime = JUNE, status: str = Run.Status.SUCCEEDED) -> Run:
    """A run with one row that has one match."""
    connection = Connection.objects.get()
    sale, _is_new = Sale.objects.get_or_create(
        connection=connection, sale_id=1, defaults={"amount": 1, "read_at": at, "status": "open"}
    )
    run = Run.objects.create(
        report=report,
        connection=connection,
        keyword_list=current_list(),
        status=status,
        finished_at=at,
        funnel={"matched": 1},
        figures={"sales": {"total": 1}},
    )
    row = Row.objects.create(run=run, sale=sale, sale_number=1, stage="matched")
    Match.objects.create(
        row=row, product="P", kind="product", quantity=1, quantity_source="default", spans=[]
    )
    return run


def whole(report: Report) -> list[Run]:
    """The runs that have their rows, oldest first; the others have neither rows nor matches."""
    runs = list(Run.objects.filter(report=report).order_by("pk"))
    for run in runs:
        assert run.has_rows == run.rows.exists() == Match.objects.filter(row__run=run).exists()
        assert (run.funnel, run.figures) == ({"matched": 1}, {"sales": {"total": 1}})
    return [run for run in runs if run.has_rows]


def test_the_newest_runs_keep_their_rows(kept_two: Report) -> None:
    runs = [finished(kept_two) for _number in range(4)]
    assert retention.tidy(kept_two) == 2
    assert whole(kept_two) == runs[2:]
    assert retention.tidy(kept_two) == 0


def test_runs_without_a_result_do_not_count_and_go_with_the_old_ones(kept_two: Report) -> None:
    old = finished(kept_two, status=Run.Status.CANCELLED)
    first = finished(kept_two, status=Run.Status.INCOMPLETE)
    failed = finished(kept_two, status=Run.Status.FAILED)
    second = finished(kept_two)
    just_now = finished(kept_two, status=Run.Status.CANCELLED)
    assert retention.tidy(kept_two) == 2
    assert whole(kept_two) == [first, second, just_now]
    assert {old, failed}.isdisjoint(whole(kept_two))


def test_the_last_run_of_each_month_may_be_kept_too(kept_two: Report) -> None:
    # 22:30 UTC of 31 May is 0:30 of 1 June here.
    moments = [
        datetime(2026, 4, 2, tzinfo=UTC),
        datetime(2026, 5, 1, tzinfo=UTC),
        datetime(2026, 5, 31, 21, 30, tzinfo=UTC),
        datetime(2026, 5, 31, 22, 30, tzinfo=UTC),
        JUNE,
        JUNE + timedelta(days=1),
    ]
    runs = [finished(kept_two, at) for at in moments]
    kept_two.keep_monthly = True
    assert retention.tidy(kept_two) == 2
    assert whole(kept_two) == [runs[0], runs[2], runs[4], runs[5]]


@pytest.mark.parametrize(("status", "is_left"), [("waiting", True), ("sending", True), ("sent", False)])
def test_a_run_that_a_mail_waits_for_is_left_alone(kept_two: Report, status: str, is_left: bool) -> None:
    runs = [finished(kept_two) for _number in range(3)]
    schedule = JobSchedule.objects.create(report=kept_two, at=JUNE.time())
    Occurrence.objects.create(schedule=schedule, planned_at=JUNE, run=runs[0], mail_status=status)
    retention.tidy(kept_two)
    assert (runs[0] in whole(kept_two)) == is_left


@pytest.mark.parametrize(
    ("values", "is_left"),
    [({"status": "queued"}, True), ({"status": "running"}, True), ({"status": "succeeded"}, False)],
)
def test_a_run_that_a_file_is_made_of_is_left_alone(
    kept_two: Report, values: dict[str, Any], is_left: bool
) -> None:
    runs = [finished(kept_two) for _number in range(3)]
    Download.objects.create(run=runs[0], format="xlsx", name="x", finished_at=timezone.now(), **values)
    retention.tidy(kept_two)
    assert (runs[0] in whole(kept_two)) == is_left


def test_what_stopped_half_way_goes_on(kept_two: Report, monkeypatch: pytest.MonkeyPatch) -> None:
    runs = [finished(kept_two) for _number in range(3)]
    remove = retention._remove_rows

    def die(_run: Run) -> None:
        raise SystemExit

    monkeypatch.setattr(retention, "_remove_rows", die)
    with pytest.raises(SystemExit):
        retention.tidy(kept_two)
    runs[0].refresh_from_db()
    assert not runs[0].has_rows, "a page shows no part of the rows as all of them"
    monkeypatch.setattr(retention, "_remove_rows", remove)
    retention.tidy(kept_two)
    assert whole(kept_two) == runs[1:]


def test_many_rows_go_in_chunks(kept_two: Report, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "CHUNK", 2)
    old = finished(kept_two)
    for number in range(2, 7):
        Row.objects.create(run=old, sale=Sale.objects.get(), sale_number=number, stage="unmatched")
    runs = [finished(kept_two) for _number in range(2)]
    retention.tidy(kept_two)
    assert whole(kept_two) == runs


def test_another_report_keeps_its_own(kept_two: Report) -> None:
    other = Report.objects.create(name="O", keep_runs=1, keep_monthly=False)
    mine = [finished(kept_two) for _number in range(2)]
    theirs = [finished(other) for _number in range(2)]
    retention.tidy(other)
    assert whole(kept_two) == mine
    assert whole(other) == theirs[1:]
