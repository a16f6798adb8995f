"""The frame and the pages that belong to it."""

from typing import Any

import pytest
from django.test import Client

from connector.models import Mailbox
from connector.problems import PROBLEMS
from reports.models import Report
from tests.conftest import People


@pytest.mark.django_db
def test_the_sign_in_page_says_that_this_is_a_demo(client: Client, settings: Any) -> None:
    settings.DEMO_PARTS = []
    assert "invented customers" not in client.get("/login/").content.decode()
    settings.DEMO_PARTS = ["tenant", "mail"]
    assert "invented customers" in client.get("/login/").content.decode()


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
