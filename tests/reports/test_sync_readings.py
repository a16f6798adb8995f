"""Readings over the demo tenant: by key, resumable, honest about gaps, and they find what is gone."""

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, timedelta
from typing import Any

import pytest
from django.db import connections
from django.utils import timezone
from django_q.models import OrmQ

from connector.demo.tenant import DemoTenant
from connector.models import Connection
from connector.services import open_client
from reports import claims, tasks
from reports.local_copy import sync
from reports.models import LocalCopy, Product, ProductFamily, QuoteLine, Sale, Sync

NOTE = "saleUdef/SuperOffice:1"


@pytest.fixture(autouse=True)
def _small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reports.local_copy.reading.PAGE_SIZE", 100)


@pytest.fixture(autouse=True)
def _sales_as_before(demo_tenant: DemoTenant) -> Iterator[None]:
    with demo_tenant.sales_restored_afterwards():
        yield


def read(connection: Connection, kind: str = Sync.Kind.CHANGES, **options: Any) -> Sync:
    """A whole reading, from its start to its end."""
    started = sync.start_sync(connection, kind)
    sync.work_on_sync(started.pk, until=float("inf"), **options)
    started.refresh_from_db()
    return started


@pytest.fixture
def whole(connection: Connection) -> Sync:
    """A tenant that was read completely."""
    done = read(connection)
    assert done.status == Sync.Status.SUCCEEDED, done.problem_detail
    return done


@pytest.fixture
def copy(whole: Sync) -> LocalCopy:
    return state(whole.connection)


def asked(tenant: DemoTenant, path: str) -> list[dict[str, str]]:
    return [one.query for one in tenant.requests if one.path.endswith(path)]


def state(connection: Connection) -> LocalCopy:
    return LocalCopy.objects.get(connection=connection)


def fresh(copy: LocalCopy) -> LocalCopy:
    copy.refresh_from_db()
    return copy


# --- A whole reading ----------------------------------------------------------------------------------


def test_the_first_reading_is_a_full_one_and_takes_everything(demo_tenant: DemoTenant, whole: Sync) -> None:
    sales = demo_tenant.story.sales
    assert whole.kind == Sync.Kind.FULL
    assert set(Sale.objects.values_list("sale_id", flat=True)) == set(sales)
    without = sum(not sale.company_id for sale in sales.values())
    assert (whole.read_count, whole.new_count) == (len(sales), len(sales))
    assert whole.without_company_count == without > 0
    assert whole.expected_count is not None
    assert whole.expected_count >= max(sales)
    assert (whole.changed_count, whole.removed_count) == (0, 0)


def test_the_copy_says_how_old_and_how_complete_it_is(demo_tenant: DemoTenant, copy: LocalCopy) -> None:
    assert copy.sale_count == len(demo_tenant.story.sales)
    assert copy.without_company_count > 0
    assert None not in (copy.complete_at, copy.read_at, copy.quotes_at, copy.catalogue_at)
    assert copy.acts_as
    assert copy.quotes_problem == ""
    assert [column["name"] for column in copy.text_columns] == [NOTE]


def test_pages_go_by_key_and_never_by_skipping(demo_tenant: DemoTenant, whole: Sync) -> None:
    lists = [one.query for one in demo_tenant.requests if "$top" in one.query]
    assert len(lists) > 5
    assert not any("$skip" in query for query in lists)
    pages = [query for query in asked(demo_tenant, "/v1/Sale") if "heading" in query["$select"]]
    assert len(pages) == 5  # four pages of 100, and the empty one
    assert all(" gt " in query["$filter"] and query["$orderby"] == "saleId asc" for query in pages)


def test_texts_lines_and_catalogue_come_along(demo_tenant: DemoTenant, whole: Sync) -> None:
    noted = [sale for sale in demo_tenant.story.sales.values() if sale.product_note]
    assert noted
    texts = dict(Sale.objects.values_list("sale_id", "texts"))
    assert all(texts[sale.sale_id] == {NOTE: sale.product_note} for sale in noted)
    assert sum(bool(text) for text in texts.values()) == len(noted)
    assert QuoteLine.objects.count() == whole.line_count > 0
    assert QuoteLine.objects.filter(sale__has_quote=False).count() == 0
    assert ProductFamily.objects.count() > 3
    assert Product.objects.exclude(family_name="").exists()


def test_only_one_alternative_of_a_quote_counts(whole: Sync) -> None:
    with open_client(whole.connection) as client:
        alternatives = client.current_alternatives()
        lines = [line for page in client.quote_lines_after() for line in page]
    counting = {line.id for line in lines if alternatives.get(line.sale_id or 0) == line.alternative_id}
    assert set(QuoteLine.objects.values_list("line_id", flat=True)) == counting
    assert 0 < len(counting) < len(lines)


def test_reading_the_same_again_changes_nothing(copy: LocalCopy) -> None:
    before = copy.revision
    for kind in Sync.Kind:
        again = read(copy.connection, kind)
        assert again.status == Sync.Status.SUCCEEDED
        assert (again.new_count, again.changed_count, again.removed_count) == (0, 0, 0)
    assert fresh(copy).revision == before


# --- Changes ------------------------------------------------------------------------------------------


def test_an_edit_and_a_new_sale_arrive_with_the_changes(demo_tenant: DemoTenant, copy: LocalCopy) -> None:
    edited = min(demo_tenant.story.sales)
    demo_tenant.change_sale(edited, heading="3x Omnie CD-01", company_id=0)
    added = demo_tenant.add_sale("1x Omnie CD-01")
    before, held = copy.revision, copy.sale_count
    done = read(copy.connection)
    assert (done.kind, done.new_count, done.changed_count) == (Sync.Kind.CHANGES, 1, 1)
    assert done.read_count < held
    assert Sale.objects.get(sale_id=edited).heading == "3x Omnie CD-01"
    assert Sale.objects.get(sale_id=added).heading == "1x Omnie CD-01"
    assert fresh(copy).revision > before
    assert copy.sale_count == held + 1


def test_changes_are_read_from_the_day_before_the_last_good_reading_began(
    demo_tenant: DemoTenant, whole: Sync
) -> None:
    began = timezone.now() - timedelta(days=3)
    Sync.objects.filter(pk=whole.pk).update(started_at=began)
    read(whole.connection, Sync.Kind.FULL)
    Sync.objects.exclude(pk=whole.pk).update(status=Sync.Status.FAILED, page_count=0)
    demo_tenant.forget_requests()
    done = read(whole.connection)
    assert done.since == (began.astimezone(UTC) - timedelta(days=1)).date()
    (first, *_rest) = asked(demo_tenant, "/v1/Sale")
    assert f"after '{done.since - timedelta(days=1)}'" in first["$filter"]


def test_lines_of_a_changed_sale_are_read_anew(demo_tenant: DemoTenant, copy: LocalCopy) -> None:
    with_lines = Sale.objects.filter(quote_lines__isnull=False).first()
    assert with_lines is not None
    others = QuoteLine.objects.exclude(sale=with_lines).count()
    demo_tenant.change_sale(with_lines.sale_id, has_quote=False)
    before = copy.revision
    read(copy.connection)
    assert QuoteLine.objects.filter(sale=with_lines).count() == 0
    assert QuoteLine.objects.count() == others
    assert fresh(copy).revision > before


def test_a_line_that_is_gone_is_found_by_a_full_reading(copy: LocalCopy) -> None:
    line = QuoteLine.objects.order_by("line_id").first()
    assert line is not None
    count, before = QuoteLine.objects.count(), copy.revision
    last = QuoteLine.objects.order_by("-line_id").values_list("line_id", flat=True)[0]
    for number in (line.line_id + 100_000, last + 1):
        values = {"name": "gone", "quantity": 1, "total_price": 1}
        QuoteLine.objects.create(sale=line.sale, line_id=number, **values)
    read(copy.connection, Sync.Kind.FULL)
    assert QuoteLine.objects.count() == count
    assert not QuoteLine.objects.filter(name="gone").exists()
    assert fresh(copy).revision > before


# --- What is gone -------------------------------------------------------------------------------------


def test_what_was_deleted_is_found_by_the_comparison_and_only_there(
    demo_tenant: DemoTenant, copy: LocalCopy
) -> None:
    gone, held = sorted(demo_tenant.story.sales)[7], copy.sale_count
    demo_tenant.remove_sale(gone)
    assert read(copy.connection).removed_count == 0
    assert Sale.objects.get(sale_id=gone).removed_at is None
    before = fresh(copy).revision
    done = read(copy.connection, Sync.Kind.FULL)
    assert (done.status, done.removed_count) == (Sync.Status.SUCCEEDED, 1)
    assert Sale.objects.get(sale_id=gone).removed_at is not None
    assert not Sale.objects.present().filter(sale_id=gone).exists()
    assert fresh(copy).revision > before
    assert copy.sale_count == held - 1


def test_a_right_that_was_lost_takes_nothing_away(demo_tenant: DemoTenant, copy: LocalCopy) -> None:
    complete_at, held = copy.complete_at, copy.sale_count
    demo_tenant.faults.visible_sales = 100
    done = read(copy.connection, Sync.Kind.FULL)
    assert (done.status, done.problem_code) == (Sync.Status.INCOMPLETE, "sales_vanished")
    assert f"{held - 100} of {held}" in done.problem_detail
    assert Sale.objects.filter(removed_at__isnull=False).count() == 0
    assert fresh(copy).complete_at == complete_at
    copy.connection.refresh_from_db()
    assert copy.connection.problem_code == ""
    # The next one looks at everything again; it may not end with the old doubt.
    demo_tenant.faults.visible_sales = None
    again = read(copy.connection, Sync.Kind.FULL)
    assert (again.status, again.read_count) == (Sync.Status.SUCCEEDED, held)


def test_somebody_who_knows_may_let_many_be_taken_away(demo_tenant: DemoTenant, copy: LocalCopy) -> None:
    demo_tenant.faults.visible_sales = 100
    done = read(copy.connection, Sync.Kind.FULL, may_remove_many=True)
    assert done.status == Sync.Status.SUCCEEDED
    assert fresh(copy).sale_count == 100


def test_a_few_sales_may_vanish_of_a_small_copy(demo_tenant: DemoTenant, copy: LocalCopy) -> None:
    kept = sorted(demo_tenant.story.sales)[:30]
    Sale.objects.exclude(sale_id__in=kept).delete()
    for sale_id in kept[:20]:
        demo_tenant.remove_sale(sale_id)
    done = read(copy.connection, Sync.Kind.FULL)
    assert (done.status, done.removed_count) == (Sync.Status.SUCCEEDED, 20)


def test_a_sale_that_only_the_numbers_show_is_asked_for_and_stays(
    demo_tenant: DemoTenant, copy: LocalCopy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the sales and the comparison somebody gave us a right back, say."""
    hidden = sorted(demo_tenant.story.sales)[3]
    sales_after = sync.Reading._store_sales

    def without_one(self: Any, page: list[Any], names: Any) -> None:
        sales_after(self, [sale for sale in page if sale.id != hidden], names)

    monkeypatch.setattr(sync.Reading, "_store_sales", without_one)
    demo_tenant.change_sale(hidden, heading="read one by one")
    done = read(copy.connection, Sync.Kind.FULL)
    assert (done.status, done.removed_count) == (Sync.Status.SUCCEEDED, 0)
    assert Sale.objects.get(sale_id=hidden).heading == "read one by one"


# --- Stopped and gone on ------------------------------------------------------------------------------


class Died(SystemExit):
    """The worker ended without a word."""


def dies_after(pages: int) -> Callable[[Sync], None]:
    left = [pages]

    def watch(_sync: Sync, /) -> None:
        left[0] -= 1
        if not left[0]:
            raise Died

    return watch


@pytest.mark.parametrize("kind", list(Sync.Kind))
@pytest.mark.parametrize("pages", [2, 6, 12])
def test_a_reading_goes_on_where_its_worker_died(
    kind: str, pages: int, demo_tenant: DemoTenant, whole: Sync
) -> None:
    for sale_id in sorted(demo_tenant.story.sales):
        demo_tenant.change_sale(sale_id, heading=f"changed {sale_id}")
    gone = sorted(demo_tenant.story.sales)[150]
    demo_tenant.remove_sale(gone)
    started = sync.start_sync(whole.connection, kind)
    try:
        sync.work_on_sync(started.pk, until=float("inf"), watch=dies_after(pages))
    except Died:
        started.refresh_from_db()
        assert started.status == Sync.Status.RUNNING
        sync.work_on_sync(started.pk)
        started.refresh_from_db()
        assert started.status == Sync.Status.RUNNING  # still leased
        assert claims.sweep(Sync, sync.SYNC_TASK, timezone.now() + claims.LEASE * 2) == 1
        demo_tenant.forget_requests()
        sync.work_on_sync(started.pk, until=float("inf"))
        if pages == 2:
            assert "saleId gt 0" not in asked(demo_tenant, "/v1/Sale")[0]["$filter"]
    started.refresh_from_db()
    assert started.status == Sync.Status.SUCCEEDED, started.problem_detail
    assert started.read_count == started.changed_count == len(demo_tenant.story.sales)
    present = Sale.objects.present().exclude(sale_id=gone)
    assert all(sale.heading == f"changed {sale.sale_id}" for sale in present)
    assert started.removed_count == (kind == Sync.Kind.FULL)


def test_time_that_is_up_hands_the_rest_to_the_next_slice(
    demo_tenant: DemoTenant, connection: Connection
) -> None:
    started = sync.start_sync(connection, Sync.Kind.CHANGES)
    OrmQ.objects.all().delete()
    slices = 0
    while not started.is_finished:
        sync.work_on_sync(started.pk, until=0.0)
        started.refresh_from_db()
        slices += 1
    assert started.status == Sync.Status.SUCCEEDED
    assert slices == started.page_count + 1  # a page each, and one that found the end
    assert OrmQ.objects.count() == slices - 1
    assert started.read_count == len(demo_tenant.story.sales)


def test_a_page_that_fails_ends_the_reading_and_the_next_one_goes_on(
    demo_tenant: DemoTenant, connection: Connection
) -> None:
    demo_tenant.faults.answer_html("/Sale", after=2)
    done = read(connection)
    assert (done.status, done.problem_code) == (Sync.Status.INCOMPLETE, "unexpected_answer")
    assert done.read_count == Sale.objects.count() == 200
    copy = state(connection)
    assert (copy.complete_at, copy.read_at, copy.sale_count) == (None, None, 200)
    demo_tenant.faults.clear()
    demo_tenant.forget_requests()
    again = read(connection)
    assert (again.status, again.kind) == (Sync.Status.SUCCEEDED, Sync.Kind.FULL)
    assert again.pk != done.pk
    assert again.read_count == len(demo_tenant.story.sales)
    assert again.started_at == done.started_at
    assert len([one for one in asked(demo_tenant, "/v1/Sale") if "heading" in one["$select"]]) == 3


def test_after_a_day_a_stopped_reading_begins_anew(demo_tenant: DemoTenant, connection: Connection) -> None:
    demo_tenant.faults.answer_html("/Sale", after=2)
    stopped = read(connection)
    demo_tenant.faults.clear()
    long_ago = timezone.now() - timedelta(hours=25)
    Sync.objects.filter(pk=stopped.pk).update(finished_at=long_ago, started_at=long_ago)
    assert sync.start_sync(connection, Sync.Kind.FULL).cursor == 0


def test_a_reading_that_got_nothing_has_failed(demo_tenant: DemoTenant, connection: Connection) -> None:
    demo_tenant.faults.refresh_token_revoked = True
    done = read(connection)
    assert (done.status, done.problem_code) == (Sync.Status.FAILED, "needs_consent")
    connection.refresh_from_db()
    assert connection.problem_code == "needs_consent"


def test_a_record_that_cannot_be_read_is_named_and_not_left_out(
    demo_tenant: DemoTenant, connection: Connection
) -> None:
    body = '{"value": [{"PrimaryKey": "101", "EntityName": "sale", "saleId": 101, "amount": "much"}]}'
    demo_tenant.faults.answer_status("/Sale", 200, body, times=None)
    done = read(connection)
    assert (done.status, done.problem_code) == (Sync.Status.FAILED, "bad_record")
    assert "sale 101" in done.problem_detail
    assert Sale.objects.count() == 0


def test_a_reading_that_keeps_dying_gives_up_and_keeps_what_it_has(connection: Connection) -> None:
    started = sync.start_sync(connection, Sync.Kind.FULL)
    Sync.objects.filter(pk=started.pk).update(attempt_count=claims.MOST_ATTEMPTS, page_count=3)
    sync.work_on_sync(started.pk)
    started.refresh_from_db()
    assert (started.status, started.problem_code) == (Sync.Status.INCOMPLETE, "reading_keeps_stopping")


def test_ctrl_c_cancels_and_the_next_reading_goes_on(demo_tenant: DemoTenant, connection: Connection) -> None:
    def interrupt(_sync: Sync, /) -> None:
        raise KeyboardInterrupt

    started = sync.start_sync(connection, Sync.Kind.FULL)
    with pytest.raises(KeyboardInterrupt):
        sync.work_on_sync(started.pk, watch=interrupt)
    started.refresh_from_db()
    assert (started.status, started.read_count) == (Sync.Status.CANCELLED, 100)
    done = read(connection, Sync.Kind.FULL)
    assert (done.status, done.read_count) == (Sync.Status.SUCCEEDED, len(demo_tenant.story.sales))


# --- One at a time ------------------------------------------------------------------------------------


def test_a_tenant_has_one_reading_at_a_time(connection: Connection) -> None:
    first = sync.start_sync(connection, Sync.Kind.FULL)
    assert sync.start_sync(connection, Sync.Kind.CHANGES) == first
    assert OrmQ.objects.count() == 1


def test_a_waiting_reading_of_changes_becomes_a_full_one(whole: Sync) -> None:
    waiting = sync.start_sync(whole.connection, Sync.Kind.CHANGES)
    assert waiting.since is not None
    full = sync.start_sync(whole.connection, Sync.Kind.FULL)
    assert (full.pk, full.kind, full.since) == (waiting.pk, Sync.Kind.FULL, None)
    claims.claim(Sync, full.pk, timezone.now())


@pytest.mark.django_db(transaction=True)
def test_of_two_workers_one_gets_the_reading(demo_tenant: DemoTenant, connection: Connection) -> None:
    started = sync.start_sync(connection, Sync.Kind.FULL)
    barrier = threading.Barrier(2)

    def work() -> None:
        try:
            barrier.wait()
            sync.work_on_sync(started.pk, until=float("inf"))
        finally:
            connections.close_all()

    workers = [threading.Thread(target=work) for _number in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    started.refresh_from_db()
    assert (started.status, started.fence) == (Sync.Status.SUCCEEDED, 1)
    assert started.read_count == len(demo_tenant.story.sales)


def test_a_worker_that_was_thought_dead_writes_nothing(demo_tenant: DemoTenant, whole: Sync) -> None:
    sale_id = min(demo_tenant.story.sales)
    demo_tenant.change_sale(sale_id, heading="new")
    started = sync.start_sync(whole.connection, Sync.Kind.FULL)

    def lose_the_claim(_sync: Sync, /) -> None:
        claims.sweep(Sync, sync.SYNC_TASK, timezone.now() + claims.LEASE * 2)

    sync.work_on_sync(started.pk, until=float("inf"), watch=lose_the_claim)
    started.refresh_from_db()
    assert (started.status, started.read_count) == (Sync.Status.QUEUED, 100)


def test_a_cancelled_reading_stops_at_its_next_page(connection: Connection) -> None:
    started = sync.start_sync(connection, Sync.Kind.FULL)

    def cancel(one: Sync, /) -> None:
        sync.cancel_sync(one.pk)

    sync.work_on_sync(started.pk, until=float("inf"), watch=cancel)
    started.refresh_from_db()
    assert (started.status, started.read_count) == (Sync.Status.CANCELLED, 100)
    assert state(connection).sale_count == 100


# --- What is missing ----------------------------------------------------------------------------------


def test_a_tenant_without_quotes_is_read_all_the_same(
    demo_tenant: DemoTenant, connection: Connection
) -> None:
    demo_tenant.faults.answer_status("/Archive/FindQuoteLine", 403, "{}", times=None)
    done = read(connection)
    assert (done.status, done.problem_code) == (Sync.Status.SUCCEEDED, "")
    copy = state(connection)
    assert (copy.quotes_problem, copy.quotes_at) == ("forbidden", None)
    assert copy.is_complete
    demo_tenant.faults.clear()
    read(connection, Sync.Kind.FULL)
    assert (fresh(copy).quotes_problem, copy.quotes_at is None) == ("", False)


def test_a_catalogue_that_cannot_be_read_is_said_and_keeps_the_sales(
    demo_tenant: DemoTenant, connection: Connection
) -> None:
    demo_tenant.faults.answer_status("/List/ProductFamily", 403, "{}", times=None)
    done = read(connection)
    assert (done.status, done.problem_code) == (Sync.Status.SUCCEEDED, "forbidden")
    copy = state(connection)
    assert copy.is_complete
    assert copy.catalogue_at is None
    connection.refresh_from_db()
    assert connection.problem_code == ""


def test_a_tenant_that_tells_neither_its_numbers_nor_its_columns_is_read_all_the_same(
    demo_tenant: DemoTenant, connection: Connection
) -> None:
    demo_tenant.faults.answer_status("/Archive/dynamic", 403, "{}", times=1)
    demo_tenant.faults.answer_status("/Agents/Archive/GetAvailableColumns", 403, "{}", times=None)
    done = read(connection)
    assert done.status == Sync.Status.SUCCEEDED
    assert done.expected_count is None
    assert state(connection).text_columns == []


def test_without_a_sign_in_the_reading_says_so(connection: Connection) -> None:
    Connection.objects.update(refresh_token="")
    connection.refresh_from_db()
    done = read(connection)
    assert (done.status, done.problem_code) == (Sync.Status.FAILED, "not_signed_in")


def test_another_connection_has_a_copy_of_its_own(whole: Sync) -> None:
    other = Connection.objects.create(
        name="Real", environment="sod", context_identifier="Cust777", client_id="x"
    )
    assert sync.copy_state(other).sale_count == 0
    assert sync.start_sync(other, Sync.Kind.CHANGES).kind == Sync.Kind.FULL
    assert sync.start_sync(whole.connection, Sync.Kind.CHANGES).kind == Sync.Kind.CHANGES


# --- What a report needs ------------------------------------------------------------------------------


def test_a_report_reads_first_and_uses_a_young_reading_again(
    demo_tenant: DemoTenant, connection: Connection
) -> None:
    first = sync.bring_up_to_date(connection, until=float("inf"))
    assert first is not None
    assert first.status == Sync.Status.SUCCEEDED
    demo_tenant.forget_requests()
    assert sync.bring_up_to_date(connection, until=float("inf")) == first
    assert demo_tenant.requests == []
    Sync.objects.update(finished_at=timezone.now() - timedelta(minutes=6))
    second = sync.bring_up_to_date(connection, until=float("inf"))
    assert second is not None
    assert (second.pk != first.pk, second.kind) == (True, Sync.Kind.CHANGES)


def test_a_report_whose_time_is_up_comes_again(connection: Connection) -> None:
    done, slices = None, 0
    while done is None:
        done = sync.bring_up_to_date(connection, until=0.0)
        slices += 1
    assert (done.status, Sync.objects.count()) == (Sync.Status.SUCCEEDED, 1)
    assert slices > 3


def test_a_report_stands_on_a_failed_reading_too_and_the_next_one_tries_again(
    demo_tenant: DemoTenant, whole: Sync
) -> None:
    Sync.objects.update(finished_at=timezone.now() - timedelta(minutes=6))
    demo_tenant.faults.answer_html("/Sale")
    began = timezone.now()
    failed = sync.bring_up_to_date(whole.connection, until=float("inf"), since=began)
    assert failed is not None
    assert failed.status == Sync.Status.FAILED
    assert sync.bring_up_to_date(whole.connection, until=float("inf"), since=began) == failed
    demo_tenant.faults.clear()
    good = sync.bring_up_to_date(whole.connection, until=float("inf"), since=timezone.now())
    assert good is not None
    assert good.status == Sync.Status.SUCCEEDED


def test_a_report_waits_for_what_another_worker_reads(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reports.local_copy.sync._LOOK_AGAIN_SECONDS", 0.01)
    started = sync.start_sync(connection, Sync.Kind.FULL)
    claimed = claims.claim(Sync, started.pk, timezone.now())
    assert claimed is not None
    assert sync.bring_up_to_date(connection, until=0.0) is None
    looks = []

    def finish_at_the_third(_cluster: str) -> None:
        looks.append(1)
        if len(looks) == 3:
            claims.finish(claimed, Sync.Status.SUCCEEDED)

    monkeypatch.setattr("reports.local_copy.sync.beat", finish_at_the_third)
    done = sync.bring_up_to_date(connection, until=float("inf"))
    assert done is not None
    assert (done.pk, len(looks)) == (started.pk, 3)


def test_the_worker_runs_a_reading_by_its_number(connection: Connection) -> None:
    started = sync.start_sync(connection, Sync.Kind.FULL)
    tasks.work_on_sync(started.pk)
    started.refresh_from_db()
    assert started.status == Sync.Status.SUCCEEDED
