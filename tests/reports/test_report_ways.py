"""Ways on and around a report page: tabs, pages, numbers, chips, and what only some readers are offered."""

import html
import re

import pytest
from django.test import Client
from django.urls import reverse

from connector.models import Connection
from reports.definitions.definition import Definition
from reports.export import XLSX_TYPE
from reports.models import JobSchedule, KeywordList, Report, Run, Sale
from tests.conftest import People
from tests.reports.made_results import Sold, finished_run
from tests.reports.test_views import page_of, query_of, shown_sales

pytestmark = pytest.mark.once  # words and pages: the same on every database


@pytest.fixture
def jonas(client: Client, people: People) -> Client:
    client.force_login(people.jonas)
    return client


def said(page: str) -> str:
    return " ".join(html.unescape(re.sub("<[^>]+>", " ", page)).split())


# --- Pages and tabs -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sort", ["", "amount"])
def test_each_page_leads_to_the_one_before(
    sort: str, jonas: Client, report: Report, connection: Connection
) -> None:
    run = finished_run(report, connection, [Sold(number, amount=str(number)) for number in range(1, 161)])
    wanted = {"sort": sort} if sort else {}
    pages, seen = [page_of(jonas, run, **wanted)], []
    while 'id="page-next"' in pages[-1]:
        pages.append(page_of(jonas, run, **query_of(pages[-1], "page-next")))
    seen = [shown_sales(page) for page in pages]
    assert [len(numbers) for numbers in seen] == [50, 50, 50, 10]
    assert 'id="page-previous"' not in pages[0]
    for place in (3, 2, 1):
        back = page_of(jonas, run, **query_of(pages[place], "page-previous"))
        assert shown_sales(back) == seen[place - 1]
    assert shown_sales(page_of(jonas, run, **query_of(pages[3], "page-first"))) == seen[0]


def test_all_sales_have_a_tab_beside_those_with_a_company(
    jonas: Client, report: Report, connection: Connection
) -> None:
    run = finished_run(report, connection, [Sold(1), Sold(2), Sold(3, stage="no_company", customer="")])
    page = page_of(jonas, run)
    assert "All with a company 2" in said(page)
    assert "All sales 3" in said(page)
    everything = page_of(jonas, run, **query_of(page, "tab-all"))
    assert shown_sales(everything) == [3, 2, 1]
    assert re.search(r'id="tab-all"[^>]*aria-current="true"', everything)
    only = finished_run(Report.objects.create(name="Other"), connection, [Sold(1)])
    assert 'id="tab-all"' not in page_of(jonas, only)


def test_sales_nobody_looked_at_have_no_figures_of_products(
    jonas: Client, report: Report, connection: Connection
) -> None:
    run = finished_run(report, connection, [Sold(1), Sold(3, stage="no_company", customer="")])
    assert "Product found" in page_of(jonas, run).partition("result-tiles")[2].partition("</ul>")[0]
    tiles = page_of(jonas, run, stage="no_company").partition("result-tiles")[2].partition("</ul>")[0]
    assert "Sales" in tiles
    assert not {"pieces", "Product found", "with a product"} & set(
        re.findall(r"pieces|Product found|with a product", tiles)
    )


def test_a_value_that_no_sale_has_is_called_unknown(
    jonas: Client, report: Report, connection: Connection
) -> None:
    run = finished_run(report, connection, [Sold(1)])
    page = said(page_of(jonas, run, customer=["Kranz AG", "Nobody GmbH"]))
    assert "Customer: Nobody GmbH (not known here)" in page
    assert "Customer: Kranz AG (" not in page


def test_a_row_shows_superoffices_own_number_where_it_differs(
    jonas: Client, report: Report, connection: Connection
) -> None:
    run = finished_run(report, connection, [Sold(563), Sold(564)])
    Sale.objects.filter(sale_id=564).update(number="564")
    page = page_of(jonas, run)
    assert page.count("own-number") == 1
    assert "Sale number in SuperOffice: S-563" in said(page)


# --- Who may what ---------------------------------------------------------------------------------------------


def test_only_who_may_change_a_report_is_led_to_its_form(
    client: Client, people: People, report: Report, connection: Connection
) -> None:
    Report.objects.filter(pk=report.pk).update(owner=people.jonas)
    other = finished_run(Report.objects.create(name="Other"), connection, [Sold(7, status="open")])
    newer = other.keyword_list
    empty = finished_run(report, connection, [], definition=Definition(statuses=("lost",)).as_json())
    chosen = KeywordList.objects.create(version=newer.version + 1, reason="x", checksum="x")
    Report.objects.filter(pk=report.pk).update(keyword_list=newer)
    assert chosen.version > newer.version
    edit = f'href="{reverse("report_edit", args=[report.pk])}"'
    why = reverse("run_why", args=[empty.pk]) + "?sale=7"
    for user, may in ((people.jonas, True), (people.sabine, False)):
        client.force_login(user)
        page = client.get(reverse("report", args=[report.pk])).content.decode()
        assert "No sale has a status that this report looks at." in page
        assert (page.count(edit) == 3) is may, user
        assert (edit in page) is may, user
        assert (edit in client.get(why).content.decode()) is may, user


def test_a_report_leads_to_its_schedules(
    client: Client, people: People, report: Report, finished_run: Run
) -> None:
    JobSchedule.objects.create(job="run_report", report=report, at="06:00")
    add = f'href="/schedules/add/?report={report.pk}"'
    client.force_login(people.administrator)
    for address in (reverse("report", args=[report.pk]), reverse("report_edit", args=[report.pk])):
        page = client.get(address).content.decode()
        assert add in page
        assert "Its 1 schedule" in said(page)
    client.force_login(people.viewer)
    assert add not in client.get(reverse("report", args=[report.pk])).content.decode()


# --- What a report says of itself -----------------------------------------------------------------------------


def test_a_report_with_a_list_of_its_own_says_so_in_its_description(
    jonas: Client, report: Report, finished_run: Run
) -> None:
    version = finished_run.keyword_list.version
    words = f"always with version {version} of the keyword list"
    assert words not in page_of(jonas, finished_run)
    Report.objects.filter(pk=report.pk).update(keyword_list=finished_run.keyword_list)
    assert words in page_of(jonas, finished_run)
    assert words in jonas.get(reverse("reports")).content.decode()


def test_an_empty_run_offers_the_workbook_that_says_why(
    jonas: Client, report: Report, connection: Connection
) -> None:
    finished_run(Report.objects.create(name="Other"), connection, [Sold(1)])
    run = finished_run(report, connection, [], definition=Definition(statuses=("lost",)).as_json())
    page = page_of(jonas, run)
    menu = page.partition('class="download-menu"')[2]
    assert menu.index(reverse("run_xlsx", args=[run.pk])) < menu.index(
        reverse("run_csv", args=[run.pk, "excel"])
    )
    answer = jonas.get(reverse("run_csv", args=[run.pk, "excel"]), follow=True)
    assert "No sale has a status that this report looks at. A CSV would be nothing" in said(
        answer.content.decode()
    )
    workbook = jonas.get(reverse("run_xlsx", args=[run.pk]))
    assert workbook["Content-Type"] == XLSX_TYPE
    workbook.close()
