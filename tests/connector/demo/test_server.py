"""The demo tenant as a process: starting, stopping, surviving."""

import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import pytest
import requests

from connector.demo.tenant import DemoTenant
from tests.connector.demo.api import Api
from tests.connector.demo.conftest import TODAY

ROOT = Path(__file__).parents[3]


@contextmanager
def started(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    """The command line, killed at the end if it has not ended by itself."""
    command = [sys.executable, "-m", "connector.demo.tenant", *arguments]
    process = subprocess.Popen(command, cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    with process:
        try:
            yield process
        finally:
            process.kill()


def ready_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline()


def test_documents_survive_a_restart_and_so_does_the_story(tmp_path: Path) -> None:
    with DemoTenant(tmp_path, today=TODAY, sales=20) as tenant, Api(tenant) as api:
        key = api.create_document()["DocumentId"]
        api.upload(key, b"bytes")
        api.call("POST", "/Appointment", json={"Title": "Follow up", "Contact": {"ContactId": 2}})
        before = api.list("/Document", select="documentId,subject,name,ourref,date,updatedDate")
        sales = tenant.story.sales

    with DemoTenant(tmp_path, sales=20) as tenant, Api(tenant) as api:
        assert api.list("/Document", select="documentId,subject,name,ourref,date,updatedDate") == before
        assert [(stored.card.document_id, stored.content) for stored in tenant.documents] == [(key, b"bytes")]
        assert [card.title for card in tenant.appointments] == ["Follow up"]
        assert tenant.story.sales == sales
        assert tenant.story.today == TODAY
        assert api.create_document()["DocumentId"] > key


def test_without_a_directory_nothing_stays() -> None:
    for _ in range(2):
        with DemoTenant(sales=5) as tenant, Api(tenant) as api:
            assert tenant.documents == []
            api.create_document()


def test_an_upload_is_kept_although_the_process_is_killed(tmp_path: Path) -> None:
    with started("--directory", str(tmp_path), "--sales", "20") as process:
        login_url = re.findall(r"http://\S+", ready_line(process))[0].rstrip(",")
        tenant = DemoTenant()
        tenant.login_url = login_url
        tenant.tenant_url = requests.get(f"{login_url}/api/state/Cust12345", timeout=10).json()["Endpoint"]
        with Api(tenant) as api:
            key = api.create_document()["DocumentId"]
            api.upload(key, b"bytes")
        process.kill()
        process.wait(timeout=10)

    with DemoTenant(tmp_path, sales=20) as survivor:
        assert [stored.content for stored in survivor.documents] == [b"bytes"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_command_says_when_it_is_ready_and_ends_when_asked(number: signal.Signals) -> None:
    with started("--sales", "5") as process:
        line = ready_line(process)
        assert line.startswith("Demo tenant ready:")
        login_url, tenant_url = (url.rstrip(",") for url in re.findall(r"http://\S+", line))
        assert tenant_url.endswith("/Cust12345")
        # An open connection must not keep the process alive.
        with requests.Session() as session:
            assert (
                session.get(f"{login_url}/api/state/Cust12345", timeout=10).json()["Endpoint"] == tenant_url
            )
            begun = time.monotonic()
            process.send_signal(number)
            assert process.wait(timeout=10) == 0
        assert time.monotonic() - begun < 1
        assert process.stderr is not None
        assert process.stderr.read() == ""


def test_a_taken_port_gives_one_clear_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        for option in ("--login-port", "--tenant-port"):
            with started(option, str(port)) as process:
                _output, errors = process.communicate(timeout=20)
            assert process.returncode == 2
            assert str(port) in errors
            assert len(errors.splitlines()) == 1


def test_only_loopback_is_listened_to() -> None:
    with DemoTenant(sales=5) as tenant:
        port = int(tenant.login_url.rsplit(":", 1)[1])
        with socket.socket() as other:
            # The same port on another loopback address is still free.
            other.bind(("127.0.0.2", port))


def test_a_connection_carries_many_requests() -> None:
    with DemoTenant(sales=5) as tenant, Api(tenant) as api:
        api.get("/Sale")
        begun = time.monotonic()
        for _ in range(50):
            assert api.get("/Sale?$select=saleId").status_code == 200
        # Without TCP_NODELAY each answer would wait 40 ms for an acknowledgement.
        assert time.monotonic() - begun < 1.5


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"Transfer-Encoding: chunked\r\n", b"411"),
        (b"Content-Length: many\r\n", b"400"),
        (b"Content-Length: 94400001\r\n", b"413"),
    ],
)
def test_bodies_that_cannot_be_read_are_refused(head: bytes, status: bytes) -> None:
    with DemoTenant(sales=5) as tenant:
        port = int(tenant.login_url.rsplit(":", 1)[1])
        with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
            connection.sendall(
                b"POST /login/common/oauth/tokens HTTP/1.1\r\nHost: 127.0.0.1\r\n" + head + b"\r\n"
            )
            assert connection.recv(100).split()[1] == status


def test_callers_that_hang_up_do_no_harm() -> None:
    with DemoTenant(sales=5) as tenant:
        port = int(tenant.login_url.rsplit(":", 1)[1])
        for beginning in (b"", b"GET /api/st", b"POST /x HTTP/1.1\r\nContent-Length: 10\r\n\r\nabc"):
            with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
                connection.sendall(beginning)
        assert requests.get(f"{tenant.login_url}/api/state/Cust12345", timeout=10).status_code == 200


def test_starting_again_and_stopping_twice_are_fine(tmp_path: Path) -> None:
    tenant = DemoTenant(tmp_path, today=date(2026, 3, 18), sales=5)
    for _ in range(2):
        tenant.start()
        assert requests.get(f"{tenant.login_url}/api/state/Cust12345", timeout=10).status_code == 200
        tenant.stop()
        tenant.stop()
    with pytest.raises(RuntimeError):
        _ = tenant.documents
