"""The frame and the pages that belong to it."""

import re
from typing import Any

import pytest
from django.db import connection as database
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext

from config.frame import navigation
from config.pages import rhythm_words
from connector.models import Connection, Mailbox, Origin
from connector.problems import PROBLEMS
from reports.models import Report
from tests.conftest import People


def test_the_sign_in_page_says_that_this_is_a_demo(client: Client, connection: Connection) -> None:
    assert "invented customers" in client.get("/login/").content.decode()
    connection.delete()
    assert "invented customers" not in client.get("/login/").content.decode()


@pytest.mark.django_db
def test_a_wrong_password_is_answered_with_what_to_do(client: Client) -> None:
    page = client.post("/login/", {"username": "nobody", "password": "wrong"}).content.decode()
    assert "User name or password is wrong" in page
    assert 'value="nobody"' in page


def test_only_administrators_get_the_link_to_what_is_wrong_with_the_worker(
    client: Client, people: People
) -> None:
    client.force_login(people.administrator)
    assert "The worker gives no sign of life" in client.get("/connection/").content.decode()
    client.force_login(people.jonas)
    page = client.get("/connection/").content.decode()
    assert "The worker gives no sign of life" not in page
    assert "nothing is lost" in page


def test_mailboxes_show_their_problem_and_let_only_administrators_check(
    client: Client, people: People
) -> None:
    Mailbox.objects.filter(representative__user=people.jonas).update(problem_code="smtp_login_refused")
    client.force_login(people.administrator)
    page = client.get("/mailboxes/").content.decode()
    assert str(PROBLEMS["smtp_login_refused"].for_salespeople) in page
    assert "Check now" in page
    client.force_login(people.viewer)
    page = client.get("/mailboxes/").content.decode()
    assert str(PROBLEMS["smtp_login_refused"].for_salespeople) in page
    assert "Check now" not in page


def test_without_a_tenant_the_connection_page_says_what_to_do(client: Client, people: People) -> None:
    client.force_login(people.administrator)
    page = client.get("/connection/").content.decode()
    assert "No tenant is connected" in page
    assert "/admin/connector/connection/add/" in page


def test_home_shows_counts_to_those_who_work_on_mail_and_reports_to_all(
    client: Client, people: People
) -> None:
    client.force_login(people.approver)
    assert "Waiting for your decision" in client.get("/").content.decode()
    client.force_login(people.viewer)
    page = client.get("/").content.decode()
    assert "Waiting for your decision" not in page
    assert "Newest run" in page
    Report.objects.all().delete()
    assert "There is no report yet" in client.get("/").content.decode()


def _says_that_a_mailbox_waits(client: Client) -> bool:
    return re.search(r"(its|their) mails wait", client.get("/queue/").content.decode()) is not None


def test_everybody_is_told_that_a_mailbox_keeps_mails_waiting(
    client: Client, people: People, settings: Any
) -> None:
    settings.DEMO_PARTS = ["mail"]
    client.force_login(people.jonas)
    assert not _says_that_a_mailbox_waits(client)
    Mailbox.objects.filter(representative__user=people.sabine).update(is_paused=True)
    assert "A mailbox is paused; its mails wait." in client.get("/queue/").content.decode()
    Mailbox.objects.filter(representative__user=people.jonas).update(problem_code="smtp_unreachable")
    assert "A mailbox has a problem; its mails wait." in client.get("/queue/").content.decode()
    Mailbox.objects.update(problem_code="smtp_unreachable")
    with CaptureQueriesContext(database) as queries:
        page = client.get("/queue/").content.decode()
    assert "2 mailboxes have a problem; their mails wait." in page
    asked = [query["sql"] for query in queries if "problem_count" in query["sql"]]
    assert len(asked) == 1


def test_mailboxes_that_nothing_leaves_from_are_no_trouble(
    client: Client, people: People, settings: Any
) -> None:
    settings.DEMO_PARTS = []
    client.force_login(people.jonas)
    Mailbox.objects.update(problem_code="smtp_unreachable")  # of the demo, which is over
    assert not _says_that_a_mailbox_waits(client)
    Mailbox.objects.update(origin=Origin.ADMIN, is_active=False)
    assert not _says_that_a_mailbox_waits(client)


@pytest.mark.parametrize("address", ["/reports/", "/runs/7/", "/downloads/"])
def test_runs_and_downloads_belong_to_the_reports(people: People, rf: RequestFactory, address: str) -> None:
    request = rf.get(address)
    request.user = people.viewer
    assert [place.url for place in navigation(request) if place.is_current] == ["/reports/"]


def test_the_top_line_calls_demo_what_is_in_use(
    client: Client, people: People, connection: Connection, settings: Any
) -> None:
    settings.DEMO_PARTS = ["tenant", "mail"]
    client.force_login(people.viewer)
    assert "Demo: nothing leaves this computer." in client.get("/").content.decode()
    Connection.objects.create(name="Real", environment="sod", context_identifier="Cust777", client_id="x")
    assert "SuperOffice is real" in client.get("/").content.decode()


def test_approvers_and_administrators_have_the_stop_switch(client: Client, people: People) -> None:
    for user in (people.approver, people.administrator):
        client.force_login(user)
        assert "/sending/stop/" in client.get("/mailboxes/").content.decode()
    client.post("/sending/stop/")
    client.force_login(people.approver)
    assert "Go on sending" in client.get("/mailboxes/").content.decode()
    client.force_login(people.jonas)
    page = client.get("/mailboxes/").content.decode()
    assert "Go on sending" not in page
    assert "Stop all sending" not in page


@pytest.mark.parametrize(
    ("cron", "words"),
    [
        ("* * * * *", "every minute"),
        ("*/15 * * * *", "every 15 minutes"),
        ("5 * * * *", "hourly, at minute 05"),
        ("0 6 * * *", "daily at 06:00"),
        ("30 7 * * 1-5", "Monday to Friday at 07:30"),
        ("0 6 1 * *", ""),
        ("0 6,12 * * *", ""),
        ("*/* * * * *", ""),
        ("", ""),
    ],
)
def test_simple_rhythms_are_said_in_words(cron: str, words: str) -> None:
    assert rhythm_words(cron) == words
