"""Secrets: encrypted in the database, written but never read in the admin, absent from everything else."""

import pytest
from cryptography.fernet import Fernet
from django.core.exceptions import FieldError, ImproperlyConfigured
from django.db import connection as database
from django.test import Client
from django.urls import reverse
from pytest_django.fixtures import Settings

from connector.models import Connection, Mailbox, Origin
from connector.redaction import redact
from tests.conftest import People

CANARY = "canary-Zw8qK3-secret"


def administrators_connection(**values: str) -> Connection:
    return Connection.objects.create(
        name="Ours",
        environment="sod",
        context_identifier="Cust777",
        client_id="the-client",
        redirect_uri="https://desk.example/callback",
        **{"client_secret": CANARY, "refresh_token": CANARY, **values},
    )


def stored(column: str) -> str:
    with database.cursor() as cursor:
        cursor.execute(f"SELECT {column} FROM connector_connection")
        return str(cursor.fetchone()[0])


def test_the_database_never_sees_a_secret(db: None) -> None:
    row = administrators_connection()
    for column in ("client_secret", "refresh_token"):
        assert CANARY not in stored(column)
        assert stored(column).startswith("gAAAA")
    row.refresh_from_db()
    assert row.client_secret == CANARY


def test_updates_are_encrypted_as_well(db: None) -> None:
    administrators_connection()
    Connection.objects.update(refresh_token=CANARY + "2")
    assert CANARY not in stored("refresh_token")
    assert Connection.objects.get().refresh_token == CANARY + "2"


def test_an_older_key_still_reads_and_a_missing_one_is_named(db: None, settings: Settings) -> None:
    administrators_connection()
    old_keys = settings.FIELD_KEYS
    settings.FIELD_KEYS = [Fernet.generate_key().decode(), *old_keys]
    assert Connection.objects.get().client_secret == CANARY
    settings.FIELD_KEYS = settings.FIELD_KEYS[:1]
    with pytest.raises(ImproperlyConfigured, match="FIELD_KEYS"):
        Connection.objects.get()


def test_secrets_cannot_be_searched_for(db: None) -> None:
    with pytest.raises(FieldError):
        Connection.objects.filter(client_secret__contains="canary").exists()


# --- The admin ----------------------------------------------------------------------------------------------


@pytest.fixture
def admin_client(client: Client, people: People) -> Client:
    client.force_login(people.administrator)
    return client


FORM = {
    "name": "Ours",
    "is_active": "on",
    "environment": "sod",
    "context_identifier": "Cust777",
    "client_id": "the-client",
    "client_secret": CANARY,
    "refresh_token": CANARY,
    "redirect_uri": "https://desk.example/callback",
    "login_url": "",
}


def test_a_connection_is_set_up_in_the_admin_and_its_secrets_never_come_out(admin_client: Client) -> None:
    added = admin_client.post(reverse("admin:connector_connection_add"), FORM)
    assert added.status_code == 302
    row = Connection.objects.get()
    assert (row.client_secret, row.origin) == (CANARY, Origin.ADMIN)
    for name in ("change", "history"):
        page = admin_client.get(reverse(f"admin:connector_connection_{name}", args=[row.pk])).content.decode()
        assert CANARY not in page
        assert "gAAAA" not in page
    assert CANARY not in admin_client.get(reverse("admin:connector_connection_changelist")).content.decode()


@pytest.mark.parametrize(
    "address", ["http://login.example", "https://user:pass@login.example", "ftp://login.example"]
)
def test_an_address_that_is_told_secrets_has_to_be_encrypted(admin_client: Client, address: str) -> None:
    answer = admin_client.post(reverse("admin:connector_connection_add"), {**FORM, "login_url": address})
    assert answer.status_code == 200
    assert not Connection.objects.exists()


def test_an_empty_secret_keeps_the_stored_one_and_a_new_one_drops_the_token(admin_client: Client) -> None:
    row = administrators_connection()
    Connection.objects.update(access_token="8A:old")
    url = reverse("admin:connector_connection_change", args=[row.pk])
    admin_client.post(url, {**FORM, "client_secret": "", "refresh_token": "the-new-one"})
    row.refresh_from_db()
    assert (row.client_secret, row.refresh_token, row.access_token) == (CANARY, "the-new-one", "")


@pytest.mark.parametrize(
    "destination",
    [
        {"login_url": "https://evil.example"},
        {"environment": "online"},
        {"context_identifier": "Cust778"},
        {"client_id": "another-client"},
    ],
)
def test_a_stored_secret_is_never_sent_to_another_destination(
    admin_client: Client, destination: dict[str, str]
) -> None:
    row = administrators_connection()
    url = reverse("admin:connector_connection_change", args=[row.pk])
    empty = {"client_secret": "", "refresh_token": ""}
    answer = admin_client.post(url, {**FORM, **empty, **destination})
    assert answer.status_code == 200
    assert answer.content.decode().count("The destination has changed. Enter this again.") == 2
    assert CANARY not in answer.content.decode()
    before = Connection.objects.get()
    assert (before.login_url, before.context_identifier, before.client_id) == ("", "Cust777", "the-client")
    new = {"client_secret": "new-secret", "refresh_token": "new-token"}
    assert admin_client.post(url, {**FORM, **new, **destination}).status_code == 302
    after = Connection.objects.get()
    assert (after.client_secret, after.refresh_token) == ("new-secret", "new-token")


def test_what_is_no_destination_may_change_while_the_secrets_stay(admin_client: Client) -> None:
    row = administrators_connection()
    url = reverse("admin:connector_connection_change", args=[row.pk])
    form = {**FORM, "client_secret": "", "refresh_token": "", "name": "Renamed", "is_active": ""}
    assert admin_client.post(url, form).status_code == 302
    row.refresh_from_db()
    assert (row.name, row.is_active, row.client_secret, row.refresh_token) == (
        "Renamed",
        False,
        CANARY,
        CANARY,
    )


def test_a_wrong_form_does_not_send_the_secret_back(admin_client: Client) -> None:
    answer = admin_client.post(
        reverse("admin:connector_connection_add"), {**FORM, "redirect_uri": "nonsense"}
    )
    assert answer.status_code == 200
    assert CANARY not in answer.content.decode()


def test_a_connection_without_secrets_is_refused(admin_client: Client) -> None:
    answer = admin_client.post(reverse("admin:connector_connection_add"), {**FORM, "refresh_token": ""})
    assert answer.status_code == 200
    assert not Connection.objects.exists()


def test_what_the_environment_keeps_is_shown_without_secrets_and_not_changed(admin_client: Client) -> None:
    row = administrators_connection()
    Connection.objects.update(origin=Origin.ENVIRONMENT)
    url = reverse("admin:connector_connection_change", args=[row.pk])
    page = admin_client.get(url)
    assert page.status_code == 200
    assert CANARY not in page.content.decode()
    assert admin_client.post(url, {**FORM, "client_secret": "other"}).status_code == 403
    row.refresh_from_db()
    assert row.client_secret == CANARY


MAILBOX = {
    "name": "Shared",
    "is_active": "on",
    "host": "mail.kehrwieder.example",
    "port": "587",
    "security": "starttls",
    "username": "sales",
    "password": "",
    "from_address": "shared@kehrwieder.example",
    "from_name": "",
}


def test_a_mailbox_needs_user_and_password_together(admin_client: Client) -> None:
    url = reverse("admin:connector_mailbox_add")
    assert admin_client.post(url, MAILBOX).status_code == 200
    assert admin_client.post(url, {**MAILBOX, "password": CANARY}).status_code == 302
    row = Mailbox.objects.get(name="Shared")
    assert row.password == CANARY
    page = admin_client.get(reverse("admin:connector_mailbox_change", args=[row.pk])).content.decode()
    assert CANARY not in page


@pytest.fixture
def mailbox_url(admin_client: Client) -> str:
    """The change page of a mailbox whose password is the canary."""
    admin_client.post(reverse("admin:connector_mailbox_add"), {**MAILBOX, "password": CANARY})
    return reverse("admin:connector_mailbox_change", args=[Mailbox.objects.get(name="Shared").pk])


@pytest.mark.parametrize(
    "destination",
    [{"host": "evil.example"}, {"port": "2525"}, {"security": "none"}, {"username": "another"}],
)
def test_a_mailbox_password_is_never_sent_to_another_server(
    admin_client: Client, mailbox_url: str, destination: dict[str, str]
) -> None:
    answer = admin_client.post(mailbox_url, {**MAILBOX, **destination})
    assert answer.status_code == 200
    page = answer.content.decode()
    assert page.count("The destination has changed. Enter this again.") == 1
    assert "go together" not in page
    row = Mailbox.objects.get(name="Shared")
    assert (row.host, row.port, row.security, row.username) == (
        "mail.kehrwieder.example",
        587,
        "starttls",
        "sales",
    )
    assert admin_client.post(mailbox_url, {**MAILBOX, **destination, "password": "new"}).status_code == 302
    assert Mailbox.objects.get(name="Shared").password == "new"


def test_a_mailbox_password_stays_while_the_sender_changes(admin_client: Client, mailbox_url: str) -> None:
    answer = admin_client.post(mailbox_url, {**MAILBOX, "from_name": "Sales", "is_paused": "on"})
    assert answer.status_code == 302
    row = Mailbox.objects.get(name="Shared")
    assert (row.from_name, row.is_paused, row.password) == ("Sales", True, CANARY)


def test_a_mailbox_without_user_forgets_its_password(admin_client: Client, mailbox_url: str) -> None:
    answer = admin_client.post(mailbox_url, {**MAILBOX, "host": "relay.kehrwieder.example", "username": ""})
    assert answer.status_code == 302
    assert Mailbox.objects.get(name="Shared").password == ""


@pytest.mark.parametrize(
    "path", ["django_q/schedule/add/", "django_q/ormq/", "django_q/success/", "axes/accesslog/"]
)
def test_the_queue_and_the_sign_in_log_are_not_in_the_admin(admin_client: Client, path: str) -> None:
    assert admin_client.get(f"/admin/{path}").status_code == 404


# --- Redaction ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        f"client_secret={CANARY}&grant_type=x",
        f'{{"refresh_token": "{CANARY}"}}',
        f"Authorization: Bearer {CANARY}",
        f"Authorization: SOTicket {CANARY}",
        f"password: {CANARY}",
        f"smtp://sales:{CANARY}@mail.example:587",
        "8A:Cust777.canary-Zw8qK3-secret",
    ],
)
def test_what_looks_like_a_credential_is_taken_out(text: str) -> None:
    assert CANARY not in redact(text)
    assert "…" in redact(text)


def test_ordinary_words_stay() -> None:
    text = "Sale 4711 of Kranz AG: token ring network, secretary, 8 A"
    assert redact(text) == text
