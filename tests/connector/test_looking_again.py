"""A trouble that passes by itself is noticed to be over without anybody's doing."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from django_q.models import Schedule

from config.frame import next_try_at
from config.schedules import LOOK_AGAIN, ensure_schedules
from connector.context import IMPATIENT_JOB, PAGE_PATIENCE, job_context, patience
from connector.demo.tenant import DemoTenant
from connector.looking_again import PASSING
from connector.models import Connection
from connector.problems import PROBLEMS
from connector.superoffice import errors
from connector.tasks import look_again
from reports.models import JobSchedule, LocalCopy, Report
from tests.conftest import People

pytestmark = pytest.mark.once


def in_trouble(connection: Connection, code: str) -> None:
    Connection.objects.filter(pk=connection.pk).update(problem_code=code, problem_at=timezone.now())


@pytest.mark.parametrize("code", sorted(PASSING))
def test_a_passing_trouble_is_over_as_soon_as_superoffice_answers(
    code: str, connection: Connection, demo_tenant: DemoTenant
) -> None:
    in_trouble(connection, code)
    look_again()
    connection.refresh_from_db()
    assert (connection.problem_code, connection.problem_at) == ("", None)
    assert connection.worked_at is not None


def test_while_it_lasts_it_keeps_the_moment_when_it_began(
    connection: Connection, demo_tenant: DemoTenant
) -> None:
    in_trouble(connection, "tenant_not_running")
    connection.refresh_from_db()
    since = connection.problem_at
    demo_tenant.faults.state = "OfflineMaintenance"
    look_again()
    connection.refresh_from_db()
    assert (connection.problem_code, connection.problem_at) == ("tenant_not_running", since)
    # The tenant itself is not bothered while it says that it is down.
    assert not any("currentPrincipal" in request[1] for request in demo_tenant.requests)


@pytest.mark.parametrize("code", ["", "needs_consent", "invalid_client", "wrong_tenant", "forbidden"])
def test_nothing_is_asked_where_asking_again_changes_nothing(
    code: str, connection: Connection, demo_tenant: DemoTenant
) -> None:
    in_trouble(connection, code)
    look_again()
    assert demo_tenant.requests == []
    connection.refresh_from_db()
    assert connection.problem_code == code
    assert next_try_at() is None


@pytest.mark.django_db
def test_without_a_tenant_there_is_nothing_to_ask() -> None:
    look_again()
    assert next_try_at() is None


def test_every_passing_trouble_is_one_that_can_happen_and_has_its_sentence() -> None:
    assert set(PROBLEMS) >= PASSING
    assert {errors.Unreachable.code, errors.TenantNotRunning.code, errors.ServerError.code} <= PASSING


def test_it_is_over_before_the_next_look(connection: Connection) -> None:
    with job_context(IMPATIENT_JOB):
        assert patience(30.0) == PAGE_PATIENCE


def test_the_next_try_is_told_while_a_worker_is_there_to_make_it(connection: Connection) -> None:
    in_trouble(connection, "unreachable")
    assert next_try_at() is None
    ensure_schedules()
    planned = Schedule.objects.get(name=LOOK_AGAIN)
    assert next_try_at() == planned.next_run
    Schedule.objects.update(next_run=timezone.now() - timedelta(minutes=10))
    assert next_try_at() is None


def test_the_top_line_keeps_the_age_of_the_data_and_says_when_the_next_try_is(
    client: Client, people: People, connection: Connection
) -> None:
    in_trouble(connection, "unreachable")
    LocalCopy.objects.create(connection=connection, read_at=timezone.now())
    ensure_schedules()
    client.force_login(people.viewer)
    page = client.get("/").content.decode()
    for words in ("there is a problem", "Next try at ", "Sales read <time"):
        assert words in page
    assert "asks again by itself every minute" in client.get("/connection/").content.decode()


def test_jobs_shows_schedules_by_their_next_moment(client: Client, people: People) -> None:
    at = timezone.localtime() + timedelta(hours=2)
    for hours, job in ((2, "late"), (1, "early")):
        moment = (at + timedelta(hours=hours)).time().replace(second=0, microsecond=0)
        report = Report.objects.create(name=f"Planned {job}")
        JobSchedule.objects.create(job="report", report=report, rhythm="daily", at=moment)
    client.force_login(people.administrator)
    page = client.get("/jobs/").content.decode()
    assert page.index("Planned early") < page.index("Planned late")
