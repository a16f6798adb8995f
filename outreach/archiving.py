"""Sent message -> SuperOffice document. May repeat, because it looks first: one document per message.

The document's number is stored as soon as it exists; content follows, then the check of its length, then
the mark "completed". Whatever interrupts this, the next attempt goes on where it stopped.
"""

import logging
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone
from django.utils.text import slugify

from connector.heartbeat import beat
from connector.models import Connection
from connector.problems import problem_code
from connector.services import (
    NotConfigured,
    current_connection,
    open_client,
    personal_sign_in,
    remember,
)
from connector.stopping import is_stopping
from connector.superoffice.client import Client
from connector.superoffice.errors import (
    BadRequest,
    Forbidden,
    NeedsConsent,
    NotFound,
    SignInFailed,
    SuperOfficeError,
    Unauthorized,
    UnexpectedAnswer,
    WrongTenant,
)
from connector.superoffice.types import NewDocument
from outreach.backoff import next_attempt
from outreach.composing import full_text
from outreach.events import record
from outreach.models import Draft, Message, MessageQuerySet

LEASE = timedelta(minutes=10)  # longer than the slowest upload
logger = logging.getLogger(__name__)


class NoTemplate(SuperOfficeError):
    code = "no_mail_template"


def archive_due(*, most: int = 50) -> int:
    """File what is sent and not filed yet; returns how many were filed.

    What was sent for a tenant that is not in use waits: its secrets are not used any more.
    """
    filed = 0
    due = (
        Message.objects.of_tenant(current_connection()).to_archive(timezone.now()).order_by("archive_due_at")
    )
    for pk in list(due.values_list("pk", flat=True)[:most]):
        if is_stopping():
            break
        beat("mail")
        message = _claim(pk, timezone.now())
        if message is not None:
            filed += archive(message)
    return filed


def _claim(pk: int, now: datetime) -> Message | None:
    free = Q(archive_lease_until__isnull=True) | Q(archive_lease_until__lt=now)
    in_use = Draft.objects.of_tenant(current_connection()).filter(pk=OuterRef("draft_id"))
    unfiled = Message.objects.filter(
        free, Exists(in_use), pk=pk, status=Message.Status.SENT, archived_at=None
    )
    claimed = unfiled.update(
        archive_lease_until=now + LEASE,
        archive_fence=F("archive_fence") + 1,
        archive_attempt_count=F("archive_attempt_count") + 1,
    )
    related = ("draft__sale__connection", "draft__representative__user", "draft__template", "mailbox")
    return Message.objects.select_related(*related).get(pk=pk) if claimed else None


def archive(message: Message) -> bool:
    """File one claimed message; False when it has to be tried again, with the reason in its row."""
    connection = message.draft.sale.connection
    try:
        is_own = _file_in_whose_name(message, connection)
    except (SuperOfficeError, NotConfigured) as error:
        logger.warning("message %s is not archived yet: %s", message.pk, error)
        _try_later(message, error)
        if not isinstance(error, NotFound | BadRequest):  # those are about this record, not the tenant
            remember(connection, error)
        return False
    if connection.problem_code and not is_own:  # somebody's own sign-in proves nothing about the connection's
        remember(connection, None)
    return True


def _file_in_whose_name(message: Message, connection: Connection) -> bool:
    """With the representative's own sign-in where there is one, so that the document is theirs (True); else, and
    when SuperOffice does not accept that sign-in, with the connection's. Either goes on where the other stopped.
    """
    own = personal_sign_in(message.draft.representative.user, connection)
    if own is not None:
        try:
            with open_client(connection, own) as client:
                _file(message, client, is_own=True)
            return True
        except (NeedsConsent, WrongTenant) as error:
            remember(own, error)  # only they can mend it
        except (SignInFailed, Unauthorized, Forbidden, NotFound) as error:
            # The connection's settings, or what they may do and see: the connection's sign-in has a try.
            logger.info("message %s is not filed in its representative's name: %s", message.pk, error)
    with open_client(connection) as client:
        _file(message, client)
    return False


def _file(message: Message, client: Client, *, is_own: bool = False) -> None:
    document_id = _document_for(message, client)
    try:
        _fill(document_id, bytes(message.raw), client)
    except NotFound:
        if message.document_id is None or is_own:
            raise
        # Somebody deleted the card that we know of: the next attempt looks for another and makes one.
        _ours(message).update(document_id=None)
        raise
    now = timezone.now()
    with transaction.atomic():
        if _ours(message).update(
            archived_at=now, archive_lease_until=None, archive_problem_code="", archive_problem_detail=""
        ):
            record(
                "archived",
                draft=message.draft,
                message=message,
                now=now,
                document_id=document_id,
                in_own_name=is_own,
            )


def _fill(document_id: int, raw: bytes, client: Client) -> None:
    if _length(client, document_id) != len(raw):
        client.upload_document(document_id, raw)
        if (length := client.document_length(document_id)) != len(raw):
            raise UnexpectedAnswer(f"the document holds {length} bytes instead of {len(raw)}")
    client.complete_document(document_id)


def _length(client: Client, document_id: int) -> int:
    """Bytes SuperOffice holds; -1 for a card without content yet."""
    try:
        return client.document_length(document_id)
    except (NotFound, UnexpectedAnswer):
        return -1


def _document_for(message: Message, client: Client) -> int:
    """The number of the message's document: known, found by our key, or newly created – in this order."""
    if message.document_id is not None:
        # Not looked up again: a listing may lag behind, and somebody may have moved the card to another sale.
        return message.document_id
    found = client.find_document(key=str(message.archive_key), sale_id=message.draft.sale.sale_id)
    document_id = found.id if found else client.create_document(_new_document(message, client)).id
    _ours(message).update(document_id=document_id)
    return document_id


def _new_document(message: Message, client: Client) -> NewDocument:
    template = client.outgoing_mail_template()
    if template is None:
        raise NoTemplate("the tenant has no document template for outgoing e-mail")
    draft = message.draft
    sent_at = timezone.localtime(message.sent_at)
    name = f"{sent_at:%Y-%m-%d_%H%M}_{_plain(draft.sale.company_name)}_{_plain(draft.subject)}_{message.pk}"
    return NewDocument(
        key=str(message.archive_key),
        subject=draft.subject,
        file_name=f"{name}.eml",
        template_id=template.id,
        company_id=draft.company_id,
        person_id=draft.person_id,
        sale_id=draft.sale.sale_id,
        owner_id=draft.representative.associate_id,
        at=sent_at,
        description=full_text(draft)[:2000],
    )


_GERMAN = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "ß": "ss"})


def _plain(text: str) -> str:
    """A part of a file name: small ASCII letters, as a German would write them."""
    return slugify(text.translate(_GERMAN))[:40]


def _ours(message: Message) -> MessageQuerySet:
    """The row as long as nobody else took over its archiving."""
    return Message.objects.filter(pk=message.pk, archive_fence=message.archive_fence)


def _try_later(message: Message, error: Exception) -> None:
    _ours(message).update(
        archive_lease_until=None,
        archive_due_at=next_attempt(timezone.now(), message.archive_attempt_count),
        archive_problem_code=problem_code(error),
        archive_problem_detail=str(error)[:500],
    )
