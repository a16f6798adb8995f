"""Signing in with SuperOffice in the browser: an administrator for the connection, a representative for themselves.

What SuperOffice has to bring back (`state`) and the secret half of PKCE wait in the server's session, for one use.
"""

import time
from collections.abc import Mapping, MutableMapping
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.db.models import F
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from connector import roles
from connector.capabilities import request_probe
from connector.models import Connection, Origin, PersonalSignIn, Representative
from connector.services import APP_COLUMNS, FORGOTTEN, app_of, transport_of
from connector.superoffice import sign_in
from connector.superoffice.errors import SuperOfficeError
from connector.superoffice.sign_in import SignedIn
from connector.tokens import StoredToken

Session = MutableMapping[str, Any]
_NO_SYSTEM_USER_TOKEN = gettext_lazy(
    "SuperOffice handed out no token for the system user: the user you signed in as is no administrator in "
    "SuperOffice, or the app has no system user."
)
_NO_REFRESH_TOKEN = gettext_lazy(
    "SuperOffice signed you in but handed out no refresh token. Remove the app's approval for this user in SuperOffice "
    "and sign in again."
)
SESSION_KEY = "superoffice_sign_in"
LIFETIME = 600  # seconds; an authorization code lives no longer


class SignInRefused(SuperOfficeError):
    """SuperOffice's answer came, and it is not good enough; `sentence` tells the person why."""

    code = "sign_in_refused"

    def __init__(self, sentence: str = "") -> None:
        super().__init__()
        self.sentence = sentence


def _lost() -> SignInRefused:
    return SignInRefused(
        _(
            "The sign-in at SuperOffice took too long, was begun in another window, or the connection was changed "
            "meanwhile. Please begin again."
        )
    )


def obstacle(connection: Connection | None, callback: str, *, is_personal: bool = False) -> str:
    """Why nobody can sign in with SuperOffice for this connection right now, as a sentence; empty when they can.

    `callback` is the address at which this installation would receive the answer.
    """
    if connection is None:
        return _("There is no connection yet.")
    if connection.way_in == Connection.WayIn.PASSWORD:
        return _("An installation of your own is signed in to with a user name and a password.")
    if not is_personal and _is_kept_by_environment(connection):
        return _("The refresh token comes from the environment variable SO_REFRESH_TOKEN. Change it there.")
    if not (connection.client_id and connection.client_secret):
        return _("The connection has no client id or client secret yet.")
    if connection.redirect_uri != callback:
        return _(
            "SuperOffice would answer to %(registered)s, but this page is %(callback)s. Open Sales Desk at the "
            "registered address, or register this one for the app and enter it in the connection."
        ) % {"registered": connection.redirect_uri or "–", "callback": callback}
    return ""


def _is_kept_by_environment(connection: Connection) -> bool:
    values = settings.SUPEROFFICE or {}
    return connection.origin == Origin.ENVIRONMENT and bool(values.get("refresh_token"))


def begin(*, session: Session, connection: Connection, is_personal: bool) -> str:
    """The address at SuperOffice to go to; what belongs to its answer waits in `session`."""
    start = sign_in.begin(app_of(connection))
    session[SESSION_KEY] = {
        "state": start.state,
        "verifier": start.verifier,
        "connection": connection.pk,
        "settings": _settings_of(connection),
        "is_personal": is_personal,
        "began_at": time.time(),
    }
    return start.url


def finish(
    *, session: Session, answer: Mapping[str, str], user: User, now: datetime
) -> Connection | PersonalSignIn:
    """Turn SuperOffice's answer (the query of the redirect) into a stored sign-in.

    Raises a SuperOfficeError; then everything is as it was before.
    """
    waiting: dict[str, Any] = session.get(SESSION_KEY) or {}
    if not _belongs_together(waiting, answer):
        raise _lost()  # what waits goes on waiting: anybody can send this browser to the callback
    del session[SESSION_KEY]
    if "error" in answer or not answer.get("code"):
        raise sign_in.refused(answer.get("error", ""), answer.get("error_description", ""))
    connection = Connection.objects.filter(pk=waiting["connection"]).first()
    if connection is None or waiting["settings"] != _settings_of(connection):
        raise _lost()
    if not waiting["is_personal"] and not roles.is_administrator(user):
        raise _lost()  # no longer an administrator
    with transport_of(connection) as transport:
        signed_in = sign_in.finish(app_of(connection), answer["code"], waiting["verifier"], transport)
    if waiting["is_personal"]:
        return _keep_personal(connection, signed_in, user, now)
    _keep_for_connection(connection, signed_in, user)
    request_probe(connection=connection, now=now)  # somebody else may have other rights
    return connection


def _settings_of(connection: Connection) -> dict[str, str]:
    """What a sign-in belongs to; with other values its tokens are somebody else's."""
    return {name: getattr(connection, name) for name in (*APP_COLUMNS, "way_in", "redirect_uri")}


def _belongs_together(waiting: Mapping[str, Any], answer: Mapping[str, str]) -> bool:
    if not waiting or time.time() - waiting["began_at"] > LIFETIME:
        return False
    return constant_time_compare(waiting["state"], answer.get("state", ""))


def _keep_for_connection(connection: Connection, signed_in: SignedIn, user: User) -> None:
    values: dict[str, Any] = {**FORGOTTEN, **_granted(connection, signed_in)}
    values["acts_as"] = signed_in.identity.email[:200]
    unchanged = Connection.objects.filter(pk=connection.pk, **_settings_of(connection))
    if not unchanged.update(**values):
        raise _lost()
    _write_history(connection, user)


def _granted(connection: Connection, signed_in: SignedIn) -> dict[str, str]:
    """What this connection's way in needs of the answer; a secret that nothing uses is not kept.

    A second sign-in may bring nothing new: an empty value never replaces what we have.
    """
    if connection.way_in == Connection.WayIn.SYSTEM_USER:
        name, words = "system_user_token", _NO_SYSTEM_USER_TOKEN
    else:
        name, words = "refresh_token", _NO_REFRESH_TOKEN
    token: str = getattr(signed_in, name)
    if not (token or getattr(connection, name)):
        raise SignInRefused(str(words))
    return {name: token} if token else {}


def _write_history(connection: Connection, user: User) -> None:
    """Beside the changes made in the admin, where an administrator looks for them."""
    LogEntry.objects.create(
        user=user,
        content_type=ContentType.objects.get_for_model(Connection),
        object_id=str(connection.pk),
        object_repr=str(connection)[:200],
        action_flag=CHANGE,
        change_message=_("Signed in with SuperOffice."),
    )


def _keep_personal(connection: Connection, signed_in: SignedIn, user: User, now: datetime) -> PersonalSignIn:
    representative = Representative.objects.filter(user=user).first()
    actual = signed_in.identity.associate_id
    if representative is None or actual != representative.associate_id:
        raise SignInRefused(_words_of_the_wrong_person(representative, signed_in))
    known = PersonalSignIn.objects.filter(user=user, connection=connection).first()
    refresh_token = signed_in.refresh_token or (known.refresh_token if known else "")
    if not refresh_token:
        raise SignInRefused(str(_NO_REFRESH_TOKEN))
    if not Connection.objects.filter(pk=connection.pk, **_settings_of(connection)).exists():
        raise _lost()
    values: dict[str, Any] = {
        "refresh_token": refresh_token,
        "associate_id": actual,
        "email": signed_in.identity.email[:254],
        "signed_in_at": now,
        "worked_at": now,
        "refusal": None,
        "problem_code": "",
        "problem_detail": "",
        "problem_at": None,
    }
    row, _is_new = PersonalSignIn.objects.update_or_create(
        user=user,
        connection=connection,
        defaults={**values, "settings_version": F("settings_version") + 1},
        create_defaults=values,
    )
    row.refresh_from_db()
    StoredToken(connection, row).put(signed_in.token)
    return row


def _words_of_the_wrong_person(representative: Representative | None, signed_in: SignedIn) -> str:
    if representative is None:
        return _("Your user is not linked to a SuperOffice user yet. An administrator can do that.")
    return _(
        "You signed in at SuperOffice as %(email)s (number %(actual)s), but your user here belongs to number "
        "%(expected)s. Sign in there with your own user."
    ) % {
        "email": signed_in.identity.email,
        "actual": signed_in.identity.associate_id,
        "expected": representative.associate_id,
    }
