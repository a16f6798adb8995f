"""SuperOffice -> local copy: the verbs of a reading. `reading` is how it reads, `copying` how it stores."""

import logging
import time
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.utils import timezone

from connector.heartbeat import beat
from connector.jobs import enqueue
from connector.models import Connection
from connector.problems import problem_code
from connector.services import NotConfigured, open_client, remember
from connector.stopping import is_stopping
from connector.superoffice import types
from connector.superoffice.errors import SuperOfficeError
from reports import claims
from reports.local_copy import copying
from reports.local_copy.copying import SalesVanished, copy_of, copy_state
from reports.local_copy.reading import Reading, Watcher
from reports.models import LocalCopy, Sale, Sync

__all__ = ["bring_up_to_date", "cancel_sync", "copy_of", "copy_state", "start_sync", "store", "work_on_sync"]

SYNC_TASK = "reports.tasks.work_on_sync"
REUSED_FOR = timedelta(minutes=5)
RESUMED_WITHIN = timedelta(hours=24)
_ANSWERED_WITHIN = timedelta(minutes=1)
_LOOK_AGAIN_SECONDS = 1.0
_STOPPED = (Sync.Status.INCOMPLETE, Sync.Status.FAILED, Sync.Status.CANCELLED)
# What a reading that goes on where another stopped takes over from it.
_RESUMED = (
    "started_at",
    "step",
    "since",
    "cursor",
    "expected_count",
    "page_count",
    "read_count",
    "without_company_count",
    "new_count",
    "changed_count",
    "removed_count",
    "line_count",
)
logger = logging.getLogger(__name__)


def store(connection: Connection, sales: Iterable[types.Sale], *, now: datetime) -> dict[int, Sale]:
    """Bring the copies of single sales up to date outside of a reading; returns them by sale id."""
    read = list(sales)
    copying.store_sales(connection, read, now=now)
    rows = Sale.objects.filter(connection=connection, sale_id__in=[sale.id for sale in read])
    return {row.sale_id: row for row in rows}


# --- Starting -----------------------------------------------------------------------------------------


def start_sync(
    connection: Connection, kind: str, *, by: User | None = None, in_background: bool = True
) -> Sync:
    """Queue a reading, or return the unfinished one: a tenant has one at a time.

    The first reading of a tenant is a full one. A reading goes on where the last one of its kind stopped within
    a day. With `in_background` a worker is woken; whoever leaves that out works on it at once.
    """
    if copy_state(connection).complete_at is None:
        kind = Sync.Kind.FULL
    for _attempt in range(3):
        try:
            with transaction.atomic():
                sync = Sync.objects.create(
                    connection=connection, kind=kind, started_by=by, **_beginning(connection, kind)
                )
                if in_background:
                    enqueue(SYNC_TASK, sync.pk, cluster="reports")
            return sync
        except IntegrityError:
            unfinished = Sync.objects.of_tenant(connection).unfinished().first()
        if unfinished is not None:
            return _widened(unfinished, kind)
    raise RuntimeError("readings of this tenant end as fast as they are begun")


def _widened(sync: Sync, kind: str) -> Sync:
    """A reading of changes that nobody has begun yet becomes a full one, when that is wanted."""
    if kind == Sync.Kind.FULL and sync.kind == Sync.Kind.CHANGES:
        waiting = Sync.objects.filter(
            pk=sync.pk, status=Sync.Status.QUEUED, page_count=0, step=Sync.Step.SALES
        )
        if waiting.update(kind=Sync.Kind.FULL, since=None):
            sync.refresh_from_db()
    return sync


def _beginning(connection: Connection, kind: str) -> dict[str, Any]:
    """Where a new reading begins."""
    stopped = Sync.objects.of_tenant(connection).filter(kind=kind).newest_first().first()
    if stopped is not None and _can_go_on(stopped):
        # Its time too: what was read since then is known, what changed since then has to be read again.
        return {name: getattr(stopped, name) for name in _RESUMED}
    return {"since": None if kind == Sync.Kind.FULL else _since(connection)}


def _can_go_on(sync: Sync) -> bool:
    return (
        sync.status in _STOPPED
        and sync.page_count > 0
        and sync.problem_code != SalesVanished.code
        and sync.finished_at is not None
        and timezone.now() - sync.finished_at < RESUMED_WITHIN
    )


def _since(connection: Connection) -> date | None:
    """The day from which changes are to be read: the one before the last good reading began. SuperOffice counts
    in whole days of UTC, and its clock may differ from ours.
    """
    last = _last_good(connection)
    return (last.started_at.astimezone(UTC) - timedelta(days=1)).date() if last and last.started_at else None


def _last_good(connection: Connection) -> Sync | None:
    good = Sync.objects.of_tenant(connection).filter(status=Sync.Status.SUCCEEDED)
    return good.newest_first().first()


def cancel_sync(sync_pk: int) -> bool:
    """Stop a reading; its worker notices at the next page, and the next reading goes on from there."""
    return claims.cancel(Sync, sync_pk)


# --- Working ------------------------------------------------------------------------------------------


def _unwatched(_sync: Sync, /) -> None:
    """Nobody looks on."""


def work_on_sync(
    sync_pk: int,
    *,
    until: float | None = None,
    watch: Watcher = _unwatched,
    may_remove_many: bool = False,
) -> None:
    """One slice: claim, read until the monotonic moment `until`, then finish or hand the rest on.

    Ctrl-C ends the reading as cancelled; the next one goes on from there.
    """
    sync = claims.claim(Sync, sync_pk, timezone.now())
    if sync is None:
        return
    if sync.attempt_count > claims.MOST_ATTEMPTS:
        _stop(sync, "reading_keeps_stopping")
        return
    until = time.monotonic() + claims.SLICE_SECONDS if until is None else until
    try:
        _read(sync, until=until, watch=watch, may_remove_many=may_remove_many)
    except claims.LostClaim:
        logger.warning("reading %s went on elsewhere", sync.pk)
    except SalesVanished as problem:
        logger.warning("reading %s took nothing away: %s", sync.pk, problem)
        _stop(sync, problem.code, problem.detail)
    except (SuperOfficeError, NotConfigured) as error:
        logger.warning("reading %s ended: %s", sync.pk, error)
        trouble = remember(sync.connection, error)
        _stop(sync, problem_code(error), trouble.detail if trouble else "")
    except KeyboardInterrupt:
        claims.finish(sync, Sync.Status.CANCELLED)
        raise
    except Exception as error:
        logger.exception("reading %s broke off", sync.pk)
        _stumble(sync, error)
    finally:
        copying.count_sales(sync.connection)


def _read(sync: Sync, *, until: float, watch: Watcher, may_remove_many: bool) -> None:
    with open_client(sync.connection) as client:
        reading = Reading(sync, client, until=until, watch=watch, may_remove_many=may_remove_many)
        is_done = reading.goes_to_the_end()
    remember(sync.connection, None)
    if is_done:
        _succeed(sync, reading.gap)
    else:
        claims.hand_on(sync, SYNC_TASK)


def _succeed(sync: Sync, gap: SuperOfficeError | None) -> None:
    """The sales are complete. A catalogue that could not be read is told beside that."""
    now = timezone.now()
    # Asked again: who we are may have become known since the reading began.
    known = Connection.objects.values_list("acts_as", flat=True).get(pk=sync.connection_id)
    acts_as = known or sync.acts_as or copy_state(sync.connection).acts_as
    times = {"read_at": now, "complete_at": now} if sync.kind == Sync.Kind.FULL else {"read_at": now}
    trouble = {"problem": problem_code(gap), "detail": gap.detail[:500]} if gap else {}
    with transaction.atomic():
        if claims.finish(sync, Sync.Status.SUCCEEDED, acts_as=acts_as, **trouble):
            LocalCopy.objects.filter(connection=sync.connection).update(acts_as=acts_as, **times)


def _stumble(sync: Sync, error: Exception) -> None:
    """Nobody foresaw `error`: the reading may try again once, and then says so."""
    try:
        if not claims.try_once_more(sync):
            sync.refresh_from_db(fields=["page_count"])  # without the page that was taken back
            _stop(sync, "unexpected", f"{type(error).__name__}: {error}"[:500])
    except claims.LostClaim:
        logger.warning("reading %s went on elsewhere", sync.pk)


def _stop(sync: Sync, problem: str, detail: str = "") -> None:
    """End a reading before its end: incomplete when something of it is stored, failed otherwise."""
    status = Sync.Status.INCOMPLETE if sync.page_count else Sync.Status.FAILED
    claims.finish(sync, status, problem=problem, detail=detail)


# --- What a report needs ------------------------------------------------------------------------------


def bring_up_to_date(
    connection: Connection, *, until: float, by: User | None = None, since: datetime | None = None
) -> Sync | None:
    """A finished reading to stand on, whatever its result; None when time is up before there is one.

    Any that ended after `since`, the moment the caller's work began (without it: within the last minute), is
    reused. Unless a person asks (`by`), who expects the change of a minute ago, so is a good one that is
    younger than five minutes. Otherwise changes are read now; while another process reads, this one waits.
    """
    if done := _usable(connection, since or timezone.now() - _ANSWERED_WITHIN, any_young=by is None):
        return done
    sync = start_sync(connection, Sync.Kind.CHANGES, by=by)
    while True:
        work_on_sync(sync.pk, until=until)
        sync.refresh_from_db()
        if sync.is_finished:
            return sync
        if time.monotonic() > until - _LOOK_AGAIN_SECONDS or is_stopping():
            return None
        beat("reports")
        time.sleep(_LOOK_AGAIN_SECONDS)


def _usable(connection: Connection, since: datetime, *, any_young: bool) -> Sync | None:
    good = _last_good(connection) if any_young else None
    if good is not None and good.finished_at and timezone.now() - good.finished_at <= REUSED_FOR:
        return good
    finished = Sync.objects.of_tenant(connection).filter(finished_at__gte=since)
    return finished.newest_first().first()
