"""SHA-256 over the rows of a result: whoever reopens the file can find out whether a cell was changed."""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from datetime import tzinfo

from django.utils import timezone

from reports.export.cells import plain_number, to_day, to_decimal, to_flag, to_integer, to_moment
from reports.export.columns import Cell, Column
from reports.export.safety import cell_text


class Checksum:
    """The sum over rows that come one by one.

    Canonical text: UTF-8; U+001F between cells, U+001E behind each row (no cell can hold either). Integers in
    digits, amounts with a dot and two places, other numbers with as many as they have, days as YYYY-MM-DD, moments
    as YYYY-MM-DDTHH:MM:SS in the active zone, flags 1 or 0, texts as they stand in a workbook; an empty cell is an
    empty text.
    """

    def __init__(self, columns: Sequence[Column]) -> None:
        zone = timezone.get_current_timezone()
        self._canonical = [_canonical(column, zone) for column in columns]
        self._hash = hashlib.sha256()

    def add(self, row: Sequence[Cell]) -> None:
        pairs = zip(self._canonical, row, strict=True)
        cells = ["" if cell is None else canonical(cell) for canonical, cell in pairs]
        self._hash.update(("\x1f".join(cells) + "\x1e").encode())

    def hexdigest(self) -> str:
        return self._hash.hexdigest()


def _canonical(column: Column, zone: tzinfo) -> Callable[[Cell], str]:
    by_kind: dict[str, Callable[[Cell], str]] = {
        "id": lambda cell: str(to_integer(column, cell)),
        "integer": lambda cell: str(to_integer(column, cell)),
        "text": lambda cell: cell_text(str(cell)),
        "decimal": lambda cell: format(to_decimal(column, cell), ".2f"),
        "number": lambda cell: plain_number(to_decimal(column, cell)),
        "date": lambda cell: to_day(column, cell, zone).isoformat(),
        "datetime": lambda cell: to_moment(column, cell, zone).replace(tzinfo=None).isoformat(),
        "flag": lambda cell: str(int(to_flag(column, cell))),
    }
    return by_kind[column.kind]


def rows_checksum(rows: Iterable[Sequence[Cell]], columns: Sequence[Column]) -> str:
    """The checksum of `rows` in this order, in hexadecimal; `Checksum` says over what."""
    checksum = Checksum(columns)
    for row in rows:
        checksum.add(row)
    return checksum.hexdigest()
