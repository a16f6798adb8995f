"""Figures and charts of a result: of what the table shows, of a run without rows, and over runs.

Each chart has a sentence that says its point, and its numbers are a table first and a drawing second. Amounts of
different currencies never stand on one scale.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from heapq import nsmallest
from typing import Any

from django.urls import reverse
from django.utils.formats import date_format, number_format
from django.utils.timezone import localtime
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from reports.models import Report, Row, Run
from reports.templatetags.report_words import money_of
from reports.viewer.facet_panel import value_label
from reports.viewer.filters import Choice
from reports.viewer.result_table import address
from reports.viewer.time_steps import Axis, axis_of
from reports.viewer.viewing import Selection

MOST_BARS = 10
MOST_CURRENCIES = 6  # with a chart of their own
_MOST_RUNS = 30
Number = int | Decimal


@dataclass(frozen=True, slots=True)
class Bar:
    """One line of a chart's table: a number per series, as numbers and as people read them."""

    label: str
    values: list[Number]
    texts: list[str]
    url: str = ""


@dataclass(frozen=True, slots=True)
class Chart:
    """`kind` is bars (lying), columns or lines; `head` heads the labels, `series` the numbers."""

    key: str
    title: str
    sentence: str
    kind: str
    head: str
    series: list[str]
    bars: list[Bar]

    def as_json(self) -> dict[str, Any]:
        """What the script draws: the same numbers as in the table."""
        return {
            "kind": self.kind,
            "labels": [bar.label for bar in self.bars],
            "urls": [bar.url for bar in self.bars],
            "series": [
                {"label": label, "values": [float(bar.values[place]) for bar in self.bars]}
                for place, label in enumerate(self.series)
            ],
        }


@dataclass(frozen=True, slots=True)
class Money:
    """The amount in one currency; `share` of it (0 to 1) has a product, None of nothing."""

    currency: str
    text: str
    share: float | None


@dataclass(frozen=True, slots=True)
class Summary:
    """The figures above the charts. `assumed_share` of the pieces (0 to 1) are a 1 that nobody wrote; `base` says
    what shares of the sales are of: "386 sales with a company".
    """

    count: int
    base: str
    matched_count: int
    money: list[Money]
    quantity: Decimal
    assumed_share: float


def _share(part: Number, whole: Number) -> float | None:
    return float(part) / float(whole) if whole > 0 else None


def base_words(count: int, *, is_partly: bool) -> str:
    """What a share of the sales of a run is of; `is_partly`: sales without a company were left aside."""
    if is_partly:
        words = ngettext("%(count)s sale with a company", "%(count)s sales with a company", count)
    else:
        words = ngettext("%(count)s sale looked at", "%(count)s sales looked at", count)
    return words % {"count": _grouped(count)}


def _grouped(number: Number) -> str:
    return str(number_format(number, use_l10n=True, force_grouping=True))


# --- Of what the table shows --------------------------------------------------------------------------------


def summary_of(selection: Selection) -> Summary:
    matched = selection.view.facets["stage"].bits(Row.Stage.MATCHED)
    matched_count = (selection.bits & matched).bit_count()
    found = selection.amounts(matched)
    quantity, assumed_count = selection.quantity()
    return Summary(
        count=selection.count,
        base=_base_of(selection),
        matched_count=matched_count,
        money=[
            _money(currency, amount, found.get(currency, Decimal(0)))
            for currency, amount in selection.amounts().items()
        ],
        quantity=quantity,
        assumed_share=_share(assumed_count, quantity) or 0.0,
    )


def _base_of(selection: Selection) -> str:
    count = selection.count
    if selection.filter.is_active:
        return ngettext("%(count)s sale shown", "%(count)s sales shown", count) % {"count": _grouped(count)}
    return base_words(count, is_partly=count < selection.view.size)


def _money(currency: str, amount: Decimal, matched: Decimal) -> Money:
    return Money(value_label("currency", currency), money_of(amount, currency), _share(matched, amount))


def charts_of(selection: Selection, path: str) -> list[Chart]:
    """Products, customers, months, and the amount per month of each of the usual currencies."""

    def url(key: str, values: tuple[str, ...]) -> str:
        return address(path, selection.filter.choosing(key, Choice(included=values)), "rows")

    months = selection.counts("month")
    axis = axis_of(months, selection.filter.step)
    charts = [
        _ranking("product", selection.counts("product"), selection.count, url),
        _ranking("customer", selection.counts("customer"), selection.count, url),
        _timeline(months, selection.count, axis, url),
        *(
            _amounts(currency, selection.month_amounts(currency), axis, url)
            for currency in list(selection.amounts())[:MOST_CURRENCIES]
        ),
    ]
    return [chart for chart in charts if chart.bars]


def _ranking(key: str, counts: Mapping[str, int], total: int, url: Any) -> Chart:
    named = nsmallest(MOST_BARS, ((-count, value) for value, count in counts.items() if value))
    bars = [
        Bar(value_label(key, value), [-count], [_grouped(-count)], url(key, (value,)) if url else "")
        for count, value in named
    ]
    titles = {"product": (_("Products"), _("Product")), "customer": (_("Customers"), _("Customer"))}
    title, head = titles[key]
    words = ngettext(
        "Most often: %(what)s, in %(count)s of %(total)s sale.",
        "Most often: %(what)s, in %(count)s of %(total)s sales.",
        total,
    )
    sentence = _most(bars, total, words) if bars else ""
    return Chart(f"{key}s", title, sentence, "bars", head, [_("Sales")], bars)


def _most(bars: Sequence[Bar], total: int, words: str) -> str:
    """Where most sales are, in these words."""
    worst = max(bars, key=lambda bar: bar.values[0])
    return words % {"what": worst.label, "count": worst.texts[0], "total": _grouped(total)}


def _timeline(counts: Mapping[str, int], total: int, axis: Axis, url: Any) -> Chart:
    bars = [
        Bar(step.label, [count], [_grouped(count)], url("month", step.months) if url and count else "")
        for step in axis.steps
        for count in [sum(counts[month] for month in step.months)]
    ]
    title = _("Sales per year") if axis.is_by_year else _("Sales per month")
    dated = [bar for bar, step in zip(bars, axis.steps, strict=True) if step.months != ("",)]
    words = _("Most sales in %(what)s: %(count)s of %(total)s.")
    sentence = _most(dated, total, words) if dated else ""
    return Chart("months", title, sentence, "columns", _("Time"), [_("Sales")], bars)


def _amounts(currency: str, amounts: Mapping[str, Decimal], axis: Axis, url: Any) -> Chart:
    bars = []
    for step in axis.steps:
        found = [amounts[month] for month in step.months if month in amounts]
        amount = sum(found, Decimal(0))
        way = url("month", step.months) if url and found else ""
        bars.append(Bar(step.label, [amount], [money_of(amount, currency)], way))
    name = value_label("currency", currency)
    words = _("Amount in %(currency)s per year") if axis.is_by_year else _("Amount in %(currency)s per month")
    title = words % {"currency": name}
    sentence = ""
    if bars:
        most = max(bars, key=lambda bar: bar.values[0])
        total = money_of(sum(amounts.values(), Decimal(0)), currency)
        sentence = _("Together %(total)s, most in %(when)s (%(amount)s).") % {
            "total": total,
            "when": most.label,
            "amount": most.texts[0],
        }
    key = f"amount-{currency.lower() if currency.isascii() and currency.isalnum() else 'none'}"
    return Chart(key, title, sentence, "columns", _("Time"), [_("Amount")], bars)


def currencies_left_out(currencies: Iterable[str]) -> str:
    """A sentence about the currencies that have no chart; empty where all have."""
    names = [value_label("currency", currency) for currency in list(currencies)[MOST_CURRENCIES:]]
    return (
        _("No chart of their own, for lack of room: %(currencies)s.") % {"currencies": ", ".join(names)}
        if names
        else ""
    )


# --- Of a run that has only its figures left -----------------------------------------------------------------


def summary_of_figures(figures: Mapping[str, Any]) -> Summary:
    """The same figures from `Run.figures`, of the same sales; of a run of an earlier release: those searched."""
    sales, quality, shown = figures.get("sales", {}), figures.get("quality", {}), figures.get("shown")
    count = int(shown["sales"] if shown else sales.get("searched", 0))
    matched = int(sales.get("matched", 0))
    quantity = Decimal(quality.get("quantity", "0"))
    return Summary(
        count=count,
        base=base_words(count, is_partly=count < int(sales.get("total", count))),
        matched_count=matched,
        money=[
            _money(currency, Decimal(amount), Decimal(found))
            for currency, amount, found in _currencies(figures)
        ],
        quantity=quantity,
        assumed_share=_share(int(quality.get("assumed", 0)), quantity) or 0.0,
    )


def _currencies(figures: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Currency, amount and amount with a product, most sales first; in the order of the alphabet in older ones."""
    if shown := figures.get("shown"):
        return [(one["currency"], one["amount"], one["matched"]) for one in shown["currencies"]]
    amounts = figures.get("amount", {})
    return [(currency, sums["searched"], sums["matched"]) for currency, sums in amounts.items()]


def charts_of_figures(figures: Mapping[str, Any], *, step: str = "") -> list[Chart]:
    """The same charts from `Run.figures`, without a way to their rows.

    A run of an earlier release has them only of the sales with a product.
    """
    shown = figures.get("shown")
    lists, total = (
        (shown, int(shown["sales"])) if shown else (figures, int(figures.get("sales", {}).get("matched", 0)))
    )
    months = lists.get("months", [])
    axis = axis_of((one["month"] for one in months), step)
    charts = [
        _ranking("product", _named(lists.get("products", [])), total, None),
        _ranking("customer", _named(lists.get("customers", [])), total, None),
        _timeline({one["month"]: int(one["sales"]) for one in months}, total, axis, None),
    ]
    for currency, _amount, _found in _currencies(figures)[:MOST_CURRENCIES]:
        amounts = {
            one["month"]: Decimal(one["amount"][currency]) for one in months if currency in one["amount"]
        }
        charts.append(_amounts(currency, amounts, axis, None))
    return [chart for chart in charts if chart.bars]


def amounts_of(figures: Mapping[str, Any], currency: str) -> tuple[Decimal, Decimal]:
    """The amount in one currency that has a product, and all of it, of the same sales as the figures above."""
    for name, amount, found in _currencies(figures):
        if name == currency:
            return Decimal(found), Decimal(amount)
    return Decimal(0), Decimal(0)


def currencies_of_figures(figures: Mapping[str, Any]) -> list[str]:
    return [currency for currency, _amount, _found in _currencies(figures)]


def months_of_figures(figures: Mapping[str, Any]) -> list[str]:
    lists = figures.get("shown") or figures
    return [one["month"] for one in lists.get("months", [])]


def _named(entries: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for entry in entries:
        counts[entry["name"]] = counts.get(entry["name"], 0) + int(entry["sales"])
    return counts


# --- Over runs ----------------------------------------------------------------------------------------------


def trend_of(report: Report, runs: Iterable[Run]) -> Chart | None:
    """How many sales had a product, run by run, oldest first; None for fewer than two. One query."""
    newest = list(runs)[:_MOST_RUNS]
    if len(newest) < 2:
        return None
    bars = [_run_bar(run) for run in reversed(newest)]
    first, last = bars[0], bars[-1]
    if first.texts == last.texts:
        sentence = _(
            "Newest run: product found in %(last)s of %(last_all)s sales, as in the first run shown."
        )
    else:
        sentence = _(
            "Newest run: product found in %(last)s of %(last_all)s sales; "
            "first run shown: in %(first)s of %(first_all)s."
        )
    words = sentence % {
        "last": last.texts[0],
        "last_all": last.texts[1],
        "first": first.texts[0],
        "first_all": first.texts[1],
    }
    series = [str(Row.Stage.MATCHED.label), _("All with a company")]
    title = _("Sales, run by run")
    return Chart("trend", title, f"{words} {gaps_in(newest)}".strip(), "lines", _("Run"), series, bars)


def gaps_in(runs: Sequence[Run]) -> str:
    """A sentence about the runs among these that miss sales; empty where none does."""
    count = sum(run.status == Run.Status.INCOMPLETE for run in runs)
    words = ngettext(
        "%(count)s of these runs is incomplete.", "%(count)s of these runs are incomplete.", count
    )
    return words % {"count": count} if count else ""


def run_label(run: Run) -> str:
    """When a run ended, and that it is incomplete, where it is: figures of such a run never go without that."""
    style = "d.m.Y H:i" if get_language() == "de" else "j M Y H:i"
    when = date_format(localtime(run.finished_at), style) if run.finished_at else "–"
    return _("%(when)s · incomplete") % {"when": when} if run.status == Run.Status.INCOMPLETE else when


def _run_bar(run: Run) -> Bar:
    matched = int(run.funnel.get(Row.Stage.MATCHED, 0))
    everything = run.read_count - int(run.funnel.get(Row.Stage.NO_COMPANY, 0))
    texts = [_grouped(matched), _grouped(everything)]
    return Bar(run_label(run), [matched, everything], texts, reverse("run", args=[run.pk]))
