"""Logs: one JSON object per line, with the request's id and without secrets."""

import json
import re
import subprocess
import sys
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from config.logs import logging_settings


def _logged(code: str) -> tuple[str, list[dict[str, Any]]]:
    """What a process that runs `code` prints, and what it logs."""
    command = [
        sys.executable,
        str(settings.BASE_DIR / "manage.py"),
        "shell",
        "--no-imports",
        "--command",
        code,
    ]
    told = subprocess.run(command, capture_output=True, text=True, check=True)
    return told.stdout.strip(), [json.loads(line) for line in told.stderr.splitlines()]


@pytest.mark.once
def test_a_line_break_in_a_value_does_not_begin_a_new_line() -> None:
    _out, (entry,) = _logged(
        "import logging; logging.getLogger('x').warning('name %s', 'a\\n{\"level\": \"INFO\"}\\r\\nb')"
    )
    assert entry["message"] == 'name a\n{"level": "INFO"}\r\nb'
    assert (entry["level"], entry["logger"], entry["job"]) == ("WARNING", "x", "-")
    assert re.match(r"\d{4}-\d\d-\d\dT", entry["at"])


@pytest.mark.once
def test_secrets_are_taken_out_of_messages_and_tracebacks() -> None:
    code = """
import logging
log = logging.getLogger("x")
log.error("refresh_token=planted-1 Authorization: Bearer planted-2 %s", {"client_secret": "planted-3"})
log.error("postgresql://desk:planted-4@db.example/desk")
try:
    raise ValueError("password: planted-5")
except ValueError:
    log.exception("it broke")
"""
    _out, entries = _logged(code)
    assert len(entries) == 3
    assert "planted" not in json.dumps(entries)
    assert "ValueError" in entries[2]["exc_info"]


@pytest.mark.once
def test_a_request_gives_its_id_to_its_log_lines_and_its_answer() -> None:
    code = (
        "from django.test import Client;"
        "print(Client(SERVER_NAME='localhost').get('/nowhere/')['X-Request-Id'])"
    )
    request_id, entries = _logged(code)
    assert re.fullmatch(r"request-[0-9a-f]{8}", request_id)
    assert [entry["job"] for entry in entries if entry["logger"] == "django.request"] == [request_id]


def test_every_request_has_an_id_of_its_own(client: Client) -> None:
    assert client.get("/healthz")["X-Request-Id"] != client.get("/healthz")["X-Request-Id"]


def test_the_id_of_an_error_page_is_the_requests(client: Client, db: None) -> None:
    answer = client.get("/nowhere/")
    assert answer.status_code == 404
    assert answer["X-Request-Id"] in answer.content.decode()


def test_a_terminal_gets_text() -> None:
    assert logging_settings(as_text=True)["handlers"]["stderr"]["formatter"] == "text"
    assert logging_settings(as_text=False)["handlers"]["stderr"]["formatter"] == "json"
