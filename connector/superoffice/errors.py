"""What can go wrong between us and SuperOffice.

    SuperOfficeError
    ├── Unreachable          no answer: name not found, refused, timed out, connection lost, TLS
    ├── UnsafeAddress        an address that must not be given a credential
    ├── TenantNotRunning     the tenant says so itself: maintenance, suspended, deleted, unknown
    ├── SignInFailed
    │   ├── NeedsConsent     the refresh token is revoked or the app is no longer approved
    │   ├── InvalidClient    wrong client id or client secret
    │   ├── InvalidIdentity  the id_token does not prove what it must: signature, issuer, audience, expiry
    │   ├── WrongTenant      the token belongs to another tenant than the configured one
    │   ├── InvalidKey       the private key cannot be read, or SuperOffice does not know its other half
    │   ├── ClockSkew        a signature was refused because this server's clock is off
    │   ├── InvalidLogin     wrong user name or password, at an installation of our own
    │   └── Declined         the person at SuperOffice's sign-in page said no
    ├── Refused              the tenant understood and said no
    │   ├── Unauthorized     401, also after a fresh token
    │   ├── Forbidden        403
    │   ├── NotFound         404, or an empty answer to a question for one record
    │   └── BadRequest       every other 4xx
    ├── RateLimited          429, or a longer wait than we sleep
    │   └── Busy             our own turn comes too late for a page that somebody waits for
    ├── SettingsChanged      the connection was changed while a client with its old settings was open
    ├── WrongHost            421: the tenant has moved
    ├── ServerError          5xx
    └── UnexpectedAnswer     HTML, empty, truncated, not JSON, wrong shape, too big, a redirect, …
        └── BadRecord        one record of a good answer cannot be read; names the column and the record

Every error carries `code` (stable; the screens choose their sentence by it), `method`, `path` (never a
query value), `status`, `error_type` and `detail` (SuperOffice's own words, redacted, at most 500
characters) and `request_id` when the server sent one. Whoever raises an error with further words of
SuperOffice's (a state, a tenant's name) redacts and cuts them first. No error carries a token, a header or a
request body.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Self, TypeVar

_Kind = TypeVar("_Kind", bound="SuperOfficeError")


class SuperOfficeError(Exception):
    """The base: catch this to treat SuperOffice as unavailable."""

    code = "superoffice_error"
    summary = "SuperOffice could not be used"

    def __init__(
        self,
        detail: str = "",
        *,
        method: str = "",
        path: str = "",
        status: int | None = None,
        error_type: str = "",
        request_id: str = "",
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.method = method
        self.path = path
        self.status = status
        self.error_type = error_type
        self.request_id = request_id

    def located(self, *, method: str, path: str, status: int | None = None, request_id: str = "") -> Self:
        """The same error, told where it happened; what is known already stays."""
        self.method = self.method or method
        self.path = self.path or path
        self.status = self.status or status
        self.request_id = self.request_id or request_id
        return self

    def retold(self, kind: type[_Kind]) -> _Kind:
        """The same place and words as an error of another class."""
        return kind(
            self.detail,
            method=self.method,
            path=self.path,
            status=self.status,
            error_type=self.error_type,
            request_id=self.request_id,
        )

    def __str__(self) -> str:
        where = f"{self.method} {self.path}".strip()
        facts = [str(self.status) if self.status else "", self.error_type]
        known = ", ".join(fact for fact in facts if fact)
        head = f"{self.summary}: {where}" if where else self.summary
        head = f"{head} ({known})" if known else head
        return f"{head}: {self.detail}" if self.detail else head

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self}>"

    def __reduce__(self) -> tuple[Any, ...]:
        # Keyword-only arguments: the default way of copying and pickling an exception would lose or refuse
        # them.
        return _revive, (type(self), self.args, self.__dict__)


def _revive(kind: type[SuperOfficeError], args: tuple[Any, ...], state: dict[str, Any]) -> SuperOfficeError:
    error = kind.__new__(kind, *args)
    error.args = args
    error.__dict__.update(state)
    return error


@contextmanager
def told_at(where: Mapping[str, Any]) -> Iterator[None]:
    """What goes wrong inside is told together with this place, unless it has one already."""
    try:
        yield
    except SuperOfficeError as problem:
        problem.located(**where)
        raise


class Unreachable(SuperOfficeError):
    """No answer; a write may have happened. `reason` is dns, refused, timeout, deadline, tls or lost."""

    code = "unreachable"
    summary = "SuperOffice did not answer"

    def __init__(self, detail: str = "", *, reason: str = "lost", **where: Any) -> None:
        super().__init__(detail, **where)
        self.reason = reason


class UnsafeAddress(SuperOfficeError):
    """The address is not https (and not on this machine), or carries a user name, or is no address at all."""

    code = "unsafe_address"
    summary = "This address must not be given a credential"


class TenantNotRunning(SuperOfficeError):
    """`state` is SuperOffice's word, e.g. OfflineMaintenance; ask again at `valid_until`, if known."""

    code = "tenant_not_running"
    summary = "The SuperOffice tenant is not running"

    def __init__(
        self, detail: str = "", *, state: str = "Unknown", valid_until: datetime | None = None, **where: Any
    ) -> None:
        super().__init__(detail or f"the tenant's state is {state}", **where)
        self.state = state
        self.valid_until = valid_until


class SignInFailed(SuperOfficeError):
    """The login host gave no usable token."""

    code = "sign_in_failed"
    summary = "SuperOffice gave no access token"


class NeedsConsent(SignInFailed):
    """invalid_grant: trying again is useless until somebody signs in or approves the app again."""

    code = "needs_consent"
    summary = "SuperOffice no longer accepts the refresh token"


class InvalidClient(SignInFailed):
    """The client id or the client secret is wrong for this environment."""

    code = "invalid_client"
    summary = "SuperOffice does not accept the client id or client secret"


class InvalidIdentity(SignInFailed):
    """The id_token failed a check; `detail` says which."""

    code = "invalid_identity"
    summary = "SuperOffice's id_token could not be verified"


class WrongTenant(SignInFailed):
    """`expected` is the configured tenant, `actual` the one that answered."""

    code = "wrong_tenant"
    summary = "The credentials belong to another tenant"

    def __init__(self, *, expected: str, actual: str, **where: Any) -> None:
        super().__init__(f"{actual or 'no tenant'} instead of {expected}", **where)
        self.expected = expected
        self.actual = actual


class InvalidKey(SignInFailed):
    """`detail` says what is wrong with the private key; never the key itself."""

    code = "invalid_key"
    summary = "The app's private key cannot be used"


class ClockSkew(SignInFailed):
    """Signatures are good for minutes: this server's clock differs from SuperOffice's by more."""

    code = "clock_skew"
    summary = "SuperOffice refuses the signature because this server's clock is off"


class InvalidLogin(SignInFailed):
    """401 for user name and password."""

    code = "invalid_login"
    summary = "SuperOffice does not accept the user name or password"


class Declined(SignInFailed):
    """The sign-in page sent the browser back with a refusal by the person, not by SuperOffice."""

    code = "declined"
    summary = "The sign-in was declined at SuperOffice"


class Refused(SuperOfficeError):
    """The tenant answered with a 4xx."""

    code = "refused"
    summary = "SuperOffice refused the call"


class Unauthorized(Refused):
    """401: no, expired or invalid credential."""

    code = "unauthorized"
    summary = "SuperOffice did not accept the access token"


class Forbidden(Refused):
    """403: a right is missing."""

    code = "forbidden"
    summary = "SuperOffice says this user may not do that"


class NotFound(Refused):
    """404, or nothing where one record was asked for."""

    code = "not_found"
    summary = "SuperOffice has no such record or route"


class BadRequest(Refused):
    """400 and the 4xx without a class of their own: our request is wrong for this tenant."""

    code = "bad_request"
    summary = "SuperOffice did not understand the call"


class RateLimited(SuperOfficeError):
    """429. `retry_after` in seconds, None when the server named no number."""

    code = "rate_limited"
    summary = "SuperOffice asks for fewer calls"

    def __init__(self, detail: str = "", *, retry_after: float | None = None, **where: Any) -> None:
        super().__init__(detail, **where)
        self.retry_after = retry_after


class Busy(RateLimited):
    """Others of us come first, for longer than a page can wait: nothing was asked, and later it can be."""

    code = "busy"
    summary = "Too many of us ask SuperOffice right now"


class SettingsChanged(SuperOfficeError):
    """What this client was opened with is not valid any more: it learns and keeps nothing; open another."""

    code = "settings_changed"
    summary = "The connection was changed meanwhile"


class WrongHost(SuperOfficeError):
    """421: the call went to a host that no longer serves this tenant; it was not carried out."""

    code = "wrong_host"
    summary = "The SuperOffice tenant has moved to another host"


class ServerError(SuperOfficeError):
    """5xx. `retry_after` in seconds when the server named it."""

    code = "server_error"
    summary = "SuperOffice failed"

    def __init__(self, detail: str = "", *, retry_after: float | None = None, **where: Any) -> None:
        super().__init__(detail, **where)
        self.retry_after = retry_after


class UnexpectedAnswer(SuperOfficeError):
    """`problem` is html, empty, truncated, not_json, wrong_shape, too_big, redirect or error_object."""

    code = "unexpected_answer"
    summary = "SuperOffice answered something else than expected"

    def __init__(self, detail: str = "", *, problem: str = "wrong_shape", **where: Any) -> None:
        super().__init__(detail, **where)
        self.problem = problem


class BadRecord(UnexpectedAnswer):
    """`column` is SuperOffice's name of it, `record` says which one, e.g. "sale 4711"."""

    code = "bad_record"
    summary = "SuperOffice sent a record that cannot be read"

    def __init__(self, detail: str = "", *, column: str, record: str, **where: Any) -> None:
        super().__init__(f"{record}, {column}: {detail}", **where)
        self.column = column
        self.record = record
