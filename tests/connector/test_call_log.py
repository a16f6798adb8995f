"""The log of calls: what is kept, when it is written, and that it never stops a call."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection as database
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries
from pytest_django.fixtures import Settings

from connector import tasks
from connector.call_log import WAITING, StoredCalls, prune_calls
from connector.context import acting, job_context
from connector.demo.tenant import DemoTenant
from connector.models import ApiCall, Connection
from connector.services import open_client
from connector.superoffice import errors
from connector.superoffice.calls import Call

MOMENT = datetime(2026, 11, 20, 13, 2, 10, tzinfo=UTC)


def call(**changes: Any) -> Call:
    values: dict[str, Any] = {
        "at": MOMENT,
        "method": "GET",
        "operation": "Person/{id}",
        "asked": "$select=name",
        "status": 200,
        "outcome": "ok",
        "seconds": 0.1234,
        "byte_count": 4711,
        "attempt": 1,
        "operation_id": "op-77",
        "error_type": "",
        "detail": "",
    }
    return Call(**{**values, **changes})


FAILED = call(status=500, outcome="server_error", error_type="SoException", detail="Not now", attempt=2)


@pytest.fixture
def row(db: None) -> Connection:
    return Connection.objects.create(name="Ours", environment="stage", context_identifier="Cust777")


@pytest.fixture
def log(row: Connection) -> Iterator[StoredCalls]:
    log = StoredCalls(row)
    yield log
    log.close()


def test_a_call_is_kept_with_all_that_is_told_about_it(log: StoredCalls, row: Connection) -> None:
    log.note(FAILED)
    kept = ApiCall.objects.get()
    assert (kept.connection, kept.environment, kept.at) == (row, "stage", MOMENT)
    assert (kept.method, kept.operation, kept.asked) == ("GET", "Person/{id}", "$select=name")
    assert (kept.status, kept.outcome, kept.attempt) == (500, "server_error", 2)
    assert (kept.error_type, kept.detail, kept.operation_id) == ("SoException", "Not now", "op-77")
    assert (kept.milliseconds, kept.byte_count) == (123, 4711)
    assert (kept.job, kept.user) == ("", None)


def test_good_calls_wait_until_there_are_many(
    log: StoredCalls, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(0):
        for _ in range(WAITING - 1):
            log.note(call())
    log.note(call())
    assert ApiCall.objects.count() == WAITING


def test_a_failed_call_is_written_at_once_after_those_before_it(log: StoredCalls) -> None:
    log.note(call(operation="Sale"))
    log.note(FAILED)
    log.note(call(operation="Document"))
    assert list(ApiCall.objects.order_by("pk").values_list("operation", flat=True)) == ["Sale", "Person/{id}"]


def test_closing_writes_the_rest_once(log: StoredCalls) -> None:
    log.note(call())
    log.close()
    log.close()
    assert ApiCall.objects.count() == 1


def test_the_job_and_the_person_are_named(log: StoredCalls, django_user_model: type[User]) -> None:
    user = django_user_model.objects.create(username="jonas")
    with job_context("run") as job, acting(user.pk):
        log.note(FAILED)
    kept = ApiCall.objects.get()
    assert (kept.job, kept.user) == (job, user)


def test_a_thread_of_the_client_works_for_whoever_opened_it(
    row: Connection, django_user_model: type[User]
) -> None:
    user = django_user_model.objects.create(username="jonas")
    with job_context("run") as job, acting(user.pk):
        log = StoredCalls(row)
    thread = threading.Thread(target=lambda: log.note(call()))
    thread.start()
    thread.join()
    log.close()
    kept = ApiCall.objects.get()
    assert (kept.job, kept.user) == (job, user)


def test_threads_lose_no_call_and_write_none_twice(log: StoredCalls) -> None:
    def work() -> None:
        for _ in range(6):
            log.note(call())

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    log.close()
    assert ApiCall.objects.count() == 48


# --- A log must not stop what it describes ------------------------------------------------------------------


def test_a_database_that_refuses_costs_the_rows_and_nothing_else(
    log: StoredCalls, caplog: pytest.LogCaptureFixture
) -> None:
    with database.cursor() as cursor:
        cursor.execute("ALTER TABLE connector_apicall RENAME TO away")
    log.note(call())
    log.note(FAILED)
    assert "2 calls are missing in the log" in caplog.text
    assert Connection.objects.count() == 1, "the open transaction can still be used"
    with database.cursor() as cursor:
        cursor.execute("ALTER TABLE away RENAME TO connector_apicall")
    log.note(FAILED)
    assert ApiCall.objects.count() == 1


def test_a_row_that_points_to_nobody_does_not_break_the_transaction_around_it(
    row: Connection, caplog: pytest.LogCaptureFixture
) -> None:
    log = StoredCalls(row)
    with acting(987_654):
        log.note(FAILED)
    assert "1 calls are missing in the log" in caplog.text
    database.check_constraints()
    assert ApiCall.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_a_row_that_points_to_nobody_is_lost_outside_of_a_transaction_too(
    caplog: pytest.LogCaptureFixture,
) -> None:
    row = Connection.objects.create(name="Ours", environment="stage", context_identifier="Cust777")
    log = StoredCalls(row)
    Connection.objects.all().delete()
    log.note(FAILED)
    assert "missing in the log" in caplog.text
    assert ApiCall.objects.count() == 0


def test_values_longer_than_their_columns_are_cut(log: StoredCalls) -> None:
    log.note(
        call(
            operation="Person/" * 100,
            operation_id="x" * 500,
            error_type="y" * 500,
            seconds=-1.0,
            outcome="z" * 99,
        )
    )
    kept = ApiCall.objects.get()
    kept.full_clean(exclude=["connection", "user"])
    assert kept.milliseconds == 0


# --- A client's calls -------------------------------------------------------------------------------------


def test_every_call_of_a_client_is_in_the_log(connection: Connection, people: Any) -> None:
    with job_context("check") as job, acting(people.jonas.pk), open_client(connection) as client:
        client.current_user()
        assert ApiCall.objects.count() == 0, "they wait"
    kept = ApiCall.objects.order_by("pk")
    assert [one.operation for one in kept][-1] == "User/currentPrincipal"
    assert {"/api/state/{tenant}", "/login/common/oauth/tokens"} <= {one.operation for one in kept}
    assert {(one.outcome, one.job, one.user) for one in kept} == {("ok", job, people.jonas)}
    assert all(one.byte_count > 0 for one in kept)
    assert timezone.now() - kept[0].at < timedelta(minutes=1)


def test_a_failure_of_a_client_is_kept_with_superoffices_words(
    connection: Connection, demo_tenant: DemoTenant
) -> None:
    demo_tenant.faults.answer_html("/User")
    with open_client(connection) as client, pytest.raises(errors.UnexpectedAnswer):
        client.current_user()
    kept = ApiCall.objects.failed().get()
    assert (kept.operation, kept.outcome, kept.error_type) == (
        "User/currentPrincipal",
        "unexpected_answer",
        "html",
    )
    assert kept.detail


def test_no_row_has_a_secret(connection: Connection, demo_tenant: DemoTenant) -> None:
    demo_tenant.faults.refresh_token_revoked = True
    with open_client(connection) as client, pytest.raises(errors.NeedsConsent):
        client.current_user()
    told = repr(list(ApiCall.objects.values()))
    assert "invalid_grant" in told
    for secret in (demo_tenant.client_secret, demo_tenant.refresh_token):
        assert secret not in told


# --- Pruning ----------------------------------------------------------------------------------------------


def stored(connection: Connection, days: float, count: int = 1) -> None:
    at = timezone.now() - timedelta(days=days)
    values = {"connection": connection, "environment": "stage", "method": "GET", "operation": "Sale"}
    ApiCall.objects.bulk_create(ApiCall(at=at, outcome="ok", milliseconds=1, **values) for _ in range(count))


def test_calls_older_than_ninety_days_go_in_batches(
    row: Connection, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    stored(row, 91, 2500)
    stored(row, 89, 3)
    with django_assert_num_queries(7):  # three batches of two statements, and the look that finds nothing
        assert prune_calls(timezone.now()) == 2500
    assert ApiCall.objects.count() == 3


def test_the_task_prunes_by_the_setting(row: Connection, settings: Settings) -> None:
    settings.CALL_LOG_DAYS = 1
    stored(row, 2)
    stored(row, 0.5)
    tasks.prune_calls()
    assert ApiCall.objects.count() == 1


def test_pruning_stops_with_the_worker(
    row: Connection, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    stored(row, 91)
    monkeypatch.setenv("DESK_STOP_FILE", str(tmp_path))
    assert prune_calls(timezone.now()) == 0
    assert ApiCall.objects.count() == 1
