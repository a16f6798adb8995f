"""Figures and charts of a result: of what the table shows, of a run without rows, and over runs.

Each chart has a sentence that says its point, and its numbers are a table first and a drawing second. Amounts of
different currencies never stand on one scale.
"""

from collections import defaultdict
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
from reports.templatetags.report_words import money_of, percent
from reports.viewer.facet_panel import month_label, value_label
from reports.viewer.filters import Choice
from reports.viewer.result_table import address
from reports.viewer.viewing import Selection

MOST_BARS = 10
_MOST_CURRENCIES = 3
_MOST_MONTHS = 24
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
    """The figures above the charts. `assumed_share` of the pieces (0 to 1) are a 1 that nobody wrote."""

    count: int
    matched_count: int
    matched_share: float
    money: list[Money]
    quantity: Decimal
    assumed_share: float

    @property
    def coverage(self) -> str:
        """One sentence: how much of the sales, and of the amount in each currency, has a product."""
        parts = [_("%(share)s of the sales") % {"share": percent(self.matched_share)}]
        for money in self.money:
            if money.share is not None:
                words = {"share": percent(money.share), "currency": money.currency}
                parts.append(_("%(share)s of the amount in %(currency)s") % words)
        return _("A product was found in %(parts)s.") % {"parts": ", ".join(parts)}


def _share(part: Number, whole: Number) -> float | None:
    return float(part) / float(whole) if whole > 0 else None


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
        matched_count=matched_count,
        matched_share=_share(matched_count, selection.count) or 0.0,
        money=[
            _money(currency, amount, found.get(currency, Decimal(0)))
            for currency, amount in selection.amounts().items()
        ],
        quantity=quantity,
        assumed_share=_share(assumed_count, quantity) or 0.0,
    )


def _money(currency: str, amount: Decimal, matched: Decimal) -> Money:
    return Money(value_label("currency", currency), money_of(amount, currency), _share(matched, amount))


def charts_of(selection: Selection, path: str) -> list[Chart]:
    """Products, customers, months, and the amount per month of each of the usual currencies."""

    def url(key: str, values: tuple[str, ...]) -> str:
        return address(path, selection.filter.choosing(key, Choice(included=values)), "rows")

    charts = [
        _ranking("product", selection.counts("product"), selection.count, url),
        _ranking("customer", selection.counts("customer"), selection.count, url),
        _timeline(selection.counts("month"), selection.count, url),
    ]
    for currency in list(selection.amounts())[:_MOST_CURRENCIES]:
        charts.append(_amounts(currency, selection.month_amounts(currency), url))
    return [chart for chart in charts if chart.bars]


def _ranking(key: str, counts: Mapping[str, int], total: int, url: Any) -> Chart:
    named = nsmallest(MOST_BARS, ((-count, value) for value, count in counts.items() if value))
    bars = [
        Bar(value_label(key, value), [-count], [_grouped(-count)], url(key, (value,)) if url else "")
        for count, value in named
    ]
    titles = {"product": (_("Products"), _("Product")), "customer": (_("Customers"), _("Customer"))}
    title, head = titles[key]
    sentence = _most(bars, total) if bars else ""
    return Chart(f"{key}s", title, sentence, "bars", head, [_("Sales")], bars)


def _most(bars: Sequence[Bar], total: int) -> str:
    """Where most sales are, as a sentence."""
    worst = max(bars, key=lambda bar: bar.values[0])
    words = ngettext(
        "Most often: %(what)s, in %(count)s of %(total)s sale.",
        "Most often: %(what)s, in %(count)s of %(total)s sales.",
        total,
    )
    return words % {"what": worst.label, "count": worst.texts[0], "total": _grouped(total)}


def _timeline(counts: Mapping[str, int], total: int, url: Any) -> Chart:
    bars = [
        Bar(label, [count], [_grouped(count)], url("month", months) if url else "")
        for label, months in _steps(counts)
        for count in [sum(counts[month] for month in months)]
    ]
    title = _("Sales per month") if len(counts) <= _MOST_MONTHS else _("Sales per year")
    return Chart(
        "months", title, _most(bars, total) if bars else "", "columns", _("Time"), [_("Sales")], bars
    )


def _amounts(currency: str, amounts: Mapping[str, Decimal], url: Any) -> Chart:
    sums = [
        (label, months, sum((amounts[month] for month in months), Decimal(0)))
        for label, months in _steps(amounts)
    ]
    bars = [
        Bar(label, [amount], [money_of(amount, currency)], url("month", months) if url else "")
        for label, months, amount in sums
    ]
    name = value_label("currency", currency)
    title = _("Amount in %(currency)s") % {"currency": name}
    sentence = ""
    if bars:
        most = max(bars, key=lambda bar: bar.values[0])
        total = money_of(sum(amounts.values(), Decimal(0)), currency)
        sentence = _("Together %(total)s; most: %(when)s, %(amount)s.") % {
            "total": total,
            "when": most.label,
            "amount": most.texts[0],
        }
    key = f"amount-{currency.lower() if currency.isascii() and currency.isalnum() else 'none'}"
    return Chart(key, title, sentence, "columns", _("Time"), [_("Amount")], bars)


def _steps(months: Iterable[str]) -> list[tuple[str, tuple[str, ...]]]:
    """Months in order as (words, months), or years where there are many months; no date comes last."""
    known = sorted(month for month in months if month)
    steps: dict[str, list[str]] = defaultdict(list)
    for month in known:
        steps[month if len(known) <= _MOST_MONTHS else month[:4]].append(month)
    found = [(month_label(step), tuple(listed)) for step, listed in steps.items()]
    return [*found, (value_label("month", ""), ("",))] if "" in months else found


# --- Of a run that has only its figures left -----------------------------------------------------------------


def summary_of_figures(figures: Mapping[str, Any]) -> Summary:
    """The same figures from `Run.figures`: of all sales that were searched."""
    sales, quality = figures.get("sales", {}), figures.get("quality", {})
    searched, matched = int(sales.get("searched", 0)), int(sales.get("matched", 0))
    quantity = Decimal(quality.get("quantity", "0"))
    return Summary(
        count=searched,
        matched_count=matched,
        matched_share=_share(matched, searched) or 0.0,
        money=[
            _money(currency, Decimal(sums["searched"]), Decimal(sums["matched"]))
            for currency, sums in figures.get("amount", {}).items()
        ],
        quantity=quantity,
        assumed_share=_share(Decimal(quality.get("assumed_quantity", "0")), quantity) or 0.0,
    )


def charts_of_figures(figures: Mapping[str, Any]) -> list[Chart]:
    """The same charts from `Run.figures`: of the sales with a product, and without a way to their rows."""
    matched = int(figures.get("sales", {}).get("matched", 0))
    months = figures.get("months", [])
    charts = [
        _ranking("product", _named(figures.get("products", [])), matched, None),
        _ranking("customer", _named(figures.get("customers", [])), matched, None),
        _timeline({one["month"]: int(one["sales"]) for one in months}, matched, None),
    ]
    for currency in list(figures.get("amount", {}))[:_MOST_CURRENCIES]:
        amounts = {
            one["month"]: Decimal(one["amount"][currency]) for one in months if currency in one["amount"]
        }
        charts.append(_amounts(currency, amounts, None))
    return [chart for chart in charts if chart.bars]


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
    sentence = _(
        "Newest run: product found in %(last)s of %(last_all)s sales; first run shown: in %(first)s of %(first_all)s."
    )
    words = sentence % {
        "last": last.texts[0],
        "last_all": last.texts[1],
        "first": first.texts[0],
        "first_all": first.texts[1],
    }
    series = [str(Row.Stage.MATCHED.label), _("All with a company")]
    return Chart("trend", _("Run by run"), words, "lines", _("Run"), series, bars)


def _run_bar(run: Run) -> Bar:
    matched = int(run.funnel.get(Row.Stage.MATCHED, 0))
    everything = run.read_count - int(run.funnel.get(Row.Stage.NO_COMPANY, 0))
    style = "d.m.Y H:i" if get_language() == "de" else "j M Y H:i"
    when = date_format(localtime(run.finished_at), style) if run.finished_at else "–"
    return Bar(
        when, [matched, everything], [_grouped(matched), _grouped(everything)], reverse("run", args=[run.pk])
    )
