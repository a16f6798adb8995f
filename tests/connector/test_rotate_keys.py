"""`manage.py rotate_keys`: every stored secret under the newest key, whatever happens meanwhile."""

from collections.abc import Callable
from io import StringIO

import pytest
from cryptography.fernet import Fernet, MultiFernet
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import connection as database
from django.utils import timezone
from pytest_django.fixtures import Settings

from connector.management.commands import rotate_keys
from connector.models import Connection, Mailbox, Origin, PersonalSignIn
from tests.conftest import People

OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()
SECRET = "canary-Rk4-secret"

pytestmark = pytest.mark.django_db


def connection(name: str = "Ours", **values: str) -> Connection:
    return Connection.objects.create(name=name, context_identifier="Cust777", **values)


def raw(model: str, column: str) -> list[str]:
    """The column as the database has it, by row."""
    with database.cursor() as cursor:
        cursor.execute(f"SELECT {column} FROM connector_{model} ORDER BY id")
        return [str(value) for (value,) in cursor.fetchall()]


def reads(key: str, stored: str) -> str:
    return Fernet(key).decrypt(stored).decode()


def run() -> str:
    told = StringIO()
    call_command("rotate_keys", stdout=told)
    return told.getvalue()


@pytest.fixture
def old_key(settings: Settings) -> None:
    settings.FIELD_KEYS = [OLD]


@pytest.fixture
def change_keys(settings: Settings, old_key: None) -> Callable[[], None]:
    """What an administrator does to FIELD_KEYS: the new key in front."""

    def change() -> None:
        settings.FIELD_KEYS = [NEW, OLD]

    return change


def test_every_secret_of_every_table_is_rewritten(people: People, change_keys: Callable[[], None]) -> None:
    row = connection(client_secret=SECRET, access_token=SECRET, private_key="a\nb")
    Mailbox.objects.create(name="Box", host="mail.example", from_address="a@b.example", password=SECRET)
    PersonalSignIn.objects.create(
        user=people.jonas,
        connection=row,
        associate_id=5,
        signed_in_at=timezone.now(),
        refresh_token=SECRET,
    )
    change_keys()
    told = run()
    assert "connector.Connection: 3 rewritten, 0 had the newest key already" in told
    assert "connector.PersonalSignIn: 1 rewritten" in told
    assert "connector.Mailbox: 1 rewritten" in told
    assert reads(NEW, raw("connection", "access_token")[0]) == SECRET
    assert reads(NEW, raw("mailbox", "password")[-1]) == SECRET
    assert reads(NEW, raw("personalsignin", "refresh_token")[0]) == SECRET
    assert raw("connection", "password") == [""]
    row.refresh_from_db()
    assert (row.client_secret, row.private_key) == (SECRET, "a\nb")


def test_no_model_with_a_secret_is_left_out() -> None:
    with_secrets = {model.__name__ for model in apps.get_models() if rotate_keys.secrets_of(model)}
    assert with_secrets == {"Connection", "Mailbox", "PersonalSignIn"}


def test_afterwards_the_old_key_can_go_and_the_command_says_so(
    settings: Settings, change_keys: Callable[[], None]
) -> None:
    connection(client_secret=SECRET)
    change_keys()
    assert "The older key can be removed from FIELD_KEYS" in run()
    settings.FIELD_KEYS = [NEW]
    assert Connection.objects.get().client_secret == SECRET
    assert "under the only key" in run()


def test_a_second_run_writes_nothing(change_keys: Callable[[], None]) -> None:
    connection(client_secret=SECRET)
    change_keys()
    run()
    before = raw("connection", "client_secret")
    assert "0 rewritten, 1 had the newest key already" in run()
    assert raw("connection", "client_secret") == before


def test_the_moment_of_writing_is_kept(change_keys: Callable[[], None]) -> None:
    connection(client_secret=SECRET)
    written_at = Fernet(OLD).extract_timestamp(raw("connection", "client_secret")[0])
    change_keys()
    run()
    assert MultiFernet([Fernet(NEW)]).decrypt(raw("connection", "client_secret")[0])
    assert Fernet(NEW).extract_timestamp(raw("connection", "client_secret")[0]) == written_at


def test_more_rows_than_a_batch_are_all_rewritten(
    change_keys: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rotate_keys, "BATCH", 3)
    for number in range(8):
        connection(f"number {number}", client_secret=f"{SECRET}-{number}" if number % 3 else "")
    change_keys()
    assert "connector.Connection: 5 rewritten" in run()
    told = [reads(NEW, stored) for stored in raw("connection", "client_secret") if stored]
    assert told == [f"{SECRET}-{number}" for number in range(8) if number % 3]


def test_an_interrupted_run_is_finished_by_the_next_one(
    change_keys: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(7):
        connection(f"number {number}", client_secret=f"{SECRET}-{number}")
    change_keys()
    with monkeypatch.context() as patch:
        patch.setattr(rotate_keys, "BATCH", 2)
        patch.setattr(rotate_keys, "rewritten", interrupted_after(5))
        with pytest.raises(KeyboardInterrupt):
            run()
    readable = [row.client_secret for row in Connection.objects.order_by("pk")]
    assert readable == [f"{SECRET}-{number}" for number in range(7)]
    assert "3 rewritten, 4 had the newest key already" in run()
    assert [reads(NEW, one) for one in raw("connection", "client_secret")] == readable


def interrupted_after(count: int) -> Callable[[str], str]:
    real, calls = rotate_keys.rewritten, iter(range(count))

    def rewritten(stored: str) -> str:
        if next(calls, None) is None:
            raise KeyboardInterrupt
        return real(stored)

    return rewritten


@pytest.mark.parametrize("writes_with", [NEW, OLD], ids=["a restarted process", "a process with the old key"])
def test_a_secret_that_changes_meanwhile_stays_the_changed_one(
    change_keys: Callable[[], None], monkeypatch: pytest.MonkeyPatch, writes_with: str
) -> None:
    row = connection(client_secret=SECRET)
    change_keys()
    real, changes = rotate_keys.rewritten, iter([f"{SECRET}-newer"])

    def rewritten(stored: str) -> str:
        """Between reading and writing somebody else writes."""
        for newer in changes:
            with database.cursor() as cursor:
                value = Fernet(writes_with).encrypt(newer.encode()).decode()
                cursor.execute("UPDATE connector_connection SET client_secret = %s", [value])
        return real(stored)

    monkeypatch.setattr(rotate_keys, "rewritten", rewritten)
    run()
    row.refresh_from_db()
    assert row.client_secret == f"{SECRET}-newer"
    assert reads(NEW, raw("connection", "client_secret")[0]) == f"{SECRET}-newer"


def test_a_secret_that_keeps_changing_asks_for_another_run(
    change_keys: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    connection(client_secret=SECRET)
    change_keys()
    real = rotate_keys.rewritten

    def rewritten(stored: str) -> str:
        with database.cursor() as cursor:
            value = Fernet(OLD).encrypt(b"again").decode()
            cursor.execute("UPDATE connector_connection SET client_secret = %s", [value])
        return real(stored)

    monkeypatch.setattr(rotate_keys, "rewritten", rewritten)
    with pytest.raises(CommandError, match="Run this again"):
        run()


@pytest.mark.parametrize("what", [SECRET, "gAAAAA" + SECRET, "ä" + SECRET, "another key"])
def test_what_no_key_reads_is_named_without_its_content_and_the_rest_is_rewritten(
    change_keys: Callable[[], None], what: str
) -> None:
    bad, good = connection(client_secret=SECRET), connection("Good", client_secret=SECRET)
    lost = Fernet(Fernet.generate_key()).encrypt(SECRET.encode()).decode() if what == "another key" else what
    with database.cursor() as cursor:
        cursor.execute("UPDATE connector_connection SET client_secret = %s WHERE id = %s", [lost, bad.pk])
    change_keys()
    told = StringIO()
    with pytest.raises(CommandError) as caught:
        call_command("rotate_keys", stdout=told)
    words = str(caught.value) + told.getvalue()
    assert f"connector.Connection, client_secret, row {bad.pk}" in words
    assert "1 rewritten" in words
    assert "1 unreadable" in words
    assert "Do not remove any key" in words
    assert SECRET not in words
    assert lost not in words
    assert caught.value.returncode == 1
    good_stored = dict(zip([bad.pk, good.pk], raw("connection", "client_secret"), strict=True))[good.pk]
    assert reads(NEW, good_stored) == SECRET


def test_rows_that_the_environment_keeps_are_rewritten_too(change_keys: Callable[[], None]) -> None:
    Connection.objects.create(
        name="Env", context_identifier="Cust1", origin=Origin.ENVIRONMENT, client_secret=SECRET
    )
    change_keys()
    run()
    assert reads(NEW, raw("connection", "client_secret")[0]) == SECRET


def test_an_empty_database_is_fine(change_keys: Callable[[], None]) -> None:
    change_keys()
    assert "connector.Connection: 0 rewritten" in run()
