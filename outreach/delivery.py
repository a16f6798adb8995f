"""Claim, check, submit, record; and the sweep of what got stuck.

The right to send is a committed claim (`queued -> sending`, fence + 1). The row turns *committing* in the
database right before the final dot, in an update that also looks at stop switch, suppression, approval and
pause. Before that mark everything may be tried again; after it, only an answer or a person says what
happened. There is no SMTP and no HTTP inside a transaction.
"""

import logging
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from types import TracebackType
from typing import Any, Self

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone

from connector.heartbeat import beat
from connector.models import Mailbox
from connector.problems import problem_code
from connector.redaction import redact
from connector.services import NotConfigured, open_client, open_mailbox, remember
from connector.smtp.errors import SmtpError
from connector.smtp.sessions import Session
from connector.smtp.submission import Outcome
from connector.superoffice.errors import NotFound, SuperOfficeError
from outreach import audience
from outreach.events import record
from outreach.facts import changed_facts
from outreach.models import Delivery, Draft, Message, StopSwitch
from outreach.services import renew_draft, undo_approval
from reports import sync
from reports.models import Sale
from reports.services import owner_name

BACKOFF = (1, 5, 15, 60, 240)  # minutes until the next attempt
GIVE_UP_AFTER = timedelta(hours=24)  # a sales mail is stale by then
_IN_FLIGHT = (Message.Status.SENDING, Message.Status.COMMITTING)
logger = logging.getLogger(__name__)


class LostClaim(Exception):
    """Somebody else decides about this message now."""


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
        while time.monotonic() < until:
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
    approved = Draft.objects.filter(
        pk=OuterRef("draft_id"), status=Draft.Status.APPROVED, revision=OuterRef("draft_revision")
    )
    mailbox = Mailbox.objects.filter(pk=OuterRef("mailbox_id"), is_paused=False, is_active=True)
    stopped = StopSwitch.objects.filter(is_on=True)
    return Q(Exists(approved)) & Q(Exists(mailbox)) & ~Q(Exists(stopped))


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
    if objection := audience.objection(sale):
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
        _change(message, [Message.Status.SENDING], status=Message.Status.QUEUED, lease_until=None)
        _close_delivery(delivery, outcome=Delivery.Outcome.WITHDRAWN, stage="facts", words=reason)
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


# --- Recording ----------------------------------------------------------------------------------------


def _change(message: Message, statuses: Sequence[str], **values: Any) -> None:
    rows = Message.objects.filter(pk=message.pk, fence=message.fence, status__in=statuses)
    if rows.update(**values) != 1:
        raise LostClaim


def _close_delivery(delivery: Delivery, **values: Any) -> None:
    values = {"finished_at": timezone.now(), **values}
    Delivery.objects.filter(pk=delivery.pk).update(**values)


def record_outcome(message: Message, delivery: Delivery, outcome: Outcome) -> None:
    """Write the server's answer into message, delivery and audit trail, in one transaction."""
    recorders = {
        "accepted": _record_accepted,
        "deferred": _record_deferred,
        "rejected": _record_rejected,
        "unknown": _record_unknown,
        "withdrawn": _record_withdrawn,
    }
    outcome = replace(
        outcome, text=_storable(outcome.text), wire_message_id=_storable(outcome.wire_message_id)[:255]
    )
    with transaction.atomic():
        _close_delivery(
            delivery,
            outcome=outcome.kind,
            stage=outcome.stage,
            code=outcome.code or None,
            words=outcome.text,
        )
        recorders[outcome.kind](message, outcome, timezone.now())


def _record_accepted(message: Message, outcome: Outcome, now: datetime) -> None:
    # From uncertain as well: late evidence is better than none.
    _change(
        message,
        [Message.Status.COMMITTING, Message.Status.UNCERTAIN],
        status=Message.Status.SENT,
        sent_at=now,
        lease_until=None,
        wire_message_id=outcome.wire_message_id,
        archive_due_at=now,
        problem_code="",
        problem_detail="",
    )
    record("sent", draft=message.draft, message=message, now=now, words=outcome.text)


def _record_deferred(message: Message, outcome: Outcome, now: datetime) -> None:
    if outcome.classification == "configuration":
        pause_mailbox(message.mailbox, outcome.text)
    _queue_again(message, now, code="smtp_deferred", detail=f"{outcome.code or ''} {outcome.text}".strip())


def _record_rejected(message: Message, outcome: Outcome, now: datetime) -> None:
    """Refused for good – unless it is the mailbox that is wrong: then the mailbox pauses and the mail waits."""
    words = f"{outcome.code} {outcome.text}"
    if outcome.classification == "configuration":
        pause_mailbox(message.mailbox, words)
        _queue_again(message, now, code="smtp_configuration", detail=words)
        return
    _fail(
        message,
        now,
        code="smtp_address" if outcome.classification == "address" else "smtp_rejected",
        detail=words,
    )


def _record_unknown(message: Message, outcome: Outcome, now: datetime) -> None:
    _change(
        message,
        [Message.Status.COMMITTING],
        status=Message.Status.UNCERTAIN,
        lease_until=None,
        problem_code="smtp_uncertain",
        problem_detail=outcome.text,
        problem_at=now,
    )
    record("uncertain", draft=message.draft, message=message, now=now, words=outcome.text)


def _record_withdrawn(message: Message, outcome: Outcome, now: datetime) -> None:
    """Our own decision before the dot. What holds it back now is seen again at the next claim."""
    _change(
        message, _IN_FLIGHT, status=Message.Status.QUEUED, lease_until=None, due_at=now + timedelta(seconds=5)
    )
    record("held_back", draft=message.draft, message=message, now=now, stage=outcome.stage)


def _queue_again(
    message: Message, now: datetime, *, code: str, detail: str, statuses: Sequence[str] = _IN_FLIGHT
) -> None:
    """Try later by the schedule, or give up after a day."""
    begun_at = message.resolved_at or message.approved_at  # sent again by a person: a day of its own
    if now - begun_at > GIVE_UP_AFTER and code != "smtp_configuration":
        _fail(message, now, code="smtp_expired", detail=detail, statuses=statuses)
        return
    minutes = BACKOFF[min(message.attempt_count, len(BACKOFF)) - 1]
    due_at = now + timedelta(minutes=minutes)
    _change(
        message,
        statuses,
        status=Message.Status.QUEUED,
        lease_until=None,
        due_at=due_at,
        problem_code=code,
        problem_detail=detail[:500],
        problem_at=now,
    )
    record(
        "deferred",
        draft=message.draft,
        message=message,
        now=now,
        code=code,
        words=detail,
        due_at=due_at.isoformat(),
    )


def _fail(
    message: Message, now: datetime, *, code: str, detail: str, statuses: Sequence[str] = _IN_FLIGHT
) -> None:
    _change(
        message,
        statuses,
        status=Message.Status.FAILED,
        lease_until=None,
        problem_code=code,
        problem_detail=detail[:500],
        problem_at=now,
    )
    record("failed", draft=message.draft, message=message, now=now, code=code, words=detail)


def _try_later(message: Message, delivery: Delivery, error: Exception, *, stage: str) -> None:
    """No mail was handed over: the mailbox or SuperOffice could not be used."""
    words = str(error)[:500]
    logger.warning("message %s waits: %s", message.pk, words)
    if isinstance(error, SmtpError) and not error.is_temporary:
        pause_mailbox(message.mailbox, words, code=problem_code(error))
    try:
        with transaction.atomic():
            _close_delivery(delivery, outcome=Delivery.Outcome.DEFERRED, stage=stage, words=words)
            _queue_again(message, timezone.now(), code=problem_code(error), detail=words)
    except LostClaim:
        logger.warning("message %s is decided on elsewhere", message.pk)


def _give_up_on_mistake(message: Message, delivery: Delivery, error: Exception) -> None:
    """A mistake of ours. Before the mark nothing has left: the mail waits, or fails when waiting cannot help.
    After it nobody knows what left: the row is the sweep's."""
    logger.exception("message %s could not be handled", message.pk)
    words = _storable(redact(f"{type(error).__name__}: {error}"))[:500]
    settle = _fail if isinstance(error, ValueError) else _queue_again
    try:
        with transaction.atomic():
            _close_delivery(delivery, outcome=Delivery.Outcome.ABANDONED, words=words)
            settle(
                message, timezone.now(), code="unexpected", detail=words, statuses=[Message.Status.SENDING]
            )
    except LostClaim:
        logger.warning("message %s is decided on elsewhere", message.pk)


def _storable(words: str) -> str:
    """A server may say anything; PostgreSQL stores all of it but this one character."""
    return words.replace("\x00", "")


def pause_mailbox(mailbox: Mailbox, words: str, *, code: str = "smtp_configuration") -> None:
    """Repeating a configuration error makes it worse: the mailbox pauses until somebody has looked."""
    Mailbox.objects.filter(pk=mailbox.pk).update(
        is_paused=True, problem_code=code, problem_detail=words[:500], problem_at=timezone.now()
    )


# --- Sweeping -----------------------------------------------------------------------------------------


def sweep(now: datetime) -> dict[str, int]:
    """Repair what a dead worker left: sending goes back, committing becomes uncertain. Never the other way."""
    expired = Message.objects.select_related("draft").filter(lease_until__lt=now)
    back = sum(_rescue(message, now) for message in expired.filter(status=Message.Status.SENDING)[:200])
    lost = sum(
        _give_up_on_answer(message, now) for message in expired.filter(status=Message.Status.COMMITTING)[:200]
    )
    return {"back": back, "uncertain": lost}


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
    held = Message.objects.filter(Q(status__in=_IN_FLIGHT, lease_until__gt=now))
    return set(held.values_list("owner", flat=True))
