"""Reads the rows of a list column by column: one loop per column costs far less than one call per cell.

A cell that is written as usual is taken at a glance. Every other one goes through `Fields`, which alone knows
what means none, what can still be understood, and what is wrong.
"""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Generic, NamedTuple, TypeVar

from connector.superoffice.errors import BadRecord
from connector.superoffice.fields import TOO_LARGE, TOO_LARGE_ID, Fields, as_day, as_moment

Row = Mapping[str, Any]
FieldsOf = Callable[[Row], Fields]
Column = Callable[[Sequence[Row], FieldsOf], list[Any]]
Record = TypeVar("Record", bound=NamedTuple)


class RowReader(Generic[Record]):
    """Makes a `kind` of each row. `columns` has a reader for each of its fields, by name; `fields_of` gives
    a row's Fields with the name that errors call the record by.
    """

    def __init__(self, kind: type[Record], fields_of: FieldsOf, columns: Mapping[str, Column]) -> None:
        if columns.keys() != set(kind._fields):
            raise TypeError(f"{kind.__name__} needs one column for each of its fields")
        self._kind = kind
        self._fields_of = fields_of
        self._columns = [columns[name] for name in kind._fields]

    def read(self, rows: Sequence[Row]) -> list[Record]:
        """The records in the order of the rows. Raises BadRecord for the first row that cannot be read."""
        try:
            return self._read(rows)
        except BadRecord:
            # Column by column, another row's trouble may have come first.
            for row in rows:
                self._read([row])
            raise

    def _read(self, rows: Sequence[Row]) -> list[Record]:
        cells = (read(rows, self._fields_of) for read in self._columns)
        return list(map(self._kind._make, zip(*cells, strict=True)))


def text(name: str) -> Column:
    def read(rows: Sequence[Row], fields_of: FieldsOf) -> list[str]:
        return [value if type(value := row.get(name)) is str else fields_of(row).text(name) for row in rows]

    return read


def first_text(name: str, otherwise: str) -> Column:
    """The text of the first of two columns that has one."""
    first = text(name)

    def read(rows: Sequence[Row], fields_of: FieldsOf) -> list[str]:
        found = zip(first(rows, fields_of), rows, strict=True)
        return [value or fields_of(row).text(otherwise) for value, row in found]

    return read


def stripped(column: Column) -> Column:
    """A column of texts, without the blanks around them."""
    return lambda rows, fields_of: [value.strip() for value in column(rows, fields_of)]


def translated(column: Column, words: Mapping[str, str]) -> Column:
    """A column of texts in our words; `words` has SuperOffice's in lower case, and others stay as they are."""
    return lambda rows, fields_of: [words.get(value.lower(), value) for value in column(rows, fields_of)]


def optional_id(name: str) -> Column:
    return _ids(name, lambda fields: fields.id(name))


def required_id(name: str) -> Column:
    return _ids(name, lambda fields: fields.required_id(name))


def _ids(name: str, careful: Callable[[Fields], int | None]) -> Column:
    def read(rows: Sequence[Row], fields_of: FieldsOf) -> list[int | None]:
        return [
            value
            if type(value := row.get(name)) is int and 0 < value < TOO_LARGE_ID
            else careful(fields_of(row))
            for row in rows
        ]

    return read


def number(name: str) -> Column:
    """A whole number; 0 when there is none."""

    def read(rows: Sequence[Row], fields_of: FieldsOf) -> list[int]:
        return [value if type(value := row.get(name)) is int else fields_of(row).number(name) for row in rows]

    return read


def percent(name: str) -> Column:
    known: dict[Any, int | None] = {str(value): value for value in range(101)}

    def read(rows: Sequence[Row], fields_of: FieldsOf) -> list[int | None]:
        return [
            known[value]
            if type(value := row.get(name)) is str and value in known
            else fields_of(row).percent(name)
            for row in rows
        ]

    return read


def texts(names: Sequence[str]) -> Column:
    """Several columns of text together, by their names."""
    columns = [(name, text(name)) for name in names]

    def read(rows: Sequence[Row], fields_of: FieldsOf) -> list[dict[str, str]]:
        found: list[dict[str, str]] = [{} for _row in rows]
        for name, column in columns:
            for record, value in zip(found, column(rows, fields_of), strict=True):
                record[name] = value
        return found

    return read


def flag(name: str, *, missing_with: str = "") -> Column:
    """A missing flag is false; in rows with a record's number in the column `missing_with` it is true."""

    def careful(fields: Fields) -> bool:
        return fields.flag(name, missing=bool(missing_with) and fields.id(missing_with) is not None)

    def read(rows: Sequence[Row], fields_of: FieldsOf) -> list[bool]:
        return [value if type(value := row.get(name)) is bool else careful(fields_of(row)) for row in rows]

    return read


def amount(name: str) -> Column:
    def read(rows: Sequence[Row], fields_of: FieldsOf) -> list[Decimal]:
        return [
            value
            if type(value := row.get(name)) is Decimal
            and value.is_finite()
            and -TOO_LARGE < value < TOO_LARGE
            else fields_of(row).amount(name)
            for row in rows
        ]

    return read


def day(name: str) -> Column:
    return _dates(name, as_day, lambda fields: fields.day(name))


def moment(name: str) -> Column:
    return _dates(name, as_moment, lambda fields: fields.moment(name))


def _dates(name: str, glance: Callable[[Any], Any], careful: Callable[[Fields], Any]) -> Column:
    def read(rows: Sequence[Row], fields_of: FieldsOf) -> list[Any]:
        try:
            return [glance(row.get(name)) for row in rows]
        except (TypeError, ValueError):
            return [careful(fields_of(row)) for row in rows]

    return read
