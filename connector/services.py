"""The verbs of the connection: which tenant and mailbox are in use, open them, remember how they did."""

from datetime import datetime
from typing import Any, cast

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from connector.context import once
from connector.models import Connection, Mailbox, Origin, Reachable, Representative
from connector.problems import Trouble, problem_code
from connector.smtp.errors import SmtpError
from connector.smtp.sessions import Account, Security, Session, open_session
from connector.superoffice.auth import AccessToken
from connector.superoffice.client import Client, Credentials
from connector.superoffice.errors import SuperOfficeError
from connector.superoffice.transport import Transport

_AUTOMATIC_ORIGIN = {True: Origin.DEMO, False: Origin.ENVIRONMENT}


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
        values = {**settings.SUPEROFFICE, "name": str(origin.label), "is_active": True}
        if values["login_url"] == settings.SUPEROFFICE_LOGIN_URLS[values["environment"]]:
            values["login_url"] = ""
        if (row := _synchronised(Connection, {"origin": origin}, values)).origin == Origin.ENVIRONMENT:
            return row
    return Connection.objects.in_order_of_precedence().exclude(origin__in=_stale_origins()).first()


def _stale_origins() -> list[str]:
    """A row that an earlier environment left behind is not used once the variables are gone."""
    return [] if settings.SUPEROFFICE else [Origin.ENVIRONMENT]


def _synchronised(model: Any, key: dict[str, Any], values: dict[str, Any]) -> Any:
    """The row with `key`, made or brought up to `values`; a changed tenant or secret drops the old token."""
    row = model.objects.filter(**key).first()
    if row and all(getattr(row, name) == value for name, value in values.items()):
        return row
    defaults = dict(values)
    if model is Connection:
        defaults |= {"access_token": "", "access_token_expires_at": None, "problem_code": ""}
    with transaction.atomic():
        row, _created = model.objects.update_or_create(**key, defaults=defaults)
    return row


class StoredToken:
    """Keeps a connection's access token in its row, encrypted, so that processes share it."""

    def __init__(self, connection: Connection) -> None:
        self._pk = connection.pk

    def load(self) -> AccessToken | None:
        row = Connection.objects.only("access_token", "access_token_expires_at").get(pk=self._pk)
        if not row.access_token or row.access_token_expires_at is None:
            return None
        return AccessToken(row.access_token, row.access_token_expires_at)

    def save(self, token: AccessToken) -> None:
        Connection.objects.filter(pk=self._pk).update(
            access_token=token.value, access_token_expires_at=token.expires_at
        )

    def clear(self) -> None:
        Connection.objects.filter(pk=self._pk).update(access_token="", access_token_expires_at=None)


def open_client(connection: Connection | None) -> Client:
    """A client for `connection`; close it after use. Opening talks to nobody yet."""
    if connection is None:
        raise NotConfigured("no_connection")
    credentials = Credentials(
        login_url=connection.login_url or settings.SUPEROFFICE_LOGIN_URLS[connection.environment],
        context_identifier=connection.context_identifier,
        client_id=connection.client_id,
        client_secret=connection.client_secret,
        refresh_token=connection.refresh_token,
        redirect_uri=connection.redirect_uri,
    )
    transport = Transport(calls_per_second=settings.SUPEROFFICE_CALLS_PER_SECOND)
    return Client(credentials, token_store=StoredToken(connection), transport=transport)


def check_connection(connection: Connection | None) -> Trouble | None:
    """Ask the tenant who we are; what went wrong is remembered in the row and returned."""
    try:
        with open_client(connection) as client:
            client.current_user()
    except (SuperOfficeError, NotConfigured) as error:
        return remember(connection, error)
    remember(connection, None)
    return None


# --- Mailboxes ----------------------------------------------------------------------------------------


def shared_mailbox() -> Mailbox | None:
    """The mailbox for representatives without their own; same precedence as the tenant's."""
    server = settings.MAIL_SERVER
    if server:
        origin = _AUTOMATIC_ORIGIN["mail" in settings.DEMO_PARTS]
        values = {**server, "name": str(origin.label), "is_active": True}
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
    """The mailbox as `connector.smtp` knows it; the host name we greet with is the sender's domain."""
    return Account(
        host=mailbox.host,
        port=mailbox.port,
        security=cast("Security", mailbox.security),
        username=mailbox.username,
        password=mailbox.password,
        from_address=mailbox.from_address,
        local_hostname=mailbox.from_address.rpartition("@")[2],
    )


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
    """Write success (None) or trouble into `row`; a repeated trouble keeps the time it began."""
    now = now or timezone.now()
    rows = type(row).objects.filter(pk=row.pk) if row is not None else None  # type: ignore[attr-defined]
    if error is None:
        if rows is not None:
            rows.update(problem_code="", problem_detail="", problem_at=None, worked_at=now)
        return None
    words = str(error) if isinstance(error, SmtpError) else str(getattr(error, "detail", ""))
    trouble = Trouble(problem_code(error), words[:500])
    if rows is not None:
        rows.exclude(problem_code=trouble.code).update(problem_at=now)
        rows.update(problem_code=trouble.code, problem_detail=trouble.detail)
    return trouble
