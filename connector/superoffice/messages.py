"""One request to SuperOffice and its answer: what was sent, what came back, what a refusal means."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

from connector.superoffice import errors
from connector.superoffice.redaction import Redactor, storable, with_texts

DEADLINE = 60.0  # seconds for one whole answer; a dripping server passes every read time-out
JSON_LIMIT = 10 * 1024 * 1024  # bytes

# SuperOffice does not document which header carries the operation id; the first one that is there counts.
_REQUEST_ID_HEADERS = ("X-Operation-Id", "Operation-Id", "X-Request-Id", "Request-Id", "X-Correlation-Id")
_LARGEST_EXPONENT = 400  # of a number: arithmetic with much larger ones fails or takes for ever
_UNSAFE_ESCAPE = re.compile(r"\\u(?:0000|[dD][89a-fA-F])")
_BROKEN = object()


@dataclass(frozen=True, slots=True)
class Request:
    """One call. The repr shows method and URL only; secrets belong in headers and form."""

    method: str
    url: str
    query: Mapping[str, str] = field(default_factory=dict, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    form: Mapping[str, str] | None = field(default=None, repr=False)
    data: Any = field(default=None, repr=False)  # sent as JSON
    body: bytes | None = field(default=None, repr=False)
    is_repeatable: bool = True  # False: one attempt, also where a repetition would do no harm
    limit: int = JSON_LIMIT
    deadline: float = DEADLINE

    @property
    def path(self) -> str:
        return urlsplit(self.url).path

    @property
    def where(self) -> dict[str, Any]:
        """What an error about this request says about its place."""
        return {"method": self.method, "path": self.path}

    @property
    def wants_json(self) -> bool:
        """Whether anything but JSON is a failure. A document's content may be a page of its own."""
        return "json" in self.headers.get("Accept", "application/json")


@dataclass(frozen=True)
class Response:
    """A 2xx answer, read completely."""

    request: Request
    status: int
    headers: Mapping[str, str] = field(repr=False)
    content: bytes = field(repr=False)
    redactor: Redactor = field(repr=False)

    @property
    def request_id(self) -> str:
        return request_id(self.headers, self.redactor)

    @property
    def where(self) -> dict[str, Any]:
        return {**self.request.where, "status": self.status, "request_id": self.request_id}

    def json(self) -> Any:
        """The decoded body: numbers with a point are Decimal, text has no NUL and no lone surrogate.

        Raises UnexpectedAnswer for anything but JSON, and for the error objects that come with status 200.
        It is decoded once, so whoever changes it changes it for all.
        """
        data, fault = self._understood
        if fault is not None:
            raise fault
        return data

    def shown(self) -> Any:
        """As `json`, with our secrets masked in every text and without what steers a terminal: for answers
        whose words are kept or shown. Nothing of it is shortened.
        """
        try:
            return with_texts(self.json(), self.redactor.masked)
        except RecursionError:
            raise errors.UnexpectedAnswer("nested too deeply", problem="not_json", **self.where) from None

    def fault(self) -> errors.UnexpectedAnswer | None:
        """What `json` would raise although JSON was to be expected; None for an answer that may be used.

        A write, and a 204, may answer with nothing at all.
        """
        is_empty = not self.content.strip()
        if not self.request.wants_json or (is_empty and (self.request.method != "GET" or self.status == 204)):
            return None
        return self._understood[1]

    @cached_property
    def _understood(self) -> tuple[Any, errors.UnexpectedAnswer | None]:
        """The decoded body, or what is wrong with it."""
        if not self.content.strip():
            return None, errors.UnexpectedAnswer("no content", problem="empty", **self.where)
        if is_html(self.headers, self.content):
            return None, errors.UnexpectedAnswer(self._excerpt(), problem="html", **self.where)
        data = _decoded(self.content)
        if data is _BROKEN:
            return None, errors.UnexpectedAnswer(self._excerpt(), problem="not_json", **self.where)
        if not _is_error_object(data):
            return data, None
        kind, words = (self.redactor.redact(text) for text in _words(data))
        return None, errors.UnexpectedAnswer(
            words, problem="error_object", error_type=kind[:100], **self.where
        )

    def _excerpt(self) -> str:
        return self.redactor.excerpt(self.content)


def refusal(
    request: Request, status: int, headers: Mapping[str, str], content: bytes, redactor: Redactor
) -> errors.SuperOfficeError:
    """The error for an answer outside 2xx, with SuperOffice's own words where it gave some."""
    data = None if is_html(headers, content) else _decoded(content)
    kind, words = _words(data) if isinstance(data, dict) else ("", redactor.excerpt(content))
    where = {
        **request.where,
        "status": status,
        "error_type": redactor.redact(kind)[:100],
        "request_id": request_id(headers, redactor),
    }
    detail = redactor.redact(words)
    if status < 400:
        return errors.UnexpectedAnswer("a redirect, which is never followed", problem="redirect", **where)
    if status == 429:
        return errors.RateLimited(detail, retry_after=_retry_after(headers), **where)
    if status >= 500:
        return errors.ServerError(detail, retry_after=_retry_after(headers), **where)
    return _REFUSALS.get(status, errors.BadRequest)(detail, **where)


_REFUSALS: dict[int, type[errors.SuperOfficeError]] = {
    401: errors.Unauthorized,
    403: errors.Forbidden,
    404: errors.NotFound,
    421: errors.WrongHost,
}


def is_html(headers: Mapping[str, str], content: bytes) -> bool:
    """A page instead of data; the first character counts too, because error pages lie about their type."""
    return "html" in headers.get("Content-Type", "").lower() or content[:100].lstrip().startswith(b"<")


def _decoded(content: bytes) -> Any:
    """The JSON value, or _BROKEN."""
    try:
        text = content.decode("utf-8-sig")
        data = json.loads(text, parse_float=_number, parse_constant=_no_constant)
        # Only an escape can smuggle these characters in: raw ones are refused by UTF-8 and by the decoder.
        return with_texts(data, storable) if _UNSAFE_ESCAPE.search(text) else data
    except (ValueError, ArithmeticError, RecursionError):
        return _BROKEN


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _number(text: str) -> Decimal:
    number = Decimal(text)
    if number.adjusted() > _LARGEST_EXPONENT:
        raise ValueError("this number cannot be meant")
    return number


def _is_error_object(data: Any) -> bool:
    """Agents answer 200 with an error inside: {"Error": true, …} or {"Message": …, "MessageDetail": …}."""
    if not isinstance(data, dict):
        return False
    return (
        data.get("Error") is True or {"Message", "MessageDetail"} <= data.keys() or data.keys() == {"Message"}
    )


def _words(data: dict[str, Any]) -> tuple[str, str]:
    """(error type, words) of any of the error bodies that SuperOffice and its login host send."""
    kind = data.get("ErrorType") or data.get("error") or ""
    words = data.get("ErrorMessage") or data.get("Message") or data.get("error_description") or ""
    detail = data.get("MessageDetail") or ""
    text = " ".join(part for part in (words, detail) if isinstance(part, str) and part)
    return (kind if isinstance(kind, str) else ""), text


def request_id(headers: Mapping[str, str], redactor: Redactor) -> str:
    """SuperOffice's name for the operation, to quote to its support; empty when it sent none."""
    found = (headers.get(name) for name in _REQUEST_ID_HEADERS)
    return redactor.redact(next((value for value in found if value), ""))[:100]


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds, from either form of the header; None when there is none that can be read."""
    value = headers.get("Retry-After", "").strip()
    if value.isdecimal() and len(value) < 10:
        return float(value)
    try:
        moment = parsedate_to_datetime(value)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return max(0.0, (moment - datetime.now(UTC)).total_seconds())
    except (ValueError, OverflowError):
        return None
