"""Pages of SuperOffice's answers into the rows of the local copy, each in one transaction and only what differs.

Numbers rise from page to page, so a page decides about every row between the last number of the page before
and its own: what we hold there and did not come is gone.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import models, transaction
from django.db.models import Count, F, Q

from connector.models import Connection
from connector.superoffice import goods, types
from reports.models import LocalCopy, Product, ProductFamily, QuoteLine, Sale

# Our field -> SuperOffice's, where the names differ.
_RENAMED = {"sold_on": "date", "changed_at": "updated_at", "stage_name": "stage"}
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
    "number",
    "sale_type",
    "probability",
    "registered_at",
    "description",
    "has_quote",
    *_RENAMED,
)
_CENT, _LARGEST_AMOUNT = Decimal("0.01"), Decimal(10) ** 15
_TENTHOUSANDTH, _LARGEST_QUANTITY = Decimal("0.0001"), Decimal(10) ** 13
_LARGEST_RANK = 2**31 - 1
# PostgreSQL holds neither in a text, and no text means anything by them.
_NOT_STORABLE = re.compile("[\x00\ud800-\udfff]")


def _longest(model: type[models.Model]) -> dict[str, int]:
    """The longest text of each column; PostgreSQL refuses a longer one, and one odd record must not stop us."""
    found = (field for field in model._meta.get_fields() if isinstance(field, models.CharField))
    return {field.name: field.max_length for field in found if field.max_length}


_LONGEST: dict[type[models.Model], dict[str, int]] = {
    model: _longest(model) for model in (Sale, QuoteLine, ProductFamily, Product)
}


class SalesVanished(Exception):
    """So many sales would be taken away at once that a lost right is likelier than that they are gone."""

    code = "sales_vanished"

    def __init__(self, missing: int, present: int) -> None:
        self.detail = f"{missing} of {present} sales were not shown"
        super().__init__(self.detail)


@dataclass(frozen=True, slots=True)
class Stored:
    """What a page of sales did to the copy; a sale that was gone and is there again counts as changed."""

    new_count: int
    changed_count: int


# --- The copy as a whole ------------------------------------------------------------------------------


def copy_state(connection: Connection) -> LocalCopy:
    """How old and complete the copy of this tenant is; made when it is asked for first."""
    return LocalCopy.objects.get_or_create(connection=connection)[0]


def count_sales(connection: Connection) -> None:
    """Write into the state how many sales the copy has, and how many of them have no company."""
    counts = (
        Sale.objects.of_tenant(connection)
        .present()
        .aggregate(sale_count=Count("pk"), without_company_count=Count("pk", filter=Q(company_id=None)))
    )
    LocalCopy.objects.filter(connection=connection).update(**counts)


def _raise_revision(connection: Connection) -> None:
    if not LocalCopy.objects.filter(connection=connection).update(revision=F("revision") + 1):
        LocalCopy.objects.get_or_create(connection=connection, defaults={"revision": 1})


# --- Sales --------------------------------------------------------------------------------------------


def copy_of(sale: types.Sale) -> dict[str, Any]:
    """The fields of `reports.models.Sale` that come from SuperOffice, cut to what the columns hold.

    An address is never cut: the rest of it would be somebody else's. A longer one counts as none.
    """
    values = {name: getattr(sale, _RENAMED.get(name, name)) for name in _COPIED}
    if len(sale.person_email) > _LONGEST[Sale]["person_email"]:
        values["person_email"] = ""
    values["amount"] = _fitting(sale.amount, _CENT, _LARGEST_AMOUNT)
    return _storable(Sale, values)


def store_sales(
    connection: Connection,
    sales: Iterable[types.Sale],
    *,
    now: datetime,
    text_columns: Collection[str] | None = None,
) -> Stored:
    """Bring the copies of `sales` up to date. Of the further texts those of `text_columns` are kept, or all
    that we have; one that was not read this time stays as it is.
    """
    read = {sale.id: sale for sale in sales}
    with transaction.atomic():
        held = {row.sale_id: row for row in Sale.objects.filter(connection=connection, sale_id__in=read)}
        new, changed, same = [], [], []
        for sale_id, sale in read.items():
            row = held.get(sale_id)
            values = {**copy_of(sale), "texts": _texts(sale, row, text_columns), "removed_at": None}
            if row is None:
                new.append(Sale(connection=connection, sale_id=sale_id, read_at=now, **values))
            elif any(getattr(row, name) != value for name, value in values.items()):
                changed.append(Sale(connection=connection, sale_id=sale_id, read_at=now, **values))
            else:
                same.append(row.pk)
        _write_sales([*new, *changed])
        Sale.objects.filter(pk__in=same).update(read_at=now)
        if new or changed:
            _raise_revision(connection)
    return Stored(len(new), len(changed))


def _write_sales(rows: list[Sale]) -> None:
    Sale.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["connection", "sale_id"],
        update_fields=[*_COPIED, "texts", "removed_at", "read_at"],
    )


def _texts(sale: types.Sale, row: Sale | None, names: Collection[str] | None) -> dict[str, str]:
    """The further texts of a sale by column; empty ones are left out."""
    texts = {**(row.texts if row else {}), **sale.extra}
    return {
        name: _NOT_STORABLE.sub("", text)
        for name, text in sorted(texts.items())
        if text and (names is None or name in names)
    }


def unseen_sales(connection: Connection, since: datetime) -> "models.QuerySet[Sale]":
    """Sales of the copy that SuperOffice has not shown since then."""
    return Sale.objects.of_tenant(connection).present().filter(read_at__lt=since)


def remove_unseen(connection: Connection, since: datetime, *, now: datetime, may_be_many: bool) -> int:
    """Mark what SuperOffice has not shown since then as gone; returns how many sales that were.

    Raises SalesVanished for more than a fifth of the copy (and more than 20), unless there `may_be_many`.
    """
    unseen = unseen_sales(connection, since)
    missing, present = unseen.count(), Sale.objects.of_tenant(connection).present().count()
    if not may_be_many and missing > 20 and missing * 5 > present:
        raise SalesVanished(missing, present)
    if missing:
        unseen.update(removed_at=now)
        _raise_revision(connection)
    return missing


# --- Quotes -------------------------------------------------------------------------------------------


def store_lines(
    connection: Connection,
    lines: Sequence[goods.QuoteLine],
    alternatives: Mapping[int, int],
    *,
    above: int,
    up_to: int | None,
) -> int:
    """Replace our quote lines with the numbers `above` … `up_to` (None: all the rest) by those of `lines` that
    count; returns how many these are.
    """
    held = QuoteLine.objects.filter(sale__connection=connection, line_id__gt=above)
    if up_to is not None:
        held = held.filter(line_id__lte=up_to)
    return _replace_lines(connection, held, goods.lines_that_count(lines, alternatives))


def store_lines_of(
    connection: Connection,
    sale_ids: Sequence[int],
    lines: Iterable[goods.QuoteLine],
    alternatives: Mapping[int, int],
) -> int:
    """Replace all quote lines of these sales; returns how many there are now."""
    held = QuoteLine.objects.filter(sale__connection=connection, sale__sale_id__in=sale_ids)
    return _replace_lines(connection, held, goods.lines_that_count(lines, alternatives))


def _replace_lines(
    connection: Connection, held: "models.QuerySet[QuoteLine]", lines: list[goods.QuoteLine]
) -> int:
    wanted_sales = {line.sale_id for line in lines}
    with transaction.atomic():
        sales = Sale.objects.filter(connection=connection, sale_id__in=wanted_sales)
        pks = dict(sales.values_list("sale_id", "pk"))
        rows = [
            QuoteLine(sale_id=pks[line.sale_id], line_id=line.id, **_line_values(line))
            for line in lines
            if line.sale_id in pks
        ]
        _replace(connection, held, rows, owner="sale", number="line_id")
    return len(rows)


def _line_values(line: goods.QuoteLine) -> dict[str, Any]:
    values = {name: getattr(line, name) for name in ("name", "code", "family_key")}
    return {
        **_storable(QuoteLine, values),
        "rank": min(max(line.rank, 0), _LARGEST_RANK),
        "quantity": _fitting(line.quantity, _TENTHOUSANDTH, _LARGEST_QUANTITY),
        "total_price": _fitting(line.total_price, _CENT, _LARGEST_AMOUNT),
    }


# --- Catalogue ----------------------------------------------------------------------------------------


def store_families(connection: Connection, families: Iterable[types.ProductFamily]) -> None:
    """Replace the product families by these."""
    rows = [
        ProductFamily(
            connection=connection,
            family_id=family.id,
            rank=min(max(family.rank, -_LARGEST_RANK), _LARGEST_RANK),
            **_storable(ProductFamily, {"name": family.name}),
        )
        for family in families
    ]
    held = ProductFamily.objects.filter(connection=connection)
    _replace(connection, held, rows, owner="connection", number="family_id")


def store_products(
    connection: Connection, products: Sequence[goods.CatalogueProduct], *, above: int, up_to: int | None
) -> None:
    """Replace our products with the numbers `above` … `up_to` (None: all the rest) by these."""
    names = ("name", "code", "family_name")
    rows = [
        Product(
            connection=connection,
            product_id=product.id,
            **_storable(Product, {name: getattr(product, name) for name in names}),
        )
        for product in products
    ]
    held = Product.objects.filter(connection=connection, product_id__gt=above)
    if up_to is not None:
        held = held.filter(product_id__lte=up_to)
    _replace(connection, held, rows, owner="connection", number="product_id")


# --- What all of them share ---------------------------------------------------------------------------


def _replace(
    connection: Connection, held: "models.QuerySet[Any]", wanted: list[Any], *, owner: str, number: str
) -> None:
    """Let `held` be `wanted`, and raise the copy's revision when that changes anything.

    `owner` (a foreign key) and `number` together tell rows apart.
    """
    names = [field.attname for field in held.model._meta.concrete_fields if not field.primary_key]
    rows_of = held.model._default_manager
    with transaction.atomic():
        rest = {(getattr(row, f"{owner}_id"), getattr(row, number)): row for row in held}
        different = []
        for row in wanted:
            old = rest.pop((getattr(row, f"{owner}_id"), getattr(row, number)), None)
            if old is None or any(getattr(old, name) != getattr(row, name) for name in names):
                different.append(row)
        if not different and not rest:
            return
        rows_of.filter(pk__in=[row.pk for row in rest.values()]).delete()
        rows_of.bulk_create(
            different,
            update_conflicts=True,
            unique_fields=[owner, number],
            update_fields=[name for name in names if name not in {f"{owner}_id", number}],
        )
        _raise_revision(connection)


def _storable(model: type[models.Model], values: dict[str, Any]) -> dict[str, Any]:
    """The texts of `values` without what a database refuses, and cut to what their columns hold."""
    longest = _LONGEST[model]
    return {
        name: _NOT_STORABLE.sub("", value)[: longest.get(name)] if isinstance(value, str) else value
        for name, value in values.items()
    }


def _fitting(number: Decimal, step: Decimal, largest: Decimal) -> Decimal:
    """Rounded to `step`; 0 for what no column holds, which is no amount of this world."""
    return (number if abs(number) < largest else Decimal(0)).quantize(step)
