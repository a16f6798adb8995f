"""What is told about one call: all that helps to understand it, and nothing of what was sent."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from urllib.parse import unquote, urlsplit

from connector.superoffice.errors import SuperOfficeError
from connector.superoffice.messages import Request, Response
from connector.superoffice.redaction import MASK

OK = "ok"
_LONGEST_SHAPE = 2000  # characters of a query's shape that we keep
_LONGEST_NAME = 64

_API = re.compile(r"(?i)/api/v1(?:/|$)")
_API_ROOT = re.compile(r"(?i)/.+/api/?")
_NAME = re.compile(r"\$?[A-Za-z]+|\.well-known")
_TENANT = re.compile(r"(?i)cust[0-9]+")
# Names of columns and the size of a page are no values; the text of a filter is one.
_PLAIN = {"$select", "$orderby", "$top", "$skip", "$entities"}
_QUOTED = re.compile(r"'(?:[^'\\]|\\.|'')*'?|\"(?:[^\"\\]|\\.)*\"?", re.DOTALL)
_NUMBER = re.compile(r"(?<![\w:/.])[-+]?\d[\w:.+-]*")


@dataclass(frozen=True, slots=True)
class Call:
    """One attempt on the wire.

    `at` is aware, UTC; `operation` the path and `asked` the query without values, one parameter a line;
    `outcome` is "ok" or a SuperOfficeError's code; `seconds` counts neither the wait for our own pace nor
    the decoding; `byte_count` is the answer's. `error_type` is SuperOffice's word for what was wrong, or
    ours (an Unreachable's reason, an UnexpectedAnswer's problem); `detail` SuperOffice's sentence, redacted.
    """

    at: datetime
    method: str
    operation: str
    asked: str
    status: int | None
    outcome: str
    seconds: float
    byte_count: int
    attempt: int
    operation_id: str
    error_type: str
    detail: str

    @property
    def is_failed(self) -> bool:
        return self.outcome != OK


class CallLog(Protocol):
    """Where calls are kept. Neither method raises: a log must not stop what it describes."""

    def note(self, call: Call) -> None: ...

    def close(self) -> None: ...


def call_of(
    request: Request,
    answer: Response | SuperOfficeError,
    *,
    at: datetime,
    seconds: float,
    byte_count: int,
    attempt: int,
) -> Call:
    """The attempt that `answer` ended."""
    outcome, operation_id, error_type, detail = OK, "", "", ""
    if isinstance(answer, SuperOfficeError):
        ours = getattr(answer, "reason", "") or getattr(answer, "problem", "")
        outcome, error_type, detail = answer.code, answer.error_type or ours, answer.detail
        operation_id = answer.request_id
    else:
        operation_id = answer.request_id
    return Call(
        at=at,
        method=request.method,
        operation=operation_of(urlsplit(request.url).path),
        asked=shape_of(request.query),
        status=answer.status,
        outcome=outcome,
        seconds=seconds,
        byte_count=byte_count,
        attempt=attempt,
        operation_id=operation_id,
        error_type=error_type,
        detail=detail,
    )


def operation_of(path: str) -> str:
    """The path without values: "Person/{id}" below the API, from the root elsewhere.

    >>> operation_of("/Cust12345/api/v1/Person/63/Consent/EMARKETING")
    'Person/{id}/Consent/{id}'
    >>> operation_of("/api/state/Cust12345")
    '/api/state/{tenant}'
    """
    if found := _API.search(path):
        return _without_values(path[found.end() :]) or "/api/v1"
    if _API_ROOT.fullmatch(path):
        return "/{tenant}/api"
    root, state, tenant = path.partition("/api/state/")
    if tenant:
        return f"{root}{state}{{tenant}}"
    return _without_values(path)


def _without_values(path: str) -> str:
    words = [unquote(word) for word in path.split("/")]
    return "/".join(_without_value(word, words[:place]) for place, word in enumerate(words))


def _without_value(word: str, before: list[str]) -> str:
    """The word of a path if it is a name of the API, what it stands for if it is a value."""
    if not word:
        return ""
    if _TENANT.fullmatch(word):
        return "{tenant}"
    is_name = len(word) <= _LONGEST_NAME and _NAME.fullmatch(word) and not _is_value(word, before)
    return word if is_name else "{id}"


def _is_value(word: str, before: list[str]) -> bool:
    """Whether a word of letters is a value all the same, because of where it stands."""
    match before:
        case ["ForeignApp", *_]:
            return word != "Key"
        case ["User"]:
            return word not in {"currentPrincipal", "default"}
        case ["CRMScript"]:
            return word != "default"
        case [*_, "Consent"]:
            return True
    return False


def shape_of(query: Mapping[str, str]) -> str:
    """The query's parameters, one a line, without the values of filters and of what we do not know."""
    return "\n".join(f"{name}={_shown(name, value)}" for name, value in query.items())[:_LONGEST_SHAPE]


def _shown(name: str, value: str) -> str:
    if name in _PLAIN:
        return value
    if name == "$filter":
        return _NUMBER.sub(MASK, _QUOTED.sub(MASK, value))
    return MASK
