"""What became of an attempt, written down: message, delivery row and audit trail in one transaction.

Every write names the status and the fence it believes in; LostClaim says that somebody else was faster.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from connector.models import Mailbox
from connector.smtp.submission import Outcome
from outreach.backoff import next_attempt
from outreach.events import record
from outreach.models import Delivery, Message

GIVE_UP_AFTER = timedelta(hours=24)  # a sales mail is stale by then
IN_FLIGHT = (Message.Status.SENDING, Message.Status.COMMITTING)


class LostClaim(Exception):
    """Somebody else decides about this message now."""


def change(message: Message, statuses: Sequence[str], **values: Any) -> None:
    rows = Message.objects.filter(pk=message.pk, fence=message.fence, status__in=statuses)
    if rows.update(**values) != 1:
        raise LostClaim


def close_delivery(delivery: Delivery, **values: Any) -> None:
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
        outcome, text=storable(outcome.text), wire_message_id=storable(outcome.wire_message_id)[:255]
    )
    with transaction.atomic():
        close_delivery(
            delivery,
            outcome=outcome.kind,
            stage=outcome.stage,
            code=outcome.code or None,
            words=outcome.text,
        )
        recorders[outcome.kind](message, outcome, timezone.now())


def _record_accepted(message: Message, outcome: Outcome, now: datetime) -> None:
    # From uncertain as well: late evidence is better than none.
    change(
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
    queue_again(message, now, code="smtp_deferred", detail=f"{outcome.code or ''} {outcome.text}".strip())


def _record_rejected(message: Message, outcome: Outcome, now: datetime) -> None:
    """Refused for good – unless it is the mailbox that is wrong: then the mailbox pauses and the mail waits."""
    words = f"{outcome.code} {outcome.text}"
    if outcome.classification == "configuration":
        pause_mailbox(message.mailbox, words)
        queue_again(message, now, code="smtp_configuration", detail=words)
        return
    fail(
        message,
        now,
        code="smtp_address" if outcome.classification == "address" else "smtp_rejected",
        detail=words,
    )


def _record_unknown(message: Message, outcome: Outcome, now: datetime) -> None:
    change(
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
    change(
        message, IN_FLIGHT, status=Message.Status.QUEUED, lease_until=None, due_at=now + timedelta(seconds=5)
    )
    record("held_back", draft=message.draft, message=message, now=now, stage=outcome.stage)


def queue_again(
    message: Message, now: datetime, *, code: str, detail: str, statuses: Sequence[str] = IN_FLIGHT
) -> None:
    """Try later by the schedule, or give up after a day."""
    begun_at = message.resolved_at or message.approved_at  # sent again by a person: a day of its own
    if now - begun_at > GIVE_UP_AFTER and code != "smtp_configuration":
        fail(message, now, code="smtp_expired", detail=detail, statuses=statuses)
        return
    due_at = next_attempt(now, message.attempt_count)
    change(
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


def fail(
    message: Message, now: datetime, *, code: str, detail: str, statuses: Sequence[str] = IN_FLIGHT
) -> None:
    change(
        message,
        statuses,
        status=Message.Status.FAILED,
        lease_until=None,
        problem_code=code,
        problem_detail=detail[:500],
        problem_at=now,
    )
    record("failed", draft=message.draft, message=message, now=now, code=code, words=detail)


def storable(words: str) -> str:
    """A server may say anything; PostgreSQL stores all of it but this one character."""
    return words.replace("\x00", "")


def pause_mailbox(mailbox: Mailbox, words: str, *, code: str = "smtp_configuration") -> None:
    """Repeating a configuration error makes it worse: the mailbox pauses until somebody has looked."""
    Mailbox.objects.filter(pk=mailbox.pk).update(
        is_paused=True, problem_code=code, problem_detail=words[:500], problem_at=timezone.now()
    )
