"""Open, authenticate, reuse and close a session with a mail server.

Encryption is verified, or the session is not opened.
"""

from __future__ import annotations

import base64
import ipaddress
import re
import socket
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Literal, Self

from connector.smtp import submission
from connector.smtp.channel import Channel, as_text
from connector.smtp.errors import (
    AccountError,
    GreetingRefusedError,
    LoginRefusedError,
    SmtpError,
    StarttlsMissingError,
    TimedOutError,
    TlsFailedError,
    UnreachableError,
)

Security = Literal["starttls", "tls", "none"]

_HOST = re.compile(r"[A-Za-z0-9:_][A-Za-z0-9.:_-]{0,252}")
_LOCAL_NAME = re.compile(r"[A-Za-z0-9.:_\[\]-]{1,253}")
_QUIT_TIMEOUT = 5.0
# Not a word about what is there: whoever names an address must not learn which of its ports are open.
_NOT_ALLOWED = "This address is not allowed"


@dataclass(frozen=True)
class Account:
    """How one mailbox reaches its server. `timeout` in seconds holds for each command.

    Without a username nothing is authenticated (servers that know us by address). `ca_file` is a PEM file
    with the authorities to trust *instead of* the system's, for a company's own server. `security` "none" is
    for this computer only. With `is_allowed` the server may have only addresses that it says yes to, and none
    of this computer's own.
    """

    host: str
    port: int
    security: Security
    username: str
    password: str = field(repr=False)
    from_address: str
    local_hostname: str
    timeout: float = 60
    ca_file: str | None = None
    is_allowed: Callable[[str], bool] | None = None


class Session:
    """An open, authenticated connection for one message after the other. A context manager that closes it."""

    def __init__(self, channel: Channel, account: Account) -> None:
        self.account = account
        self._channel = channel

    @property
    def is_usable(self) -> bool:
        """False after a failure, and when the server has hung up or announced that it will."""
        if self._channel.is_open and self._channel.has_news():
            self._channel.close()
        return self._channel.is_open

    def submit(
        self,
        *,
        envelope_from: str,
        recipients: Sequence[str],
        raw: bytes,
        before_dot: Callable[[], bool],
        answer_timeout: float = 300,
    ) -> submission.Outcome:
        """See `submission.submit`."""
        return submission.submit(
            self._channel,
            envelope_from=envelope_from,
            recipients=recipients,
            raw=raw,
            before_dot=before_dot,
            answer_timeout=answer_timeout,
        )

    def close(self) -> None:
        """Say goodbye and hang up. What the server answers no longer matters: accepted mail is accepted."""
        try:
            if self._channel.is_open:
                self._channel.putcmd("QUIT")
                self._channel.getreply(min(self.account.timeout, _QUIT_TIMEOUT))
        except SmtpError:
            pass
        finally:
            self._channel.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_session(account: Account) -> Session:
    """Connect, encrypt and authenticate. Raises an `SmtpError`; nothing stays open then."""
    check_account(account)
    context = None if account.security == "none" else _tls_context(account)
    channel = _connect(account, context if account.security == "tls" else None)
    try:
        code, text = channel.getreply()
        if code != 220:
            raise GreetingRefusedError(
                "The mail server refuses the connection", reply_code=code, reply_text=as_text(text)
            )
        _hello(channel)
        if account.security == "starttls" and context is not None:
            _start_tls(channel, account, context)
            _hello(channel)
        authenticate(channel, account)
    except BaseException:
        channel.close()
        raise
    return Session(channel, account)


def check_account(account: Account) -> None:
    """Raise AccountError when this account can never work, whatever the server says."""
    problems = [
        (not _HOST.fullmatch(account.host), "The mail server's name is missing or malformed"),
        (not 1 <= account.port <= 65535, "The mail server's port is not between 1 and 65535"),
        (account.security not in {"starttls", "tls", "none"}, "Security must be starttls, tls or none"),
        (
            account.security == "none" and not _is_loopback(account.host),
            "Mail without encryption is only possible to this computer itself",
        ),
        (not _LOCAL_NAME.fullmatch(account.local_hostname), "The name for EHLO is missing or malformed"),
        (account.timeout <= 0, "The time-out must be longer than 0 seconds"),
        # An empty password must not turn into sending without a login.
        (bool(account.username) and not account.password, "A user name is set, but no password"),
        (bool(account.password) and not account.username, "A password is set, but no user name"),
    ]
    for is_wrong, sentence in problems:
        if is_wrong:
            raise AccountError(sentence)


def authenticate(channel: Channel, account: Account) -> None:
    """Log in as the account says. One mechanism, one attempt: providers lock accounts after a few failures.

    Mechanisms with tokens (XOAUTH2) belong here, chosen by a field of the account.
    """
    if not account.username:
        return
    offered = channel.esmtp_features.get("auth", "").upper().split()
    user, password = _encoded(account.username), _encoded(account.password)
    if "PLAIN" in offered:
        code, words = channel.docmd("AUTH PLAIN", _encoded(f"\0{account.username}\0{account.password}"))
    elif "LOGIN" in offered:
        code, words = channel.docmd("AUTH", "LOGIN")
        for answer in (user, password):
            if code == 334:
                code, words = channel.docmd(answer)
    else:
        raise AccountError("The mail server offers no login with a password here")
    if code != 235:
        if code == 334:
            # Still inside the login dialogue: nothing sensible can follow on this connection.
            channel.close()
        text = _without_secrets(as_text(words), account)
        raise LoginRefusedError("The mail server refuses the login", reply_code=code, reply_text=text)


def _connect(account: Account, context: ssl.SSLContext | None) -> Channel:
    where = f"{account.host}:{account.port}"
    try:
        sock = _reach(account)
    except TimeoutError as error:
        raise TimedOutError(f"The mail server {where} does not answer") from error
    except (OSError, UnicodeError) as error:
        raise UnreachableError(f"The mail server {where} cannot be reached ({_reason(error)})") from error
    if context is not None:
        try:
            sock = context.wrap_socket(sock, server_hostname=account.host)
        except OSError as error:
            sock.close()
            raise _tls_error(error, where) from error
    return Channel(sock, local_hostname=account.local_hostname, timeout=account.timeout)


def _reach(account: Account) -> socket.socket:
    """Connect. Raises OSError, UnicodeError, or AccountError for an address that is not allowed.

    All addresses are judged before one is tried, and those are the ones tried: a forbidden port, open or
    closed, answers alike, and a name cannot lead elsewhere between the question and the connection.
    """
    if account.is_allowed is None:
        return socket.create_connection((account.host, account.port), account.timeout)
    found = socket.getaddrinfo(account.host, account.port, type=socket.SOCK_STREAM)
    if not all(account.is_allowed(str(where[0])) for *_rest, where in found) or any(map(_leads_here, found)):
        raise AccountError(_NOT_ALLOWED)
    sock = _first_that_answers([(str(where[0]), account.port) for *_rest, where in found], account.timeout)
    try:
        is_here = _is_same_machine(sock)
    except OSError:
        sock.close()
        raise
    if is_here:
        sock.close()
        raise AccountError(_NOT_ALLOWED)
    return sock


def _first_that_answers(addresses: Sequence[tuple[str, int]], timeout: float) -> socket.socket:
    failure = OSError("no address")
    for address in addresses:
        try:
            return socket.create_connection(address, timeout)
        except OSError as error:
            failure = error
    raise failure


def _leads_here(found: tuple[Any, ...]) -> bool:
    """Whether a found address is one of this computer's own. Connecting a datagram socket sends nothing."""
    family, *_rest, where = found
    with socket.socket(family, socket.SOCK_DGRAM) as sock:
        try:
            sock.connect(where)
            return _is_same_machine(sock)
        except OSError:
            return False  # no way there: connecting says why


def _is_same_machine(sock: socket.socket) -> bool:
    """Both ends have one address: that is this computer, whatever its own name leads to."""
    here, there = sock.getsockname()[0], sock.getpeername()[0]
    return bool(here == there)


def _hello(channel: Channel) -> None:
    code, text = channel.ehlo()
    if 500 <= code <= 599:
        code, text = channel.helo()
    if code != 250:
        raise GreetingRefusedError(
            "The mail server refuses the greeting", reply_code=code, reply_text=as_text(text)
        )


def _start_tls(channel: Channel, account: Account, context: ssl.SSLContext) -> None:
    where = f"{account.host}:{account.port}"
    if not channel.has_extn("starttls"):
        raise StarttlsMissingError(f"The mail server {where} offers no encryption (STARTTLS)")
    code, text = channel.docmd("STARTTLS")
    if code != 220:
        raise TlsFailedError(
            f"The mail server {where} refuses STARTTLS", reply_code=code, reply_text=as_text(text)
        )
    try:
        channel.start_tls(context, account.host)
    except OSError as error:
        raise _tls_error(error, where) from error


def _tls_context(account: Account) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=account.ca_file)
    except OSError as error:
        raise AccountError(
            f"The file of certificate authorities cannot be used ({_reason(error)})"
        ) from error


def _tls_error(error: OSError, where: str) -> SmtpError:
    if isinstance(error, TimeoutError):
        return TimedOutError(f"The mail server {where} does not finish the TLS handshake")
    if isinstance(error, ssl.SSLCertVerificationError):
        return TlsFailedError(f"The certificate of {where} is not trusted ({error.verify_message})")
    return TlsFailedError(f"No encrypted connection to {where} ({_reason(error)})")


def _reason(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error)


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _encoded(words: str) -> str:
    return base64.b64encode(words.encode("utf-8")).decode("ascii")


def _without_secrets(text: str, account: Account) -> str:
    """Some servers repeat the command they did not understand."""
    plain = _encoded(f"\0{account.username}\0{account.password}")
    for secret in (plain, _encoded(account.password), account.password):
        text = text.replace(secret, "***")
    return text
