"""When a report may be made by itself: at moments that come, and not every minute."""

import pytest
from django.test import Client
from django_q.models import Schedule

from reports.models import Report
from reports.schedule import is_valid_cron, is_valid_report_cron, keep_schedule
from tests.conftest import People


@pytest.mark.parametrize("cron", ["* * * * *", "0 6 * * 1-5", "0 0 29 2 *", "30 4 * * *"])
def test_right_expressions(cron: str) -> None:
    assert is_valid_cron(cron)


@pytest.mark.parametrize("cron", ["", "0 0 30 2 *", "0 0 31 4,6 *", "99 * * * *", "* * * * * *", "@daily"])
def test_wrong_expressions_and_moments_that_never_come(cron: str) -> None:
    assert not is_valid_cron(cron)
    assert not is_valid_report_cron(cron)


@pytest.mark.parametrize("cron", ["0 6 * * 1-5", "*/15 * * * *", "0 * * * *", "0,50 6 * * *", "0 0 29 2 *"])
def test_what_a_report_may_have(cron: str) -> None:
    assert is_valid_report_cron(cron)


@pytest.mark.parametrize(
    "cron", ["* * * * *", "*/10 * * * *", "0,1 6 * * *", "0,59 0,23 * * *", "0,50 * * * *"]
)
def test_a_report_is_not_made_more_often_than_every_15_minutes(cron: str) -> None:
    assert is_valid_cron(cron)
    assert not is_valid_report_cron(cron)


@pytest.mark.parametrize(
    ("cron", "words"),
    [
        ("0 0 30 2 *", "Write five fields"),
        ("*/5 * * * *", "every 15 minutes"),
        ("often", "Write five fields"),
    ],
)
def test_the_admin_refuses_with_a_sentence(client: Client, people: People, cron: str, words: str) -> None:
    report = Report.objects.create(name="Weekly", cron="")
    client.force_login(people.administrator)
    url = f"/admin/reports/report/{report.pk}/change/"
    answer = client.post(url, {"name": "Weekly", "limit": "100", "cron": cron})
    assert answer.status_code == 200
    assert words in answer.content.decode()
    assert not Schedule.objects.filter(name=f"report-{report.pk}").exists()
    assert client.post(url, {"name": "Weekly", "limit": "100", "cron": "0 6 * * 1"}).status_code == 302
    assert Schedule.objects.get(name=f"report-{report.pk}").cron == "0 6 * * 1"


@pytest.mark.parametrize("cron", ["0 0 30 2 *", "* * * * *"])
def test_a_stored_expression_that_is_wrong_gets_no_row(db: None, cron: str) -> None:
    report = Report.objects.create(name="Old", cron=cron)
    keep_schedule(report)
    assert not Schedule.objects.filter(name=f"report-{report.pk}").exists()
