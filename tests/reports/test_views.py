"""Report pages and the keyword editor, as their users meet them."""

import csv
import io
import re

import pytest
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from connector.demo.tenant import DemoTenant
from connector.models import Capability, Connection
from reports import services
from reports.keywords import current_list
from reports.models import KeywordList, Report, Row, Run
from tests.conftest import People


@pytest.fixture
def jonas(client: Client, people: People) -> Client:
    client.force_login(people.jonas)
    return client


def table_ids(page: str) -> list[int]:
    """The ticked-row values of a page: the keys of the local copies, in order."""
    return [int(part.split('"')[0]) for part in page.split('name="sale" value="')[1:]]


# --- The result ---------------------------------------------------------------------------------------------


def test_the_report_page_shows_the_newest_result(jonas: Client, report: Report, finished_run: Run) -> None:
    page = jonas.get(reverse("report", args=[report.pk])).content.decode()
    assert "<mark>" in page
    assert "Musterbau Köln GmbH" in page
    expected = Row.objects.filter(run=finished_run).with_company().newest_sale_first()[:50]
    assert table_ids(page) == [row.sale_id for row in expected]


def test_the_pages_together_show_every_row_once(jonas: Client, report: Report, finished_run: Run) -> None:
    seen: list[int] = []
    after = ""
    while True:
        page = jonas.get(
            reverse("run", args=[finished_run.pk]), {"after": after} if after else {}
        ).content.decode()
        seen += table_ids(page)
        following = re.search(r'href="[^"]*after=(\d+)[^"]*" rel="next"', page)
        if following is None:
            break
        after = following.group(1)
    assert len(seen) == len(set(seen)) == finished_run.with_company_count


def test_the_filter_lives_in_the_address_and_the_download_is_what_is_on_the_screen(
    jonas: Client, report: Report, finished_run: Run
) -> None:
    wanted = {"q": "Weber", "stage": "matched", "status": "sold"}
    shown = table_ids(jonas.get(reverse("run", args=[finished_run.pk]), wanted).content.decode())
    answer = jonas.get(reverse("run_csv", args=[finished_run.pk, "data"]), {**wanted, "after": "1"})
    rows = list(csv.DictReader(io.StringIO(answer.getvalue().decode())))
    assert 0 < len(rows) == len(shown)
    assert {row["Status"] for row in rows} == {"Sold"}
    assert all(row["Owner"] == "Jonas Weber" and row["Products"] for row in rows)


def test_the_download_has_all_rows_and_a_file_name(jonas: Client, finished_run: Run) -> None:
    answer = jonas.get(reverse("run_csv", args=[finished_run.pk, "excel"]))
    assert answer["Content-Disposition"] == f'attachment; filename="test-report-{finished_run.pk}-excel.csv"'
    text = answer.getvalue().decode()
    assert text.startswith('\ufeff"SaleId";"CustomerName"')
    assert text.count("\r\n") == finished_run.with_company_count + 1
    assert jonas.get(f"/runs/{finished_run.pk}/csv/other/").status_code == 404


def test_nonsense_in_the_address_is_left_out_of_the_filter(jonas: Client, finished_run: Run) -> None:
    answer = jonas.get(reverse("run", args=[finished_run.pk]), {"stage": "<b>", "after": "x", "status": "'"})
    assert answer.status_code == 200
    assert len(table_ids(answer.content.decode())) == 50


def test_a_heading_never_becomes_markup(jonas: Client, finished_run: Run) -> None:
    row = finished_run.rows.with_company().newest_sale_first()[0]
    row.sale.heading = "<script>alert(1)</script>"
    row.sale.save(update_fields=["heading"])
    page = jonas.get(reverse("run", args=[finished_run.pk])).content.decode()
    assert "<script>alert" not in page
    assert "alert(1)" in page


def test_a_page_costs_the_same_number_of_queries_whatever_it_shows(
    jonas: Client, report: Report, finished_run: Run
) -> None:
    def cost(**wanted: str) -> int:
        with CaptureQueriesContext(
            database,
        ) as queries:
            jonas.get(reverse("report", args=[report.pk]), wanted)
        return len(queries)

    jonas.get(reverse("report", args=[report.pk]))
    # 18: one of them for what the check of the rights found against reading sales.
    assert cost(q="2xOmnie CD-01 mit Nachlass") == cost() <= 18


def test_where_a_run_is_started_stands_why_it_cannot_read_sales(
    client: Client, people: People, report: Report, connection: Connection
) -> None:
    client.force_login(people.jonas)
    url, words = reverse("report", args=[report.pk]), "A run cannot read the sales now: "
    assert words not in client.get(url).content.decode()
    found = Capability.objects.create(
        connection=connection,
        feature="read_sales",
        status="missing_right",
        facts={"user": "Ina Platzhalter", "role": "Sales"},
        checked_at=timezone.now(),
    )
    assert f"{words}SuperOffice refuses this to Ina Platzhalter" in client.get(url).content.decode()
    client.force_login(people.viewer)
    assert words not in client.get(url).content.decode()
    client.force_login(people.jonas)
    Capability.objects.filter(pk=found.pk).update(status="down")
    assert words not in client.get(url).content.decode()


def test_a_report_that_never_ran_says_so(jonas: Client, report: Report, connection: Connection) -> None:
    page = jonas.get(reverse("report", args=[report.pk])).content.decode()
    assert "has not run yet" in page
    assert reverse("report_run", args=[report.pk]) in page


def test_an_incomplete_result_is_called_incomplete(
    jonas: Client,
    report: Report,
    connection: Connection,
    demo_tenant: DemoTenant,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("reports.funnel.PAGE_SIZE", 30)
    demo_tenant.faults.answer_html("/Sale", after=2)
    run = services.start_run(report=report)
    assert run is not None
    services.work_on_run(run.pk)
    page = jonas.get(reverse("report", args=[report.pk])).content.decode()
    assert "Incomplete" in page
    assert "SuperOffice gave an answer we cannot use" in page
    assert "no JSON of the expected shape" not in page  # that is the administrator's sentence


def test_a_failed_run_promises_nothing_that_nobody_does(
    jonas: Client, report: Report, finished_run: Run
) -> None:
    Run.objects.filter(pk=finished_run.pk).update(status="failed", problem_code="unreachable")
    page = jonas.get(reverse("run", args=[finished_run.pk])).content.decode()
    assert "SuperOffice could not be reached." in page
    assert "Run it again when the cause is gone" in page
    assert "by ourselves" not in page


def test_a_page_says_how_many_sales_there_are(jonas: Client, finished_run: Run) -> None:
    address, count = reverse("run", args=[finished_run.pk]), finished_run.with_company_count
    page = jonas.get(address).content.decode()
    assert f"1–50 of {count} sales" in page
    assert "Ticks hold for this page only." in page
    after = re.search(r"after=(\d+)", page)
    assert after is not None
    assert f"50 of {count} sales" in jonas.get(address, {"after": after.group(1)}).content.decode()
    matched = jonas.get(address, {"q": "Weber", "stage": "matched", "status": "sold"}).content.decode()
    shown = len(table_ids(matched))
    assert f"{shown} sale" in matched
    assert " of " not in matched.partition('class="pager"')[2].partition("</nav>")[0]
    assert "Ticks hold" not in matched


def test_a_result_says_when_the_keywords_are_newer(jonas: Client, finished_run: Run) -> None:
    address = reverse("run", args=[finished_run.pk])
    assert "The keywords have changed since" not in jonas.get(address).content.decode()
    jonas.post(reverse("keyword_add"), keyword_form())
    version = current_list().version
    page = jonas.get(address).content.decode()
    assert f"The keywords have changed since (version {version}). Run again to use them." in page


def test_the_state_of_an_unfinished_run_stands_once_where_it_is_kept_up_to_date(
    jonas: Client, report: Report, connection: Connection
) -> None:
    jonas.post(reverse("report_run", args=[report.pk]))
    page = jonas.get(reverse("run", args=[Run.objects.get().pk])).content.decode()
    main = page.partition("<main")[2]
    assert main.count('class="state') == 1
    assert main.index('id="run-progress"') < main.index('class="state')


def test_what_another_tenant_left_behind_is_out_of_sight(
    jonas: Client, report: Report, finished_run: Run
) -> None:
    Connection.objects.create(name="Real", environment="sod", context_identifier="Cust777", client_id="x")
    page = jonas.get(reverse("report", args=[report.pk])).content.decode()
    assert "Musterbau" not in page


# --- Running --------------------------------------------------------------------------------------------------


def test_run_now_starts_a_run_and_shows_its_progress(
    jonas: Client, report: Report, connection: Connection
) -> None:
    answer = jonas.post(reverse("report_run", args=[report.pk]))
    run = Run.objects.get()
    assert answer["Location"] == reverse("run", args=[run.pk])
    assert reverse("run_progress", args=[run.pk]) in jonas.get(answer["Location"]).content.decode()
    fragment = jonas.get(reverse("run_progress", args=[run.pk]))
    assert fragment.status_code == 200
    assert "HX-Redirect" not in fragment
    services.work_on_run(run.pk)
    assert jonas.get(reverse("run_progress", args=[run.pk]))["HX-Redirect"] == reverse("run", args=[run.pk])


def test_a_viewer_may_look_but_not_run_edit_or_cancel(
    client: Client, people: People, report: Report, finished_run: Run
) -> None:
    client.force_login(people.viewer)
    assert client.get(reverse("report", args=[report.pk])).status_code == 200
    assert client.get(reverse("run_csv", args=[finished_run.pk, "data"])).status_code == 200
    for name, args in [("report_run", [report.pk]), ("run_cancel", [finished_run.pk]), ("keyword_add", [])]:
        assert client.post(reverse(name, args=args)).status_code == 403, name
    assert Run.objects.count() == 1


@pytest.mark.parametrize("name", ["report_run", "run_cancel"])
def test_nothing_is_changed_by_a_get(name: str, jonas: Client, report: Report) -> None:
    assert jonas.get(reverse(name, args=[report.pk])).status_code == 405


# --- Keywords -------------------------------------------------------------------------------------------------


def keyword_form(**values: str) -> dict[str, str]:
    return {
        "text": "Wischmopp",
        "product": "Mopp",
        "family": "",
        "type": "word",
        "kind": "product",
        "polarity": "positive",
        "inflect": "yes",
        "compound": "none",
        "note": "",
        "reason": "New product",
        "version": str(current_list().version),
        **values,
    }


def test_a_keyword_is_added_edited_and_removed(jonas: Client, people: People) -> None:
    assert jonas.post(reverse("keyword_add"), keyword_form()).status_code == 302
    added = current_list().keywords.get(text="Wischmopp")
    page = jonas.get(reverse("keywords")).content.decode()
    assert "Wischmopp" in page
    assert "New product" in page
    jonas.post(reverse("keyword_edit", args=[added.number]), keyword_form(product="Wischer"))
    assert current_list().keywords.get(number=added.number).product == "Wischer"
    form = {"reason": "Gone", "version": str(current_list().version)}
    jonas.post(reverse("keyword_remove", args=[added.number]), form)
    assert not current_list().keywords.filter(number=added.number).exists()
    assert [one.reason for one in KeywordList.objects.newest_first()][:3] == [
        "Gone",
        "New product",
        "New product",
    ]
    assert current_list().author == people.jonas


def test_an_outdated_form_is_refused_and_keeps_what_was_typed(jonas: Client) -> None:
    form = keyword_form(note="typed by hand")
    jonas.post(reverse("keyword_add"), keyword_form(text="Erster"))
    answer = jonas.post(reverse("keyword_add"), form)
    assert answer.status_code == 409
    page = answer.content.decode()
    assert "Jonas Weber saved list version 2" in page
    assert "typed by hand" in page
    assert not current_list().keywords.filter(text="Wischmopp").exists()
    assert f'value="{current_list().version}"' in page


@pytest.mark.parametrize(
    "values",
    [
        {"type": "regex", "text": "(a+"},
        {"text": "  "},
        {"product": ""},
        {"reason": ""},
        {"type": "regex", "text": "x*"},
    ],
)
def test_a_keyword_that_cannot_work_is_refused_at_the_form(values: dict[str, str], jonas: Client) -> None:
    before = current_list()
    answer = jonas.post(reverse("keyword_add"), keyword_form(**values))
    assert answer.status_code == 200
    assert current_list() == before


def test_the_list_page_costs_the_same_for_many_keywords(jonas: Client) -> None:
    jonas.get(reverse("keywords"))
    with CaptureQueriesContext(database) as queries:
        assert jonas.get(reverse("keywords")).status_code == 200
    assert len(queries) <= 12
