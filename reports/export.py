"""CSV as German Excel opens it, CSV for machines, and plain tables for terminals.

Formula injection is stopped for every text cell in both dialects; numbers and dates are written by their
type and never escaped, so that -20,00 stays a number.
"""

import csv
import io
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

Cell = str | int | Decimal | date | None
COLUMNS = (
    "SaleId",
    "CustomerName",
    "SaleHeading",
    "Products",
    "Quantities",
    "Status",
    "Amount",
    "Currency",
    "SaleDate",
    "Owner",
)
_CHUNK_ROWS = 2000  # rows a chunk: fewer chunks stream faster, more memory is not worth it
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
# Also what a spreadsheet may fold to one of these: full-width and small forms, the minus sign.
_FORMULA_STARTS = frozenset("=+-@＝＋－＠−﹢﹣﹦﹫")
_BLANK_LETTERS = frozenset("\u115f\u1160\u2800\u3164\uffa0")


@dataclass(frozen=True, slots=True)
class Dialect:
    name: str
    delimiter: str
    decimal_mark: str
    date_format: str
    start: str


EXCEL = Dialect("excel", ";", ",", "%d.%m.%Y", "\ufeff")
DATA = Dialect("data", ",", ".", "%Y-%m-%d", "")
DIALECTS = {dialect.name: dialect for dialect in (EXCEL, DATA)}


def safe_text(text: str) -> str:
    """`text` on one line, and with an apostrophe in front where a spreadsheet would see a formula."""
    if _CONTROLS.search(text):
        text = _CONTROLS.sub(" ", text)
    if text[:1].isalnum() and text[0] not in _BLANK_LETTERS:
        return text
    for character in text:
        if character in _FORMULA_STARTS:
            return "'" + text
        is_blank = character.isspace() or character in _BLANK_LETTERS or character in "\"'"
        if not is_blank and unicodedata.category(character) not in {"Cf", "Mn"}:
            break
    return text


def _cell(value: Cell, dialect: Dialect) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return '"' + safe_text(value).replace('"', '""') + '"'
    if isinstance(value, date):
        return value.strftime(dialect.date_format)
    if isinstance(value, Decimal):
        return f"{value:.2f}".replace(".", dialect.decimal_mark)
    return str(value)


def _line(cells: Iterable[Cell], dialect: Dialect) -> str:
    return dialect.delimiter.join(_cell(cell, dialect) for cell in cells) + "\r\n"


def csv_chunks(
    rows: Iterable[Sequence[Cell]], dialect: Dialect, *, columns: Sequence[str] = COLUMNS
) -> Iterator[str]:
    """The file in pieces of text to be encoded as UTF-8: flat memory for any number of rows."""
    chunk = [dialect.start + _line(columns, dialect)]
    for row in rows:
        chunk.append(_line(row, dialect))
        if len(chunk) >= _CHUNK_ROWS:
            yield "".join(chunk)
            chunk = []
    yield "".join(chunk)


def plain_cell(value: Cell) -> str | int | None:
    """For JSON and tables: dates in ISO form, amounts as text with a dot, because a float would round."""
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return f"{value:.2f}"
    return value


def text_table(columns: Sequence[str], rows: Sequence[Sequence[Cell]], *, widest: int = 48) -> str:
    """A table for a terminal; long cells are cut with an ellipsis, numbers stand right."""
    cells = [
        [_CONTROLS.sub(" ", str(plain_cell(cell) if cell is not None else "")) for cell in row]
        for row in rows
    ]
    cut = [[cell if len(cell) <= widest else cell[: widest - 1] + "…" for cell in row] for row in cells]
    widths = [
        max(len(column), *(len(row[i]) for row in cut)) if cut else len(column)
        for i, column in enumerate(columns)
    ]
    is_number = [
        bool(rows) and all(isinstance(row[i], int | Decimal | None) for row in rows)
        for i in range(len(columns))
    ]

    def line(row: Sequence[str]) -> str:
        return "  ".join(
            cell.rjust(width) if right else cell.ljust(width)
            for cell, width, right in zip(row, widths, is_number, strict=True)
        ).rstrip()

    return (
        "\n".join([line(columns), line(["-" * width for width in widths]), *(line(row) for row in cut)])
        + "\n"
    )


def read_csv(text: str) -> list[dict[str, str]]:
    """The rows of a CSV with a header line, comma or semicolon separated; a BOM is passed over."""
    text = text.removeprefix("\ufeff")
    delimiter = ";" if text.partition("\n")[0].count(";") > text.partition("\n")[0].count(",") else ","
    return list(csv.DictReader(io.StringIO(text), delimiter=delimiter))
