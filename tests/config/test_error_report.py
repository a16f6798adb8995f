"""Django's own error page: where it broke, and nothing that may be a secret."""

import sys
from typing import Any

import pytest
from django.http import HttpRequest
from django.test import RequestFactory
from django.views.debug import technical_500_response
from pytest_django.fixtures import Settings

from config.error_report import ErrorReporter

CANARY = "canary-Er7-secret"

pytestmark = pytest.mark.once


def broken(request: HttpRequest, kind: type[Exception] = ValueError) -> Any:
    """The page for an error in a function whose variables, address, form and cookies hold a canary."""
    form, credential, count = {"password": CANARY}, CANARY, 4711
    try:
        try:
            raise kind(f"refresh_token={CANARY}")
        except kind as error:
            raise RuntimeError(f"Authorization: Bearer {CANARY}") from error
    except RuntimeError:
        assert form
        assert credential
        assert count
        return technical_500_response(request, *sys.exc_info())


def request_with_secrets(accept: str = "text/html") -> HttpRequest:
    request = RequestFactory().post(
        f"/superoffice/callback/?code={CANARY}&state={CANARY}",
        {"client_secret": CANARY, "comment": CANARY},
        HTTP_REFERER=f"https://desk.example/x?code={CANARY}",
        HTTP_AUTHORIZATION=f"Bearer {CANARY}",
        REQUEST_URI=f"/superoffice/callback/?code={CANARY}",
        DATABASE_URL=f"postgresql://desk:{CANARY}@db.example/desk",
        HTTP_ACCEPT=accept,
    )
    request.COOKIES["desk-session"] = request.COOKIES["other"] = CANARY
    return request


@pytest.mark.parametrize("accept", ["text/html", "text/plain"])
@pytest.mark.parametrize("is_debug", [True, False])
def test_an_error_page_shows_where_it_broke_and_no_value(
    settings: Settings, is_debug: bool, accept: str
) -> None:
    settings.DEBUG = is_debug
    settings.MAIL_SERVER = {"host": "mail.example", "password": CANARY}
    settings.SUPEROFFICE = {"client_secret": CANARY, "refresh_token": CANARY}
    page = broken(request_with_secrets(accept)).content.decode()
    assert CANARY not in page
    assert "test_error_report.py" in page
    assert "RuntimeError" in page
    assert "/superoffice/callback/" in page


def test_what_is_no_secret_is_still_told(settings: Settings) -> None:
    settings.DEBUG = True
    page = broken(request_with_secrets()).content.decode()
    assert "4711" in page
    assert "dict (hidden)" in page
    assert "client_secret" in page  # the name of the field


def test_a_text_that_cannot_be_encoded_is_not_quoted(settings: Settings) -> None:
    settings.DEBUG = True
    try:
        "plänted".encode("ascii")
    except UnicodeEncodeError:
        data = ErrorReporter(RequestFactory().get("/"), *sys.exc_info()).get_traceback_data()
    assert data["exception_type"] == "UnicodeEncodeError"
    assert data["unicode_hint"] == ""
