"""Runs that an earlier tenant left behind are out of reach."""

import pytest
from django.test import Client
from django.urls import reverse

from connector.models import Connection
from reports.models import Report, Run
from reports.runs import services
from tests.conftest import People


@pytest.fixture
def jonas(client: Client, people: People) -> Client:
    client.force_login(people.jonas)
    return client


def _move_on() -> Connection:
    """Another tenant is in use from now on; the demo one is still there and active."""
    return Connection.objects.create(
        name="Real", environment="sod", context_identifier="Cust777", client_id="x"
    )


@pytest.mark.parametrize("name", ["run", "run_progress", "run_csv"])
def test_a_run_of_another_tenant_does_not_exist(jonas: Client, finished_run: Run, name: str) -> None:
    url = reverse(name, args=[finished_run.pk, "data"] if name == "run_csv" else [finished_run.pk])
    assert jonas.get(url).status_code == 200
    _move_on()
    assert jonas.get(url).status_code == 404


def test_a_run_of_another_tenant_cannot_be_cancelled(
    jonas: Client, report: Report, connection: Connection
) -> None:
    run = services.start_run(report=report)
    assert run is not None
    other = _move_on()
    url = reverse("run_cancel", args=[run.pk])
    assert jonas.post(url).status_code == 404
    run.refresh_from_db()
    assert run.status == Run.Status.QUEUED
    other.delete()
    assert jonas.post(url).status_code == 302
    run.refresh_from_db()
    assert run.status == Run.Status.CANCELLED


def test_a_run_of_another_tenant_that_is_still_going_on_is_not_shown_and_gives_way(
    jonas: Client, report: Report, connection: Connection
) -> None:
    run = services.start_run(report=report)
    assert run is not None
    other = _move_on()
    page = jonas.get(reverse("report", args=[report.pk])).content.decode()
    assert reverse("run_progress", args=[run.pk]) not in page
    answer = jonas.post(reverse("report_run", args=[report.pk]))
    mine = Run.objects.get(connection=other)
    assert answer["Location"] == reverse("run", args=[mine.pk])
    run.refresh_from_db()
    assert (run.status, mine.status) == (Run.Status.CANCELLED, Run.Status.QUEUED)
