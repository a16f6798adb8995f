"""Requests that no page of the house sends: each is answered, none breaks anything."""

import pytest
from django.test import Client
from django.urls import reverse

from connector.models import Connection
from reports.keyword_lists.keywords import current_list
from reports.models import Label, Report, Run, Sale
from reports.urls import urlpatterns
from tests.conftest import People
from tests.reports.keyword_sales import whole_copy

FIXED = {
    "name": "Forever",
    "scope": "period",
    "period": "fixed",
    "limit": "50",
    "ordered_by": "sold_on",
    "companies": "with",
    "shared_with": "everyone",
    "keep_runs": "3",
}
LONG_NUMBER = "9" * 4301  # more digits than Python reads


@pytest.fixture
def jonas(client: Client, people: People, connection: Connection) -> Client:
    current_list()
    client.force_login(people.jonas)
    return client


# --- Days and numbers -----------------------------------------------------------------------------------


@pytest.mark.parametrize("day", ["0001-01-01", "1899-12-31", "2201-01-01", "9999-12-31"])
@pytest.mark.parametrize("name", ["period_from", "period_to"])
def test_a_period_lies_between_1900_and_2200(jonas: Client, name: str, day: str) -> None:
    refused = jonas.post("/reports/add/", {**FIXED, name: day})
    assert refused.status_code == 200
    assert refused.context["form"].errors[name] == ["Choose a day from 1900 to 2200."]
    assert jonas.get("/reports/count/", {**FIXED, name: day}).status_code == 200
    assert not Report.objects.filter(name="Forever").exists()


@pytest.mark.once
@pytest.mark.parametrize("day", ["1900-01-01", "2200-12-31"])
def test_the_outermost_days_can_be_chosen(jonas: Client, day: str) -> None:
    assert jonas.post("/reports/add/", {**FIXED, "period_from": day}).status_code == 302
    report = Report.objects.get(name="Forever")
    assert jonas.get(f"/reports/{report.pk}/edit/").status_code == 200


@pytest.mark.once
@pytest.mark.parametrize("number", [LONG_NUMBER, "9" * 30, "²"])
def test_a_number_that_is_none_of_ours_is_no_error(jonas: Client, number: str) -> None:
    version = str(current_list().version)
    preview = jonas.post("/keywords/preview/", {"number": number, "version": version, "text": "neu"})
    assert preview.status_code == 200
    assert jonas.get("/schedules/add/", {"report": number}).status_code == 200
    assert jonas.get("/reports/add/", {"copy": number}).status_code == 200


# --- Odd characters and addresses -----------------------------------------------------------------------


@pytest.mark.parametrize("wanted", ["\0", "a\0b", "1\0"])
def test_a_nul_in_the_question_why_is_a_blank(jonas: Client, finished_run: Run, wanted: str) -> None:
    assert jonas.get(reverse("run_why", args=[finished_run.pk]), {"sale": wanted}).status_code == 200


@pytest.mark.once
@pytest.mark.parametrize("page", ["http://[", "http://[::1/?q=a", "//[x]", "\x01"])
def test_an_address_that_is_none_has_no_filter(jonas: Client, finished_run: Run, page: str) -> None:
    headers = {"HX-Target": "why-answer", "HX-Current-URL": page}
    address = reverse("run_why", args=[finished_run.pk])
    assert jonas.get(address, {"sale": "5"}, headers=headers).status_code == 200


def test_a_nul_in_a_label_is_a_blank(jonas: Client, connection: Connection) -> None:
    whole_copy(connection)
    current = jonas.get("/keywords/labels/").context["current"]
    sent = {"heading": current["sale"].heading, "products": current["words"], "truth": "Akku;\0Bürste"}
    answer = jonas.post(f"/keywords/labels/{current['sale'].sale_id}/wrong/", sent)
    assert answer.status_code == 302
    assert "\0" not in Label.objects.get().truth


# --- Who may not ----------------------------------------------------------------------------------------


def _address(name: str, run: Run) -> str:
    values = {
        "pk": run.report_id if name.startswith("report") or name == "view_save" else run.pk,
        "other_pk": run.pk,
        "dialect": "data",
        "kind": "sale",
        "sale_id": Sale.objects.present()[0].sale_id,
        "number": 2,
        "version": 1,
    }
    (pattern,) = [one for one in urlpatterns if one.name == name]
    return reverse(name, kwargs={key: values[key] for key in pattern.pattern.converters})


@pytest.mark.once
def test_somebody_without_a_role_gets_the_sentence_and_nothing_else(
    client: Client, people: People, finished_run: Run
) -> None:
    assert not Report.objects.visible_to(people.outsider).exists()
    Report.objects.update(owner=people.outsider)
    assert not Report.objects.visible_to(people.outsider).exists()
    client.force_login(people.outsider)
    for pattern in urlpatterns:
        for ask in (client.get, client.post):
            answer = ask(_address(str(pattern.name), finished_run))
            assert answer.status_code == 403, pattern.name
            assert b"Your role does not include this page" in answer.content
    assert "You have no role yet" in client.get("/").content.decode()


@pytest.mark.once
def test_who_has_a_role_is_not_told_to_get_one(jonas: Client) -> None:
    assert "You have no role yet" not in jonas.get("/").content.decode()


@pytest.mark.once
def test_nobody_reaches_a_page_of_reports_without_signing_in(client: Client, finished_run: Run) -> None:
    for pattern in urlpatterns:
        answer = client.get(_address(str(pattern.name), finished_run))
        assert (answer.status_code, answer["Location"][:7]) == (302, "/login/"), pattern.name


@pytest.mark.once
def test_a_viewer_takes_no_keyword_list_away(client: Client, people: People, connection: Connection) -> None:
    current_list()
    client.force_login(people.viewer)
    assert client.get("/keywords/versions/1/csv/data/").status_code == 403
    for page in ("/keywords/", "/keywords/versions/1/"):
        assert b"/csv/" not in client.get(page).content
    client.force_login(people.jonas)
    for page in ("/keywords/", "/keywords/versions/1/"):
        assert b"/csv/" in client.get(page).content
