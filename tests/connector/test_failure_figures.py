"""What the log says about a span of time: round steps, right counts, the story around a call."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from connector import failures as figures
from connector.failures import SPANS, Window, window
from connector.models import ApiCall, Connection
from tests.connector.test_failures import failed, stored


@pytest.fixture
def row(db: None) -> Connection:
    return Connection.objects.create(name="Ours", environment="stage", context_identifier="Cust777")


def test_the_slowest_operations_come_first_with_average_and_95th_percentile(row: Connection) -> None:
    for milliseconds in range(1, 101):
        stored(row, operation="Sale", milliseconds=milliseconds * 10)
    stored(row, operation="Person/{id}", milliseconds=7)
    speeds = figures.slowest(ApiCall.objects.all())
    assert [(speed.operation, speed.count, speed.average, speed.percentile_95) for speed in speeds] == [
        ("Sale", 100, 505, 950),
        ("Person/{id}", 1, 7, 7),
    ]


@pytest.mark.parametrize("name", SPANS)
@pytest.mark.parametrize(
    "now", [datetime(2026, 11, 20, 13, 2, 10, 5, tzinfo=UTC), datetime(2026, 10, 25, 1, 30, tzinfo=UTC)]
)
def test_the_steps_of_a_span_begin_at_round_times_and_cover_it(name: str, now: datetime) -> None:
    span, found = SPANS[name], window(SPANS[name], now)
    moments = found.moments()
    assert moments[0] <= now - span.length
    assert moments[-1] <= now < moments[-1] + span.step
    assert 24 <= len(moments) <= 33
    first = moments[0].astimezone(ZoneInfo("Europe/Berlin"))
    assert first.second == first.microsecond == 0
    if span.step >= timedelta(hours=1):
        assert first.minute == 0
    if span.step >= timedelta(days=1):
        assert first.hour == 0


def test_each_call_is_in_its_step_also_at_the_edges(row: Connection) -> None:
    since = datetime(2026, 11, 20, 13, 0, tzinfo=UTC)
    moments = ["13:00:00", "13:00:59.999999", "13:01:00", "13:02:59"]
    for moment in moments:
        stored(row, at=datetime.fromisoformat(f"2026-11-20T{moment}+00:00"))
    failed(row, at=datetime(2026, 11, 20, 13, 2, tzinfo=UTC))
    stored(row, at=since - timedelta(microseconds=1))
    found = figures.steps(ApiCall.objects.all(), Window(since, timedelta(minutes=1), 4))
    assert [(step.count, step.failed_count) for step in found] == [(2, 0), (1, 0), (2, 1), (0, 0)]


def test_a_later_call_of_the_same_kind_is_no_next_attempt(row: Connection) -> None:
    first = failed(row, 8, job="run-1")
    stored(row, 7, job="run-1")
    stored(row, 6, job="run-1", attempt=2)
    assert figures.next_attempt(first, figures.story(first)) is None


def test_a_long_story_shows_what_is_around_the_call(row: Connection) -> None:
    calls = [stored(row, 20, job="run-1") for _ in range(250)]
    story = figures.story(calls[150])
    assert [call.pk for call in story] == [call.pk for call in calls[51:250]]
