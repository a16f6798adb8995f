"""One cell of a workbook, written as the kind of its column says."""

from collections.abc import Callable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext
from xlsxwriter import Workbook
from xlsxwriter.worksheet import Worksheet

from reports.export.cells import plain_number, to_day, to_decimal, to_flag, to_integer, to_moment
from reports.export.columns import Cell, Column
from reports.export.safety import cell_text, clean_text

_EXACT_INTEGER, _EXACT_AMOUNT = 10**15, 10**13  # Excel keeps 15 digits; larger numbers are written as text
_FIRST_YEAR = 1900  # Excel knows no earlier day
_ANY = Column("", "Value", "", "text")


class CellLost(Exception):
    """XlsxWriter did not take a cell, which it tells by a number and not by an exception."""


class PlainWorksheet(Worksheet):
    """A worksheet without rich texts: one that begins and ends like their XML is a text like any other."""

    def _xml_rich_inline_string(self, string: str, attributes: Any = ()) -> None:
        # XlsxWriter would put the text into the file unescaped: a broken workbook, or foreign markup in it.
        self._xml_inline_string(string, False, attributes)

    def let_go(self) -> None:
        """Close the file of rows, also when the workbook was given up half-way."""
        self._opt_close()


class CellWriter:
    """Writes into one worksheet, in ascending order of rows; counts the texts it had to cut."""

    def __init__(self, book: Workbook, worksheet: PlainWorksheet) -> None:
        self.cut_count = 0
        self._sheet = worksheet
        self._zone = timezone.get_current_timezone()
        self._heading = book.add_format({"bold": True, "text_wrap": True, "valign": "top"})
        self._integer = book.add_format({"num_format": "0"})
        self._amount = book.add_format({"num_format": "#,##0.00"})
        self._day = book.add_format({"num_format": "dd.mm.yyyy"})
        self._moment = book.add_format({"num_format": "dd.mm.yyyy hh:mm"})
        yes, no = (word.replace('"', "") for word in (gettext("yes"), gettext("no")))
        self._flag = book.add_format({"num_format": f'"{yes}";"{yes}";"{no}"'})

    def set_up(self, columns: Sequence[Column], titles: Sequence[str], row_count: int) -> None:
        """Widths, a header that stays in sight, and a filter over all rows."""
        for index, (column, title) in enumerate(zip(columns, titles, strict=True)):
            self._sheet.set_column(index, index, column.width)
            self._check(self._sheet.write_string(0, index, cell_text(title), self._heading), 0, index)
        self._sheet.freeze_panes(1, 0)
        if columns:
            self._sheet.autofilter(0, 0, row_count, len(columns) - 1)
            # Digits in a text column are meant as text: no green corner that offers to make numbers of them.
            self._sheet.ignore_errors({"number_stored_as_text": "A1:XFD1048576"})

    def writer_of(self, column: Column) -> Callable[[int, int, Cell], None]:
        """The function (row, index, cell) for the cells of this column that are not None."""
        zone = self._zone
        by_kind: dict[str, Callable[[int, int, Cell], None]] = {
            "id": lambda row, index, cell: self.integer(row, index, to_integer(column, cell)),
            "integer": lambda row, index, cell: self.integer(row, index, to_integer(column, cell)),
            "text": lambda row, index, cell: self.text(row, index, str(cell)),
            "decimal": lambda row, index, cell: self.amount(row, index, to_decimal(column, cell)),
            "number": lambda row, index, cell: self.number(row, index, to_decimal(column, cell)),
            "date": lambda row, index, cell: self.day(row, index, to_day(column, cell, zone)),
            "datetime": lambda row, index, cell: self.moment(row, index, to_moment(column, cell, zone)),
            "flag": lambda row, index, cell: self.flag(row, index, to_flag(column, cell)),
        }
        return by_kind[column.kind]

    def by_type(self, row: int, index: int, cell: Cell) -> None:
        """For single values without a column: as their type says."""
        if isinstance(cell, datetime):
            self.moment(row, index, to_moment(_ANY, cell, self._zone))
        elif isinstance(cell, date):
            self.day(row, index, cell)
        elif isinstance(cell, bool):
            self.flag(row, index, cell)
        elif isinstance(cell, int):
            self.integer(row, index, cell)
        elif isinstance(cell, Decimal | float):
            self.amount(row, index, to_decimal(_ANY, cell))
        elif cell is not None:
            self.text(row, index, cell)

    def text(self, row: int, index: int, text: str) -> None:
        if not text:
            return
        fitting = cell_text(text)
        self.cut_count += len(fitting) < len(clean_text(text))
        self._check(self._sheet.write_string(row, index, fitting), row, index)

    def integer(self, row: int, index: int, number: int) -> None:
        if abs(number) >= _EXACT_INTEGER:
            self.text(row, index, str(number))
            return
        self._check(self._sheet.write_number(row, index, number, self._integer), row, index)

    def amount(self, row: int, index: int, amount: Decimal | float) -> None:
        rounded = format(amount, ".2f")
        if abs(float(amount)) >= _EXACT_AMOUNT:
            self.text(row, index, rounded)
            return
        self._check(self._sheet.write_number(row, index, float(rounded), self._amount), row, index)

    def number(self, row: int, index: int, number: Decimal | float) -> None:
        """With as many places as it has."""
        if abs(float(number)) >= _EXACT_AMOUNT:
            self.text(row, index, plain_number(number))
            return
        self._check(self._sheet.write_number(row, index, float(number)), row, index)

    def day(self, row: int, index: int, day: date) -> None:
        if day.year < _FIRST_YEAR:
            self.text(row, index, day.isoformat())
            return
        self._check(self._sheet.write_datetime(row, index, day, self._day), row, index)

    def moment(self, row: int, index: int, moment: datetime) -> None:
        local = moment.replace(tzinfo=None)
        if local.year < _FIRST_YEAR:
            self.text(row, index, local.isoformat(sep=" "))
            return
        self._check(self._sheet.write_datetime(row, index, local, self._moment), row, index)

    def flag(self, row: int, index: int, flag: bool) -> None:
        self._check(self._sheet.write_number(row, index, int(flag), self._flag), row, index)

    @staticmethod
    def _check(code: int, row: int, index: int) -> None:
        if code:
            raise CellLost(f"cell {index + 1} of row {row + 1}: XlsxWriter answered {code}")
