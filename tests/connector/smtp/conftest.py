"""Shared by the tests of the SMTP package: certificates, an account for a port, a message with ugly lines."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from connector.smtp.sessions import Account
from tests.connector.smtp.certificates import Certificates, make_certificates

MakeAccount = Callable[..., Account]

RAW = (
    b"From: Jana Weiss <j.weiss@maker.example>\r\n"
    b"To: k.kranz@kranz.example\r\n"
    b"Subject: Dots\r\n"
    b"Message-ID: <own-id@maker.example>\r\n"
    b"\r\n"
    b".\r\n"
    b"..\r\n"
    b".hidden\r\n"
    b"a line\r\n"
    b"\r\n"
    b"." + b"x" * 997 + b"\r\n"
    b"the end.\r\n"
)
BIG = RAW + b"".join(b"%07d. A line of a big attachment that goes on and on.\r\n" % n for n in range(80_000))


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(Path(tmp_path_factory.mktemp("certificates")))


@pytest.fixture(scope="session")
def foreign_certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(Path(tmp_path_factory.mktemp("foreign")))


@pytest.fixture
def account() -> MakeAccount:
    def make(port: int, **changes: Any) -> Account:
        values: dict[str, Any] = {
            "host": "127.0.0.1",
            "port": port,
            "security": "none",
            "username": "",
            "password": "",
            "from_address": "j.weiss@maker.example",
            "local_hostname": "desk.maker.example",
            "timeout": 5,
        }
        return Account(**(values | changes))

    return make
