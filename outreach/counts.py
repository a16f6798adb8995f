"""How many mails stand where, for the navigation, the home page and the queue's tabs."""

from datetime import datetime
from typing import Any

from django.db.models import Count, Q
from django.utils import timezone

from connector.context import once
from connector.roles import is_approver, is_representative
from connector.services import current_connection
from outreach.models import Draft, Message


def queue_counts(user: Any, now: datetime | None = None) -> dict[str, int] | None:
    """How many mails stand where, for this user; None for people who have nothing to do with mail."""
    if not (is_approver(user) or is_representative(user)):
        return None
    start_of_day = timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)
    status = Message.Status
    tenant = current_connection()
    counts = (
        Message.objects.visible_to(user)
        .of_tenant(tenant)
        .aggregate(
            scheduled=Count("pk", filter=Q(status__in=[status.QUEUED, status.SENDING, status.COMMITTING])),
            uncertain=Count("pk", filter=Q(status=status.UNCERTAIN)),
            failed=Count("pk", filter=Q(status=status.FAILED)),
            sent_today=Count("pk", filter=Q(status=status.SENT, sent_at__gte=start_of_day)),
        )
    )
    return {"pending": pending_count(user), **counts}


def pending_count(user: Any) -> int:
    """How many drafts wait for this user; counted once a request."""
    return once(
        "pending count", Draft.objects.visible_to(user).of_tenant(current_connection()).pending().count
    )
