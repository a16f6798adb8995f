"""Access tokens and the tenant's state in the database, so that all processes share one of each.

Who may renew a token is decided by one conditional UPDATE (`claim`); no lock is held while SuperOffice is asked.
"""

import secrets
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q
from django.utils import timezone

from connector.models import Connection, TokenHolder
from connector.superoffice import errors
from connector.superoffice.auth import AccessToken
from connector.superoffice.types import TenantState


class StoredToken:
    """Keeps the access token of a Connection or PersonalSignIn in its row, encrypted."""

    def __init__(self, holder: TokenHolder) -> None:
        self._rows = type(holder)._default_manager.filter(pk=holder.pk)
        self._name = secrets.token_hex(16)

    def load(self) -> AccessToken | None:
        row = self._rows.only("access_token", "access_token_expires_at").first()
        if row is None or not row.access_token or row.access_token_expires_at is None:
            return None
        scheme, _, value = row.access_token.partition(" ")
        return AccessToken(value, row.access_token_expires_at, scheme)

    def claim(self, seconds: float) -> bool:
        """True for one client only, for so long."""
        now = timezone.now()
        free = Q(renewal_until__isnull=True) | Q(renewal_until__lt=now)
        until = now + timedelta(seconds=seconds)
        return bool(self._rows.filter(free).update(renewal_by=self._name, renewal_until=until))

    def save(self, token: AccessToken) -> None:
        self._end_claim(**_columns(token))

    def put(self, token: AccessToken) -> None:
        """Keep a token that came from elsewhere than a renewal: from a sign-in. It ends anybody's claim."""
        self._rows.update(renewal_by="", renewal_until=None, **_columns(token))

    def fail(self, error: errors.SuperOfficeError) -> None:
        self._end_claim(refusal={**_facts(error), "at": timezone.now().isoformat()})

    def failure_since(self, moment: datetime) -> errors.SuperOfficeError | None:
        facts = self._rows.values_list("refusal", flat=True).first()
        if not facts or datetime.fromisoformat(facts["at"]) < moment:
            return None
        return _revived(facts)

    def clear(self) -> None:
        self._rows.update(access_token="", access_token_expires_at=None)

    def _end_claim(self, **values: Any) -> None:
        """Nothing happens when the claim has run out and somebody else took over."""
        self._rows.filter(renewal_by=self._name).update(renewal_by="", renewal_until=None, **values)


class StoredState:
    """Keeps the tenant's state, with the moment until which it is believed, in the connection's row.

    That it is down is not kept: each job asks for itself then, and goes on as soon as it is back.
    """

    def __init__(self, connection: Connection) -> None:
        self._rows = Connection.objects.filter(pk=connection.pk)

    def load(self) -> tuple[TenantState, datetime] | None:
        stored = self._rows.values_list("tenant_state", flat=True).first()
        if not stored:
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
        self._rows.update(tenant_state=kept if state.is_running else None)


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
    error.args = (facts["known"].get("detail", ""),)
    # What JSON does not carry (a moment) is not known here.
    vars(error).update({"valid_until": None, **facts["known"]})
    return error


def _all_kinds(kind: type[errors.SuperOfficeError]) -> list[type[errors.SuperOfficeError]]:
    found = [kind]
    for child in kind.__subclasses__():
        found += _all_kinds(child)
    return found
