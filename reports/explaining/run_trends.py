"""Figures of a report over its runs: from `Run.figures`, so also of runs whose sales are no longer kept."""

from collections.abc import Sequence
from decimal import Decimal

from django.urls import reverse
from django.utils.translation import gettext as _

from reports.models import Report, Row, Run
from reports.templatetags.report_words import money_of
from reports.viewer.charts import Bar, Chart, amounts_of, gaps_in, run_label, trend_of
from reports.viewer.facet_panel import value_label

_MOST_CURRENCIES = 3
_MOST_RUNS = 30
_FEWEST_RUNS = 3


def trends_of(report: Report, runs: Sequence[Run]) -> list[Chart]:
    """Sales with a product, and their amount in each of the usual currencies, run by run, oldest first.

    `runs` are finished ones, newest first; fewer than three make no trend.
    """
    counts = trend_of(report, runs) if len(runs) >= _FEWEST_RUNS else None
    if counts is None:
        return []
    told = [run for run in runs[:_MOST_RUNS] if run.figures.get("sales")]
    charts = [_amounts(currency, told) for currency in _currencies(told)] if len(told) > 1 else []
    return [counts, *charts]


def _currencies(runs: Sequence[Run]) -> list[str]:
    """Those of the newest run, most money first: whatever an older one had besides is not its trend."""
    amounts = runs[0].figures.get("amount", {})
    ranked = sorted(amounts, key=lambda currency: (-Decimal(amounts[currency]["total"]), currency))
    return ranked[:_MOST_CURRENCIES]


def _amounts(currency: str, runs: Sequence[Run]) -> Chart:
    bars = [_bar(currency, run) for run in reversed(runs)]
    name = value_label("currency", currency)
    first, last = bars[0], bars[-1]
    if first.texts == last.texts:
        words = _("Newest run: %(last)s with a product, of %(all)s, as in the first run shown.")
    else:
        words = _("Newest run: %(last)s with a product, of %(all)s; first run shown: %(first)s.")
    sentence = words % {"last": last.texts[0], "all": last.texts[1], "first": first.texts[0]}
    sentence = f"{sentence} {gaps_in(runs)}".strip()
    key = f"trend-{currency.lower() if currency.isascii() and currency.isalnum() else 'none'}"
    series = [str(Row.Stage.MATCHED.label), _("All with a company")]
    title = _("Amount in %(currency)s, run by run") % {"currency": name}
    return Chart(key, title, sentence, "lines", _("Run"), series, bars)


def _bar(currency: str, run: Run) -> Bar:
    values = [*amounts_of(run.figures, currency)]
    texts = [money_of(value, currency) for value in values]
    return Bar(run_label(run), [*values], texts, reverse("run", args=[run.pk]))
