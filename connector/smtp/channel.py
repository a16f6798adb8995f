"""One open connection: smtplib's dialogue, with three things done more strictly than smtplib does them.

- A reply counts only when it is whole: every line ends, every line has the same three digits. A "250" that is
  cut off in the middle is a lost connection, not a success.
- A reply has a deadline as a whole. A server that sends one byte a minute cannot hold a worker.
- What the server says or does unasked, such as refusing a mail that is still being transferred, is noticed.
"""

from __future__ import annotations

import re
import selectors
import smtplib
import socket
import ssl
import time
from typing import Any

from connector.smtp.errors import ConnectionLostError, GarbledReplyError, SmtpError, TimedOutError

_REPLY_LINE = re.compile(rb"([2-5]\d\d)(?:([ -])(.*?))?[ \t]*\r?\n", re.DOTALL)
_LONGEST_LINE = 4096
_MOST_LINES = 200
_PIECE = 16 * 1024


class Channel(smtplib.SMTP):
    """An SMTP conversation over an already connected socket, which it owns.

    Every failure to send or to read closes the connection and raises a subclass of `SmtpError`; its
    `reply_text` holds what had arrived of an unfinished reply.
    """

    def __init__(self, sock: socket.socket, *, local_hostname: str, timeout: float) -> None:
        super().__init__(local_hostname=local_hostname)
        self.sock = sock
        self.reply_timeout = timeout
        self._unread = bytearray()
        # Without this the final dot, a segment of its own, waits for the peer's delayed acknowledgement.
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    @property
    def is_open(self) -> bool:
        return self.sock is not None

    def send(self, s: Any) -> None:
        """Send one command, all of it."""
        sock = self._open_socket()
        data = s.encode("ascii") if isinstance(s, str) else bytes(s)
        try:
            sock.settimeout(self.reply_timeout)
            sock.sendall(data)
        except OSError as error:
            # A server that said 421 and hung up: the caller reads its words as the reply.
            if not (self.has_news() and self._unread):
                raise self._lost(error) from error

    def getreply(self, timeout: float | None = None) -> tuple[int, bytes]:
        """Read one whole reply: its code and its lines without the code, joined by line feeds.

        `timeout` in seconds is for the reply as a whole; by default the channel's own.
        """
        deadline = time.monotonic() + (self.reply_timeout if timeout is None else timeout)
        codes: set[bytes] = set()
        lines: list[bytes] = []
        while True:
            line = self._read_line(deadline, lines)
            parsed = _REPLY_LINE.fullmatch(line)
            if parsed is None or len(lines) >= _MOST_LINES:
                raise self._garbled([*lines, line])
            codes.add(parsed[1])
            lines.append(parsed[3] or b"")
            if len(codes) > 1:
                raise self._garbled(lines)
            if parsed[2] != b"-":
                return int(parsed[1]), b"\n".join(lines)

    def has_news(self) -> bool:
        """True when the server has said something nobody asked for, or has hung up. Never waits."""
        if self._unread:
            return True
        sock = self._open_socket()
        sock.setblocking(False)
        try:
            data = sock.recv(_LONGEST_LINE)
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            # TLS keeps its own house: a session ticket makes the socket readable without a word for us.
            return False
        except OSError:
            return True
        finally:
            sock.settimeout(self.reply_timeout)
        self._unread += data
        return True

    def send_body(self, body: bytes) -> bool:
        """Send `body` piece by piece. False when the server spoke or hung up before all of it was sent.

        The channel's timeout is for each piece: a big attachment on a slow line may take its time.
        """
        sock = self._open_socket()
        rest = memoryview(body)
        with selectors.DefaultSelector() as selector:
            selector.register(sock, selectors.EVENT_READ | selectors.EVENT_WRITE)
            while rest:
                ready = selector.select(self.reply_timeout)
                if not ready:
                    raise self._lost(TimeoutError())
                if ready[0][1] & selectors.EVENT_READ and self.has_news():
                    return False
                if ready[0][1] & selectors.EVENT_WRITE:
                    try:
                        rest = rest[sock.send(rest[:_PIECE]) :]
                    except OSError as error:
                        # A server that refused and hung up at once: its words may still have arrived.
                        if self.has_news() and self._unread:
                            return False
                        raise self._lost(error) from error
        return True

    def start_tls(self, context: ssl.SSLContext, hostname: str) -> None:
        """Encrypt from here on, forget what the server said in the clear. Raises `OSError` as `ssl` does."""
        if self._unread:
            # Unencrypted words after "220 go ahead": somebody wants them to be believed afterwards.
            raise self._garbled([bytes(self._unread)])
        self.sock = context.wrap_socket(self._open_socket(), server_hostname=hostname)
        self.ehlo_resp = self.helo_resp = None
        self.esmtp_features = {}
        self.does_esmtp = False

    def _open_socket(self) -> socket.socket:
        if self.sock is None:
            raise ConnectionLostError("The connection is closed")
        return self.sock

    def _read_line(self, deadline: float, earlier: list[bytes]) -> bytes:
        sock = self._open_socket()
        while (end := self._unread.find(b"\n")) < 0:
            remaining = deadline - time.monotonic()
            if len(self._unread) > _LONGEST_LINE:
                raise self._garbled([*earlier, bytes(self._unread)])
            if remaining <= 0:
                raise self._lost(TimeoutError(), earlier)
            try:
                sock.settimeout(remaining)
                data = sock.recv(_LONGEST_LINE)
            except OSError as error:
                raise self._lost(error, earlier) from error
            if not data:
                raise self._lost(ConnectionError(), earlier)
            self._unread += data
        line = bytes(self._unread[: end + 1])
        del self._unread[: end + 1]
        return line

    def _lost(self, error: OSError, earlier: list[bytes] | None = None) -> SmtpError:
        self.close()
        words = as_text(b"\n".join([*(earlier or []), bytes(self._unread)]).strip())
        if isinstance(error, TimeoutError):
            return TimedOutError("The mail server did not answer in time", reply_text=words)
        return ConnectionLostError("The mail server closed the connection", reply_text=words)

    def _garbled(self, lines: list[bytes]) -> GarbledReplyError:
        self.close()
        words = as_text(b"\n".join(lines)[:1000].strip())
        return GarbledReplyError("The mail server's answer is not SMTP", reply_text=words)


def as_text(words: bytes) -> str:
    """A server's words as text: UTF-8 where they are, Latin-1 otherwise; nothing is lost or replaced."""
    try:
        return words.decode("utf-8")
    except UnicodeDecodeError:
        return words.decode("latin-1")
