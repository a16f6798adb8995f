"""The demo's mail server: takes every mail, keeps its exact bytes, shows it in the browser, relays nothing.

    python -m connector.demo.mail_catcher --directory var/demo-mail --smtp-port 2525 --http-port 8025

It listens on 127.0.0.1 only, without encryption and without a login, because nothing leaves this computer.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import signal
import socket
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from aiosmtpd.smtp import SMTP, Envelope
from aiosmtpd.smtp import Session as PeerSession

from connector.demo.mail_faults import MailFault, MailFaults
from connector.demo.mail_pages import PageServer
from connector.demo.mail_store import CaughtMail, MailStore

HOST = "127.0.0.1"


class PortUnavailableError(Exception):
    """A port cannot be listened on. `str()` is one sentence for whoever chose it."""

    def __init__(self, port: int, reason: str) -> None:
        super().__init__(f"Port {port} on {HOST} cannot be used ({reason}); choose another one.")
        self.port = port


class MailCatcher:
    """An SMTP server and a small web server in threads of their own, over one directory of mails.

    Port 0 lets the system choose; the attributes `smtp_port` and `http_port` hold them after `start`.
    `faults` is for tests.
    """

    def __init__(self, directory: Path, smtp_port: int = 0, http_port: int = 0) -> None:
        self.smtp_port = smtp_port
        self.http_port = http_port
        self.faults = MailFaults()
        self._store = MailStore(Path(directory))
        self._post: _PostOffice | None = None
        self._pages: PageServer | None = None
        self._pages_thread: threading.Thread | None = None

    def start(self) -> None:
        """Listen. Raises PortUnavailableError; then nothing is left open."""
        listener = _listen(self.smtp_port)
        try:
            self._pages = PageServer(_listen(self.http_port), self._store)
        except BaseException:
            listener.close()
            raise
        self.smtp_port = listener.getsockname()[1]
        self.http_port = self._pages.server_port
        self._pages_thread = threading.Thread(
            target=self._pages.serve_forever, kwargs={"poll_interval": 0.2}, name="mail-pages", daemon=True
        )
        self._pages_thread.start()
        self._post = _PostOffice(listener, self._store, self.faults)
        self._post.start()

    def stop(self) -> None:
        """Close everything, also connections that are in the middle of something. May be called again."""
        if self._post is not None:
            self._post.stop()
            self._post = None
        if self._pages is not None and self._pages_thread is not None:
            self._pages.shutdown()
            self._pages.server_close()
            self._pages_thread.join()
            self._pages = self._pages_thread = None

    def messages(self) -> list[CaughtMail]:
        """Every mail kept so far, in the order of arrival, those of earlier runs included."""
        return [mail for mail_id in self._store.ids() if (mail := self._store.get(mail_id))]

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


class _PostOffice:
    """The SMTP side: an event loop in a thread."""

    def __init__(self, listener: socket.socket, store: MailStore, faults: MailFaults) -> None:
        self._listener = listener
        self._handler = _Handler(store, faults)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None
        self._ready = threading.Event()
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._serve()), name="mail-smtp", daemon=True
        )

    def start(self) -> None:
        self._thread.start()
        self._ready.wait()

    def stop(self) -> None:
        if self._loop is not None and self._stopping is not None:
            self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join()

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stopping = asyncio.Event()
        try:
            server = await self._loop.create_server(self._converse, sock=self._listener)
        finally:
            self._ready.set()
        await self._stopping.wait()
        server.close()
        for peer in [*self._handler.peers]:
            peer.hang_up()
        # One turn of the loop, so that the torn connections are closed before the loop is.
        await asyncio.sleep(0)

    def _converse(self) -> SMTP:
        peer = _Peer(self._handler, hostname="mail-catcher", ident="Demo mail catcher", loop=self._loop)
        self._handler.peers.add(peer)
        return peer


class _Peer(SMTP):
    """aiosmtpd's server, with the one step that its handlers cannot refuse and a list of who is connected."""

    event_handler: _Handler

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802 - aiosmtpd finds commands by these names
        fault = self.event_handler.faults.take("data")
        if fault is not None and fault.reply is not None:
            await self.push(fault.reply)
        else:
            await super().smtp_DATA(arg)

    def hang_up(self) -> None:
        """Close the connection without a word, whatever is still on its way."""
        if isinstance(self.transport, asyncio.WriteTransport):
            self.transport.abort()

    def connection_lost(self, error: Exception | None) -> None:
        self.event_handler.peers.discard(self)
        super().connection_lost(error)


class _Handler:
    """What happens to recipients and mails."""

    def __init__(self, store: MailStore, faults: MailFaults) -> None:
        self.faults = faults
        self.peers: set[_Peer] = set()
        self._store = store

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: PeerSession, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        fault = self.faults.take("rcpt")
        if fault is not None and fault.reply is not None:
            return fault.reply
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: SMTP, session: PeerSession, envelope: Envelope) -> str:  # noqa: N802
        fault = self.faults.take("dot") or MailFault("250 2.0.0 OK kept, not relayed", keep=True)
        if fault.keep:
            try:
                self._store.keep(envelope.mail_from or "", envelope.rcpt_tos, _bytes_of(envelope))
            except OSError:
                return "451 4.3.0 The mail could not be written to the disk"
        if fault.reply is not None:
            return fault.reply
        if fault.hang_up and isinstance(server, _Peer):
            server.hang_up()
        # The dialogue's task is cancelled when the connection ends, from either side.
        await asyncio.Event().wait()
        raise AssertionError("unreachable")


def _bytes_of(envelope: Envelope) -> bytes:
    content: Any = envelope.original_content
    return bytes(content or b"")


def _listen(port: int) -> socket.socket:
    try:
        return socket.create_server((HOST, port))
    except (OSError, OverflowError) as error:
        raise PortUnavailableError(port, getattr(error, "strerror", None) or str(error)) from error


def main(arguments: Sequence[str] | None = None) -> int:
    """Run until SIGTERM or SIGINT. Returns 0, or 2 when it could not start."""
    parser = argparse.ArgumentParser(
        prog="mail_catcher", description="Catch mails on this computer and show them."
    )
    parser.add_argument("--directory", type=Path, required=True, help="where the mails are kept")
    parser.add_argument("--smtp-port", type=int, default=0, help="0: the system chooses")
    parser.add_argument("--http-port", type=int, default=0, help="0: the system chooses")
    options = parser.parse_args(arguments)
    # Blocked here and in every thread started below, so that nothing but `sigwait` meets them.
    endings = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, endings)
    with contextlib.ExitStack() as stack:
        try:
            catcher = stack.enter_context(
                MailCatcher(options.directory, options.smtp_port, options.http_port)
            )
        except PortUnavailableError as error:
            sys.stderr.write(f"Mail catcher: {error}\n")
            return 2
        except OSError as error:
            sys.stderr.write(f"Mail catcher: {options.directory} cannot be used ({error.strerror}).\n")
            return 2
        sys.stdout.write(
            f"Mail catcher ready: SMTP {HOST}:{catcher.smtp_port}, mails at http://{HOST}:{catcher.http_port}/\n"
        )
        sys.stdout.flush()
        signal.sigwait(endings)
    return 0


if __name__ == "__main__":
    sys.exit(main())
