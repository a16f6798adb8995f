"""The figures of a report over its runs: what the sentence says, and which runs have a gap."""

import pytest
from django.utils import translation

from connector.models import Connection
from reports.explaining.run_trends import trends_of
from reports.models import Report, Run
from reports.viewer.charts import trend_of
from tests.reports.made_results import Sold
from tests.reports.made_results import finished_run as made_run

pytestmark = pytest.mark.once


def test_a_trend_says_which_runs_are_incomplete_and_when_nothing_has_changed(
    report: Report, connection: Connection
) -> None:
    one, two = [Sold(1), Sold(2, stage="unmatched")], [Sold(1), Sold(2)]
    first = made_run(report, connection, one)
    gap = made_run(report, connection, two, status=Run.Status.INCOMPLETE)
    with translation.override("en"):
        trend = trend_of(report, [gap, first])
        assert trend is not None
        assert [bar.label.endswith(" · incomplete") for bar in trend.bars] == [False, True]
        assert trend.sentence == (
            "Newest run: product found in 2 of 2 sales; first run shown: in 1 of 2. 1 of these runs is incomplete."
        )
        last = made_run(report, connection, one)
        trend = trend_of(report, [last, gap, first])
        assert trend is not None
        assert trend.sentence == (
            "Newest run: product found in 1 of 2 sales, as in the first run shown. 1 of these runs is incomplete."
        )
        assert trends_of(report, [last, gap, first])[0].title == "Sales, run by run"
