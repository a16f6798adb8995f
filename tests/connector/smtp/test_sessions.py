"""Opening, authenticating, closing a session: encryption is verified, errors are typed, no password leaks."""

from __future__ import annotations

import base64
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword
from aiosmtpd.smtp import Session as PeerSession

from connector.smtp import sessions
from connector.smtp.errors import (
    AccountError,
    ConnectionLostError,
    GarbledReplyError,
    GreetingRefusedError,
    LoginRefusedError,
    SmtpError,
    StarttlsMissingError,
    TimedOutError,
    TlsFailedError,
    UnreachableError,
)
from connector.smtp.sessions import Account, open_session
from tests.connector.smtp.certificates import Certificates, make_certificates
from tests.connector.smtp.conftest import BIG, RAW, MakeAccount
from tests.connector.smtp.scripted_server import (
    Action,
    Dialogue,
    Script,
    ScriptedServer,
    hang_up,
    late,
    silence,
    then_hang_up,
)

PASSWORD = "geheim-Ünicode-42"


def send_one(account: Account, raw: bytes = RAW) -> str:
    with open_session(account) as session:
        return session.submit(
            envelope_from="j.weiss@maker.example",
            recipients=["k.kranz@kranz.example"],
            raw=raw,
            before_dot=lambda: True,
            answer_timeout=10,
        ).kind


class Keeper:
    """aiosmtpd handler that keeps what it got."""

    def __init__(self) -> None:
        self.kept: list[bytes] = []
        self.was_encrypted: list[bool] = []

    async def handle_DATA(self, server: SMTP, session: PeerSession, envelope: Envelope) -> str:  # noqa: N802
        assert isinstance(envelope.original_content, bytes)
        self.kept.append(envelope.original_content)
        self.was_encrypted.append(session.ssl is not None)
        return "250 2.0.0 OK"


def check_login(
    server: SMTP, session: PeerSession, envelope: Envelope, mechanism: str, data: Any
) -> AuthResult:
    good = isinstance(data, LoginPassword) and data.login == b"jana" and data.password == PASSWORD.encode()
    return AuthResult(success=good, handled=False)


@contextmanager
def peer(keeper: Keeper, certificates: Certificates, **options: Any) -> Iterator[Controller]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    controller = Controller(
        keeper,
        hostname="127.0.0.1",
        port=port,
        tls_context=certificates.server_context(),
        require_starttls=True,
        authenticator=check_login,
        auth_required=True,
        **options,
    )
    controller.start()
    try:
        yield controller
    finally:
        controller.stop()


@pytest.mark.parametrize("excluded", [[], ["PLAIN"]], ids=["PLAIN", "LOGIN"])
@pytest.mark.parametrize("raw", [RAW, BIG], ids=["small", "big"])
def test_a_real_server_gets_the_exact_bytes_over_verified_starttls(
    account: MakeAccount, certificates: Certificates, raw: bytes, excluded: list[str]
) -> None:
    keeper = Keeper()
    with peer(keeper, certificates, auth_exclude_mechanism=excluded) as controller:
        assert send_one(
            account(
                controller.port,
                security="starttls",
                ca_file=str(certificates.ca_file),
                username="jana",
                password=PASSWORD,
            ),
            raw,
        ) == ("accepted")
    assert keeper.kept == [raw]
    assert keeper.was_encrypted == [True]


def test_a_wrong_password_is_a_typed_error_tried_once_and_never_shown(
    account: MakeAccount, certificates: Certificates
) -> None:
    with (
        peer(Keeper(), certificates) as controller,
        pytest.raises(LoginRefusedError) as caught,
    ):
        open_session(
            account(
                controller.port,
                security="starttls",
                ca_file=str(certificates.ca_file),
                username="jana",
                password="wrong-password",
            )
        )
    error = caught.value
    assert (error.code, error.reply_code, error.classification) == ("login_refused", 535, "configuration")
    assert not error.is_temporary
    assert "wrong-password" not in str(error)


def test_one_login_attempt_and_no_second_mechanism(account: MakeAccount) -> None:
    script: Script = {"auth": "535 5.7.3 Authentication unsuccessful"}
    with ScriptedServer(script, features=("AUTH CRAM-MD5 PLAIN LOGIN",)) as server:
        with pytest.raises(LoginRefusedError):
            open_session(account(server.port, username="jana", password=PASSWORD))
        server.wait()
    assert len([command for command in server.commands if command.startswith("AUTH")]) == 1


def test_a_password_that_the_server_repeats_is_masked(account: MakeAccount) -> None:
    secret = base64.b64encode(f"\0jana\0{PASSWORD}".encode()).decode()
    script: Script = {"auth": f"500 what is AUTH PLAIN {secret} or {PASSWORD}"}
    with (
        ScriptedServer(script, features=("AUTH PLAIN",)) as server,
        pytest.raises(LoginRefusedError) as caught,
    ):
        open_session(account(server.port, username="jana", password=PASSWORD))
    assert caught.value.reply_text == "what is AUTH PLAIN *** or ***"


def test_a_login_that_is_refused_for_now_may_be_tried_later(account: MakeAccount) -> None:
    with (
        ScriptedServer(
            {"auth": "454 4.7.0 Temporary authentication failure"}, features=("AUTH PLAIN",)
        ) as server,
        pytest.raises(LoginRefusedError) as caught,
    ):
        open_session(account(server.port, username="jana", password=PASSWORD))
    assert caught.value.is_temporary


def test_a_missing_mailbox_permission_is_no_temporary_matter(account: MakeAccount) -> None:
    reply = "430 4.2.0 STOREDRV; mailbox logon failure; MapiExceptionLogonFailed"
    with (
        ScriptedServer({"auth": reply}, features=("AUTH PLAIN",)) as server,
        pytest.raises(LoginRefusedError) as caught,
    ):
        open_session(account(server.port, username="jana", password=PASSWORD))
    assert not caught.value.is_temporary


def test_a_server_without_a_password_login_is_an_error_and_not_an_anonymous_session(
    account: MakeAccount,
) -> None:
    with ScriptedServer(features=("AUTH XOAUTH2",)) as server, pytest.raises(AccountError):
        open_session(account(server.port, username="jana", password=PASSWORD))


def test_implicit_tls_carries_a_mail(account: MakeAccount, certificates: Certificates) -> None:
    with ScriptedServer(tls=certificates.server_context(), tls_from_start=True) as server:
        settings = account(server.port, security="tls", host="localhost", ca_file=str(certificates.ca_file))
        assert send_one(settings, BIG) == "accepted"
        server.wait()
    assert server.accepted == [BIG]


def test_starttls_that_is_not_offered_is_never_replaced_by_plain_text(account: MakeAccount) -> None:
    with ScriptedServer(features=("AUTH PLAIN",)) as server:
        with pytest.raises(StarttlsMissingError) as caught:
            open_session(account(server.port, security="starttls", username="jana", password=PASSWORD))
        server.wait()
    assert caught.value.code == "starttls_missing"
    assert server.commands == ["ehlo desk.maker.example"]


def test_starttls_that_is_refused_ends_the_session(account: MakeAccount, certificates: Certificates) -> None:
    with ScriptedServer(
        {"starttls": "454 4.7.0 TLS not available"}, tls=certificates.server_context()
    ) as server:
        with pytest.raises(TlsFailedError) as caught:
            open_session(account(server.port, security="starttls"))
        server.wait()
    assert caught.value.is_temporary
    assert server.commands[-1] == "STARTTLS"


@pytest.mark.parametrize("security", ["starttls", "tls"])
@pytest.mark.parametrize("trust", ["system", "foreign authority"])
def test_an_untrusted_certificate_ends_the_session_before_the_login(
    account: MakeAccount,
    certificates: Certificates,
    foreign_certificates: Certificates,
    security: str,
    trust: str,
) -> None:
    ca_file = None if trust == "system" else str(foreign_certificates.ca_file)
    context = certificates.server_context()
    with ScriptedServer(tls=context, tls_from_start=security == "tls", features=("AUTH PLAIN",)) as server:
        with pytest.raises(TlsFailedError, match="not trusted") as caught:
            open_session(
                account(server.port, security=security, ca_file=ca_file, username="jana", password=PASSWORD)
            )
        server.wait()
    assert caught.value.code == "tls_failed"
    assert not caught.value.is_temporary
    assert not any(command.startswith(("AUTH", "MAIL")) for command in server.commands)


def test_a_certificate_for_another_name_ends_the_session(account: MakeAccount, tmp_path: Path) -> None:
    certificates = make_certificates(tmp_path, host="mail.maker.example")
    with (
        ScriptedServer(tls=certificates.server_context()) as server,
        pytest.raises(TlsFailedError, match="not trusted"),
    ):
        open_session(account(server.port, security="starttls", ca_file=str(certificates.ca_file)))


def test_words_smuggled_in_before_the_encryption_are_not_believed(
    account: MakeAccount, certificates: Certificates
) -> None:
    def smuggle(dialogue: Dialogue) -> None:
        dialogue.sock.sendall(b"220 go ahead\r\n250-evil\r\n250 AUTH PLAIN\r\n")
        dialogue.encrypt()

    with (
        ScriptedServer({"starttls": smuggle}, tls=certificates.server_context()) as server,
        pytest.raises(GarbledReplyError),
    ):
        open_session(account(server.port, security="starttls", ca_file=str(certificates.ca_file)))


@pytest.mark.parametrize(
    ("greeting", "error", "temporary"),
    [
        (then_hang_up("421 4.3.2 Service not available"), GreetingRefusedError, True),
        (then_hang_up("554 5.7.1 your address is blocked"), GreetingRefusedError, False),
        (hang_up, ConnectionLostError, True),
        (b"SSH-2.0-OpenSSH_9.2\r\n", GarbledReplyError, True),
        (silence, TimedOutError, True),
        (late(0.8, "220 hello"), TimedOutError, True),
    ],
    ids=["421", "554", "hang up", "not SMTP", "silence", "late"],
)
def test_a_bad_greeting_is_a_typed_error(
    account: MakeAccount, greeting: Action, error: type[SmtpError], temporary: bool
) -> None:
    with ScriptedServer({"connect": greeting}) as server, pytest.raises(error) as caught:
        open_session(account(server.port, timeout=0.4))
    assert caught.value.is_temporary is temporary


def test_a_closed_port_is_unreachable(account: MakeAccount) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(UnreachableError, match=f"127.0.0.1:{port}") as caught:
        open_session(account(port))
    assert caught.value.code == "unreachable"


def test_an_encrypted_port_spoken_to_in_plain_text_and_the_reverse_are_errors(
    account: MakeAccount, certificates: Certificates
) -> None:
    with ScriptedServer() as server, pytest.raises(TlsFailedError):
        open_session(account(server.port, security="tls"))
    with (
        ScriptedServer(tls=certificates.server_context(), tls_from_start=True) as server,
        pytest.raises(TimedOutError),
    ):
        open_session(account(server.port, security="starttls", timeout=0.4))


@pytest.mark.parametrize(
    "changes",
    [
        {"username": "jana"},
        {"password": "without a name"},
        {"security": "none", "host": "mail.maker.example"},
        {"security": "none", "host": "192.0.2.1"},
        {"security": "ssl"},
        {"host": ""},
        {"host": "mail.maker.example\r\nRCPT"},
        {"port": 0},
        {"timeout": 0},
        {"local_hostname": ""},
        {"security": "tls", "ca_file": "/no/such/file.pem"},
    ],
    ids=str,
)
def test_an_impossible_account_is_refused_without_touching_the_network(
    account: MakeAccount, changes: dict[str, Any]
) -> None:
    with ScriptedServer() as server:
        with pytest.raises(AccountError) as caught:
            open_session(account(**({"port": server.port} | changes)))
        assert server.commands == []
    assert (caught.value.code, caught.value.is_temporary) == ("configuration", False)


# --- Where an account may lead ---------------------------------------------------------------------------


def far(address: str) -> bool:
    """Everything but the one address that the servers of these tests have."""
    return address != "127.0.0.1"


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    return port


@pytest.mark.parametrize("is_allowed", [far, lambda _address: True], ids=["by the rule", "this machine"])
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_forbidden_address_tells_nothing_about_its_ports(
    account: MakeAccount, host: str, security: str, is_allowed: Callable[[str], bool]
) -> None:
    greeted = threading.Event()
    told = []
    with ScriptedServer({"connect": lambda _dialogue: greeted.set()}) as server:
        for port in (server.port, free_port()):
            with pytest.raises(AccountError) as caught:
                open_session(account(port, host=host, security=security, is_allowed=is_allowed))
            told.append((str(caught.value), caught.value.is_temporary))
        assert not greeted.wait(0.2)
    assert told == [("This address is not allowed", False)] * 2


def test_one_forbidden_address_among_others_is_enough(
    account: MakeAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that leads to a public address at first and to this machine at the second attempt."""
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, 25)) for ip in ("93.184.216.34", "127.0.0.1")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_options: found)
    with pytest.raises(AccountError, match=r"^This address is not allowed$"):
        open_session(account(25, host="rebound.example", security="starttls", is_allowed=far))


def test_a_name_is_looked_up_once_so_that_the_checked_address_is_the_one_that_is_asked(
    account: MakeAccount, certificates: Certificates, monkeypatch: pytest.MonkeyPatch
) -> None:
    look_up, asked = socket.getaddrinfo, []

    def remember(host: str, *args: Any, **options: Any) -> Any:
        asked.append(host)
        return look_up("127.0.0.1", *args, **options)

    monkeypatch.setattr(socket, "getaddrinfo", remember)
    monkeypatch.setattr(sessions, "_is_same_machine", lambda _sock: False)
    context = certificates.server_context()
    with ScriptedServer(tls=context, tls_from_start=True) as server:
        settings = account(
            server.port, host="localhost", security="tls", ca_file=str(certificates.ca_file),
            is_allowed=lambda address: address == "127.0.0.1",
        )  # fmt: skip
        assert send_one(settings) == "accepted"
    assert asked.count("localhost") == 1
    assert set(asked) <= {"localhost", "127.0.0.1"}


def test_a_socket_whose_both_ends_have_one_address_is_on_this_machine() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname()) as near,
        socket.create_connection(server.getsockname(), source_address=("127.0.0.2", 0)) as other,
    ):
        assert sessions._is_same_machine(near)
        assert not sessions._is_same_machine(other)


def test_a_name_that_cannot_be_found_is_unreachable_also_for_a_guarded_account(
    account: MakeAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_args: Any, **_options: Any) -> Any:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    with pytest.raises(UnreachableError, match="Name or service not known"):
        open_session(account(25, host="nobody.example", security="starttls", is_allowed=far))


def test_without_a_rule_this_machine_is_a_mail_server_like_any_other(account: MakeAccount) -> None:
    with ScriptedServer() as server:
        assert send_one(account(server.port)) == "accepted"


def test_the_password_is_in_no_repr(account: MakeAccount) -> None:
    assert PASSWORD not in repr(account(25, username="jana", password=PASSWORD))


@pytest.mark.parametrize(
    "answer", ["221 bye", "421 4.3.2 closing", "500 what?", hang_up, b"nonsense\r\n", silence]
)
def test_no_answer_to_quit_changes_an_acceptance(account: MakeAccount, answer: Action) -> None:
    with ScriptedServer({"quit": answer}) as server:
        assert send_one(account(server.port, timeout=0.4)) == "accepted"
        server.wait()
    assert server.accepted == [RAW]


def test_an_idle_session_that_the_server_ended_is_not_usable(account: MakeAccount) -> None:
    with ScriptedServer({"ehlo": "250 ok", "mail": then_hang_up("421 4.4.2 idle")}) as server:
        session = open_session(account(server.port))
        assert session.is_usable
        session._channel.putcmd("MAIL FROM:<a@b.example>")
        server.wait()
        assert not session.is_usable
        session.close()
        session.close()


def test_an_encrypted_idle_session_stays_usable(account: MakeAccount, certificates: Certificates) -> None:
    with ScriptedServer(tls=certificates.server_context(), tls_from_start=True) as server:
        settings = account(server.port, security="tls", ca_file=str(certificates.ca_file))
        with open_session(settings) as session:
            assert session.is_usable
            assert session.is_usable
