"""One access token for all processes: who renews it, who waits, and what they are told."""

import os
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connections
from django.utils import timezone

from connector import services
from connector.context import job_context
from connector.demo.tenant import DemoTenant
from connector.models import Connection, PersonalSignIn
from connector.services import FORGOTTEN, open_client
from connector.superoffice import errors
from connector.superoffice.auth import AccessToken
from connector.superoffice.types import TenantState
from connector.tokens import StoredState, StoredToken, _all_kinds, _revived
from tests.conftest import People

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


# --- While the settings change ------------------------------------------------------------------------


@pytest.fixture
def elsewhere() -> Iterator[DemoTenant]:
    with DemoTenant() as other:
        yield other


def authorizations(tenant: DemoTenant) -> set[str]:
    return {request.headers.get("Authorization", "") for request in tenant.requests} - {""}


def test_a_client_that_is_open_while_the_connection_moves_learns_and_keeps_nothing(
    connection: Connection, demo_tenant: DemoTenant, elsewhere: DemoTenant
) -> None:
    with open_client(connection) as old:
        old.current_user()
        Connection.objects.update(**FORGOTTEN, login_url=elsewhere.login_url)
        moved = Connection.objects.get()
        with open_client(moved) as new:
            new.current_user()
        row = Connection.objects.values().get()
        demo_tenant.forget_requests()
        for question in (old.current_user, old.renew_now, old.tenant_state):
            with pytest.raises(errors.SettingsChanged):
                question()
    assert authorizations(demo_tenant) == set()
    assert Connection.objects.values().get() == row
    with open_client(moved) as new:
        new.current_user()
    assert not [seen for seen in demo_tenant.requests if "/v1/" in seen.path]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("environment", "stage"),
        ("login_url", "https://sod.superoffice.com"),
        ("base_url", "https://crm.example/SuperOffice"),
        ("context_identifier", "Cust99999"),
        ("client_id", "another"),
        ("way_in", "system_user"),
        ("settings_version", 7),
    ],
)
def test_each_setting_that_changes_ends_a_store(connection: Connection, name: str, value: str | int) -> None:
    token, state = StoredToken(connection), StoredState(connection)
    token.put(TOKEN)
    assert token.claim(60)
    Connection.objects.update(**{name: value})
    row = Connection.objects.values().get()
    here = TenantState("Running", is_running=True, endpoint="http://h", api="http://h/api", valid_until=None)
    for refused in (
        token.load,
        lambda: token.save(AccessToken("8A:late", TOKEN.expires_at)),
        lambda: token.failure_since(timezone.now()),
        state.load,
        lambda: state.save(here, TOKEN.expires_at),
    ):
        with pytest.raises(errors.SettingsChanged):
            refused()
    token.fail(errors.NeedsConsent("late"))
    token.put(AccessToken("8A:late", TOKEN.expires_at))
    token.extend(60)
    token.clear()
    assert not token.claim(60)
    assert Connection.objects.values().get() == row


def test_a_changed_secret_or_a_new_sign_in_ends_an_old_client_at_once(connection: Connection) -> None:
    with open_client(connection) as old:
        old.current_user()
        Connection.objects.update(**FORGOTTEN, client_secret="another")
        began = time.monotonic()
        with pytest.raises(errors.SettingsChanged):
            old.current_user()
        assert time.monotonic() - began < 5
    assert Connection.objects.get().settings_version == 1


@pytest.fixture
def own(connection: Connection, people: People) -> PersonalSignIn:
    return PersonalSignIn.objects.create(
        user=people.jonas,
        connection=connection,
        associate_id=3,
        refresh_token=connection.refresh_token,
        signed_in_at=timezone.now(),
    )


@pytest.mark.parametrize("change", ["connection", "sign-in", "forgotten"])
def test_somebodys_own_client_ends_with_the_connections_settings_and_with_its_own(
    connection: Connection, own: PersonalSignIn, change: str
) -> None:
    with open_client(connection, own) as client:
        client.current_user()
        assert PersonalSignIn.objects.get().access_token
        if change == "connection":
            Connection.objects.update(client_id="another")
        elif change == "sign-in":
            PersonalSignIn.objects.update(settings_version=1)
        else:
            PersonalSignIn.objects.all().delete()
        with pytest.raises(errors.SettingsChanged):
            client.current_user()


@pytest.mark.parametrize("is_own", [False, True])
def test_a_refresh_token_that_is_handed_out_is_kept_for_the_settings_it_belongs_to(
    connection: Connection, own: PersonalSignIn, is_own: bool
) -> None:
    model, holder = (PersonalSignIn, own) if is_own else (Connection, None)
    services._keep_refresh_token(connection, holder, "the-next-one")
    assert model.objects.get().refresh_token == "the-next-one"
    Connection.objects.update(context_identifier="Cust99999")
    with pytest.raises(errors.SettingsChanged):
        services._keep_refresh_token(connection, holder, "of-the-old-tenant")
    assert model.objects.get().refresh_token == "the-next-one"


def test_a_check_that_was_overtaken_by_a_change_is_told_and_writes_nothing(
    connection: Connection, elsewhere: DemoTenant
) -> None:
    Connection.objects.update(**FORGOTTEN, login_url=elsewhere.login_url)
    row = Connection.objects.values().get()
    trouble = services.check_connection(connection)
    assert trouble is not None
    assert trouble.code == "settings_changed"
    assert Connection.objects.values().get() == row


# --- A holder that fails or dies ----------------------------------------------------------------------


@pytest.mark.parametrize("retry_after", [float("nan"), float("inf")])
def test_a_failure_that_cannot_be_stored_ends_the_claim_all_the_same(
    connection: Connection, retry_after: float
) -> None:
    began, store = timezone.now(), StoredToken(connection)
    assert store.claim(60)
    store.fail(errors.RateLimited("sorry", retry_after=retry_after))
    told = store.failure_since(began)
    assert type(told) is errors.RateLimited
    assert (str(told), told.retry_after) == (errors.RateLimited.summary, None)
    assert store.claim(60)


@pytest.mark.parametrize("detail", ["a\0b", "a\ud800b"])
def test_odd_characters_in_a_failure_do_not_keep_the_claim(connection: Connection, detail: str) -> None:
    began, store = timezone.now(), StoredToken(connection)
    assert store.claim(60)
    store.fail(errors.WrongTenant(expected="Cust1", actual=detail))
    assert type(store.failure_since(began)) is errors.WrongTenant
    assert store.claim(60)


def test_every_failure_can_be_told_by_its_code_alone() -> None:
    for kind in _all_kinds(errors.SuperOfficeError):
        if kind.__module__ == errors.__name__:
            told = _revived({"code": kind.code, "known": {}})
            assert type(told) is kind
            assert str(told) == kind.summary


def test_a_claim_is_extended_by_its_holder_only(connection: Connection) -> None:
    holder, other = StoredToken(connection), StoredToken(connection)
    assert holder.claim(60)
    until = Connection.objects.get().renewal_until
    other.extend(600)
    assert Connection.objects.get().renewal_until == until
    holder.extend(600)
    assert Connection.objects.get().renewal_until > until + timedelta(seconds=500)  # type: ignore[operator]


def test_a_page_waits_ten_seconds_for_a_holder_and_a_job_until_its_claim_is_over(
    connection: Connection,
) -> None:
    store = StoredToken(connection)
    assert store.patience(100.0) == 100.0
    with job_context("request"):
        assert store.patience(100.0) == 10.0
    with job_context("mail"):
        assert store.patience(100.0) == 100.0


# --- Many processes -----------------------------------------------------------------------------------


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
