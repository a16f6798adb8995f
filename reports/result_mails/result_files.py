"""The file that goes with the mail of a result: what the report's page shows, all of it and in its columns."""

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from django.contrib.auth.models import User
from django.utils import timezone

from reports.downloads.download_files import FileTooLarge, RowsGone, folder, write_file
from reports.export import CSV_TYPE, XLSX_TYPE, TooManyRows
from reports.models import Download, Run
from reports.result_mails.result_message import File

MOST_BYTES = 10 * 1024 * 1024  # many mail servers take no more


class NoFile(Exception):
    """The mail goes without a file; `code` names the note that says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def file_of(run: Run, attachment: str, *, language: str, query: str = "") -> File:
    """The result of a finished run as an attachment ("excel", "data" or "xlsx"); raises NoFile.

    `query` is a filter as in the address of the page; empty: all that the page shows.
    """
    with TemporaryDirectory(prefix=".mail.", dir=folder()) as directory:
        path = Path(directory) / "result"
        try:
            written = write_file(run, attachment, query, language, path, most_bytes=MOST_BYTES)
        except RowsGone as error:
            raise NoFile("rows_gone") from error
        except (FileTooLarge, TooManyRows) as error:
            raise NoFile("too_large") from error
        content_type = XLSX_TYPE if attachment == Download.Format.XLSX else CSV_TYPE
        return File(written.name, content_type, path.read_bytes(), written.row_count)


@dataclass(frozen=True, slots=True)
class Trail:
    """A file that goes out by mail, and the run and format that its trail of downloads names."""

    run: Run
    format: str
    file: File
    query: str = ""

    def record(self, user: User) -> None:
        """`user` has got the file."""
        now = timezone.now()
        Download.objects.create(
            run=self.run,
            format=self.format,
            query=self.query,
            name=self.file.name[:200],
            started_by=user,
            status=Download.Status.SUCCEEDED,
            started_at=now,
            finished_at=now,
            expected_count=self.file.row_count,
            row_count=self.file.row_count,
            byte_count=len(self.file.data),
        )
