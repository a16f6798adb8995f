"""What stands around the table of a report page: figures, charts, groups, views, and on what a run stands."""

import html
import json
import re
from datetime import date, timedelta

import pytest
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone, translation

from connector.models import Connection
from reports.definitions.definition import Definition
from reports.models import JobSchedule, KeywordList, Report, Row, Run, SavedView
from reports.viewer.quality import quality_sentence
from reports.viewer.time_steps import axis_of
from tests.conftest import People
from tests.reports.made_results import Sold
from tests.reports.made_results import finished_run as made_run

pytestmark = pytest.mark.once  # words and pages: the same on every database


@pytest.fixture
def jonas(client: Client, people: People) -> Client:
    client.force_login(people.jonas)
    return client


def page_of(client: Client, run: Run, **wanted: str | int | list[str]) -> str:
    return client.get(reverse("run", args=[run.pk]), wanted).content.decode()


# --- Figures, charts, groups ----------------------------------------------------------------------------------


def a_mixed_run(report: Report, connection: Connection) -> Run:
    return made_run(
        report,
        connection,
        [
            Sold(1, products="A; B", quantities="2; 1", families="F; G", amount="10.10", assumed_count=1),
            Sold(2, products="A", quantities="1.5", families="F", amount="20.20", sold_on=date(2026, 4, 1)),
            Sold(
                3,
                products="A",
                quantities="4",
                families="F",
                amount="99",
                currency="CHF",
                customer="Wolf GmbH",
            ),
            Sold(4, stage="unmatched", amount="9.70", sold_on=None, heading="etwas"),
            Sold(5, stage="no_company", customer="", amount="1000"),
        ],
        with_matches=True,
    )


def chart_data(page: str, key: str) -> dict[str, float]:
    found = re.search(rf'<script id="chart-{key}-data"[^>]*>(.*?)</script>', page)
    assert found is not None, key
    data = json.loads(found.group(1))
    return dict(zip(data["labels"], data["series"][0]["values"], strict=True))


def test_charts_and_tables_show_the_same_numbers(
    jonas: Client, report: Report, connection: Connection
) -> None:
    run = a_mixed_run(report, connection)
    page = html.unescape(page_of(jonas, run))
    assert chart_data(page, "products") == {"A": 3, "B": 1}
    assert chart_data(page, "customers") == {"Kranz AG": 3, "Wolf GmbH": 1}
    assert chart_data(page, "months") == {"Mar 2026": 2, "Apr 2026": 1, "No date": 1}
    assert chart_data(page, "amount-eur") == {"Mar 2026": 10.1, "Apr 2026": 20.2, "No date": 9.7}
    assert chart_data(page, "amount-chf") == {"Mar 2026": 99.0, "Apr 2026": 0.0, "No date": 0.0}
    assert "40.00\N{NO-BREAK SPACE}€" in page  # never together with the francs
    assert "99.00\N{NO-BREAK SPACE}CHF" in page
    assert re.search(r"76\s?% with a product", page.replace("of which ", ""))  # of the euros
    assert "pieces; 12% of them without a number, counted as 1" in page
    assert "Most often: A, in 3 of 4 sales." in page
    assert "Most sales in Mar 2026: 2 of 4." in page
    for key in ("products", "customers", "months", "amount-eur"):
        table = page.partition(f'id="chart-{key}-table"')[2].partition("</table>")[0]
        for label, value in chart_data(page, key).items():
            said = f"{value:.2f}" if key.startswith("amount") else f"{value:.0f}"
            assert re.search(rf">{re.escape(label)}</a>.*?>{said}", table, re.DOTALL), (key, label)


def test_charts_follow_the_filter_and_a_click_on_them_sets_it(
    jonas: Client, report: Report, connection: Connection
) -> None:
    run = a_mixed_run(report, connection)
    page = html.unescape(page_of(jonas, run, product="B"))
    assert chart_data(page, "customers") == {"Kranz AG": 1}
    assert f'href="/runs/{run.pk}/?product=B&month=2026-03#rows">Mar 2026</a>' in page


def test_all_charts_of_a_page_have_the_same_time_steps_with_empty_ones_among_them(
    jonas: Client, report: Report, connection: Connection
) -> None:
    sold = [
        Sold(1, products="A", quantities="1", sold_on=date(2023, 11, 5)),
        Sold(2, products="A", quantities="1", sold_on=date(2026, 2, 1)),
        Sold(3, products="A", quantities="1", currency="CHF", sold_on=date(2026, 3, 1)),
    ]
    run = made_run(report, connection, sold)
    page = html.unescape(page_of(jonas, run))
    assert chart_data(page, "months") == {"2023": 1, "2024": 0, "2025": 0, "2026": 2}
    assert chart_data(page, "amount-chf") == {"2023": 0, "2024": 0, "2025": 0, "2026": 100}
    assert f'href="/runs/{run.pk}/?step=month#charts"' in page
    page = html.unescape(page_of(jonas, run, step="month"))
    assert len(chart_data(page, "months")) == len(chart_data(page, "amount-eur")) == 29
    assert chart_data(page, "months")["Dec 2023"] == 0
    assert f'href="/runs/{run.pk}/?step=year#charts" aria-current' not in page
    pivot = html.unescape(page_of(jonas, run, by="pivot")).partition('class="pivot-table"')[2]
    heads = re.findall(r'<th scope="col" class="num">([^<]+)<', pivot)
    assert heads == ["2023", "2024", "2025", "2026", "Together"]


def test_a_year_without_a_switch_and_a_mistyped_century(report: Report, connection: Connection) -> None:
    with translation.override("en"):
        few = axis_of(["2026-03", "2026-01"], "year")
        assert ([step.label for step in few.steps], few.has_choice) == (["2026"], False)
        odd = axis_of(["0202-03", "2026-01", ""], "month")
        assert [step.label for step in odd.steps] == ["202", "2026", "No date"]
        assert (odd.is_by_year, odd.has_choice) == (True, False)
        assert axis_of([]).steps == ()


def test_currencies_without_a_chart_are_named(jonas: Client, report: Report, connection: Connection) -> None:
    codes = ["CHF", "DKK", "EUR", "GBP", "NOK", "PLN", "SEK", "USD"]
    run = made_run(report, connection, [Sold(place, currency=code) for place, code in enumerate(codes, 1)])
    page = page_of(jonas, run)
    assert 'data-chart="amount-pln"' in page
    assert 'data-chart="amount-sek"' not in page
    assert "No chart of their own, for lack of room: SEK, USD." in page


@pytest.mark.parametrize("by", ["product", "family", "customer"])
def test_groups_count_each_sale_once_at_the_end(
    by: str, jonas: Client, report: Report, connection: Connection
) -> None:
    page = html.unescape(page_of(jonas, a_mixed_run(report, connection), by=by))
    cells = re.findall(
        r"<tr>(.*?)</tr>", page.partition('<table class="desk-table">')[2].partition("</table>")[0], re.DOTALL
    )
    told = [re.findall(r">([^<>]+)<", one.replace("\n", " ")) for one in cells]
    lines = {words[0]: words[1:] for row in told if (words := [word.strip() for word in row if word.strip()])}
    expected = {
        "product": {"A": ["3", "7.5", "30.30", "99.00"], "B": ["1", "1", "10.10", "–"]},
        "family": {"F": ["3", "30.30", "99.00"], "G": ["1", "10.10", "–"]},
        "customer": {"Kranz AG": ["3", "4.5", "40.00", "–"], "Wolf GmbH": ["1", "4", "–", "99.00"]},
    }[by]
    assert expected.items() <= lines.items()
    total = ["4", "40.00", "99.00"] if by == "family" else ["4", "8.5", "40.00", "99.00"]
    assert lines["Together" if by == "customer" else "Each sale once"] == total


def test_customers_are_sorted_by_sales_pieces_amount_and_name(
    jonas: Client, report: Report, connection: Connection
) -> None:
    run = made_run(
        report,
        connection,
        [
            Sold(1, products="A", quantities="2", customer="Kranz AG", amount="5", status="open"),
            Sold(2, products="A; B", quantities="1; 3", customer="Kranz AG", amount="5"),
            Sold(3, products="A", quantities="1.5", customer="Übel KG", amount="70", currency="CHF"),
            Sold(4, products="B", quantities="9", customer="Wolf GmbH", amount="8"),
        ],
    )

    def order(**wanted: str) -> list[str]:
        table = html.unescape(page_of(jonas, run, by="customer", **wanted)).partition("<tbody>")[2]
        return re.findall(r'<th scope="row"><a [^>]+>([^<]+)</a>', table.partition("</tbody>")[0])

    assert order() == ["Kranz AG", "Wolf GmbH", "Übel KG"]
    assert order(sort="sale_number") == ["Wolf GmbH", "Übel KG", "Kranz AG"]
    assert order(sort="-quantities") == ["Wolf GmbH", "Kranz AG", "Übel KG"]
    assert order(sort="-amount") == ["Kranz AG", "Wolf GmbH", "Übel KG"]  # euros first
    assert order(sort="amount", measure="CHF") == ["Übel KG", "Kranz AG", "Wolf GmbH"]
    assert order(sort="customer") == ["Kranz AG", "Übel KG", "Wolf GmbH"]
    assert order(sort="heading") == order()
    page = html.unescape(page_of(jonas, run, by="customer", sort="-quantities"))
    assert re.search(r'aria-sort="descending"><a id="sort-quantities" href="[^"]*sort=quantities', page)
    assert "Sales of every status are counted: Sold 3, Open 1." in page
    assert f'href="/runs/{run.pk}/?status=sold&sort=-quantities&by=customer#rows"' in page
    only_sold = page_of(jonas, run, by="customer", status="sold")
    assert "Sales of every status" not in only_sold


def test_the_pivot_has_one_switch_and_its_families_lead_to_their_sales(
    jonas: Client, report: Report, connection: Connection
) -> None:
    sold = [
        Sold(1, products="A", quantities="1", families="F", sold_on=date(2025, 12, 1)),
        Sold(2, products="A", quantities="1", families="F", sold_on=date(2026, 1, 1)),
    ]
    run = made_run(report, connection, sold)
    page = html.unescape(page_of(jonas, run, by="pivot"))
    assert page.count(">By year</a>") == 1
    assert f'<th scope="row"><a href="/runs/{run.pk}/?family=F#rows">F</a></th>' in page
    assert page_of(jonas, run).count(">By year</a>") == 1  # that of the charts


def test_the_pivot_adds_up_to_the_table(jonas: Client, report: Report, connection: Connection) -> None:
    run = a_mixed_run(report, connection)
    page = html.unescape(page_of(jonas, run, by="pivot"))
    rows = re.findall(
        r"<tr>(.*?)</tr>", page.partition('class="pivot-table"')[2].partition("</table>")[0], re.DOTALL
    )
    told = [[word.strip() for word in re.findall(r">([^<>]+)<", row) if word.strip()] for row in rows]
    assert told == [
        ["Product family", "Mar 2026", "Apr 2026", "No date", "Together"],
        ["F", "2", "1", "–", "3"],
        ["No product family", "–", "–", "1", "1"],
        ["G", "1", "–", "–", "1"],
        ["Each sale once", "2", "1", "1", "4"],
    ]
    money = html.unescape(page_of(jonas, run, by="pivot", measure="EUR"))
    assert ">40.00<" in money.partition("<tfoot>")[2]


# --- Saved views ----------------------------------------------------------------------------------------------


def test_a_view_is_saved_opened_and_removed(
    jonas: Client, client: Client, people: People, report: Report, finished_run: Run
) -> None:
    wanted = "owner=Jonas+Weber&sort=-amount&columns=owner%2Camount"
    form = {"name": " Mine ", "query": wanted + "&after=5", "is_shared": "on"}
    jonas.post(reverse("view_save", args=[report.pk]), form)
    saved = SavedView.objects.get()
    assert (saved.name, saved.query, saved.is_shared) == ("Mine", wanted, True)
    jonas.post(reverse("view_save", args=[report.pk]), {**form, "query": "q=other"})
    assert SavedView.objects.get().query == "q=other"
    client.force_login(people.sabine)
    page = page_of(client, finished_run)
    assert f'href="/runs/{finished_run.pk}/?q=other#rows"' in page
    assert "by Jonas Weber" in page
    assert client.post(reverse("view_delete", args=[saved.pk])).status_code == 403
    client.force_login(people.jonas)
    client.post(reverse("view_delete", args=[saved.pk]))
    assert not SavedView.objects.exists()


def test_a_view_of_ones_own_is_nobody_elses(
    jonas: Client, people: People, report: Report, finished_run: Run
) -> None:
    saved = SavedView.objects.create(report=report, name="Secret", query="q=x", owner=people.sabine)
    assert "Secret" not in page_of(jonas, finished_run)
    assert jonas.post(reverse("view_delete", args=[saved.pk])).status_code == 404
    for form in (
        {"name": ""},
        {"name": "x" * 101},
        {"name": "x", "query": "&".join(f"owner={n:0>90}" for n in range(40))},
    ):
        jonas.post(reverse("view_save", args=[report.pk]), form)
    assert SavedView.objects.count() == 1


def test_a_viewer_keeps_views_but_shares_none(client: Client, people: People, report: Report) -> None:
    client.force_login(people.viewer)
    client.post(reverse("view_save", args=[report.pk]), {"name": "Mine", "is_shared": "on"})
    assert not SavedView.objects.get().is_shared


# --- What a reader has to know --------------------------------------------------------------------------------


def test_a_run_says_on_what_it_stands(jonas: Client, report: Report, connection: Connection) -> None:
    run = made_run(report, connection, [Sold(1)], acts_as="Olaf Admin")
    page = html.unescape(page_of(jonas, run))
    assert "As of <time" in page
    assert "· 1 sale" in page
    assert "What the user “Olaf Admin” does not see in SuperOffice is missing here." in page
    assert "Stale:" not in page
    Run.objects.filter(pk=run.pk).update(data_at=timezone.now() - timedelta(hours=25))
    assert "Stale:" in page_of(jonas, run)


def test_a_run_without_its_rows_keeps_figures_and_charts(
    jonas: Client, report: Report, finished_run: Run
) -> None:
    kept = page_of(jonas, finished_run, stage="matched")
    Row.objects.filter(run=finished_run).delete()
    Run.objects.filter(pk=finished_run.pk).update(rows_removed_at=timezone.now())
    page = page_of(jonas, finished_run)
    assert "The sales of this run are no longer kept" in page
    assert "?stage=" not in page
    assert chart_data(page, "products") == chart_data(kept, "products")
    assert f'tile-count">{finished_run.funnel["matched"]}<' in page


def test_shares_name_what_they_are_of(jonas: Client, report: Report, connection: Connection) -> None:
    run = a_mixed_run(report, connection)
    words = " ".join(page_of(jonas, run).split())
    assert "75% of 4 sales with a company" in words
    assert "shares of 5 sales looked at" in words
    assert "50% of 2 sales shown" in " ".join(page_of(jonas, run, month=["2026-04", "~"]).split())
    whole = made_run(Report.objects.create(name="Whole"), connection, [Sold(1)])
    assert "100% of 1 sale looked at" in " ".join(page_of(jonas, whole).split())


def test_what_is_amiss_in_superoffice_stands_under_the_funnel(
    jonas: Client, report: Report, connection: Connection
) -> None:
    run = a_mixed_run(report, connection)
    assert "To be mended in SuperOffice" not in page_of(jonas, run)
    quality = {"mojibake": 3, "empty": 0, "long": 1, "no_amount": 0, "no_currency": 2}
    Run.objects.filter(pk=run.pk).update(figures={"quality": quality})
    page = html.unescape(page_of(jonas, run)).partition("To be mended in SuperOffice")[2]
    lines = re.findall(r"<tr>(.*?)</tr>", page.partition("</table>")[0], re.DOTALL)
    assert [" ".join(re.sub("<[^>]+>", " ", line).split()) for line in lines] == [
        "Heading with broken umlauts, read as if repaired 3",
        "Two products for the same words 0",
        "Empty heading 0",
        "Heading over 200 characters 1",
        "No amount 0",
        "No currency 2",
    ]
    assert f'href="/runs/{run.pk}/?stage=all&flaw=no_currency#rows">No currency<' in page
    run.refresh_from_db()
    with translation.override("en"):
        assert quality_sentence(run) == (
            "To be mended in SuperOffice: 3 × Heading with broken umlauts, read as if repaired · "
            "1 × Heading over 200 characters · 2 × No currency."
        )


def test_a_report_with_a_list_of_its_own_says_so_when_there_is_a_newer_one(
    jonas: Client, people: People, report: Report, finished_run: Run
) -> None:
    chosen = finished_run.keyword_list
    Report.objects.filter(pk=report.pk).update(keyword_list=chosen, owner=people.jonas)
    newer = KeywordList.objects.create(version=chosen.version + 4, reason="x", checksum="x")
    page = " ".join(page_of(jonas, finished_run).split())
    said = f"This report uses version {chosen.version} of the keyword list, as chosen; the current one is"
    assert f"{said} {newer.version}." in page
    assert "The keywords have changed since" not in page
    assert f'href="{reverse("report_edit", args=[report.pk])}"' in page
    Report.objects.filter(pk=report.pk).update(keyword_list=newer)
    page = " ".join(page_of(jonas, finished_run).split())
    assert f"The report uses version {newer.version} of the keyword list from its next run on." in page


def test_how_many_sales_there_are_is_said_where_the_report_wants_more(
    jonas: Client, report: Report, connection: Connection
) -> None:
    run = made_run(report, connection, [Sold(1), Sold(2, stage="unmatched"), Sold(3, stage="no_company")])
    Run.objects.filter(pk=run.pk).update(definition=Definition(limit=5).as_json())
    assert "(there are 2)" in page_of(jonas, run)
    Run.objects.filter(pk=run.pk).update(definition=Definition(limit=2).as_json())
    assert "(there are" not in page_of(jonas, run)


def test_a_run_that_nobody_started_was_started_by_a_schedule_only_if_one_planned_it(
    jonas: Client, report: Report, connection: Connection
) -> None:
    run = made_run(report, connection, [Sold(1)])
    Run.objects.filter(pk=run.pk).update(started_by=None)
    assert "started by Sales Desk" in page_of(jonas, run)
    Run.objects.filter(pk=run.pk).update(intended_at=timezone.now())
    assert "started by the schedule" in page_of(jonas, run)


def test_the_cell_of_the_products_says_how_many_of_each(
    jonas: Client, report: Report, connection: Connection
) -> None:
    page = page_of(jonas, a_mixed_run(report, connection))
    assert "<summary>2\N{NO-BREAK SPACE}× A; 1\N{NO-BREAK SPACE}× B</summary>" in page
    assert "<summary>1.5\N{NO-BREAK SPACE}× A</summary>" in page
    assert 'id="sort-quantities"' not in page


def test_earlier_runs_are_a_trend(jonas: Client, report: Report, connection: Connection) -> None:
    first = made_run(report, connection, [Sold(1), Sold(2, stage="unmatched"), Sold(3, stage="no_company")])
    assert 'data-chart="trend"' not in page_of(jonas, first)
    second = made_run(report, connection, [Sold(1), Sold(2)])
    page = html.unescape(page_of(jonas, second))
    assert "Newest run: product found in 2 of 2 sales; first run shown: in 1 of 2." in page
    trend = page.partition('data-chart="trend"')[2]
    assert trend.index(f'href="/runs/{first.pk}/"') < trend.index(f'href="/runs/{second.pk}/"')


def test_the_list_of_reports_says_what_they_look_at_and_when(
    jonas: Client, report: Report, connection: Connection
) -> None:
    JobSchedule.objects.create(report=report, rhythm="daily", at="06:00")
    page = html.unescape(jonas.get(reverse("reports")).content.decode())
    assert "the newest 100 sales with a company, by number" in page
    assert "06:00" in page.partition("Test report")[2]
    assert reverse("report_add") in page


def test_a_report_that_is_not_shared_does_not_exist_for_others(
    client: Client, people: People, report: Report, finished_run: Run
) -> None:
    Report.objects.filter(pk=report.pk).update(shared_with="owner", owner=people.sabine)
    saved = SavedView.objects.create(report=report, name="x", query="", owner=people.sabine, is_shared=True)
    addresses = [
        ("GET", reverse("report", args=[report.pk])),
        ("GET", reverse("run", args=[finished_run.pk])),
        ("GET", reverse("run_progress", args=[finished_run.pk])),
        ("GET", reverse("run_csv", args=[finished_run.pk, "data"])),
        ("POST", reverse("report_run", args=[report.pk])),
        ("POST", reverse("run_cancel", args=[finished_run.pk])),
        ("POST", reverse("view_save", args=[report.pk])),
        ("POST", reverse("view_delete", args=[saved.pk])),
    ]
    for user, is_there in ((people.jonas, False), (people.sabine, True)):
        client.force_login(user)
        assert ("Test report" in client.get(reverse("reports")).content.decode()) is is_there
        for method, address in addresses:
            answer = client.generic(method, address)
            assert (answer.status_code != 404) is is_there, address


def query_count(client: Client, run: Run, wanted: dict[str, str]) -> int:
    with CaptureQueriesContext(database) as queries:
        page_of(client, run, **wanted)
    return len(queries)


def test_a_page_costs_the_same_number_of_queries_for_10_and_for_5000_rows(
    jonas: Client, report: Report, connection: Connection
) -> None:
    sold = [Sold(number, products="A; B", quantities="2; 1", families="F") for number in range(1, 5001)]
    small = made_run(report, connection, sold[:10], with_matches=True)
    large = made_run(report, connection, sold, with_matches=True)
    for wanted in (
        {},
        {"q": "kranz"},
        {"product": "A", "sort": "-amount"},
        {"by": "pivot"},
        {"by": "customer"},
    ):
        costs = []
        for run in (small, large):
            page_of(jonas, run, **wanted)  # the index is built once
            costs.append(query_count(jonas, run, wanted))
        # The report, its run, trend, views, versions, schedules, the check of the rights; rows, matches, keywords.
        assert costs[0] == costs[1] <= 26, (wanted, costs)


def test_german_pages_speak_german(jonas: Client, report: Report, connection: Connection) -> None:
    run = a_mixed_run(report, connection)
    with translation.override("de"):
        answer = jonas.get(reverse("run", args=[run.pk]), headers={"Accept-Language": "de"})
    assert "40,00\N{NO-BREAK SPACE}€" in answer.content.decode()
