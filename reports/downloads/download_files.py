"""What is on the screen of a result, whole, as a file: the same rows in the same order and columns."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO

from django.conf import settings
from django.db import connection as database
from django.db.models import QuerySet
from django.utils import timezone, translation

from reports.definitions.definition import Definition
from reports.downloads.download_info import info_of
from reports.export import (
    DIALECTS,
    PIECES,
    Cell,
    Column,
    Sheet,
    Written,
    columns_of,
    csv_chunks,
    encoded,
    file_name,
    report_sheet_name,
    sealed,
    unmatched_sheet_name,
    write_xlsx,
)
from reports.models import Download, Row, Run, Sale
from reports.viewer.filters import NEWEST_FIRST, Filter
from reports.viewer.run_index import PATHS, pieces_of
from reports.viewer.viewing import table_columns, view_of

CHUNK = 2000
PROGRAMS_LANGUAGE = "en"  # files for programs have the same words whoever takes them
# The stages of sales that have a company and no product.
WITHOUT_PRODUCT = tuple(set(Row.Stage.values) - {Row.Stage.MATCHED.value, Row.Stage.NO_COMPANY.value})
_LABELS = {"status": Sale.Status, "stage": Row.Stage, "source": Row.Source}
Cells = tuple[Cell, ...]


class RowsGone(Exception):
    """The run keeps only its figures."""


class FileTooLarge(Exception):
    """The file would have more bytes than its taker wants."""


@dataclass(frozen=True, slots=True)
class WrittenFile:
    """A finished file; `name` is what its taker saves it under, in ASCII."""

    name: str
    row_count: int
    byte_count: int


@dataclass(slots=True)
class Tally:
    """How many rows have gone by."""

    rows: int = 0


class Extract:
    """The rows of a finished run under one filter; `count` of them, in `columns`. Raises RowsGone.

    Sales without a company stay out unless the filter asks for them, as on the screen.
    """

    def __init__(self, run: Run, wanted: Filter) -> None:
        if not run.is_finished or not run.has_rows:
            raise RowsGone
        self.run, self.filter = run, wanted
        self.columns = table_columns(Definition.from_json(run.definition), wanted)
        is_plain = wanted.sort == NEWEST_FIRST and not wanted.is_active
        self._selection = None if is_plain else view_of(run).select(wanted)
        self.count = self._selection.count if self._selection else self._plain().count()

    @property
    def workbook_row_count(self) -> int:
        """How many rows all sheets of its workbook have, about."""
        return self.count + without_product_count(self.run)

    def names(self, format: str) -> tuple[str, str]:
        return names_of(self.run, self.filter, format)

    def rows(self, *, language: str) -> Iterator[Cells]:
        """One tuple a row; memory does not grow. States are words of `language`, whenever they are fetched."""
        if self._selection is None:
            return in_language(self._newest_first(self._plain(), self.columns), language)
        return in_language(self._in_order(self._selection.sale_numbers), language)

    def csv(self, dialect: str, *, raw: bool = False, tally: "Tally | None" = None) -> Iterator[bytes]:
        """The CSV in pieces, guarded against missing rows; `tally` follows how many rows have gone by.

        Language and time zone are those of the call. Raises RowCountDiffers, at once or half-way.
        """
        kind = DIALECTS[dialect]
        language = translation.get_language() if kind.is_for_people else PROGRAMS_LANGUAGE
        rows = counted(self.rows(language=language or PROGRAMS_LANGUAGE), tally or Tally())
        return encoded(csv_chunks(sealed(rows, self.count), kind, columns=self.columns, raw=raw))

    def workbook(
        self, path: Path, *, made_by: str = "", on_rows: Callable[[int], None] | None = None
    ) -> Written:
        """The workbook at `path` in the active language: these rows, all those of the run that have a company and no
        product, each with its stage, and about both.

        Raises TooManyRows, RowCountDiffers, OSError and what `on_rows` raises; then there is no file.
        """
        language = translation.get_language() or PROGRAMS_LANGUAGE
        unmatched = Row.objects.filter(run=self.run, stage__in=WITHOUT_PRODUCT).newest_sale_first()
        columns = list(columns_of(dict.fromkeys([*(one.key for one in self.columns), "stage"])))
        below = in_language(self._newest_first(unmatched, columns), language)
        sheets = [
            summable_sheet(report_sheet_name(), self.columns, self.rows(language=language), self.count),
            summable_sheet(unmatched_sheet_name(), columns, below, unmatched.count()),
        ]
        info = info_of(self.run, self.filter, self.count, made_by=made_by, now=timezone.now())
        return write_xlsx(path, sheets, info=info, on_rows=on_rows)

    # --- Cells as the database has them, a query a chunk: no cursor stays open while somebody reads slowly ---

    def _plain(self) -> QuerySet[Row]:
        rows = Row.objects.filter(run=self.run).exclude(stage=Row.Stage.NO_COMPANY)
        return rows.newest_sale_first()

    @staticmethod
    def _newest_first(rows: QuerySet[Row], columns: Sequence[Column]) -> Iterator[Cells]:
        """`rows`, which are ordered like that; each chunk goes on below the last sale."""
        label = _label(columns)
        rest = rows
        while found := _fetched(rest[:CHUNK], columns):
            yield from map(label, found)
            rest = rows.filter(sale_number__lt=found[-1][0])

    def _in_order(self, sale_numbers: Iterator[int]) -> Iterator[Cells]:
        """The rows of these sales, those that are gone left out."""
        label = _label(self.columns)
        while wanted := list(islice(sale_numbers, CHUNK)):
            rows = Row.objects.filter(run=self.run, sale_number__in=wanted)
            found = {cells[0]: cells for cells in _fetched(rows, self.columns)}
            yield from (label(found[number]) for number in wanted if number in found)


def _fetched(rows: QuerySet[Row], columns: Sequence[Column]) -> list[Cells]:
    """The cells without Django's conversions, which the writers of files do without; the sale comes first."""
    paths = [PATHS[column.key] for column in columns]
    assert paths[0] == "sale_number"  # `table_columns` sees to it
    sql, parameters = rows.values_list(*paths).query.sql_with_params()
    with database.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchall()


def _label(columns: Sequence[Column]) -> Callable[[Cells], Cells]:
    """Puts words of the active language where the database has codes."""
    labels = [
        (place, {value: str(label) for value, label in _LABELS[column.key].choices})
        for place, column in enumerate(columns)
        if column.key in _LABELS
    ]

    def label(cells: Cells) -> Cells:
        found = list(cells)
        for place, words in labels:
            found[place] = words.get(str(found[place]), found[place])
        return tuple(found)

    return label if labels else lambda cells: cells


def summable_sheet(name: str, columns: Sequence[Column], rows: Iterable[Cells], row_count: int) -> Sheet:
    """A sheet that can be added up: the quantities ("2; 1") have their sum beside them, as a number."""
    keys = [column.key for column in columns]
    if "quantities" not in keys:
        return Sheet(name, columns, rows, row_count)
    place = keys.index("quantities")
    wider = [*columns[: place + 1], PIECES, *columns[place + 1 :]]
    counted_up = (
        (*cells[: place + 1], pieces_of(str(cells[place] or "")), *cells[place + 1 :]) for cells in rows
    )
    return Sheet(name, wider, counted_up, row_count)


def without_product_count(run: Run) -> int:
    """How many rows the sheet of sales without a product has."""
    return sum(int(run.funnel.get(stage, 0)) for stage in WITHOUT_PRODUCT)


def in_language(rows: Iterator[Cells], language: str) -> Iterator[Cells]:
    """`rows`, made in `language`: what streams is made after the view, in whatever language is active then."""
    while True:
        with translation.override(language):
            chunk = list(islice(rows, CHUNK))
        if not chunk:
            return
        yield from chunk


def counted(rows: Iterable[Cells], tally: Tally) -> Iterator[Cells]:
    for row in rows:
        tally.rows += 1
        yield row


def names_of(run: Run, wanted: Filter, format: str) -> tuple[str, str]:
    """The name of a file, as `export.content_disposition` wants it: its day is the one the data is of.

    `format` is one of Download.Format.
    """
    is_workbook = format == Download.Format.XLSX
    return file_name(
        run.report.name,
        timezone.localtime(run.data_at or run.finished_at).date(),
        run.pk,
        run.keyword_list.version,
        filtered=wanted.is_active,
        incomplete=run.status != Run.Status.SUCCEEDED,
        dialect="" if is_workbook else format,
        extension="xlsx" if is_workbook else "csv",
    )


# --- Files ------------------------------------------------------------------------------------------------


def folder() -> Path:
    """Where files are made and wait: for the eyes of the process's owner only."""
    path = Path(settings.VAR_DIR) / "downloads"
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


def open_workbook(extract: Extract) -> BinaryIO:
    """A workbook made at once, open for reading; its name is gone already, so it goes when it is closed."""
    with TemporaryDirectory(prefix=".small.xlsx.", dir=folder()) as directory:
        path = Path(directory) / "workbook.xlsx"
        extract.workbook(path)
        return path.open("rb")


def write_file(
    run: Run, format: str, query: str, language: str, target: Path, *, most_bytes: int | None = None
) -> WrittenFile:
    """Write the result of a finished run to `target`; `format` is one of Download.Format, `query` as in an address.

    Raises RowsGone, TooManyRows, FileTooLarge beyond `most_bytes`, RowCountDiffers and OSError; then nothing of
    the file is left.
    """
    with translation.override(language):
        extract = Extract(run, Filter.of_text(query))
        try:
            if format == Download.Format.XLSX:
                extract.workbook(target)
            else:
                with target.open("wb") as file:
                    for piece in extract.csv(format):
                        _refuse_too_large(file.tell() + len(piece), most_bytes)
                        file.write(piece)
            _refuse_too_large(target.stat().st_size, most_bytes)
        except BaseException:
            target.unlink(missing_ok=True)
            raise
        name, _extended = extract.names(format)
        return WrittenFile(name, extract.count, target.stat().st_size)


def _refuse_too_large(size: int, most_bytes: int | None) -> None:
    if most_bytes is not None and size > most_bytes:
        raise FileTooLarge
