"""A download that fails half-way is a failed download for whoever reads it, and not a short file."""

import http.client
import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.reports.stream_site import ROWS

pytestmark = pytest.mark.once


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """Where gunicorn serves the little site, with threads as in an installation."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        number = listener.fileno()
        command = [
            sys.executable,
            "-m",
            "gunicorn",
            "tests.reports.stream_site:site()",
            f"--bind=fd://{number}",
        ]
        options = ["--worker-class=gthread", "--threads=2", "--no-control-socket", "--log-level=critical"]
        process = subprocess.Popen([*command, *options], pass_fds=[number])
        try:
            yield listener.getsockname()[1]
        finally:
            process.terminate()
            process.wait(timeout=20)


def fetch(port: int, path: str) -> tuple[int, bytes]:
    """Status and whole body; raises IncompleteRead when the transfer was broken off."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def test_a_whole_file_arrives_whole(port: int) -> None:
    (status, body) = fetch(port, f"/rows/{ROWS}")
    assert status == 200
    assert body.count(b"\r\n") == ROWS + 1


@pytest.mark.parametrize(
    "path", [f"/rows/{ROWS - 1}", f"/rows/{ROWS + 1}", "/failure/50000", f"/failure/{ROWS}"]
)
def test_a_file_that_is_not_whole_is_a_broken_transfer(port: int, path: str) -> None:
    with pytest.raises(http.client.IncompleteRead) as caught:
        fetch(port, path)
    assert caught.value.partial.startswith(b'\xef\xbb\xbf"Number";"Text"\r\n')


def test_a_failure_before_the_first_piece_is_an_error_page(port: int) -> None:
    (status, _body) = fetch(port, "/failure/100")
    assert status == 500
