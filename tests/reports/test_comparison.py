"""Two runs compared: one cause for each sale that differs, and numbers that add up; and runs counted again."""

import hashlib
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from connector.models import Connection
from reports.explaining import comparison, snapshots
from reports.explaining.comparison import Kind, differences, page_of, tally_of
from reports.explaining.comparison_causes import Cause
from reports.explaining.figure_comparison import figure_lines
from reports.explaining.recount import recount_tally, recounted
from reports.keyword_lists.keywords import copy_of, current_list, keywords_of, matcher_of, save_version
from reports.models import Keyword, KeywordList, ProductFamily, QuoteLine, Report, Row, Run, Sale
from reports.runs import funnel
from reports.runs.figures import RowValues, canonical
from reports.runs.funnel import Subject
from tests.reports.evaluated_runs import add_sale, evaluated


@pytest.fixture
def tenant(db: None) -> Connection:
    return Connection.objects.create(
        name="T", environment="sod", context_identifier="Cust1", client_id="x", client_secret="s"
    )


def found(before: Run, after: Run) -> dict[int, tuple[str, str]]:
    """Kind and cause of each sale that differs."""
    return {one.number: (one.kind.value, one.cause.value) for one in differences(before, after)}


def next_list(*more: Keyword, without: str = "") -> KeywordList:
    newest = current_list()
    kept = [copy_of(one) for one in keywords_of(newest) if one.text != without]
    return save_version([*kept, *more], parent=newest, author=None, reason="t")


def change(sale: Sale, **values: Any) -> None:
    Sale.objects.filter(pk=sale.pk).update(**values)


# --- Causes -----------------------------------------------------------------------------------------------


def test_each_synthetic_change_has_its_own_cause_and_the_numbers_add_up(
    report: Report, tenant: Connection
) -> None:
    sales = {number: add_sale(tenant, number) for number in range(1, 8)}
    change(sales[2], heading="Angebot")
    change(sales[3], company_id=None, company_name="")
    change(sales[5], heading="Gabelstapler")
    before = evaluated(report)
    change(sales[1], removed_at=timezone.now())
    change(sales[2], heading="3x CD-02")
    change(sales[3], company_id=7, company_name="Kranz AG")
    change(sales[4], amount=250)
    change(sales[6], company_name="")
    add_sale(tenant, 9)
    fork = Keyword(text="Gabelstapler", product="Stapler", type="word", kind="product")
    after = evaluated(report, keyword_list=next_list(fork))
    assert found(before, after) == {
        1: ("lost", "sale_deleted"),
        2: ("gained", "heading"),
        3: ("gained", "company"),
        4: ("changed", "data"),
        5: ("gained", "keywords"),
        6: ("lost", "access"),
        9: ("gained", "sale_new"),
    }
    tally = tally_of(before, after)
    assert tally.of() == 7
    assert sum(tally.of(cause=cause) for cause in Cause) == sum(tally.of(kind=kind) for kind in Kind) == 7
    gained, lost = tally.of(kind=Kind.GAINED), tally.of(kind=Kind.LOST)
    assert before.funnel["matched"] + gained - lost == after.funnel["matched"]
    assert tally.same_count == 1
    assert next(one.keyword for one in differences(before, after) if one.number == 5) == "Gabelstapler"


def test_a_run_compared_with_itself_later_differs_in_nothing(report: Report, tenant: Connection) -> None:
    for number in range(1, 30):
        add_sale(tenant, number, ["2x CD-01", "Angebot", "ohne Wartung", ""][number % 4])
    before, after = evaluated(report), evaluated(report)
    assert found(before, after) == {}
    assert before.checksum == after.checksum
    assert tally_of(before, after).same_count == 29


@pytest.mark.parametrize(
    ("heading", "new_heading", "cause"),
    [
        # Both alone would do: the data is named. Only the list does it. Only both together do it.
        ("Angebot", "CD-01 Stapler", "heading"),
        ("Stapler", "Stapler neu", "keywords"),
        ("Angebot", "Stapler", "heading"),
    ],
)
def test_the_square_of_rules_and_data_decides(
    heading: str, new_heading: str, cause: str, report: Report, tenant: Connection
) -> None:
    sale = add_sale(tenant, 1, heading)
    before = evaluated(report)
    change(sale, heading=new_heading)
    fork = Keyword(text="Stapler", product="Stapler", type="word", kind="product")
    after = evaluated(report, keyword_list=next_list(fork))
    assert found(before, after) == {1: ("gained", cause)}


def test_a_mask_that_hides_is_the_keyword_behind_it(report: Report, tenant: Connection) -> None:
    add_sale(tenant, 1, "CD-01 Altgeräte Rückkauf")
    before = evaluated(report)
    mask = Keyword(text="CD-01 Altgeräte", type="word", kind="", polarity="mask")
    (one,) = differences(before, evaluated(report, keyword_list=next_list(mask)))
    assert (one.kind, one.cause, one.keyword) == (Kind.LOST, Cause.KEYWORDS, "CD-01 Altgeräte")


def test_a_removed_keyword_is_the_one_behind_it(report: Report, tenant: Connection) -> None:
    add_sale(tenant, 1, "2x CD-01")
    before = evaluated(report)
    (one,) = differences(before, evaluated(report, keyword_list=next_list(without="CD-01")))
    assert (one.kind, one.cause, one.keyword) == (Kind.LOST, Cause.KEYWORDS, "CD-01")


def test_other_choices_of_the_report_are_a_cause(report: Report, tenant: Connection) -> None:
    add_sale(tenant, 1, "2x CD-01", status="lost")
    add_sale(tenant, 2, "Angebot", description="2x CD-02")
    before = evaluated(report)
    Report.objects.update(statuses=["open"], search_columns=["description"])
    report.refresh_from_db()
    assert found(before, evaluated(report)) == {1: ("lost", "definition"), 2: ("gained", "definition")}


def test_data_that_leads_out_of_the_choices_is_the_cause(report: Report, tenant: Connection) -> None:
    Report.objects.update(statuses=["open"])
    report.refresh_from_db()
    sale = add_sale(tenant, 1)
    before = evaluated(report)
    change(sale, status="lost")
    assert found(before, evaluated(report)) == {1: ("lost", "data")}


def test_sales_pushed_out_by_newer_ones_say_so(report: Report, tenant: Connection) -> None:
    Report.objects.update(limit=2)
    report.refresh_from_db()
    for number in (1, 2):
        add_sale(tenant, number, registered_at=timezone.now() - timedelta(days=9))
    before = evaluated(report)
    add_sale(tenant, 3)
    assert found(before, evaluated(report)) == {1: ("lost", "window"), 3: ("gained", "sale_new")}


def test_a_user_with_other_rights_is_the_cause(report: Report, tenant: Connection) -> None:
    hidden = add_sale(tenant, 1, registered_at=timezone.now() - timedelta(days=9))
    add_sale(tenant, 2)
    before = evaluated(report)
    change(hidden, removed_at=timezone.now())
    after = evaluated(report, acts_as="Otto")
    assert found(before, after) == {1: ("lost", "access")}
    change(hidden, removed_at=None)
    assert found(after, evaluated(report)) == {1: ("gained", "access")}


def test_a_changed_quote_is_data(report: Report, tenant: Connection) -> None:
    sale = add_sale(tenant, 1, "2x CD-01")
    QuoteLine.objects.create(sale=sale, line_id=1, name="CD-01", quantity=2, total_price=1)
    before = evaluated(report)
    QuoteLine.objects.update(quantity=3)
    assert found(before, evaluated(report)) == {1: ("changed", "data")}


def test_sales_without_a_product_in_both_runs_stand_apart(report: Report, tenant: Connection) -> None:
    sale = add_sale(tenant, 1, "Angebot")
    before = evaluated(report)
    change(sale, heading="Angebot 2")
    add_sale(tenant, 2, "Rest")
    assert found(before, evaluated(report)) == {1: ("elsewhere", "heading"), 2: ("elsewhere", "sale_new")}


# --- Pages and memory -------------------------------------------------------------------------------------


@pytest.fixture
def two_runs(report: Report, tenant: Connection, monkeypatch: pytest.MonkeyPatch) -> tuple[Run, Run]:
    """60 sales, of which every third is edited between the runs and ten are new."""
    for module in (snapshots, comparison):
        monkeypatch.setattr(module, "CHUNK", 7)
    for number in range(1, 61):
        add_sale(tenant, number, "2x CD-01")
    before = evaluated(report)
    for number in range(3, 61, 3):
        Sale.objects.filter(sale_id=number).update(heading="3x CD-01")
    for number in range(61, 71):
        add_sale(tenant, number)
    return before, evaluated(report)


def test_the_pages_of_a_cause_together_have_each_sale_once(two_runs: tuple[Run, Run]) -> None:
    numbers: list[int] = []
    has_more, above = True, -1
    while has_more:
        page, has_more = page_of(differences(*two_runs, above=above), 6, cause=Cause.HEADING)
        numbers += [one.number for one in page]
        above = numbers[-1]
    assert numbers == list(range(3, 61, 3))
    assert page_of(differences(*two_runs), 6, kind=Kind.LOST) == ([], False)


def test_queries_grow_with_chunks_and_not_with_sales(
    two_runs: tuple[Run, Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (snapshots, comparison):
        monkeypatch.setattr(module, "CHUNK", 1000)
    with CaptureQueriesContext(database) as queries:
        assert len(list(differences(*two_runs))) == 30
    assert len(queries) <= 14


def test_figures_are_compared_without_rows_too(two_runs: tuple[Run, Run]) -> None:
    before, after = two_runs
    Row.objects.all().delete()
    lines = {line.label: line for line in figure_lines(before, after)}
    assert (lines["Sales looked at"].before, lines["Sales looked at"].after) == ("60", "70")
    assert lines["Product found"].change == "+10"
    assert lines["OMNIE CD-01"].change == "+10"
    assert any(line.change.startswith("+1,000") for line in lines.values())


# --- With today's keywords --------------------------------------------------------------------------------


def test_counting_again_equals_fresh_matching_and_leaves_the_run_alone(
    report: Report, tenant: Connection
) -> None:
    headings = ["2x CD-01", "Gabelstapler", "Angebot", "ohne Wartung", "", "Self Service", "3 Bürsten"]
    for number in range(1, 40):
        add_sale(tenant, number, headings[number % 7])
    run = evaluated(report)
    Sale.objects.update(heading="edited since", company_id=None, company_name="")
    newest = next_list(
        Keyword(text="Gabelstapler", product="Stapler", type="word", kind="product"), without="CD-01"
    )
    told = list(recounted(run, newest))
    matcher = matcher_of(newest)
    for row, one in zip(run.rows.order_by("sale_number"), told, strict=True):
        fresh = funnel.place(Subject(row.heading, row.company_id, row.company_name), matcher)
        assert one.after is not None
        assert (one.after.stage, one.after.products) == (fresh.stage, fresh.products)
    tally = recount_tally(run, newest)
    assert tally.kinds[Kind.GAINED] == sum(one.before.data.heading == "Gabelstapler" for one in told)
    assert tally.kinds[Kind.LOST] == sum(one.before.data.heading == "2x CD-01" for one in told)
    assert (sum(tally.funnel.values()), tally.unsure_count) == (39, 0)
    assert {one.keyword for one in told if one.is_changed} == {"Gabelstapler", "CD-01"}
    values = run.rows.order_by("sale_number").values_list(*RowValues._fields)
    again = hashlib.sha256(b"".join(canonical(RowValues(*one)) for one in values))
    assert again.hexdigest() == run.checksum == Run.objects.get(pk=run.pk).checksum


def test_counting_again_does_not_stumble_over_a_family_that_the_catalogue_changed(
    report: Report, tenant: Connection
) -> None:
    sale = add_sale(tenant, 1, "Angebot")
    QuoteLine.objects.create(sale=sale, line_id=1, name="Akku", quantity=2, total_price=1, family_key="5")
    run = evaluated(report)
    ProductFamily.objects.create(connection=tenant, family_id=5, name="Zubehör")
    (told,) = recounted(run, next_list(without="CD-01"))
    assert (told.after, told.is_changed) == (told.before.outcome, False)


def test_counting_again_says_where_a_quote_has_changed_since(report: Report, tenant: Connection) -> None:
    for number in (1, 2):
        sale = add_sale(tenant, number, "Angebot")
        QuoteLine.objects.create(sale=sale, line_id=1, name="CD-01", quantity=2, total_price=1)
    run = evaluated(report)
    QuoteLine.objects.filter(sale=sale).update(name="CD-02")
    newest = next_list(without="CD-01")
    first, second = recounted(run, newest)
    assert first.after is not None
    assert (first.before.outcome.products, first.after.products) == ("OMNIE CD-01", "CD-01")
    assert second.after is None
    assert recount_tally(run, newest).unsure_count == 1
