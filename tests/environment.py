"""The suite's own environment, loaded by pytest before the settings are (`-p tests.environment`).

Nothing of the developer's `.env`, tenant, mail server or database reaches a test. TEST_DATABASE_URL
chooses the database; without it each session has a SQLite file of its own. Processes that tests start
inherit all this.
"""

import os
import secrets
import shutil
import tempfile
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

_FOREIGN = ("ALLOWED_HOSTS", "DEBUG", "DEMO_PARTS", "LOCAL_KEYS", "PORT", "PUBLIC_URL", "Q_CLUSTER_NAME")
_FOREIGN_PREFIXES = ("SO_", "SMTP_", "APPROVAL_", "MESSAGE_", "WATCHDOG_", "DJANGO_")
VAR_DIR = Path(tempfile.mkdtemp(prefix="sales-desk-tests-"))


def _take_over() -> None:
    for name in list(os.environ):
        if name in _FOREIGN or name.startswith(_FOREIGN_PREFIXES):
            del os.environ[name]
    os.environ.update(
        ENV_FILE=os.devnull,
        VAR_DIR=str(VAR_DIR),
        SECRET_KEY=secrets.token_urlsafe(64),
        FIELD_KEYS=Fernet.generate_key().decode(),
        DATABASE_URL=os.environ.get("TEST_DATABASE_URL") or f"sqlite:///{VAR_DIR / 'tests.sqlite3'}",
        # Playwright runs an event loop in the test's own thread; the browser tests use the ORM beside it.
        DJANGO_ALLOW_ASYNC_UNSAFE="1",
    )


_take_over()


@pytest.hookimpl(trylast=True)
def pytest_unconfigure() -> None:
    shutil.rmtree(VAR_DIR, ignore_errors=True)
