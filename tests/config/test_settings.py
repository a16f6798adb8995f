"""The start itself: `manage.py` with right and wrong variables, as separate processes."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

from tests.config.conftest import House

pytestmark = pytest.mark.once
TENANT = {
    "SO_CLIENT_ID": "planted-id",
    "SO_CLIENT_SECRET": "planted-secret",
    "SO_REFRESH_TOKEN": "planted-token",
    "SO_REDIRECT_URI": "https://desk.example/callback",
    "SO_ENVIRONMENT": "sod",
    "SO_CONTEXT_IDENTIFIER": "Cust12345",
}
MAIL = {
    "SMTP_HOST": "mail.example",
    "SMTP_PORT": "465",
    "SMTP_USER": "planted-user",
    "SMTP_PASSWORD": "planted-password",
    "SMTP_SECURITY": "tls",
    "SMTP_FROM": "sales@company.example",
}


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        ({"SECRET_KEY": ""}, "SECRET_KEY is missing"),
        ({"FIELD_KEYS": ""}, "FIELD_KEYS is missing"),
        ({"FIELD_KEYS": "planted"}, "FIELD_KEYS must be"),
        ({"PORT": "planted"}, "PORT must be a whole number"),
        ({"DEBUG": "planted"}, "DEBUG must be 1 or 0"),
        ({"DATABASE_URL": "planted"}, "DATABASE_URL must look like"),
        ({"WATCHDOG_SECONDS": "4"}, "WATCHDOG_SECONDS must be a whole number from 5"),
        ({"SO_ENVIRONMENT": "planted"}, "SO_ENVIRONMENT must be one of"),
        ({**TENANT, "SO_CONTEXT_IDENTIFIER": "https://planted"}, "SO_CONTEXT_IDENTIFIER must be"),
        ({**TENANT, "SO_REDIRECT_URI": "planted"}, "SO_REDIRECT_URI must begin"),
        ({**TENANT, "SO_LOGIN_URL": "planted"}, "SO_LOGIN_URL must begin"),
        ({"ALLOWED_HOSTS": "desk.example", "DEBUG": "1"}, "DEBUG must be 0"),
        ({"ALLOWED_HOSTS": "desk.example", "SECRET_KEY": "planted"}, "SECRET_KEY must have 50"),
        ({"ALLOWED_HOSTS": "desk.example", "SECRET_KEY": "a" * 60}, "SECRET_KEY must have 50"),
        ({"SMTP_SECURITY": "planted"}, "SMTP_SECURITY must be one of"),
        ({**MAIL, "SMTP_PORT": "0"}, "SMTP_PORT must be a whole number"),
        ({**MAIL, "SMTP_USER": ""}, "SMTP_USER is missing"),
        ({**MAIL, "SMTP_PASSWORD": ""}, "SMTP_PASSWORD is missing"),
        ({**MAIL, "SMTP_HOST": ""}, "SMTP_HOST is missing"),
        ({**MAIL, "SMTP_FROM": "planted <a@company.example>"}, "SMTP_FROM must be"),
        *[
            ({**TENANT, name: ""}, f"{name} is missing")
            for name in TENANT
            if name != "SO_REFRESH_TOKEN"  # a sign-in in the browser gives one
        ],
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_wrong_variable_stops_the_start_with_its_name(
    house: House, variables: dict[str, str], sentence: str
) -> None:
    stopped = house.manage("check", **variables)
    assert stopped.returncode == 1
    (line,) = stopped.stderr.strip().splitlines()
    assert line.startswith("Sales Desk cannot start: ")
    assert sentence in line
    assert "planted" not in line


def test_a_malformed_env_file_stops_the_start_with_its_line(house: House) -> None:
    (house.var / ".env").write_text("PORT=8000\nSMTP_HOST mail.example\n")
    stopped = house.manage("check", ENV_FILE=str(house.var / ".env"))
    assert stopped.returncode == 1
    assert "line 2 of .env (SMTP_HOST" in stopped.stderr


def test_a_complete_tenant_and_mail_server_start(house: House) -> None:
    lines = "".join(f"{name}={value}\n" for name, value in {**TENANT, **MAIL}.items())
    (house.var / ".env").write_text(lines)
    started = house.manage("check", ENV_FILE=str(house.var / ".env"))
    assert started.returncode == 0, started.stderr


def test_production_settings_pass_every_check_of_a_deployment(house: House) -> None:
    checked = house.manage("check", "--deploy", "--fail-level", "WARNING", ALLOWED_HOSTS="desk.example")
    assert checked.returncode == 0, checked.stderr


@pytest.mark.parametrize("hosts", ["desk.example", "localhost desk.example"])
def test_cookies_travel_over_https_only_as_soon_as_others_can_reach_us(house: House, hosts: str) -> None:
    code = (
        "from django.conf import settings as s;"
        "print(s.SESSION_COOKIE_NAME, s.SESSION_COOKIE_SECURE, s.CSRF_COOKIE_SECURE, s.SECURE_SSL_REDIRECT)"
    )
    told = house.manage("shell", "--command", code, ALLOWED_HOSTS=hosts)
    assert "__Host-desk-session True True True" in told.stdout


def test_every_variable_is_explained_in_the_example() -> None:
    source = (settings.BASE_DIR / "config" / "settings.py").read_text()
    asked = set(re.findall(r'env\.\w+\(\s*"([A-Z_]+)"', source)) | set(
        re.findall(r'"((?:SO|SMTP)_[A-Z_]+)"', source)
    )
    explained = set(
        re.findall(r"^([A-Z_]+)=", (settings.BASE_DIR / ".env.example").read_text(), re.MULTILINE)
    )
    # DEMO_PARTS is how `manage.py run` talks to its children.
    assert asked | {"SECRET_KEY", "FIELD_KEYS"} == explained | {"DEMO_PARTS"}


def test_the_example_itself_is_a_valid_env_file(house: House) -> None:
    started = house.manage("check", ENV_FILE=str(settings.BASE_DIR / ".env.example"))
    assert started.returncode == 0, started.stderr


def test_make_help_names_every_target(tmp_path: Path) -> None:
    helped = subprocess.run(
        ["make", "help"], cwd=settings.BASE_DIR, capture_output=True, text=True, check=True
    )
    for target in ("run", "test", "check", "bench"):
        assert f"make {target}" in helped.stdout


def test_an_old_python_is_refused_in_a_sentence(tmp_path: Path) -> None:
    old = tmp_path / "python3"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    (tmp_path / "Makefile").write_bytes((settings.BASE_DIR / "Makefile").read_bytes())
    (tmp_path / "requirements.txt").touch()
    for python in (str(old), "no-such-python"):
        refused = subprocess.run(
            ["make", "run", f"PYTHON={python}"], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert refused.returncode != 0
        assert "Sales Desk needs Python 3.11 or newer" in refused.stderr
    assert not (tmp_path / ".venv").exists()


def test_pytest_never_sees_the_developers_env_file() -> None:
    code = "import tests.environment, os; print(os.environ['ENV_FILE'], 'SO_CLIENT_ID' in os.environ)"
    command = [sys.executable, "-c", code]
    environment = {**os.environ, "SO_CLIENT_ID": "developer", "ENV_FILE": ".env"}
    told = subprocess.run(
        command, cwd=settings.BASE_DIR, env=environment, capture_output=True, text=True, check=True
    )
    assert told.stdout.split() == [os.devnull, "False"]
