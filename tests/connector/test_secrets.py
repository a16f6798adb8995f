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


def test_an_empty_secret_keeps_the_stored_one_and_a_new_one_drops_the_token(admin_client: Client) -> None:
    row = administrators_connection()
    Connection.objects.update(access_token="8A:old")
    url = reverse("admin:connector_connection_change", args=[row.pk])
    admin_client.post(url, {**FORM, "client_secret": "", "refresh_token": "the-new-one"})
    row.refresh_from_db()
    assert (row.client_secret, row.refresh_token, row.access_token) == (CANARY, "the-new-one", "")


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


def test_a_mailbox_needs_user_and_password_together(admin_client: Client) -> None:
    form = {
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
    url = reverse("admin:connector_mailbox_add")
    assert admin_client.post(url, form).status_code == 200
    assert admin_client.post(url, {**form, "password": CANARY}).status_code == 302
    row = Mailbox.objects.get(name="Shared")
    assert row.password == CANARY
    page = admin_client.get(reverse("admin:connector_mailbox_change", args=[row.pk])).content.decode()
    assert CANARY not in page


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
