"""Users in the admin: administrators manage colleagues, and cannot make themselves more than they are."""

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group, Permission, User
from django.test import Client

from connector import roles
from tests.conftest import PASSWORD, People

NEW_PASSWORD = "another-horse-8-battery"


@pytest.fixture
def superuser(people: People) -> User:
    return User.objects.create_superuser("root", "root@kehrwieder.example", PASSWORD)


@pytest.fixture
def browser(client: Client, people: People) -> Client:
    """Signed in as an administrator who is no superuser."""
    client.force_login(people.administrator)
    return client


def _url(user: User, what: str = "change") -> str:
    return f"/admin/auth/user/{user.pk}/{what}/"


def _form(user: User, **changes: object) -> dict[str, object]:
    return {
        "username": user.username,
        "first_name": user.first_name,
        "last_name": user.last_name,
        "email": user.email,
        "is_active": "on",
        **changes,
    }


def _group(name: str) -> int:
    return int(Group.objects.get(name=name).pk)


def test_an_administrator_gives_a_colleague_a_role(browser: Client, people: People) -> None:
    form = _form(people.outsider, groups=[_group(roles.APPROVER)], first_name="Otto-Emil")
    assert browser.post(_url(people.outsider), form).status_code == 302
    after = User.objects.get(pk=people.outsider.pk)
    assert roles.roles_of(after) == {roles.APPROVER}
    assert after.first_name == "Otto-Emil"


def test_an_administrator_makes_nobody_a_superuser(browser: Client, people: People) -> None:
    page = browser.get(_url(people.viewer)).content.decode()
    assert 'name="is_superuser"' not in page
    assert 'name="user_permissions"' not in page
    permission = Permission.objects.get(codename="delete_user")
    form = _form(people.viewer, is_superuser="on", user_permissions=[permission.pk])
    assert browser.post(_url(people.viewer), form).status_code == 302
    after = User.objects.get(pk=people.viewer.pk)
    assert not after.is_superuser
    assert not after.user_permissions.exists()


def test_a_new_user_begins_with_nothing(browser: Client) -> None:
    form = {"username": "newcomer", "usable_password": "true", "is_superuser": "on", "is_staff": "on"}
    passwords = {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD}
    assert browser.post("/admin/auth/user/add/", {**form, **passwords}).status_code == 302
    newcomer = User.objects.get(username="newcomer")
    assert (newcomer.is_superuser, newcomer.is_staff) == (False, False)
    assert roles.roles_of(newcomer) == frozenset()


def test_administrators_do_not_change_what_they_may_themselves(browser: Client, people: People) -> None:
    own = people.administrator
    page = browser.get(_url(own)).content.decode()
    for name in ("groups", "is_staff", "is_active", "is_superuser"):
        assert f'name="{name}"' not in page
    form = _form(own, groups=[_group(roles.APPROVER)], is_superuser="on", first_name="Adele")
    del form["is_active"]
    assert browser.post(_url(own), form).status_code == 302
    after = User.objects.get(pk=own.pk)
    assert (after.first_name, after.is_staff, after.is_active, after.is_superuser) == (
        "Adele",
        True,
        True,
        False,
    )
    assert roles.roles_of(after) == {roles.ADMINISTRATOR}


def test_administrators_do_not_touch_a_superuser(browser: Client, superuser: User) -> None:
    assert browser.get(_url(superuser)).status_code == 200  # to look at
    assert browser.post(_url(superuser), _form(superuser, username="mine")).status_code == 403
    passwords = {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD, "usable_password": "true"}
    assert browser.get(_url(superuser, "password")).status_code == 403
    assert browser.post(_url(superuser, "password"), passwords).status_code == 403
    after = User.objects.get(pk=superuser.pk)
    assert after.username == "root"
    assert after.check_password(PASSWORD)


def test_a_superuser_may_do_all_that(client: Client, superuser: User, people: People) -> None:
    client.force_login(superuser)
    form = _form(people.viewer, is_superuser="on", is_staff="on")
    assert client.post(_url(people.viewer), form).status_code == 302
    assert User.objects.get(pk=people.viewer.pk).is_superuser
    own = _form(superuser, is_superuser="on", is_staff="on", groups=[_group(roles.APPROVER)])
    assert client.post(_url(superuser), own).status_code == 302
    assert roles.roles_of(User.objects.get(pk=superuser.pk)) == {roles.ADMINISTRATOR, roles.APPROVER}


@pytest.mark.parametrize("who", ["viewer", "root"])
def test_no_page_shows_a_password_hash(browser: Client, superuser: User, who: str) -> None:
    user = User.objects.get(username=who)
    user.set_password(PASSWORD)
    user.save(update_fields=["password"])
    page = browser.get(_url(user)).content.decode()
    assert "pbkdf2" not in page
    assert "iterations" not in page
    assert (_url(user, "password") in page) == (who == "viewer")


def test_an_administrator_sets_a_colleagues_password(browser: Client, people: People) -> None:
    passwords = {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD, "usable_password": "true"}
    answer = browser.post(_url(people.viewer, "password"), {**passwords, "set-password": "1"})
    assert answer.status_code == 302
    assert User.objects.get(pk=people.viewer.pk).check_password(NEW_PASSWORD)


@pytest.mark.parametrize("who", ["admin", "root"])
def test_nobody_is_deleted(client: Client, superuser: User, people: People, who: str) -> None:
    client.force_login(User.objects.get(username=who))
    count = User.objects.count()
    assert client.post(_url(people.viewer, "delete"), {"post": "yes"}).status_code == 403
    many = {"action": "delete_selected", "_selected_action": [people.viewer.pk], "post": "yes"}
    client.post("/admin/auth/user/", many)
    assert User.objects.count() == count
    assert "delete_selected" not in client.get("/admin/auth/user/").content.decode()


def test_groups_are_not_in_the_admin_and_not_granted(browser: Client, people: People) -> None:
    assert Group not in admin.site._registry
    assert browser.get("/admin/auth/group/").status_code == 404
    granted = User.objects.get(pk=people.administrator.pk).get_all_permissions()
    assert {"auth.add_user", "auth.change_user", "auth.view_user"} <= granted
    assert not {name for name in granted if name.endswith("_group")} | ({"auth.delete_user"} & granted)
