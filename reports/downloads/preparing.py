"""Workbooks that take long: queued, made by the worker, kept for a week, then removed.

They lie in VAR_DIR/downloads, which only the owner of the process reads, under names that nobody guesses.
"""

import logging
import shutil
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone, translation
from django.utils.crypto import salted_hmac

from connector import roles
from connector.heartbeat import beat
from connector.jobs import enqueue
from connector.stopping import is_stopping
from reports import claims
from reports.claims import LostClaim
from reports.downloads.download_files import Extract, RowsGone, folder
from reports.downloads.transfers import LONGEST_QUERY, code_of, query_of
from reports.export import MAX_ROWS, TooManyRows, report_sheet_name
from reports.models import Download, Run
from reports.viewer.filters import Filter

DOWNLOAD_TASK = "reports.tasks.work_on_download"
MOST_ROWS_INLINE = 20_000  # of all sheets; about a second of work
KEPT_FOR = timedelta(days=7)
MOST_UNFINISHED, MOST_KEPT = 3, 20  # of one person
_LEFT_BEHIND_AFTER = timedelta(days=1)  # nobody writes that long
logger = logging.getLogger(__name__)


class TooManyFiles(Exception):
    """This user waits for as many files as one may, or, with `are_kept`, has as many."""

    def __init__(self, *, are_kept: bool) -> None:
        self.are_kept = are_kept
        super().__init__(MOST_KEPT if are_kept else MOST_UNFINISHED)


class QueryTooLong(Exception):
    """So many filters cannot be kept for later."""


class _Stopping(Exception):
    """The worker was told to end."""


def seen_by(user: roles.AnyUser) -> QuerySet[Download]:
    """One's own downloads; administrators see everybody's."""
    downloads = Download.objects.select_related("run__report", "started_by")
    return downloads if roles.is_administrator(user) else downloads.filter(started_by=user.pk)


# --- Files --------------------------------------------------------------------------------------------


def path_of(download: Download) -> Path:
    """Where the file of a prepared download is or will be. With a new SECRET_KEY it is somewhere else."""
    secret = salted_hmac("reports.downloads.preparing", str(download.pk), algorithm="sha256").hexdigest()
    return folder() / f"{secret}.xlsx"


def has_file(download: Download) -> bool:
    is_made = download.is_prepared and download.status == Download.Status.SUCCEEDED
    return is_made and download.removed_at is None and path_of(download).exists()


# --- Making -------------------------------------------------------------------------------------------


def prepare(extract: Extract, *, by: User, language: str) -> Download:
    """Have the workbook made by the worker. One that this user has or waits for already is not made again.

    Raises TooManyRows, QueryTooLong for a filter that cannot be stored, and TooManyFiles.
    """
    query = query_of(extract)
    if len(query) > LONGEST_QUERY:
        raise QueryTooLong
    if extract.count > MAX_ROWS:
        raise TooManyRows(report_sheet_name(), extract.count)
    asked = {
        "run": extract.run,
        "started_by": by,
        "format": Download.Format.XLSX,
        "query": query,
        "language": language,
        "is_prepared": True,
    }
    values = {"name": extract.names("xlsx")[0][:200], "expected_count": extract.workbook_row_count}
    for _attempt in range(3):
        if earlier := _earlier(asked):
            return earlier
        # A second click, or another window, may be here at the same time: then that one's file is ours.
        with suppress(IntegrityError), transaction.atomic():
            _check_number(by)
            download = Download.objects.create(**asked, **values)
            enqueue(DOWNLOAD_TASK, download.pk, cluster="reports")
            return download
    raise RuntimeError("files of this kind end as fast as they are begun")


def _earlier(asked: dict[str, object]) -> Download | None:
    """The same file, waited for or there already."""
    found = Download.objects.filter(**asked, removed_at=None).newest_first()
    return next((one for one in found if not one.is_finished or has_file(one)), None)


def _check_number(by: User) -> None:
    """Raises TooManyFiles. One question of a person at a time, so that the last place is not given twice."""
    User.objects.select_for_update().get(pk=by.pk)
    mine = Download.objects.filter(started_by=by, is_prepared=True, removed_at=None)
    if mine.unfinished().count() >= MOST_UNFINISHED:
        raise TooManyFiles(are_kept=False)
    if mine.filter(status=Download.Status.SUCCEEDED).count() >= MOST_KEPT:
        raise TooManyFiles(are_kept=True)


def work_on_download(pk: int) -> None:
    """Make one workbook in one go; interrupted, it begins anew."""
    download = claims.claim(Download, pk, timezone.now())
    if download is None:
        return
    if download.attempt_count > claims.MOST_ATTEMPTS:
        claims.finish(download, Download.Status.FAILED, problem="keeps_stopping")
        return
    try:
        row_count = _make(download)
    except LostClaim:
        logger.info("download %s was cancelled or went on elsewhere", pk)
    except _Stopping:
        claims.hand_on(download, DOWNLOAD_TASK)
    except Exception as error:
        logger.exception("download %s failed", pk)
        claims.finish(download, Download.Status.FAILED, problem=code_of(error), detail=str(error)[:500])
    else:
        _finish(download, row_count)


def _make(download: Download) -> int:
    """Write the file; returns the rows of its first sheet. Raises LostClaim when it was cancelled."""

    def on_rows(done: int) -> None:
        if is_stopping():
            raise _Stopping
        beat("reports")
        now = timezone.now()
        # Not `progressed`: it always begins anew, so rows written are no progress between two attempts.
        claims.change(download, row_count=done, alive_at=now, lease_until=now + claims.LEASE)

    run = Run.objects.select_related("report", "keyword_list").filter(pk=download.run_id).first()
    if run is None:  # its report was removed meanwhile
        raise RowsGone
    with translation.override(download.language):
        extract = Extract(run, Filter.of_text(download.query))
        made_by = download.started_by.get_full_name() if download.started_by else ""
        extract.workbook(path_of(download), made_by=made_by, on_rows=on_rows)
    return extract.count


def _finish(download: Download, row_count: int) -> None:
    path = path_of(download)
    size = path.stat().st_size
    if claims.finish(download, Download.Status.SUCCEEDED, row_count=row_count, byte_count=size):
        return
    # Cancelled at the last moment. Who has made it elsewhere meanwhile keeps it.
    if not Download.objects.filter(pk=download.pk, status=Download.Status.SUCCEEDED).exists():
        path.unlink(missing_ok=True)


def cancel_download(pk: int) -> bool:
    """End a preparation; its worker notices within two thousand rows."""
    return Download.objects.filter(pk=pk, is_prepared=True).exists() and claims.cancel(Download, pk)


# --- Looking after ------------------------------------------------------------------------------------


def sweep(now: datetime) -> int:
    """End transfers whose server died, and put preparations back whose worker did; returns how many of these."""
    transfers = Download.objects.filter(is_prepared=False).abandoned(now)
    transfers.update(
        status=Download.Status.FAILED,
        finished_at=now,
        lease_until=None,
        problem_code="interrupted",
        problem_at=now,
    )
    return claims.sweep(Download, DOWNLOAD_TASK, now)


def prune(now: datetime) -> int:
    """Remove files that were kept long enough, and what killed writers left; returns how many files of rows went."""
    over = Download.objects.filter(
        is_prepared=True, status=Download.Status.SUCCEEDED, removed_at=None, finished_at__lt=now - KEPT_FOR
    )
    removed = 0
    for download in over:
        # Said first: a page never offers a file that is gone.
        Download.objects.filter(pk=download.pk).update(removed_at=now)
        path_of(download).unlink(missing_ok=True)
        removed += 1
    _remove_leftovers(now)
    return removed


def _remove_leftovers(now: datetime) -> None:
    """Files without a row, and the hidden folders of writers that were killed."""
    awaited = Q(status=Download.Status.SUCCEEDED) | Q(
        status__in=[Download.Status.QUEUED, Download.Status.RUNNING]
    )
    kept = {path_of(one) for one in Download.objects.filter(awaited, is_prepared=True, removed_at=None)}
    before = (now - _LEFT_BEHIND_AFTER).timestamp()
    for path in folder().iterdir():
        with suppress(FileNotFoundError):  # whoever wrote it was quicker
            if path in kept or path.lstat().st_mtime >= before:
                continue
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink()
