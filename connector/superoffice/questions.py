"""Questions to a tenant that change nothing: only what a list allows leaves, and each answer has its shape."""

import re
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from connector.superoffice import errors
from connector.superoffice.findings import is_silence
from connector.superoffice.listing import rows_of
from connector.superoffice.rights import Principal, TableRight
from connector.superoffice.types import TenantState

DEADLINE = 15.0  # seconds for one question


class Asks(Protocol):
    """The part of `Client` that is needed for asking."""

    def tenant_state(self) -> TenantState: ...

    def renew_now(self) -> object: ...

    def api_version(self) -> str: ...

    def api_map(self) -> dict[str, set[str]]: ...

    def ask(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        data: Any = None,
        repeat: bool = True,
        deadline: float = ...,
    ) -> Any: ...


class OutOfTime(Exception):
    """There is no time for this question any more."""


class Questions:
    """Asks `client` what is in `allowed`: pairs of method and path, `{id}` standing for a number.

    `asked` holds what was asked since it was last emptied. Every method raises SuperOfficeError, and OutOfTime
    once `has_time` says no; asking for anything else raises ValueError before it leaves.
    """

    def __init__(
        self,
        client: Asks,
        allowed: frozenset[tuple[str, str]],
        has_time: Callable[[], bool] = lambda: True,
    ) -> None:
        self.client = client
        self.asked: list[str] = []
        self._allowed, self._has_time = allowed, has_time
        self._rights: dict[str, TableRight | None] = {}
        self._me: Principal | None = None

    def ask(self, method: str, path: str, **parts: Any) -> Any:
        """The JSON value, null included."""
        if (method, re.sub(r"\d+", "{id}", path)) not in self._allowed:
            raise ValueError(f"{method} {path} is not among the questions that may be asked")
        if not self._has_time():
            raise OutOfTime
        self.asked.append(f"{method} {path}")
        return self.client.ask(method, path, deadline=DEADLINE, **parts)

    def record(self, method: str, path: str, data: Any = None) -> dict[str, Any]:
        answer = self.ask(method, path, data=data)
        if not isinstance(answer, dict):
            raise _unexpected(answer, "object", method, path)
        return answer

    def items(self, path: str) -> list[Any]:
        answer = self.ask("GET", path)
        if not isinstance(answer, list):
            raise _unexpected(answer, "list", "GET", path)
        return answer

    def rows(self, path: str, query: Mapping[str, str]) -> list[dict[str, Any]]:
        """The rows of a list query."""
        return rows_of(self.ask("GET", path, query=query))

    def first_row(self, path: str, key: str, *more: str) -> list[dict[str, Any]]:
        """At most one row, the one with the highest number in `key`."""
        query = {
            "$select": ",".join((key, *more)),
            "$filter": f"{key} gt 0",
            "$orderby": f"{key} desc",
            "$top": "1",
        }
        return self.rows(path, query)

    def principal(self) -> Principal:
        """Who we are; asked once."""
        if self._me is None:
            self._me = Principal.from_entity(self.record("GET", "User/currentPrincipal"))
        return self._me

    def right(self, table: str) -> TableRight | None:
        """The right on a new record, asked once; None when SuperOffice does not say, which proves nothing."""
        if table not in self._rights:
            try:
                answer = self.record("POST", "Agents/Sentry/GetNewTableRight", {"TableName": table})
                self._rights[table] = TableRight.from_answer(table, answer)
            except (errors.Refused, errors.UnexpectedAnswer, errors.ServerError) as error:
                if is_silence(error):
                    raise
                self._rights[table] = None
        return self._rights[table]


def _unexpected(answer: Any, wanted: str, method: str, path: str) -> errors.UnexpectedAnswer:
    problem = "empty" if answer is None else "wrong_shape"
    words = "null" if answer is None else type(answer).__name__
    return errors.UnexpectedAnswer(
        f"{words} instead of {wanted}", problem=problem, method=method, path=path, status=200
    )
