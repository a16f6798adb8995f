"""Passwords: everybody may change their own, and the one that is printed is nobody's."""

import pytest
from django.contrib.auth.models import User
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.test import Client

from config.demo_data import PASSWORD as PUBLISHED
from tests.conftest import PASSWORD, People

NEW_PASSWORD = "another-horse-8-battery"


def _sign_in(user: User) -> Client:
    browser = Client()
    assert browser.post("/login/", {"username": user.username, "password": PASSWORD}).status_code == 302
    return browser


@pytest.fixture
def jonas(people: People) -> User:
    people.jonas.set_password(PASSWORD)
    people.jonas.save(update_fields=["password"])
    return people.jonas


def _form(new: str, old: str = PASSWORD) -> dict[str, str]:
    return {"old_password": old, "new_password1": new, "new_password2": new}


def test_a_representative_changes_the_password_and_other_sessions_end(jonas: User) -> None:
    here, elsewhere = _sign_in(jonas), _sign_in(jonas)
    assert "/password/" in here.get("/").content.decode()
    page = here.get("/password/").content.decode()
    assert 'name="old_password"' in page
    answer = here.post("/password/", _form(NEW_PASSWORD), follow=True)
    assert answer.redirect_chain == [("/password/done/", 302)]
    assert answer.status_code == 200
    assert here.get("/").status_code == 200
    assert elsewhere.get("/").status_code == 302
    assert User.objects.get(pk=jonas.pk).check_password(NEW_PASSWORD)


@pytest.mark.parametrize(
    ("form", "reason"),
    [
        (_form(NEW_PASSWORD, old="wrong"), "old password"),
        (_form("qwx-7"), "too short"),
        (_form("jonas@kehrwieder.example"), "too similar"),
        (_form(PUBLISHED), "public"),
    ],
)
def test_a_wrong_form_changes_nothing_and_says_why(jonas: User, form: dict[str, str], reason: str) -> None:
    browser = _sign_in(jonas)
    answer = browser.post("/password/", form)
    assert answer.status_code == 200
    page = answer.content.decode()
    summary = page.partition("Not saved yet. Please check:")[2].partition("</ul>")[0]
    assert reason in summary
    assert form["new_password1"] not in page
    assert User.objects.get(pk=jonas.pk).check_password(PASSWORD)


def test_the_published_password_is_refused_with_its_reason() -> None:
    with pytest.raises(ValidationError, match="public"):
        validate_password(PUBLISHED)
    validate_password(NEW_PASSWORD)


def test_the_admin_refuses_the_published_password(client: Client, people: People) -> None:
    client.force_login(people.administrator)
    form = {"username": "newcomer", "usable_password": "true", "password1": PUBLISHED, "password2": PUBLISHED}
    assert client.post("/admin/auth/user/add/", form).status_code == 200
    assert not User.objects.filter(username="newcomer").exists()
