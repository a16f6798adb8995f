"""`make run` as a newcomer meets it: on free ports, from the first start to the last."""

import http.client
import os
import re
import signal
import socket
import time
import urllib.parse
from collections.abc import Iterator

import pytest
from django.conf import settings

from config import supervisor
from config.demo_data import PASSWORD, USERS
from config.processes import wait_until
from config.supervisor import Ports, RunError, Supervisor
from tests.config.conftest import House, MakeHouse, Started, free_base_port

# Nothing here depends on the kind of database.
pytestmark = pytest.mark.once
READY = "Sales Desk is ready"


def _request(
    port: int, method: str, path: str, body: str = "", cookies: dict[str, str] | None = None
) -> tuple[int, str, dict[str, str]]:
    """Status, body and new cookies."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in (cookies or {}).items())}
    if body:
        headers["Content-Type"] = "application/x-www-form-urlencoded"
    try:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        text = answer.read().decode(errors="replace")
        fresh = [line.partition(";")[0].partition("=") for line in answer.headers.get_all("Set-Cookie") or []]
        return answer.status, text, {name: value for name, _equals, value in fresh}
    finally:
        connection.close()


def _can_sign_in(port: int, username: str) -> bool:
    _status, page, cookies = _request(port, "GET", "/login/")
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
    assert token, page[:1000]
    fields = {"csrfmiddlewaretoken": token[1], "username": username, "password": PASSWORD}
    status, _page, more = _request(port, "POST", "/login/", urllib.parse.urlencode(fields), cookies)
    return status == 302 and any("session" in name for name in more)


def _installation(make_house: MakeHouse) -> House:
    """A folder without keys in the environment: `make run` has them made and kept."""
    house = make_house()
    house.environment["PORT"] = str(free_base_port())
    house.environment["LOCAL_KEYS"] = "1"
    del house.environment["SECRET_KEY"], house.environment["FIELD_KEYS"]
    return house


@pytest.fixture(scope="module")
def running(make_house: MakeHouse) -> Iterator[tuple[House, Started]]:
    """One run for the tests that leave it running."""
    house = _installation(make_house)
    run = house.start("run")
    run.wait_until_said(READY)
    yield house, run
    assert run.process.poll() is None, run.said[-3000:]
    run.end()


@pytest.fixture
def installation(running: tuple[House, Started]) -> House:
    return running[0]


@pytest.fixture
def started(running: tuple[House, Started]) -> Started:
    return running[1]


def _port(house: House) -> int:
    return int(house.environment["PORT"])


def test_a_newcomer_is_told_everything_and_can_sign_in(installation: House, started: Started) -> None:
    port = _port(installation)
    assert f"http://127.0.0.1:{port}/" in started.said
    assert f"http://127.0.0.1:{port + 4}/" in started.said  # the caught mails
    assert PASSWORD in started.said
    assert _request(port, "GET", "/healthz")[:2] == (200, "ok\n")
    assert wait_until(lambda: _request(port, "GET", "/readyz")[0] == 200, 20)
    assert _request(port + 4, "GET", "/")[0] == 200
    for user in USERS:
        assert user.username in started.said
        assert _can_sign_in(port, user.username)


def test_commands_in_another_terminal_find_the_same_keys_and_tenant(
    installation: House, started: Started
) -> None:
    code = (
        "from connector.services import check_connection, current_connection as c;"
        "print('tenant', c().context_identifier, c().origin, check_connection(c()))"
    )
    answer = installation.manage("shell", "--command", code, LOCAL_KEYS="0")
    assert "tenant Cust12345 demo None" in answer.stdout, answer.stderr[-2000:]


def test_a_program_that_dies_is_started_again(installation: House, started: Started) -> None:
    (web,) = [
        process.pid
        for process in installation.living()
        if process.pid == process.group and b"gunicorn" in _command_line(process.pid)
    ]
    os.kill(web, signal.SIGKILL)
    started.wait_until_said("The web server ended by itself (exit code -9) and is started again.")
    assert wait_until(lambda: _answers(_port(installation)), 20)


def _command_line(pid: int) -> bytes:
    with open(f"/proc/{pid}/cmdline", "rb") as stream:
        return stream.read()


def _answers(port: int) -> bool:
    try:
        return _request(port, "GET", "/healthz")[0] == 200
    except OSError:
        return False


def test_sigterm_ends_everything_with_exit_code_0(make_house: MakeHouse) -> None:
    house = _installation(make_house)
    run = house.start("run")
    run.wait_until_said(READY)
    # The supervisor, three of the web server, two demo parts, the worker and its two clusters of six.
    assert wait_until(lambda: len(house.living()) >= 19, 10)
    assert run.end(signal.SIGTERM) == 0
    assert house.living() == []


def test_after_a_kill_the_next_start_clears_up_and_finds_the_data(make_house: MakeHouse) -> None:
    house = _installation(make_house)
    run = house.start("run")
    run.wait_until_said(READY)
    users = house.rows("SELECT id, username, password FROM auth_user ORDER BY id")
    key = (house.var / "keys" / "secret_key").read_text()
    run.end(signal.SIGKILL)
    orphans = {process.pid for process in house.living()}
    assert orphans
    second = house.start("run")
    second.wait_until_said(READY)
    assert not orphans & {process.pid for process in house.living()}
    assert house.rows("SELECT id, username, password FROM auth_user ORDER BY id") == users
    assert (house.var / "keys" / "secret_key").read_text() == key
    assert _can_sign_in(_port(house), "jonas")
    assert second.end(signal.SIGINT) == 0
    assert house.living() == []


def test_a_signal_in_the_middle_of_the_start_ends_it_too(make_house: MakeHouse) -> None:
    house = _installation(make_house)
    run = house.start("run")
    assert wait_until(lambda: len(house.living()) >= 2, 20)  # the first step runs
    assert run.end(signal.SIGTERM) == 0
    assert house.living() == []
    assert READY not in run.said


def test_a_second_run_beside_the_first_is_refused(installation: House, started: Started) -> None:
    refused = installation.manage("run", PORT=str(free_base_port()))
    assert refused.returncode == 1
    assert "running here already" in refused.stderr
    same_port = installation.manage("run")
    assert same_port.returncode == 1
    assert f"Port {_port(installation)} for the web server is taken" in same_port.stderr


@pytest.mark.parametrize("offset", [0, 1, 2, 3, 4])
def test_a_taken_port_gives_one_sentence_and_leaves_nothing_running(house: House, offset: int) -> None:
    base = free_base_port()
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", base + offset))
        listener.listen()
        refused = house.manage("run", PORT=str(base))
    assert refused.returncode == 1
    assert refused.stdout == ""
    (sentence,) = refused.stderr.strip().splitlines()
    assert f"Port {base + offset} " in sentence
    assert "PORT=" in sentence
    assert house.living() == []


def test_the_highest_ports_leave_no_room_for_the_demo(house: House) -> None:
    assert "PORT must leave room" in house.manage("run", PORT="65533").stderr


def test_published_passwords_are_not_offered_to_other_hosts(house: House) -> None:
    refused = house.manage("run", PORT=str(free_base_port()), ALLOWED_HOSTS="desk.example")
    assert refused.returncode == 1
    assert "ALLOWED_HOSTS" in refused.stderr
    assert house.living() == []


def test_a_database_that_is_not_there_ends_the_run_with_a_sentence(house: House) -> None:
    nowhere = "postgresql://desk@127.0.0.1:1/desk"
    refused = house.manage("run", PORT=str(free_base_port()), DATABASE_URL=nowhere)
    assert refused.returncode == 1
    assert "(migrate) failed" in refused.stderr
    assert house.living() == []


def _supervisor(said: list[str]) -> Supervisor:
    return Supervisor({}, settings.BASE_DIR, said.append, lambda: False)


def test_a_program_that_keeps_dying_ends_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "PAUSE", 0.01)
    said: list[str] = []
    house = _supervisor(said)
    house.start("The thing", "-c", "raise SystemExit(3)")
    with pytest.raises(RunError, match="The thing ended 5 times within a minute"):
        wait_until(house.look_after, 20, every=0.01)  # type: ignore[arg-type]
    assert said == ["The thing ended by itself (exit code 3) and is started again."] * 4


def test_a_program_that_ignores_the_end_is_killed() -> None:
    house = _supervisor([])
    stubborn = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(1); time.sleep(60)"
    house.start("The mule", "-c", stubborn)
    time.sleep(0.3)
    house.end(("The mule",), 0.3, lambda: False)
    assert not any(child.has_members for child in house.children)


def test_the_demo_parts_are_named_by_the_variables_of_real_ones() -> None:
    nothing = supervisor.demo_environment(Ports(8000), with_tenant=False, with_mail=False)
    assert nothing == {"DEMO_PARTS": ""}
    both = supervisor.demo_environment(Ports(8000), with_tenant=True, with_mail=True)
    assert both["DEMO_PARTS"] == "tenant mail"
    assert both["SO_LOGIN_URL"] == "http://127.0.0.1:8001"
    assert both["SMTP_PORT"] == "8003"
