"""Reading request bodies: JSON, ids in nested carriers, dates, and patches."""

import json
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any
from zoneinfo import ZoneInfo

from connector.demo.lists import JsonObject
from connector.demo.serving import ApiError, Request

BASE_ZONE = ZoneInfo("Europe/Berlin")
_JSON_KINDS = ("application/json", "text/json", "application/json-patch+json", "application/merge-patch+json")


def base_now() -> datetime:
    """Now in the tenant's base time zone, without zone and fractions, as business dates are stored."""
    return datetime.now(BASE_ZONE).replace(tzinfo=None, microsecond=0)


def bad(message: str) -> ApiError:
    return ApiError(400, "ArgumentException", message)


def json_body(request: Request) -> Any:
    """The JSON value in the body; 415 for another kind of body, 400 for broken JSON."""
    if request.content_type not in _JSON_KINDS:
        raise ApiError(
            415, "UnsupportedMediaTypeException", f"Content type '{request.content_type}' is not supported"
        )
    try:
        return json.loads(request.body)
    except ValueError:
        raise bad("The request body is not valid JSON") from None


def json_object(request: Request) -> JsonObject:
    """The JSON object in the body; 400 for anything else."""
    value = json_body(request)
    if not isinstance(value, dict):
        raise bad("The request body must be an object")
    if (request.headers.get("SO-TimeZone") or "").split(",")[0].strip().upper() in {"UTC", "1"}:
        return {**value, **_utc_moments(value)}
    return value


def _utc_moments(entity: JsonObject) -> JsonObject:
    """Business dates of a request that names UTC as its zone, with the offset written out."""
    moments = {name: entity.get(name) for name in ("Date", "StartDate", "EndDate")}
    return {
        name: f"{value}+00:00"
        for name, value in moments.items()
        if isinstance(value, str) and "T" in value and "+" not in value and not value.startswith("0001")
    }


def id_in(entity: JsonObject, name: str, key: str) -> int:
    """The id inside a nested carrier such as `{"Contact": {"ContactId": 5}}`; 0 when it is null or left out."""
    carrier = entity.get(name)
    if carrier is None:
        return 0
    value = carrier.get(key) if isinstance(carrier, dict) else carrier
    if value is None:
        return 0
    if isinstance(value, bool) or not isinstance(value, int) or not isinstance(carrier, dict):
        raise bad(f"{name} must be an object with a number in {key}")
    return value


def text_in(entity: JsonObject, name: str) -> str:
    value = entity.get(name)
    if value is not None and not isinstance(value, str):
        raise bad(f"{name} must be a text")
    return value or ""


def one_of(entity: JsonObject, name: str, allowed: tuple[str, ...]) -> str:
    """An enum value by its name; the first allowed one when it is null or left out."""
    value = text_in(entity, name) or allowed[0]
    if value not in allowed:
        raise bad(f"'{value}' is not a valid value for {name}")
    return value


def moment_in(entity: JsonObject, name: str, default: datetime) -> datetime:
    """A base-zone time; an offset, if there is one, is converted away. Year 1 and null mean the default."""
    value = text_in(entity, name)
    if not value:
        return default
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        raise bad(f"{name} is not a date") from None
    if moment.year == 1:
        return default
    if moment.tzinfo is not None:
        moment = moment.astimezone(BASE_ZONE)
    return moment.replace(tzinfo=None, microsecond=0)


def check_unmodified(request: Request, updated_at: datetime) -> None:
    """412 when the record changed after the time in If-Unmodified-Since (whole seconds, UTC)."""
    since = _http_date(request.headers.get("If-Unmodified-Since"))
    if since is not None and updated_at > since:
        raise ApiError(412, "PreconditionFailedException", "The record was changed in the meantime")


def is_unmodified(request: Request, updated_at: datetime) -> bool:
    """Whether If-Modified-Since allows a 304."""
    since = _http_date(request.headers.get("If-Modified-Since"))
    return since is not None and updated_at <= since


def _http_date(text: str | None) -> datetime | None:
    if not text:
        return None
    try:
        return parsedate_to_datetime(text).replace(tzinfo=None)
    except ValueError:
        raise bad("The date in the header is not an HTTP date") from None


def patched(entity: JsonObject, patch: Any) -> JsonObject:
    """An entity after a JSON Patch (array) or a merge patch (object). Property names match in any case."""
    if isinstance(patch, dict):
        return _merged(entity, patch)
    if not isinstance(patch, list) or not all(isinstance(step, dict) for step in patch):
        raise bad("A patch is an array of operations or an object")
    for step in patch:
        entity = _stepped(entity, step)
    return entity


def _stepped(entity: JsonObject, step: JsonObject) -> JsonObject:
    operation, path = step.get("op"), step.get("path")
    if operation not in ("add", "replace", "remove") or not isinstance(path, str):
        raise bad("Only add, replace and remove with a path are supported")
    value = None if operation == "remove" else step.get("value")
    names = [name for name in path.split("/") if name]
    if not names:
        raise bad("The path of a patch operation is empty")
    # A path is the same as a merge patch with one leaf, except that an object at its end replaces.
    for name in reversed(names[1:]):
        value = {name: value}
    return _merged(entity, {names[0]: value}, replace=len(names) == 1)


def _merged(entity: JsonObject, changes: JsonObject, replace: bool = False) -> JsonObject:
    result = dict(entity)
    known = {name.lower(): name for name in entity}
    for name, value in changes.items():
        exact = known.get(name.lower())
        if exact is None:
            raise bad(f"Property '{name}' does not exist")
        old = result[exact]
        both = isinstance(old, dict) and isinstance(value, dict)
        result[exact] = _merged(old, value) if both and not replace else value
    return result
