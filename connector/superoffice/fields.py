"""Reads SuperOffice's records: flat rows of list queries and nested entities alike.

Long lists are read by `columns`, which comes here with the cells that it cannot take at a glance.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Self, TypeVar

from connector.superoffice.errors import BadRecord, UnexpectedAnswer

# SuperOffice writes "none" as year 1, as 1760 (deleted dates) and, for open ends, as 9999.
_FIRST_YEAR, _LAST_YEAR = 1800, 9000
# The smallest amount and the smallest record number that cannot be meant.
TOO_LARGE = Decimal(10) ** 15
TOO_LARGE_ID = 2**63
Dated = TypeVar("Dated", date, datetime)


def as_moment(value: Any) -> datetime | None:
    """As Fields.moment, for a bare value. Raises TypeError or ValueError."""
    found = _date_time(value)
    if found is None:
        return None
    if found.tzinfo is not None:
        return found.astimezone(UTC)
    # Four times as fast as replace(tzinfo=UTC).
    return datetime.combine(found, found.time(), UTC)


def as_day(value: Any) -> date | None:
    """As Fields.day, for a bare value. Raises TypeError or ValueError."""
    found = _date_time(value)
    return found.date() if found else None


def _date_time(value: Any) -> datetime | None:
    if value is None or value == "":
        return None
    found = datetime.fromisoformat(value)
    return found if _FIRST_YEAR < found.year < _LAST_YEAR else None


class Fields:
    """Reads one record's fields; what cannot be read raises BadRecord with the field's name and the record's.

    Missing and null are the type's "none": "", None, 0. For flags the caller says what missing means.
    """

    __slots__ = ("_data", "record")

    def __init__(self, data: Mapping[str, Any], record: str) -> None:
        self._data = data
        self.record = record

    @classmethod
    def of(cls, data: Any, record: str) -> Self:
        """Raises UnexpectedAnswer when `data` is no object at all."""
        if not isinstance(data, dict):
            raise UnexpectedAnswer(f"{record}: {type(data).__name__} instead of an object")
        return cls(data, record)

    def bad(self, name: str, words: str) -> BadRecord:
        return BadRecord(words, column=name, record=self.record)

    def text(self, name: str) -> str:
        value = self._data.get(name)
        if type(value) is str:
            return value
        if value is None:
            return ""
        if isinstance(value, int | Decimal) and not isinstance(value, bool):
            return str(value)
        raise self.bad(name, f"{type(value).__name__} instead of text")

    def id(self, name: str) -> int | None:
        """A record's number; 0 means none."""
        value = self._data.get(name)
        if type(value) is int and 0 < value < TOO_LARGE_ID:
            return value
        if isinstance(value, str) and value.isdecimal() and len(value) < 19:
            value = int(value)
        if value is None or value == "":
            return None
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < TOO_LARGE_ID:
            raise self.bad(name, "this is no record number")
        return value or None

    def required_id(self, name: str) -> int:
        value = self.id(name)
        if value is None:
            raise self.bad(name, "a record number is missing")
        return value

    def number(self, name: str) -> int:
        value = self._data.get(name)
        if value is None:
            return 0
        if not isinstance(value, int) or isinstance(value, bool):
            raise self.bad(name, "this is no whole number")
        return value

    def percent(self, name: str) -> int | None:
        """A whole number from 0 to 100, which lists write as a text; None when there is none."""
        value = self._data.get(name)
        if isinstance(value, str) and value.strip().isdecimal() and len(value) < 9:
            value = int(value)
        if value is None or value == "":
            return None
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= 100:
            raise self.bad(name, "this is no percentage")
        return value

    def flag(self, name: str, *, missing: bool) -> bool:
        value = self._data.get(name)
        if isinstance(value, bool):
            return value
        if value is None or value == "":
            return missing
        # bool("False") is True: texts and numbers are compared, never converted.
        known = {"true": True, "1": True, "false": False, "0": False}.get(str(value).lower())
        if known is None:
            raise self.bad(name, "neither true nor false")
        return known

    def amount(self, name: str) -> Decimal:
        value = self._data.get(name)
        if value is None or value == "":
            return Decimal(0)
        try:
            if isinstance(value, bool) or not isinstance(value, int | Decimal | str):
                raise InvalidOperation
            amount = Decimal(value)
        except InvalidOperation:
            raise self.bad(name, "this is no amount") from None
        if not amount.is_finite() or amount.copy_abs() >= TOO_LARGE:
            raise self.bad(name, "this amount is out of range")
        return amount

    def moment(self, name: str) -> datetime | None:
        """A date-time that SuperOffice keeps in UTC (created, updated), with or without a Z."""
        return self._dated(name, as_moment)

    def day(self, name: str) -> date | None:
        """The day of a date-time in the tenant's own zone, as it stands there; never converted."""
        return self._dated(name, as_day)

    def _dated(self, name: str, read: Callable[[Any], Dated | None]) -> Dated | None:
        try:
            return read(self._data.get(name))
        except (TypeError, ValueError):
            raise self.bad(name, "this is no date") from None

    def inner(self, name: str) -> "Fields":
        """A nested object; empty when it is missing or null."""
        value = self._data.get(name)
        if value is not None and not isinstance(value, dict):
            raise self.bad(name, f"{type(value).__name__} instead of an object")
        return Fields(value or {}, self.record)

    def items(self, name: str) -> list[Any]:
        value = self._data.get(name)
        if value is not None and not isinstance(value, list):
            raise self.bad(name, f"{type(value).__name__} instead of a list")
        return value or []

    def texts(self, name: str) -> tuple[str, ...]:
        """A list of texts."""
        return tuple(Fields({name: item}, self.record).text(name) for item in self.items(name))
