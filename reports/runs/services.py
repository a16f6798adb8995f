"""The verbs of a report: start a run, work on it in slices, end it, put it back when its worker died.

A run first brings the local copy up to date (`reports.local_copy.sync`), then looks at the copy's sales
(`reports.runs.evaluation`).
"""

import logging
import time
from datetime import datetime

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.utils import timezone

from connector.jobs import enqueue
from connector.problems import problem_code
from connector.services import NotConfigured, current_connection, remember
from connector.superoffice.errors import SuperOfficeError
from reports import claims
from reports.claims import LostClaim
from reports.definitions.definition import Definition
from reports.keyword_lists.keywords import current_list
from reports.local_copy import sync
from reports.models import Download, KeywordList, Report, Run, Sale, Sync, Work
from reports.runs import retention
from reports.runs.evaluation import count_expected, evaluate
from reports.runs.figures import concluded

RUN_TASK = "reports.tasks.work_on_run"
# What the sweep looks after, and the task that goes on with each.
_TASKS: dict[type[Work], str] = {Run: RUN_TASK, Sync: sync.SYNC_TASK}
logger = logging.getLogger(__name__)


def start_run(
    *,
    report: Report,
    by: User | None = None,
    intended_at: datetime | None = None,
    keyword_list: KeywordList | None = None,
) -> Run | None:
    """Queue a run with the definition and the keyword list of this moment, the report's own list if it has one.

    While a run of the report over the same tenant is unfinished, that one is returned; one over a tenant that is
    not in use any more is ended. None for a planned moment that had its run over this tenant already.
    """
    connection = current_connection()
    runs = Run.objects.filter(report=report)
    for _attempt in range(3):
        try:
            with transaction.atomic():
                run = Run.objects.create(
                    report=report,
                    connection=connection,
                    keyword_list=keyword_list or report.keyword_list or current_list(),
                    definition=Definition.of(report).as_json(),
                    started_by=by,
                    intended_at=intended_at,
                )
                enqueue(RUN_TASK, run.pk, cluster="reports")
            return run
        except IntegrityError:
            unfinished = runs.unfinished().first()
        if unfinished is not None and unfinished.connection == connection:
            return unfinished
        if unfinished is not None:
            cancel_run(unfinished.pk)
        elif intended_at and runs.of_tenant(connection).filter(intended_at=intended_at).exists():
            return None
    raise RuntimeError("runs of this report end as fast as they are begun")


def work_on_run(run_id: int) -> None:
    """One slice: claim, work until time is up, then end the run or hand the rest to the next slice."""
    run = claims.claim(Run, run_id, timezone.now())
    if run is None:
        return
    until = time.monotonic() + claims.SLICE_SECONDS
    try:
        if run.attempt_count > claims.MOST_ATTEMPTS:
            claims.finish(run, Run.Status.FAILED, problem="keeps_stopping")
        elif not _go_on(run, until):
            claims.hand_on(run, RUN_TASK)
    except LostClaim:
        logger.warning("run %s went on elsewhere", run.pk)
    except (SuperOfficeError, NotConfigured) as error:
        logger.warning("run %s ended: %s", run.pk, error)
        trouble = remember(run.connection, error)
        detail = trouble.detail if trouble else ""
        claims.finish(run, Run.Status.FAILED, problem=problem_code(error), detail=detail)
    except Exception as error:
        logger.exception("run %s broke off", run.pk)
        _stumble(run, error)


def _stumble(run: Run, error: Exception) -> None:
    """Nobody foresaw `error`: the run may try again once, and then says so."""
    try:
        if not claims.try_once_more(run):
            detail = f"{type(error).__name__}: {error}"[:500]
            claims.finish(run, Run.Status.FAILED, problem="unexpected", detail=detail)
    except LostClaim:
        logger.warning("run %s went on elsewhere", run.pk)


def _go_on(run: Run, until: float) -> bool:
    """Work on a claimed run; True when it has ended, False when time is up. Raises LostClaim."""
    if run.expected_count is None:
        reading = _read(run, until)
        if reading is None:
            return False
        if not reading.has_result and not Sale.objects.of_tenant(run.connection).present().exists():
            problem, detail = _problem_of(reading)
            claims.finish(run, Run.Status.FAILED, problem=problem, detail=detail)
            return True
        _stand_on(run, reading)
    if not evaluate(run, until=until):
        return False
    _conclude(run)
    return True


def _read(run: Run, until: float) -> Sync | None:
    """The finished reading that the run stands on; None when time is up. Raises NotConfigured without a tenant."""
    if run.connection is None:
        raise NotConfigured("no_connection")
    return sync.bring_up_to_date(run.connection, until=until, by=run.started_by, since=run.started_at)


def _stand_on(run: Run, reading: Sync) -> None:
    """Note on which data the run stands. Where the reading has a gap, that of the last one without."""
    assert run.connection is not None
    copy = sync.copy_state(run.connection)
    claims.progressed(
        run,
        sync=reading,
        data_at=copy.read_at,
        revision=copy.revision,
        acts_as=reading.acts_as or copy.acts_as,
        expected_count=count_expected(run),
    )


def _problem_of(reading: Sync) -> tuple[str, str]:
    """Code and detail of what was wrong with a reading; two empty texts when nothing was."""
    if reading.status == Sync.Status.SUCCEEDED:
        return "", ""
    if reading.status == Sync.Status.CANCELLED:
        return "reading_cancelled", ""
    return reading.problem_code or "unexpected", reading.problem_detail


def _conclude(run: Run) -> None:
    """Figures, checksum and status. Incomplete where the reading was: it still shows what is there."""
    figures, checksum = concluded(run)
    problem, detail = _problem_of(run.sync) if run.sync else ("", "")
    status = Run.Status.INCOMPLETE if problem else Run.Status.SUCCEEDED
    if claims.finish(run, status, problem=problem, detail=detail, figures=figures, checksum=checksum):
        retention.tidy(run.report)


def cancel_run(run_id: int) -> bool:
    """Stop a run that has no result yet; its worker notices at the next chunk of sales."""
    return claims.cancel(Run, run_id)


def sweep(now: datetime) -> int:
    """Put work back whose worker died, and wake what the queue forgot; returns how many were put back."""
    return sum(claims.sweep(model, task, now) for model, task in _TASKS.items())


def owners_at_work(now: datetime) -> set[str]:
    """Processes ("host:pid") that hold work right now: silent ones among them are busy, not frozen."""
    return claims.owners_at_work(now, Run, Sync, Download)
