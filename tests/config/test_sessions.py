"""Sessions end after an idle hour and after a working day, and sign-in attempts are limited."""

import time
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from tests.conftest import PASSWORD, People


@pytest.fixture
def signed_in(client: Client, people: People) -> Client:
    client.force_login(people.viewer)
    assert client.get("/").status_code == 200
    return client


def _age(client: Client, seconds: int) -> None:
    """Make the last use of the session that much older."""
    session = client.session
    session["seen_at"] = int(time.time()) - seconds
    session.save()


def _is_signed_in(client: Client) -> bool:
    return client.get("/").status_code == 200


def test_an_idle_hour_ends_the_session(signed_in: Client, settings: Settings) -> None:
    _age(signed_in, settings.SESSION_IDLE_SECONDS - 5)
    assert _is_signed_in(signed_in)
    _age(signed_in, settings.SESSION_IDLE_SECONDS + 5)
    answer = signed_in.get("/")
    assert (answer.status_code, answer["Location"]) == (302, "/login/?next=/")


def test_use_keeps_the_session_and_polling_does_not(signed_in: Client, settings: Settings) -> None:
    _age(signed_in, settings.SESSION_IDLE_SECONDS - 5)
    before = signed_in.session["seen_at"]
    signed_in.get("/", headers={"HX-Request": "true"})
    assert signed_in.session["seen_at"] == before
    signed_in.get(
        "/", headers={"HX-Request": "true", "HX-Boosted": "true"}
    )  # a link that htmx follows is use
    assert signed_in.session["seen_at"] > before
    _age(signed_in, settings.SESSION_IDLE_SECONDS - 5)
    signed_in.get("/")
    assert signed_in.session["seen_at"] > before


def test_use_does_not_prolong_the_working_day(signed_in: Client, settings: Settings) -> None:
    ends_at = signed_in.session.get_expiry_date()
    assert timedelta(0) < ends_at - timezone.now() <= timedelta(seconds=settings.SESSION_COOKIE_AGE)
    _age(signed_in, 120)
    signed_in.get("/")
    assert abs(signed_in.session.get_expiry_date() - ends_at) < timedelta(seconds=1)


def test_a_working_day_ends_the_session(signed_in: Client) -> None:
    session = signed_in.session
    session.set_expiry(timezone.now() - timedelta(seconds=1))
    session.save()
    assert not _is_signed_in(signed_in)


def test_a_deactivated_user_is_out_at_the_next_click(signed_in: Client, people: People) -> None:
    User.objects.filter(pk=people.viewer.pk).update(is_active=False)
    assert not _is_signed_in(signed_in)


def test_cookies_are_out_of_reach_for_scripts_and_other_sites(signed_in: Client, settings: Settings) -> None:
    cookie = signed_in.cookies[settings.SESSION_COOKIE_NAME]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"


def _try(client: Client, username: str, password: str) -> int:
    return client.post("/login/", {"username": username, "password": password}).status_code


def test_sign_in_attempts_are_limited_per_name_and_address(client: Client, people: People) -> None:
    people.viewer.set_password(PASSWORD)
    people.viewer.save(update_fields=["password"])
    people.approver.set_password(PASSWORD)
    people.approver.save(update_fields=["password"])
    for _attempt in range(5):
        _try(client, "viewer", "wrong")
    assert _try(client, "viewer", PASSWORD) == 429  # right, but too late
    assert _try(client, "approver", PASSWORD) == 302  # somebody else on the same machine


def test_a_few_mistakes_cost_nothing(client: Client, people: People) -> None:
    people.viewer.set_password(PASSWORD)
    people.viewer.save(update_fields=["password"])
    for _attempt in range(4):
        assert _try(client, "viewer", "wrong") == 200
    assert _try(client, "viewer", PASSWORD) == 302
