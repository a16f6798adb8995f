"""Starts the programs of one installation, keeps them running, and ends all of them together."""

import http.client
import os
import socket
import sys
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from config.processes import Child, end_all
from connector.demo.people import OWN_DOMAIN

PAUSE = 1.0  # seconds before a program that ended by itself is started again
MOST_DEATHS, DEATHS_WITHIN = 5, 60.0  # so many in so many seconds are not worth another try


class RunError(Exception):
    """The run cannot go on; the text is what the person at the terminal reads."""


@dataclass(frozen=True, slots=True)
class Ports:
    """One number decides all five, so that addresses stored in the database stay right over restarts."""

    web: int

    @property
    def login(self) -> int:
        return self.web + 1

    @property
    def tenant(self) -> int:
        return self.web + 2

    @property
    def smtp(self) -> int:
        return self.web + 3

    @property
    def mails(self) -> int:
        return self.web + 4


def demo_environment(ports: Ports, *, with_tenant: bool, with_mail: bool) -> dict[str, str]:
    """The variables that lead to the demo parts, as `.env` would lead to real ones."""
    values = {"DEMO_PARTS": " ".join(["tenant"] * with_tenant + ["mail"] * with_mail)}
    if with_tenant:
        values |= {
            "SO_CLIENT_ID": "demo-client",
            "SO_CLIENT_SECRET": "demo-secret",
            "SO_REFRESH_TOKEN": "demo-refresh-token",
            "SO_REDIRECT_URI": f"http://127.0.0.1:{ports.web}/superoffice/callback/",
            "SO_CONTEXT_IDENTIFIER": "Cust12345",
            "SO_ENVIRONMENT": "sod",
            "SO_LOGIN_URL": f"http://127.0.0.1:{ports.login}",
        }
    if with_mail:
        values |= {
            "SMTP_HOST": "127.0.0.1",
            "SMTP_PORT": str(ports.smtp),
            "SMTP_USER": "",
            "SMTP_PASSWORD": "",
            "SMTP_SECURITY": "none",
            "SMTP_FROM": f"sales@{OWN_DOMAIN}",
        }
    return values


def without_secrets(environment: Mapping[str, str]) -> dict[str, str]:
    """What a program needs to run at all, and our marks by which it is found again; nothing else."""
    return {
        name: value
        for name, value in environment.items()
        if name in {"PATH", "HOME", "LANG"} or name.startswith(("LC_", "PYTHON", "DESK_"))
    }


def is_free(port: int) -> bool:
    """Whether we could listen on 127.0.0.1:`port` right now."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def is_listening(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def answers(port: int, host: str) -> bool:
    """Whether /healthz answers 200 to a request for `host`."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/healthz", headers={"Host": host})
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


class Supervisor:
    """The children of one run. `say` tells the person at the terminal; `is_ending` is asked all the time."""

    def __init__(
        self, environment: dict[str, str], cwd: Path, say: Callable[[str], Any], is_ending: Callable[[], bool]
    ) -> None:
        self._environment = {**os.environ, **environment}
        self._cwd = cwd
        self._say = say
        self._is_ending = is_ending
        self._deaths: dict[str, deque[float]] = {}
        self.children: list[Child] = []

    def step(self, name: str, *arguments: str) -> None:
        """Run one `manage.py` command to its end; raises RunError when it fails."""
        command = [sys.executable, str(self._cwd / "manage.py"), *arguments]
        step = Child(name, command, self._environment, self._cwd)
        step.start()
        self.children.append(step)
        while step.is_running and not self._is_ending():
            time.sleep(0.05)
        if step.exit_code not in (0, None):
            raise RunError(f"{name} failed, see above. Nothing was started.")
        if not step.is_running:
            self.children.remove(step)

    def start(self, name: str, *arguments: str, needs_secrets: bool = True) -> None:
        """Start one program that is to run until the end: `arguments` are Python's.

        Without `needs_secrets` it gets no variable that could hold one.
        """
        environment = self._environment if needs_secrets else without_secrets(self._environment)
        child = Child(name, [sys.executable, *arguments], environment, self._cwd)
        child.start()
        self.children.append(child)

    def wait_for(self, condition: Callable[[], bool], what: str, seconds: float = 60.0) -> None:
        """Keep the children running until `condition`; raises RunError after `seconds`."""
        until = time.monotonic() + seconds
        while not self._is_ending() and not condition():
            if time.monotonic() > until:
                raise RunError(f"{what} did not answer within {seconds:.0f} seconds, see above.")
            self.look_after()
            time.sleep(0.1)

    def look_after(self) -> None:
        """Start again what has ended by itself; raises RunError when that happens too often."""
        for child in self.children:
            if child.is_running:
                continue
            code = child.exit_code
            child.kill()  # what it left behind would stand in its own way
            now = time.monotonic()
            deaths = self._deaths.setdefault(child.name, deque(maxlen=MOST_DEATHS))
            deaths.append(now)
            if len(deaths) == MOST_DEATHS and now - deaths[0] < DEATHS_WITHIN:
                raise RunError(f"{child.name} ended {MOST_DEATHS} times within a minute, see above.")
            self._say(f"{child.name} ended by itself (exit code {code}) and is started again.")
            until = now + PAUSE
            while time.monotonic() < until and not self._is_ending():
                time.sleep(0.05)
            if not self._is_ending():
                child.start()

    def end(self, first: Sequence[str], grace: float, is_in_a_hurry: Callable[[], bool]) -> None:
        """End the children named in `first` together, then the others that they talk to."""
        for is_first in (True, False):
            group = [child for child in self.children if (child.name in first) == is_first]
            end_all(group, grace if is_first else 3.0, is_in_a_hurry)
