"""Runs: claimed once, resumed where they stopped, and honest about what they stand on."""

import random
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone
from django_q.models import OrmQ

from connector.demo.tenant import DemoTenant
from connector.models import Connection
from reports import claims
from reports.definitions import definition as definitions
from reports.definitions.definition import Definition
from reports.keyword_lists.keywords import current_list, save_version
from reports.local_copy import sync
from reports.models import LocalCopy, Match, QuoteLine, Report, Row, Run, Sale, Sync
from reports.runs import evaluation, services
from reports.runs.evaluation import Rules
from tests.conftest import People

pytestmark = pytest.mark.usefixtures("connection")


@pytest.fixture
def reading(connection: Connection) -> Sync:
    """A reading that is young enough for runs to stand on it."""
    found = sync.bring_up_to_date(connection, until=float("inf"))
    assert found is not None
    assert found.status == Sync.Status.SUCCEEDED, found.problem_detail
    return found


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evaluation, "CHUNK", 30)


def started(report: Report, **values: Any) -> Run:
    run = services.start_run(report=report, **values)
    assert run is not None
    return run


def worked(report: Report, **values: Any) -> Run:
    run = started(report, **values)
    services.work_on_run(run.pk)
    run.refresh_from_db()
    return run


def age(**values: float) -> None:
    """Let what was read be older."""
    ago = timedelta(**values)
    for one in Sync.objects.all():
        assert one.finished_at is not None
        Sync.objects.filter(pk=one.pk).update(finished_at=one.finished_at - ago)


# --- What a run says --------------------------------------------------------------------------------------


def test_every_sale_that_was_looked_at_is_in_exactly_one_stage(finished_run: Run) -> None:
    assert finished_run.read_count == sum(finished_run.funnel.values()) == finished_run.rows.count()
    assert finished_run.read_count == finished_run.expected_count
    assert finished_run.read_count - finished_run.funnel["no_company"] == 100
    by_stage = {stage: finished_run.rows.filter(stage=stage).count() for stage in Row.Stage.values}
    assert by_stage == finished_run.funnel
    assert Match.objects.exclude(row__stage=Row.Stage.MATCHED).count() == 0


@pytest.mark.parametrize("seed", range(3))
def test_each_stage_opens_exactly_its_sales(seed: int, report: Report, connection: Connection) -> None:
    chance = random.Random(seed)
    scraps = [
        "2x CD-01",
        "ohne",
        "Wartung",
        "Dummy",
        "Self Service",
        "",
        " ",
        "Angebot",
        "Akku",
        "\u202e",
        "🤖",
        ";",
    ]
    companies = [(None, ""), (7, ""), (7, "Muster GmbH"), (8, "Rest")]
    now = timezone.now()
    sales = [
        Sale(
            connection=connection, sale_id=number, heading=" ".join(chance.choices(scraps, k=chance.randint(0, 3))),
            company_id=company, company_name=name, amount=number, status="open", read_at=now,
        )
        for number in range(1, 121)
        for company, name in [chance.choice(companies)]
    ]  # fmt: skip
    Sale.objects.bulk_create(sales)
    lines = [QuoteLine(sale=one, line_id=1, name="CD-02", quantity=1, total_price=1) for one in sales[::5]]
    QuoteLine.objects.bulk_create(lines)
    definition = Definition(scope="all", companies=chance.choice(["with", "any"])).as_json()
    run = claims.claim(Run, started(report).pk, now)
    assert run is not None
    claims.change(run, definition=definition)
    assert evaluation.evaluate(run, until=float("inf"))
    expected: dict[str, set[int]] = {stage: set() for stage in Row.Stage.values}
    for one, placement in zip(sales, Rules.of(run).place(sales), strict=True):
        expected[placement.stage].add(one.sale_id)
    assert {stage: len(numbers) for stage, numbers in expected.items()} == run.funnel
    for stage, numbers in expected.items():
        assert set(run.rows.filter(stage=stage).values_list("sale_number", flat=True)) == numbers


def test_matches_remember_where_and_how_many(finished_run: Run) -> None:
    row = finished_run.rows.get(heading="2xOmnie CD-01 mit Nachlass")
    assert (row.products, row.quantities, row.families) == ("OMNIE CD-01", "2", "OMNIE")
    products = {match.product: match for match in row.matches.all()}
    start, end = products["OMNIE CD-01"].spans[0]
    assert "CD-01" in row.heading[start:end]
    assert products["Nachlass"].kind == "tag"


def test_a_run_says_what_it_stands_on(finished_run: Run, connection: Connection) -> None:
    copy = LocalCopy.objects.get(connection=connection)
    assert finished_run.sync == Sync.objects.get()
    assert (finished_run.data_at, finished_run.revision) == (copy.read_at, copy.revision)
    assert finished_run.acts_as == copy.acts_as != ""


def test_a_run_places_each_sale_as_a_direct_call_does(finished_run: Run) -> None:
    rules = Rules.of(finished_run)
    rows = {row.sale_number: row for row in finished_run.rows.select_related("sale")}
    sales = [row.sale for row in rows.values()]
    for sale, seen in zip(sales, rules.place(sales), strict=True):
        row = rows[sale.sale_id]
        assert (row.stage, row.source, row.products, row.quantities) == (
            seen.stage,
            seen.source,
            seen.products,
            seen.quantities,
        )


def test_quotes_come_first_and_only_where_the_report_wants_them(report: Report, reading: Sync) -> None:
    report.scope = Report.Scope.ALL
    report.save(update_fields=["scope"])
    sources = {source for source in worked(report).rows.values_list("source", flat=True) if source}
    assert sources == {"heading", "quote", "both", "contradiction"}
    report.use_quotes = False
    report.save(update_fields=["use_quotes"])
    run = worked(report)
    assert {source for source in run.rows.values_list("source", flat=True) if source} == {"heading"}
    assert not Match.objects.filter(row__run=run, field="quote").exists()


def test_further_texts_are_searched_where_the_report_asks(report: Report, reading: Sync) -> None:
    column = "saleUdef/SuperOffice:1"
    Report.objects.filter(pk=report.pk).update(scope="all", use_quotes=False)
    report.refresh_from_db()
    before = worked(report)
    Report.objects.filter(pk=report.pk).update(search_columns=[column, definitions.DESCRIPTION])
    report.refresh_from_db()
    run = worked(report)
    rows = run.rows.filter(source=Row.Source.TEXT)
    assert rows.count() == run.funnel["matched"] - before.funnel["matched"] > 0
    for match in Match.objects.filter(row__in=rows).exclude(kind="tag").select_related("row__sale"):
        sale = match.row.sale
        text = sale.description if match.field == definitions.DESCRIPTION else sale.texts[match.field]
        assert all(text[start:end].strip() for start, end in match.spans)


def test_a_row_stays_as_the_sale_was(finished_run: Run) -> None:
    row = finished_run.rows.filter(stage="matched")[0]
    was = (row.heading, row.company_name, row.amount)
    Sale.objects.filter(pk=row.sale_id).update(heading="x", company_name="y", amount=1)
    row.refresh_from_db()
    assert (row.heading, row.company_name, row.amount) == was


# --- What a run was asked ---------------------------------------------------------------------------------


def test_a_run_keeps_the_definition_and_the_list_it_began_with(report: Report, reading: Sync) -> None:
    run = started(report)
    Report.objects.filter(pk=report.pk).update(limit=7)
    newer = save_version([], parent=current_list(), author=None, reason="none")
    services.work_on_run(run.pk)
    run.refresh_from_db()
    assert Definition.from_json(run.definition).limit == 100
    assert run.keyword_list_id != newer.pk
    assert run.funnel["matched"] > 0


def test_a_report_may_keep_to_one_list_and_a_caller_may_ask_for_another(
    report: Report, reading: Sync
) -> None:
    first = current_list()
    empty = save_version([], parent=first, author=None, reason="none")
    report.keyword_list = first
    report.save(update_fields=["keyword_list"])
    assert worked(report).keyword_list == first
    Report.objects.filter(pk=report.pk).update(use_quotes=False)
    report.refresh_from_db()
    asked = worked(report, keyword_list=empty)
    assert (asked.keyword_list, asked.funnel["matched"]) == (empty, 0)


def test_the_newest_by_another_order_are_other_sales(
    report: Report, reading: Sync, small_chunks: None
) -> None:
    by_number = set(worked(report).rows.values_list("sale_number", flat=True))
    Report.objects.filter(pk=report.pk).update(ordered_by="sold_on")
    report.refresh_from_db()
    run = worked(report)
    numbers = set(run.rows.values_list("sale_number", flat=True))
    assert numbers != by_number
    oldest = min(day for day in run.rows.values_list("sold_on", flat=True) if day)
    left_out = Sale.objects.present().exclude(sale_id__in=numbers).exclude(company_id=None)
    assert not left_out.filter(sold_on__gt=oldest).exists()


def test_a_sale_that_changes_while_it_is_looked_at_gets_no_second_row(
    report: Report, reading: Sync, small_chunks: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    Report.objects.filter(pk=report.pk).update(scope="all", ordered_by="changed_at")
    report.refresh_from_db()
    monkeypatch.setattr(claims, "SLICE_SECONDS", -1)
    run = worked(report)
    first = run.rows.order_by("pk")[0]
    # It moves behind the cursor, where the run comes by once more.
    Sale.objects.filter(pk=first.sale_id).update(changed_at=None)
    monkeypatch.setattr(claims, "SLICE_SECONDS", 45)
    services.work_on_run(run.pk)
    run.refresh_from_db()
    assert run.status == Run.Status.SUCCEEDED
    assert run.read_count == run.rows.count() == sum(run.funnel.values()) == Sale.objects.present().count()


# --- Once -------------------------------------------------------------------------------------------------


def test_a_second_start_returns_the_unfinished_run(report: Report) -> None:
    assert started(report) == started(report)
    assert OrmQ.objects.count() == 1


def test_a_planned_moment_runs_once_however_often_it_is_announced(report: Report) -> None:
    moment = timezone.now().replace(second=0, microsecond=0)
    services.work_on_run(started(report, intended_at=moment).pk)
    assert services.start_run(report=report, intended_at=moment) is None
    assert Run.objects.count() == 1


def test_a_period_is_that_of_the_planned_moment(report: Report, reading: Sync) -> None:
    Report.objects.filter(pk=report.pk).update(scope="period", period="this_year", ordered_by="sold_on")
    report.refresh_from_db()
    late = started(report, intended_at=timezone.now().replace(year=1999))
    services.work_on_run(late.pk)
    late.refresh_from_db()
    assert (late.status, late.read_count) == (Run.Status.SUCCEEDED, 0)
    assert worked(report).read_count > 0


def test_a_second_worker_does_not_get_a_claimed_run(report: Report) -> None:
    run, now = started(report), timezone.now()
    assert claims.claim(Run, run.pk, now) is not None
    assert claims.claim(Run, run.pk, now) is None
    services.work_on_run(run.pk)
    assert run.rows.count() == 0


# --- Stopped in the middle --------------------------------------------------------------------------------


def test_a_run_goes_on_where_its_worker_died(
    report: Report, reading: Sync, small_chunks: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = started(report)
    store, chunks = evaluation._store, []

    def die_at_the_third_chunk(claimed: Run, chunk: list[Sale], rules: Rules) -> None:
        chunks.append(chunk)
        if len(chunks) == 3:
            raise SystemExit
        store(claimed, chunk, rules)

    monkeypatch.setattr(evaluation, "_store", die_at_the_third_chunk)
    with pytest.raises(SystemExit):
        services.work_on_run(run.pk)
    monkeypatch.setattr(evaluation, "_store", store)
    run.refresh_from_db()
    assert (run.status, run.rows.count()) == (Run.Status.RUNNING, 60)
    services.work_on_run(run.pk)
    assert run.rows.count() == 60  # still leased

    assert services.sweep(timezone.now() + claims.LEASE * 2) == 1
    services.work_on_run(run.pk)
    run.refresh_from_db()
    assert run.status == Run.Status.SUCCEEDED
    assert run.read_count - run.funnel["no_company"] == 100
    assert run.read_count == run.rows.count() == sum(run.funnel.values())


def test_forgotten_work_is_woken_once_a_minute_and_not_at_every_look(report: Report) -> None:
    queued = started(report)
    OrmQ.objects.all().delete()
    now = queued.queued_at + timedelta(seconds=61)
    for seconds in (0, 30, 59):
        services.sweep(now + timedelta(seconds=seconds))
    assert OrmQ.objects.count() == 1
    services.sweep(now + timedelta(seconds=61))
    assert OrmQ.objects.count() == 2


def test_a_worker_that_was_thought_dead_writes_nothing(report: Report, reading: Sync) -> None:
    slow = claims.claim(Run, started(report).pk, timezone.now())
    assert slow is not None
    services.sweep(timezone.now() + claims.LEASE * 2)
    quick = claims.claim(Run, slow.pk, timezone.now())
    assert quick is not None
    evaluation.evaluate(quick, until=float("inf"))
    before = quick.rows.count()
    with pytest.raises(claims.LostClaim):
        evaluation.evaluate(slow, until=float("inf"))
    claims.finish(slow, Run.Status.FAILED, problem="unexpected")
    assert quick.rows.count() == before > 0
    quick.refresh_from_db()
    assert quick.status == Run.Status.RUNNING


def test_a_long_run_hands_the_rest_to_the_next_slice(
    report: Report, reading: Sync, small_chunks: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claims, "SLICE_SECONDS", -1)
    run = started(report)
    for expected in (30, 60, 90):
        services.work_on_run(run.pk)
        run.refresh_from_db()
        assert (run.status, run.rows.count()) == (Run.Status.QUEUED, expected)
    monkeypatch.setattr(claims, "SLICE_SECONDS", 45)
    services.work_on_run(run.pk)
    run.refresh_from_db()
    assert run.status == Run.Status.SUCCEEDED
    assert run.read_count - run.funnel["no_company"] == 100


def test_a_run_without_time_to_read_all_goes_on_in_the_next_slice(
    report: Report, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claims, "SLICE_SECONDS", -1)
    run = started(report)
    services.work_on_run(run.pk)
    run.refresh_from_db()
    assert (run.status, run.expected_count) == (Run.Status.QUEUED, None)
    monkeypatch.setattr(claims, "SLICE_SECONDS", 45)
    services.work_on_run(run.pk)
    run.refresh_from_db()
    assert (run.status, run.sync) == (Run.Status.SUCCEEDED, Sync.objects.get())


def test_a_run_that_keeps_killing_its_worker_ends(report: Report) -> None:
    run = started(report)
    for _ in range(claims.MOST_ATTEMPTS):
        assert claims.claim(Run, run.pk, timezone.now()) is not None
        services.sweep(timezone.now() + claims.LEASE * 2)
    services.work_on_run(run.pk)
    run.refresh_from_db()
    assert (run.status, run.problem_code) == (Run.Status.FAILED, "keeps_stopping")


def test_a_cancelled_run_stops_at_the_next_chunk(
    report: Report, reading: Sync, small_chunks: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = started(report)
    store = evaluation._store

    def cancel_then_store(claimed: Run, chunk: list[Sale], rules: Rules) -> None:
        services.cancel_run(claimed.pk)
        store(claimed, chunk, rules)

    monkeypatch.setattr(evaluation, "_store", cancel_then_store)
    services.work_on_run(run.pk)
    run.refresh_from_db()
    assert (run.status, run.rows.count()) == (Run.Status.CANCELLED, 0)
    assert not services.cancel_run(run.pk)


def test_the_sweep_wakes_what_the_queue_forgot(report: Report, connection: Connection) -> None:
    run = started(report)
    waiting = sync.start_sync(connection, Sync.Kind.FULL)
    OrmQ.objects.all().delete()
    services.sweep(timezone.now())
    assert OrmQ.objects.count() == 0
    services.sweep(timezone.now() + timedelta(minutes=2))
    assert OrmQ.objects.count() == 2
    assert {task.func() for task in OrmQ.objects.all()} == {services.RUN_TASK, sync.SYNC_TASK}
    assert (Run.objects.get().pk, Sync.objects.get().pk) == (run.pk, waiting.pk)


def test_who_holds_a_run_is_busy(report: Report) -> None:
    now = timezone.now()
    assert services.owners_at_work(now) == set()
    assert claims.claim(Run, started(report).pk, now) is not None
    assert services.owners_at_work(now) == {claims.owner_name()}
    assert services.owners_at_work(now + claims.LEASE * 2) == set()


# --- Readings with a gap ----------------------------------------------------------------------------------


def test_a_run_over_a_reading_that_missed_a_page_is_incomplete(
    report: Report, demo_tenant: DemoTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    demo_tenant.faults.answer_html("/Archive/FindQuoteLine")
    run = worked(report)
    assert run.sync is not None
    assert (run.sync.status, run.status) == (Sync.Status.INCOMPLETE, Run.Status.INCOMPLETE)
    assert (run.problem_code, run.data_at) == ("unexpected_answer", None)
    assert run.read_count == run.rows.count() > 100
    assert run.finished_at is not None
    assert run.checksum


def test_when_nothing_can_be_read_the_old_copy_serves_and_its_age_is_said(
    report: Report, reading: Sync, demo_tenant: DemoTenant, connection: Connection
) -> None:
    age(hours=3)
    copy = LocalCopy.objects.get(connection=connection)
    demo_tenant.faults.state = "OfflineMaintenance"
    run = worked(report)
    assert (run.status, run.problem_code) == (Run.Status.INCOMPLETE, "tenant_not_running")
    assert run.data_at == copy.read_at
    assert run.funnel["matched"] > 0


def test_a_run_that_read_nothing_into_an_empty_copy_has_failed(
    report: Report, demo_tenant: DemoTenant
) -> None:
    demo_tenant.faults.state = "OfflineMaintenance"
    run = worked(report)
    assert (run.status, run.problem_code, run.rows.count()) == (Run.Status.FAILED, "tenant_not_running", 0)


def test_a_reading_that_somebody_stopped_is_named(
    report: Report, reading: Sync, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    age(hours=3)

    def stopped(*_args: Any, **_values: Any) -> Sync:
        begun = sync.start_sync(connection, Sync.Kind.CHANGES)
        sync.cancel_sync(begun.pk)
        begun.refresh_from_db()
        return begun

    monkeypatch.setattr(sync, "bring_up_to_date", stopped)
    run = worked(report)
    assert (run.status, run.problem_code) == (Run.Status.INCOMPLETE, "reading_cancelled")


def test_a_young_reading_serves_several_runs(finished_run: Run, report: Report) -> None:
    copies = Sale.objects.count()
    run = worked(report)
    assert (run.sync, Sale.objects.count()) == (finished_run.sync, copies)
    assert run.rows.count() == finished_run.rows.count()
    assert run.checksum == finished_run.checksum


def test_without_a_tenant_the_run_says_so(report: Report, connection: Connection) -> None:
    Connection.objects.update(is_active=False)
    run = worked(report)
    assert (run.status, run.problem_code) == (Run.Status.FAILED, "no_connection")


def test_the_database_refuses_what_must_not_be(report: Report, people: People) -> None:
    run = started(report)
    for values in ({"status": "sleeping"}, {"status": Run.Status.SUCCEEDED, "finished_at": None}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Run.objects.filter(pk=run.pk).update(**values)
