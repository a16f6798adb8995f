"""Why a sale is not in a result: each reason by its code, and the page that asks."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.http import QueryDict
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation

from connector.models import Connection
from reports.definitions.definition import Definition
from reports.explaining.reasons import explain
from reports.explaining.why import Answer, why
from reports.keyword_lists.keywords import current_list
from reports.matching import Matcher
from reports.models import LocalCopy, Report, Run, Sale
from reports.runs import funnel
from reports.runs.funnel import Subject
from reports.viewer.filters import Filter
from tests.conftest import People
from tests.reports.made_results import Sold
from tests.reports.made_results import finished_run as made_run
from tests.reports.matching.examples import keyword as word
from tests.reports.matching.examples import mask, read_keywords, read_rows, veto

pytestmark = pytest.mark.once  # words and pages: the same on every database

HEADINGS = {row["id"]: row["heading"] for row in read_rows("headings.csv")}
# The examples that find no product, by number: the reason that each of them has.
REASONS = {
    "22": "glued_right", "24": "longer_code", "25": "prefixed_code", "26": "date", "30": "leading_zero",
    "37": "incomplete_code", "39": "glued_right", "44": "inseparable_prefix", "49": "masked", "50": "masked",
    "59": "glued_right", "68": "nothing_near", "69": "excluded", "74": "only_tags", "82": "masked",
    "84": "separator", "95": "nothing_near",
}  # fmt: skip


def reason(heading: str, *more: Any) -> tuple[str, str]:
    """Stage and reason of a sale with this heading, with the list of the examples and `more` keywords."""
    matcher = Matcher([*read_keywords(), *more])
    placement = funnel.place(Subject(heading, 7, "Kranz AG"), matcher)
    found = explain(placement.stage, [heading], matcher)
    return found.code, found.sentence


# --- Rules ------------------------------------------------------------------------------------------------


@pytest.mark.once
@pytest.mark.parametrize("number", sorted(REASONS))
def test_each_example_without_a_product_has_its_reason(number: str) -> None:
    assert reason(HEADINGS[number])[0] == REASONS[number]


@pytest.mark.once
def test_every_example_that_finds_nothing_is_among_them() -> None:
    empty = {
        row["id"] for row in read_rows("headings.csv") if row["expected"] in ("", "EXCLUDED", "[Nachlass]")
    }
    assert set(REASONS) == empty


@pytest.mark.once
def test_sentences_name_the_keyword_and_what_stands_around_it() -> None:
    with translation.override("en"):
        assert reason("CD-011 Sonderbau")[1] == "“CD-01” is there, but glued to what follows it: “CD-011”."
        assert reason("Self Service Terminal")[1] == "“Service” is there, but “Self Service” hides it."
        assert "“TEST bitte löschen” excludes" in reason("TEST bitte löschen CD-01")[1]
        assert reason("CD-1 Angebot")[1] == "“CD-1” is not “CD-01”: leading zeros count."
        assert reason("CD-O1 Angebot")[1] == "“CD-O1” looks like the keyword “CD-01”, but is not the same."


@pytest.mark.once
def test_what_takes_a_product_away_is_named() -> None:
    assert reason("ohne Wartung")[0] == "negated"
    code, sentence = reason("Wartung, Altbestand", veto("Altbestand", product="Wartung"))
    assert (code, "“Altbestand” excludes it" in sentence) == ("vetoed", True)
    tag = word("Jahreswartung", "Jahr", id=95, kind="tag")
    assert reason("Jahreswartung", tag)[0] == "shadowed"
    assert reason("Jahreswartung", tag, mask("Jahreswartung"))[0] == "masked"


@pytest.mark.once
@pytest.mark.parametrize("heading", ["🤖" * 219, "\u202e\u202d", "a" * 5000, "x-" * 900, "\0"])
def test_odd_headings_have_a_reason_too(heading: str) -> None:
    assert reason(heading)[1]


# --- Runs -------------------------------------------------------------------------------------------------


@pytest.fixture
def run(report: Report, connection: Connection) -> Run:
    sold = [
        Sold(100, products="OMNIE CD-01", quantities="2", owner="Jonas Weber"),
        Sold(101, stage="unmatched", heading="CD-011 Sonderbau"),
        Sold(102, stage="no_company", customer=""),
        Sold(103, stage="company_unreadable", customer=""),
        Sold(104, stage="empty_heading", heading=" "),
        Sold(105, stage="excluded", heading="Dummy CD-01"),
        Sold(106, stage="negated", heading="ohne Wartung"),
    ]
    return made_run(report, connection, sold)


def another(run: Run, sale_id: int, **values: Any) -> Sale:
    """A sale of the copy that the run did not look at."""
    assert run.connection is not None
    usual = {"heading": "2x CD-01", "company_id": 7, "company_name": "M", "amount": 1, "status": "open"}
    return Sale.objects.create(
        connection=run.connection, sale_id=sale_id, read_at=timezone.now(), **{**usual, **values}
    )


def defined(run: Run, **values: Any) -> Run:
    run.definition = Definition(**values).as_json()
    return run


def code(run: Run, wanted: object) -> str:
    answer = why(run, str(wanted))
    assert answer.sentence
    assert answer.steps
    return answer.code


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (100, "in_result"),
        (101, "glued_right"),
        (102, "no_company"),
        (103, "company_unreadable"),
        (104, "empty_heading"),
        (105, "excluded"),
        (106, "negated"),
    ],
)
def test_a_sale_of_the_run_is_told_by_its_stage(number: int, expected: str, run: Run) -> None:
    assert code(run, number) == code(run, f" #{number} ") == code(run, f"S-{number}") == expected


def test_a_number_that_is_not_in_the_copy_says_which_way(run: Run) -> None:
    other = Connection.objects.create(name="O", environment="sod", context_identifier="Cust2", client_id="y")
    Sale.objects.create(connection=other, sale_id=50, amount=1, read_at=timezone.now())
    assert code(run, 50) == "other_tenant"
    assert code(run, 51) == code(run, "no number") == code(run, "9" * 30) == "unknown"
    assert code(run, 999) == "newer_than_copy"
    assert "106" in why(run, "999").sentence


def test_a_sale_outside_of_the_choices_says_which_one(run: Run) -> None:
    another(run, 90, status="lost", owner_id=4, owner_name="Sabine", sold_on=date(2020, 1, 2))
    another(run, 91, removed_at=timezone.now())
    assert code(run, 91) == "gone"
    assert code(defined(run, scope="all"), 90) == "changed_since"
    assert code(defined(run, statuses=("open", "sold")), 90) == "other_status"
    assert code(defined(run, owner_ids=(5,)), 90) == "other_owner"
    assert code(defined(run, companies="without"), 90) == "has_company"
    assert (
        code(defined(run, scope="period", period="this_year", ordered_by="sold_on"), 90) == "outside_period"
    )
    assert code(defined(run, scope="period", period="this_year", ordered_by="changed_at"), 90) == "no_day"
    Run.objects.filter(pk=run.pk).update(status="cancelled")
    run.refresh_from_db()
    assert code(defined(run, scope="all"), 90) == "not_reached"


def test_a_sale_beyond_the_limit_knows_its_place(run: Run) -> None:
    another(run, 90, sold_on=date(2020, 1, 2))
    Sale.objects.filter(sale_id=102).update(company_id=None)
    Sale.objects.exclude(sale_id=90).update(sold_on=date(2021, 1, 1))
    assert code(defined(run, limit=3, ordered_by="sold_on"), 90) == "beyond_limit"
    assert code(defined(run, limit=7, ordered_by="sold_on"), 90) == "changed_since"
    with translation.override("en"):
        told = why(defined(run, limit=3, ordered_by="sold_on"), "90").sentence
    assert "it is number 7 by sale date; the report looks at the newest 3." in told


def test_a_sale_made_after_the_run_says_so(run: Run) -> None:
    assert run.data_at is not None
    another(run, 200, registered_at=run.data_at + timedelta(minutes=1))
    assert code(run, 200) == "newer_than_run"


def test_the_filter_that_hides_a_sale_is_named_and_can_be_removed(run: Run) -> None:
    shown = Filter.of(QueryDict("owner=Sabine+Kranz&stage=matched"))
    answer = why(run, "100", shown=shown)
    assert answer.code == "hidden"
    assert "Owner = Sabine Kranz" in answer.sentence
    assert answer.steps[0].url.endswith("?stage=matched#rows")
    both = why(run, "100", shown=Filter.of(QueryDict("owner=Sabine+Kranz&q=nobody")))
    assert both.code == "hidden"
    assert why(run, "100", shown=Filter.of(QueryDict("owner=Jonas+Weber"))).code == "in_result"


def test_a_heading_edited_since_is_noted(run: Run) -> None:
    Sale.objects.filter(sale_id=101).update(heading="CD-01 Sonderbau")
    answer = why(run, "101")
    assert (answer.code, answer.heading) == ("glued_right", "CD-011 Sonderbau")
    assert "CD-01 Sonderbau" in answer.note


def test_a_run_without_its_sales_is_judged_by_the_copy(run: Run) -> None:
    run.rows.all().delete()
    Run.objects.filter(pk=run.pk).update(rows_removed_at=timezone.now())
    run.refresh_from_db()
    assert [code(run, number) for number in (100, 101, 105)] == ["in_result", "glued_right", "excluded"]
    assert why(run, "101").note


def test_only_who_may_edit_keywords_is_led_to_them(run: Run) -> None:
    def urls(answer: Answer) -> str:
        return " ".join(step.url for step in answer.steps)

    number = current_list().keywords.get(text="CD-01").number
    assert reverse("keyword_edit", args=[number]) in urls(why(run, "101", may_edit_keywords=True))
    assert "/keywords/" not in urls(why(run, "101"))


# --- The page ---------------------------------------------------------------------------------------------


def test_the_box_asks_and_the_page_answers_without_javascript(
    client: Client, people: People, run: Run
) -> None:
    client.force_login(people.viewer)
    page = client.get(reverse("run", args=[run.pk]), {"owner": "Jonas Weber"}).content.decode()
    box = page.partition('class="why-box"')[2].partition("</section>")[0]
    assert f'action="{reverse("run_why", args=[run.pk])}"' in box
    assert 'name="owner" value="Jonas Weber"' in box
    answer = client.get(reverse("run_why", args=[run.pk]), {"sale": "101"}).content.decode()
    assert 'data-code="glued_right"' in answer
    assert "<h1" in answer


def test_htmx_gets_only_the_answer_and_the_filter_of_the_address_counts(
    client: Client, people: People, run: Run
) -> None:
    client.force_login(people.jonas)
    headers = {"HX-Target": "why-answer", "HX-Current-URL": "http://desk/runs/1/?owner=Nobody"}
    part = client.get(reverse("run_why", args=[run.pk]), {"sale": "100"}, headers=headers).content.decode()
    assert 'data-code="hidden"' in part
    assert "<h1" not in part


def test_what_somebody_types_is_never_markup_and_an_outsider_sees_nothing(
    client: Client, people: People, run: Run
) -> None:
    client.force_login(people.jonas)
    page = client.get(reverse("run_why", args=[run.pk]), {"sale": "<script>\0" * 20})
    assert page.status_code == 200
    assert b"<script>\0" not in page.content
    Report.objects.update(shared_with="owner", owner=people.sabine)
    assert client.get(reverse("run_why", args=[run.pk]), {"sale": "100"}).status_code == 404
    assert client.post(reverse("run_why", args=[run.pk])).status_code == 405


@pytest.mark.parametrize("number", [101, 106])
def test_a_keyword_that_is_there_is_not_offered_as_a_new_one(run: Run, number: int) -> None:
    """Its text stands in the heading and does not count: it is to be changed, not added once more."""
    labels = [step.label for step in why(run, str(number), may_edit_keywords=True).steps]
    assert any("Change the keyword" in label for label in labels)
    assert not any("as a keyword" in label for label in labels)


def test_a_text_that_the_report_does_not_search_is_named_with_what_it_says(run: Run) -> None:
    columns = [{"name": "saleUdef/SuperOffice:1", "label": "Produktnotiz"}]
    LocalCopy.objects.update_or_create(connection=run.connection, defaults={"text_columns": columns})
    Sale.objects.filter(sale_id=101).update(texts={"saleUdef/SuperOffice:1": "OMNIE CD-02"})
    with translation.override("en"):
        answer = why(run, "101", may_change_report=True)
        assert "The text “Produktnotiz” names OMNIE CD-02; this report does not search it." in answer.note
        assert answer.steps[0].url == reverse("report_edit", args=[run.report_id])
        assert reverse("report_edit", args=[run.report_id]) not in {
            step.url for step in why(run, "101").steps
        }
        searching = defined(run, search_columns=["saleUdef/SuperOffice:1"])
        assert "does not search" not in why(searching, "101").note
        assert "does not search" not in why(run, "105").note  # a keyword excludes the whole sale
