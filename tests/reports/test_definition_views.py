"""Reports are definitions that people make: nothing typed is lost, and nothing that was found changes."""

import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django_q.models import Schedule

from connector.models import Connection
from reports.definitions.definition import Definition
from reports.definitions.report_forms import ReportForm
from reports.models import Download, JobSchedule, LocalCopy, Match, Report, Row, Run, Sale
from reports.runs import services
from reports.schedules.schedule import keep_schedule
from tests.conftest import People

pytestmark = [pytest.mark.usefixtures("connection"), pytest.mark.once]
FILLED: dict[str, Any] = {
    "name": "Offene mit Firma",
    "description": "Was noch offen ist",
    "scope": "newest",
    "limit": "250",
    "ordered_by": "number",
    "period": "",
    "period_from": "",
    "period_to": "",
    "companies": "with",
    "statuses": ["open"],
    "owner_ids": [],
    "keyword_list": "",
    "use_quotes": "on",
    "search_columns": ["description"],
    "columns": ["sale_number", "customer", "products"],
    "shared_with": "everyone",
    "keep_runs": "5",
    "keep_monthly": "on",
}


def add(client: Client, **values: Any) -> Any:
    return client.post("/reports/add/", {**FILLED, **values})


def words(answer: Any) -> str:
    return str(answer.content.decode())


# --- Making and changing ----------------------------------------------------------------------------------


def test_a_report_is_made_in_one_form(client: Client, people: People) -> None:
    client.force_login(people.jonas)
    assert client.get("/reports/add/").status_code == 200
    answer = add(client)
    report = Report.objects.get(name="Offene mit Firma")
    assert answer["Location"] == f"/reports/{report.pk}/"
    assert report.owner == people.jonas
    assert Definition.of(report) == Definition(
        limit=250,
        statuses=("open",),
        search_columns=("description",),
        columns=("sale_number", "customer", "products"),
    )
    assert (report.keep_runs, report.keep_monthly, report.keyword_list) == (5, True, None)


def test_the_usual_columns_are_not_written_down(client: Client, people: People) -> None:
    client.force_login(people.jonas)
    page = words(client.get("/reports/add/"))
    ticked = [line for line in page.split("<input") if 'name="columns"' in line and "checked" in line]
    assert len(ticked) == 11
    usual = [line.partition('value="')[2].partition('"')[0] for line in ticked]
    add(client, columns=usual)
    assert Report.objects.get(name="Offene mit Firma").columns == []


@pytest.mark.parametrize(
    ("values", "field", "sentence"),
    [
        ({"name": ""}, "name", "Give the report a name"),
        ({"scope": "newest", "limit": ""}, "limit", "How many of the newest sales?"),
        ({"scope": "newest", "limit": "0"}, "limit", "greater than or equal to 1"),
        ({"scope": "newest", "limit": "2000000"}, "limit", "less than or equal to 1000000"),
        ({"scope": "period"}, "period", "Choose the period."),
        ({"scope": "period", "period": "fixed"}, "period_from", "Enter the first day"),
        (
            {"scope": "period", "period": "fixed", "period_from": "2026-02-01", "period_to": "2026-01-31"},
            "period_to",
            "before the first one",
        ),
        ({"scope": "period", "period": "fixed", "period_from": "soon"}, "period_from", "valid date"),
        ({"scope": "some"}, "scope", "Select a valid choice"),
        ({"owner_ids": ["nobody"]}, "owner_ids", "Select a valid choice"),
        ({"columns": ["password"]}, "columns", "Select a valid choice"),
        ({"keyword_list": "99999"}, "keyword_list", "Select a valid choice"),
        ({"keep_runs": "0"}, "keep_runs", "greater than or equal to 1"),
    ],
)
def test_an_error_stands_at_its_field_and_nothing_typed_is_lost(
    client: Client, people: People, values: dict[str, Any], field: str, sentence: str
) -> None:
    client.force_login(people.jonas)
    answer = add(client, **{"description": "Kept <text>", **values})
    assert answer.status_code == 200
    assert sentence in str(answer.context["form"].errors[field])
    assert "Kept &lt;text&gt;" in words(answer)
    assert re.search(rf'href="#(div_)?id_{field}', words(answer))
    assert not Report.objects.filter(description="Kept <text>").exists()


def test_what_the_chosen_sales_do_not_need_is_passed_over(client: Client, people: People) -> None:
    client.force_login(people.jonas)
    assert add(client, scope="all", limit="", period="this_year").status_code == 302
    report = Report.objects.get(name="Offene mit Firma")
    assert (report.scope, report.period, report.limit) == ("all", "", 1000)


def test_a_period_open_at_one_end_is_a_period(client: Client, people: People) -> None:
    client.force_login(people.jonas)
    add(client, scope="period", period="fixed", period_from="2026-01-01")
    report = Report.objects.get(name="Offene mit Firma")
    assert str(report.period_from) == "2026-01-01"
    assert report.period_to is None


@pytest.mark.parametrize(
    ("posted", "kept"),
    [
        ({}, "sold_on"),
        ({"period_by": "changed_at"}, "changed_at"),
        ({"ordered_by": "registered_at"}, "registered_at"),
        ({"ordered_by": "registered_at", "period_by": "sold_on"}, "sold_on"),
    ],
)
def test_a_period_goes_by_a_day_and_never_by_the_number(
    posted: dict[str, str], kept: str, client: Client, people: People
) -> None:
    client.force_login(people.jonas)
    assert add(client, scope="period", period="this_year", **posted).status_code == 302
    assert Report.objects.get(name="Offene mit Firma").ordered_by == kept


def test_a_stored_period_by_number_stays_what_it_was(client: Client, people: People) -> None:
    report = Report.objects.create(name="Old", scope="period", period="this_year", owner=people.jonas)
    assert report.ordered_by == "number"
    client.force_login(people.jonas)
    page = client.get(f"/reports/{report.pk}/edit/")
    assert page.context["form"]["period_by"].value() == "registered_at"
    assert "by day of registration" in words(client.get(f"/reports/{report.pk}/"))


def test_a_copy_of_a_long_name_shows_that_it_was_cut(client: Client, people: People) -> None:
    report = Report.objects.create(name="x" * 98)
    client.force_login(people.jonas)
    page = client.get(f"/reports/add/?copy={report.pk}")
    name = page.context["form"]["name"].value()
    assert len(name) == 100
    assert name.endswith("x…")
    assert "At most 100 characters." in words(page)
    assert "100" in str(add(client, name="y" * 101).context["form"].errors["name"])


def test_a_name_that_is_taken_is_a_sentence(client: Client, people: People, report: Report) -> None:
    client.force_login(people.jonas)
    assert "already exists" in words(add(client, name=report.name))


def test_a_name_that_somebody_takes_at_the_same_moment_is_a_sentence_too(
    client: Client, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked = ReportForm.validate_unique

    def checked_too_early(form: ReportForm) -> None:
        checked(form)
        Report.objects.create(name=FILLED["name"])

    monkeypatch.setattr(ReportForm, "validate_unique", checked_too_early)
    client.force_login(people.jonas)
    answer = add(client)
    assert answer.status_code == 200
    assert "Somebody has just given this name to another report" in words(answer)
    assert "Was noch offen ist" in words(answer)
    assert Report.objects.filter(name=FILLED["name"]).count() == 1


def test_a_change_holds_from_the_next_run_on(client: Client, people: People, finished_run: Run) -> None:
    report = finished_run.report
    before = Run.objects.filter(pk=finished_run.pk).values().get()
    rows = list(Row.objects.filter(run=finished_run).values())
    client.force_login(people.administrator)
    assert client.get(f"/reports/{report.pk}/edit/").status_code == 200
    answer = client.post(f"/reports/{report.pk}/edit/", {**FILLED, "name": report.name, "limit": "7"})
    assert answer["Location"] == f"/reports/{report.pk}/"
    assert Run.objects.filter(pk=finished_run.pk).values().get() == before
    assert list(Row.objects.filter(run=finished_run).values()) == rows
    following = services.start_run(report=Report.objects.get(pk=report.pk))
    assert following is not None
    assert following.definition["limit"] == 7


def test_a_copy_begins_as_the_original_and_belongs_to_who_makes_it(
    client: Client, people: People, report: Report
) -> None:
    Report.objects.filter(pk=report.pk).update(owner=people.administrator, statuses=["lost"], limit=77)
    client.force_login(people.jonas)
    page = words(client.get(f"/reports/add/?copy={report.pk}"))
    assert 'value="Copy of Test report"' in page
    assert 'value="77"' in page
    answer = client.post(f"/reports/add/?copy={report.pk}", {**FILLED, "name": "Copy of Test report"})
    assert answer.status_code == 302
    assert Report.objects.get(name="Copy of Test report").owner == people.jonas
    report.refresh_from_db()
    assert (report.owner, report.limit) == (people.administrator, 77)


# --- What there is to choose from -------------------------------------------------------------------------


def test_owners_and_unknown_statuses_come_from_the_local_copy(
    client: Client, people: People, finished_run: Run
) -> None:
    sale = Sale.objects.order_by("pk").first()
    assert sale is not None
    Sale.objects.filter(pk=sale.pk).update(owner_id=4711, owner_name="Öznur Ölçer", status="In Klärung")
    client.force_login(people.jonas)
    page = words(client.get("/reports/add/"))
    assert "Öznur Ölçer" in page
    assert 'value="In Klärung"' in page
    add(client, owner_ids=["4711"], statuses=["In Klärung"])
    report = Report.objects.get(name="Offene mit Firma")
    assert (report.owner_ids, report.statuses) == ([4711], ["In Klärung"])


def test_what_is_chosen_stays_on_offer_when_the_copy_has_it_no_more(
    client: Client, people: People, report: Report
) -> None:
    Report.objects.filter(pk=report.pk).update(
        owner_ids=[99], statuses=["Gone"], search_columns=["saleUdef/x"]
    )
    client.force_login(people.administrator)
    page = words(client.get(f"/reports/{report.pk}/edit/"))
    for value in ("99", "Gone", "saleUdef/x"):
        assert f'value="{value}"' in page


def test_further_texts_are_those_of_the_copy(client: Client, people: People, connection: Connection) -> None:
    columns = [{"name": "saleUdef/SuperOffice:1", "label": "Produktnotiz"}]
    LocalCopy.objects.update_or_create(connection=connection, defaults={"text_columns": columns})
    client.force_login(people.jonas)
    assert "Produktnotiz" in words(client.get("/reports/add/"))
    add(client, search_columns=["saleUdef/SuperOffice:1"])
    assert Report.objects.get(name="Offene mit Firma").search_columns == ["saleUdef/SuperOffice:1"]


# --- The count beside the form ----------------------------------------------------------------------------


def test_the_count_is_that_of_the_next_run(client: Client, people: People, finished_run: Run) -> None:
    client.force_login(people.jonas)
    page = words(client.get("/reports/count/", {**FILLED, "limit": "100", "statuses": []}))
    assert f"<strong>{finished_run.read_count}</strong>" in page
    with_company = finished_run.rows.exclude(stage=Row.Stage.NO_COMPANY).count()
    assert f"<strong>{with_company}</strong> of them have a company" in page
    assert with_company < finished_run.read_count
    assert "the newest 100 sales with a company" in page
    lost = Sale.objects.filter(status="lost").count()
    page = words(
        client.get("/reports/count/", {**FILLED, "scope": "all", "companies": "any", "statuses": ["lost"]})
    )
    assert f"<strong>{lost}</strong>" in page
    assert lost > 0


def test_the_count_says_what_is_still_to_choose(client: Client, people: People) -> None:
    client.force_login(people.jonas)
    page = words(client.get("/reports/count/", {**FILLED, "scope": "period"}))
    assert "Still to choose: Period" in page
    assert "Nothing has been read from SuperOffice yet" in words(client.get("/reports/count/", FILLED))
    Connection.objects.all().delete()
    assert "No tenant is connected" in words(client.get("/reports/count/", FILLED))


def test_the_count_costs_few_queries(client: Client, people: People, finished_run: Run) -> None:
    client.force_login(people.jonas)
    client.get("/reports/count/", FILLED)  # the session is written once
    with CaptureQueriesContext(database) as queries:
        client.get("/reports/count/", FILLED)
    assert len(queries) <= 22  # two of them: is the local copy complete?


# --- Removing ---------------------------------------------------------------------------------------------


def test_a_report_goes_with_all_that_hangs_on_it(client: Client, people: People, finished_run: Run) -> None:
    report = finished_run.report
    schedule = JobSchedule.objects.create(job="run_report", report=report, at="06:00")
    schedule.refresh_from_db()
    keep_schedule(schedule)
    other = services.start_run(report=Report.objects.create(name="Another"))
    client.force_login(people.administrator)
    page = words(client.get(f"/reports/{report.pk}/remove/"))
    assert "Remove “Test report”" in page
    assert "one schedule" in page
    assert client.post(f"/reports/{report.pk}/remove/")["Location"] == "/reports/"
    assert not Report.objects.filter(pk=report.pk).exists()
    assert not Match.objects.exists()
    assert not Row.objects.exists()
    assert list(Run.objects.all()) == [other]
    assert not Schedule.objects.filter(name=f"schedule-{schedule.pk}").exists()
    assert Sale.objects.exists()


def test_a_worker_at_a_run_of_a_removed_report_stops(client: Client, people: People, report: Report) -> None:
    run = services.start_run(report=report)
    assert run is not None
    client.force_login(people.administrator)
    client.post(f"/reports/{report.pk}/remove/")
    services.work_on_run(run.pk)
    assert not Run.objects.filter(pk=run.pk).exists()


def test_who_downloaded_what_is_known_after_the_report_is_gone(
    client: Client, people: People, finished_run: Run
) -> None:
    client.force_login(people.jonas)
    assert client.get(f"/runs/{finished_run.pk}/csv/data/").getvalue()
    client.force_login(people.administrator)
    client.post(f"/reports/{finished_run.report_id}/remove/")
    download = Download.objects.get()
    assert (download.run_id, download.report_label, download.started_by) == (
        None,
        "Test report",
        people.jonas,
    )
    page = client.get("/downloads/").content.decode()
    assert "Test report" in page
    assert client.get("/jobs/").status_code == 200


# --- Rights -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("address", ["/reports/add/", "/reports/count/"])
def test_viewers_and_outsiders_define_nothing(client: Client, people: People, address: str) -> None:
    for user in (people.viewer, people.outsider):
        client.force_login(user)
        assert client.get(address).status_code == 403
    client.force_login(people.viewer)
    assert add(client).status_code == 403


@pytest.mark.parametrize("page", ["edit", "remove"])
def test_only_the_owner_and_administrators_change_or_remove(
    client: Client, people: People, report: Report, page: str
) -> None:
    Report.objects.filter(pk=report.pk).update(owner=people.jonas)
    address = f"/reports/{report.pk}/{page}/"

    def answers(user: User) -> tuple[int, int]:
        client.force_login(user)
        return client.get(address).status_code, client.post(address, {"name": ""}).status_code

    for user in (people.sabine, people.approver, people.viewer):
        assert answers(user) == (403, 403)
    assert Report.objects.filter(pk=report.pk, name="Test report").exists()
    assert answers(people.administrator)[0] == 200
    if page == "edit":
        assert answers(people.jonas) == (200, 200)


@pytest.mark.parametrize("page", ["edit/", "remove/"])
def test_who_may_not_see_a_report_is_told_that_there_is_none(
    client: Client, people: People, report: Report, page: str
) -> None:
    Report.objects.filter(pk=report.pk).update(owner=people.jonas, shared_with="owner")
    client.force_login(people.sabine)
    assert client.get(f"/reports/{report.pk}/{page}").status_code == 404
    assert client.get(f"/reports/add/?copy={report.pk}").status_code == 404
