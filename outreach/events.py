"""The audit trail: one row for every change of a draft or message, in the transaction that makes the change."""

from datetime import datetime
from typing import Any

from django.contrib.auth.models import User

from connector.context import current_job
from outreach.models import Draft, Event, Message


def record(
    action: str,
    *,
    draft: Draft,
    now: datetime,
    message: Message | None = None,
    actor: User | None = None,
    **detail: Any,
) -> Event:
    """Add one event; `actor` None means the worker."""
    return Event.objects.create(
        draft=draft, message=message, action=action, actor=actor, at=now, detail=detail, job=current_job()
    )
