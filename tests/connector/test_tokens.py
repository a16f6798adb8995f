"""One access token for all processes: who renews it, who waits, and what they are told."""

import os
import sys
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connections
from django.utils import timezone

from connector.demo.tenant import DemoTenant
from connector.models import Connection
from connector.services import open_client
from connector.superoffice import errors
from connector.superoffice.auth import AccessToken
from connector.superoffice.types import TenantState
from connector.tokens import StoredState, StoredToken

TOKEN = AccessToken("8A:one", datetime(2030, 1, 1, tzinfo=UTC), "Bearer")
PROCESSES = 20


def refreshes(tenant: DemoTenant) -> int:
    return sum(request.path.endswith("/oauth/tokens") for request in tenant.requests)


def test_a_token_is_read_as_it_was_kept_and_never_in_the_clear(connection: Connection) -> None:
    store = StoredToken(connection)
    assert store.load() is None
    assert store.claim(60)
    store.save(TOKEN)
    assert StoredToken(connection).load() == TOKEN
    store.clear()
    assert store.load() is None


def test_only_one_may_renew_until_it_is_done_or_its_time_is_over(connection: Connection) -> None:
    first, second = StoredToken(connection), StoredToken(connection)
    assert first.claim(60)
    assert not second.claim(60)
    first.save(TOKEN)
    assert second.claim(60)
    Connection.objects.update(renewal_until=timezone.now() - timedelta(seconds=1))
    assert first.claim(60)


def test_who_lost_its_claim_overwrites_nothing(connection: Connection) -> None:
    slow, quick = StoredToken(connection), StoredToken(connection)
    assert slow.claim(60)
    Connection.objects.update(renewal_until=timezone.now() - timedelta(seconds=1))
    assert quick.claim(60)
    slow.save(AccessToken("8A:late", TOKEN.expires_at, "Bearer"))
    slow.fail(errors.NeedsConsent("late"))
    assert quick.load() is None
    quick.save(TOKEN)
    assert quick.load() == TOKEN
    assert quick.failure_since(timezone.now() - timedelta(hours=1)) is None


@pytest.mark.parametrize(
    "error",
    [
        errors.NeedsConsent("revoked", method="POST", path="/login", status=400, error_type="invalid_grant"),
        errors.WrongTenant(expected="Cust1", actual="Cust2"),
        errors.Unreachable("nothing listens there", reason="refused"),
        errors.TenantNotRunning(state="Suspended"),
        errors.ServerError("sorry", retry_after=3.0, status=503),
    ],
    ids=lambda error: error.code,
)
def test_a_failure_is_told_to_those_who_waited_for_it(
    connection: Connection, error: errors.SuperOfficeError
) -> None:
    began = timezone.now()
    store = StoredToken(connection)
    assert store.claim(60)
    assert store.failure_since(began) is None
    store.fail(error)
    told = StoredToken(connection).failure_since(began)
    assert type(told) is type(error)
    assert str(told) == str(error)
    assert store.failure_since(timezone.now() + timedelta(seconds=1)) is None
    assert store.claim(60)


def test_the_tenants_place_is_shared(connection: Connection, demo_tenant: DemoTenant) -> None:
    until = datetime(2030, 1, 1, 12, 30, tzinfo=UTC)
    state = TenantState(
        "Running", is_running=True, endpoint="http://h/C", api="http://h/C/api", valid_until=until
    )
    StoredState(connection).save(state, until)
    assert StoredState(connection).load() == (state, until)
    Connection.objects.update(tenant_state=None)
    for _ in range(2):
        with open_client(connection) as client:
            client.current_user()
    asked = [request for request in demo_tenant.requests if request.path.startswith("/api/state/")]
    assert len(asked) == 1


def in_a_process_of_its_own(connection: Connection) -> int:
    """The process id of a copy of this process that asks SuperOffice one question and exits with 0."""
    child = os.fork()
    if child:
        return child
    status = 1
    try:
        connections.close_all()  # not usable on this side of the fork
        with open_client(connection) as client:
            client.current_user()
        status = 0
    except errors.NeedsConsent:
        status = 3
    finally:
        connections.close_all()
        sys.stderr.flush()
        os._exit(status)


def answers_of(processes: list[int]) -> list[int]:
    return [os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) for process in processes]


@pytest.mark.django_db(transaction=True)
def test_twenty_processes_that_find_an_expired_token_make_one_refresh(
    connection: Connection, demo_tenant: DemoTenant
) -> None:
    with open_client(connection) as client:
        client.current_user()
    Connection.objects.update(access_token_expires_at=timezone.now() - timedelta(seconds=1))
    demo_tenant.forget_requests()
    demo_tenant.faults.delay("/login/common/oauth/tokens", 0.3)
    connections.close_all()
    assert answers_of([in_a_process_of_its_own(connection) for _ in range(PROCESSES)]) == [0] * PROCESSES
    assert refreshes(demo_tenant) == 1


@pytest.mark.django_db(transaction=True)
def test_processes_that_wait_for_a_refused_refresh_do_not_repeat_it(
    connection: Connection, demo_tenant: DemoTenant
) -> None:
    demo_tenant.faults.refresh_token_revoked = True
    demo_tenant.faults.delay("/login/common/oauth/tokens", 1.0)
    with open_client(connection) as client:
        client.tenant_state()
    connections.close_all()
    assert answers_of([in_a_process_of_its_own(connection) for _ in range(8)]) == [3] * 8
    assert refreshes(demo_tenant) <= 2  # a process that starts after the first refusal may ask once more
