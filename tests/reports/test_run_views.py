"""The pages of a report's runs: the list, two compared, one counted again."""

import html
import re
from datetime import timedelta

import pytest
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from connector.models import Connection
from reports.keyword_lists.keywords import copy_of, current_list, keywords_of, save_version
from reports.models import JobSchedule, Keyword, Occurrence, Report, Run, Sale
from tests.conftest import People
from tests.reports.evaluated_runs import add_sale, evaluated
from tests.reports.made_results import Sold, finished_run

pytestmark = pytest.mark.once  # words and pages: the same on every database


@pytest.fixture
def jonas(client: Client, people: People) -> Client:
    client.force_login(people.jonas)
    return client


def page_of(client: Client, name: str, *args: int, **query: str) -> str:
    answer = client.get(reverse(name, args=args), query)
    assert answer.status_code == 200
    return html.unescape(answer.content.decode())


# --- All runs ---------------------------------------------------------------------------------------------


def test_all_runs_are_listed_and_lead_to_their_results(
    jonas: Client, people: People, report: Report, connection: Connection
) -> None:
    old = finished_run(report, connection, [Sold(1)], started_by=people.sabine)
    bare = finished_run(report, connection, [Sold(1)], rows_removed_at=timezone.now())
    planned = finished_run(report, connection, [Sold(1)], intended_at=timezone.now(), status="incomplete")
    page = page_of(jonas, "report_runs", report.pk)
    table = page.partition("<tbody>")[2].partition("</tbody>")[0]
    places = [table.index(f'href="{reverse("run", args=[run.pk])}"') for run in (planned, bare, old)]
    assert "Sabine Kranz" in table
    assert "figures only" in table
    assert "schedule, " in table
    assert "Incomplete" in table
    assert places == sorted(places)
    assert f'aria-label="Compare run {old.pk}">' in table


def test_the_pages_of_runs_have_each_run_once_at_a_constant_number_of_queries(
    jonas: Client, report: Report, connection: Connection
) -> None:
    url = reverse("report_runs", args=[report.pk])
    for _ in range(2):
        finished_run(report, connection, [])
    jonas.get(url)  # what a process remembers is read once
    with CaptureQueriesContext(database) as few:
        jonas.get(url)
    made = {finished_run(report, connection, []).pk for _ in range(38)}
    with CaptureQueriesContext(database) as many:
        first = jonas.get(url).content.decode()
    assert len(many) == len(few)
    second = jonas.get(url, {"before": re.findall(r"\?before=(\d+)", first)[0]}).content.decode()
    listed = [int(pk) for page in (first, second) for pk in re.findall(r'name="run" value="(\d+)"', page)]
    assert len(listed) == len(set(listed)) == 40
    assert made < set(listed)
    assert jonas.get(url, {"before": "x"}).status_code == 200


def test_missed_moments_are_red_rows_between_the_runs(
    jonas: Client, report: Report, connection: Connection
) -> None:
    finished_run(report, connection, [])
    schedule = JobSchedule.objects.create(report=report, at="06:00")
    moment = timezone.now() - timedelta(hours=2)
    Occurrence.objects.create(schedule=schedule, planned_at=moment, missed_at=timezone.now())
    table = page_of(jonas, "report_runs", report.pk).partition("<tbody>")[2]
    assert "tone-danger" in table
    assert "did not start" in table
    assert table.index("/runs/") < table.index("did not start")


def test_the_trend_is_made_of_stored_figures(jonas: Client, report: Report, connection: Connection) -> None:
    for number in (1, 2, 3):
        add_sale(connection, number)
        evaluated(report)
        if number == 2:
            assert "data-chart" not in page_of(jonas, "report_runs", report.pk)
    page = page_of(jonas, "report_runs", report.pk)
    assert page.index("<tbody>") < page.index('data-chart="trend"')
    assert "Newest run: 300.00\N{NO-BREAK SPACE}€ with a product, of 300.00\N{NO-BREAK SPACE}€" in page


def test_the_first_page_offers_to_run_a_report_that_never_ran(
    jonas: Client, people: People, report: Report, connection: Connection
) -> None:
    button = f'action="{reverse("report_run", args=[report.pk])}"'
    assert button in page_of(jonas, "home")
    jonas.force_login(people.viewer)
    assert "Never run yet." in page_of(jonas, "home")
    assert button not in page_of(jonas, "home")


def test_a_report_without_runs_says_so(jonas: Client, report: Report, connection: Connection) -> None:
    assert "has not run yet" in page_of(jonas, "report_runs", report.pk)


# --- Two runs ---------------------------------------------------------------------------------------------


@pytest.fixture
def two_runs(report: Report, connection: Connection) -> tuple[Run, Run]:
    for number in range(1, 61):
        add_sale(connection, number)
    before = evaluated(report)
    Sale.objects.filter(sale_id__gt=5).update(heading="3x CD-01")
    add_sale(connection, 99)
    return before, evaluated(report)


def test_two_ticked_runs_are_compared(jonas: Client, report: Report, two_runs: tuple[Run, Run]) -> None:
    before, after = two_runs
    url = reverse("report_compare", args=[report.pk])
    answer = jonas.get(url, {"run": [after.pk, before.pk]})
    assert answer["Location"] == reverse("run_compare", args=[before.pk, after.pk])
    for wanted in ([], [before.pk], ["x", "9" * 30], [before.pk, after.pk, 7]):
        assert jonas.get(url, {"run": wanted})["Location"] == reverse("report_runs", args=[report.pk])
    swapped = jonas.get(reverse("run_compare", args=[after.pk, before.pk]))
    assert swapped["Location"] == answer["Location"]


def test_a_comparison_shows_causes_figures_and_pages_of_sales(
    jonas: Client, two_runs: tuple[Run, Run]
) -> None:
    keys = [run.pk for run in two_runs]
    page = page_of(jonas, "run_compare", *keys, cause="heading")
    assert "Before 60 sales with a product, now 61: 1 newly found, 0 no longer found. 5 are the same." in page
    assert "<del>2 × OMNIE CD-01</del> → <ins>3 × OMNIE CD-01</ins>" in page
    assert "50 of 55 sales" in page
    following = re.findall(r'href="\?(cause=heading&after=\d+)#rows"', page)[0]
    second = html.unescape(jonas.get(f"{reverse('run_compare', args=keys)}?{following}").content.decode())
    listed = [re.findall(r'href="/sales/(\d+)/"', one.partition('id="rows"')[2]) for one in (page, second)]
    assert [int(number) for one in listed for number in one] == list(range(6, 61))
    new = page_of(jonas, "run_compare", *keys, kind="gained", cause="sale_new")
    assert re.findall(r'href="/sales/(\d+)/"', new.partition('id="rows"')[2]) == ["99"]
    assert page_of(jonas, "run_compare", *keys, kind="<b>", cause="'", after="x")


def test_a_comparison_shows_the_figures_that_differ_and_folds_the_others(
    jonas: Client, report: Report, connection: Connection
) -> None:
    add_sale(connection, 1)
    add_sale(connection, 2, "Rest")
    before = evaluated(report)
    add_sale(connection, 3)
    page = page_of(jonas, "run_compare", before.pk, evaluated(report).pk)
    differing, _fold, same = page.partition('id="figures-title"')[2].partition("<details")
    assert re.findall(r'<th scope="row">(.*?)</th>', differing)[:3] == [
        "Sales looked at",
        "Amount with a product, EUR",
        "Product found",
    ]
    assert "1 figure is the same" in same
    assert re.findall(r'<th scope="row">(.*?)</th>', same) == ["No product found"]


def test_one_run_alone_says_that_a_second_one_is_needed(
    jonas: Client, report: Report, connection: Connection
) -> None:
    run = finished_run(report, connection, [])
    answer = jonas.get(reverse("report_compare", args=[report.pk]), {"run": run.pk}, follow=True)
    page = html.unescape(answer.content.decode())
    assert "Comparing needs a second run with a result." in page
    assert "Tick exactly two" not in page


def test_runs_without_their_sales_compare_only_figures_and_say_so(
    jonas: Client, two_runs: tuple[Run, Run]
) -> None:
    before, after = two_runs
    Run.objects.filter(pk=before.pk).update(rows_removed_at=timezone.now())
    page = page_of(jonas, "run_compare", before.pk, after.pk)
    assert "keeps only its figures" in page
    assert "Sales looked at" in page
    assert 'id="rows"' not in page


def test_only_two_finished_runs_of_one_visible_report_can_be_compared(
    jonas: Client, people: People, two_runs: tuple[Run, Run], connection: Connection
) -> None:
    before, after = two_runs
    other = finished_run(Report.objects.create(name="Another"), connection, [])
    failed = finished_run(after.report, connection, [], status="failed")
    for pk, other_pk in [(before.pk, other.pk), (before.pk, before.pk), (before.pk, failed.pk), (1, 10**12)]:
        assert jonas.get(reverse("run_compare", args=[pk, other_pk])).status_code == 404
    Report.objects.update(shared_with="owner", owner=people.sabine)
    names = {
        "run_compare": [before.pk, after.pk],
        "run_recount": [before.pk],
        "report_runs": [before.report_id],
    }
    for name, args in names.items():
        assert jonas.get(reverse(name, args=args)).status_code == 404
        assert jonas.post(reverse(name, args=args)).status_code == 405


# --- With today's keywords --------------------------------------------------------------------------------


def test_a_run_is_counted_again_with_todays_keywords(
    jonas: Client, report: Report, connection: Connection
) -> None:
    for number in range(1, 4):
        add_sale(connection, number, ["2x CD-01", "Gabelstapler <b>", "Rest"][number - 1])
    run = evaluated(report)
    same = page_of(jonas, "run_recount", run.pk)
    assert "This run has today's keywords already." in same
    assert "<table" not in same
    newest = current_list()
    kept = [copy_of(one) for one in keywords_of(newest)]
    fork = Keyword(text="Gabelstapler", product="Stapler", type="word", kind="product")
    save_version([*kept, fork], parent=newest, author=None, reason="t")
    page = jonas.get(reverse("run_recount", args=[run.pk]), {"kind": "gained"}).content.decode()
    assert "<ins>1 × Stapler</ins>" in page
    assert "Gabelstapler &lt;b&gt;" in page
    assert "“Gabelstapler”" in page
    assert 'href="/sales/2/"' in page
    assert 'href="/sales/1/"' not in page


def test_a_run_without_its_sales_cannot_be_counted_again(
    jonas: Client, report: Report, connection: Connection
) -> None:
    run = finished_run(report, connection, [Sold(1)], rows_removed_at=timezone.now())
    assert "cannot be counted again" in page_of(jonas, "run_recount", run.pk)


def test_pages_of_runs_stand_up_to_headings_of_all_kinds(
    jonas: Client, report: Report, connection: Connection
) -> None:
    for number, heading in enumerate(["🤖" * 219, "\u202e", "=1+1", "2x CD-01; CD-02"], start=1):
        add_sale(connection, number, heading, sold_on=None, company_name="" if number == 1 else "K")
    before = evaluated(report)
    Sale.objects.update(heading="'", amount=0, status="odd", sold_on=timezone.localdate(), currency="")
    assert "“'”" not in page_of(jonas, "run_compare", before.pk, evaluated(report).pk)
