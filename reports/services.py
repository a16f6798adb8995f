"""The verbs of a report: start a run, work on it in slices, put it back when its worker died.

A run is claimed by one conditional UPDATE that also raises its fence; everything a slice writes carries
that fence, so that a worker that was thought dead changes nothing.
"""

import logging
import os
import socket
import time
from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone

from connector.heartbeat import beat
from connector.jobs import enqueue
from connector.problems import problem_code
from connector.services import NotConfigured, current_connection, open_client, remember
from connector.stopping import is_stopping
from connector.superoffice.errors import SuperOfficeError, UnexpectedAnswer
from reports import funnel, sync
from reports.funnel import Placement
from reports.keywords import current_list, matcher_of
from reports.models import Match, Report, Row, Run

RUN_TASK = "reports.tasks.work_on_run"
SLICE_SECONDS = 45
LEASE = timedelta(seconds=150)  # longer than the cluster's time limit (120 s): only the dead lose it
MOST_ATTEMPTS = 3  # without a page of progress between them
logger = logging.getLogger(__name__)


class LostClaim(Exception):
    """Somebody else owns the run now; whoever sees this stops at once."""


def owner_name() -> str:
    """This process, as rows name the one that works on them: "host:pid"."""
    return f"{socket.gethostname()[:60]}:{os.getpid()}"


def start_run(*, report: Report, by: User | None = None, intended_at: datetime | None = None) -> Run | None:
    """Queue a run with the keyword list of this moment. While one is unfinished, that one is returned;
    None for a planned moment that had its run already."""
    try:
        with transaction.atomic():
            run = Run.objects.create(
                report=report,
                connection=current_connection(),
                keyword_list=current_list(),
                limit=report.limit,
                started_by=by,
                intended_at=intended_at,
            )
            enqueue(RUN_TASK, run.pk, cluster="reports")
    except IntegrityError:
        return Run.objects.unfinished().filter(report=report).first()
    return run


def claim_run(run_id: int, now: datetime) -> Run | None:
    """Take a queued run; None when it is somebody else's or over."""
    claimed = Run.objects.filter(pk=run_id, status=Run.Status.QUEUED).update(
        status=Run.Status.RUNNING,
        fence=F("fence") + 1,
        owner=owner_name(),
        lease_until=now + LEASE,
        alive_at=now,
        attempt_count=F("attempt_count") + 1,
    )
    if not claimed:
        return None
    Run.objects.filter(pk=run_id, started_at=None).update(started_at=now)
    return Run.objects.select_related("report", "connection", "keyword_list").get(pk=run_id)


def work_on_run(run_id: int) -> None:
    """One slice: claim, read pages for SLICE_SECONDS, then finish or hand the rest to the next slice."""
    run = claim_run(run_id, timezone.now())
    if run is None:
        return
    try:
        if run.attempt_count > MOST_ATTEMPTS:
            _finish(run, Run.Status.FAILED, problem="keeps_stopping")
        elif _read_pages(run, until=time.monotonic() + SLICE_SECONDS):
            _finish(run, Run.Status.SUCCEEDED)
        else:
            _hand_on(run)
    except LostClaim:
        logger.warning("run %s went on elsewhere", run.pk)
    except (SuperOfficeError, NotConfigured) as error:
        logger.warning("run %s ended: %s", run.pk, error)
        trouble = remember(run.connection, error)
        status = Run.Status.INCOMPLETE if run.read_count else Run.Status.FAILED
        _finish(run, status, problem=problem_code(error), detail=trouble.detail if trouble else "")


def _read_pages(run: Run, *, until: float) -> bool:
    """Read and store page after page; True when the run has all it wants, False when time is up."""
    matcher = matcher_of(run.keyword_list)
    with open_client(run.connection) as client:
        wanted = run.limit - run.with_company_count
        for page in funnel.newest_placements(client, matcher, wanted, below=run.last_sale_id):
            if page:
                _store_page(run, page)
            beat("reports")
            if time.monotonic() > until or is_stopping():
                return run.with_company_count >= run.limit
    remember(run.connection, None)
    return True


def _store_page(run: Run, page: list[Placement]) -> None:
    """One page in one transaction: copies, rows, matches and the run's own progress, or nothing of it."""
    now = timezone.now()
    lowest = page[-1].sale.id
    if run.last_sale_id is not None and page[0].sale.id >= run.last_sale_id:
        raise UnexpectedAnswer("the sales did not come in falling order")
    run.funnel = funnel.counted(page, run.funnel)
    run.read_count += len(page)
    with transaction.atomic():
        progress = {
            "last_sale_id": lowest,
            "read_count": run.read_count,
            "funnel": run.funnel,
            "alive_at": now,
            "lease_until": now + LEASE,
            "attempt_count": 1,
        }
        _change(run, **progress)
        assert run.connection is not None
        copies = sync.store(run.connection, (placement.sale for placement in page), now=now)
        rows = Row.objects.bulk_create(
            _row(run, placement, copies[placement.sale.id].pk) for placement in page
        )
        Match.objects.bulk_create(
            match for row, placement in zip(rows, page, strict=True) for match in _matches(row, placement)
        )
    run.last_sale_id = lowest


def _row(run: Run, placement: Placement, sale_pk: int) -> Row:
    is_counted = placement.stage == Row.Stage.MATCHED
    return Row(
        run=run,
        sale_id=sale_pk,
        sale_number=placement.sale.id,
        stage=placement.stage,
        products=placement.products if is_counted else "",
        quantities=placement.quantities if is_counted else "",
    )


def _matches(row: Row, placement: Placement) -> list[Match]:
    if placement.stage != Row.Stage.MATCHED:
        return []
    return [
        Match(
            row=row,
            keyword_number=match.keyword_id,
            product=match.product,
            family=match.family,
            kind=match.kind,
            quantity=match.quantity,
            quantity_source=match.quantity_source,
            spans=[list(span) for span in match.spans],
        )
        for match in (*placement.result.matches, *placement.result.tags)
    ]


def _change(run: Run, **values: object) -> None:
    """Write into a run that is still ours; raises LostClaim otherwise."""
    if Run.objects.filter(pk=run.pk, fence=run.fence, status=Run.Status.RUNNING).update(**values) != 1:
        raise LostClaim


def _finish(run: Run, status: str, *, problem: str = "", detail: str = "") -> None:
    now = timezone.now()
    values = {"problem_code": problem, "problem_detail": detail, "problem_at": now if problem else None}
    try:
        _change(run, status=status, finished_at=now, lease_until=None, **values)
    except LostClaim:
        logger.warning("run %s was finished elsewhere", run.pk)


def _hand_on(run: Run) -> None:
    with transaction.atomic():
        _change(run, status=Run.Status.QUEUED, lease_until=None, attempt_count=0)
        enqueue(RUN_TASK, run.pk, cluster="reports")


def cancel_run(run_id: int) -> bool:
    """Stop a run that has no result yet; its worker notices at the next page."""
    now = timezone.now()
    unfinished = Run.objects.unfinished().filter(pk=run_id)
    return unfinished.update(status=Run.Status.CANCELLED, finished_at=now, lease_until=None) == 1


def sweep(now: datetime) -> int:
    """Put runs back whose worker died, and wake queued ones that the queue forgot; returns how many."""
    back = Run.objects.abandoned(now).update(status=Run.Status.QUEUED, lease_until=None, fence=F("fence") + 1)
    forgotten = Run.objects.filter(status=Run.Status.QUEUED, queued_at__lt=now - timedelta(seconds=60))
    for run_id in forgotten.values_list("pk", flat=True):
        enqueue(RUN_TASK, run_id, cluster="reports")
    return back


def owners_at_work(now: datetime) -> set[str]:
    """Processes ("host:pid") that hold a run right now: silent ones among them are busy, not frozen."""
    running = Run.objects.filter(status=Run.Status.RUNNING, lease_until__gt=now)
    return set(running.values_list("owner", flat=True))
