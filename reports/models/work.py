"""Work that a worker claims, does in slices, and can lose: what runs, readings and downloads share."""

from datetime import datetime
from typing import Self

from django.contrib.auth.models import User
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from connector.models import Reachable


class WorkStatus(models.TextChoices):
    QUEUED = "queued", _("Queued")
    RUNNING = "running", _("Running")
    SUCCEEDED = "succeeded", _("Succeeded")
    INCOMPLETE = "incomplete", _("Incomplete")
    FAILED = "failed", _("Failed")
    CANCELLED = "cancelled", _("Cancelled")


class WorkQuerySet(models.QuerySet):
    def unfinished(self) -> Self:
        return self.filter(status__in=[WorkStatus.QUEUED, WorkStatus.RUNNING])

    def with_result(self) -> Self:
        return self.filter(status__in=[WorkStatus.SUCCEEDED, WorkStatus.INCOMPLETE])

    def newest_first(self) -> Self:
        return self.order_by("-pk")

    def abandoned(self, now: datetime) -> Self:
        return self.filter(status=WorkStatus.RUNNING, lease_until__lt=now)


class Work(Reachable):
    """One piece of work. `fence` grows with every claim, so that a worker that was thought dead cannot write
    into somebody else's; `reports.claims` has the only ways to change the status."""

    Status = WorkStatus

    status = models.CharField(max_length=10, choices=WorkStatus, default=WorkStatus.QUEUED)
    started_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    queued_at = models.DateTimeField(default=timezone.now, editable=False)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    alive_at = models.DateTimeField(null=True)
    fence = models.PositiveIntegerField(default=0)
    lease_until = models.DateTimeField(null=True)
    owner = models.CharField(max_length=80, blank=True)
    attempt_count = models.PositiveIntegerField(default=0)

    class Meta:
        abstract = True
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=list(WorkStatus.values)), name="%(class)s_status_known"
            ),
            models.CheckConstraint(
                condition=~Q(status__in=["succeeded", "incomplete", "failed"]) | Q(finished_at__isnull=False),
                name="finished_%(class)s_has_its_time",
            ),
        ]

    @property
    def is_finished(self) -> bool:
        return self.status not in {WorkStatus.QUEUED, WorkStatus.RUNNING}

    @property
    def has_result(self) -> bool:
        return self.status in {WorkStatus.SUCCEEDED, WorkStatus.INCOMPLETE}
