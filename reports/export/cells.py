"""Values as the kind of their column wants them, whoever delivers: models, a raw cursor, or a file read again."""

from datetime import UTC, date, datetime, tzinfo
from decimal import Decimal

from reports.export.columns import Cell, Column


def wrong_type(column: Column, value: object) -> TypeError:
    return TypeError(f"{column.name} holds {column.kind} values, and {value!r} is none.")


def to_integer(column: Column, value: Cell) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise wrong_type(column, value)


def to_decimal(column: Column, value: Cell) -> Decimal | float:
    """The amount; NaN and infinity are no amounts."""
    if (
        not isinstance(value, Decimal | int | float)
        or isinstance(value, bool)
        or not Decimal(value).is_finite()
    ):
        raise wrong_type(column, value)
    return value


def plain_number(number: Decimal | float) -> str:
    """In digits with a dot, without zeros at its end: "2", "1.5"."""
    text = format(number if isinstance(number, Decimal) else Decimal(str(number)), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def to_flag(column: Column, value: Cell) -> bool:
    """True or False; SQLite stores them as 1 and 0."""
    if value in (0, 1) and isinstance(value, int):
        return bool(value)
    raise wrong_type(column, value)


def to_moment(column: Column, value: Cell, zone: tzinfo) -> datetime:
    """The moment on the clocks of `zone`, to the second."""
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    if not isinstance(value, datetime):
        raise wrong_type(column, value)
    if value.tzinfo is None:
        value = value.replace(tzinfo=UTC)
    return value.astimezone(zone).replace(microsecond=0)


def to_day(column: Column, value: Cell, zone: tzinfo) -> date:
    """The day; of a moment, the one in `zone`."""
    if isinstance(value, str) and len(value) == 10:
        return date.fromisoformat(value)
    if isinstance(value, str | datetime):
        return to_moment(column, value, zone).date()
    if isinstance(value, date):
        return value
    raise wrong_type(column, value)
