"""The verbs of the connection: which tenant and mailbox are in use, open them, remember how they did."""

from datetime import datetime
from typing import Any, cast

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.crypto import salted_hmac

from connector.call_log import StoredCalls
from connector.context import once, patience
from connector.hosts import is_listed, is_off_limits
from connector.models import (
    Connection,
    Mailbox,
    Origin,
    PersonalSignIn,
    Reachable,
    Representative,
)
from connector.pace import SharedPace
from connector.problems import Trouble, problem_code
from connector.smtp.errors import SmtpError
from connector.smtp.sessions import Account, Security, Session, open_session
from connector.superoffice.auth import App, Credentials, Password, RefreshToken, SystemUser
from connector.superoffice.client import Client
from connector.superoffice.errors import Busy, SettingsChanged, SuperOfficeError
from connector.superoffice.transport import TIMEOUTS, Transport
from connector.tokens import StoredState, StoredToken, as_read

# What was learnt with other settings: a token, the tenant's place and trouble do not outlive a change of them.
# Every change of them comes with these values, for an UPDATE: the version tells the clients that are still open.
FORGOTTEN: dict[str, Any] = {
    "settings_version": F("settings_version") + 1,
    "access_token": "",
    "access_token_expires_at": None,
    "renewal_by": "",
    "renewal_until": None,
    "refusal": None,
    "tenant_state": None,
    "acts_as": "",
    "probed_at": None,
    "problem_code": "",
    "problem_detail": "",
    "problem_at": None,
}
# A refresh token belongs to one app at one tenant.
APP_COLUMNS = ("client_id", "context_identifier", "environment", "login_url")
_AUTOMATIC_ORIGIN = {True: Origin.DEMO, False: Origin.ENVIRONMENT}
# One name for all readers: in their languages the row would change with each of them.
_AUTOMATIC_NAME = {Origin.DEMO: "Demo", Origin.ENVIRONMENT: "SuperOffice"}


class NotConfigured(Exception):
    """There is no tenant or no mailbox yet; `code` names the sentence for it."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


# --- The tenant ---------------------------------------------------------------------------------------


def current_connection() -> Connection | None:
    """The tenant in use: the environment's before an administrator's before the demo one.

    What the environment says is copied into its row when it differs, so that a restart with new variables
    is all it takes. Within one request the answer stays the same.
    """
    return once("current connection", _find_connection)


def _find_connection() -> Connection | None:
    if settings.SUPEROFFICE:
        origin = _AUTOMATIC_ORIGIN["tenant" in settings.DEMO_PARTS]
        values = {**settings.SUPEROFFICE, "name": _AUTOMATIC_NAME[origin], "is_active": True}
        values["environment_mark"] = _mark(values["refresh_token"])
        if values["login_url"] == settings.SUPEROFFICE_LOGIN_URLS[values["environment"]]:
            values["login_url"] = ""
        # Another tenant gets another row: what was read of one must never mix with the other's.
        key = {"origin": origin, **{name: values[name] for name in Connection.TENANT_COLUMNS}}
        if (row := _synchronised(Connection, key, values)).origin == Origin.ENVIRONMENT:
            return row
    return Connection.objects.in_order_of_precedence().exclude(origin__in=_stale_origins()).first()


def _stale_origins() -> list[str]:
    """A row that an earlier environment left behind is not used once the variables are gone."""
    return [] if settings.SUPEROFFICE else [Origin.ENVIRONMENT]


def _mark(token: str) -> str:
    """Tells one token from another without keeping it; empty for none."""
    return salted_hmac("connector.environment_mark", token, algorithm="sha256").hexdigest() if token else ""


def _synchronised(model: Any, key: dict[str, Any], values: dict[str, Any]) -> Any:
    """The row with `key`, made or brought up to `values`; a changed tenant or secret drops the old token."""
    row = model.objects.filter(**key).first()
    if row and not _differences(row, values):
        return row
    with transaction.atomic():
        if model is Connection:
            _retire_other_tenants(key)
        row, is_new = model.objects.select_for_update().get_or_create(**key, defaults=values)
        # Looked at again: of several processes that start with new variables, one makes the change.
        if not is_new and (changes := _differences(row, values)):
            if model is Connection:
                _forget_findings(row, has_moved=not changes.keys().isdisjoint(APP_COLUMNS))
                changes |= FORGOTTEN
            model.objects.filter(pk=row.pk).update(**changes)
            row.refresh_from_db()
    return row


def _retire_other_tenants(key: dict[str, Any]) -> None:
    tenant = {name: key[name] for name in Connection.TENANT_COLUMNS}
    Connection.objects.filter(origin=key["origin"], is_active=True).exclude(**tenant).update(is_active=False)


def _differences(row: Any, values: dict[str, Any]) -> dict[str, Any]:
    """What `row` does not say yet. A refresh token that came later than the environment's is no difference."""
    changes = {name: value for name, value in values.items() if getattr(row, name) != value}
    if isinstance(row, Connection) and _keeps_its_refresh_token(row, values):
        changes.pop("refresh_token", None)
    return changes


def _forget_findings(connection: Connection, *, has_moved: bool) -> None:
    """Rights found out with other settings, and, for another app or tenant, the sign-ins made for the old one."""
    connection.capabilities.all().delete()
    if has_moved:
        connection.personal_sign_ins.all().delete()


def _keeps_its_refresh_token(row: Connection, values: dict[str, Any]) -> bool:
    """Whether a token that did not come from the environment stays: of a sign-in in the browser, where the
    environment names none, and in the demo; and what SuperOffice handed out later than the one named there.
    """
    is_same_app = all(getattr(row, name) == values[name] for name in APP_COLUMNS)
    is_optional = row.origin == Origin.DEMO or not values["refresh_token"]
    is_later = row.environment_mark == values["environment_mark"]
    return is_same_app and (is_optional or is_later) and bool(row.refresh_token)


def open_client(connection: Connection | None, own: PersonalSignIn | None = None) -> Client:
    """A client for `connection`, with somebody's `own` sign-in instead of its; close it after use.

    Opening talks to nobody yet. Raises NotConfigured when there is nothing to sign in with. A client that is
    still open when the connection's settings change raises SettingsChanged.
    """
    if connection is None:
        raise NotConfigured("no_connection")
    return Client(
        credentials_of(connection, own),
        token_store=StoredToken(connection, own),
        state_store=StoredState(connection),
        transport=transport_of(connection),
        on_refresh_token=lambda token: _keep_refresh_token(connection, own, token),
    )


def transport_of(connection: Connection) -> Transport:
    """Calls to this tenant: in the pace that all processes share, and each of them in the log.

    Where a person waits for a page, a silent tenant is given up sooner.
    """
    to_connect, to_read = TIMEOUTS
    return Transport(
        pace=SharedPace(connection), log=StoredCalls(connection), timeouts=(to_connect, patience(to_read))
    )


def app_of(connection: Connection) -> App:
    return App(
        login_url=connection.login_url or settings.SUPEROFFICE_LOGIN_URLS[connection.environment],
        context_identifier=connection.context_identifier,
        client_id=connection.client_id,
        client_secret=connection.client_secret,
        redirect_uri=connection.redirect_uri,
    )


def credentials_of(connection: Connection, own: PersonalSignIn | None = None) -> Credentials:
    """What this connection signs in with; raises NotConfigured when nobody has signed in yet."""
    if connection.way_in == Connection.WayIn.PASSWORD:
        if not is_listed(connection.base_url, settings.SUPEROFFICE_ONSITE_HOSTS):
            raise NotConfigured("onsite_not_allowed")
        return Password(connection.base_url, connection.username, connection.password)
    if own is not None:
        return RefreshToken(app_of(connection), own.refresh_token)
    if connection.way_in == Connection.WayIn.SYSTEM_USER:
        if not connection.system_user_token:
            raise NotConfigured("no_system_user_token")
        return SystemUser(app_of(connection), connection.system_user_token, connection.private_key)
    if not connection.refresh_token:
        raise NotConfigured("not_signed_in")
    return RefreshToken(app_of(connection), connection.refresh_token)


def has_sign_in(connection: Connection) -> bool:
    """Whether there is anything to sign in with; what it is worth only SuperOffice knows."""
    try:
        credentials_of(connection)
    except NotConfigured:
        return False
    return True


def _keep_refresh_token(connection: Connection, own: PersonalSignIn | None, token: str) -> None:
    if not as_read(connection, own).update(refresh_token=token):
        raise SettingsChanged


def personal_sign_in(user: User, connection: Connection) -> PersonalSignIn | None:
    """The user's own sign-in at this tenant, while SuperOffice accepts it, they work here, and it is theirs."""
    return PersonalSignIn.objects.filter(
        user=user,
        connection=connection,
        problem_code="",
        user__is_active=True,
        associate_id=F("user__representative__associate_id"),
    ).first()


def check_connection(connection: Connection | None) -> Trouble | None:
    """Sign in anew and ask the tenant who we are; what went wrong is remembered in the row and returned."""
    if connection is None:
        return Trouble("no_connection")
    try:
        with open_client(connection) as client:
            client.tenant_state()  # now, not as remembered: maintenance may be over
            client.renew_now()
            user = client.current_user()
    except (SuperOfficeError, NotConfigured) as error:
        return remember(connection, error)
    if not as_read(connection).update(acts_as=user.full_name[:200]):
        return remember(connection, SettingsChanged())
    remember(connection, None)
    return None


# --- Mailboxes ----------------------------------------------------------------------------------------


def shared_mailbox() -> Mailbox | None:
    """The mailbox for representatives without their own; same precedence as the tenant's."""
    server = settings.MAIL_SERVER
    if server:
        origin = _AUTOMATIC_ORIGIN["mail" in settings.DEMO_PARTS]
        values = {**server, "name": server["from_address"], "is_active": True}
        key = {"origin": origin, "from_address": values.pop("from_address")}
        mailbox: Mailbox = _synchronised(Mailbox, key, values)
        _follow_server(origin, server)
        if origin == Origin.ENVIRONMENT:
            return mailbox
    administrators = Mailbox.objects.filter(origin=Origin.ADMIN, is_active=True, is_shared=True)
    return administrators.order_by("pk").first() or (mailbox if server else None)


def _follow_server(origin: Origin, server: dict[str, Any]) -> None:
    """Further mailboxes of the same origin live on the same server."""
    address = {name: server[name] for name in ("host", "port", "security")}
    Mailbox.objects.filter(origin=origin).exclude(**address).update(**address)


def mailbox_for(representative: Representative) -> Mailbox:
    """Where this person's mails leave from; raises NotConfigured when there is no mailbox at all."""
    own = representative.mailbox
    shared = shared_mailbox()
    if own is not None and own.is_active and not (own.is_demo and "mail" not in settings.DEMO_PARTS):
        own.refresh_from_db()
        return own
    if shared is None:
        raise NotConfigured("no_mailbox")
    return shared


def account_of(mailbox: Mailbox) -> Account:
    """The mailbox as `connector.smtp` knows it; the host name we greet with is the sender's domain.

    What an administrator entered may lead only where they may enter it; see `connector.hosts`.
    """
    return Account(
        host=mailbox.host,
        port=mailbox.port,
        security=cast("Security", mailbox.security),
        username=mailbox.username,
        password=mailbox.password,
        from_address=mailbox.from_address,
        local_hostname=mailbox.from_address.rpartition("@")[2],
        is_allowed=_is_elsewhere if mailbox.origin == Origin.ADMIN else None,
    )


def _is_elsewhere(address: str) -> bool:
    return not is_off_limits(address)


def open_mailbox(mailbox: Mailbox) -> Session:
    """An authenticated session; raises SmtpError, which is remembered in the row."""
    try:
        session = open_session(account_of(mailbox))
    except SmtpError as error:
        remember(mailbox, error)
        raise
    remember(mailbox, None)
    return session


def check_mailbox(mailbox: Mailbox) -> Trouble | None:
    """Connect and sign in, send nothing."""
    try:
        open_mailbox(mailbox).close()
    except SmtpError:
        mailbox.refresh_from_db()
        return Trouble(mailbox.problem_code, mailbox.problem_detail)
    return None


# --- Remembering --------------------------------------------------------------------------------------


def remember(
    row: Reachable | None, error: Exception | None, *, now: datetime | None = None
) -> Trouble | None:
    """Write success (None) or trouble into `row`; a repeated trouble keeps the time it began.

    That somebody changed the row, or that others of us came first, is no trouble of what is outside.
    """
    now = now or timezone.now()
    rows = type(row).objects.filter(pk=row.pk) if row is not None else None  # type: ignore[attr-defined]
    if error is None:
        if rows is not None:
            rows.update(problem_code="", problem_detail="", problem_at=None, worked_at=now)
        return None
    words = str(error) if isinstance(error, SmtpError) else str(getattr(error, "detail", ""))
    trouble = Trouble(problem_code(error), words[:500])
    if rows is not None and not isinstance(error, SettingsChanged | Busy):
        rows.exclude(problem_code=trouble.code).update(problem_at=now)
        rows.update(problem_code=trouble.code, problem_detail=trouble.detail)
    return trouble
