"""Signs of life: work that goes on says so, and so does a small job that comes only when there is none."""

from datetime import timedelta

from django.utils import timezone

from connector.models import Heartbeat


def beat(cluster: str) -> None:
    """Say that something inside `cluster` is running right now."""
    Heartbeat.objects.update_or_create(pk=cluster, defaults={"beat_at": timezone.now()})


def ages_of_beats() -> dict[str, timedelta]:
    """How long ago each cluster was last alive; one that never was is missing."""
    now = timezone.now()
    return {row.pk: now - row.beat_at for row in Heartbeat.objects.all()}
