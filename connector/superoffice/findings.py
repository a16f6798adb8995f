"""One finding of the probe: how a feature stands, and how a refusal is to be read.

A bare status code says little: the same 500 is a restricted agent on one path and SuperOffice's own failure
on another, and a 404 on an invented path says nothing about rights. What decides is gathered in
`Surroundings`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from connector.superoffice import errors
from connector.superoffice.redaction import fact


class Status(StrEnum):
    WORKS = "works"
    MISSING_RIGHT = "missing_right"
    RESTRICTED = "restricted"  # an agent that SuperOffice opens per app, and not to ours
    NO_LICENCE = "no_licence"
    NOT_IN_API = "not_in_api"
    DOWN = "down"
    NOT_CONFIGURED = "not_configured"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Finding:
    """`facts` hold what the sentences name (counts, names, versions), as JSON values only; `words` are
    SuperOffice's own, redacted.
    """

    feature: str
    status: Status
    http_status: int | None = None
    error_type: str = ""
    words: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)


# What the sentences about a finding say of the user we act as; who tried something is compared with who is
# signed in later.
_NAMED_BY_STATUS = {Status.MISSING_RIGHT: {"user", "role"}, Status.RESTRICTED: {"is_system"}}
_NAMED_BY_FEATURE = {
    "who_am_i": {"user", "role", "is_system"},
    "create_document": {"user"},
    "upload_content": {"user"},
    "create_follow_up": {"user"},
}
_LONGEST_WORDS, _MOST_ENTRIES = 500, 100


def named(finding: Finding, me: Mapping[str, Any]) -> Finding:
    """The finding with as much of these facts about the user as its sentences need."""
    needed = _NAMED_BY_STATUS.get(finding.status, set()) | _NAMED_BY_FEATURE.get(finding.feature, set())
    about = {name: value for name, value in me.items() if name in needed}
    return replace(finding, facts={**about, **finding.facts})


def bounded(finding: Finding) -> Finding:
    """The finding in a size that can be kept, whatever SuperOffice sent: texts and lists are cut."""
    return replace(
        finding,
        error_type=finding.error_type[:100],
        words=finding.words[:_LONGEST_WORDS],
        facts={str(name): _bounded(value) for name, value in finding.facts.items()},
    )


def _bounded(value: Any) -> Any:
    if isinstance(value, str):
        return fact(value)
    if isinstance(value, list):
        return [_bounded(one) for one in value[:_MOST_ENTRIES]]
    return value


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What decides how a refusal is read. `routes` is the tenant's own list (path after /api/v1 in lower
    case: methods), None when it could not be read.
    """

    is_online: bool = True
    is_system_user: bool = False
    routes: Mapping[str, set[str]] | None = None

    def has_route(self, method: str, path: str) -> bool | None:
        """Whether the tenant lists the route; None when there is no list to believe."""
        known = {_plain(listed): methods for listed, methods in (self.routes or {}).items()}
        # Every server has this one: a list without it is no list of this interface.
        if "user/currentprincipal" not in known:
            return None
        return method in known.get(_plain(path), set())


def _plain(path: str) -> str:
    return re.sub(r"\{[^}]*\}", "{}", path).strip("/").lower()


# Online, SuperOffice opens these agents per app: the first never by default, the others on request.
GRANTED_PER_APP = frozenset({"native_email", "crm_script", "webhooks"})
_LICENCE = re.compile(r"licen[cs]", re.IGNORECASE)
_RIGHTS = re.compile(r"security|sentry|accessdenied|unauthori[sz]ed|permission", re.IGNORECASE)


def is_silence(error: errors.SuperOfficeError) -> bool:
    """Whether nobody who could have answered the question did answer."""
    if isinstance(error, errors.ServerError):
        return error.status in {502, 503, 504}
    return isinstance(
        error, errors.Unreachable | errors.RateLimited | errors.WrongHost | errors.TenantNotRunning
    )


def refused(feature: str, error: errors.SuperOfficeError, around: Surroundings) -> Finding:
    """What the error says about the feature."""
    return Finding(
        feature,
        _status(feature, error, around),
        http_status=error.status,
        error_type=error.error_type,
        words=error.detail,
        facts=_facts(error),
    )


def _facts(error: errors.SuperOfficeError) -> dict[str, Any]:
    facts: dict[str, Any] = {"code": error.code}
    if error.request_id:
        facts["operation_id"] = error.request_id
    if isinstance(error, errors.TenantNotRunning):
        facts["state"] = error.state
    if isinstance(error, errors.UnexpectedAnswer):
        facts["problem"] = error.problem
    return facts


def _status(feature: str, error: errors.SuperOfficeError, around: Surroundings) -> Status:
    if isinstance(error, errors.SignInFailed | errors.UnsafeAddress):
        return Status.NOT_CONFIGURED
    if feature == "token" and isinstance(error, errors.Unauthorized):
        return Status.NOT_CONFIGURED  # a fresh token that the tenant does not take
    if isinstance(error, errors.TenantNotRunning) and error.state == "Unknown":
        return Status.NOT_CONFIGURED  # the login host knows no such tenant
    if isinstance(error, errors.RateLimited):
        return Status.UNKNOWN
    if is_silence(error):
        return Status.DOWN
    return _refusal(feature, error, around)


def _refusal(feature: str, error: errors.SuperOfficeError, around: Surroundings) -> Status:
    """The status for an answer of the tenant that is a no, or no use."""
    if isinstance(error, errors.NotFound) and around.has_route(error.method, _asked(error)) is False:
        return Status.NOT_IN_API
    if _LICENCE.search(f"{error.error_type} {error.detail}"):
        return Status.NO_LICENCE
    if feature in GRANTED_PER_APP and around.is_online and _closes_an_agent(error):
        return Status.RESTRICTED
    if isinstance(error, errors.Unauthorized | errors.Forbidden) or _RIGHTS.search(error.error_type):
        # No role binds the system user: what it is refused, the app's registration refuses.
        return Status.RESTRICTED if around.is_system_user else Status.MISSING_RIGHT
    return Status.UNKNOWN


def _asked(error: errors.SuperOfficeError) -> str:
    return error.path.lower().rpartition("/api/v1/")[2]


def _closes_an_agent(error: errors.SuperOfficeError) -> bool:
    """SuperOffice documents no code for a closed agent; any of these is one."""
    if isinstance(error, errors.UnexpectedAnswer):
        return error.problem == "error_object"
    return isinstance(error, errors.Unauthorized | errors.Forbidden | errors.NotFound) or (
        isinstance(error, errors.ServerError) and error.status == 500
    )
