"""Files on their way to whoever asked for them: each transfer is a row of Download, broken ones included."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, BinaryIO

from django.contrib.auth.models import User
from django.db import DatabaseError
from django.utils import timezone
from django.utils.translation import get_language

from reports import claims
from reports.downloads.download_files import Extract, RowsGone, Tally, open_workbook
from reports.export import RowCountDiffers, TooManyRows
from reports.models import Download, Run

LEASE = timedelta(hours=1)  # a reader may be slow; only a server that died is silent for so long
_SIGN_SECONDS = 30
_BLOCK = 64 * 1024
LONGEST_QUERY = 2000  # as in the model
_CODES: dict[type[Exception], str] = {
    RowCountDiffers: "rows_differ",
    RowsGone: "rows_gone",
    TooManyRows: "too_many_rows",
    OSError: "disk",
}
logger = logging.getLogger(__name__)


class Transfer:
    """The bytes of one download, for a streamed answer. `size` is None while unknown.

    Whatever ends it is written into its row: all was handed over, something failed (the error goes on and breaks
    the transfer), or the reader went away.
    """

    def __init__(
        self,
        download: Download,
        pieces: Iterator[bytes],
        tally: Tally,
        *,
        size: int | None = None,
        file: BinaryIO | None = None,
    ) -> None:
        """`file` is closed with it."""
        self.download, self.size = download, size
        self._pieces, self._tally, self._file = pieces, tally, file
        self._byte_count = 0
        self._has_ended = False
        self._signed_at = time.monotonic()

    def __iter__(self) -> "Transfer":
        return self

    def __next__(self) -> bytes:
        try:
            piece = next(self._pieces)
            self._byte_count += len(piece)
            self._sign()
        except StopIteration:
            self._end(Download.Status.SUCCEEDED)
            raise
        except Exception as error:
            logger.exception("download %s broke off", self.download.pk)
            self._end(Download.Status.FAILED, code_of(error))
            raise
        return piece

    def close(self) -> None:
        """Called by the server in any case; before the end it means that nobody reads any more."""
        if self._file is not None:
            self._file.close()
        if not self._has_ended:
            self._end(Download.Status.FAILED, "reader_gone")

    def _sign(self) -> None:
        """A sign of life, so that nobody takes it for abandoned. Raises LostClaim when somebody has."""
        if time.monotonic() - self._signed_at < _SIGN_SECONDS:
            return
        self._signed_at, now = time.monotonic(), timezone.now()
        try:
            claims.change(
                self.download,
                alive_at=now,
                lease_until=now + LEASE,
                row_count=self._tally.rows,
                byte_count=self._byte_count,
            )
        except DatabaseError:
            logger.warning("download %s could not give a sign of life", self.download.pk, exc_info=True)

    def _end(self, status: str, problem: str = "") -> None:
        self._has_ended = True
        try:
            claims.finish(
                self.download,
                status,
                problem=problem,
                row_count=self._tally.rows,
                byte_count=self._byte_count,
            )
        except DatabaseError:  # the sweep ends it
            logger.exception("the end of download %s could not be noted", self.download.pk)


def code_of(error: Exception) -> str:
    """The code of what went wrong; `templatetags.download_words` has its sentence."""
    return next((code for kind, code in _CODES.items() if isinstance(error, kind)), "unexpected")


def query_of(extract: Extract, *, raw: bool = False) -> str:
    """What was asked for, as in the address; places of the page that change no row are left out."""
    query = extract.filter.changed(layout="", measure="", finds={}).query()
    return "&".join(part for part in (query, "raw=1" if raw else "") if part)


def csv_transfer(extract: Extract, *, dialect: str, by: User, raw: bool = False) -> Transfer:
    """A CSV that is made while it is read. Raises what fails before its first piece."""
    download = _begun(extract, by, dialect, query_of(extract, raw=raw))
    tally = Tally()
    with _noted(download):
        return Transfer(download, extract.csv(dialect, raw=raw, tally=tally), tally)


def workbook_transfer(extract: Extract, *, by: User) -> Transfer:
    """A small workbook, made before the first byte goes out. Raises what fails meanwhile."""
    download = _begun(extract, by, Download.Format.XLSX, query_of(extract))
    with _noted(download):
        return _of_file(download, open_workbook(extract), extract.count)


def prepared_transfer(prepared: Download, file: BinaryIO, *, by: User) -> Transfer:
    """A workbook that was made in the background; who takes it stands in a row of its own."""
    download = Download.objects.create(
        **_running(),
        run=prepared.run,
        started_by=by,
        format=prepared.format,
        query=prepared.query,
        language=prepared.language,
        name=prepared.name,
        expected_count=prepared.row_count,
    )
    return _of_file(download, file, prepared.row_count)


def _of_file(download: Download, file: BinaryIO, row_count: int) -> Transfer:
    size = file.seek(0, 2)
    file.seek(0)
    blocks = iter(lambda: file.read(_BLOCK), b"")
    return Transfer(download, blocks, Tally(row_count), size=size, file=file)


def _begun(extract: Extract, by: User, format: str, query: str) -> Download:
    """The row of a transfer that begins. As long as it runs, its run keeps its rows. Raises RowsGone."""
    download = Download.objects.create(
        **_running(),
        run=extract.run,
        started_by=by,
        format=format,
        query=query[:LONGEST_QUERY],
        language=(get_language() or "en")[:10],
        name=extract.names(format)[0][:200],
        expected_count=extract.count,
    )
    with _noted(download):
        if not Run.objects.filter(pk=extract.run.pk, rows_removed_at=None).exists():
            raise RowsGone
    return download


def _running() -> dict[str, Any]:
    now = timezone.now()
    return {
        "status": Download.Status.RUNNING,
        "started_at": now,
        "alive_at": now,
        "lease_until": now + LEASE,
        "owner": claims.owner_name(),
        "fence": 1,
    }


@contextmanager
def _noted(download: Download) -> Iterator[None]:
    """What fails inside is written into the row, and goes on."""
    try:
        yield
    except Exception as error:
        claims.finish(download, Download.Status.FAILED, problem=code_of(error))
        raise
