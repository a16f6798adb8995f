"""The Failures page: what it counts, how it drills down, who may see it, and what it costs."""

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from connector import failures as figures
from connector.models import ApiCall, Connection
from connector.problems import PROBLEMS
from connector.superoffice import errors
from connector.templatetags.call_words import OUTCOMES
from tests.conftest import People

QUERIES = 13


@pytest.fixture
def row(db: None) -> Connection:
    return Connection.objects.create(name="Ours", environment="stage", context_identifier="Cust777")


@pytest.fixture
def desk(client: Client, people: People) -> Client:
    client.force_login(people.administrator)
    return client


def stored(connection: Connection, minutes: float = 5, **changes: Any) -> ApiCall:
    values: dict[str, Any] = {
        "connection": connection,
        "environment": connection.environment,
        "at": timezone.now() - timedelta(minutes=minutes),
        "method": "GET",
        "operation": "Sale",
        "status": 200,
        "outcome": "ok",
        "milliseconds": 100,
    }
    return ApiCall.objects.create(**{**values, **changes})


def failed(connection: Connection, minutes: float = 5, **changes: Any) -> ApiCall:
    values = {"status": 500, "outcome": "server_error", "error_type": "SoException", "detail": "Not now"}
    return stored(connection, minutes, **{**values, **changes})


def page(client: Client, url: str = "", **query: Any) -> str:
    answer = client.get(url or reverse("failures"), query, headers={"accept-language": "en"})
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split()).replace("<wbr>", "").replace("&#x27;", "'")


def links(text: str, marked: str) -> list[str]:
    found = re.findall(r'href="([^"]*)"', text)
    return [link.replace("&amp;", "&") for link in found if marked in link]


def query_of(link: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(link).query))


# --- Who may see it ---------------------------------------------------------------------------------------


def test_only_administrators_see_failures(client: Client, people: People, row: Connection) -> None:
    call = failed(row)
    for user in (people.approver, people.jonas, people.viewer, people.outsider):
        client.force_login(user)
        for url in (reverse("failures"), reverse("api_call", args=[call.pk])):
            answer = client.get(url)
            assert answer.status_code == 403
            assert "SoException" not in answer.content.decode()
    client.force_login(people.administrator)
    assert "SoException" in page(client)


def test_the_pages_only_read(desk: Client, row: Connection) -> None:
    call = failed(row)
    for url in (reverse("failures"), reverse("api_call", args=[call.pk])):
        assert desk.post(url).status_code == 405
    assert desk.get(reverse("api_call", args=[call.pk + 1])).status_code == 404


# --- What it counts ---------------------------------------------------------------------------------------


def test_calls_are_counted_in_the_last_thirty_minutes(desk: Client, row: Connection) -> None:
    stored(row, 5)
    stored(row, 29)
    failed(row, 10)
    failed(row, 90)
    answer = desk.get(reverse("failures"))
    assert (answer.context["count"], answer.context["failed_count"]) == (3, 1)
    assert answer.context["form"]["range"].value() == "30m"


@pytest.mark.parametrize(
    ("name", "count"), [("30m", 1), ("3h", 2), ("24h", 3), ("7d", 4), ("30d", 5), ("90d", 6)]
)
def test_the_time_range_decides_what_counts(desk: Client, row: Connection, name: str, count: int) -> None:
    for minutes in (20, 150, 1_300, 9_000, 40_000, 120_000):
        failed(row, minutes)
    answer = desk.get(reverse("failures"), {"range": name})
    assert (answer.context["count"], answer.context["failed_count"]) == (count, count)
    (group, _url), *others = answer.context["groups"]
    assert (group.count, others) == (count, [])


def test_connection_and_environment_are_filters(desk: Client, row: Connection) -> None:
    other = Connection.objects.create(name="Theirs", environment="online", context_identifier="Cust888")
    failed(row, operation="Sale")
    failed(other, operation="Person/{id}")
    for query in ({"connection": other.pk}, {"environment": "online"}):
        shown = desk.get(reverse("failures"), query).context
        assert [group.operation for group, _url in shown["groups"]] == ["Person/{id}"]
        assert shown["count"] == 1


def test_what_makes_no_sense_is_left_out_and_said(desk: Client, row: Connection) -> None:
    failed(row)
    query = {"range": "ever", "connection": "999999", "environment": "moon", "step": "9" * 12, "before": "-1"}
    shown = desk.get(reverse("failures"), query)
    assert shown.status_code == 200
    assert shown.context["failed_count"] == 1
    assert shown.content.decode().count("is-invalid") >= 3


def test_failures_are_grouped_by_operation_and_outcome(desk: Client, row: Connection) -> None:
    for minutes in (20, 10, 5):
        failed(row, minutes, detail=f"words {minutes}")
    failed(row, outcome="unexpected_answer", error_type="html", detail="Bad gateway")
    failed(row, method="PUT")
    stored(row)
    shown = desk.get(reverse("failures"))
    groups = [group for group, _url in shown.context["groups"]]
    assert [(group.method, group.outcome, group.count) for group in groups] == [
        ("GET", "server_error", 3),
        ("PUT", "server_error", 1),
        ("GET", "unexpected_answer", 1),
    ]
    first = groups[0]
    assert first.last_at - first.first_at == pytest.approx(timedelta(minutes=15), abs=timedelta(seconds=5))
    assert first.newest.detail == "words 5"
    text = page(desk)
    assert "words 5" in text
    assert "words 20" not in text
    assert "an HTML page instead of data" in text


def test_only_the_most_frequent_groups_are_shown_and_the_page_says_so(desk: Client, row: Connection) -> None:
    for number in range(figures.MOST_GROUPS):
        failed(row, operation=f"Agents/A{number}/Get")
    failed(row, operation="Often")
    failed(row, operation="Often")
    text = page(desk)
    shown = [query_of(link)["operation"] for link in links(text, "outcome=")]
    assert shown == ["Often", *(f"Agents/A{number}/Get" for number in range(49, 0, -1))]
    assert "Only the 50 most frequent failures are shown." in text


# --- The chart --------------------------------------------------------------------------------------------


def test_the_table_has_the_same_numbers_as_the_drawing(desk: Client, row: Connection) -> None:
    for minutes in (3, 3, 20):
        stored(row, minutes)
    failed(row, 20)
    text = page(desk)
    found = re.search(r'<script id="chart-data" type="application/json">(.*?)</script>', text)
    assert found
    drawn = json.loads(found[1])
    table = re.search(r'id="chart-table".*?</table>', text)
    assert table
    cells = [int(cell) for cell in re.findall(r'<td class="number">(\d+)</td>', table[0])]
    assert cells[1::2] == drawn["failed"]
    assert cells[0::2] == [sum(pair) for pair in zip(drawn["failed"], drawn["answered"], strict=True)]
    assert sum(cells[0::2]) == 4
    assert len(drawn["labels"]) == len(drawn["urls"]) == len(drawn["failed"])
    assert "At the worst, " in text
    assert "1 of 2 calls failed." in text


def test_a_bar_leads_to_what_failed_then(desk: Client, row: Connection) -> None:
    failed(row, 20, operation="Person/{id}")
    failed(row, 3, operation="Sale")
    older = next(link for link in links(page(desk), "step="))
    text = page(desk, older)
    assert "GET Person/{id}" in text
    assert "GET Sale</a>" not in text
    assert links(text, "failures/?range=30m#failed"), "the chip takes the step away again"


def test_a_bar_without_failures_says_so(desk: Client, row: Connection) -> None:
    failed(row, 3)
    moment = int((timezone.now() - timedelta(minutes=20)).timestamp())
    assert "No call failed at this time." in page(desk, step=moment)


# --- Drilling down ----------------------------------------------------------------------------------------


def test_a_group_leads_to_its_calls_fifty_at_a_time(desk: Client, row: Connection) -> None:
    for number in range(120):
        failed(row, 20 - number / 10, detail=f"number {number:03}")
    failed(row, outcome="forbidden")
    group = next(link for link in links(page(desk), "outcome=server_error"))
    seen: list[str] = []
    url: str | None = group
    for shown, sentence in ((50, "Newest 50 of 120 calls"), (50, "50 of 120 calls"), (20, "20 of 120 calls")):
        assert url
        text = page(desk, url)
        found = re.findall(r"number (\d{3})", text)
        assert len(found) == shown
        assert sentence in text
        seen += found
        url = next((link for link in links(text, "before=") if "before=" in link), None)
    assert seen == [f"{number:03}" for number in reversed(range(120))]
    assert url is None or query_of(url)["before"]


def test_a_group_that_is_gone_says_so(desk: Client, row: Connection) -> None:
    failed(row)
    assert "No such call failed in this time." in page(
        desk, method="GET", operation="Gone", outcome="forbidden"
    )


def test_one_call_shows_what_was_asked_what_came_back_and_what_to_do(
    desk: Client, people: People, row: Connection
) -> None:
    call = failed(
        row,
        asked="$select=saleId,heading\n$filter=saleId lt …\n$top=1000",
        operation_id="op-77",
        byte_count=2048,
        milliseconds=1234,
        attempt=2,
        job="request-1f2e3d4c",
        user=people.jonas,
    )
    text = page(desk, reverse("api_call", args=[call.pk]))
    for words in (
        "GET Sale",
        "<code>$filter</code>",
        "<code>saleId lt …</code>",
        "<dd>500</dd>",
        "<code>SoException</code>",
        "Not now",
        "1,234 ms",
        "2.0 KB",
        "<code>op-77</code>",
        "Quote the operation id to SuperOffice's support",
        "Jonas Weber",
        "request-1f2e3d4c",
        "Ours (Cust777)",
        "stage (qaonline)",
        str(PROBLEMS["server_error"].for_administrators),
    ):
        assert words in text, words


def test_without_an_operation_id_the_page_says_what_to_quote_instead(desk: Client, row: Connection) -> None:
    call = failed(row, at=datetime(2026, 11, 20, 13, 2, 10, tzinfo=UTC))
    text = page(desk, reverse("api_call", args=[call.pk]))
    assert "quote the operation, the tenant and the moment: 2026-11-20 13:02:10 UTC." in text


def test_a_refused_token_is_explained_by_the_login_hosts_word(desk: Client, row: Connection) -> None:
    call = failed(row, outcome="bad_request", status=400, error_type="invalid_grant")
    text = page(desk, reverse("api_call", args=[call.pk]))
    assert str(PROBLEMS["needs_consent"].for_administrators) in text


def test_the_whole_story_is_told_in_order(desk: Client, row: Connection) -> None:
    job = {"job": "run-0a0b0c0d"}
    stored(row, 9, operation="User/currentPrincipal", **job)
    first = failed(row, 8, **job)
    second = stored(row, 7, attempt=2, **job)
    stored(row, 7, operation="Other", job="run-ffffffff")
    text = page(desk, reverse("api_call", args=[first.pk]))
    places = [
        text.index(words) for words in ("User/currentPrincipal", f"calls/{first.pk}/", f"calls/{second.pk}/")
    ]
    story = text[text.index("The whole story") :]
    assert [story.count(words) for words in ("<tr", "Other")] == [4, 0]
    assert 'aria-current="true"' in story
    assert "the next attempt was answered: nothing is lost" in text
    assert places


def test_a_next_attempt_that_failed_too_is_no_comfort(desk: Client, row: Connection) -> None:
    first = failed(row, 8, job="run-1")
    failed(row, 7, attempt=2, job="run-1")
    assert "the next attempt failed as well" in page(desk, reverse("api_call", args=[first.pk]))


# --- Empty, strange and cheap -----------------------------------------------------------------------------


def test_without_calls_the_page_says_so_and_looks_further_back(desk: Client, row: Connection) -> None:
    text = page(desk)
    assert "Nothing was asked of SuperOffice in this time." in text
    assert links(text, "range=90d")
    assert not links(page(desk, range="90d"), "range=90d#")


def test_without_failures_the_page_is_glad(desk: Client, row: Connection) -> None:
    stored(row)
    stored(row)
    text = page(desk)
    assert "All 2 calls of this time were answered: nothing failed." in text
    assert "No call failed in this time." in text


def test_superoffices_words_cannot_become_markup(desk: Client, row: Connection) -> None:
    call = failed(row, detail="<script>alert(1)</script>", operation="</script><b>", error_type="<i>")
    for text in (page(desk), page(desk, reverse("api_call", args=[call.pk]))):
        assert "<script>alert" not in text
        assert "</script><b>" not in text
        assert "<i>" not in text


def test_every_outcome_of_a_call_has_words() -> None:
    raised_by_a_transport: list[type[errors.SuperOfficeError]] = [
        errors.Unreachable,
        errors.UnsafeAddress,
        errors.Unauthorized,
        errors.Forbidden,
        errors.NotFound,
        errors.BadRequest,
        errors.RateLimited,
        errors.WrongHost,
        errors.ServerError,
        errors.UnexpectedAnswer,
    ]
    assert {kind.code for kind in raised_by_a_transport} | {"ok"} == set(OUTCOMES)


@pytest.mark.parametrize("count", [1, 300])
def test_the_page_costs_the_same_with_one_row_and_with_many(
    desk: Client, row: Connection, django_assert_num_queries: DjangoAssertNumQueries, count: int
) -> None:
    for number in range(count):
        failed(row, 25 - number / 20, operation=f"Agents/A{number % 40}", job="run-1")
        stored(row, 25 - number / 20)
    call = ApiCall.objects.failed().order_by("pk")[0]
    group = {"method": call.method, "operation": call.operation, "outcome": call.outcome}
    page(desk)
    with django_assert_num_queries(QUERIES):
        page(desk)
    with django_assert_num_queries(QUERIES):
        page(desk, **group)
    with django_assert_num_queries(QUERIES - 2):
        page(desk, reverse("api_call", args=[call.pk]))
