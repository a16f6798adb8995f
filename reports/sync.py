"""SuperOffice -> local copy."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

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


def copy_of(sale: types.Sale) -> dict[str, Any]:
    """The fields of `reports.models.Sale` that come from SuperOffice."""
    limits = {"company_name": 255, "person_name": 255, "owner_name": 255, "person_email": 254}
    values = {name: getattr(sale, name) for name in _COPIED}
    for name, length in limits.items():
        values[name] = values[name][:length]
    return {**values, "sold_on": sale.date, "changed_at": sale.updated_at}


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
