"""Runs: claimed once, resumed where they stopped, and honest about what is missing."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone
from django_q.models import OrmQ

from connector.demo.tenant import DemoTenant
from connector.models import Connection
from reports import services, tasks
from reports.models import Report, Row, Run, Sale
from tests.conftest import People

pytestmark = pytest.mark.usefixtures("connection")


def started(report: Report) -> Run:
    run = services.start_run(report=report)
    assert run is not None
    return run


def test_every_sale_that_was_read_is_in_exactly_one_stage(finished_run: Run) -> None:
    assert finished_run.read_count == sum(finished_run.funnel.values()) == finished_run.rows.count()
    assert finished_run.with_company_count == 100
    by_stage = {stage: finished_run.rows.filter(stage=stage).count() for stage in Row.Stage.values}
    assert by_stage == finished_run.funnel


def test_matches_remember_where_and_how_many(finished_run: Run) -> None:
    row = finished_run.rows.get(sale__heading="2xOmnie CD-01 mit Nachlass")
    assert (row.products, row.quantities) == ("OMNIE CD-01", "2")
    products = {match.product: match for match in row.matches.all()}
    start, end = products["OMNIE CD-01"].spans[0]
    assert "CD-01" in row.sale.heading[start:end]
    assert products["Nachlass"].kind == "tag"


def test_a_second_start_returns_the_unfinished_run(report: Report) -> None:
    assert started(report) == started(report)
    assert OrmQ.objects.count() == 1


def test_a_planned_moment_runs_once_however_often_it_is_announced(report: Report) -> None:
    moment = "2026-11-21T06:00:00+01:00"
    tasks.scheduled_run(report.pk, moment)
    services.work_on_run(Run.objects.get().pk)
    tasks.scheduled_run(report.pk, moment)
    assert Run.objects.count() == 1


def test_a_second_worker_does_not_get_a_claimed_run(report: Report) -> None:
    run, now = started(report), timezone.now()
    assert services.claim_run(run.pk, now) is not None
    assert services.claim_run(run.pk, now) is None


def test_a_run_goes_on_where_its_worker_died(report: Report, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reports.funnel.PAGE_SIZE", 30)
    run = started(report)
    store, pages = services._store_page, []

    def die_at_the_third_page(run: Run, page: list[services.Placement]) -> None:
        pages.append(page)
        if len(pages) == 3:
            raise SystemExit
        store(run, page)

    monkeypatch.setattr(services, "_store_page", die_at_the_third_page)
    with pytest.raises(SystemExit):
        services.work_on_run(run.pk)
    monkeypatch.setattr(services, "_store_page", store)
    run.refresh_from_db()
    assert (run.status, run.rows.count()) == (Run.Status.RUNNING, 60)
    services.work_on_run(run.pk)
    assert run.rows.count() == 60  # still leased

    assert services.sweep(timezone.now() + services.LEASE * 2) == 1
    services.work_on_run(run.pk)
    run.refresh_from_db()
    assert run.status == Run.Status.SUCCEEDED
    assert run.with_company_count == 100
    assert run.read_count == run.rows.count() == sum(run.funnel.values())


def test_a_worker_that_was_thought_dead_writes_nothing(report: Report) -> None:
    slow = services.claim_run(started(report).pk, timezone.now())
    assert slow is not None
    services.sweep(timezone.now() + services.LEASE * 2)
    quick = services.claim_run(slow.pk, timezone.now())
    assert quick is not None
    services._read_pages(quick, until=float("inf"))
    before = quick.rows.count()
    with pytest.raises(services.LostClaim):
        services._read_pages(slow, until=float("inf"))
    services._finish(slow, Run.Status.FAILED, problem="unexpected")
    assert quick.rows.count() == before
    quick.refresh_from_db()
    assert quick.status == Run.Status.RUNNING


def test_a_long_run_hands_the_rest_to_the_next_slice(report: Report, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reports.funnel.PAGE_SIZE", 30)
    monkeypatch.setattr(services, "SLICE_SECONDS", -1)
    run = started(report)
    for expected in (30, 60, 90):
        services.work_on_run(run.pk)
        run.refresh_from_db()
        assert (run.status, run.rows.count()) == (Run.Status.QUEUED, expected)
    monkeypatch.setattr(services, "SLICE_SECONDS", 45)
    services.work_on_run(run.pk)
    run.refresh_from_db()
    assert (run.status, run.with_company_count) == (Run.Status.SUCCEEDED, 100)


def test_a_run_that_missed_a_page_is_incomplete(
    report: Report, demo_tenant: DemoTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reports.funnel.PAGE_SIZE", 30)
    demo_tenant.faults.answer_html("/Sale", after=2)
    run = started(report)
    services.work_on_run(run.pk)
    run.refresh_from_db()
    assert (run.status, run.problem_code, run.rows.count()) == (
        Run.Status.INCOMPLETE,
        "unexpected_answer",
        60,
    )
    assert run.finished_at is not None


def test_a_run_that_read_nothing_has_failed(report: Report, demo_tenant: DemoTenant) -> None:
    demo_tenant.faults.state = "OfflineMaintenance"
    run = started(report)
    services.work_on_run(run.pk)
    run.refresh_from_db()
    assert (run.status, run.problem_code) == (Run.Status.FAILED, "tenant_not_running")


def test_a_run_that_keeps_killing_its_worker_ends(report: Report) -> None:
    run = started(report)
    for _ in range(services.MOST_ATTEMPTS):
        assert services.claim_run(run.pk, timezone.now()) is not None
        services.sweep(timezone.now() + services.LEASE * 2)
    services.work_on_run(run.pk)
    run.refresh_from_db()
    assert (run.status, run.problem_code) == (Run.Status.FAILED, "keeps_stopping")


def test_a_cancelled_run_stops_at_the_next_page(report: Report, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reports.funnel.PAGE_SIZE", 30)
    run = started(report)
    store = services._store_page

    def cancel_then_store(claimed: Run, page: list[services.Placement]) -> None:
        services.cancel_run(claimed.pk)
        store(claimed, page)

    monkeypatch.setattr(services, "_store_page", cancel_then_store)
    services.work_on_run(run.pk)
    run.refresh_from_db()
    assert (run.status, run.rows.count()) == (Run.Status.CANCELLED, 0)
    assert not services.cancel_run(run.pk)


def test_the_sweep_wakes_a_run_that_the_queue_forgot(report: Report) -> None:
    run = started(report)
    OrmQ.objects.all().delete()
    services.sweep(timezone.now())
    assert OrmQ.objects.count() == 0
    services.sweep(timezone.now() + timedelta(minutes=2))
    assert OrmQ.objects.count() == 1
    assert Run.objects.get().pk == run.pk


def test_a_second_run_updates_the_copies_instead_of_doubling_them(finished_run: Run, report: Report) -> None:
    copies = Sale.objects.count()
    run = started(report)
    services.work_on_run(run.pk)
    assert Sale.objects.count() == copies
    assert Row.objects.filter(run=run).count() == finished_run.rows.count()


def test_without_a_tenant_the_run_says_so(report: Report, connection: Connection) -> None:
    Connection.objects.update(is_active=False)
    run = started(report)
    services.work_on_run(run.pk)
    run.refresh_from_db()
    assert (run.status, run.problem_code) == (Run.Status.FAILED, "no_connection")


def test_the_database_refuses_what_must_not_be(report: Report, people: People) -> None:
    run = started(report)
    for values in ({"status": "sleeping"}, {"status": Run.Status.SUCCEEDED, "finished_at": None}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Run.objects.filter(pk=run.pk).update(**values)
