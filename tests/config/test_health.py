"""/healthz says that the process answers, /readyz that it can work, and neither says too much."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from connector.heartbeat import beat
from connector.models import Heartbeat
from tests.conftest import People


def test_healthz_needs_no_database_and_no_login(client: Client) -> None:
    answer = client.get("/healthz")  # without a database mark any query would fail
    assert (answer.status_code, answer.content) == (200, b"ok\n")
    assert "no-store" in answer["Cache-Control"]


@pytest.mark.django_db
def test_readyz_is_200_while_both_clusters_give_signs_of_life(client: Client) -> None:
    assert client.get("/readyz").status_code == 503
    beat("mail")
    assert client.get("/readyz").status_code == 503
    beat("reports")
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()) == (200, {"ready": True})


@pytest.mark.django_db
def test_readyz_is_503_when_a_cluster_is_silent(client: Client, settings: Settings) -> None:
    beat("mail")
    beat("reports")
    before = timezone.now() - timedelta(seconds=2 * settings.WATCHDOG_SECONDS + 1)
    Heartbeat.objects.filter(pk="mail").update(beat_at=before)
    assert client.get("/readyz").status_code == 503


@pytest.mark.django_db
def test_readyz_is_503_without_a_database(client: Client) -> None:
    def broken(*_args: Any) -> Any:
        raise OperationalError("no such host")

    with connection.execute_wrapper(broken):
        answer = client.get("/readyz")
    assert (answer.status_code, answer.json()) == (503, {"ready": False})


@pytest.mark.django_db
def test_readyz_is_503_while_a_migration_is_missing(client: Client, people: People) -> None:
    beat("mail")
    beat("reports")
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'outreach'")
    assert client.get("/readyz").status_code == 503


def test_readyz_gives_its_reasons_to_administrators_only(client: Client, people: People) -> None:
    for user in (people.viewer, people.approver, people.jonas, people.outsider):
        client.force_login(user)
        assert client.get("/readyz").json() == {"ready": False}
    client.force_login(people.administrator)
    troubles = client.get("/readyz").json()["troubles"]
    assert troubles == {"worker mail": "no sign of life", "worker reports": "no sign of life"}


def test_neither_answers_to_post(client: Client) -> None:
    assert client.post("/healthz").status_code == 405
    assert client.post("/readyz").status_code == 405


def test_healthz_asks_nothing(
    client: Client, db: None, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(0):
        client.get("/healthz")
