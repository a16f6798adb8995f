"""Claim, check, submit, record; and the sweep of what got stuck.

The right to send is a committed claim (`queued -> sending`, fence + 1). The row turns *committing* in the
database right before the final dot, in an update that also looks at stop switch, suppression, approval and
pause. Before that mark everything may be tried again; after it, only an answer or a person says what
happened. There is no SMTP and no HTTP inside a transaction.
"""

import logging
import time
from datetime import datetime, timedelta
from types import TracebackType
from typing import Any, Self

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone

from connector.heartbeat import beat
from connector.models import Mailbox
from connector.problems import problem_code
from connector.redaction import redact
from connector.services import NotConfigured, current_connection, open_client, open_mailbox, remember
from connector.smtp.errors import SmtpError
from connector.smtp.sessions import Session
from connector.stopping import is_stopping
from connector.superoffice.errors import NotFound, SuperOfficeError
from outreach import audience
from outreach.events import record
from outreach.facts import changed_facts
from outreach.models import Delivery, Draft, Message, MessageQuerySet, StopSwitch
from outreach.recording import (
    IN_FLIGHT,
    LostClaim,
    change,
    close_delivery,
    fail,
    pause_mailbox,
    queue_again,
    record_outcome,
    storable,
)
from outreach.services import renew_draft, undo_approval
from reports.claims import owner_name
from reports.local_copy import sync
from reports.models import Sale

logger = logging.getLogger(__name__)


class Sessions:
    """One open session per mailbox while a slice lasts; dropped after any trouble."""

    def __init__(self) -> None:
        self._open: dict[int, Session] = {}

    def for_mailbox(self, mailbox: Mailbox) -> Session:
        session = self._open.get(mailbox.pk)
        if session is None or not session.is_usable:
            self.drop(mailbox)
            session = self._open[mailbox.pk] = open_mailbox(mailbox)
        return session

    def drop(self, mailbox: Mailbox) -> None:
        if (session := self._open.pop(mailbox.pk, None)) is not None:
            session.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        while self._open:
            self._open.popitem()[1].close()


# --- Dispatching --------------------------------------------------------------------------------------


def dispatch(*, seconds: float, pause: float = 1.0) -> int:
    """Send what is due, and wait for what becomes due within this slice; returns how many were attempted."""
    attempted, until = 0, time.monotonic() + seconds
    with Sessions() as sessions:
        while time.monotonic() < until and not is_stopping():
            beat("mail")
            message = claim(timezone.now())
            if message is not None:
                deliver(message, sessions)
                attempted += 1
            elif _something_due_by(timezone.now() + timedelta(seconds=until - time.monotonic())):
                time.sleep(pause)
            else:
                break
    return attempted


def _sendable(now: datetime) -> Any:
    return Message.objects.due(now).filter(_nothing_holds_it_back()).order_by("due_at", "pk")


def _nothing_holds_it_back() -> Q:
    """What must be true around a message when it is claimed, and again right before its dot."""
    approved = Draft.objects.of_tenant(current_connection()).filter(
        pk=OuterRef("draft_id"),
        status=Draft.Status.APPROVED,
        revision=OuterRef("draft_revision"),
        representative__user__is_active=True,
    )
    approver = User.objects.filter(pk=OuterRef("approved_by_id"), is_active=True)
    mailbox = Mailbox.objects.filter(pk=OuterRef("mailbox_id"), is_paused=False, is_active=True)
    stopped = StopSwitch.objects.filter(is_on=True)
    return Q(Exists(approved)) & Q(Exists(approver)) & Q(Exists(mailbox)) & ~Q(Exists(stopped))


def _something_due_by(moment: datetime) -> bool:
    return bool(_sendable(moment).exists())


def claim(now: datetime) -> Message | None:
    """Take the message that has been due longest; None when none is. Two claims never get the same one."""
    for pk in _sendable(now).values_list("pk", flat=True)[:20]:
        claimed = Message.objects.filter(pk=pk, status=Message.Status.QUEUED, due_at__lte=now).update(
            status=Message.Status.SENDING,
            fence=F("fence") + 1,
            owner=owner_name(),
            lease_until=now + timedelta(seconds=settings.MESSAGE_LEASE),
            attempt_count=F("attempt_count") + 1,
        )
        if claimed:
            related = ("draft__sale__connection", "draft__representative__user", "draft__template", "mailbox")
            return Message.objects.select_related(*related).get(pk=pk)
    return None


def deliver(message: Message, sessions: Sessions) -> None:
    """One attempt for a claimed message; whatever happens is written down, and nothing is raised for it."""
    delivery = _open_delivery(message)
    try:
        if not _facts_hold(message, delivery):
            return
        session = sessions.for_mailbox(message.mailbox)
        outcome = session.submit(
            envelope_from=message.envelope_from,
            recipients=[message.envelope_to],
            raw=bytes(message.raw),
            before_dot=lambda: mark_committing(message, timezone.now()),
            answer_timeout=settings.SMTP_ANSWER_TIMEOUT,
        )
        if outcome.kind != "accepted":
            sessions.drop(message.mailbox)
        record_outcome(message, delivery, outcome)
    except SmtpError as error:
        sessions.drop(message.mailbox)
        _try_later(message, delivery, error, stage="connect")
    except (SuperOfficeError, NotConfigured) as error:
        remember(message.draft.sale.connection, error)
        _try_later(message, delivery, error, stage="facts")
    except LostClaim:
        logger.warning("message %s is decided on elsewhere", message.pk)
    except Exception as error:
        sessions.drop(message.mailbox)
        _give_up_on_mistake(message, delivery, error)


def _open_delivery(message: Message) -> Delivery:
    """The attempt's row, before the first byte leaves."""
    return Delivery.objects.create(
        message=message,
        number=message.deliveries.count() + 1,
        fence=message.fence,
        server=f"{message.mailbox.host}:{message.mailbox.port}",
        started_at=timezone.now(),
    )


def _facts_hold(message: Message, delivery: Delivery) -> bool:
    """Ask SuperOffice whether what the mail stands on is still true; if not, it goes back to review."""
    draft, now = message.draft, timezone.now()
    connection = draft.sale.connection
    with open_client(connection) as client:
        try:
            fresh = client.sale(draft.sale.sale_id)
        except NotFound:
            return _back_to_review(message, delivery, reason="sale_gone", changes=[])
    if connection.problem_code:
        remember(connection, None)
    sale = sync.store(connection, [fresh], now=now)[draft.sale.sale_id]
    if objection := audience.objection(sale, draft.template):
        return _back_to_review(message, delivery, reason="objection", changes=[], objection=objection)
    changes = changed_facts(draft.facts, sale)
    if sale.person_id != draft.person_id and not changes:
        changes = [{"field": "person_name", "was": draft.to_name, "is": sale.person_name}]
    if changes:
        return _back_to_review(message, delivery, reason="facts_changed", changes=changes, fresh=sale)
    return True


def _back_to_review(
    message: Message,
    delivery: Delivery,
    *,
    reason: str,
    changes: list[dict[str, str]],
    fresh: Sale | None = None,
    **detail: Any,
) -> bool:
    """Cancel the message and let a person decide again, in one transaction; answers that the mail stays."""
    now = timezone.now()
    with transaction.atomic():
        change(message, [Message.Status.SENDING], status=Message.Status.QUEUED, lease_until=None)
        close_delivery(delivery, outcome=Delivery.Outcome.WITHDRAWN, stage="facts", words=reason)
        if not undo_approval(draft=message.draft, by=None, now=now, reason=reason, changes=changes, **detail):
            raise LostClaim
        if fresh is not None:
            renew_draft(draft=message.draft, sale=fresh)
    return False


def mark_committing(message: Message, now: datetime) -> bool:
    """The point of no return, committed before the final dot leaves. False: do not send the dot.

    One statement sees to everything that may have changed meanwhile; conditions on other tables are
    sub-queries, so that the row's own state is compared at the moment of writing.
    """
    return (
        Message.objects.filter(
            _nothing_holds_it_back(),
            ~Exists(audience.suppressions_of(message.envelope_to)),
            pk=message.pk,
            fence=message.fence,
            status=Message.Status.SENDING,
            lease_until__gt=now,
        ).update(status=Message.Status.COMMITTING, committing_at=now)
        == 1
    )


# --- Attempts that came to nothing -------------------------------------------------------------------


def _try_later(message: Message, delivery: Delivery, error: Exception, *, stage: str) -> None:
    """No mail was handed over: the mailbox or SuperOffice could not be used."""
    words = str(error)[:500]
    logger.warning("message %s waits: %s", message.pk, words)
    if isinstance(error, SmtpError) and not error.is_temporary:
        pause_mailbox(message.mailbox, words, code=problem_code(error))
    try:
        with transaction.atomic():
            close_delivery(delivery, outcome=Delivery.Outcome.DEFERRED, stage=stage, words=words)
            queue_again(message, timezone.now(), code=problem_code(error), detail=words)
    except LostClaim:
        logger.warning("message %s is decided on elsewhere", message.pk)


def _give_up_on_mistake(message: Message, delivery: Delivery, error: Exception) -> None:
    """A mistake of ours. Before the mark nothing has left: the mail waits, or fails when waiting cannot help.
    After it nobody knows what left: the row is the sweep's."""
    logger.exception("message %s could not be handled", message.pk)
    words = storable(redact(f"{type(error).__name__}: {error}"))[:500]
    settle = fail if isinstance(error, ValueError) else queue_again
    try:
        with transaction.atomic():
            close_delivery(delivery, outcome=Delivery.Outcome.ABANDONED, words=words)
            settle(
                message, timezone.now(), code="unexpected", detail=words, statuses=[Message.Status.SENDING]
            )
    except LostClaim:
        logger.warning("message %s is decided on elsewhere", message.pk)


# --- Sweeping -----------------------------------------------------------------------------------------


def sweep(now: datetime) -> dict[str, int]:
    """Repair what a dead worker left: sending goes back, committing becomes uncertain. Never the other way.

    What waits for somebody who was deactivated since goes back to review.
    """
    expired = Message.objects.select_related("draft").filter(lease_until__lt=now)
    back = sum(_rescue(message, now) for message in expired.filter(status=Message.Status.SENDING)[:200])
    lost = sum(
        _give_up_on_answer(message, now) for message in expired.filter(status=Message.Status.COMMITTING)[:200]
    )
    reviewed = sum(_review(message, now) for message in _orphaned()[:200])
    return {"back": back, "uncertain": lost, "reviewed": reviewed}


def _orphaned() -> MessageQuerySet:
    """Queued mails without an active user who approved them, or in whose name they are written."""
    approver_gone = Q(approved_by=None) | Q(approved_by__is_active=False)
    queued = Message.objects.select_related("draft").filter(status=Message.Status.QUEUED)
    return queued.filter(approver_gone | Q(draft__representative__user__is_active=False)).order_by("pk")


def _review(message: Message, now: datetime) -> bool:
    return undo_approval(draft=message.draft, by=None, now=now, message=message, reason="approver_gone")


def _rescue(message: Message, now: datetime) -> bool:
    values = {"status": Message.Status.QUEUED, "fence": F("fence") + 1, "lease_until": None, "due_at": now}
    return _sweep_one(message, now, "rescued", **values)


def _give_up_on_answer(message: Message, now: datetime) -> bool:
    return _sweep_one(
        message,
        now,
        "uncertain",
        status=Message.Status.UNCERTAIN,
        lease_until=None,
        problem_code="smtp_uncertain",
        problem_at=now,
    )


def _sweep_one(message: Message, now: datetime, action: str, **values: Any) -> bool:
    with transaction.atomic():
        same = Message.objects.filter(
            pk=message.pk, fence=message.fence, status=message.status, lease_until__lt=now
        )
        if same.update(**values) != 1:
            return False
        message.deliveries.filter(outcome=Delivery.Outcome.RUNNING).update(
            outcome=Delivery.Outcome.ABANDONED, finished_at=now
        )
        record(action, draft=message.draft, message=message, now=now, words="the worker stopped")
    return True


def owners_at_work(now: datetime) -> set[str]:
    """Processes ("host:pid") that hold a message right now: silent ones among them wait for a mail server."""
    held = Message.objects.filter(Q(status__in=IN_FLIGHT, lease_until__gt=now))
    return set(held.values_list("owner", flat=True))
