"""Everything that a row of a report can show: one typed column each, under a key that never changes."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Literal

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

# What may stand in a row. Dates may also come as ISO text, as SQLite stores them: a raw cursor is fine.
Cell = str | int | float | Decimal | date | datetime | None
Kind = Literal["id", "text", "integer", "decimal", "number", "date", "datetime", "flag"]


@dataclass(frozen=True, slots=True)
class Column:
    """One column. `name` heads it in files for programs, `title` in those for people.

    What its cells may be, by kind (None is always an empty cell; anything else is a TypeError):
    id, integer: int. text: anything, written as its text. decimal: Decimal, int or float, written with two
    places. number: the same, with as many places as it has. date: date or ISO text. datetime: datetime or ISO text;
    without an offset it is taken for UTC.
    flag: True, False, 1 or 0.
    """

    key: str
    name: str
    title: str | Promise
    kind: Kind
    width: int = 12  # of the column in a workbook, in characters


_CATALOGUE = (
    Column("sale_number", "SaleId", _("Sale"), "id", 10),
    Column("customer", "CustomerName", _("Customer"), "text", 30),
    Column("heading", "SaleHeading", _("Heading"), "text", 44),
    Column("products", "Products", _("Products"), "text", 30),
    Column("quantities", "Quantities", _("Quantities"), "text", 11),
    Column("families", "Families", _("Product families"), "text", 24),
    Column("source", "Source", _("Source"), "text", 16),
    Column("status", "Status", _("Status"), "text", 12),
    Column("stage", "Result", _("Result"), "text", 22),
    Column("amount", "Amount", _("Amount"), "decimal", 14),
    Column("currency", "Currency", _("Currency"), "text", 9),
    Column("sale_date", "SaleDate", _("Sale date"), "date", 11),
    Column("owner", "Owner", _("Owner"), "text", 22),
    Column("person", "Person", _("Person"), "text", 22),
    Column("sale_no", "SaleNumber", _("Sale number"), "text", 14),
    Column("sale_type", "SaleType", _("Sale type"), "text", 18),
    Column("probability", "Probability", _("Probability in percent"), "integer", 14),
    Column("registered_on", "RegisteredOn", _("Registered on"), "date", 12),
    Column("changed_at", "ChangedAt", _("Changed at"), "datetime", 17),
    Column("description", "Description", _("Description"), "text", 44),
)
# In workbooks beside the quantities, which are a text where a sale has several products.
PIECES = Column("pieces", "Pieces", _("Pieces"), "number", 9)
REPORT_COLUMNS = {column.key: column for column in _CATALOGUE}
DEFAULT_KEYS = (
    "sale_number",
    "sale_no",
    "customer",
    "heading",
    "products",
    "quantities",
    "status",
    "amount",
    "currency",
    "sale_date",
    "owner",
)
# What the commands write, whose readers are programs: no column comes in between.
COLUMNS = tuple(REPORT_COLUMNS[key].name for key in DEFAULT_KEYS if key != "sale_no")


def columns_of(keys: Iterable[str]) -> tuple[Column, ...]:
    """The columns with these keys, in this order; raises KeyError for one that the catalogue does not have."""
    return tuple(REPORT_COLUMNS[key] for key in keys)


def local_title(column: Column, zone_name: str) -> str:
    """The heading for people, in the active language; moments name the time zone they are told in."""
    return f"{column.title} ({zone_name})" if column.kind == "datetime" else str(column.title)
