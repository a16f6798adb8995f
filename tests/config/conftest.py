"""Whole installations in folders of their own, driven from outside as an operator would."""

import contextlib
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from cryptography.fernet import Fernet
from django.conf import settings

from config.processes import Process, all_processes, has_in_environment, wait_until

MANAGE = str(settings.BASE_DIR / "manage.py")
# Five ports in a row, above the ones that the system hands out by itself on most machines.
_PORTS = iter(range(20_000 + os.getpid() % 5_000, 32_000, 5))


def free_base_port() -> int:
    """The first of five free ports in a row."""
    for base in _PORTS:
        with contextlib.ExitStack() as stack, contextlib.suppress(OSError):
            for port in range(base, base + 5):
                listener = stack.enter_context(socket.socket())
                listener.bind(("127.0.0.1", port))
            return base
    raise RuntimeError("no five free ports in a row")


class House:
    """One installation: folder, database, variables. Everything it started ends with it."""

    def __init__(self, folder: Path, database_url: str) -> None:
        self.var = folder
        self.database_url = database_url
        self._mark = f"DESK_TEST_HOUSE={uuid.uuid4().hex}"
        self._started: list[Started] = []
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": os.environ.get("HOME", "/"),
            "ENV_FILE": os.devnull,
            "VAR_DIR": str(folder),
            "DATABASE_URL": database_url,
            "SECRET_KEY": uuid.uuid4().hex * 2,
            "FIELD_KEYS": Fernet.generate_key().decode(),
            "WATCHDOG_SECONDS": "5",
            self._mark.partition("=")[0]: self._mark.partition("=")[2],
        }

    def manage(self, *arguments: str, **variables: str) -> "subprocess.CompletedProcess[str]":
        """Run a `manage.py` command to its end."""
        command = [sys.executable, MANAGE, *arguments]
        environment = {**self.environment, **variables}
        return subprocess.run(
            command, env=environment, capture_output=True, text=True, check=False, timeout=60
        )

    def migrate(self, *app: str) -> None:
        """All apps, or one and what it stands on."""
        done = self.manage("migrate", *app, "--verbosity", "0")
        assert done.returncode == 0, done.stderr[-3000:]

    def start(self, *arguments: str, **variables: str) -> "Started":
        """Start a `manage.py` command and leave it running; its output goes to a file."""
        output = self.var.parent / f"{self.var.name}-{uuid.uuid4().hex[:6]}.log"
        started = Started([sys.executable, MANAGE, *arguments], {**self.environment, **variables}, output)
        self._started.append(started)
        return started

    def living(self, also: str = "") -> list[Process]:
        """Every process of this house, children and grandchildren too; `also` is a further NAME=value."""
        return [
            process
            for process in all_processes()
            if not process.is_dead
            and has_in_environment(process.pid, self._mark)
            and (not also or has_in_environment(process.pid, also))
        ]

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """What a query finds in this house's database, asked without Django."""
        if self.database_url.startswith("sqlite"):
            path = self.database_url.removeprefix("sqlite:///")
            with contextlib.closing(sqlite3.connect(path, timeout=20)) as database:
                return database.execute(query).fetchall()
        with psycopg.connect(self.database_url) as server:
            return server.execute(query).fetchall()

    def beat(self, cluster: str) -> str:
        """The last sign of life of a cluster, as text that changes with each; empty when there was none."""
        rows = self.rows(f"SELECT beat_at FROM connector_heartbeat WHERE cluster = '{cluster}'")
        return str(rows[0][0]) if rows else ""

    def main_of(self, cluster: str) -> int:
        """The first process of a running cluster; 0 when there is none."""
        found = self.living(f"Q_CLUSTER_NAME={cluster}")
        return next((process.pid for process in found if process.pid == process.group), 0)

    def end(self) -> None:
        def all_gone() -> bool:
            for process in self.living():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process.pid, signal.SIGKILL)
            return not self.living()

        wait_until(all_gone, 10)
        for started in self._started:
            started.process.wait(10)


class Started:
    """A command that runs until it is told to end."""

    def __init__(self, command: list[str], environment: dict[str, str], output: Path) -> None:
        self._output = output
        with output.open("w") as stream:
            self.process = subprocess.Popen(
                command,
                env=environment,
                stdout=stream,
                stderr=stream,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )

    @property
    def said(self) -> str:
        return self._output.read_text(errors="replace")

    def wait_until_said(self, text: str, seconds: float = 40) -> None:
        found = wait_until(lambda: text in self.said or self.process.poll() is not None, seconds)
        assert found, f"{text!r} was not said within {seconds} s:\n{self.said[-3000:]}"
        assert text in self.said, f"ended with {self.process.poll()}:\n{self.said[-3000:]}"

    def end(self, number: int = signal.SIGTERM, seconds: float = 16) -> int:
        """Send a signal and wait for the end; returns the exit code."""
        self.process.send_signal(number)
        return self.process.wait(seconds)


def children_of(pid: int) -> list[int]:
    """The direct children of a process."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                if int((entry / "stat").read_text().rpartition(")")[2].split()[1]) == pid:
                    found.append(int(entry.name))
    return found


@contextlib.contextmanager
def _database(folder: Path) -> Iterator[str]:
    """An empty database of the kind this session uses, removed afterwards."""
    session_url = os.environ["DATABASE_URL"]
    if session_url.startswith("sqlite"):
        yield f"sqlite:///{folder / 'house.sqlite3'}"
        return
    name = f"house_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(session_url, autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}")
    try:
        yield session_url.rpartition("/")[0] + f"/{name}"
    finally:
        with psycopg.connect(session_url, autocommit=True) as server:
            server.execute(f"DROP DATABASE {name} WITH (FORCE)")


MakeHouse = Callable[[], House]


@pytest.fixture(scope="module")
def make_house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MakeHouse]:
    """Makes installations; all they started is ended after the module."""
    with contextlib.ExitStack() as stack:

        def make() -> House:
            folder = tmp_path_factory.mktemp("house") / "var"
            folder.mkdir()
            house = House(folder, stack.enter_context(_database(folder)))
            stack.callback(house.end)
            return house

        yield make


@pytest.fixture
def house(make_house: MakeHouse) -> House:
    """A new installation with nothing in it."""
    return make_house()
