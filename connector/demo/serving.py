"""The HTTP server under both hosts: connections, bodies, faults, and an end that leaves nothing behind."""

import base64
import binascii
import contextlib
import json
import logging
import secrets
import socket
import struct
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol
from urllib.parse import parse_qsl, unquote, urlsplit

from connector.demo.faults import Faults, Rule
from connector.demo.lists import Language
from connector.demo.people import Associate
from connector.demo.seen import SECRET_HEADERS, SECRET_NAMES, SeenRequest, SeenRequests, masked

log = logging.getLogger(__name__)
JSON = "application/json; charset=utf-8"
# SuperOffice takes files up to 94.4 MB.
MAX_BODY = 94_400_000
# For SO_LINGER: closing means a reset at once, without waiting for anything.
_HANG_UP_HARD = struct.pack("ii", 1, 0)


@dataclass(frozen=True, slots=True)
class Request:
    """One request, read completely. The tenant host adds who calls, by which address, and the path's values."""

    method: str
    path: str
    raw_query: str
    query: dict[str, str]
    headers: Message
    body: bytes
    operation_id: str = ""
    caller: Associate | None = None
    root: str = ""
    values: tuple[str, ...] = ()

    @property
    def user(self) -> Associate:
        """The user whom the caller's credential stands for."""
        if self.caller is None:
            raise ApiError(401, "AuthenticationException", "Nobody has signed in")
        return self.caller

    @property
    def api_url(self) -> str:
        return f"{self.root}/api/v1"

    @property
    def language(self) -> Language:
        """The language of display texts; without a header, or with `*` or `x`, texts stay raw."""
        wanted = self.headers.get("SO-Language") or self.headers.get("Accept-Language") or "x"
        first = wanted.split(",")[0].split(";")[0].strip().lower()
        if first in ("*", "x", ""):
            return "raw"
        return "de" if first.startswith("de") else "en"

    @property
    def content_type(self) -> str:
        return (self.headers.get("Content-Type") or "").split(";")[0].strip().lower()

    @property
    def form(self) -> dict[str, str]:
        """The fields of a form body; the last one wins."""
        return dict(parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True))

    def basic_credentials(self) -> tuple[str, str] | None:
        """Name and password of a Basic header, both empty when it is broken; None when there is no such header."""
        kind, _, value = (self.headers.get("Authorization") or "").partition(" ")
        if kind.lower() != "basic":
            return None
        try:
            name, _, password = base64.b64decode(value, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return "", ""
        return name, password

    @property
    def is_for_loopback(self) -> bool:
        """Whether the caller meant this computer, and not some name that somebody pointed at it."""
        host = (self.headers.get("Host") or "").rsplit(":", 1)[0].lower()
        return host in ("127.0.0.1", "localhost", "[::1]")

    def accepts(self, *kinds: str) -> bool:
        """Whether the Accept header names one of these kinds literally; no header accepts nothing by name."""
        accept = (self.headers.get("Accept") or "").lower()
        return any(kind in accept for kind in kinds)

    def option(self, name: str) -> str:
        """A query parameter whose name may come in any case; empty when it is missing."""
        return {key.lower(): value for key, value in self.query.items()}.get(name.lower(), "")

    def seen(self) -> SeenRequest:
        headers = {name: value for name, value in self.headers.items() if name.lower() not in SECRET_HEADERS}
        query = {name: value for name, value in self.query.items() if name.lower() not in SECRET_NAMES}
        body = masked(self.body, self.content_type)
        return SeenRequest(self.method, self.path, headers, query, len(self.body), self.operation_id, body)


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer."""

    status: int = 200
    body: bytes = b""
    content_type: str = JSON
    headers: Mapping[str, str] = field(default_factory=dict)


def json_reply(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Reply:
    return Reply(status, json.dumps(value, ensure_ascii=False).encode(), JSON, headers or {})


def html_reply(page: str, status: int = 200, headers: Mapping[str, str] | None = None) -> Reply:
    return Reply(status, page.encode(), "text/html; charset=utf-8", headers or {})


class ApiError(Exception):
    """Ends a request with SuperOffice's error object."""

    def __init__(self, status: int, error_type: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.error_type = error_type

    def reply(self) -> Reply:
        body = {
            "Error": True, "ErrorType": self.error_type, "ErrorMessage": str(self),
            "ErrorSource": "SuperOffice.Services.Implementation",
        }  # fmt: skip
        return json_reply(body, self.status)


class Application(Protocol):
    """What answers the requests of one host."""

    def answer(self, request: Request) -> Reply: ...


class DemoServer(ThreadingHTTPServer):
    """One host on 127.0.0.1. `stop` hangs up on everybody and waits for its threads."""

    allow_reuse_address = True
    request_queue_size = 64

    def __init__(self, port: int, application: Application, faults: Faults, seen: SeenRequests) -> None:
        self.application = application
        self.faults = faults
        self.seen = seen
        self.stopping = threading.Event()
        self._calls: dict[threading.Thread, socket.socket] = {}
        self._calls_lock = threading.Lock()
        super().__init__(("127.0.0.1", port), _Handler)
        self._thread = self._daemon(self.serve_forever, 0.05)

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self.stopping.set()
        if self._thread.is_alive():
            self.shutdown()
            self._thread.join()
        with self._calls_lock:
            calls = dict(self._calls)
        for thread, connection in calls.items():
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            thread.join()
        self.server_close()

    def process_request(self, request: Any, client_address: Any) -> None:
        thread = self._daemon(self.process_request_thread, request, client_address)
        with self._calls_lock:
            self._calls[thread] = request
        thread.start()

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        super().process_request_thread(request, client_address)
        with self._calls_lock:
            del self._calls[threading.current_thread()]

    def shutdown_request(self, request: Any) -> None:
        # A polite goodbye before the close would turn the reset into an orderly end.
        linger = request.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, len(_HANG_UP_HARD))
        if linger == _HANG_UP_HARD:
            self.close_request(request)
        else:
            super().shutdown_request(request)

    def _daemon(self, run: Callable[..., None], *arguments: Any) -> threading.Thread:
        """A thread that `stop` waits for, but that does not keep a program alive that forgot to stop."""
        return threading.Thread(target=run, args=arguments, name="demo-tenant", daemon=True)

    def handle_error(self, request: Any, client_address: Any) -> None:
        # A client that went away is everyday life for a server and no news for anybody.
        log.debug("connection from %s ended", client_address, exc_info=True)


class _Handler(BaseHTTPRequestHandler):
    """Reads a request, lets the faults have their way, writes the answer in one piece."""

    protocol_version = "HTTP/1.1"
    server_version = "DemoTenant"
    sys_version = ""
    disable_nagle_algorithm = True
    # Seconds; a browser's spare connection must not hold a thread for ever.
    timeout = 120
    rbufsize = wbufsize = 1 << 16
    server: DemoServer
    operation_id = ""

    def log_message(self, format: str, *args: Any) -> None:
        log.debug(format, *args)

    def _serve(self) -> None:
        self.operation_id = secrets.token_hex(16)
        request = self._read()
        if request is None:
            return
        self.server.seen.note(request.seen())
        rules = self.server.faults.take(request.method, request.path)
        if "delay" in rules:
            self.server.stopping.wait(rules["delay"].seconds)
        if "reset" in rules:
            self._reset()
            return
        reply = _scripted(rules["answer"]) if "answer" in rules else self._answer(request)
        if "drop" in rules:
            self.close_connection = True
            return
        self._write(reply, truncated="truncate" in rules)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve  # noqa: N815

    def handle_expect_100(self) -> bool:
        go_on = super().handle_expect_100()
        self.wfile.flush()
        return go_on

    def _read(self) -> Request | None:
        """The request with its body, or None after refusing it."""
        length = self.headers.get("Content-Length", "0")
        if self.headers.get("Transfer-Encoding"):
            self._refuse(411)
            return None
        if not (length.isascii() and length.isdigit()):
            self._refuse(400)
            return None
        if int(length) > MAX_BODY:
            self._refuse(413)
            return None
        body = self.rfile.read(int(length))
        if len(body) < int(length):
            self.close_connection = True
            return None
        parts = urlsplit(self.path)
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        return Request(
            self.command, unquote(parts.path), parts.query, query, self.headers, body, self.operation_id
        )

    def _reset(self) -> None:
        """Break the connection off so that the caller sees a reset and not an orderly end."""
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _HANG_UP_HARD)

    def _refuse(self, status: int) -> None:
        self.close_connection = True
        self._write(Reply(status, b"", "text/plain"))

    def _answer(self, request: Request) -> Reply:
        try:
            return self.server.application.answer(request)
        except ApiError as error:
            return error.reply()
        except Exception as error:
            log.exception("%s %s failed", request.method, request.path)
            return ApiError(500, type(error).__name__, "The server could not handle the request").reply()

    def _write(self, reply: Reply, truncated: bool = False) -> None:
        # A 204 has no body and says so by having no length either.
        headers = (
            {"Content-Type": reply.content_type, "Content-Length": str(len(reply.body))}
            if reply.status != 204
            else {}
        )
        self.send_response(reply.status)
        for name, value in {"X-Operation-Id": self.operation_id, **headers, **reply.headers}.items():
            self.send_header(name, value)
        if self.close_connection or truncated:
            self.close_connection = True
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(reply.body[: len(reply.body) // 2] if truncated else reply.body)
        self.wfile.flush()


def _scripted(rule: Rule) -> Reply:
    return Reply(rule.status, rule.body.encode(), rule.content_type, rule.headers)
