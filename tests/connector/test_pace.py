"""One pace for all processes: what is counted, who waits, and what happens without a database."""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import nullcontext
from typing import Any
from urllib.parse import quote

import pytest
from django.db import connection as database
from django.db import connections
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import DjangoAssertNumQueries

from connector import pace as pace_module
from connector.context import job_context
from connector.models import CallPace, Connection
from connector.pace import FARTHEST, SECOND, SharedPace, tenant_name, with_next
from connector.problems import problem_code
from connector.superoffice.errors import Busy, RateLimited
from tests.connector.superoffice.conftest import Time

PROCESSES, LIMIT, CALLS = 4, 20, 15


def tenant(name: str = "Cust777", **values: Any) -> Connection:
    return Connection(environment=Connection.Environment.SOD, context_identifier=name, **values)


@pytest.fixture
def time() -> Time:
    clock = Time()
    clock.now = 1_800_000_000.0
    return clock


def shared(time: Time, calls: int = 10, connection: Connection | None = None) -> SharedPace:
    return SharedPace(connection or tenant(), calls=calls, clock=time.clock, sleep=time.sleep)


def check_pace(starts: list[float], limit: int) -> None:
    for earlier, later in zip(starts, starts[limit:], strict=False):
        assert later - earlier >= 1.0


# --- The rule ---------------------------------------------------------------------------------------------


@given(st.integers(1, 12), st.lists(st.floats(0, 3), min_size=1, max_size=60))
def test_however_calls_arrive_no_second_has_more_than_allowed(calls: int, pauses: list[float]) -> None:
    now = 1000.0
    starts: list[float] = []
    kept: list[float] = []
    for pause in pauses:
        now += pause if pause > 1 else 0  # most of them come in crowds
        start, kept = with_next(kept, calls, now=now)
        assert start >= now
        starts.append(start)
    check_pace(sorted(starts), calls)


def test_a_clock_that_was_put_back_blocks_nobody_and_the_pace_goes_on() -> None:
    kept = [5000.0 + number / 10 for number in range(10)]
    starts = []
    for _ in range(30):
        start, kept = with_next(kept, 10, now=1000.0)
        starts.append(start)
    assert starts[:10] == [1000.0] * 10
    check_pace(starts, 10)


def test_a_clock_that_was_put_back_a_little_costs_a_minute_at_most() -> None:
    ahead = [1000.0 + FARTHEST - SECOND] * 10
    assert with_next(ahead, 10, now=1000.0)[0] == 1000.0 + FARTHEST


def test_a_slot_too_far_ahead_is_refused_with_the_time_it_would_take() -> None:
    with pytest.raises(RateLimited) as caught:
        with_next([1000.0 + FARTHEST] * 10, 10, now=1000.0)
    assert caught.value.retry_after == pytest.approx(FARTHEST + SECOND)


def test_no_more_is_kept_than_counts() -> None:
    assert with_next([1.0, 2.0, 999.5, 999.6], 10, now=1000.0)[1] == [999.5, 999.6, 1000.0]
    assert len(with_next([999.5] * 40, 10, now=1000.0)[1]) == 10


@pytest.mark.parametrize(
    ("values", "name"),
    [
        ({}, "sod.superoffice.com cust777"),
        ({"login_url": "http://127.0.0.1:18001"}, "127.0.0.1:18001 cust777"),
        (
            {"environment": "onsite", "base_url": "https://crm.example/SuperOffice/"},
            "crm.example/superoffice cust777",
        ),
    ],
)
def test_calls_are_counted_by_host_and_tenant(values: dict[str, str], name: str) -> None:
    connection = tenant()
    for field, value in values.items():
        setattr(connection, field, value)
    assert tenant_name(connection) == name


# --- The row ----------------------------------------------------------------------------------------------


def test_ten_calls_go_at_once_and_the_next_ones_wait(db: None, time: Time) -> None:
    pace, starts = shared(time), []
    for _ in range(35):
        pace.wait()
        starts.append(time.now)
    assert starts[9] == starts[0]
    check_pace(starts, 10)
    assert starts[34] - starts[0] == pytest.approx(3 * SECOND)
    assert len(CallPace.objects.get().starts) <= 10


def test_two_connections_to_one_tenant_share_a_pace_and_another_tenant_has_its_own(
    db: None, time: Time
) -> None:
    one, twin, other = shared(time), shared(time), shared(time, connection=tenant("Cust888"))
    for _ in range(5):
        one.wait()
        twin.wait()
    assert time.sleeps == []
    other.wait()
    assert time.sleeps == []
    one.wait()
    assert time.sleeps == [pytest.approx(SECOND)]


def test_a_reservation_costs_two_statements(
    db: None, time: Time, django_assert_num_queries: DjangoAssertNumQueries, monkeypatch: pytest.MonkeyPatch
) -> None:
    pace = shared(time)
    pace.wait()
    monkeypatch.setattr(pace_module, "_shield", nullcontext)  # as in production: outside of a transaction
    with django_assert_num_queries(2):
        pace.wait()


def test_who_sleeps_too_long_takes_another_slot(db: None, time: Time) -> None:
    class Overslept(Time):
        def sleep(self, seconds: float) -> None:
            super().sleep(seconds + (0.5 if len(self.sleeps) == 0 else 0))

    late = Overslept()
    pace = shared(late, calls=1)
    pace.wait()
    pace.wait()
    starts = CallPace.objects.get().starts
    assert len(late.sleeps) == 2
    assert starts == [pytest.approx(late.now)], "what it missed is not used"


def test_a_queue_of_more_than_a_minute_is_refused(db: None, time: Time) -> None:
    pace = SharedPace(tenant(), calls=1, clock=time.clock, sleep=lambda seconds: None)
    for _ in range(58):
        pace.wait()
    with pytest.raises(RateLimited):
        pace.wait()
    assert CallPace.objects.get().starts[-1] <= time.now + FARTHEST


def reserve(count: int, time: Time) -> None:
    """What so many others take."""
    for _ in range(count):
        shared(time, calls=1)._reserve()


def test_a_page_waits_ten_seconds_at_most_and_leaves_the_slot_to_others(db: None, time: Time) -> None:
    pace = shared(time, calls=1)
    reserve(3, time)
    with job_context("request"):
        pace.wait()
        assert sum(time.sleeps) == pytest.approx(3 * SECOND)
        reserve(10, time)
        row = CallPace.objects.get()
        with pytest.raises(Busy) as caught:
            pace.wait()
    assert caught.value.retry_after is None
    assert problem_code(caught.value) == "busy"
    assert sum(time.sleeps) == pytest.approx(3 * SECOND), "it is told at once"
    assert CallPace.objects.get().starts == row.starts
    pace.wait()
    assert time.sleeps[-1] > 10, "a job has the patience"


def test_a_page_that_misses_its_slots_does_not_begin_to_wait_anew(db: None, time: Time) -> None:
    class Overslept(Time):
        def sleep(self, seconds: float) -> None:
            super().sleep(seconds + 6)
            reserve(8, self)

    late = Overslept()
    pace = shared(late, calls=1)
    with job_context("request"):
        pace.wait()
        with pytest.raises(Busy):
            pace.wait()
    assert len(late.sleeps) == 1


def test_a_queue_of_more_than_a_minute_is_told_a_page_in_its_own_words(db: None, time: Time) -> None:
    with pytest.raises(Busy):
        with_next([1000.0 + FARTHEST] * 10, 10, now=1000.0, latest=1010.0)


def test_somebody_quicker_makes_us_look_again(db: None, time: Time, monkeypatch: pytest.MonkeyPatch) -> None:
    pace, quicker = shared(time, calls=1), shared(time, calls=1)
    pace.wait()
    rule, interruptions = pace_module.with_next, [True]

    def interrupted(starts: list[float], calls: int, **when: float) -> tuple[float, list[float]]:
        if interruptions:
            interruptions.pop()
            quicker._reserve()
        return rule(starts, calls, **when)

    monkeypatch.setattr(pace_module, "with_next", interrupted)
    before = time.now
    assert pace._reserve() - before >= 2.0, "one second for each of the two before it"
    assert CallPace.objects.get().version == 3


# --- Without a database -------------------------------------------------------------------------------------


@pytest.fixture
def broken_table(db: None) -> Iterator[None]:
    """The table is away until the test's transaction is rolled back."""
    pace_module._own_pace.cache_clear()
    with database.cursor() as cursor:
        cursor.execute("ALTER TABLE connector_callpace RENAME TO away")
    yield
    pace_module._own_pace.cache_clear()


def test_without_the_table_the_process_keeps_its_own_pace_and_the_transaction_lives(
    broken_table: None,
    time: Time,
    caplog: pytest.LogCaptureFixture,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    pace = shared(time, calls=1000)
    pace.wait()
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert Connection.objects.count() == 0, "the open transaction can still be used"
    with django_assert_num_queries(0):
        pace.wait()  # a database that has just failed is left alone for a while


def test_a_pace_of_ones_own_is_a_pace_as_well(broken_table: None, monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr(pace_module.time, "sleep", slept.append)
    pace = SharedPace(tenant(), calls=2)
    for _ in range(3):
        pace.wait()
    assert slept == [pytest.approx(1.0, abs=0.2)]


@pytest.mark.once
@pytest.mark.django_db(transaction=True)
def test_a_locked_database_fails_no_call(time: Time, caplog: pytest.LogCaptureFixture) -> None:
    if database.vendor != "sqlite":
        pytest.skip("only SQLite locks the whole database")
    with database.cursor() as cursor:
        cursor.execute("PRAGMA busy_timeout=20")
    lock = sqlite3.connect(database.settings_dict["NAME"], isolation_level=None)
    lock.execute("BEGIN IMMEDIATE")
    try:
        shared(time, calls=1000).wait()
    finally:
        lock.close()
        connections.close_all()  # with its short patience
    assert "keeps its own" in caplog.text
    assert "locked" in caplog.text


# --- Real processes -----------------------------------------------------------------------------------------


def _database_url() -> str:
    values: dict[str, Any] = database.settings_dict
    if database.vendor == "sqlite":
        return f"sqlite:///{values['NAME']}"
    host = quote(str(values["HOST"]), safe="")
    user = f"{values['USER']}:{quote(values['PASSWORD'])}" if values["PASSWORD"] else values["USER"]
    port = f":{values['PORT']}" if values["PORT"] else ""
    return f"postgresql://{user}@{host}{port}/{values['NAME']}"


@pytest.mark.django_db(transaction=True)
def test_four_processes_together_never_exceed_the_limit_in_any_second() -> None:
    environment = {**os.environ, "DATABASE_URL": _database_url()}
    command = [sys.executable, "-m", "tests.connector.pacing_process", "Cust777", str(LIMIT), str(CALLS)]
    connections.close_all()
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    processes = [subprocess.Popen(command, env=environment, **pipes) for _ in range(PROCESSES)]  # type: ignore[call-overload]
    try:
        for process in processes:
            assert process.stdout.readline() == "ready\n"
        for process in processes:
            process.stdin.write("go\n")
            process.stdin.flush()
        moments = [
            float(word) for process in processes for word in process.communicate(timeout=60)[0].split()
        ]
    finally:
        for process in processes:
            process.kill()
            process.wait()
    moments.sort()
    assert len(moments) == PROCESSES * CALLS
    check_pace(moments, LIMIT)
    assert moments[-1] - moments[0] < 8, "and it is not slower than it has to be by much"
