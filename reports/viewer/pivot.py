"""Results in groups: by product, family or customer, and family by month. Every sum equals the table's."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal

from django.utils.translation import gettext as _

from reports.viewer.facet_panel import value_label
from reports.viewer.filters import Choice
from reports.viewer.result_table import address
from reports.viewer.run_index import CENT
from reports.viewer.time_steps import Axis, axis_of
from reports.viewer.viewing import Selection

MOST_GROUPS = 100
_MOST_FAMILIES = 30


@dataclass(frozen=True, slots=True)
class Group:
    """The sales of one product, family or customer; `amounts` in the order of Groups.currencies, None: none.
    `quantity` counts pieces of the product, None where pieces cannot be told.
    """

    label: str
    url: str
    count: int
    quantity: Decimal | None
    amounts: list[Decimal | None]


@dataclass(frozen=True, slots=True)
class Groups:
    """The groups with most sales. `total` counts every sale once, so that a sale with two products does not
    stand in it twice; `hidden_count` groups are not listed.
    """

    title: str
    currencies: list[str]
    groups: list[Group]
    total: Group
    hidden_count: int
    has_quantity: bool


def groups_of(selection: Selection, key: str, path: str) -> Groups:
    """The selection grouped by a facet: "product", "family" or "customer"."""
    view, totals = selection.view, selection.amounts()
    found = list(view.facets[key].rows(selection.flags))
    found.sort(key=lambda one: (-len(one[1]), one[0]))
    quantities = selection.product_quantities() if key == "product" else {}
    groups = []
    for value, positions in found[:MOST_GROUPS]:
        cents: Counter[str] = Counter()
        for position in positions:
            cents[view.currencies[position]] += view.cents[position]
        amounts = [cents[one] * CENT if one in cents else None for one in totals]
        chosen = selection.filter.choosing(key, Choice(included=(value,))).changed(layout="")
        groups.append(
            Group(
                label=value_label(key, value),
                url=address(path, chosen, "rows"),
                count=len(positions),
                quantity=quantities.get(value),
                amounts=amounts,
            )
        )
    pieces = selection.quantity()[0] if key == "product" else None
    total = Group(_("Each sale once"), "", selection.count, pieces, list(totals.values()))
    title = {"product": _("Product"), "family": _("Product family"), "customer": _("Customer")}[key]
    return Groups(title, list(totals), groups, total, max(len(found) - MOST_GROUPS, 0), key == "product")


# --- Family by month ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PivotCell:
    value: Decimal | int | None
    url: str


@dataclass(frozen=True, slots=True)
class PivotRow:
    label: str
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


Measured = Callable[[Iterable[int]], Decimal | int | None]


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
        return PivotRow(label, cells, PivotCell(self._shown(everything, 0), self._url(families, ())))

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
