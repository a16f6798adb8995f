"""Workbooks with typed cells: nothing to guess for a spreadsheet, and so nothing that it can change or run.

Texts are written as texts, whatever they look like, without an apostrophe. Rows go to disk one by one. A file
gets its name when all its rows are in it, and not before.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from django.utils import timezone
from django.utils.translation import gettext
from xlsxwriter import Workbook
from xlsxwriter.exceptions import FileCreateError

from reports.export.checksum import Checksum
from reports.export.columns import Cell, Column, local_title
from reports.export.seals import sealed
from reports.export.xlsx_cells import CellWriter, PlainWorksheet

XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MAX_ROWS = 1_048_575  # below the header
_PROGRESS_ROWS = 2000
_OPTIONS = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}


class TooManyRows(Exception):
    """A sheet cannot hold so many rows; a CSV can."""

    def __init__(self, name: str, row_count: int) -> None:
        super().__init__(
            gettext(
                "The sheet “%(sheet)s” would have %(count)s rows, and Excel opens at most %(most)s. "
                "Filter the rows, or download them as CSV."
            )
            % {"sheet": name, "count": row_count, "most": MAX_ROWS}
        )
        self.row_count = row_count


@dataclass(frozen=True, slots=True)
class Sheet:
    """What goes onto one sheet; `row_count` is the number of rows that must come."""

    name: str
    columns: Sequence[Column]
    rows: Iterable[Sequence[Cell]]
    row_count: int


@dataclass(frozen=True, slots=True)
class Written:
    """What is in the finished file, by name of the sheet; `cut_count` cells were too long for Excel."""

    row_counts: dict[str, int] = field(default_factory=dict)
    checksums: dict[str, str] = field(default_factory=dict)
    cut_count: int = 0


def report_sheet_name() -> str:
    return gettext("Report")


def unmatched_sheet_name() -> str:
    """The words of the report page's tab."""
    return gettext("No product found")


def info_sheet_name() -> str:
    return gettext("Info")


def write_xlsx(
    path: Path,
    sheets: Sequence[Sheet],
    *,
    info: Sequence[tuple[str, Cell]],
    on_rows: Callable[[int], None] | None = None,
) -> Written:
    """Write the sheets and behind them one with `info`, the row counts and the checksums.

    Language and time zone are the active ones. `on_rows` gets the number of rows written so far, every 2,000
    rows and at the end of a sheet; what it raises stops the work. Raises TooManyRows before anything is written,
    RowCountDiffers when the rows do not agree with `row_count`, TypeError for a cell of the wrong type and
    OSError when the disk refuses. After any of these there is no file, or the earlier one of this name.
    """
    for sheet in sheets:
        if sheet.row_count > MAX_ROWS:
            raise TooManyRows(sheet.name, sheet.row_count)
    with TemporaryDirectory(prefix=f".{path.name}.", dir=path.parent) as directory:
        draft = Path(directory) / "draft.xlsx"
        book = Workbook(str(draft), {**_OPTIONS, "tmpdir": directory})
        try:
            written = _fill(book, sheets, info, on_rows or (lambda _done: None))
            book.close()
        except FileCreateError as error:
            raise error.args[0] from None  # the OSError in it
        finally:
            for worksheet in book.worksheets():
                worksheet.let_go()
        draft.replace(path)
    return written


def _fill(
    book: Workbook, sheets: Sequence[Sheet], info: Sequence[tuple[str, Cell]], on_rows: Callable[[int], None]
) -> Written:
    book.set_properties(
        {"author": "", "company": "", "manager": ""}
    )  # who it was is not the reader's business
    row_counts, checksums = {}, {}
    cut_count = done = 0
    for sheet in sheets:
        cells = CellWriter(book, book.add_worksheet(sheet.name, PlainWorksheet))
        checksums[sheet.name] = _fill_sheet(sheet, cells, done, on_rows)
        row_counts[sheet.name] = sheet.row_count
        cut_count += cells.cut_count
        done += sheet.row_count
    written = Written(row_counts, checksums, cut_count)
    _fill_info(CellWriter(book, book.add_worksheet(info_sheet_name(), PlainWorksheet)), info, written)
    return written


def _fill_sheet(sheet: Sheet, cells: CellWriter, done: int, on_rows: Callable[[int], None]) -> str:
    """Header and rows, after `done` rows on other sheets; returns their checksum."""
    zone_name = timezone.get_current_timezone_name()
    cells.set_up(sheet.columns, [local_title(column, zone_name) for column in sheet.columns], sheet.row_count)
    write_cells = [cells.writer_of(column) for column in sheet.columns]
    checksum = Checksum(sheet.columns)
    for number, row in enumerate(sealed(sheet.rows, sheet.row_count), start=1):
        checksum.add(row)
        for index, (write, cell) in enumerate(zip(write_cells, row, strict=True)):
            if cell is not None:
                write(number, index, cell)
        if number % _PROGRESS_ROWS == 0:
            on_rows(done + number)
    on_rows(done + sheet.row_count)
    return checksum.hexdigest()


def _fill_info(cells: CellWriter, info: Sequence[tuple[str, Cell]], written: Written) -> None:
    lines = [*info]
    for name, row_count in written.row_counts.items():
        lines.append((gettext("Rows on the sheet “%(sheet)s”") % {"sheet": name}, row_count))
        lines.append((gettext("SHA-256 of these rows"), written.checksums[name]))
    if written.cut_count:
        lines.append((gettext("Cells cut because they were too long for Excel"), written.cut_count))
    key = Column("key", "Key", gettext("What"), "text", 36)
    value = Column("value", "Value", gettext("Value"), "text", 70)
    cells.set_up([key, value], [str(key.title), str(value.title)], len(lines))
    for number, (name, cell) in enumerate(lines, start=1):
        cells.text(number, 0, name)
        cells.by_type(number, 1, cell)
