"""Access tokens and the tenant's state in the database, so that all processes share one of each.

Who may renew a token is decided by one conditional UPDATE (`claim`); no lock is held while SuperOffice is asked.
A store belongs to the settings that it was made from. Once they are changed, whoever still works with the old
ones is told nothing of the new tenant and keeps nothing for it: they get SettingsChanged.
"""

import logging
import secrets
from datetime import datetime, timedelta
from typing import Any

from django.db import Error, transaction
from django.db.models import Exists, Q, QuerySet
from django.utils import timezone

from connector.context import patience
from connector.models import Connection, PersonalSignIn, TokenHolder
from connector.superoffice import errors
from connector.superoffice.auth import AccessToken
from connector.superoffice.types import TenantState

logger = logging.getLogger(__name__)

# What says whom a token belongs to and whom it may be told; `settings_version` stands for the secrets.
_SETTINGS = (
    "environment",
    "login_url",
    "base_url",
    "context_identifier",
    "client_id",
    "way_in",
    "settings_version",
)


def as_read(connection: Connection, own: PersonalSignIn | None = None) -> QuerySet[Any]:
    """The row of `own`, else of `connection`, for as long as both say what they said when they were read."""
    unchanged = {name: getattr(connection, name) for name in _SETTINGS}
    connections = Connection.objects.filter(pk=connection.pk, **unchanged)
    if own is None:
        return connections
    # No join: of two that claim the row at once, PostgreSQL looks again only at the row itself.
    return PersonalSignIn.objects.filter(
        Exists(connections), pk=own.pk, settings_version=own.settings_version
    )


class StoredToken:
    """Keeps the access token of a Connection, or of somebody's `own` sign-in there, in its row, encrypted."""

    def __init__(self, connection: Connection, own: PersonalSignIn | None = None) -> None:
        self._rows = as_read(connection, own)
        self._name = secrets.token_hex(16)

    def load(self) -> AccessToken | None:
        row: TokenHolder | None = self._rows.only("access_token", "access_token_expires_at").first()
        if row is None:
            raise errors.SettingsChanged
        if not row.access_token or row.access_token_expires_at is None:
            return None
        scheme, _, value = row.access_token.partition(" ")
        return AccessToken(value, row.access_token_expires_at, scheme)

    def claim(self, seconds: float) -> bool:
        """True for one client only, for so long."""
        now = timezone.now()
        free = Q(renewal_until__isnull=True) | Q(renewal_until__lt=now)
        until = now + timedelta(seconds=seconds)
        return bool(self._rows.filter(free).update(renewal_by=self._name, renewal_until=until))

    def extend(self, seconds: float) -> None:
        until = timezone.now() + timedelta(seconds=seconds)
        self._rows.filter(renewal_by=self._name).update(renewal_until=until)

    def patience(self, longest: float) -> float:
        return patience(longest)

    def save(self, token: AccessToken) -> None:
        if not self._end_claim(**_columns(token)) and not self._rows.exists():
            raise errors.SettingsChanged

    def put(self, token: AccessToken) -> None:
        """Keep a token that came from elsewhere than a renewal: from a sign-in. It ends anybody's claim."""
        self._rows.update(renewal_by="", renewal_until=None, **_columns(token))

    def fail(self, error: errors.SuperOfficeError) -> None:
        at = timezone.now().isoformat()
        try:
            with transaction.atomic():  # so that a refusal by the database breaks nobody's transaction
                self._end_claim(refusal={**_facts(error), "at": at})
        except (Error, ValueError) as problem:
            logger.warning("a failed renewal's facts could not be stored: %s", type(problem).__name__)
            self._end_claim(refusal={"code": error.code, "known": {}, "at": at})

    def failure_since(self, moment: datetime) -> errors.SuperOfficeError | None:
        row = self._rows.values_list("refusal").first()
        if row is None:
            raise errors.SettingsChanged
        if not (facts := row[0]) or datetime.fromisoformat(facts["at"]) < moment:
            return None
        return _revived(facts)

    def clear(self) -> None:
        self._rows.update(access_token="", access_token_expires_at=None)

    def _end_claim(self, **values: Any) -> bool:
        """Nothing happens when the claim has run out and somebody else took over, or the settings changed."""
        ours = self._rows.filter(renewal_by=self._name)
        return bool(ours.update(renewal_by="", renewal_until=None, **values))


class StoredState:
    """Keeps the tenant's state, with the moment until which it is believed, in the connection's row.

    That it is down is not kept: each job asks for itself then, and goes on as soon as it is back.
    """

    def __init__(self, connection: Connection) -> None:
        self._rows = as_read(connection)

    def load(self) -> tuple[TenantState, datetime] | None:
        row = self._rows.values_list("tenant_state").first()
        if row is None:
            raise errors.SettingsChanged
        if not (stored := row[0]):
            return None
        valid_until = stored["valid_until"]
        state = TenantState(
            state=stored["state"],
            is_running=True,
            endpoint=stored["endpoint"],
            api=stored["api"],
            valid_until=datetime.fromisoformat(valid_until) if valid_until else None,
        )
        return state, datetime.fromisoformat(stored["until"])

    def save(self, state: TenantState, until: datetime) -> None:
        kept = {
            "state": state.state,
            "endpoint": state.endpoint,
            "api": state.api,
            "valid_until": state.valid_until.isoformat() if state.valid_until else None,
            "until": until.isoformat(),
        }
        if not self._rows.update(tenant_state=kept if state.is_running else None):
            raise errors.SettingsChanged


# What an error has beside its words, for one of which the row has no more than its code; moments are never kept.
_NOT_KEPT: dict[str, Any] = {
    "valid_until": None,
    "retry_after": None,
    **dict.fromkeys(("state", "reason", "problem", "expected", "actual", "column", "record"), ""),
}


def _columns(token: AccessToken) -> dict[str, Any]:
    return {
        "access_token": f"{token.scheme} {token.value}",
        "access_token_expires_at": token.expires_at,
        "refusal": None,
    }


def _facts(error: errors.SuperOfficeError) -> dict[str, Any]:
    """What is needed to tell the same failure in another process: all of it is text or a number."""
    known = {
        name: value
        for name, value in vars(error).items()
        if value is None or isinstance(value, str | int | float)
    }
    return {"code": error.code, "known": known}


def _revived(facts: dict[str, Any]) -> errors.SuperOfficeError:
    kinds = {kind.code: kind for kind in _all_kinds(errors.SuperOfficeError)}
    kind = kinds.get(facts["code"], errors.SignInFailed)
    error = kind.__new__(kind)
    errors.SuperOfficeError.__init__(error, facts["known"].get("detail", ""))
    vars(error).update({**_NOT_KEPT, **facts["known"]})
    return error


def _all_kinds(kind: type[errors.SuperOfficeError]) -> list[type[errors.SuperOfficeError]]:
    found = [kind]
    for child in kind.__subclasses__():
        found += _all_kinds(child)
    return found
