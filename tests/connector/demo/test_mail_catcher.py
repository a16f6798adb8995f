"""The demo's mail server: exact bytes, restarts, harmless pages, faults on demand, and a clean end."""

from __future__ import annotations

import base64
import hashlib
import http.client
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from connector.demo.mail_catcher import MailCatcher, PortUnavailableError
from connector.smtp.sessions import Account, open_session
from connector.smtp.submission import Outcome

FROM = "j.weiss@maker.example"
TO = ["k.kranz@kranz.example", "m.zweite@kranz.example"]
DOTS = b"Subject: Dots\r\n\r\n.\r\n..\r\n.hidden\r\n\r\n." + b"x" * 997 + b"\r\nend\r\n"
MAIL = "\r\n".join(
    [
        "From: =?utf-8?q?J=C3=B6rg_M=C3=BCller?= <j.mueller@maker.example>",
        "To: k.kranz@kranz.example",
        "Subject: =?utf-8?b?R3LDvMOfZSA8c2NyaXB0PmFsZXJ0KDEpPC9zY3JpcHQ+?=",
        "MIME-Version: 1.0",
        'Content-Type: multipart/mixed; boundary="b"',
        "",
        "--b",
        "Content-Type: text/plain; charset=utf-8",
        "Content-Transfer-Encoding: quoted-printable",
        "",
        "Text: <b>f=C3=BCr Sie</b> & mehr",
        "--b",
        "Content-Type: text/html; charset=utf-8",
        "",
        '<p style="color:red">HTML part</p><script>alert(2)</script><img src="https://tracker.example/x.png">',
        "--b",
        "Content-Type: application/pdf",
        'Content-Disposition: attachment; filename="offer.pdf"',
        "",
        "%PDF",
        "--b--",
        "",
    ]
).encode("ascii")


@pytest.fixture
def catcher(tmp_path: Path) -> Iterator[MailCatcher]:
    with MailCatcher(tmp_path / "mails") as running:
        yield running


def send(catcher: MailCatcher, raw: bytes = MAIL, *, answer_timeout: float = 10) -> Outcome:
    account = Account("127.0.0.1", catcher.smtp_port, "none", "", "", FROM, "desk.maker.example", timeout=2)
    with open_session(account) as session:
        return session.submit(
            envelope_from=FROM,
            recipients=TO,
            raw=raw,
            before_dot=lambda: True,
            answer_timeout=answer_timeout,
        )


def get(
    catcher: MailCatcher, path: str, *, method: str = "GET", headers: dict[str, str] | None = None
) -> tuple[int, http.client.HTTPMessage, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", catcher.http_port, timeout=5)
    try:
        connection.request(method, path, headers=headers or {})
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()


@pytest.mark.parametrize(
    "raw",
    [
        MAIL,
        DOTS,
        b"\r\n",
        "Subject: 8 bit\r\n\r\nGrüße\r\n".encode("latin-1"),
        b"S: big\r\n\r\n" + b"line\r\n" * 500_000,
    ],
    ids=["mail", "dots", "empty", "8 bit", "3 MB"],
)
def test_the_exact_bytes_and_the_envelope_are_kept(catcher: MailCatcher, raw: bytes) -> None:
    outcome = send(catcher, raw)
    assert outcome.kind == "accepted"
    (mail,) = catcher.messages()
    assert mail.raw == raw
    assert (mail.envelope_from, mail.recipients) == (FROM, tuple(TO))
    assert abs(mail.received_at.timestamp() - time.time()) < 10


def test_messages_come_in_the_order_of_arrival_and_survive_a_restart(tmp_path: Path) -> None:
    with MailCatcher(tmp_path) as catcher:
        for number in range(5):
            send(catcher, b"Subject: %d\r\n\r\n" % number)
        first = catcher.messages()
    with MailCatcher(tmp_path) as again:
        send(again, b"Subject: 5\r\n\r\n")
        mails = again.messages()
    assert mails[:5] == first
    assert [mail.raw for mail in mails] == [b"Subject: %d\r\n\r\n" % number for number in range(6)]


def test_a_mail_whose_files_are_incomplete_is_passed_over(catcher: MailCatcher, tmp_path: Path) -> None:
    send(catcher)
    (kept,) = catcher.messages()
    folder = tmp_path / "mails"
    (folder / "20261120T101112000000Z-0123abcd.eml").write_bytes(b"no envelope")
    (folder / "20261120T101112000000Z-0123abce.json").write_text("{broken")
    (folder / "notes.json").write_text("{}")
    assert catcher.messages() == [kept]
    assert get(catcher, "/")[0] == 200


def test_parallel_mails_are_all_kept(catcher: MailCatcher) -> None:
    senders = [threading.Thread(target=send, args=(catcher, b"Subject: %d\r\n\r\n" % n)) for n in range(12)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    assert {mail.raw for mail in catcher.messages()} == {b"Subject: %d\r\n\r\n" % n for n in range(12)}


def test_a_mail_without_its_final_dot_is_not_kept(catcher: MailCatcher) -> None:
    account = Account("127.0.0.1", catcher.smtp_port, "none", "", "", FROM, "desk.maker.example", timeout=2)
    with open_session(account) as session:
        outcome = session.submit(envelope_from=FROM, recipients=TO, raw=MAIL, before_dot=lambda: False)
    assert outcome.kind == "withdrawn"
    assert send(catcher, DOTS).kind == "accepted"
    assert [mail.raw for mail in catcher.messages()] == [DOTS]


def test_the_list_shows_the_newest_first_with_decoded_and_escaped_subjects(catcher: MailCatcher) -> None:
    send(catcher, b"Subject: older\r\n\r\n")
    send(catcher)
    status, _, body = get(catcher, "/")
    page = body.decode()
    assert status == 200
    assert page.index("Grüße &lt;script&gt;") < page.index("older")
    assert "<script" not in page
    assert FROM in page
    assert ", ".join(TO) in page


def test_an_empty_list_says_so(catcher: MailCatcher) -> None:
    assert b"No mail yet" in get(catcher, "/")[2]


def test_a_mail_is_shown_escaped_and_its_html_only_in_a_sandbox(catcher: MailCatcher) -> None:
    send(catcher)
    (mail,) = catcher.messages()
    page = get(catcher, f"/mail/{mail.id}")[2].decode()
    assert "Text: &lt;b&gt;für Sie&lt;/b&gt; &amp; mehr" in page
    assert "Jörg Müller &lt;j.mueller@maker.example&gt;" in page
    assert "offer.pdf" in page
    assert "<script" not in page
    assert "<img" not in page
    assert f'<iframe sandbox="" src="/mail/{mail.id}/html"' in page


def test_the_html_part_is_served_with_a_policy_that_allows_nothing(catcher: MailCatcher) -> None:
    send(catcher)
    (mail,) = catcher.messages()
    status, headers, body = get(catcher, f"/mail/{mail.id}/html", headers={"Sec-Fetch-Dest": "iframe"})
    assert status == 200
    assert b"HTML part" in body
    assert headers["Content-Security-Policy"].startswith("sandbox; default-src 'none';")
    assert "script-src" not in headers["Content-Security-Policy"]
    by_itself = get(catcher, f"/mail/{mail.id}/html", headers={"Sec-Fetch-Dest": "document"})
    assert (by_itself[0], by_itself[1]["Location"], by_itself[2]) == (303, f"/mail/{mail.id}", b"")


def test_the_download_is_the_mail_byte_for_byte(catcher: MailCatcher) -> None:
    send(catcher, DOTS)
    (mail,) = catcher.messages()
    status, headers, body = get(catcher, f"/mail/{mail.id}/raw.eml")
    assert (status, body) == (200, DOTS)
    assert headers["Content-Type"] == "message/rfc822"
    assert headers["Content-Disposition"] == f'attachment; filename="{mail.id}.eml"'


@pytest.mark.parametrize("path", ["/", "/nowhere", "/mail/20261120T101112000000Z-0123abcd"])
def test_every_page_has_the_label_and_a_strict_policy(catcher: MailCatcher, path: str) -> None:
    _, headers, body = get(catcher, path)
    page = body.decode()
    assert "Demo mail catcher – nothing here has left this computer" in page
    assert '<span lang="de">Demo-Mailfänger' in page
    policy = headers["Content-Security-Policy"]
    style = re.search(r"<style>(.*?)</style>", page, re.DOTALL)
    assert style is not None
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    assert policy.startswith(f"default-src 'none'; style-src 'sha256-{digest}';")
    assert "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "no-store"
    assert "style=" not in page


@pytest.mark.parametrize(
    "host", ["mails.attacker.example", "127.0.0.1.attacker.example", "localhost@evil.example", ""]
)
def test_a_foreign_host_name_sees_nothing(catcher: MailCatcher, host: str) -> None:
    send(catcher)
    (mail,) = catcher.messages()
    for path in ("/", f"/mail/{mail.id}/raw.eml"):
        status, _, body = get(catcher, path, headers={"Host": host})
        assert status == 403
        assert FROM.encode() not in body


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8025", "127.0.0.1:1", "[::1]:8025"])
def test_loopback_host_names_are_welcome(catcher: MailCatcher, host: str) -> None:
    assert get(catcher, "/", headers={"Host": host})[0] == 200


@pytest.mark.parametrize(
    "path", ["/mail/../../etc/passwd", "/mail/..%2f..%2fetc", "/mail/x/raw.eml", "/mail/"]
)
def test_paths_that_are_no_mail_are_not_found(catcher: MailCatcher, path: str) -> None:
    assert get(catcher, path)[0] == 404


def test_other_methods_are_refused_and_head_has_no_body(catcher: MailCatcher) -> None:
    assert get(catcher, "/", method="POST")[0] == 501
    status, headers, body = get(catcher, "/", method="HEAD")
    assert (status, body) == (200, b"")
    assert int(headers["Content-Length"]) > 500


@pytest.mark.parametrize(
    "raw",
    [
        b"no header at all\r\n",
        b"Subject: =?no-such-charset?q?x?=\r\n\r\n",
        b"Subject: =?utf-8?b?!!!?=\r\n\r\n",
        b"Subject: \xff\xfe\r\n\r\n",
        b"Content-Type: text/plain; charset=no-such\r\n\r\nx\r\n",
        b"Content-Type: multipart/mixed\r\n\r\nx\r\n",
        b"Content-Type: text/html\r\nContent-Transfer-Encoding: base64\r\n\r\n!\r\n",
        b"Subject: a\x00b\r\n\r\n\x00\r\n",
    ],
)
def test_broken_mails_are_shown_all_the_same(catcher: MailCatcher, raw: bytes) -> None:
    send(catcher, raw)
    (mail,) = catcher.messages()
    assert mail.raw == raw
    assert get(catcher, "/")[0] == 200
    assert get(catcher, f"/mail/{mail.id}")[0] == 200


def test_refused_recipients_and_data_use_up_their_count(catcher: MailCatcher) -> None:
    catcher.faults.refuse_recipients(1, "550 5.1.1 no such user")
    catcher.faults.refuse_data(1, "451 4.3.0 not now")
    catcher.faults.refuse_mails(1, "554 5.7.1 not this")
    seen = [(outcome.kind, outcome.stage, outcome.code) for outcome in (send(catcher) for _ in range(4))]
    assert seen == [
        ("rejected", "rcpt", 550),
        ("deferred", "data", 451),
        ("rejected", "dot", 554),
        ("accepted", "dot", 250),
    ]
    assert len(catcher.messages()) == 1


@pytest.mark.parametrize("keep", [True, False])
@pytest.mark.parametrize("fault", ["stay_silent", "close_after_dot"])
def test_a_missing_answer_leaves_the_sender_in_doubt(catcher: MailCatcher, fault: str, keep: bool) -> None:
    getattr(catcher.faults, fault)(1, keep=keep)
    outcome = send(catcher, answer_timeout=0.5)
    assert (outcome.kind, outcome.stage) == ("unknown", "dot")
    assert len(catcher.messages()) == int(keep)
    assert send(catcher).kind == "accepted"


def test_a_replaced_message_id_is_announced(catcher: MailCatcher) -> None:
    catcher.faults.replace_message_id(1, "<new@prod.example>")
    outcome = send(catcher)
    assert (outcome.kind, outcome.wire_message_id) == ("accepted", "<new@prod.example>")
    assert len(catcher.messages()) == 1


def test_cleared_faults_are_forgotten(catcher: MailCatcher) -> None:
    catcher.faults.refuse_recipients(5, "550 5.1.1 no such user")
    catcher.faults.clear()
    assert send(catcher).kind == "accepted"


def test_only_loopback_is_listened_on(catcher: MailCatcher) -> None:
    listening = Path("/proc/net/tcp").read_text().splitlines()
    for port in (catcher.smtp_port, catcher.http_port):
        local = {line.split()[1] for line in listening[1:] if line.split()[3] == "0A"}
        assert {address for address in local if address.endswith(f":{port:04X}")} == {f"0100007F:{port:04X}"}


def test_a_taken_port_is_one_sentence_and_leaves_nothing_open(catcher: MailCatcher, tmp_path: Path) -> None:
    with pytest.raises(PortUnavailableError, match=f"^Port {catcher.http_port} on 127.0.0.1 cannot be used"):
        MailCatcher(tmp_path, http_port=catcher.http_port).start()
    with pytest.raises(PortUnavailableError):
        MailCatcher(tmp_path, smtp_port=catcher.smtp_port).start()


def test_stopping_ends_open_dialogues_at_once_and_may_be_repeated(tmp_path: Path) -> None:
    catcher = MailCatcher(tmp_path)
    catcher.start()
    catcher.faults.stay_silent(1, keep=True)
    with (
        socket.create_connection(("127.0.0.1", catcher.smtp_port), timeout=5) as idle,
        socket.create_connection(("127.0.0.1", catcher.http_port), timeout=5),
    ):
        assert idle.recv(100).startswith(b"220")
        started = time.monotonic()
        catcher.stop()
        catcher.stop()
        assert time.monotonic() - started < 1


def run_module(*arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "connector.demo.mail_catcher", *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT])
def test_the_command_says_that_it_is_ready_and_ends_on_a_signal(
    tmp_path: Path, ending: signal.Signals
) -> None:
    with run_module("--directory", str(tmp_path / "new" / "folder")) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        ready = re.fullmatch(
            r"Mail catcher ready: SMTP 127\.0\.0\.1:(\d+), mails at http://127\.0\.0\.1:(\d+)/\n", line
        )
        assert ready is not None
        with socket.create_connection(("127.0.0.1", int(ready[1])), timeout=5) as idle:
            assert idle.recv(100).startswith(b"220")
            started = time.monotonic()
            process.send_signal(ending)
            output, errors = process.communicate(timeout=5)
        assert time.monotonic() - started < 1
    assert (process.returncode, output, errors) == (0, "", "")


@pytest.mark.parametrize("option", ["--smtp-port", "--http-port"])
def test_the_command_explains_a_taken_port(tmp_path: Path, option: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with run_module("--directory", str(tmp_path), option, str(port)) as process:
            output, errors = process.communicate(timeout=10)
    assert process.returncode == 2
    assert output == ""
    assert re.fullmatch(
        rf"Mail catcher: Port {port} on 127\.0\.0\.1 cannot be used \(.+\); choose another one\.\n", errors
    )


def test_the_command_explains_an_unusable_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with run_module("--directory", str(tmp_path / "file")) as process:
        _, errors = process.communicate(timeout=10)
    assert process.returncode == 2
    assert errors.count("\n") == 1
