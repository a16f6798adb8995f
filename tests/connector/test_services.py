"""Which tenant and mailbox are in use, and how trouble with them is remembered."""

from typing import Any

import pytest
from django.utils import timezone, translation
from pytest_django.fixtures import Settings

from connector import services
from connector.context import job_context
from connector.demo.mail_catcher import MailCatcher
from connector.demo.tenant import DemoTenant
from connector.models import Connection, Mailbox, Origin, Representative
from connector.problems import PROBLEMS, problem_code
from connector.smtp import errors as smtp_errors
from connector.superoffice import errors
from connector.superoffice.auth import AccessToken
from connector.superoffice.transport import TIMEOUTS
from tests.conftest import People

REAL = {
    "client_id": "the-client",
    "client_secret": "first-secret",
    "refresh_token": "first-refresh-token",
    "redirect_uri": "https://desk.example/callback",
    "context_identifier": "Cust777",
    "environment": "sod",
    "login_url": "https://sod.superoffice.com",
}
SERVER: dict[str, Any] = {
    "host": "127.0.0.1",
    "port": 2525,
    "username": "",
    "password": "",
    "security": "none",
    "from_address": "sales@kehrwieder.example",
}


def make_connection(origin: str, **values: Any) -> Connection:
    return Connection.objects.create(name=origin, origin=origin, **{**REAL, "login_url": "", **values})


# --- The tenant in use ----------------------------------------------------------------------------------


def test_without_any_setting_there_is_no_tenant(db: None) -> None:
    assert services.current_connection() is None


def test_the_environment_wins_over_the_administrator_and_that_one_over_the_demo(
    db: None, settings: Settings
) -> None:
    make_connection(Origin.DEMO)
    administrators = make_connection(Origin.ADMIN)
    assert services.current_connection() == administrators
    settings.SUPEROFFICE = REAL
    current = services.current_connection()
    assert current is not None
    assert current.origin == Origin.ENVIRONMENT
    assert current.login_url == ""


def test_a_demo_tenant_gives_way_to_the_administrators(db: None, settings: Settings) -> None:
    settings.SUPEROFFICE, settings.DEMO_PARTS = {**REAL, "login_url": "http://127.0.0.1:8001"}, ["tenant"]
    first = services.current_connection()
    assert first is not None
    assert first.is_demo
    administrators = make_connection(Origin.ADMIN)
    assert services.current_connection() == administrators


def test_variables_that_are_gone_are_not_used_any_more(db: None, settings: Settings) -> None:
    settings.SUPEROFFICE = REAL
    assert services.current_connection() is not None
    settings.SUPEROFFICE = None
    assert services.current_connection() is None


def test_a_changed_secret_takes_effect_and_drops_the_old_token(db: None, settings: Settings) -> None:
    settings.SUPEROFFICE = REAL
    first = services.current_connection()
    assert first is not None
    services.StoredToken(first).put(AccessToken("8A:old", timezone.now()))
    unchanged = services.current_connection()
    assert unchanged is not None
    assert unchanged.access_token == "Bearer 8A:old"
    settings.SUPEROFFICE = {**REAL, "client_secret": "second-secret"}
    changed = services.current_connection()
    assert changed == first
    changed.refresh_from_db()
    assert (changed.client_secret, changed.access_token) == ("second-secret", "")
    assert Connection.objects.count() == 1


def test_another_tenant_in_the_environment_gets_a_row_of_its_own(db: None, settings: Settings) -> None:
    settings.SUPEROFFICE = REAL
    first = services.current_connection()
    settings.SUPEROFFICE = {**REAL, "context_identifier": "Cust778"}
    second = services.current_connection()
    assert first
    assert second
    assert first != second
    first.refresh_from_db()
    assert (first.is_active, first.context_identifier) == (False, "Cust777")
    settings.SUPEROFFICE = REAL
    assert services.current_connection() == first
    second.refresh_from_db()
    first.refresh_from_db()
    assert (first.is_active, second.is_active) == (True, False)


def test_a_later_refresh_token_is_not_overwritten_by_the_environments_old_one(
    db: None, settings: Settings
) -> None:
    settings.SUPEROFFICE = REAL
    row = services.current_connection()
    assert row is not None
    services._keep_refresh_token(row, None, "handed-out-later")
    kept = services.current_connection()
    assert kept is not None
    assert (kept.refresh_token, kept.settings_version) == ("handed-out-later", 0)
    settings.SUPEROFFICE = {**REAL, "client_secret": "second-secret"}
    kept = services.current_connection()
    assert kept is not None
    assert kept.refresh_token == "handed-out-later", "another secret of the same app"
    settings.SUPEROFFICE = {**REAL, "refresh_token": "second-refresh-token"}
    replaced = services.current_connection()
    assert replaced is not None
    assert (replaced.refresh_token, replaced.settings_version) == ("second-refresh-token", 2)


def test_a_later_refresh_token_does_not_go_along_to_another_app(db: None, settings: Settings) -> None:
    settings.SUPEROFFICE = REAL
    row = services.current_connection()
    assert row is not None
    services._keep_refresh_token(row, None, "handed-out-later")
    settings.SUPEROFFICE = {**REAL, "client_id": "another"}
    moved = services.current_connection()
    assert moved is not None
    assert moved.refresh_token == REAL["refresh_token"]


def test_what_the_environment_named_last_is_kept_as_a_hash_only(db: None, settings: Settings) -> None:
    settings.SUPEROFFICE = REAL
    services.current_connection()
    mark = Connection.objects.get().environment_mark
    assert len(mark) == 64
    assert REAL["refresh_token"] not in mark
    settings.SUPEROFFICE = {**REAL, "refresh_token": ""}
    services.current_connection()
    assert Connection.objects.get().environment_mark == ""


def test_who_was_overtaken_by_a_change_is_no_trouble_of_the_tenant(connection: Connection) -> None:
    for error in (errors.SettingsChanged(), errors.Busy("others come first")):
        trouble = services.remember(connection, error)
        assert trouble is not None
        assert trouble.code == error.code
    connection.refresh_from_db()
    assert connection.problem_code == ""


def test_readers_of_different_languages_have_the_same_tenant_and_mailbox(
    db: None, settings: Settings
) -> None:
    settings.SUPEROFFICE, settings.MAIL_SERVER = REAL, SERVER
    names, tokens = set(), []
    for language in ("en", "de", "en"):
        with translation.override(language):
            connection, mailbox = services.current_connection(), services.shared_mailbox()
            assert connection is not None
            assert mailbox is not None
        names.add((connection.name, mailbox.name))
        services.StoredToken(connection).put(AccessToken("8A:kept", timezone.now()))
        tokens.append(connection.access_token)
    assert len(names) == 1
    assert tokens == ["", "Bearer 8A:kept", "Bearer 8A:kept"]


def test_the_access_token_is_shared_by_later_clients(connection: Connection, demo_tenant: DemoTenant) -> None:
    for _ in range(3):
        with services.open_client(connection) as client:
            client.current_user()
    refreshes = [path for _method, path, *_rest in demo_tenant.requests if path.endswith("/tokens")]
    assert len(refreshes) == 1


def test_a_check_remembers_trouble_and_forgets_it_when_it_works_again(
    connection: Connection, demo_tenant: DemoTenant
) -> None:
    demo_tenant.faults.state = "OfflineMaintenance"
    trouble = services.check_connection(connection)
    assert trouble is not None
    assert trouble.code == "tenant_not_running"
    connection.refresh_from_db()
    since = connection.problem_at
    assert since is not None
    services.check_connection(connection)
    connection.refresh_from_db()
    assert connection.problem_at == since
    demo_tenant.faults.clear()
    assert services.check_connection(connection) is None
    connection.refresh_from_db()
    assert (connection.problem_code, connection.problem_detail) == ("", "")
    assert connection.worked_at is not None


def test_a_check_without_a_tenant_is_a_sentence_too(db: None) -> None:
    trouble = services.check_connection(None)
    assert trouble is not None
    assert trouble.code == "no_connection"


# --- The mailbox in use -----------------------------------------------------------------------------------


def test_the_environment_gives_the_first_mailbox(db: None, settings: Settings) -> None:
    assert services.shared_mailbox() is None
    settings.MAIL_SERVER = SERVER
    mailbox = services.shared_mailbox()
    assert mailbox is not None
    assert (mailbox.origin, mailbox.from_address) == (Origin.ENVIRONMENT, "sales@kehrwieder.example")
    assert services.shared_mailbox() == mailbox


def test_a_mailbox_is_everybodys_only_when_somebody_said_so(db: None) -> None:
    values = {"host": "mail.kehrwieder.example", "port": 587, "from_address": "own@kehrwieder.example"}
    Mailbox.objects.create(name="Not shared", **values)
    assert services.shared_mailbox() is None
    shared = Mailbox.objects.create(name="Shared", is_shared=True, **values)
    assert services.shared_mailbox() == shared


def test_a_representative_writes_from_the_own_mailbox_else_from_the_shared_one(
    people: People, settings: Settings
) -> None:
    settings.MAIL_SERVER, settings.DEMO_PARTS = SERVER, ["mail"]
    jonas = Representative.objects.get(user=people.jonas)
    assert services.mailbox_for(jonas) == jonas.mailbox
    jonas.mailbox = None
    assert services.mailbox_for(jonas).from_address == SERVER["from_address"]


def test_a_demo_mailbox_is_not_used_beside_a_real_mail_server(people: People, settings: Settings) -> None:
    settings.MAIL_SERVER = SERVER
    jonas = Representative.objects.get(user=people.jonas)
    assert jonas.mailbox is not None
    assert jonas.mailbox.is_demo
    assert services.mailbox_for(jonas).origin == Origin.ENVIRONMENT


def test_without_any_mailbox_there_is_a_sentence(people: People, settings: Settings) -> None:
    Mailbox.objects.update(is_active=False)
    with pytest.raises(services.NotConfigured) as caught:
        services.mailbox_for(Representative.objects.get(user=people.jonas))
    assert caught.value.code == "no_mailbox"


def test_all_demo_mailboxes_follow_the_server(people: People, settings: Settings) -> None:
    settings.MAIL_SERVER, settings.DEMO_PARTS = SERVER, ["mail"]
    services.shared_mailbox()
    assert set(Mailbox.objects.values_list("host", "port", "security")) == {("127.0.0.1", 2525, "none")}


def test_a_mailbox_check_signs_in_and_sends_nothing(mail_server: MailCatcher) -> None:
    mailbox = Mailbox.objects.order_by("pk")[0]
    assert services.check_mailbox(mailbox) is None
    assert mail_server.messages() == []
    mail_server.stop()
    trouble = services.check_mailbox(mailbox)
    assert trouble is not None
    assert trouble.code == "smtp_unreachable"


# --- Sentences ----------------------------------------------------------------------------------------------


def subclasses(kind: type[Exception]) -> set[type[Exception]]:
    return {kind}.union(*(subclasses(child) for child in kind.__subclasses__()))


@pytest.mark.parametrize(
    "kind",
    sorted(
        (subclasses(errors.SuperOfficeError) | subclasses(smtp_errors.SmtpError))
        - {errors.SuperOfficeError, errors.Refused, smtp_errors.SmtpError},
        key=str,
    ),
)
def test_every_failure_outside_has_its_two_sentences(kind: type[Exception]) -> None:
    error = kind("no answer") if issubclass(kind, smtp_errors.SmtpError) else kind.__new__(kind)
    code = problem_code(error)
    assert code != "unexpected"
    problem = PROBLEMS[code]
    assert str(problem.for_salespeople) != str(problem.for_administrators)


def test_salespeople_are_told_what_it_means_and_never_a_technical_word() -> None:
    for code, problem in PROBLEMS.items():
        words = str(problem.for_salespeople)
        assert words.endswith("."), code
        assert not any(term in words for term in ("token", "HTTP", "SMTP", "JSON", "OAuth", "client id")), (
            code
        )


def test_an_error_of_our_own_is_called_unexpected() -> None:
    assert problem_code(ZeroDivisionError()) == "unexpected"


def test_a_page_gives_a_silent_tenant_up_sooner_than_a_job(connection: Connection) -> None:
    with job_context("run"), services.transport_of(connection) as transport:
        in_a_job = transport._timeouts
    with job_context("request"), services.transport_of(connection) as transport:
        on_a_page = transport._timeouts
    assert in_a_job == TIMEOUTS
    assert on_a_page[1] <= 10 < in_a_job[1]
