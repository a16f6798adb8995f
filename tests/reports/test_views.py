"""Report pages, as their users meet them."""

import csv
import html
import io
import re
from urllib.parse import parse_qsl, urlsplit

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from connector.demo.tenant import DemoTenant
from connector.models import Capability, Connection
from reports.models import KeywordList, Report, Row, Run
from reports.runs import services
from tests.conftest import People

SHOWN = [stage for stage in Row.Stage.values if stage != "no_company"]


@pytest.fixture
def jonas(client: Client, people: People) -> Client:
    client.force_login(people.jonas)
    return client


def page_of(client: Client, run: Run, **wanted: str | int | list[str]) -> str:
    return client.get(reverse("run", args=[run.pk]), wanted).content.decode()


def shown_sales(page: str) -> list[int]:
    """The sale numbers in the table, in order."""
    return [int(number) for number in re.findall(r'<a href="/sales/(\d+)/" hx-boost="false">', page)]


def ticked_keys(page: str) -> list[int]:
    """The ticked-row values of a page: the keys of the local copies, in order."""
    return [int(part.split('"')[0]) for part in page.split('name="sale" value="')[1:]]


def query_of(page: str, id_: str) -> dict[str, str]:
    """The address of the link with this id, as a dictionary."""
    found = re.search(rf'<a[^>]*id="{re.escape(id_)}"[^>]*href="([^"]*)"', page)
    assert found is not None, id_
    return dict(parse_qsl(urlsplit(html.unescape(found.group(1))).query))


def with_company(run: Run) -> int:
    return run.read_count - int(run.funnel["no_company"])


# --- The table ------------------------------------------------------------------------------------------------


def test_the_report_page_shows_the_newest_result(jonas: Client, report: Report, finished_run: Run) -> None:
    page = jonas.get(reverse("report", args=[report.pk])).content.decode()
    assert "<mark title=" in page
    assert "Musterbau Köln GmbH" in page
    rows = Row.objects.filter(run=finished_run, stage__in=SHOWN).newest_sale_first()[:50]
    assert shown_sales(page) == [row.sale_number for row in rows]
    assert ticked_keys(page) == [row.sale_id for row in rows]


@pytest.mark.parametrize("sort", ["", "-amount", "customer"])
def test_the_pages_together_show_every_row_once(sort: str, jonas: Client, finished_run: Run) -> None:
    seen: list[int] = []
    wanted: dict[str, str] = {"sort": sort} if sort else {}
    while True:
        page = page_of(jonas, finished_run, **wanted)
        seen += shown_sales(page)
        if 'rel="next"' not in page:
            break
        wanted = query_of(page, "page-next")
    assert len(seen) == len(set(seen)) == with_company(finished_run)


def test_a_page_says_where_it_is_and_leads_back(jonas: Client, finished_run: Run) -> None:
    count = with_company(finished_run)
    page = page_of(jonas, finished_run)
    assert f"1–50 of {count} sales" in page
    assert f"{count} of {finished_run.read_count} sales" in page
    assert "Ticks hold for this page only." in page
    second = page_of(jonas, finished_run, **query_of(page, "page-next"))
    assert f"51–{count} of {count} sales" in second
    assert "after" not in query_of(second, "page-previous")
    assert 'id="page-first"' not in second  # that is the page before
    few = page_of(jonas, finished_run, q="Weber", stage="matched", status="sold")
    assert "Ticks hold" not in few
    assert f"{len(shown_sales(few))} sale" in few.partition('class="pager"')[2]


def test_a_head_sorts_and_says_so(jonas: Client, finished_run: Run) -> None:
    page = page_of(jonas, finished_run)
    assert page.count("aria-sort") == 1
    assert query_of(page, "sort-amount") == {"sort": "-amount"}
    page = page_of(jonas, finished_run, sort="-amount")
    assert re.search(r'class="num" aria-sort="descending"><a id="sort-amount"', page)
    assert query_of(page, "sort-amount") == {"sort": "amount"}
    amounts = dict(finished_run.rows.values_list("sale_number", "amount"))
    shown = [amounts[number] for number in shown_sales(page)]
    assert shown == sorted(shown, reverse=True)


@pytest.mark.once
def test_a_heading_never_becomes_markup(jonas: Client, finished_run: Run) -> None:
    row = finished_run.rows.filter(stage__in=SHOWN).newest_sale_first()[0]
    bad = "<script>alert(1)</script>"
    Row.objects.filter(pk=row.pk).update(heading=bad, company_name=bad, products=bad, owner_name=bad)
    page = page_of(jonas, finished_run, owner=bad, q="<script>")
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page
    row.matches.update(product='" onmouseover="alert(2)')
    assert 'onmouseover="alert' not in page_of(jonas, finished_run)


@pytest.mark.once
def test_each_product_says_by_which_keyword_and_why_that_many(jonas: Client, finished_run: Run) -> None:
    row = finished_run.rows.filter(matches__quantity_source="before", matches__field="heading").first()
    assert row is not None
    match = row.matches.filter(quantity_source="before")[0]
    assert match.keyword_number is not None
    text = finished_run.keyword_list.keywords.get(number=match.keyword_number).text
    page = html.unescape(page_of(jonas, finished_run, q=row.sale_number))
    assert (
        f"{match.quantity.normalize():f} × {match.product} · keyword “{text}” · the number stands before it"
        in page
    )


@pytest.mark.once
def test_columns_are_chosen_in_the_address(jonas: Client, finished_run: Run) -> None:
    page = page_of(jonas, finished_run, columns=["owner", "source", "sale_number", "nonsense"])
    assert re.findall(r'<a id="sort-(\w+)"', page) == ["sale_number", "owner", "source"]
    assert 'id="column-owner"' in page
    assert query_of(page, "sort-owner")["columns"] == "owner,source,sale_number"
    Run.objects.filter(pk=finished_run.pk).update(definition={"columns": ["heading"]})
    assert re.findall(r'<a id="sort-(\w+)"', page_of(jonas, finished_run)) == ["sale_number", "heading"]


@pytest.mark.once
def test_sale_and_company_lead_to_superoffice(
    jonas: Client, finished_run: Run, demo_tenant: DemoTenant, connection: Connection
) -> None:
    demo_tenant.forget_requests()
    page = page_of(jonas, finished_run)
    number = shown_sales(page)[0]
    assert demo_tenant.requests == []  # a list costs no call
    address = reverse("in_superoffice", args=["sale", number])
    assert f'href="{address}" target="_blank" rel="noopener"' in page
    answer = jonas.get(address)
    assert answer["Location"].endswith(f"/default.aspx?sale.main?sale_id={number}")
    assert jonas.get(reverse("in_superoffice", args=["company", 25]))["Location"].endswith("contact_id=25")
    assert jonas.get(reverse("in_superoffice", args=["nonsense", 25])).status_code == 404


@pytest.mark.once
def test_a_tenant_that_is_down_is_said_where_its_page_was_wanted(
    jonas: Client, finished_run: Run, connection: Connection
) -> None:
    Connection.objects.filter(pk=connection.pk).update(login_url="http://127.0.0.1:9", tenant_state=None)
    assert shown_sales(page_of(jonas, finished_run))
    answer = jonas.get(reverse("in_superoffice", args=["company", 25]), follow=True)
    assert answer.redirect_chain == [(reverse("reports"), 302)]
    assert "SuperOffice" in answer.content.decode().partition('id="notices"')[2]


@pytest.mark.once
def test_an_unread_heading_can_become_a_keyword_by_those_who_may(
    client: Client, people: People, finished_run: Run
) -> None:
    for user, is_offered in ((people.jonas, True), (people.viewer, False)):
        client.force_login(user)
        page = page_of(client, finished_run, stage="unmatched")
        assert shown_sales(page)
        assert (f'href="{reverse("keyword_add")}?text=' in page) is is_offered


# --- Filters --------------------------------------------------------------------------------------------------


def test_the_filter_lives_in_the_address_and_the_download_is_what_is_on_the_screen(
    jonas: Client, finished_run: Run
) -> None:
    wanted = {"q": "Weber", "stage": "matched", "status": "sold", "sort": "amount"}
    shown = shown_sales(page_of(jonas, finished_run, **wanted))
    answer = jonas.get(reverse("run_csv", args=[finished_run.pk, "data"]), {**wanted, "after": "1"})
    rows = list(csv.DictReader(io.StringIO(b"".join(answer).decode())))
    assert len(shown) > 0
    assert [int(row["SaleId"]) for row in rows] == shown
    assert {row["Status"] for row in rows} == {"Sold"}
    assert all(row["Owner"] == "Jonas Weber" and row["Products"] for row in rows)
    chosen = jonas.get(reverse("run_csv", args=[finished_run.pk, "data"]), {"columns": "owner,amount"})
    assert b"".join(chosen).decode().splitlines()[0] == '"SaleId","Owner","Amount"'


def test_nonsense_in_the_address_is_left_out_of_the_filter(jonas: Client, finished_run: Run) -> None:
    page = page_of(jonas, finished_run, stage="<b>", after="x", sort="'", by="\0", columns="<i>")
    assert len(shown_sales(page)) == 50
    assert 'class="chips"' not in page


def test_a_value_that_the_run_does_not_have_hides_everything_and_says_how_to_get_out(
    jonas: Client, finished_run: Run
) -> None:
    page = html.unescape(page_of(jonas, finished_run, status="'", owner="Jonas Weber"))
    assert shown_sales(page) == []
    assert "Status: '" in page
    assert "No sale fits these filters." in page
    jonas_count = finished_run.rows.filter(stage__in=SHOWN, owner_name="Jonas Weber").count()
    assert f"Remove “Status = '” to see {jonas_count} sales" in page
    assert query_of(page, "way-out") == {"owner": "Jonas Weber"}
    assert query_of(page, "no-filters") == {}


def test_a_facet_takes_in_leaves_out_and_inverts(jonas: Client, finished_run: Run) -> None:
    page = page_of(jonas, finished_run)
    owner = finished_run.rows.filter(stage__in=SHOWN).exclude(owner_name="")[0].owner_name
    link = f"owner-{owner.encode().hex()[:60]}"
    taken = page_of(jonas, finished_run, **query_of(page, link))
    assert query_of(taken, "chip-" + link) == query_of(taken, link) == {}
    left_out = page_of(jonas, finished_run, **query_of(page, "not-" + link))
    assert f"Owner: not {owner}" in html.unescape(left_out)
    counts = [re.search(r"<strong>(\d+) of", one) for one in (taken, left_out)]
    assert sum(int(found.group(1)) for found in counts if found) == with_company(finished_run)
    assert query_of(taken, "invert-owner") == {"owner": f"-{owner}"}
    assert query_of(left_out, "invert-owner") == {"owner": owner}


def test_a_facet_with_many_values_is_searched(jonas: Client, finished_run: Run) -> None:
    page = page_of(jonas, finished_run, find_customer="musterbau")
    names = re.findall(r'id="customer-[0-9a-f]+".*?</a>', page, re.DOTALL)
    assert names
    assert all("Musterbau" in name for name in names)
    assert len(shown_sales(page)) == 50  # the list stays as it is


def test_the_tabs_are_the_stages_and_their_numbers_add_up(jonas: Client, finished_run: Run) -> None:
    page = page_of(jonas, finished_run)
    tabs = re.findall(r'id="tab-(\w+)".*?bucket-count">(\d+)<', page, re.DOTALL)
    counts = {name: int(count) for name, count in tabs}
    assert counts.pop("usual") == with_company(finished_run)
    assert counts.pop("all") == finished_run.read_count
    assert counts == {stage: count for stage, count in finished_run.funnel.items() if count}


def test_each_stage_of_the_funnel_opens_its_sales(jonas: Client, finished_run: Run) -> None:
    page = page_of(jonas, finished_run)
    assert f"Together {finished_run.read_count} of {finished_run.read_count} sales read" in page
    for stage, count in finished_run.funnel.items():
        link = f'href="/runs/{finished_run.pk}/?stage={stage}#rows"'
        assert (link in page) is bool(count), stage
        if count:
            opened = page_of(jonas, finished_run, stage=stage)
            assert f"<strong>{count} of" in opened
            rows = finished_run.rows.filter(stage=stage).newest_sale_first()[:50]
            assert shown_sales(opened) == [row.sale_number for row in rows]


@pytest.mark.once
def test_a_changed_filter_is_answered_with_the_part_that_changes(jonas: Client, finished_run: Run) -> None:
    address = reverse("run", args=[finished_run.pk])
    asked = {"HX-Request": "true", "HX-Target": "result"}
    part = jonas.get(address, {"q": "Weber"}, headers=asked).content.decode()
    assert part.lstrip().startswith(("{#", '<div id="result"'))
    assert "<html" not in part
    assert '<p hx-swap-oob="innerHTML:#result-said">' in part
    whole = jonas.get(address, {"q": "Weber"}).content.decode()
    assert '<p class="visually-hidden" id="result-said" role="status" aria-live="polite"></p>' in whole
    assert shown_sales(part) == shown_sales(whole)
    restored = jonas.get(address, headers={**asked, "HX-History-Restore-Request": "true"})
    assert "<html" in restored.content.decode()


# --- What a reader has to know ---------------------------------------------------------------------------------


@pytest.mark.once
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


@pytest.mark.once
def test_a_report_that_never_ran_says_so(jonas: Client, report: Report, connection: Connection) -> None:
    page = jonas.get(reverse("report", args=[report.pk])).content.decode()
    assert "has not run yet" in page
    assert reverse("report_run", args=[report.pk]) in page


@pytest.mark.once
def test_an_incomplete_result_is_called_incomplete(jonas: Client, report: Report, finished_run: Run) -> None:
    values = {"status": "incomplete", "problem_code": "unexpected_answer", "problem_detail": "no JSON of it"}
    Run.objects.filter(pk=finished_run.pk).update(**values, problem_at=timezone.now())
    page = jonas.get(reverse("report", args=[report.pk])).content.decode()
    assert "Incomplete" in page
    assert "SuperOffice gave an answer we cannot use" in page
    assert "no JSON of it" not in page  # that is the administrator's sentence


@pytest.mark.once
def test_a_failed_run_promises_nothing_that_nobody_does(
    jonas: Client, report: Report, finished_run: Run
) -> None:
    Run.objects.filter(pk=finished_run.pk).update(status="failed", problem_code="unreachable")
    page = jonas.get(reverse("run", args=[finished_run.pk])).content.decode()
    assert "SuperOffice could not be reached." in page
    assert "Run it again when the cause is gone" in page
    assert "by ourselves" not in page


@pytest.mark.once
def test_a_result_says_when_the_keywords_are_newer(jonas: Client, finished_run: Run) -> None:
    address = reverse("run", args=[finished_run.pk])
    assert "The keywords have changed since" not in jonas.get(address).content.decode()
    version = finished_run.keyword_list.version + 1
    KeywordList.objects.create(version=version, reason="New product", checksum="x")
    page = jonas.get(address).content.decode()
    assert f"The keywords have changed since (version {version}). Run again to use them." in page


@pytest.mark.once
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


@pytest.mark.once
def test_a_viewer_may_look_but_not_run_download_or_cancel(
    client: Client, people: People, report: Report, finished_run: Run
) -> None:
    client.force_login(people.viewer)
    assert client.get(reverse("report", args=[report.pk])).status_code == 200
    assert "/csv/" not in page_of(client, finished_run)
    assert client.get(reverse("run_csv", args=[finished_run.pk, "data"])).status_code == 403
    for name, args in [("report_run", [report.pk]), ("run_cancel", [finished_run.pk])]:
        assert client.post(reverse(name, args=args)).status_code == 403, name
    assert Run.objects.count() == 1


@pytest.mark.once
@pytest.mark.parametrize("name", ["report_run", "run_cancel"])
def test_nothing_is_changed_by_a_get(name: str, jonas: Client, report: Report) -> None:
    assert jonas.get(reverse(name, args=[report.pk])).status_code == 405
