"""The only door to HTTP: time-outs, size limits, safe retries, pace, redaction, the log of calls, and every
failure as a typed error.

Nothing here knows what SuperOffice's answers mean; `client` asks the questions and `auth` fetches the token.
"""

import json
import logging
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from http.cookiejar import DefaultCookiePolicy
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote, urlencode

import requests
import urllib3.exceptions as wire
from requests.adapters import HTTPAdapter

from connector.superoffice import errors
from connector.superoffice.calls import Call, CallLog, call_of
from connector.superoffice.messages import Request, Response, refusal, request_id
from connector.superoffice.pacing import Pace, Pacer
from connector.superoffice.redaction import Redactor

logger = logging.getLogger(__name__)

TIMEOUTS = (5.0, 30.0)  # seconds: to connect, and for each single read
CHUNK = 64 * 1024
LONGEST_SLEEP = 30.0  # seconds; a server that asks for more gets its number handed to the caller instead
Repair = Callable[[errors.SuperOfficeError], Request | None]


@dataclass(slots=True)
class _Meter:
    """Counts what an answer brought, also of one that breaks off."""

    byte_count: int = 0


class Transport:
    """One pool of connections. Safe for several threads; not to be carried across a fork.

    `pace` is asked before each attempt; without one, `calls_per_second` limits this transport alone (None:
    no limit). `log` is told each attempt, and closed with the transport. Tests bring clock and sleep.
    """

    def __init__(
        self,
        *,
        pace: Pacer | None = None,
        log: CallLog | None = None,
        calls_per_second: float | None = 10.0,
        timeouts: tuple[float, float] = TIMEOUTS,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self.redactor = Redactor()
        self._timeouts = timeouts
        self._sleep, self._clock, self._jitter = sleep, clock, jitter
        if pace is None and calls_per_second:
            pace = Pace(calls_per_second, clock=clock, sleep=sleep)
        self._pace, self._log = pace, log
        self._session = requests.Session()
        self._session.trust_env = False  # no proxy, .netrc or certificate bundle from the environment
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        for scheme in ("https://", "http://"):
            self._session.mount(scheme, HTTPAdapter(max_retries=0, pool_maxsize=10))

    def close(self) -> None:
        self._session.close()
        if self._log:
            self._log.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def send(self, request: Request, repair: Repair | None = None) -> Response:
        """Send until it is answered or must be given up; raises the last SuperOfficeError.

        `repair` is asked after each failure for a corrected request (new token, new host) and returns None
        when it has nothing to offer. Repeated are reads, until the request's deadline, and what the server
        certainly did not carry out (401 and 421).
        """
        attempt, started = 0, self._clock()
        while True:
            attempt += 1
            answer = self._attempt(request, attempt)
            if isinstance(answer, Response):
                return answer
            repaired = repair(answer) if repair else None
            pause = self._pause(request, answer, attempt, repaired=repaired is not None)
            if pause is None or (pause and self._clock() + pause - started > request.deadline):
                raise answer
            request = repaired or request
            if pause:
                self._sleep(pause)

    def _pause(
        self, request: Request, error: errors.SuperOfficeError, attempt: int, *, repaired: bool
    ) -> float | None:
        """Seconds until the next attempt, or None for "give up": the one place that decides on retrying."""
        if isinstance(error, errors.Unauthorized | errors.WrongHost):
            return 0.0 if repaired else None
        is_safe = request.method == "GET" and request.is_repeatable
        if not is_safe or attempt > _retries(error):
            return None
        asked: float | None = getattr(error, "retry_after", None)
        if asked is not None:
            return asked if asked <= LONGEST_SLEEP else None
        return min(8.0, 0.5 * 2 ** (attempt - 1)) * (0.5 + self._jitter() / 2)

    def _attempt(self, request: Request, attempt: int) -> Response | errors.SuperOfficeError:
        """One exchange on the wire. An error is returned, not raised: raised while a library's exception is
        being handled it would keep that exception, which knows the request with its headers, attached.
        """
        refused = self._wait(request)
        at, started, meter = datetime.now(UTC), self._clock(), _Meter()
        answer: Response | errors.SuperOfficeError
        try:
            answer = refused or self._exchange(request, started, meter)
        except (requests.RequestException, wire.HTTPError, OSError) as problem:
            answer = _failure(request, problem)
        seconds = self._clock() - started
        if isinstance(answer, Response):
            answer = answer.fault() or answer
        self._note(
            call_of(request, answer, at=at, seconds=seconds, byte_count=meter.byte_count, attempt=attempt),
            request.path,
        )
        return answer

    def _wait(self, request: Request) -> errors.RateLimited | None:
        """Let the pace decide when to start; its refusal is an answer like SuperOffice's own."""
        try:
            if self._pace:
                self._pace.wait()
        except errors.RateLimited as refused:
            return refused.located(**request.where)
        return None

    def _exchange(
        self, request: Request, started: float, meter: _Meter
    ) -> Response | errors.SuperOfficeError:
        connect, read = (min(seconds, request.deadline) for seconds in self._timeouts)
        with self._session.send(
            _prepared(request), stream=True, allow_redirects=False, verify=True, timeout=(connect, read)
        ) as answer:
            status, headers = answer.status_code, answer.headers
            content = self._read(request, answer, started, meter)
        if isinstance(content, errors.SuperOfficeError):
            named = request_id(headers, self.redactor)
            return content.located(**request.where, status=status, request_id=named)
        if 200 <= status < 300:
            return Response(request, status, headers, content, self.redactor)
        return refusal(request, status, headers, content, self.redactor)

    def _read(
        self, request: Request, answer: requests.Response, started: float, meter: _Meter
    ) -> bytes | errors.SuperOfficeError:
        parts: list[bytes] = []
        # read1 hands over what is there; read would wait for a full chunk, and a dripping server outlast
        # the deadline.
        while part := answer.raw.read1(CHUNK, decode_content=True):
            parts.append(part)
            meter.byte_count += len(part)
            if meter.byte_count > request.limit:
                return errors.UnexpectedAnswer(f"more than {request.limit} bytes", problem="too_big")
            if self._clock() - started > request.deadline:
                return errors.Unreachable(
                    f"not complete after {request.deadline:g} seconds", reason="deadline"
                )
        return b"".join(parts)

    def _note(self, call: Call, path: str) -> None:
        if self._log:
            self._log.note(call)
        facts: dict[str, Any] = {
            "method": call.method,
            "path": path,
            "status": call.status,
            "milliseconds": round(call.seconds * 1000),
            "attempt": call.attempt,
            "outcome": call.outcome,
        }
        logger.log(
            logging.WARNING if call.is_failed else logging.DEBUG,
            "superoffice %(method)s %(path)s: %(outcome)s %(status)s, %(milliseconds)d ms, attempt %(attempt)d",
            facts,
            extra={"superoffice": facts},
        )


def _prepared(request: Request) -> requests.PreparedRequest:
    # %20 instead of "+", and "$" as it is: the spelling of SuperOffice's own samples.
    query = urlencode(request.query, quote_via=quote, safe="$,/()")
    url = f"{request.url}?{query}" if query else request.url
    headers = {"User-Agent": "SalesDesk/1", "Accept-Encoding": "gzip, deflate", "Accept": "application/json"}
    content: Any = request.form if request.form is not None else request.body
    if request.data is not None:
        # Decimal comes from SuperOffice's own numbers, which go back with the record.
        content = json.dumps(request.data, default=float).encode()
        headers["Content-Type"] = "application/json; charset=utf-8"
    return requests.Request(
        request.method, url, headers=headers | dict(request.headers), data=content
    ).prepare()


def _retries(error: errors.SuperOfficeError) -> int:
    """How often a read may be repeated after this error."""
    match error:
        case errors.Unreachable(reason="refused" | "lost" | "dns"):
            return 2
        case errors.RateLimited() | errors.ServerError(status=500):
            return 2
        # A time-out has cost half a minute already, and a gateway error is followed by one look at the
        # tenant's state.
        case errors.Unreachable(reason="timeout") | errors.ServerError():
            return 1
        case errors.UnexpectedAnswer(problem="truncated"):
            return 1
    return 0


_REASONS: tuple[tuple[str, tuple[type[BaseException], ...], str], ...] = (
    ("dns", (wire.NameResolutionError,), "the host name was not found"),
    ("tls", (wire.SSLError, requests.exceptions.SSLError), "no trusted TLS connection"),
    ("refused", (ConnectionRefusedError,), "nothing listens there"),
    ("timeout", (wire.TimeoutError, TimeoutError, requests.Timeout), "no answer in time"),
)


def _failure(request: Request, problem: BaseException) -> errors.SuperOfficeError:
    """A library's exception in our words. It is dropped, because it knows the request with its headers."""
    chain = list(_causes(problem))
    if any(isinstance(cause, requests.exceptions.InvalidURL | wire.LocationParseError) for cause in chain):
        return errors.UnsafeAddress("this is no address", **request.where)
    if any(_is_truncation(cause) for cause in chain):
        return errors.UnexpectedAnswer(
            "it ended before it was complete", problem="truncated", **request.where
        )
    for reason, kinds, words in _REASONS:
        if any(isinstance(cause, kinds) for cause in chain):
            return errors.Unreachable(words, reason=reason, **request.where)
    return errors.Unreachable("the connection was lost", reason="lost", **request.where)


def _is_truncation(problem: BaseException) -> bool:
    # http.client's IncompleteRead and urllib3's share only the name.
    return type(problem).__name__ == "IncompleteRead" or isinstance(problem, wire.DecodeError)


def _causes(problem: BaseException) -> Iterator[BaseException]:
    """The exception and all it wraps: requests and urllib3 wrap by argument, by `reason` and by cause."""
    seen: list[BaseException] = []
    waiting: list[Any] = [problem]
    while waiting and len(seen) < 20:
        cause = waiting.pop(0)
        if not isinstance(cause, BaseException) or any(cause is known for known in seen):
            continue
        seen.append(cause)
        waiting += [*cause.args, getattr(cause, "reason", None), cause.__cause__, cause.__context__]
        yield cause
