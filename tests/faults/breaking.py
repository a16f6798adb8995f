"""Ways in which a connection breaks, and a line on which they are tried: real HTTP, short time-outs."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from connector.call_log import StoredCalls
from connector.demo.faults import HTML_PAGE, Faults
from connector.models import ApiCall, Connection
from connector.pace import SharedPace
from connector.superoffice.messages import Request, Response
from connector.superoffice.transport import Repair, Transport
from tests.connector.superoffice.server import CONTEXT

SHORT = (5.0, 1.0)  # seconds to connect and to read; a busy machine needs a part of that by itself
LONG = 1.3  # seconds that a tenant takes that is too slow for us
Begin = Callable[[Faults, str, str | None, int | None], None]


@dataclass(frozen=True)
class Fault:
    """`begin` breaks the calls to a prefix, of one verb and so often where that is said.

    `code` is what pages choose their sentence by; `logged` is status, outcome and error type of the call that
    failed. A read is tried `tries` times. `happens`: a write takes effect although we are not told.
    """

    name: str
    begin: Begin
    code: str
    logged: tuple[int | None, str, str]
    tries: int = 1
    happens: bool = False
    finding: str = "unknown"  # of the probe, where it meets this fault


def answers(
    status: int, body: str = "", kind: str = "application/json", headers: dict[str, str] | None = None
) -> Begin:
    def begin(faults: Faults, prefix: str, method: str | None, times: int | None) -> None:
        faults.answer_status(prefix, status, body, times, content_type=kind, headers=headers, method=method)

    return begin


def _hang(faults: Faults, prefix: str, method: str | None, times: int | None) -> None:
    faults.delay(prefix, LONG, times, method=method)


def _reset(faults: Faults, prefix: str, method: str | None, times: int | None) -> None:
    faults.reset(prefix, times, method=method)


def _truncate(faults: Faults, prefix: str, method: str | None, times: int | None) -> None:
    faults.truncate(prefix, times, method=method)


def _hang_up(faults: Faults, prefix: str, method: str | None, times: int | None) -> None:
    faults.drop_reply(prefix, times, method=method)


def _maintain(faults: Faults, _prefix: str, _method: str | None, _times: int | None) -> None:
    faults.state = "OfflineMaintenance"


def _revoke(faults: Faults, _prefix: str, _method: str | None, _times: int | None) -> None:
    faults.refresh_token_revoked = True
    faults.expire_access_tokens()


FAILED = '{"Error": true, "ErrorType": "NullReferenceException", "ErrorMessage": "Object reference not set."}'
AGENT_ERROR = '{"Message": "An error has occurred.", "MessageDetail": "The agent gave up."}'
MOVED = "Wrong subdomain used to access tenant"
PAUSED = "7"

# These pass, or stay; what they meet is all the same to them.
PASSING = [
    Fault(
        "429 with Retry-After",
        answers(429, headers={"Retry-After": PAUSED}),
        "rate_limited",
        (429, "rate_limited", ""),
        tries=3,
    ),
    Fault("429 without Retry-After", answers(429), "rate_limited", (429, "rate_limited", ""), tries=3),
    Fault(
        "500 with JSON",
        answers(500, FAILED),
        "server_error",
        (500, "server_error", "NullReferenceException"),
        tries=3,
    ),
    Fault(
        "502 with HTML",
        answers(502, HTML_PAGE, "text/html"),
        "server_error",
        (502, "server_error", ""),
        tries=2,
        finding="down",
    ),
    Fault(
        "hang", _hang, "unreachable", (None, "unreachable", "timeout"), tries=2, happens=True, finding="down"
    ),
    Fault("reset", _reset, "unreachable", (None, "unreachable", "lost"), tries=3, finding="down"),
    Fault(
        "no reply",
        _hang_up,
        "unreachable",
        (None, "unreachable", "lost"),
        tries=3,
        happens=True,
        finding="down",
    ),
    Fault(
        "truncated body",
        _truncate,
        "unexpected_answer",
        (None, "unexpected_answer", "truncated"),
        tries=2,
        happens=True,
    ),
    Fault(
        "tenant moved",
        answers(421, MOVED, "text/plain"),
        "wrong_host",
        (421, "wrong_host", ""),
        2,
        finding="down",
    ),
]
STAYING = [
    Fault(
        "429 for an hour",
        answers(429, headers={"Retry-After": "3600"}),
        "rate_limited",
        (429, "rate_limited", ""),
    ),
    Fault(
        "a text",
        answers(200, "OK", "text/plain"),
        "unexpected_answer",
        (200, "unexpected_answer", "not_json"),
    ),
    Fault(
        "JSON that calls itself a page",
        answers(200, '{"value": []}', "text/html"),
        "unexpected_answer",
        (200, "unexpected_answer", "html"),
    ),
    Fault(
        "200 with an error object",
        answers(200, AGENT_ERROR),
        "unexpected_answer",
        (200, "unexpected_answer", "error_object"),
    ),
]
# These concern the tenant and the sign-in, not one address.
MAINTENANCE = Fault("maintenance", _maintain, "tenant_not_running", (503, "server_error", ""), finding="down")
REVOKED = Fault(
    "revoked refresh token", _revoke, "needs_consent", (401, "unauthorized", "AuthenticationException")
)
ON_A_CALL = [*PASSING, *STAYING]
EVERYWHERE = [*ON_A_CALL, MAINTENANCE, REVOKED]


def each(faults: list[Fault]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("fault", faults, ids=lambda fault: fault.name)


# --- The line between us and the tenant -----------------------------------------------------------------


class Line:
    """Every client's transport is that of production, but impatient; its pauses are written down and cost no time.

    `before` does something right before the nth call that begins so.
    """

    def __init__(self) -> None:
        self.pauses: list[float] = []
        self.waiting: list[tuple[str, str, int, Callable[[], None]]] = []
        self._counts: dict[tuple[str, str], int] = {}

    def before(self, method: str, path: str, do: Callable[[], None], *, nth: int = 1) -> None:
        self.waiting.append((method, path, nth, do))
        self._counts.pop((method, path), None)

    def transport_of(self, connection: Connection) -> Transport:
        return _Impatient(self, connection)

    def passes(self, request: Request) -> None:
        for one in list(self.waiting):
            method, path, nth, do = one
            if request.method != method or not request.path.startswith(f"/{CONTEXT}/api/v1{path}"):
                continue
            self._counts[method, path] = self._counts.get((method, path), 0) + 1
            if self._counts[method, path] == nth:
                self.waiting.remove(one)
                do()


class _Impatient(Transport):
    def __init__(self, line: Line, connection: Connection) -> None:
        self._line = line
        super().__init__(
            pace=SharedPace(connection),
            log=StoredCalls(connection),
            timeouts=SHORT,
            sleep=line.pauses.append,
            jitter=lambda: 1.0,
        )

    def send(self, request: Request, repair: Repair | None = None) -> Response:
        self._line.passes(request)
        return super().send(request, repair)


def logged(fault: Fault) -> int:
    """How many failed calls of this kind are in the log."""
    status, outcome, error_type = fault.logged
    calls = ApiCall.objects.failed().filter(outcome=outcome, error_type=error_type)
    return calls.filter(status=status).count() if status else calls.count()
