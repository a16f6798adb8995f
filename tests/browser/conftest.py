"""The whole house in its own processes, as `make run` starts it, and a browser in front of it."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, sync_playwright

from config.demo_data import PASSWORD

ROOT = Path(__file__).resolve().parent.parent.parent
START_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Desk:
    """A running installation: its address and where it keeps its data."""

    url: str
    var: Path

    def caught_mails(self) -> list[bytes]:
        """The exact bytes of every mail that reached the mail server, oldest first."""
        return [path.read_bytes() for path in sorted((self.var / "demo-mail").glob("*.eml"))]


def free_port_row() -> int:
    """A port with four free ones behind it: the demo parts live there."""
    for port in range(20_000 + os.getpid() % 20_000, 60_000, 7):
        sockets = [socket.socket() for _ in range(5)]
        try:
            for offset, one in enumerate(sockets):
                one.bind(("127.0.0.1", port + offset))
        except OSError:
            continue
        finally:
            for one in sockets:
                one.close()
        return port
    raise AssertionError("no free ports")


@pytest.fixture(scope="session")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    var, port = tmp_path_factory.mktemp("desk"), free_port_row()
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    environment = {**kept, "VAR_DIR": str(var), "PORT": str(port), "LOCAL_KEYS": "1", "ENV_FILE": os.devnull}
    environment["APPROVAL_HOLD"] = "3"
    with (var / "run.log").open("w") as log:
        command = [sys.executable, "manage.py", "run"]
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
        try:
            wait_until_ready(f"http://127.0.0.1:{port}/readyz", process, var / "run.log")
            yield Desk(f"http://127.0.0.1:{port}", var)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(30)


def wait_until_ready(url: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and process.poll() is None:
        try:
            if requests.get(url, timeout=10).status_code == 200:
                return
        except requests.RequestException:
            pass
        time.sleep(0.3)
    pytest.fail("Sales Desk did not get ready:\n" + log.read_text()[-4000:])


@pytest.fixture(scope="session")
def browser(chromium: dict[str, Any]) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(**chromium)
        yield launched
        launched.close()


class Watched:
    """A page that fails its test for errors in the console and for requests that leave this machine."""

    def __init__(self, context: BrowserContext) -> None:
        self.page: Page = context.new_page()
        self.errors: list[str] = []
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        context.on("request", self._request)

    def _console(self, message: ConsoleMessage) -> None:
        # Django's own admin pages set a style by script; ours must not.
        is_ours = "/admin/" not in self.page.url
        if message.type == "error" and is_ours and "status of 4" not in message.text:
            self.errors.append(message.text)

    def _request(self, request: Request) -> None:
        if not request.url.startswith(("http://127.0.0.1:", "data:", "blob:")):
            self.errors.append(f"left this machine: {request.url}")


@pytest.fixture
def watched(browser: Browser, desk: Desk) -> Iterator[Watched]:
    context = browser.new_context(base_url=desk.url, locale="en-GB", viewport={"width": 1280, "height": 900})
    context.set_default_timeout(15_000)
    watched = Watched(context)
    yield watched
    context.close()
    assert watched.errors == []


@pytest.fixture
def page(watched: Watched) -> Page:
    return watched.page


def sign_in(page: Page, username: str) -> None:
    page.goto("/login/")
    page.fill("input[name=username]", username)
    page.fill("input[name=password]", PASSWORD)
    page.click("form:has(input[name=password]) button[type=submit]")
    page.wait_for_url("**/")
