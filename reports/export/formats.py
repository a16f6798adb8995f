"""One column of a chunk at a time, from values to what stands in a CSV.

A million rows have ten million cells, and asking each for its type would cost more than everything else. The type
is the column's; whether a column holds only what is simple is found out with one look at all its cells.
"""

from collections.abc import Callable, Iterable
from datetime import date, datetime, tzinfo
from decimal import Decimal

from django.utils.translation import gettext

from reports.export.cells import plain_number, to_day, to_decimal, to_flag, to_integer, to_moment
from reports.export.columns import Cell, Column
from reports.export.dialects import Dialect
from reports.export.safety import clean_text, is_harmless_start, safe_text

Cells = tuple[Cell, ...]
Formatter = Callable[[Cells], Iterable[object]]
_REMEMBERED_DAYS = 20_000  # 54 years


def formatter_of(column: Column | str, dialect: Dialect, zone: tzinfo, *, raw: bool) -> Formatter:
    """The function that writes the cells of `column`; for a bare name the type of each cell decides."""
    if isinstance(column, str):
        return _by_type(column, dialect, zone, raw=raw)
    makers: dict[str, Callable[[], Formatter]] = {
        "id": lambda: _integers(column),
        "integer": lambda: _integers(column),
        "text": lambda: _texts(raw=raw),
        "decimal": lambda: _decimals(column, dialect),
        "number": lambda: _numbers(column, dialect),
        "date": lambda: _days(column, dialect, zone),
        "datetime": lambda: _moments(column, dialect, zone),
        "flag": lambda: _flags(column, dialect),
    }
    return makers[column.kind]()


def _texts(*, raw: bool) -> Formatter:
    """What goes between two quotes."""
    harmless = {""}

    def written(cells: Cells) -> Iterable[object]:
        texts = _as_texts(cells)
        joined = "".join(texts)
        if not joined.isprintable():
            texts = _encodable(texts) if raw else _on_one_line(texts)
        if not raw:
            texts = _without_formulas(texts, harmless)
        return [text.replace('"', '""') for text in texts] if '"' in joined else texts

    return written


def _as_texts(cells: Cells) -> list[str]:
    return ["" if cell is None else cell if type(cell) is str else str(cell) for cell in cells]


def _on_one_line(texts: list[str]) -> list[str]:
    return [text if text.isprintable() else clean_text(text) for text in texts]


def _encodable(texts: list[str]) -> list[str]:
    return [text.encode("utf-8", "replace").decode() for text in texts]


def _without_formulas(texts: list[str], harmless: set[str]) -> list[str]:
    """`harmless` are first characters that have been found so; it grows."""
    starts = {text[:1] for text in texts} - harmless
    harmless.update(filter(is_harmless_start, starts))
    if starts <= harmless:
        return texts
    return [text if text[:1] in harmless else safe_text(text) for text in texts]


def _integers(column: Column) -> Formatter:
    def written(cells: Cells) -> Iterable[object]:
        if set(map(type, cells)) == {int}:
            return cells
        return ["" if cell is None else to_integer(column, cell) for cell in cells]

    return written


def _decimals(column: Column, dialect: Dialect) -> Formatter:
    mark = dialect.decimal_mark

    def written(cells: Cells) -> Iterable[object]:
        types = set(map(type, cells))
        if types <= {Decimal}:
            lines = "\n".join([format(cell, ".2f") for cell in cells])
        elif types <= {int, float}:
            lines = "\n".join(map("%.2f".__mod__, cells))
        else:
            lines = "\n".join(["" if cell is None else _amount(column, cell) for cell in cells])
        if "n" in lines or "N" in lines:  # nan, inf, Infinity
            lines = "\n".join(["" if cell is None else _amount(column, cell) for cell in cells])
        return (lines if mark == "." else lines.replace(".", mark)).split("\n")

    return written


def _numbers(column: Column, dialect: Dialect) -> Formatter:
    def written(cells: Cells) -> Iterable[object]:
        texts = ("" if cell is None else plain_number(to_decimal(column, cell)) for cell in cells)
        return [text.replace(".", dialect.decimal_mark) for text in texts]

    return written


def _amount(column: Column, cell: Cell) -> str:
    return format(to_decimal(column, cell), ".2f")


def _days(column: Column, dialect: Dialect, zone: tzinfo) -> Formatter:
    remembered: dict[Cell, str] = {}

    def written(cells: Cells) -> Iterable[object]:
        if len(remembered) > _REMEMBERED_DAYS:
            remembered.clear()
        for cell in set(cells) - remembered.keys():
            remembered[cell] = "" if cell is None else _day(to_day(column, cell, zone), dialect)
        return [remembered[cell] for cell in cells]

    return written


def _day(day: date, dialect: Dialect) -> str:
    iso = day.isoformat()
    return f"{iso[8:10]}.{iso[5:7]}.{iso[:4]}" if dialect.is_for_people else iso[:10]


def _moments(column: Column, dialect: Dialect, zone: tzinfo) -> Formatter:
    def written(cells: Cells) -> Iterable[object]:
        moments = (None if cell is None else to_moment(column, cell, zone) for cell in cells)
        return ["" if moment is None else _moment(moment, dialect) for moment in moments]

    return written


def _moment(moment: datetime, dialect: Dialect) -> str:
    """People get the minute, and the zone in the header; programs the second and the distance from UTC."""
    if dialect.is_for_people:
        return f"{_day(moment, dialect)} {moment:%H:%M}"
    return moment.isoformat(timespec="seconds")


def _flags(column: Column, dialect: Dialect) -> Formatter:
    words = (gettext("no"), gettext("yes")) if dialect.is_for_people else ("false", "true")

    def written(cells: Cells) -> Iterable[object]:
        return ["" if cell is None else words[to_flag(column, cell)] for cell in cells]

    return written


def _by_type(name: str, dialect: Dialect, zone: tzinfo, *, raw: bool) -> Formatter:
    """For small tables without a catalogue: each cell as its type says."""
    column = Column(name, name, name, "text")
    texts = _texts(raw=raw)

    def written_cell(cell: Cell) -> str:
        if isinstance(cell, datetime):
            return _moment(to_moment(column, cell, zone), dialect)
        if isinstance(cell, date):
            return _day(cell, dialect)
        if isinstance(cell, Decimal | float):
            return _amount(column, cell).replace(".", dialect.decimal_mark)
        if isinstance(cell, int):
            return str(cell)
        return "" if cell is None else '"{}"'.format(*texts((cell,)))

    return lambda cells: map(written_cell, cells)
