"""What the progress of a run says about the reading that it waits for."""

from datetime import datetime

from django import template
from django.utils import timezone

from reports.local_copy.progress import silent_since as since
from reports.models import Sync

register = template.Library()


@register.filter
def silent_since(reading: Sync | None) -> datetime | None:
    """Since when SuperOffice has not answered the reading; None while it answers, or nothing is read."""
    return since(reading, timezone.now()) if reading else None
