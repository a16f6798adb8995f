"""A login host and tenant that answer exactly what a test tells them to, byte by byte."""

import base64
import json
import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import SO_LINGER, SOL_SOCKET
from typing import Any, Self
from urllib.parse import parse_qs, parse_qsl, urlsplit

import jwt
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from jwt.algorithms import RSAAlgorithm

CONTEXT = "Cust12345"
CLIENT_ID = "our-client"
CLIENT_SECRET = "canary/secret+with&signs<>%"
SYSTEM_USER_TOKEN = "Sales Desk-canaryToken"
SERIAL = "1234567890"
ONSITE = "/SuperOffice"
EXCHANGE = "/Login/api/PartnerSystemUser/Authenticate"
API = f"/{CONTEXT}/api/v1/"
CLAIM = "http://schemes.superoffice.net/identity/"


@dataclass(frozen=True)
class Seen:
    """One request as it arrived."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes
    target: str

    @property
    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode()))

    @property
    def data(self) -> Any:
        return json.loads(self.body)


Reply = Callable[["Handler"], None]


def answer(body: Any = b"", status: int = 200, kind: str = "application/json", **headers: str) -> Reply:
    """A well-formed answer; anything but bytes goes out as JSON. Retry_After names the header Retry-After."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()

    def reply(handler: "Handler") -> None:
        handler.send_response(status)
        handler.send_header("Content-Type", kind)
        handler.send_header("Content-Length", str(len(content)))
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(content)

    return reply


def raw(content: bytes, *, reset: bool = False) -> Reply:
    """These bytes instead of an HTTP answer, then the end of the connection."""

    def reply(handler: "Handler") -> None:
        handler.wfile.write(content)
        handler.wfile.flush()
        if reset:
            handler.connection.setsockopt(SOL_SOCKET, SO_LINGER, struct.pack("ii", 1, 0))
        handler.close_connection = True

    return reply


def hang(handler: "Handler") -> None:
    """Take the request and say nothing until the test is over."""
    handler.owner.over.wait(20)
    handler.close_connection = True


def endless(step: bytes, pause: float) -> Reply:
    """An answer that never ends: `step` every `pause` seconds."""

    def reply(handler: "Handler") -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", "application/json")
        handler.end_headers()
        handler.close_connection = True
        try:
            while not handler.owner.over.wait(pause):
                handler.wfile.write(step)
                handler.wfile.flush()
        except OSError:
            return

    return reply


@dataclass
class Settings:
    """What the well-behaved part answers; tests change it."""

    state: str = "Running"
    is_running: bool = True
    endpoint: str = ""
    access_tokens: list[str] = field(default_factory=list)
    claims: dict[str, Any] = field(default_factory=dict)
    token_extra: dict[str, Any] = field(default_factory=dict)
    system_claims: dict[str, Any] = field(default_factory=dict)
    tickets: list[str] = field(default_factory=list)
    key_id: str = "key-1"
    signing_key: rsa.RSAPrivateKey | None = None


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64  # twenty threads that connect at once would otherwise wait a second for it
    owner: "ScriptedTenant"


class ScriptedTenant:
    """Login host and tenant on one port. `script` queues replies for a path; the last one stays."""

    def __init__(self) -> None:
        self.over = threading.Event()
        self.settings = Settings()
        self.seen: list[Seen] = []
        self._scripts: dict[tuple[str, str], list[Reply]] = {}
        self._lock = threading.Lock()
        self._server = _Server(("127.0.0.1", 0), Handler)
        self._server.owner = self
        self.port = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.settings.endpoint = f"{self.url}/{CONTEXT}/"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.over.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def script(self, method: str, path: str, *replies: Reply) -> None:
        """`path` is below the API, or from the root when it begins with a slash."""
        self._scripts[method, path if path.startswith("/") else API + path] = list(replies)

    def calls(self, path: str, method: str | None = None) -> list[Seen]:
        wanted = path if path.startswith("/") else API + path
        return [one for one in self.seen if one.path == wanted and method in {None, one.method}]

    def reply_to(self, seen: Seen) -> Reply:
        with self._lock:
            self.seen.append(seen)
            script = self._scripts.get((seen.method, seen.path))
            if script:
                return script.pop(0) if len(script) > 1 else script[0]
        return self._usual(seen)

    def _usual(self, seen: Seen) -> Reply:
        if seen.path.startswith("/api/state/"):
            return answer(self._state())
        if seen.path == "/login/common/oauth/tokens":
            return answer(self.token_answer())
        if seen.path == EXCHANGE:
            return answer(self._exchanged(seen))
        fixed = {
            "/login/.well-known/jwks": {"keys": [_public(signing_key())]},
            f"/{CONTEXT}/api": {"NetServerVersion": "10.3.5.412"},
            f"{ONSITE}/api": {"NetServerVersion": "8.5.3.1"},
        }
        nothing = {"Error": True, "ErrorType": "SoNotFoundException", "ErrorMessage": "nothing here"}
        return answer(fixed[seen.path]) if seen.path in fixed else answer(nothing, 404)

    def _state(self) -> dict[str, Any]:
        until = datetime.now(UTC) + timedelta(minutes=10)
        return {
            "ContextIdentifier": CONTEXT,
            "Endpoint": self.settings.endpoint,
            "State": self.settings.state,
            "IsRunning": self.settings.is_running,
            "ValidUntil": f"{until:%Y-%m-%dT%H:%M:%S}.1234567Z",
            "Api": f"{self.settings.endpoint.rstrip('/')}/api/",
        }

    def token_answer(self) -> dict[str, Any]:
        tokens = self.settings.access_tokens
        value = (
            tokens.pop(0) if tokens else f"8A:{CONTEXT}.token{len(self.calls('/login/common/oauth/tokens'))}"
        )
        return {
            "token_type": "Bearer",
            "access_token": value,
            "expires_in": 3600,
            "id_token": self.id_token(),
            **self.settings.token_extra,
        }

    def id_token(self) -> str:
        own = {"ctx": CONTEXT, "associateid": "17", "is_administrator": "False"}
        return self._signed({"iss": self.url, "aud": CLIENT_ID}, own, self.settings.claims)

    def system_token(self) -> str:
        tickets = self.settings.tickets
        own = {
            "ctx": CONTEXT,
            "serial": SERIAL,
            "ticket": tickets.pop(0) if tickets else f"7T:CANARYTICKET{len(self.calls(EXCHANGE))}==",
        }
        about = {"iss": "SuperOffice AS", "aud": f"spn:{SERIAL}"}
        return self._signed(about, own, self.settings.system_claims)

    def _signed(self, about: dict[str, Any], own: dict[str, Any], changes: dict[str, Any]) -> str:
        """A JSON web token; a change to None leaves the claim out."""
        now = int(datetime.now(UTC).timestamp())
        claims = {**about, "iat": now, "nbf": now, "exp": now + 300, "sub": "someone"}
        claims |= {CLAIM + name: value for name, value in own.items()}
        claims = {name: value for name, value in (claims | changes).items() if value is not None}
        key = self.settings.signing_key or signing_key()
        return jwt.encode(claims, key, "RS256", {"kid": self.settings.key_id})

    def _exchanged(self, seen: Seen) -> dict[str, Any]:
        """As strict as the real one: our tenant, our secret, the UTC minute, PKCS#1 v1.5 with SHA-256."""
        data, words = seen.data, ""
        text, _, signature = data["SignedSystemToken"].rpartition(".")
        token, _, minute = text.rpartition(".")
        if (token, data["ApplicationToken"]) != (SYSTEM_USER_TOKEN, CLIENT_SECRET):
            words = "InvalidToken"
        elif not is_signed(text, signature):
            words = "InvalidSignature"
        elif abs(datetime.now(UTC) - datetime.strptime(minute + "Z", "%Y%m%d%H%M%z")) > timedelta(minutes=5):
            words = "InvalidTimestamp"
        return {
            "IsSuccessful": not words,
            "Token": "" if words else self.system_token(),
            "ErrorMessage": words,
        }


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # head and body are written apart, and waiting for each other costs 40 ms

    @property
    def owner(self) -> ScriptedTenant:
        assert isinstance(self.server, _Server)
        return self.server.owner

    def _serve(self) -> None:
        parts = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        seen = Seen(self.command, parts.path, query, dict(self.headers), body, self.path)
        self.owner.reply_to(seen)(self)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve  # noqa: N815

    def handle(self) -> None:
        try:
            super().handle()
        except OSError:
            return  # the client has hung up, as some tests want it

    def log_message(self, format: str, *args: Any) -> None:
        return


@cache
def signing_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@cache
def foreign_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@cache
def app_key() -> rsa.RSAPrivateKey:
    """Our app's key, of which SuperOffice knows the public half."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def app_key_pem() -> str:
    """PKCS#8."""
    encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    return app_key().private_bytes(encoding, form, serialization.NoEncryption()).decode()


def is_signed(text: str, signature: str) -> bool:
    try:
        app_key().public_key().verify(
            base64.b64decode(signature, validate=True), text.encode(), padding.PKCS1v15(), hashes.SHA256()
        )
    except InvalidSignature:
        return False
    return True


def _public(key: rsa.RSAPrivateKey, key_id: str = "key-1") -> dict[str, Any]:
    public: dict[str, Any] = json.loads(RSAAlgorithm.to_jwk(key.public_key()))
    return {"kty": "RSA", "use": "sig", "alg": "RS256", "kid": key_id, "n": public["n"], "e": public["e"]}


public_key = _public
