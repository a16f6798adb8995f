"""CSV as German Excel opens it, and CSV for machines: any number of rows in flat memory.

Formula injection is stopped for every text cell in both dialects; numbers and dates are written by their
type and never escaped, so that -20,00 stays a number.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from django.utils import timezone

from reports.export.columns import COLUMNS, Cell, Column, local_title
from reports.export.dialects import Dialect
from reports.export.formats import Formatter, formatter_of
from reports.export.safety import safe_text

CSV_TYPE = "text/csv; charset=utf-8"
_CHUNK_ROWS = 2000  # rows a chunk: fewer chunks stream faster, more memory is not worth it


def csv_chunks(
    rows: Iterable[Sequence[Cell]],
    dialect: Dialect,
    *,
    columns: Sequence[Column | str] = COLUMNS,
    raw: bool = False,
) -> Iterator[str]:
    """The file in pieces of text to be encoded as UTF-8, the header with the first rows in the first piece.

    Each row has as many cells as there are `columns`, else ValueError. A bare name is a column whose cells are
    written by their own types; it heads the column as it is. Language and time zone are those of the call, not
    those that happen to be active while the pieces are fetched. `raw` leaves texts as they are, apostrophes and
    line breaks included, and is for programs only: ValueError in a dialect for people.
    """
    if raw and dialect.is_for_people:
        raise ValueError("A file that a spreadsheet opens is never written without protection from formulas.")
    if not columns:
        raise ValueError("A file has at least one column.")
    zone = timezone.get_current_timezone()
    formatters = [formatter_of(column, dialect, zone, raw=raw) for column in columns]
    header = dialect.start + _header(columns, dialect)
    return _chunks(iter(rows), header, _template(columns, dialect), formatters)


def _header(columns: Sequence[Column | str], dialect: Dialect) -> str:
    zone_name = timezone.get_current_timezone_name()
    names = (
        column
        if isinstance(column, str)
        else local_title(column, zone_name)
        if dialect.is_for_people
        else column.name
        for column in columns
    )
    quoted = ('"' + safe_text(name).replace('"', '""') + '"' for name in names)
    return dialect.delimiter.join(quoted) + "\r\n"


def _template(columns: Sequence[Column | str], dialect: Dialect) -> str:
    """A line with a gap for each cell: texts stand in quotes, always, numbers and dates never."""
    is_text = (not isinstance(column, str) and column.kind == "text" for column in columns)
    return dialect.delimiter.join('"%s"' if quoted else "%s" for quoted in is_text) + "\r\n"


def _chunks(
    rows: Iterator[Sequence[Cell]], header: str, template: str, formatters: list[Formatter]
) -> Iterator[str]:
    start = header
    while lines := _lines(list(islice(rows, _CHUNK_ROWS)), template, formatters):
        yield start + lines
        start = ""
    if start:
        yield start


def _lines(chunk: list[Sequence[Cell]], template: str, formatters: list[Formatter]) -> str:
    """The lines of some rows; a function of its own, so that nothing but its answer waits for the reader."""
    if not chunk:
        return ""
    written = [write(cells) for write, cells in zip(formatters, zip(*chunk, strict=True), strict=True)]
    return "".join(map(template.__mod__, zip(*written, strict=True)))
