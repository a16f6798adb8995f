"""What an attacker would try at the edges: caches, addresses, logs, files."""

import logging
import stat
import time
from pathlib import Path

import pytest
from django.conf import settings as configured
from django.http import HttpRequest
from django.test import Client, RequestFactory
from django.urls import reverse
from pytest_django.fixtures import Settings

from config.client_address import client_address
from config.logs import ContextFilter
from tests.conftest import People


@pytest.mark.parametrize("name", ["home", "reports", "keywords", "queue", "connection"])
def test_what_a_user_saw_stays_in_no_cache(name: str, client: Client, people: People) -> None:
    client.force_login(people.jonas)
    assert client.get(reverse(name))["Cache-Control"] == "private, no-store"


def request_from(direct: str, forwarded: str) -> HttpRequest:
    return RequestFactory().get("/", REMOTE_ADDR=direct, HTTP_X_FORWARDED_FOR=forwarded)


def test_behind_the_proxy_an_attempt_belongs_to_the_address_the_proxy_saw(settings: Settings) -> None:
    settings.IS_LOCAL = False
    assert client_address(request_from("127.0.0.1", "1.2.3.4, 203.0.113.9")) == "203.0.113.9"
    assert client_address(request_from("127.0.0.1", "")) == "127.0.0.1"
    assert client_address(request_from("198.51.100.7", "1.2.3.4")) == "198.51.100.7"


def test_without_a_proxy_nobody_chooses_an_address(settings: Settings) -> None:
    settings.IS_LOCAL = True
    assert client_address(request_from("127.0.0.1", "1.2.3.4")) == "127.0.0.1"


def test_the_sixth_wrong_password_locks_that_name_and_names_it_in_the_log(
    client: Client, people: People, caplog: pytest.LogCaptureFixture
) -> None:
    people.jonas.set_password("correct-horse-7-battery")
    people.jonas.save()
    form = {"username": "jonas", "password": "wrong"}
    with caplog.at_level(logging.WARNING):
        codes = [client.post(reverse("login"), form).status_code for _ in range(6)]
    assert codes[:4] == [200] * 4
    assert codes[-1] == 429
    assert client.post(reverse("login"), {**form, "password": "correct-horse-7-battery"}).status_code == 429
    assert "jonas" in caplog.text
    assert "wrong" not in caplog.text


def filtered(**extra: object) -> logging.LogRecord:
    record = logging.makeLogRecord({"msg": "Not Found: %s", "args": ("/x",), **extra})
    ContextFilter().filter(record)
    return record


def test_an_address_is_logged_without_its_query() -> None:
    record = filtered(request=RequestFactory().get("/callback?code=CANARY&access_token=CANARY"))
    assert "CANARY" not in str(record.__dict__)
    assert record.__dict__["path"] == "GET /callback"


def test_further_fields_of_a_line_are_redacted_too() -> None:
    assert "CANARY" not in str(filtered(detail="refresh_token=CANARY1234", url="/x?code=CANARY").__dict__)


@pytest.mark.parametrize("words", ["a+", "eyJ-", "<!--", "all is well "])
def test_a_huge_line_is_cut_before_it_is_searched(words: str) -> None:
    huge = words * (10_000_000 // len(words))
    began = time.thread_time()
    record = filtered(msg="%s", args=(huge,), detail=huge, exc_info=(ValueError, ValueError(huge), None))
    assert time.thread_time() - began < 5
    assert all(len(value) < 21_000 for value in record.__dict__.values() if isinstance(value, str))


def test_no_half_secret_is_left_where_a_line_is_cut() -> None:
    record = filtered(msg="well " * 3_995 + "smtp://sales:CANARY@mail.example and more", args=())
    assert record.msg.startswith("well well")
    assert "CAN" not in record.msg


@pytest.mark.once
def test_what_lies_under_var_is_for_the_owner_only(tmp_path: Path) -> None:
    made = tmp_path / "made"
    made.write_text("x")  # under the umask that the settings have set in this process
    assert stat.S_IMODE(made.stat().st_mode) == 0o600
    assert configured.SECRET_KEY
