"""Headings in which no keyword finds a product, by the owner of the sale, each with its reason."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from connector.models import Connection
from reports.matching import Keyword, Reason
from reports.models import Sale
from reports.runs.funnel import UNMATCHED, WITHOUT_COMPANY
from reports.suggesting.standing import Standing


@dataclass(frozen=True, slots=True)
class OwnerLine:
    """One owner: sales without a product of all in which one was looked for."""

    owner_id: int | None
    name: str
    unread_count: int
    sale_count: int

    @property
    def share(self) -> float:
        """0 to 1."""
        return self.unread_count / self.sale_count


@dataclass(frozen=True, slots=True)
class UnreadSale:
    """A heading that no keyword reads; `keyword` nearly did, `reason` says what kept it from counting.

    `tags` ("Nachlass") were found, but name no product.
    """

    sale: Sale
    reason: Reason | None
    keyword: Keyword | None
    tags: tuple[str, ...]


def owner_lines(standing: Standing, connection: Connection | None) -> list[OwnerLine]:
    """Owners with a heading that no keyword reads, most first. One query."""
    unread, searched = _numbers(standing)
    sales: Counter[int | None] = Counter()
    found: Counter[int | None] = Counter()
    names: dict[int | None, str] = {}
    rows = Sale.objects.of_tenant(connection).present().order_by("sale_id")
    for sale_id, owner_id, name in rows.values_list("sale_id", "owner_id", "owner_name").iterator():
        names[owner_id] = name or names.get(owner_id, "")
        sales[owner_id] += sale_id in searched
        found[owner_id] += sale_id in unread
    lines = [OwnerLine(key, names[key], found[key], sales[key]) for key in names if found[key]]
    return sorted(lines, key=lambda line: (-line.unread_count, line.name.casefold()))


def _numbers(standing: Standing) -> tuple[set[int], set[int]]:
    """The numbers of sales without a product, and of all whose owner could have named one."""
    unread: set[int] = set()
    searched: set[int] = set()
    for sale, stage in zip(standing.corpus.sales, standing.stages, strict=True):
        if stage == UNMATCHED:
            unread.add(sale.sale_id)
        if stage not in WITHOUT_COMPANY:
            searched.add(sale.sale_id)
    return unread, searched


def unread_sales(
    standing: Standing, connection: Connection | None, owner_id: int | None, *, start: int, most: int
) -> tuple[list[UnreadSale], int]:
    """One page of an owner's headings, newest first, and how many there are. Two queries."""
    unread, _searched = _numbers(standing)
    mine = Sale.objects.of_tenant(connection).present().filter(owner_id=owner_id).order_by("-sale_id")
    keys = [key for key, sale_id in mine.values_list("pk", "sale_id") if sale_id in unread]
    page = Sale.objects.filter(pk__in=keys[start : start + most]).order_by("-sale_id")
    return list(_explained(standing, list(page))), len(keys)


def _explained(standing: Standing, sales: Sequence[Sale]) -> Iterator[UnreadSale]:
    for sale in sales:
        result = standing.matcher.match(sale.heading)
        reason = next(iter(result.rejected), None)
        keyword = standing.matcher.keywords[reason.keyword_id] if reason else None
        yield UnreadSale(sale, reason, keyword, tuple(tag.product for tag in result.tags))
