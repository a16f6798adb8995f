"""The figures of two runs beside each other: also where their sales are no longer kept."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from reports.models import Row, Run
from reports.templatetags.report_words import grouped, money_of
from reports.viewer.facet_panel import value_label

_MOST_PRODUCTS = 10


@dataclass(frozen=True, slots=True)
class FigureLine:
    """One figure of both runs as people read it; `change` has a sign, "" where nothing changed."""

    label: str
    before: str
    after: str
    change: str


def figure_lines(before: Run, after: Run) -> list[FigureLine]:
    """Sums first: all sales, the amount with a product in each currency; then sales by stage, and the commonest
    products of either run.
    """
    lines = [_counted(_("Sales looked at"), before.read_count, after.read_count), *_amounts(before, after)]
    for stage in Row.Stage:
        had, has = (int(run.funnel.get(stage.value, 0)) for run in (before, after))
        if had or has:
            lines.append(_counted(str(stage.label), had, has))
    return [*lines, *_products(before, after)]


def _counted(label: str, had: int, has: int) -> FigureLine:
    return FigureLine(label, grouped(had), grouped(has), _signed(has - had, grouped(abs(has - had))))


def _signed(difference: Decimal | int, words: str) -> str:
    if not difference:
        return ""
    return f"{'+' if difference > 0 else '−'}{words}"


def _amounts(before: Run, after: Run) -> list[FigureLine]:
    sums = [run.figures.get("amount", {}) for run in (before, after)]
    lines = []
    for currency in sorted({currency for one in sums for currency in one}):
        had, has = (Decimal(one.get(currency, {}).get("matched", "0")) for one in sums)
        label = _("Amount with a product, %(currency)s") % {"currency": value_label("currency", currency)}
        change = _signed(has - had, money_of(abs(has - had), currency))
        lines.append(FigureLine(label, money_of(had, currency), money_of(has, currency), change))
    return lines


def _products(before: Run, after: Run) -> list[FigureLine]:
    """Of the 50 commonest that figures keep, those with most sales in either run."""
    had, has = (_by_name(run.figures.get("products", [])) for run in (before, after))
    names = sorted({*had, *has}, key=lambda name: (-max(had.get(name, 0), has.get(name, 0)), name))
    return [_counted(name, had.get(name, 0), has.get(name, 0)) for name in names[:_MOST_PRODUCTS]]


def _by_name(products: list[Mapping[str, Any]]) -> dict[str, int]:
    return {one["name"]: int(one["sales"]) for one in products}
