"""SuperOffice -> local copy."""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import CharField

from connector.models import Connection
from connector.superoffice import types
from reports.models import Sale

_COPIED = (
    "heading",
    "company_id",
    "company_name",
    "company_no_mailing",
    "company_stop",
    "person_id",
    "person_name",
    "person_email",
    "person_no_mailing",
    "person_retired",
    "person_bounced",
    "owner_id",
    "owner_name",
    "amount",
    "currency",
    "status",
)


# The longest text of each column; PostgreSQL refuses a longer one, and one odd record must not stop a report.
_LONGEST = {
    field.name: field.max_length
    for field in Sale._meta.get_fields()
    if isinstance(field, CharField) and field.max_length
}
_CENT, _LARGEST_AMOUNT = Decimal("0.01"), Decimal(10) ** 15


def copy_of(sale: types.Sale) -> dict[str, Any]:
    """The fields of `reports.models.Sale` that come from SuperOffice, cut to what the columns hold.

    An address is never cut: the rest of it would be somebody else's. A longer one counts as none.
    """
    values = {name: getattr(sale, name) for name in _COPIED}
    if len(sale.person_email) > _LONGEST["person_email"]:
        values["person_email"] = ""
    for name, longest in _LONGEST.items():
        if name in values:
            values[name] = values[name][:longest]
    amount = sale.amount if abs(sale.amount) < _LARGEST_AMOUNT else Decimal(0)
    return {
        **values,
        "amount": amount.quantize(_CENT),
        "sold_on": sale.date,
        "changed_at": sale.updated_at,
    }


def store(connection: Connection, sales: Iterable[types.Sale], *, now: datetime) -> dict[int, Sale]:
    """Bring the local copies of `sales` up to date in one statement; returns them by sale id."""
    rows = [Sale(connection=connection, sale_id=sale.id, read_at=now, **copy_of(sale)) for sale in sales]
    Sale.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["connection", "sale_id"],
        update_fields=[*_COPIED, "sold_on", "changed_at", "read_at"],
    )
    ids = [row.sale_id for row in rows]
    return {row.sale_id: row for row in Sale.objects.filter(connection=connection, sale_id__in=ids)}
