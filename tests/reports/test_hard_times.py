"""Runs and readings that meet what nobody foresaw: they end, say so, and lose no sale."""

import logging
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from django.db.models import F
from django.utils import timezone

from connector.demo.tenant import DemoTenant
from connector.models import Connection
from reports import claims
from reports.definitions import removal
from reports.definitions.definition import Definition, count_of
from reports.local_copy import reading, sync
from reports.models import JobSchedule, LocalCopy, Report, Row, Run, Sale, Sync
from reports.runs import evaluation, services

pytestmark = pytest.mark.usefixtures("connection")


@pytest.fixture
def copy(connection: Connection) -> LocalCopy:
    """A tenant that was read a moment ago."""
    found = sync.bring_up_to_date(connection, until=float("inf"))
    assert found is not None
    assert found.status == Sync.Status.SUCCEEDED, found.problem_detail
    return LocalCopy.objects.get(connection=connection)


def started(report: Report, **values: Any) -> Run:
    Report.objects.filter(pk=report.pk).update(**values)
    report.refresh_from_db()
    run = services.start_run(report=report)
    assert run is not None
    return run


def went_on(run: Run) -> Run:
    services.work_on_run(run.pk)
    run.refresh_from_db()
    return run


# --- Days at the end of time ------------------------------------------------------------------------------


@pytest.mark.parametrize("ordered_by", Report.OrderedBy.values)
def test_a_stored_period_may_be_as_long_as_it_likes(copy: LocalCopy, ordered_by: str) -> None:
    forever = Definition(
        scope="period", period="fixed", period_from=date.min, period_to=date.max, ordered_by=ordered_by
    )
    column = "registered_at" if ordered_by == "number" else ordered_by
    with_a_day = Sale.objects.present().filter(**{f"{column}__isnull": False}).count()
    assert count_of(forever, copy.connection, today=date(2026, 1, 1)) == with_a_day > 0


# --- What nobody foresaw ----------------------------------------------------------------------------------


def breaks(*_arguments: Any, **_values: Any) -> Any:
    raise OverflowError("date value out of range")


def test_a_run_that_breaks_twice_at_the_same_place_has_failed(
    report: Report, copy: LocalCopy, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(services, "count_expected", breaks)
    run = went_on(started(report))
    assert (run.status, run.finished_at) == (Run.Status.QUEUED, None)
    run = went_on(run)
    assert (run.status, run.problem_code) == (Run.Status.FAILED, "unexpected")
    assert "OverflowError" in run.problem_detail
    assert sum(record.levelno == logging.ERROR for record in caplog.records) == 2
    assert caplog.text.count("OverflowError: date value out of range") == 2


def test_a_run_that_breaks_in_the_middle_of_a_chunk_fails_too(
    report: Report, copy: LocalCopy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The progress of the chunk is taken back with it, so it does not count as progress."""
    monkeypatch.setattr(evaluation, "CHUNK", 30)
    run = started(report)
    store, chunks = Row.objects.bulk_create, []

    def break_at_the_second(*arguments: Any, **values: Any) -> Any:
        chunks.append(arguments)
        return store(*arguments, **values) if len(chunks) == 1 else breaks()

    monkeypatch.setattr(type(Row.objects), "bulk_create", lambda _self, rows: break_at_the_second(rows))
    assert went_on(run).status == Run.Status.QUEUED
    assert run.rows.count() == 30
    assert went_on(run).status == Run.Status.FAILED


def test_a_run_that_breaks_once_goes_on(
    report: Report, copy: LocalCopy, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(services, "evaluate", breaks)
        run = went_on(started(report))
    assert run.status == Run.Status.QUEUED
    assert went_on(run).status == Run.Status.SUCCEEDED
    assert run.problem_code == ""


def test_a_reading_that_breaks_twice_at_the_same_page_ends(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading.copying, "store_sales", breaks)
    found = sync.start_sync(connection, Sync.Kind.FULL)
    for expected in (Sync.Status.QUEUED, Sync.Status.FAILED):
        sync.work_on_sync(found.pk)
        found.refresh_from_db()
        assert found.status == expected
    assert (found.problem_code, found.page_count) == ("unexpected", 0)


# --- Sales that change while a run works ------------------------------------------------------------------


def half_way(report: Report, monkeypatch: pytest.MonkeyPatch, **values: Any) -> Run:
    """A run that has looked at its first thirty sales."""
    monkeypatch.setattr(evaluation, "CHUNK", 30)
    with monkeypatch.context() as patch:
        patch.setattr(claims, "SLICE_SECONDS", -1)
        run = went_on(started(report, **values))
    assert (run.status, run.read_count) == (Run.Status.QUEUED, 30)
    return run


def change_one_that_is_left(run: Run, copy: LocalCopy, **values: Any) -> Sale:
    looked_at = run.rows.values("sale_number")
    sale = (
        Sale.objects.present().exclude(company_id=None).exclude(sale_id__in=looked_at).order_by("sale_id")[5]
    )
    Sale.objects.filter(pk=sale.pk).update(**values)
    LocalCopy.objects.filter(pk=copy.pk).update(revision=F("revision") + 1)
    return sale


@pytest.mark.parametrize(
    "values",
    [
        {"scope": "all"},
        {"scope": "period", "period": "fixed", "period_from": date(1990, 1, 1)},
        {"scope": "newest", "limit": 100_000},
    ],
)
def test_a_sale_that_changes_during_the_run_is_not_lost(
    values: dict[str, Any], report: Report, copy: LocalCopy, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = half_way(report, monkeypatch, ordered_by="changed_at", **values)
    sale = change_one_that_is_left(run, copy, changed_at=timezone.now())
    assert went_on(run).status == Run.Status.SUCCEEDED
    assert run.rows.filter(sale_number=sale.sale_id).count() == 1
    assert run.read_count == run.rows.count() == sum(run.funnel.values()) == run.expected_count


@pytest.mark.parametrize(
    ("ordered_by", "moment"),
    [("changed_at", datetime(2090, 1, 1, tzinfo=UTC)), ("sold_on", date(2090, 1, 1))],
)
def test_one_that_becomes_one_of_the_newest_is_looked_at_too(
    ordered_by: str, moment: date, report: Report, copy: LocalCopy, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = half_way(report, monkeypatch, ordered_by=ordered_by, limit=60, companies="any")
    sale = change_one_that_is_left(run, copy, **{ordered_by: moment})
    assert went_on(run).status == Run.Status.SUCCEEDED
    assert run.rows.filter(sale_number=sale.sale_id).count() == 1
    assert run.read_count == run.rows.count() == sum(run.funnel.values()) == run.expected_count == 61


def test_one_that_is_registered_during_the_run_belongs_to_the_next(
    report: Report, copy: LocalCopy, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = half_way(report, monkeypatch, ordered_by="changed_at", limit=60, companies="any")
    later = timezone.now() + timedelta(minutes=1)
    sale = change_one_that_is_left(run, copy, changed_at=later, registered_at=later)
    assert went_on(run).status == Run.Status.SUCCEEDED
    assert not run.rows.filter(sale_number=sale.sale_id).exists()
    assert run.read_count == 60


# --- Removal ----------------------------------------------------------------------------------------------


def test_a_removal_that_breaks_off_leaves_nothing_that_looks_whole(
    finished_run: Run, report: Report, monkeypatch: pytest.MonkeyPatch
) -> None:
    schedule = JobSchedule.objects.create(report=report, at=time(6))
    waiting = started(report)
    monkeypatch.setattr(removal, "_PORTION", 30)
    with monkeypatch.context() as patch:
        patch.setattr(removal, "Match", None)
        with pytest.raises(AttributeError):
            removal.remove_report(report)
    finished_run.refresh_from_db()
    assert not finished_run.has_rows
    waiting.refresh_from_db()
    assert waiting.status == Run.Status.CANCELLED
    assert waiting.finished_at is not None
    schedule.refresh_from_db()
    assert not schedule.is_active
    removal.remove_report(report)
    assert not Run.objects.exists()


# --- The comparison of numbers ----------------------------------------------------------------------------


def test_many_late_sales_are_asked_for_in_slices(
    demo_tenant: DemoTenant, copy: LocalCopy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between two questions somebody looks at the clock, and what was found is kept."""
    monkeypatch.setattr(reading, "LATE_ONES_AT_ONCE", 10)
    store = sync.Reading._store_sales

    def without_most(self: Any, page: list[Any], names: Any) -> None:
        store(self, page[-1:], names)

    monkeypatch.setattr(sync.Reading, "_store_sales", without_most)
    found = sync.start_sync(copy.connection, Sync.Kind.FULL)
    while found.step != Sync.Step.COMPARISON:
        sync.work_on_sync(found.pk, until=0.0)
        found.refresh_from_db()
    asked = []
    while found.step == Sync.Step.COMPARISON:
        demo_tenant.forget_requests()
        sync.work_on_sync(found.pk, until=0.0)
        found.refresh_from_db()
        asked.append(sum("saleId eq" in one.query.get("$filter", "") for one in demo_tenant.requests))
    assert max(asked) == 10
    assert sum(asked) > 300
    assert found.removed_count == 0
