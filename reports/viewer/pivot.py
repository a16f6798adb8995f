"""Results in groups: by product, family or customer, and family by month. Every sum equals the table's."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from django.utils.translation import gettext as _

from reports.models import Sale
from reports.templatetags.report_words import grouped
from reports.viewer.facet_panel import value_label
from reports.viewer.facets import parts_of
from reports.viewer.filters import Choice
from reports.viewer.result_table import address
from reports.viewer.run_index import CENT, PART, alphabetical, quantity_of
from reports.viewer.time_steps import Axis, axis_of
from reports.viewer.viewing import Selection

Positions = tuple[str, list[int]]  # the value of a group, and where its rows stand
MOST_GROUPS = 100
_MOST_FAMILIES = 30
# What a table of groups can be sorted by, in the words of the address; its own order is that of the newest sales.
_BY_COUNT, _BY_PIECES, _BY_AMOUNT = "sale_number", "quantities", "amount"
_NAMES = {"product": "products", "family": "families", "customer": "customer"}


@dataclass(frozen=True, slots=True)
class Group:
    """The sales of one product, family or customer; `amounts` in the order of Groups.currencies, None: none.
    `quantity` counts pieces of the product, or of all products of the customer; None where pieces cannot be told.
    """

    label: str
    url: str
    count: int
    quantity: Decimal | None
    amounts: list[Decimal | None]


@dataclass(frozen=True, slots=True)
class GroupHead:
    """A head that sorts: `order` is "ascending", "descending" or ""."""

    id: str
    title: str
    is_number: bool
    sort_url: str
    order: str


@dataclass(frozen=True, slots=True)
class Groups:
    """The first groups in the order wanted. `total` counts every sale once, so that a sale with two products does not
    stand in it twice; `hidden_count` groups are not listed. `statuses` says sales of which status are counted, and
    `sold_url` leads to the sold ones alone; both empty where a status is chosen or there is only one.
    """

    title: str
    heads: list[GroupHead]
    currencies: list[str]
    groups: list[Group]
    total: Group
    hidden_count: int
    has_quantity: bool
    statuses: str
    sold_url: str


def groups_of(selection: Selection, key: str, path: str) -> Groups:
    """The selection grouped by a facet: "product", "family" or "customer"."""
    currencies = selection.amounts()
    title = {"product": _("Product"), "family": _("Product family"), "customer": _("Customer")}[key]
    sums = _Sums(selection, key, list(currencies))
    found = sorted(selection.view.facets[key].rows(selection.flags), key=lambda one: (-len(one[1]), one[0]))
    found = sums.in_order(found)
    groups = [
        Group(
            label=value_label(key, value),
            url=address(
                path,
                selection.filter.choosing(key, Choice(included=(value,))).changed(layout="", measure=""),
                "rows",
            ),
            count=len(positions),
            quantity=sums.quantity(value, positions),
            amounts=[sums.amount(positions, currency) for currency in currencies],
        )
        for value, positions in found[:MOST_GROUPS]
    ]
    pieces = selection.quantity()[0] if key != "family" else None
    words = _("Together") if key == "customer" else _("Each sale once")
    statuses, sold_url = _statuses(selection, path)
    return Groups(
        title=title,
        heads=sums.heads(title, path),
        currencies=list(currencies),
        groups=groups,
        total=Group(words, "", selection.count, pieces, list(currencies.values())),
        hidden_count=max(len(found) - MOST_GROUPS, 0),
        has_quantity=key != "family",
        statuses=statuses,
        sold_url=sold_url,
    )


def _statuses(selection: Selection, path: str) -> tuple[str, str]:
    """ "Open 213, Sold 120", and the way to the sold ones alone."""
    counts = selection.counts("status")
    if selection.filter.choice("status") or len(counts) < 2:
        return "", ""
    ranked = sorted(counts.items(), key=lambda one: (-one[1], one[0]))
    words = ", ".join(f"{value_label('status', status)} {grouped(count)}" for status, count in ranked)
    sold = Sale.Status.SOLD.value
    only = selection.filter.choosing("status", Choice(included=(sold,)))
    return words, address(path, only, "rows") if sold in counts else ""


class _Sums:
    """Pieces and amounts of groups, and the order that the address wants of them."""

    def __init__(self, selection: Selection, key: str, currencies: list[str]) -> None:
        self._selection, self._key, self._currencies = selection, key, currencies
        self._products = selection.product_quantities() if key == "product" else {}
        self._known: dict[str, int] = {}  # pieces by their text
        wanted = selection.filter
        self._measure = wanted.measure if wanted.measure in currencies else next(iter(currencies), "")
        column = wanted.sort.removeprefix("-")
        usable = {_BY_COUNT, _BY_AMOUNT, _NAMES[key], *([_BY_PIECES] if key != "family" else [])}
        self._column = column if column in usable else _BY_COUNT
        self._falls = wanted.sort.startswith("-") or column not in usable

    def quantity(self, value: str, positions: Iterable[int]) -> Decimal | None:
        if self._key == "product":
            return self._products.get(value)
        return self._pieces(positions) * PART if self._key == "customer" else None

    def _pieces(self, positions: Iterable[int]) -> int:
        total, known, products = 0, self._known, self._selection.view.products
        for position in positions:
            text = products[position][1]
            if text not in known:
                known[text] = sum(map(quantity_of, parts_of(text)))
            total += known[text]
        return total

    def amount(self, positions: Iterable[int], currency: str) -> Decimal | None:
        view = self._selection.view
        cents = [view.cents[one] for one in positions if view.currencies[one] == currency]
        return sum(cents) * CENT if cents else None

    def in_order(self, found: list[Positions]) -> list[Positions]:
        """`found` has most sales first; groups without a number in the sorted column come last either way."""
        if self._column == _BY_COUNT:
            return found if self._falls else sorted(found, key=lambda one: (len(one[1]), one[0]))
        if self._column == _NAMES[self._key]:
            return sorted(found, key=lambda one: alphabetical(one[0]), reverse=self._falls)
        if self._column == _BY_PIECES:
            ranked = [(self.quantity(*one), one) for one in found]
        else:
            ranked = [(self.amount(one[1], self._measure), one) for one in found]
        told = sorted(
            ((rank, one) for rank, one in ranked if rank is not None),
            key=lambda entry: entry[0],
            reverse=self._falls,
        )
        return [one for _rank, one in told] + [one for rank, one in ranked if rank is None]

    def heads(self, title: str, path: str) -> list[GroupHead]:
        heads = [
            self._head(_NAMES[self._key], title, path, is_number=False),
            self._head(_BY_COUNT, _("Sales"), path),
        ]
        if self._key != "family":
            heads.append(self._head(_BY_PIECES, _("Pieces"), path))
        for currency in self._currencies:
            heads.append(self._head(_BY_AMOUNT, value_label("currency", currency), path, currency=currency))
        return heads

    def _head(
        self, column: str, title: str, path: str, *, is_number: bool = True, currency: str | None = None
    ) -> GroupHead:
        is_sorted = self._column == column and currency in (None, self._measure)
        order = ("descending" if self._falls else "ascending") if is_sorted else ""
        goes_down = not self._falls if is_sorted else is_number
        turned = self._selection.filter.changed(
            sort=("-" if goes_down else "") + column, measure=currency or ""
        )
        place = f"sort-{column}" + (f"-{self._currencies.index(currency)}" if currency is not None else "")
        return GroupHead(place, title, is_number, address(path, turned, "rows"), order)


# --- Family by month ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PivotCell:
    value: Decimal | int | None
    url: str


@dataclass(frozen=True, slots=True)
class PivotRow:
    """`url` leads to the sales of the family, empty where several stand in one line."""

    label: str
    url: str
    cells: list[PivotCell]
    total: PivotCell


@dataclass(frozen=True, slots=True)
class Pivot:
    """Families down, months or years across, as in the charts.

    `measure` is "" for the number of sales, or the currency of the amounts. A sale of two families stands in
    both rows; `total` counts each sale once, so that it equals the table.
    """

    measure: str
    measures: list[tuple[str, str, str]]  # value, words, address
    heads: list[str]
    rows: list[PivotRow]
    total: PivotRow
    is_by_year: bool


def pivot_of(selection: Selection, path: str) -> Pivot:
    """Family by month of the selection."""
    currencies = list(selection.amounts())
    wanted = selection.filter
    measure = wanted.measure if wanted.measure in currencies else ""
    axis = axis_of(selection.counts("month"), wanted.step)
    families = sorted(
        selection.view.facets["family"].rows(selection.flags), key=lambda one: (-len(one[1]), one[0])
    )
    shown, rest = families[:_MOST_FAMILIES], families[_MOST_FAMILIES:]
    table = _Table(selection, axis, measure, path)
    rows = [table.row(value_label("family", value), positions, (value,)) for value, positions in shown]
    if rest:
        others = sorted({position for _value, positions in rest for position in positions})
        rows.append(table.row(_("Other families"), others, tuple(value for value, _positions in rest)))
    choices = [("", _("Sales")), *((one, one) for one in currencies if one)]
    return Pivot(
        measure=measure,
        measures=[
            (value, words, address(path, wanted.changed(measure=value), "rows")) for value, words in choices
        ],
        heads=[step.label for step in axis.steps],
        rows=rows,
        total=table.row(_("Each sale once"), selection.positions(), ()),
        is_by_year=axis.is_by_year,
    )


class _Table:
    """Fills the rows of one pivot."""

    def __init__(self, selection: Selection, axis: Axis, measure: str, path: str) -> None:
        self._selection, self._axis, self._measure, self._path = selection, axis, measure, path
        self._column_of = {month: place for place, step in enumerate(axis.steps) for month in step.months}

    def row(self, label: str, positions: Iterable[int], families: tuple[str, ...]) -> PivotRow:
        values: Counter[int] = Counter()
        view = self._selection.view
        for position in positions:
            column = self._column_of[view.months[position]]
            if not self._measure:
                values[column] += 1
            elif view.currencies[position] == self._measure:
                values[column] += view.cents[position]
        cells = [
            PivotCell(self._shown(values, place), self._url(families, step.months))
            for place, step in enumerate(self._axis.steps)
        ]
        everything = Counter({0: sum(values.values())}) if values else Counter[int]()
        url = self._family_url(families[0]) if len(families) == 1 else ""
        return PivotRow(label, url, cells, PivotCell(self._shown(everything, 0), self._url(families, ())))

    def _family_url(self, family: str) -> str:
        """The sales of a family as a table, of all time and in all currencies."""
        wanted = self._selection.filter.changed(layout="", measure="")
        return address(self._path, wanted.choosing("family", Choice(included=(family,))), "rows")

    def _shown(self, values: "Counter[int]", column: int) -> Decimal | int | None:
        if column not in values:
            return None
        return values[column] * CENT if self._measure else values[column]

    def _url(self, families: tuple[str, ...], months: Iterable[str]) -> str:
        """The sales of one cell as a table; many families at once are no address."""
        wanted = self._selection.filter.changed(layout="", measure="")
        if len(families) > 1:
            return ""
        if families:
            wanted = wanted.choosing("family", Choice(included=families))
        if months := tuple(months):
            wanted = wanted.choosing("month", Choice(included=months))
        if self._measure:
            wanted = wanted.choosing("currency", Choice(included=(self._measure,)))
        return address(self._path, wanted, "rows")
