"""A run that keeps only its figures shows the same numbers as when it had its rows."""

from datetime import date

import pytest
from django.utils import translation

from connector.models import Connection
from reports.explaining.run_trends import trends_of
from reports.models import Report, Run
from reports.result_mails.result_words import result_letter
from reports.viewer.charts import Chart, charts_of, charts_of_figures, summary_of, summary_of_figures
from reports.viewer.filters import Filter
from reports.viewer.viewing import view_of
from tests.reports.evaluated_runs import add_sale, evaluated

pytestmark = pytest.mark.once  # words and pages: the same on every database


def shown(chart: Chart) -> tuple[object, ...]:
    """All of a chart but the way to its rows."""
    lines = [(bar.label, bar.values, bar.texts) for bar in chart.bars]
    return chart.key, chart.title, chart.sentence, chart.kind, chart.head, chart.series, lines


def assert_nothing_changes(run: Run) -> None:
    with translation.override("en"):
        for wanted in (Filter(), Filter(step="month"), Filter(step="year")):
            selection = view_of(run).select(wanted)
            whole = charts_of(selection, "/x/")
            kept = charts_of_figures(run.figures, step=wanted.step)
            assert [shown(chart) for chart in whole] == [shown(chart) for chart in kept]
            assert len(whole) > 2
            assert summary_of(selection) == summary_of_figures(run.figures)


def test_the_demo_shows_the_same_before_and_after_its_rows_are_gone(finished_run: Run) -> None:
    assert_nothing_changes(finished_run)


def test_sales_without_a_product_date_currency_or_readable_company_count_too(
    report: Report, connection: Connection
) -> None:
    add_sale(connection, 1, "2x CD-01", sold_on=date(2026, 3, 1))
    add_sale(connection, 2, "CD-01 und Wartung", company_id=8, company_name="Wolf", sold_on=date(2026, 6, 1))
    add_sale(connection, 3, "Nichts", company_id=8, company_name="Wolf", currency="CHF", amount="9.10")
    add_sale(connection, 4, "Nichts", company_id=9, company_name="Wolf", currency="CHF", amount=0)
    add_sale(connection, 5, "Nichts", currency="", amount="-3", sold_on=date(2024, 1, 31))
    add_sale(connection, 6, "CD-01", company_name="", currency="CHF", sold_on=date(2026, 3, 2))
    add_sale(connection, 7, "CD-01", company_id=None, company_name="", currency="USD")
    run = evaluated(report)
    assert_nothing_changes(run)
    summary = summary_of_figures(run.figures)
    assert (summary.count, summary.matched_count) == (6, 2)
    assert [money.currency for money in summary.money] == ["CHF", "EUR", "No currency"]


@pytest.mark.parametrize("keys", [("shown",), ("shown", "sales", "months"), ()])
def test_figures_of_an_older_release_are_still_shown(keys: tuple[str, ...], finished_run: Run) -> None:
    figures = {key: value for key, value in finished_run.figures.items() if key not in keys}
    assert summary_of_figures(figures).money
    assert charts_of_figures(figures)
    assert charts_of_figures({}) == []
    assert summary_of_figures({}).count == 0


def test_mail_trend_and_page_name_the_same_base(report: Report, connection: Connection) -> None:
    add_sale(connection, 1, "2x CD-01", sold_on=date(2026, 3, 1))
    add_sale(connection, 2, "Nichts", company_name="")
    add_sale(connection, 3, "CD-01", company_id=None, company_name="")
    older, middle, newer = (evaluated(report) for _number in range(3))
    with translation.override("en"):
        assert result_letter(newer).subject == "Test report: a product in 1 of 2 sales with a company"
        assert summary_of(view_of(newer).select(Filter())).base == "2 sales with a company"
        counts, amounts = trends_of(report, [newer, middle, older])
    assert counts.series == amounts.series == ["Product found", "All with a company"]
    assert (counts.bars[-1].values, amounts.bars[-1].values) == ([1, 2], [100, 200])
