"""Beside figures from a local copy with gaps stands that it has them; and one cause is told in one box."""

import html
import re
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.db import connection as database
from django.template.loader import render_to_string
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from connector.demo.tenant import DemoTenant
from connector.models import Connection
from reports.local_copy import sync
from reports.local_copy.progress import SILENT_AFTER, silent_since
from reports.models import LocalCopy, Report, Run, Sync
from tests.conftest import People

pytestmark = pytest.mark.once

FIGURES = ["keyword_catalogue", "keyword_headings", "keyword_labels"]


@pytest.fixture
def whole(connection: Connection) -> Connection:
    sync.work_on_sync(sync.start_sync(connection, Sync.Kind.FULL).pk)
    return connection


@pytest.fixture
def jonas(client: Client, people: People) -> Client:
    client.force_login(people.jonas)
    return client


def page_of(client: Client, address: str, **query: str) -> str:
    answer = client.get(address, query)
    assert answer.status_code == 200
    return re.sub(r"\s+", " ", html.unescape(answer.content.decode()))


def ended(connection: Connection, status: str, **values: object) -> Sync:
    now = timezone.now()
    kept: dict[str, object] = {"started_at": now, "finished_at": now, "page_count": 1, **values}
    return Sync.objects.create(connection=connection, kind="changes", status=status, **kept)


# --- Figures ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", FIGURES)
def test_pages_with_figures_say_that_the_copy_has_gaps(name: str, jonas: Client, whole: Connection) -> None:
    assert "data-copy-gap" not in page_of(jonas, reverse(name))
    ended(whole, "incomplete", problem_code="unreachable", problem_at=timezone.now())
    page = page_of(jonas, reverse(name))
    assert page.count("data-copy-gap") == 1
    assert "the last reading of SuperOffice did not come to its end" in page
    LocalCopy.objects.update(complete_at=None)
    assert re.search(r"only [\d,]+ sales have been read", page_of(jonas, reverse(name)))


def test_the_answer_of_a_preview_and_the_count_of_a_report_say_it(jonas: Client, whole: Connection) -> None:
    ended(whole, "failed")
    asked = {"scope": "newest", "limit": "400", "ordered_by": "number"}
    assert "data-copy-gap" in page_of(jonas, reverse("report_count"), **asked)
    shown = SimpleNamespace(sentence="Nothing changes.", warnings=[], groups=[], is_costly=False)
    for name in ("reports/_preview_answer.html", "reports/_preview_panel.html"):
        assert "data-copy-gap" in render_to_string(name, {"shown": shown})


def test_before_anything_is_read_the_pages_speak_for_themselves(
    jonas: Client, connection: Connection
) -> None:
    assert "data-copy-gap" not in page_of(jonas, reverse("keyword_catalogue"))


def test_it_costs_the_same_however_many_readings_there_were(jonas: Client, whole: Connection) -> None:
    address, costs = reverse("keyword_catalogue"), []
    for _count in range(2):
        for _reading in range(5):
            ended(whole, "incomplete")
        jonas.get(address)
        with CaptureQueriesContext(database) as asked:
            jonas.get(address)
        costs.append(len(asked))
    assert costs[0] == costs[1]


# --- One cause, one box -------------------------------------------------------------------------------


def boxes(page: str) -> int:
    return page.split("<main", 1)[1].count('<div class="notice')


def test_a_failed_reading_is_told_in_one_box_with_the_moment_of_the_first_failure(
    jonas: Client, whole: Connection
) -> None:
    now = timezone.now()
    first = now - timedelta(minutes=7)
    Connection.objects.update(problem_code="unreachable", problem_at=first)
    LocalCopy.objects.update(read_at=now - timedelta(hours=1))
    ended(whole, "failed", problem_code="unreachable", problem_at=now)
    page = page_of(jonas, reverse("sales"))
    assert boxes(page) == 1
    box = page.split('<div class="notice', 1)[1].split("<section", 1)[0]
    for words in ("SuperOffice could not be reached", "got nothing", "without a gap", "tries again"):
        assert words in box
    assert f'Since <time datetime="{timezone.localtime(first).isoformat(timespec="seconds")}"' in box
    assert "Complete as of <time" in page
    assert "· complete" not in page


def test_a_trouble_that_is_over_is_not_told_as_if_it_went_on(jonas: Client, whole: Connection) -> None:
    ended(whole, "failed", problem_code="unreachable", problem_at=timezone.now())
    page = page_of(jonas, reverse("sales"))
    assert "That was <time" in page
    assert "Since <time" not in page


@pytest.mark.parametrize("status", ["incomplete", "failed"])
def test_a_run_that_met_a_trouble_has_one_box_about_it(
    status: str, jonas: Client, report: Report, finished_run: Run
) -> None:
    now = timezone.now()
    Run.objects.update(status=status, problem_code="unreachable", problem_at=now)
    page = page_of(jonas, reverse("report", args=[report.pk]))
    assert page.count("SuperOffice could not be reached") == 1
    cause = page.index("SuperOffice could not be reached.")
    effect = page.index("Run it again when the cause is gone")
    assert 0 < effect - cause < 400
    assert "notice" not in page[cause:effect]


# --- While SuperOffice is silent ----------------------------------------------------------------------


def test_a_reading_that_gets_no_answer_says_since_when_and_what_happens_then(
    jonas: Client, connection: Connection
) -> None:
    started = sync.start_sync(connection, Sync.Kind.FULL)
    now = timezone.now()
    values = {"status": "running", "started_at": now, "alive_at": now - timedelta(seconds=40)}
    Sync.objects.filter(pk=started.pk).update(lease_until=now + timedelta(seconds=90), **values)
    page = page_of(jonas, reverse("sync_progress", args=[started.pk]))
    assert "SuperOffice has not answered since <time" in page
    assert "What was read is kept" in page


@pytest.mark.parametrize(
    ("status", "silent", "lease"), [("running", 5, 90), ("queued", 40, 90), ("running", 200, -10)]
)
def test_a_short_wait_and_a_dead_worker_are_no_silence_of_superoffice(
    status: str, silent: int, lease: int
) -> None:
    now = timezone.now()
    reading = Sync(
        status=status, alive_at=now - timedelta(seconds=silent), lease_until=now + timedelta(seconds=lease)
    )
    assert silent_since(reading, now) is None


def test_silence_begins_with_the_last_sign_of_life() -> None:
    now = timezone.now()
    alive_at = now - SILENT_AFTER - timedelta(seconds=1)
    reading = Sync(status="running", alive_at=alive_at, lease_until=now + timedelta(seconds=1))
    assert silent_since(reading, now) == alive_at


# --- The raw entity while SuperOffice hangs -----------------------------------------------------------


def test_a_silent_superoffice_is_answered_with_cause_meaning_and_next_step(
    jonas: Client, whole: Connection, demo_tenant: DemoTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connector.context.PAGE_PATIENCE", 0.2)
    sale_id = max(demo_tenant.story.sales)
    demo_tenant.faults.delay(f"/Sale/{sale_id}", 0.6)
    address = reverse("sale_raw", args=[sale_id])
    for answer in (jonas.get(address), jonas.get(address, headers={"HX-Request": "true"})):
        page = re.sub(r"\s+", " ", html.unescape(answer.content.decode()))
        for words in ("SuperOffice could not be reached.", "still holds", "Ask again in a few minutes."):
            assert words in page
        assert "we try again by ourselves" not in page.split("raw-entity", 1)[1]
        assert "data-raw-ask" in page
