"""Why a result is empty: each cause by its code, with a way on."""

from datetime import date
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import translation

from connector.models import Connection
from reports.definitions.definition import Definition
from reports.explaining.causes import Cause, cause_of
from reports.keyword_lists.keywords import current_list, save_version
from reports.models import Keyword, KeywordList, Report, Run, Sale
from reports.viewer.filters import Filter
from tests.conftest import People
from tests.reports.made_results import Sold, finished_run

pytestmark = pytest.mark.once  # words and pages: the same on every database

TAG = {"text": "Rabatt", "product": "Nachlass", "kind": "tag"}
MASK = {"text": "Self Service", "kind": "", "polarity": "mask"}


def empty_run(report: Report, connection: Connection, stage: str = "", **values: Any) -> Run:
    sold = [
        Sold(number, stage=stage, heading="Angebot" if number % 3 else "Muster") for number in range(1, 7)
    ]
    return finished_run(report, connection, sold if stage else [], **values)


def only(*keywords: dict[str, str]) -> KeywordList:
    """The next version of the list, with nothing but these."""
    made = [Keyword(**values) for values in keywords]
    return save_version(made, parent=current_list(), author=None, reason="t")


def checked(cause: Cause | None) -> str:
    """The code of a cause that has a sentence in both languages and leads somewhere."""
    assert cause is not None
    assert cause.sentence.endswith(".")
    assert cause.link is not None
    assert cause.link.label
    assert cause.link.url.startswith("/")
    return cause.code


# --- The causes -------------------------------------------------------------------------------------------


def test_superoffice_showed_nothing(report: Report, connection: Connection) -> None:
    assert checked(cause_of(empty_run(report, connection))) == "superoffice_showed_nothing"


def test_signing_in_failed(report: Report, connection: Connection) -> None:
    run = empty_run(report, connection, status="incomplete", problem_code="invalid_client")
    assert checked(cause_of(run)) == "sign_in_failed"
    run.problem_code = "unreachable"
    assert checked(cause_of(run)) == "not_read"


def test_no_sale_has_a_company(report: Report, connection: Connection) -> None:
    run = empty_run(report, connection, "no_company")
    assert checked(cause_of(run)) == checked(cause_of(run, Filter())) == "all_without_company"
    unreadable = Report.objects.create(name="Another")
    assert checked(cause_of(empty_run(unreadable, connection, "company_unreadable"))) == "all_without_company"


def test_every_heading_is_empty(report: Report, connection: Connection) -> None:
    assert checked(cause_of(empty_run(report, connection, "empty_heading"))) == "all_headings_empty"


def test_the_list_is_empty(report: Report, connection: Connection) -> None:
    only()
    assert checked(cause_of(empty_run(report, connection, "unmatched"))) == "list_empty"


def test_the_list_has_nothing_that_finds(report: Report, connection: Connection) -> None:
    only(TAG, MASK)
    assert checked(cause_of(empty_run(report, connection, "unmatched"))) == "no_positive_keyword"


def test_nothing_matched_and_these_are_the_commonest_headings(report: Report, connection: Connection) -> None:
    cause = cause_of(empty_run(report, connection, "unmatched"))
    assert checked(cause) == "nothing_matched"
    assert cause is not None
    assert cause.headings == (("Angebot", 4), ("Muster", 2))


def test_the_filters_hide_everything_and_one_of_them_shows_most(
    report: Report, connection: Connection
) -> None:
    sold = [Sold(number, products="A", quantities="1", status="sold") for number in range(1, 5)]
    run = finished_run(report, connection, sold)
    shown = Filter.of_text("status=lost&owner=Jonas+Weber")
    with translation.override("en"):
        cause = cause_of(run, shown)
    assert checked(cause) == "filters_hide_everything"
    assert cause is not None
    assert cause.link is not None
    assert cause.link.label == "Remove “Status = Lost” to see 4 sales"
    assert cause.link.url == f"/runs/{run.pk}/?owner=Jonas+Weber#rows"
    both = cause_of(run, Filter.of_text("status=lost&owner=Nobody"), path="/reports/1/")
    assert both is not None
    assert both.link is not None
    assert both.link.url == "/reports/1/#rows"


def test_a_sale_that_stands_in_another_stage_is_named_with_the_way_there(
    report: Report, connection: Connection
) -> None:
    sold = [Sold(1), Sold(2), Sold(531, stage="no_company", customer=""), Sold(7, stage="unmatched")]
    run = finished_run(report, connection, sold)
    with translation.override("en"):
        cause = cause_of(run, Filter.of_text("q=531"))
        assert checked(cause) == "stands_in_another_stage"
        assert cause is not None
        assert cause.sentence == "1 sale stands under “No company”."
        assert cause.link is not None
        assert cause.link.url == f"/runs/{run.pk}/?q=531&stage=no_company#rows"
        other = cause_of(run, Filter.of_text("q=7&stage=matched"))
        assert other is not None
        assert other.sentence == "1 sale stands under “No product found”."
        assert checked(cause_of(run, Filter.of_text("stage=negated"))) == "filters_hide_everything"


def test_no_sale_fits_the_choices_although_there_are_sales(report: Report, connection: Connection) -> None:
    finished_run(Report.objects.create(name="Other"), connection, [Sold(1)])
    run = empty_run(report, connection, definition=Definition(statuses=("lost",)).as_json())
    assert checked(cause_of(run, may_change=True)) == "definition_fits_no_sale"
    cause = cause_of(run)
    assert cause is not None
    assert cause.link is None  # a colleague's report cannot be changed


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        (
            {"scope": "period", "period": "fixed", "ordered_by": "sold_on", "period_to": date(1999, 12, 31)},
            "The period of this report ends on 31 Dec 1999, before the first sale (5 Mar 2026).",
        ),
        (
            {"scope": "period", "period": "fixed", "ordered_by": "sold_on", "period_from": date(2026, 3, 6)},
            "The period of this report begins on 6 Mar 2026, after the last sale (5 Mar 2026).",
        ),
        (
            {"scope": "period", "period": "last_365_days", "ordered_by": "changed_at"},
            "No sale has the day that the period of this report goes by.",
        ),
        ({"statuses": ("lost",)}, "No sale has a status that this report looks at."),
        ({"owner_ids": (9,)}, "None of the owners that this report looks at has a sale."),
        ({"companies": "without"}, "Every sale has a company, and this report looks at those without one."),
        (
            {
                "scope": "period",
                "period": "fixed",
                "ordered_by": "sold_on",
                "period_from": date(2026, 3, 6),
                "period_to": date(2026, 3, 31),
            },
            "The period of this report begins on 6 Mar 2026, after the last sale (5 Mar 2026).",
        ),
        ({}, "No sale fitted the choices of this report when it ran; today some do. Run it again."),
    ],
)
def test_a_report_that_fits_no_sale_names_the_choice(
    values: dict[str, Any], sentence: str, report: Report, connection: Connection
) -> None:
    finished_run(Report.objects.create(name="Other"), connection, [Sold(1)])
    Sale.objects.update(sold_on=date(2026, 3, 5))
    with translation.override("en"):
        cause = cause_of(empty_run(report, connection, definition=Definition(**values).as_json()))
        assert cause is not None
        assert cause.sentence == sentence


def test_where_there_is_something_there_is_no_cause(report: Report, connection: Connection) -> None:
    run = finished_run(
        report, connection, [Sold(1, products="A", quantities="1"), Sold(2, stage="unmatched")]
    )
    assert cause_of(run) is None
    assert cause_of(run, Filter()) is None
    assert cause_of(run, Filter.of_text("stage=unmatched")) is None


def test_a_tab_of_products_without_any_tells_why_there_are_none(
    report: Report, connection: Connection
) -> None:
    run = empty_run(report, connection, "unmatched")
    assert checked(cause_of(run, Filter.of_text("stage=matched"))) == "nothing_matched"
    assert checked(cause_of(run, Filter.of_text("stage=matched&status=lost"))) == "filters_hide_everything"


# --- Where they are shown ---------------------------------------------------------------------------------


def test_the_page_names_the_cause(
    client: Client, people: People, report: Report, connection: Connection
) -> None:
    client.force_login(people.jonas)
    run = empty_run(report, connection, "unmatched")
    page = client.get(reverse("run", args=[run.pk])).content.decode()
    assert 'data-cause="nothing_matched"' in page
    assert "Angebot <span" in page
    hidden = client.get(reverse("run", args=[run.pk]), {"status": "lost"}).content.decode()
    assert 'data-cause="filters_hide_everything"' in hidden
    nothing = empty_run(Report.objects.create(name="New"), connection)
    page = client.get(reverse("run", args=[nothing.pk])).content.decode()
    assert 'data-cause="definition_fits_no_sale"' in page


def test_a_csv_without_rows_is_the_cause_instead(
    client: Client, people: People, report: Report, connection: Connection
) -> None:
    client.force_login(people.jonas)
    run = empty_run(report, connection, "unmatched")
    url = reverse("run_csv", args=[run.pk, "excel"])
    page = client.get(url, {"stage": "matched"}, follow=True).content.decode()
    assert "No keyword fits the headings of these sales." in page
