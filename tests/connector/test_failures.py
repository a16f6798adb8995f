"""The Failures page: what it counts, how it drills down, who may see it, and what it costs."""

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation
from pytest_django import DjangoAssertNumQueries
from pytest_django.fixtures import Settings

from connector import failures as figures
from connector import tasks
from connector.demo.tenant import DemoTenant
from connector.models import ApiCall, Connection
from connector.problems import PROBLEMS
from connector.superoffice import errors
from connector.templatetags.call_words import OUTCOMES, advice
from tests.conftest import People
from tests.connector.quick_tenant import clear_faults

QUERIES = 14  # one of them counts the rights check's calls, which are left out


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
        "quote its operation id to SuperOffice's support",
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


# --- The rights check asks what may be refused ------------------------------------------------------------


def test_refusals_of_a_healthy_rights_check_are_no_failures(
    desk: Client, connection: Connection, demo_tenant: DemoTenant, settings: Settings
) -> None:
    settings.SUPEROFFICE_CALLS_PER_SECOND = 1000
    clear_faults(demo_tenant)
    tasks.probe_daily()
    asked, refused = ApiCall.objects.count(), ApiCall.objects.failed().count()
    assert refused >= 4
    stored(connection)
    shown = desk.get(reverse("failures")).context
    assert (shown["count"], shown["failed_count"], shown["groups"]) == (1, 0, [])
    assert f"{asked} calls of the rights check are not counted." in page(desk)
    shown = desk.get(reverse("failures"), {"checks": "shown"}).context
    assert (shown["count"], shown["failed_count"]) == (asked + 1, refused)


def test_calls_of_the_rights_check_are_shown_when_asked_for_and_the_counts_add_up(
    desk: Client, row: Connection
) -> None:
    for job in ("probe-1f2e3d4c", "trial-0a0b0c0d", "run-11111111", ""):
        failed(row, job=job)
        stored(row, job=job)
    text = page(desk)
    assert "4 calls of the rights check are not counted." in text
    assert f'href="{reverse("capabilities")}"' not in text[text.index('id="failed"') :]
    (link,) = links(text, "checks=shown")
    assert query_of(link) == {"range": "30m", "checks": "shown"}
    for url, count, failed_count in ((reverse("failures"), 4, 2), (link, 8, 4)):
        shown = desk.get(url).context
        assert (shown["count"], shown["failed_count"], shown["check_count"]) == (count, failed_count, 4)
        assert sum(bar.count for bar in shown["bars"]) == count
        assert sum(group.count for group, _url in shown["groups"]) == failed_count
        assert sum(speed.count for speed in shown["slowest"]) == count
    ((group, _url),) = shown["groups"]
    assert group.check_count == 2
    text = page(desk, link)
    assert "4 of these calls belong to the rights check." in text
    assert f'href="{reverse("capabilities")}"' in text[text.index('id="failed"') :]
    assert all("checks=shown" in other for other in links(text, "outcome=") + links(text, "step="))
    assert '<input type="hidden" name="checks" value="shown"' in text, "the filter's form keeps the choice"
    assert any("checks" not in query_of(other) for other in links(text, "failures/?range=30m#failed"))


def test_a_group_of_the_rights_check_lists_its_calls_only_when_they_are_shown(
    desk: Client, row: Connection
) -> None:
    failed(row, job="probe-1f2e3d4c")
    group = {"method": "GET", "operation": "Sale", "outcome": "server_error"}
    stored(row)
    assert "No such call failed in this time." in page(desk, **group)
    text = page(desk, **group, checks="shown")
    assert "SoException" in text
    assert f'href="{reverse("capabilities")}"' in text[text.index('id="failed"') :]


def test_where_only_the_rights_check_asked_the_page_says_so(desk: Client, row: Connection) -> None:
    failed(row, job="probe-1f2e3d4c")
    text = page(desk)
    assert "1 call of the rights check is not counted." in text
    assert "Apart from the rights check, nothing was asked of SuperOffice in this time." in text


def test_a_call_of_the_rights_check_leads_to_its_page(desk: Client, row: Connection) -> None:
    for job, is_led in (("probe-1f2e3d4c", True), ("trial-1f2e3d4c", True), ("run-1f2e3d4c", False)):
        text = page(desk, reverse("api_call", args=[failed(row, job=job).pk]))
        assert (f'<a class="state tone-info" href="{reverse("capabilities")}"' in text) is is_led


# --- What a failure means ---------------------------------------------------------------------------------


def why(connection: Connection, operation: str, **changes: Any) -> str:
    """The sentences for a failed call, in English."""
    method, _blank, operation = operation.rpartition(" ")
    call = failed(connection, method=method or "GET", operation=operation, **changes)
    with translation.override("en"):
        found = advice(call)
        return f"{found.cause} {found.action} [{found.who}]"


CLOSED: list[dict[str, Any]] = [
    {"status": 403, "outcome": "forbidden", "error_type": "SoSecurityException"},
    {"status": 401, "outcome": "unauthorized", "error_type": "", "attempt": 2},
    {"status": 404, "outcome": "not_found", "error_type": ""},
    {"status": 500, "outcome": "server_error", "error_type": "NullReferenceException"},
    {"status": 200, "outcome": "unexpected_answer", "error_type": "error_object"},
    {"status": 200, "outcome": "unexpected_answer", "error_type": "SoSecurityException"},
]


@pytest.mark.parametrize("answer", CLOSED)
@pytest.mark.parametrize(
    ("operation", "words"),
    [
        ("POST Agents/EMail/GetCurrentAccountId", "Ask SuperOffice to grant the e-mail agent to the app"),
        ("POST Agents/Messaging/Send", "Ask SuperOffice to grant it to the app"),
        ("POST Agents/Replication/GetState", "Ask SuperOffice to grant it to the app"),
        ("POST Agents/User/GetUserEntity", "Ask SuperOffice to grant it to the app"),
        ("GET CRMScript", "SuperOffice opens CRMScript per app on request"),
        ("POST Agents/CRMScript/GetAll", "SuperOffice opens CRMScript per app on request"),
        ("GET Webhook", "SuperOffice opens webhooks only to apps that are registered with them"),
    ],
)
def test_a_closed_agent_is_to_be_granted_by_superoffice_whatever_it_answers(
    row: Connection, operation: str, words: str, answer: dict[str, Any]
) -> None:
    text = why(row, operation, **answer)
    assert words in text
    assert "a right is missing" not in text


def test_at_an_installation_of_ones_own_no_agent_is_closed(row: Connection) -> None:
    row.way_in = Connection.WayIn.PASSWORD
    row.save(update_fields=["way_in"])
    text = why(row, "POST Agents/EMail/GetCurrentAccountId", **CLOSED[0])
    assert "grant" not in text
    assert "a right is missing" in text


@pytest.mark.parametrize(
    ("operation", "instead"),
    [
        ("Associate/Me", "/User/currentPrincipal"),
        ("Shipment", "Send by the mail server and file the mails in SuperOffice"),
        ("POST Shipment/{id}", "Send by the mail server and file the mails in SuperOffice"),
        ("Sale/{id}/Quotes", "FindQuoteLine"),
        ("Contact/{id}/Quotes", "FindQuoteLine"),
    ],
)
@pytest.mark.parametrize("answer", [{}, *CLOSED])
def test_an_invented_route_says_nothing_about_rights_and_names_what_works(
    row: Connection, operation: str, instead: str, answer: dict[str, Any]
) -> None:
    text = why(row, operation, **answer)
    assert "SuperOffice's interface has no such route." in text
    assert instead in text
    assert "operation id" not in text
    assert "Give the role" not in text
    assert "a right is missing" not in text


def test_an_invented_route_that_nobody_answered_is_no_news_about_routes(row: Connection) -> None:
    for answer in (
        {"status": None, "outcome": "unreachable", "error_type": "timeout"},
        {"status": 503, "outcome": "server_error", "error_type": ""},
        {"status": 429, "outcome": "rate_limited", "error_type": ""},
    ):
        assert "no such route" not in why(row, "Shipment", **answer)


@pytest.mark.parametrize(
    ("operation", "words"),
    [
        ("Archive/mailings", "Order SuperOffice Marketing"),
        ("POST Agents/Quote/HasConnections", "Quotes are not in the tenant's licence."),
        ("Project", "Ask SuperOffice which plan includes it."),
    ],
)
@pytest.mark.parametrize(
    "answer",
    [
        {"error_type": "SoLicenseException", "detail": "Not for you"},
        {"error_type": "SoException", "detail": "The licence for this module is missing"},
    ],
)
def test_a_licence_that_is_missing_is_no_missing_right(
    row: Connection, operation: str, words: str, answer: dict[str, str]
) -> None:
    text = why(row, operation, status=403, outcome="forbidden", **answer)
    assert words in text
    assert "right" not in text


FORBIDDEN: dict[str, Any] = {"status": 403, "outcome": "forbidden", "error_type": "SoSecurityException"}


def test_a_missing_right_names_the_user_and_the_role_that_the_check_found(row: Connection) -> None:
    facts = {"user": "Robot Sales", "role": "Integration"}
    row.capabilities.create(feature="who_am_i", status="works", facts=facts, checked_at=timezone.now())
    text = why(row, "Sale/{id}", **FORBIDDEN)
    assert "SuperOffice refuses this to Robot Sales: a right is missing." in text
    assert "Give the role “Integration” the data rights to read these records" in text
    assert "[superoffice_administrator]" in text
    assert "to create and change documents" in why(row, "PUT Document/{id}/Content", **FORBIDDEN)


def test_a_missing_right_names_nobody_where_it_is_not_known_who_was_refused(
    row: Connection, people: People
) -> None:
    unchecked = why(row, "Sale", **FORBIDDEN)
    facts = {"user": "Robot Sales", "role": "Integration"}
    row.capabilities.create(feature="who_am_i", status="works", facts=facts, checked_at=timezone.now())
    row.personal_sign_ins.create(user=people.jonas, associate_id=7, signed_in_at=timezone.now())
    for text in (unchecked, why(row, "Sale", **FORBIDDEN)):
        assert "a right is missing" in text
        assert "Robot" not in text
        assert "–" not in text
    assert "Robot Sales" in why(row, "Sale", job="probe-1f2e3d4c", **FORBIDDEN)


def test_a_refusal_to_the_system_user_is_no_matter_of_roles(row: Connection) -> None:
    row.way_in = Connection.WayIn.SYSTEM_USER
    row.save(update_fields=["way_in"])
    text = why(row, "Sale", **FORBIDDEN)
    assert "No role binds the system user" in text
    assert "registered for" in text


def test_a_token_that_ran_out_is_no_closed_agent(row: Connection) -> None:
    expired: dict[str, Any] = {
        "status": 401,
        "outcome": "unauthorized",
        "error_type": "AuthenticationException",
    }
    agent = "POST Agents/EMail/GetCurrentAccountId"
    assert "Usually a fresh one helps by itself" in why(row, agent, **expired)
    assert "Usually a fresh one helps by itself" in why(row, "Sale", **{**expired, "attempt": 2})


def test_what_the_next_attempt_answered_was_no_refusal(desk: Client, row: Connection) -> None:
    answer: dict[str, Any] = {"method": "GET", "operation": "Webhook", "job": "run-1"}
    first = failed(row, 8, **answer)
    stored(row, 7, attempt=2, **answer)
    text = page(desk, reverse("api_call", args=[first.pk]))
    assert "registered with them" not in text
    assert "the next attempt was answered: nothing is lost" in text


def test_a_record_that_is_gone_is_no_closed_agent(row: Connection) -> None:
    text = why(row, "Webhook/{id}", status=404, outcome="not_found", error_type="SoNotFoundException")
    assert "The record was deleted" in text


def test_a_refusal_of_the_login_host_is_no_missing_right(row: Connection) -> None:
    text = why(row, "POST /login/common/oauth/tokens", status=403, outcome="forbidden", error_type="")
    assert "The login host gave no token." in text


@pytest.mark.parametrize("way_in", [Connection.WayIn.SYSTEM_USER, Connection.WayIn.PASSWORD])
@pytest.mark.parametrize("operation", ["Sale", "POST Agents/EMail/Get", "POST /login/common/oauth/tokens"])
def test_no_sentence_speaks_of_a_refresh_token_where_there_is_none(
    row: Connection, way_in: str, operation: str
) -> None:
    row.way_in = way_in
    row.save(update_fields=["way_in"])
    for outcome in OUTCOMES:
        assert "refresh token" not in why(row, operation, outcome=outcome).lower(), outcome
    for error_type in ("invalid_grant", "invalid_client", "unauthorized_client"):
        text = why(row, operation, outcome="bad_request", status=400, error_type=error_type)
        assert "refresh token" not in text.lower(), error_type


def test_a_wrong_password_is_called_one(row: Connection) -> None:
    row.way_in = Connection.WayIn.PASSWORD
    row.save(update_fields=["way_in"])
    for operation in ("Sale", "POST Agents/EMail/GetCurrentAccountId"):
        text = why(row, operation, status=401, outcome="unauthorized", error_type="", attempt=2)
        assert "User name or password" in text


def test_the_page_names_who_has_to_act_and_leads_to_the_rights(desk: Client, row: Connection) -> None:
    call = failed(row, method="POST", operation="Agents/EMail/GetCurrentAccountId", **FORBIDDEN)
    text = page(desk, reverse("api_call", args=[call.pk]))
    assert "<strong>Our administrator:</strong> Ask SuperOffice to grant the e-mail agent" in text
    assert f'href="{reverse("capabilities")}#native_email"' in text


# --- Who asked, and each fact once ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("job", "words"),
    [
        ("probe-1f2e3d4c", "Check of the rights"),
        ("trial-1f2e3d4c", "Trial with records"),
        ("run-1f2e3d4c", "Report run"),
        ("archive-1f2e3d4c", "Filing of sent mails"),
        ("dispatch-1f2e3d4c", "Sending of mails"),
        ("sweep-1f2e3d4c", "Sweep of what got stuck"),
        ("schedule-1f2e3d4c", "Start of scheduled reports"),
        ("request-1f2e3d4c", "A page of Sales Desk"),
        ("command-1f2e3d4c", "Command line"),
        ("", "Command line"),
        ("something-else-1f2e3d4c", "something-else-1f2e3d4c"),
    ],
)
def test_who_asked_is_said_in_words(desk: Client, row: Connection, job: str, words: str) -> None:
    call = failed(row, job=job)
    assert f"<dd>{words}</dd>" in page(desk, reverse("api_call", args=[call.pk]))
    group = {"method": "GET", "operation": "Sale", "outcome": "server_error", "checks": "shown"}
    assert words in page(desk, **group)


def test_a_person_is_named_with_what_was_done_for_them(desk: Client, people: People, row: Connection) -> None:
    for job, words in (("request-1f2e3d4c", "Jonas Weber"), ("run-1f2e3d4c", "Jonas Weber · Report run")):
        call = failed(row, job=job, user=people.jonas)
        assert f"<dd>{words}</dd>" in page(desk, reverse("api_call", args=[call.pk]))


def test_a_job_is_named_once(desk: Client, row: Connection) -> None:
    call = failed(row, job="run-1f2e3d4c")
    assert page(desk, reverse("api_call", args=[call.pk])).count("run-1f2e3d4c") == 1


@pytest.mark.parametrize(
    ("answer", "is_ours"),
    [
        ({"status": None, "outcome": "unreachable", "error_type": "timeout"}, True),
        ({"status": None, "outcome": "unreachable", "error_type": "dns"}, True),
        ({"status": None, "outcome": "unsafe_address", "error_type": ""}, True),
        ({"status": 200, "outcome": "unreachable", "error_type": "deadline"}, True),
        ({"status": 200, "outcome": "unexpected_answer", "error_type": "too_big"}, True),
        ({"status": 302, "outcome": "unexpected_answer", "error_type": "SoMoved"}, True),
        ({"status": 200, "outcome": "unexpected_answer", "error_type": "html"}, False),
        ({"status": 200, "outcome": "unexpected_answer", "error_type": "error_object"}, False),
        ({"status": 403, "outcome": "forbidden", "error_type": ""}, False),
    ],
)
def test_only_superoffices_words_are_called_its_own(
    desk: Client, row: Connection, answer: dict[str, Any], is_ours: bool
) -> None:
    call = failed(row, detail="these very words", **answer)
    text = page(desk, reverse("api_call", args=[call.pk]))
    assert ("In its own words" in text, "these very words" in text) == (not is_ours, not is_ours)


def test_where_nobody_answered_there_is_nothing_to_quote(desk: Client, row: Connection) -> None:
    call = failed(row, status=None, outcome="unreachable", error_type="timeout", detail="no answer in time")
    text = page(desk, reverse("api_call", args=[call.pk]))
    assert text.count("no answer in time") == 1
    assert "SuperOffice named no operation id" not in text


def test_the_operation_id_is_shown_once_and_told_once_what_for(desk: Client, row: Connection) -> None:
    for outcome in ("server_error", "bad_request"):
        call = failed(row, outcome=outcome, operation_id="op-77")
        text = page(desk, reverse("api_call", args=[call.pk]))
        assert (text.count("op-77"), len(re.findall("(?i)quote (the|its) operation id", text))) == (1, 1)


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
        errors.Busy,
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
    with django_assert_num_queries(QUERIES - 3):
        page(desk, reverse("api_call", args=[call.pk]))
