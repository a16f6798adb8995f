"""The demo's logins: complete with the demo tenant, and no open door anywhere else."""

from io import StringIO

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group, User
from django.core.management import call_command
from django.test import Client
from pytest_django import DjangoAssertNumQueries, Settings

from config.backends import DeskBackend
from config.demo_data import PARKED, PASSWORD, USERS, keep_demo_users, load_demo_data
from connector import roles
from connector.demo.tenant import DemoTenant
from connector.models import Connection, DemoLogin, Mailbox, Origin, Representative
from connector.services import mailbox_for
from tests.conftest import People


@pytest.fixture
def demo(connection: Connection, settings: Settings) -> Connection:
    """The demo tenant and the mail catcher are in use, as under `make run`."""
    settings.DEMO_PARTS = ["tenant", "mail"]
    settings.MAIL_SERVER = {
        "host": "127.0.0.1",
        "port": 2525,
        "username": "",
        "password": "",
        "security": "none",
        "from_address": "sales@musterroboter.example",
    }
    return connection


def _load() -> str:
    said = StringIO()
    call_command("demo_data", stdout=said)
    return said.getvalue()


def _another_tenant() -> Connection:
    return Connection.objects.create(
        name="Real",
        origin=Origin.ADMIN,
        context_identifier="Cust99999",
        client_id="id",
        client_secret="secret",
        refresh_token="token",
        redirect_uri="https://desk.example/callback",
    )


def test_each_role_has_a_login_with_the_printed_password(demo: Connection, client: Client) -> None:
    assert "complete" in _load()
    assert {person.role for person in USERS} == set(roles.ROLES)
    for person in USERS:
        user = User.objects.get(username=person.username)
        assert roles.roles_of(user) == {person.role}
        assert not user.is_superuser
        assert user.is_staff == (person.role == roles.ADMINISTRATOR)
        answer = client.post("/login/", {"username": person.username, "password": PASSWORD})
        assert answer.status_code == 302


def test_representatives_are_users_of_the_tenant_with_mailboxes_of_their_own(
    demo: Connection, demo_tenant: DemoTenant
) -> None:
    _load()
    for username, address in (
        ("jonas", "jonas.weber@musterroboter.example"),
        ("sabine", "sabine.kranz@musterroboter.example"),
    ):
        representative = Representative.objects.get(user__username=username)
        associate = demo_tenant.story.associates[representative.associate_id]
        assert associate.full_name == representative.user.get_full_name()
        mailbox = mailbox_for(representative)
        assert (mailbox.from_address, mailbox.port, mailbox.origin) == (address, 2525, Origin.DEMO)
        assert address in representative.signature


def test_mailboxes_follow_the_mail_catcher_to_another_port(demo: Connection, settings: Settings) -> None:
    _load()
    settings.MAIL_SERVER = {**(settings.MAIL_SERVER or {}), "port": 2626}
    _load()
    assert set(Mailbox.objects.values_list("port", flat=True)) == {2626}


def test_loading_twice_changes_nothing(demo: Connection) -> None:
    _load()
    User.objects.get(username="viewer").set_password("another")
    before = list(User.objects.order_by("pk").values()), list(Representative.objects.order_by("pk").values())
    _load()
    assert before == (
        list(User.objects.order_by("pk").values()),
        list(Representative.objects.order_by("pk").values()),
    )


def test_without_the_demo_tenant_nobody_is_made(db: None) -> None:
    assert "no demo logins" in _load()
    assert not User.objects.exists()


def test_with_another_tenant_the_demo_is_locked_out_and_comes_back_with_its_own(demo: Connection) -> None:
    _load()
    jonas = Representative.objects.get(user__username="jonas")
    real = _another_tenant()
    keep_demo_users()
    keep_demo_users()
    assert not User.objects.filter(is_active=True).exists()
    # The associate with that number is somebody else over there.
    assert Representative.objects.get(pk=jonas.pk).associate_id == jonas.associate_id + PARKED
    somebody = User.objects.create(username="somebody")
    Representative.objects.create(user=somebody, associate_id=jonas.associate_id).delete()
    real.delete()
    keep_demo_users()
    keep_demo_users()
    assert User.objects.filter(is_active=True).count() == len(USERS) + 1
    assert Representative.objects.get(pk=jonas.pk).associate_id == jonas.associate_id


def test_a_real_person_called_admin_is_never_touched(demo: Connection) -> None:
    real = User.objects.create_superuser("admin", "admin@company.example", "correct-horse-7-battery")
    load_demo_data()
    _another_tenant()
    keep_demo_users()
    after = User.objects.get(pk=real.pk)
    assert after.is_active
    assert after.check_password("correct-horse-7-battery")
    assert not after.groups.exists()


def test_a_demo_user_stays_one_whatever_is_edited(demo: Connection, client: Client) -> None:
    _load()
    jonas = User.objects.get(username="jonas")
    User.objects.filter(pk=jonas.pk).update(username="boss", email="boss@company.example")
    _another_tenant()
    assert client.post("/login/", {"username": "boss", "password": PASSWORD}).status_code == 200
    keep_demo_users()
    jonas.refresh_from_db()
    assert not jonas.is_active


def test_name_and_address_do_not_make_a_demo_user(demo: Connection) -> None:
    real = User.objects.create_user("jonas", "jonas@musterroboter.example", "correct-horse-7-battery")
    _load()
    assert not DemoLogin.objects.filter(user=real).exists()
    assert not Representative.objects.filter(user=real).exists()
    _another_tenant()
    keep_demo_users()
    real.refresh_from_db()
    assert real.is_active
    User.objects.filter(pk=real.pk).update(is_active=False)
    Connection.objects.filter(origin=Origin.ADMIN).delete()
    keep_demo_users()
    real.refresh_from_db()
    assert not real.is_active  # somebody locked this user, and nobody but them unlocks it


def test_nobody_keeps_the_published_password_beside_a_real_tenant(demo: Connection) -> None:
    careless = User.objects.create_superuser("chef", "chef@company.example", PASSWORD)
    careful = User.objects.create_user("careful", "careful@company.example", "correct-horse-7-battery")
    keep_demo_users()
    careless.refresh_from_db()
    assert careless.is_active  # in a demo everybody knows it anyway
    _another_tenant()
    keep_demo_users()
    careless.refresh_from_db()
    careful.refresh_from_db()
    assert (careless.is_active, careful.is_active) == (False, True)


def test_demo_users_are_out_at_once_when_a_real_tenant_is_added(demo: Connection, client: Client) -> None:
    _load()
    assert client.post("/login/", {"username": "admin", "password": PASSWORD}).status_code == 302
    assert client.get("/").status_code == 200
    real = _another_tenant()
    # The worker has not seen it yet, so the user is still marked as active.
    assert User.objects.get(username="admin").is_active
    assert client.get("/")["Location"] == "/login/?next=/"
    assert client.post("/login/", {"username": "approver", "password": PASSWORD}).status_code == 200
    assert client.get("/").status_code == 302
    real.delete()
    assert client.post("/login/", {"username": "approver", "password": PASSWORD}).status_code == 302
    assert client.get("/").status_code == 200


def test_the_sign_in_page_says_whose_door_it_is(demo: Connection, client: Client) -> None:
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"

    def said() -> tuple[bool, bool]:
        page = client.get("/login/").content.decode()
        return "invented customers" in page, "The demo logins are locked" in page

    assert said() == (True, False)
    _load()
    assert said() == (True, False)
    real = _another_tenant()
    assert said() == (False, True)
    DemoLogin.objects.all().delete()
    assert said() == (False, False)
    real.delete()
    assert said() == (True, False)


def test_without_any_tenant_the_sign_in_page_is_silent_about_demos(demo: Connection, client: Client) -> None:
    _load()
    Connection.objects.all().delete()
    page = client.get("/login/", headers={"accept-language": "en"}).content.decode()
    assert "invented customers" not in page
    assert "The demo logins are locked" not in page


def test_the_note_on_the_sign_in_page_costs_two_small_queries(
    demo: Connection, client: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    _load()
    _another_tenant()
    with django_assert_max_num_queries(2):
        client.get("/login/")


def test_recognising_an_ordinary_user_costs_one_question(
    people: People, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(1):
        assert DeskBackend().get_user(people.viewer.pk) == people.viewer
    assert DeskBackend().get_user(0) is None


def test_the_mark_is_not_in_the_admin() -> None:
    assert DemoLogin not in admin.site._registry


def test_administrators_may_edit_what_is_in_the_admin_and_nothing_else(
    demo: Connection, client: Client
) -> None:
    _load()
    anna = User.objects.get(username="admin")
    client.force_login(anna)
    for page in (
        "connector/connection",
        "connector/mailbox",
        "outreach/mailtemplate",
        "reports/report",
        "auth/user",
    ):
        assert client.get(f"/admin/{page}/").status_code == 200
    assert anna.has_perm("connector.change_connection")
    assert not any(permission.startswith(("django_q.", "axes.")) for permission in anna.get_all_permissions())


def test_permissions_that_were_too_many_are_taken_back(demo: Connection) -> None:
    _load()
    group = Group.objects.get(name=roles.ADMINISTRATOR)
    before = set(group.permissions.values_list("pk", flat=True))
    extra = Group.objects.get(name=roles.VIEWER).permissions.model.objects.exclude(pk__in=before).first()
    assert extra is not None
    group.permissions.add(extra)
    roles.grant_administrator_permissions()
    assert set(group.permissions.values_list("pk", flat=True)) == before
