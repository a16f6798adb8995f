"""What the worker runs for outreach. No arguments: the database says what is due."""

from django.conf import settings
from django.utils import timezone

from connector.context import job_context
from connector.heartbeat import beat
from outreach import archiving, delivery
from outreach.models import Message


def dispatch() -> None:
    """Send what is due; a second dispatcher at the same time only shares the work."""
    with job_context("dispatch"):
        delivery.dispatch(seconds=settings.DISPATCH_SLICE)
        if Message.objects.to_archive(timezone.now()).exists():
            archiving.archive_due()


def archive() -> None:
    with job_context("archive"):
        beat("mail")
        archiving.archive_due()


def sweep() -> None:
    with job_context("sweep"):
        beat("mail")
        delivery.sweep(timezone.now())
