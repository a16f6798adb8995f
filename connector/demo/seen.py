"""What the tenant remembers of its callers, for tests: every request, without secrets and within bounds."""

import json
import threading
from collections import OrderedDict, deque
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlencode

# Enough for any test, and an end for a server that runs for weeks.
REMEMBERED_REQUESTS = 20_000
LONGEST_BODY = 200_000
ALL_BODIES = 20_000_000
MASK = "***"
SECRET_HEADERS = frozenset({"authorization", "so-apptoken", "cookie", "x-xsrf-token"})
SECRET_NAMES = frozenset({
    "client_secret", "refresh_token", "code", "code_verifier", "access_token", "password", "secret",
    "applicationtoken", "signedsystemtoken",
})  # fmt: skip


class SeenRequest(NamedTuple):
    """A request as tests may look at it. `body` is what came, secrets masked; empty when it was longer than
    200 kB, was not what its type said, or too much came after it.
    """

    method: str
    path: str
    headers: dict[str, str]
    query: dict[str, str]
    body_length: int
    operation_id: str = ""
    body: bytes = b""


class SeenRequests:
    """The last requests to both hosts, oldest first; safe to use from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._requests: deque[SeenRequest] = deque(maxlen=REMEMBERED_REQUESTS)
        self._bodies: OrderedDict[str, bytes] = OrderedDict()
        self._size = 0

    def note(self, request: SeenRequest) -> None:
        with self._lock:
            self._requests.append(request._replace(body=b""))
            if not request.body:
                return
            self._bodies[request.operation_id] = request.body
            self._size += len(request.body)
            while self._size > ALL_BODIES:
                _, oldest = self._bodies.popitem(last=False)
                self._size -= len(oldest)

    def all(self) -> list[SeenRequest]:
        with self._lock:
            return [item._replace(body=self._bodies.get(item.operation_id, b"")) for item in self._requests]

    def forget(self) -> None:
        with self._lock:
            self._requests.clear()
            self._bodies.clear()
            self._size = 0


def masked(body: bytes, content_type: str) -> bytes:
    """The body without the values of secrets; nothing of it when it cannot be understood."""
    if not body or len(body) > LONGEST_BODY:
        return b""
    if content_type == "application/x-www-form-urlencoded":
        return _masked_form(body)
    if content_type.endswith("json"):
        try:
            value = json.loads(body)
        except ValueError:
            return b""
        hidden = _masked_value(value)
        return body if hidden == value else json.dumps(hidden, ensure_ascii=False).encode()
    return body


def _masked_form(body: bytes) -> bytes:
    pairs = parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)
    return urlencode([(name, MASK if _is_secret(name) else value) for name, value in pairs]).encode()


def _masked_value(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            name: MASK if _is_secret(name) and isinstance(part, str) and part else _masked_value(part)
            for name, part in value.items()
        }
    return [_masked_value(part) for part in value] if isinstance(value, list) else value


def _is_secret(name: str) -> bool:
    return name.lower() in SECRET_NAMES
