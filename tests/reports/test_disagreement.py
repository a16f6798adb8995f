"""Where heading and quote differ, the page says in what."""

from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import translation

from connector.models import Connection
from reports.keyword_lists.keywords import current_list, matcher_of
from reports.models import QuoteLine, Report
from reports.viewer.disagreement import disagreement
from tests.conftest import People
from tests.reports.evaluated_runs import add_sale, evaluated

pytestmark = pytest.mark.once  # words and pages: the same on every database


def test_table_and_sale_page_say_what_differs(
    client: Client, people: People, report: Report, connection: Connection
) -> None:
    client.force_login(people.jonas)
    sale = add_sale(connection, 990, "1x CD-02")
    QuoteLine.objects.create(sale=sale, line_id=1, name="Akku", quantity=3, total_price=1)
    run = evaluated(report)
    said = "heading: 1 × OMNIE CD-02 · quote: 3 × Akku"
    assert said in client.get(reverse("run", args=[run.pk])).content.decode()
    assert said in client.get(reverse("sale", args=[990])).content.decode()


@pytest.mark.parametrize(
    ("heading", "quoted", "said"),
    [
        (
            "2x CD-01 und Akku",
            {"OMNIE CD-01": 3, "Akku": 7},
            "heading: 2 × OMNIE CD-01 · quote: 3 × OMNIE CD-01",
        ),
        ("2x CD-01, CD-02", {"OMNIE CD-01": 2}, "heading: 1 × OMNIE CD-02"),
        ("CD-01", {"OMNIE CD-01": 5, "Akku": 1}, ""),
        ("OMNIE", {"Akku": 1}, ""),
    ],
)
def test_only_what_contradicts_is_named(heading: str, quoted: dict[str, int], said: str, db: None) -> None:
    matcher = matcher_of(current_list())
    pieces = {product: Decimal(count) for product, count in quoted.items()}
    with translation.override("en"):
        assert disagreement(matcher.match(heading), pieces, matcher) == said
