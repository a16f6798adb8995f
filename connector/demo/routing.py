"""Routes: which operation answers which verb and path, and the map that the tenant shows of them."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from connector.demo.bodies import is_unmodified
from connector.demo.lists import JsonObject
from connector.demo.serving import ApiError, Reply, Request, json_reply

NO_CONTENT = Reply(204)
# An operation gets the request and the first value of its path, "" when there is none.
Operation = Callable[[Request, str], Reply]
_PLACE = re.compile(r"\\\{(\w+)\\\}")
Record = TypeVar("Record")


@dataclass(frozen=True, slots=True)
class Route:
    """One operation: verb, path after `/api/v1` in SuperOffice's spelling, and what does it.

    A place in the path whose name ends in "id" takes a number, any other one segment. `acts` marks what acts for
    real (sends, runs): the tenant remembers each such call, granted or not.
    """

    method: str
    path: str
    run: Operation
    acts: bool = False
    is_listed: bool = True
    pattern: re.Pattern[str] = field(init=False)

    def __post_init__(self) -> None:
        pattern = _PLACE.sub(_place, re.escape(self.path))
        object.__setattr__(self, "pattern", re.compile(pattern, re.IGNORECASE))


def _place(match: re.Match[str]) -> str:
    return r"(\d{1,9})" if match[1].lower().endswith("id") else r"([^/$]+)"


def reading(path: str, value: Callable[[Request], object]) -> Route:
    """A GET that answers with one JSON value."""
    return Route("GET", path, lambda request, _: json_reply(value(request)))


def agent(path: str, value: Callable[[Request], object]) -> Route:
    """An agent's operation: a POST below `/Agents` that answers with one JSON value, null included."""
    return Route("POST", f"/Agents/{path}", lambda request, _: json_reply(value(request)))


def one(found: dict[int, Record], key: str, what: str) -> Record:
    """A record by its id, or 404."""
    if int(key) not in found:
        raise ApiError(404, "SoNotFoundException", f"{what} id {key} not found")
    return found[int(key)]


def entity(request: Request, updated_at: datetime | None, build: Callable[[], JsonObject]) -> Reply:
    """An entity, or 304 when the caller has it already; `$select` empties everything else."""
    if updated_at is not None and is_unmodified(request, updated_at):
        return Reply(304)
    value = build()
    wanted = {name.strip().lower() for name in request.query.get("$select", "").split(",") if name.strip()}
    if wanted:
        value = {name: part if name.lower() in wanted else None for name, part in value.items()}
    return json_reply(value)


def api_map(routes: Iterable[Route], api_url: str) -> JsonObject:
    """Full address -> verb -> description."""
    found: JsonObject = {}
    for route in routes:
        if route.is_listed:
            found.setdefault(f"{api_url}{route.path}", {})[route.method] = f"{route.method} {route.path}"
    return found
