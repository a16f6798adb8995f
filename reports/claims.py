"""Work is claimed, changed, handed on and finished here, each by one conditional UPDATE.

A claim raises the row's fence; everything written under it carries that fence, so that a worker that was
thought dead changes nothing.
"""

import logging
import os
import socket
from datetime import datetime, timedelta
from typing import TypeVar

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from connector.jobs import enqueue
from reports.models import Work

LEASE = timedelta(seconds=150)  # longer than the cluster's time limit (120 s): only the dead lose it
MOST_ATTEMPTS = 3  # without progress between them
SLICE_SECONDS = 45
_FORGOTTEN_AFTER = timedelta(seconds=60)
logger = logging.getLogger(__name__)
AnyWork = TypeVar("AnyWork", bound=Work)


class LostClaim(Exception):
    """Somebody else owns the work now; whoever sees this stops at once."""


def owner_name() -> str:
    """This process, as rows name the one that works on them: "host:pid"."""
    return f"{socket.gethostname()[:60]}:{os.getpid()}"


def claim(model: type[AnyWork], pk: int, now: datetime) -> AnyWork | None:
    """Take queued work; None when it is somebody else's or over."""
    rows = model._default_manager.filter(pk=pk)
    claimed = rows.filter(status=Work.Status.QUEUED).update(
        status=Work.Status.RUNNING,
        fence=F("fence") + 1,
        owner=owner_name(),
        lease_until=now + LEASE,
        alive_at=now,
        attempt_count=F("attempt_count") + 1,
    )
    if not claimed:
        return None
    rows.filter(started_at=None).update(started_at=now)
    return rows.get()


def change(work: Work, **values: object) -> None:
    """Write into work that is still ours, in the row and in `work`; raises LostClaim otherwise."""
    mine = type(work)._default_manager.filter(pk=work.pk, fence=work.fence, status=Work.Status.RUNNING)
    if mine.update(**values) != 1:
        raise LostClaim
    for name, value in values.items():
        setattr(work, name, value)


def progressed(work: Work, **values: object) -> None:
    """As `change`, with a sign of life: the lease is new, and the attempts without progress count anew."""
    now = timezone.now()
    change(work, alive_at=now, lease_until=now + LEASE, attempt_count=1, **values)


def finish(work: Work, status: str, *, problem: str = "", detail: str = "", **values: object) -> bool:
    """End work that is still ours; False when it went on elsewhere."""
    now = timezone.now()
    trouble = {"problem_code": problem, "problem_detail": detail, "problem_at": now if problem else None}
    try:
        change(work, status=status, finished_at=now, lease_until=None, **trouble, **values)
    except LostClaim:
        logger.warning("%s %s was finished elsewhere", work._meta.model_name, work.pk)
        return False
    return True


def hand_on(work: Work, task: str) -> None:
    """Leave the rest to the next slice. Raises LostClaim."""
    with transaction.atomic():
        change(work, status=Work.Status.QUEUED, lease_until=None, attempt_count=0, queued_at=timezone.now())
        enqueue(task, work.pk, cluster="reports")


def try_once_more(work: Work) -> bool:
    """After an error that nobody foresaw: leave the work to the sweep, once. False when it got no further than the
    time before: it would not the next time either. Raises LostClaim."""
    # Asked anew: `work` may know of progress that was taken back with the transaction that broke.
    rows = type(work)._default_manager.filter(pk=work.pk)
    if (rows.values_list("attempt_count", flat=True).first() or 0) > 1:
        return False
    change(work, status=Work.Status.QUEUED, lease_until=None, queued_at=timezone.now())
    return True


def cancel(model: type[Work], pk: int) -> bool:
    """End work that has no result yet; its worker notices at its next change."""
    now = timezone.now()
    unfinished = model._default_manager.filter(pk=pk, status__in=[Work.Status.QUEUED, Work.Status.RUNNING])
    return unfinished.update(status=Work.Status.CANCELLED, finished_at=now, lease_until=None) == 1


def sweep(model: type[Work], task: str, now: datetime) -> int:
    """Put work back whose worker died, and wake what the queue forgot; returns how many were put back."""
    rows = model._default_manager
    abandoned = rows.filter(status=Work.Status.RUNNING, lease_until__lt=now)
    back = abandoned.update(status=Work.Status.QUEUED, lease_until=None, fence=F("fence") + 1)
    forgotten = rows.filter(status=Work.Status.QUEUED, queued_at__lt=now - _FORGOTTEN_AFTER)
    for pk in list(forgotten.values_list("pk", flat=True)):
        with transaction.atomic():
            if forgotten.filter(pk=pk).update(queued_at=now):  # not by the next look as well
                enqueue(task, pk, cluster="reports")
    return back


def owners_at_work(now: datetime, *models: type[Work]) -> set[str]:
    """Processes ("host:pid") that hold work right now: silent ones among them are busy, not frozen."""
    return {
        owner
        for model in models
        for owner in model._default_manager.filter(
            status=Work.Status.RUNNING, lease_until__gt=now
        ).values_list("owner", flat=True)
    }
