"""The pages of the local copy and of a single sale, for each role, in every state."""

import html
import re
from decimal import Decimal

import pytest
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django_q.models import OrmQ

from connector.demo.tenant import DemoTenant
from connector.models import Connection
from reports.local_copy import raw_entity, sync
from reports.local_copy.progress import progress_of
from reports.models import KeywordList, LocalCopy, QuoteLine, Report, Row, Run, Sale, Sync
from tests.conftest import People

NOTE = "saleUdef/SuperOffice:1"


@pytest.fixture
def whole(connection: Connection) -> Connection:
    """A tenant that was read completely."""
    started = sync.start_sync(connection, Sync.Kind.FULL)
    sync.work_on_sync(started.pk)
    OrmQ.objects.all().delete()
    return connection


@pytest.fixture
def jonas(client: Client, people: People) -> Client:
    client.force_login(people.jonas)
    return client


def page_of(client: Client, name: str, *args: object, **query: str | int) -> str:
    answer = client.get(reverse(name, args=args), query)
    assert answer.status_code == 200
    return re.sub(r"\s+", " ", html.unescape(answer.content.decode()))


def make_sale(connection: Connection, sale_id: int, **values: object) -> Sale:
    usual: dict[str, object] = {"amount": Decimal("12.50"), "status": "open", "read_at": timezone.now()}
    return Sale.objects.create(connection=connection, sale_id=sale_id, **{**usual, **values})


# --- The copy -----------------------------------------------------------------------------------------


def test_the_page_says_how_old_and_how_complete_the_copy_is(jonas: Client, whole: Connection) -> None:
    page = page_of(jonas, "sales")
    copy = LocalCopy.objects.get()
    assert f"{copy.sale_count} sales, {copy.without_company_count} of them without a company" in page
    assert f"read as {copy.acts_as}" in page
    assert re.search(r'<span class="secondary">(now|[^<]*seconds? ago)</span>', page)
    assert "Produktnotiz" in page
    assert "Succeeded" in page
    assert re.search(r"<summary> As of (now|[^<]*seconds? ago) · complete </summary>", page)
    assert page.index('id="search-text"') < page.index("As of ") < page.index("<tbody>")


def test_before_the_first_reading_it_says_what_to_do(jonas: Client, connection: Connection) -> None:
    page = page_of(jonas, "sales")
    assert "Nothing has been read from SuperOffice yet" in page
    assert "Get changes now" in page


@pytest.mark.usefixtures("people")
def test_without_a_tenant_it_leads_to_the_connection(jonas: Client) -> None:
    page = page_of(jonas, "sales")
    assert "No tenant is connected, so there are no sales" in page
    assert "Get changes now" not in page
    assert jonas.post(reverse("sales_read")).status_code == 302
    assert not Sync.objects.exists()


def test_a_gap_is_said_with_its_cause_and_what_it_means(
    jonas: Client, demo_tenant: DemoTenant, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reports.local_copy.reading.PAGE_SIZE", 100)
    demo_tenant.faults.answer_html("/Sale", after=1)
    sync.work_on_sync(sync.start_sync(connection, Sync.Kind.FULL).pk)
    page = page_of(jonas, "sales")
    assert "stopped before its end; the next one goes on from there" in page
    assert "SuperOffice gave an answer we cannot use." in page
    assert "sales are missing here" in page
    assert "try again by ourselves" not in page
    assert "100 of 100 sales" not in page  # a page has 50
    assert "50 of 100 sales" in page


def test_a_doubt_about_vanished_sales_is_said_once(jonas: Client, whole: Connection) -> None:
    now = timezone.now()
    values = {"status": "incomplete", "started_at": now, "finished_at": now, "page_count": 1}
    Sync.objects.create(connection=whole, kind="full", problem_code="sales_vanished", **values)
    page = page_of(jonas, "sales")
    assert page.count("showed far fewer sales than before") == 1
    assert "goes on from there" not in page


def test_refused_quotes_and_a_missing_catalogue_are_said(jonas: Client, whole: Connection) -> None:
    LocalCopy.objects.update(quotes_problem="forbidden")
    Sync.objects.update(problem_code="forbidden")
    page = page_of(jonas, "sales")
    assert "SuperOffice refused the quotes" in page
    assert "the list of products could not be read" in page


@pytest.mark.parametrize(("name", "kind"), [("sales_read", "changes"), ("sales_read_all", "full")])
def test_a_click_starts_a_reading_and_shows_its_progress(
    name: str, kind: str, jonas: Client, people: People, whole: Connection
) -> None:
    assert jonas.post(reverse(name))["Location"] == reverse("sales")
    started = Sync.objects.newest_first()[0]
    assert (started.kind, started.started_by, started.status) == (kind, people.jonas, Sync.Status.QUEUED)
    assert OrmQ.objects.count() == 1
    page = page_of(jonas, "sales")
    assert reverse("sync_progress", args=[started.pk]) in page
    assert reverse("sync_cancel", args=[started.pk]) in page
    assert reverse(name) not in page
    assert jonas.post(reverse("sync_cancel", args=[started.pk])).status_code == 302
    started.refresh_from_db()
    assert started.status == Sync.Status.CANCELLED
    assert reverse(name) in page_of(jonas, "sales")


def test_the_progress_tells_how_far_how_fast_and_reloads_at_the_end(
    jonas: Client, connection: Connection
) -> None:
    started = sync.start_sync(connection, Sync.Kind.FULL)
    now = timezone.now()
    values = {"status": "running", "started_at": now, "alive_at": now, "read_count": 5000, "cursor": 6000}
    Sync.objects.filter(pk=started.pk).update(expected_count=12_000, **values)
    address = reverse("sync_progress", args=[started.pk])
    first = page_of(jonas, "sync_progress", started.pk)
    assert "All sales, step 1 of 4 (Sales): 5,000 sales read" in first
    assert 'value="50" max="100"' in first
    assert "a second" not in first
    assert "last sign of life" in first
    since = f"{now.timestamp() - 10:.0f}"
    again = page_of(jonas, "sync_progress", started.pk, before="1000", since=since)
    assert re.search(r"(3|4)\d\d sales a second, less than a minute left", again)
    assert f"before=1000&since={since}" in again
    for odd in ({"before": "x"}, {"before": "-1", "since": "5"}, {"before": "9", "since": "nan"}):
        assert jonas.get(address, odd).status_code == 200
    Sync.objects.filter(pk=started.pk).update(status="succeeded", finished_at=now)
    assert jonas.get(address)["HX-Redirect"] == reverse("sales")


def test_a_reading_of_changes_has_no_comparison(jonas: Client, whole: Connection) -> None:
    started = sync.start_sync(whole, Sync.Kind.CHANGES)
    Sync.objects.filter(pk=started.pk).update(status="running", started_at=timezone.now(), step="quotes")
    assert "step 2 of 3 (Quotes)" in page_of(jonas, "sync_progress", started.pk)


def test_viewers_read_and_start_nothing(client: Client, people: People, whole: Connection) -> None:
    client.force_login(people.viewer)
    page = page_of(client, "sales")
    assert "Get changes now" not in page
    for name in ("sales_read", "sales_read_all"):
        assert client.post(reverse(name)).status_code == 403
    started = sync.start_sync(whole, Sync.Kind.CHANGES)
    assert reverse("sync_cancel", args=[started.pk]) not in page_of(client, "sales")
    assert client.post(reverse("sync_cancel", args=[started.pk])).status_code == 403
    started.refresh_from_db()
    assert started.status == Sync.Status.QUEUED


@pytest.mark.parametrize("name", ["sales_read", "sales_read_all"])
def test_a_reading_is_not_started_by_looking(name: str, jonas: Client, connection: Connection) -> None:
    assert jonas.get(reverse(name)).status_code == 405


def test_the_search_finds_by_number_heading_and_company(jonas: Client, connection: Connection) -> None:
    sync.copy_state(connection)
    make_sale(connection, 4711, heading="Überholung Scrubber", company_name="Kranz AG", number="N-77")
    make_sale(connection, 5, heading="4711 Bürsten", company_name="Öl und Mehr")
    make_sale(connection, 6, heading="Etwas anderes", removed_at=timezone.now())

    def found(text: str) -> list[int]:
        page = page_of(jonas, "sales", q=text)
        return [int(number) for number in re.findall(r'href="/sales/(\d+)/"', page)]

    assert found("4711") == [4711, 5]
    assert found("N-77") == found("kranz") == found("überholung") == found("ÜBERHOLUNG") == [4711]
    assert found("öl und") == [5]
    assert found("9" * 40) == found("nobody has this") == []
    assert "Gone from SuperOffice" in page_of(jonas, "sales", q="etwas")
    assert "“<b>”" in page_of(jonas, "sales", q="<b>")
    assert "&lt;b&gt;" in jonas.get(reverse("sales"), {"q": "<b>"}).content.decode()


def test_pages_go_by_key(jonas: Client, connection: Connection) -> None:
    sync.copy_state(connection)
    for number in range(1, 121):
        make_sale(connection, number)
    first = page_of(jonas, "sales")
    assert "50 of 120 sales" in first
    assert "?after=71#rows" in first
    assert "/sales/71/" in first
    assert "/sales/70/" not in first
    last = page_of(jonas, "sales", after=21)
    assert re.findall(r'href="/sales/(\d+)/"', last)[0] == "20"
    assert "Next page" not in last
    assert jonas.get(reverse("sales"), {"after": "x" * 50}).status_code == 200


def test_the_page_costs_the_same_for_few_and_for_many(jonas: Client, connection: Connection) -> None:
    def queries() -> int:
        page_of(jonas, "sales")
        with CaptureQueriesContext(database) as asked:
            page_of(jonas, "sales")
        return len(asked)

    sync.copy_state(connection)
    make_sale(connection, 1)
    few = queries()
    for number in range(2, 60):
        make_sale(connection, number)
    assert queries() == few


# --- One sale -----------------------------------------------------------------------------------------


@pytest.fixture
def showcase(whole: Connection) -> Sale:
    return Sale.objects.get(heading="2xOmnie CD-01 mit Nachlass")


def test_the_sale_page_shows_every_field_that_we_hold(jonas: Client, whole: Connection) -> None:
    sale = make_sale(
        whole,
        999_001,
        heading="2xOmnie CD-01",
        company_id=7,
        company_name="Kranz AG",
        company_no_mailing=True,
        person_id=8,
        person_name="Petra Platzhalter",
        person_email="petra@kranz.example",
        person_retired=True,
        person_bounced=True,
        owner_id=5,
        owner_name="Jonas Weber",
        currency="CHF",
        sold_on="2026-03-04",
        number="N-1",
        sale_type="New business",
        stage_name="Offer sent",
        probability=40,
        description="With a scrubber.",
        texts={NOTE: "1x Kira B50", "saleUdef/SuperOffice:9": "unlabelled"},
        changed_at=timezone.now(),
        registered_at=timezone.now(),
    )
    page = page_of(jonas, "sale", sale.sale_id)
    assert page.count(f"2xOmnie CD-01 · Sale {sale.sale_id}") == 2  # the title and the heading
    assert "Sale number in SuperOffice: N-1" in page
    shown = [
        "Kranz AG",
        "Petra Platzhalter",
        "petra@<wbr>kranz.<wbr>example",
        "Jonas Weber",
        "12.50\xa0CHF",
        "4 Mar 2026",
    ]
    shown += ["N-1", "New business", "Offer sent", "40%", "With a scrubber.", "Produktnotiz", "unlabelled"]
    shown += ["No mailings wanted", "Has left", "Mail came back", "saleUdef/SuperOffice:9"]
    for text in shown:
        assert text.replace("\xa0", " ") in page.replace("\xa0", " "), text


def test_what_the_keywords_find_is_marked(jonas: Client, showcase: Sale) -> None:
    Sale.objects.filter(pk=showcase.pk).update(texts={NOTE: "noch 1x Scrubber 75 dazu"})
    page = page_of(jonas, "sale", showcase.sale_id)
    assert "The quote says" in page
    assert re.search(r'2xOmnie <mark title="OMNIE CD-01">CD-01</mark>', page)
    assert "2 × OMNIE CD-01" in page
    assert re.search(r"noch 1x <mark[^>]*>Scrubber 75</mark> dazu", page)
    assert "keyword list version 1" in page


def test_lines_of_the_quote_are_shown_and_their_absence_is_explained(jonas: Client, showcase: Sale) -> None:
    line = showcase.quote_lines.first()
    assert line is not None
    page = page_of(jonas, "sale", showcase.sale_id)
    assert line.name in page
    assert "Lines of the accepted alternative" in page
    QuoteLine.objects.all().delete()
    assert "showed us none of its lines" in page_of(jonas, "sale", showcase.sale_id)


def test_it_tells_where_the_sale_stands_in_each_report(
    jonas: Client, people: People, showcase: Sale, whole: Connection
) -> None:
    page_of(jonas, "sale", showcase.sale_id)  # makes the first list
    newest = KeywordList.objects.get()
    usual = {
        "connection": whole,
        "keyword_list": newest,
        "status": "succeeded",
        "finished_at": timezone.now(),
    }
    for name, owner in (("With it", None), ("Without it", None), ("Somebody else's", people.sabine)):
        shared_with = Report.Audience.OWNER if owner else Report.Audience.EVERYONE
        report = Report.objects.create(name=name, owner=owner, shared_with=shared_with)
        run = Run.objects.create(report=report, **usual)
        if name == "With it":
            values = {"stage": "matched", "products": "OMNIE CD-01", "source": "both"}
            Row.objects.create(run=run, sale=showcase, sale_number=showcase.sale_id, **values)
    page = page_of(jonas, "sale", showcase.sale_id)
    assert "Heading and quote agree" in page
    assert "Not among the sales that it looked at." in page
    assert "Without it" in page
    assert "Somebody else's" not in page


def test_a_sale_that_is_gone_says_so_and_keeps_what_we_knew(jonas: Client, showcase: Sale) -> None:
    Sale.objects.filter(pk=showcase.pk).update(removed_at=timezone.now())
    page = page_of(jonas, "sale", showcase.sale_id)
    assert "SuperOffice does not show this sale any more" in page
    assert reverse("in_superoffice", args=["sale", showcase.sale_id]) not in page
    assert "CD-01" in page


def test_the_page_needs_no_answer_from_superoffice(
    jonas: Client, demo_tenant: DemoTenant, showcase: Sale
) -> None:
    demo_tenant.forget_requests()
    page = page_of(jonas, "sale", showcase.sale_id)
    assert reverse("in_superoffice", args=["sale", showcase.sale_id]) in page
    assert reverse("in_superoffice", args=["company", showcase.company_id]) in page
    assert demo_tenant.requests == []


@pytest.mark.parametrize("name", ["sale", "sale_raw"])
def test_unknown_and_other_tenants_sales_do_not_exist(name: str, jonas: Client, showcase: Sale) -> None:
    assert jonas.get(reverse(name, args=[999_999_999])).status_code == 404
    assert jonas.get(reverse(name, args=[10**30])).status_code == 404
    assert jonas.get(reverse(name, args=[showcase.sale_id])).status_code == 200
    Connection.objects.create(name="Real", environment="sod", context_identifier="Cust777", client_id="x")
    assert jonas.get(reverse(name, args=[showcase.sale_id])).status_code == 404
    page = page_of(jonas, "sales")
    assert "CD-01" not in page


def test_another_tenants_reading_does_not_exist(jonas: Client, whole: Connection) -> None:
    started = sync.start_sync(whole, Sync.Kind.CHANGES)
    Connection.objects.create(name="Real", environment="sod", context_identifier="Cust777", client_id="x")
    assert jonas.get(reverse("sync_progress", args=[started.pk])).status_code == 404
    assert jonas.post(reverse("sync_cancel", args=[started.pk])).status_code == 404


# --- The raw entity -----------------------------------------------------------------------------------


def test_the_raw_entity_comes_as_a_part_or_with_the_page(
    jonas: Client, demo_tenant: DemoTenant, whole: Connection
) -> None:
    noted = next(sale for sale in demo_tenant.story.sales.values() if sale.product_note)
    address = reverse("sale_raw", args=[noted.sale_id])
    part = jonas.get(address, headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in part
    whole_page = jonas.get(address).content.decode()
    assert "<html" in whole_page
    for text in (part, whole_page):
        assert "Produktnotiz" in text
        assert "SuperOffice:1" in text
        assert html.escape(noted.product_note) in text
        assert "Heading" in text


@pytest.mark.parametrize(
    ("status", "words"), [(404, "not in SuperOffice any more"), (403, "does not allow this")]
)
def test_why_there_is_no_entity_is_a_sentence(
    status: int, words: str, jonas: Client, demo_tenant: DemoTenant, showcase: Sale
) -> None:
    demo_tenant.faults.answer_status(f"/Sale/{showcase.sale_id}", status, "{}", times=None)
    page = page_of(jonas, "sale_raw", showcase.sale_id)
    assert words in page
    showcase.connection.refresh_from_db()
    assert showcase.connection.problem_code == ("" if status == 404 else "forbidden")


def test_viewers_ask_superoffice_nothing(
    client: Client, people: People, demo_tenant: DemoTenant, showcase: Sale
) -> None:
    client.force_login(people.viewer)
    assert "Show the raw entity" not in page_of(client, "sale", showcase.sale_id)
    demo_tenant.forget_requests()
    assert client.get(reverse("sale_raw", args=[showcase.sale_id])).status_code == 403
    assert demo_tenant.requests == []


def test_an_entity_is_made_into_lines_with_the_tenants_own_fields_first() -> None:
    entity = {
        "SaleId": 5,
        "Empty": "",
        "None": None,
        "Flag": False,
        "Contact": {"Name": "A", "TableRight": {"Mask": "FULL"}},
        "Links": [{"Name": "x"}, "plain"],
        "CustomFields": {"SuperOffice:2": "[I:7]", "SuperOffice:1": "note"},
        "UserDefinedFields": {"SuperOffice:2": "[I:8]", "SuperOffice:3": ""},
        "FieldProperties": {"Heading": {}},
    }
    shown = raw_entity.lines_of(entity, {NOTE: "Produktnotiz"})
    assert shown.own == [
        ("Produktnotiz", "SuperOffice:1", "note"),
        ("", "SuperOffice:2", "7"),
        ("", "SuperOffice:3", ""),
    ]
    assert [(line.name, line.value) for line in shown.rest] == [
        ("SaleId", "5"),
        ("Flag", "false"),
        ("Contact.Name", "A"),
        ("Links[0].Name", "x"),
        ("Links[1]", "plain"),
    ]
    assert (shown.empty_count, shown.is_cut) == (2, False)


def test_an_entity_without_end_is_cut() -> None:
    deep: object = "deep"
    for _level in range(50):
        deep = {"inside": deep}
    wide = {f"Field{number}": number for number in range(5000)}
    shown = raw_entity.lines_of({"Deep": deep, **wide, "CustomFields": None}, {})
    assert (len(shown.rest), shown.is_cut, shown.own) == (raw_entity.MOST_LINES, True, [])


# --- Progress -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"cursor": 0, "expected_count": None}, (None, None, None)),
        ({"cursor": 500, "expected_count": 1000, "read_count": 300}, (50, 20.0, 15)),
        ({"cursor": 2000, "expected_count": 1000, "read_count": 300}, (100, 20.0, 0)),
        ({"cursor": 500, "expected_count": 1000, "read_count": 300, "step": "comparison"}, (50, None, None)),
        ({"cursor": 500, "expected_count": 1000, "read_count": 300, "step": "quotes"}, (None, None, None)),
    ],
)
def test_progress_goes_by_the_numbers(values: dict[str, object], expected: tuple[object, ...]) -> None:
    shown = progress_of(Sync(**values), before=100, seconds=10.0)
    assert (shown.percent, shown.rate, shown.seconds_left) == expected
