"""Signs of life: work that goes on says so, and so does a small job that comes only when there is none."""

from datetime import timedelta

from django.utils import timezone

from connector.models import Heartbeat


def beat(cluster: str) -> None:
    """Say that something inside `cluster` is running right now."""
    Heartbeat.objects.update_or_create(pk=cluster, defaults={"beat_at": timezone.now()})


def age_of_beat(cluster: str) -> timedelta | None:
    """How long ago `cluster` was last alive; None when it never was."""
    row = Heartbeat.objects.filter(pk=cluster).first()
    return timezone.now() - row.beat_at if row else None
