"""A schedule that sends a saved view: the mail, its link and its file hold the sales of that view and no others."""

from collections.abc import Callable
from datetime import UTC, datetime, time
from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.test import Client
from django.utils import timezone, translation
from pytest_django import Settings

from connector.demo.mail_catcher import MailCatcher
from connector.models import Connection
from reports.models import Download, JobSchedule, Occurrence, Report, SavedView
from reports.result_mails import result_mail
from reports.result_mails.result_plan import Plan, plan_of
from tests.conftest import People
from tests.reports.made_results import Sold
from tests.reports.made_results import finished_run as made_run
from tests.reports.test_result_mail import caught as caught  # noqa: PLC0414
from tests.reports.test_result_mail import mails, text_of
from tests.reports.test_result_mail import send_from as send_from  # noqa: PLC0414
from tests.reports.test_schedule_views import filled, words

pytestmark = pytest.mark.once

SIX = datetime(2026, 11, 20, 5, tzinfo=UTC)
SOLD = [
    Sold(1, status="sold"),
    Sold(2, status="sold", stage="unmatched"),
    Sold(3, status="open", heading="Open one"),
    Sold(4, stage="no_company"),
]
Make = Callable[..., Occurrence]


@pytest.fixture
def view(report: Report, people: People) -> SavedView:
    return SavedView.objects.create(report=report, name="Open ones", query="status=open", owner=people.jonas)


@pytest.fixture
def ended(report: Report, connection: Connection, people: People, settings: Settings) -> Make:
    """A schedule of a view whose run has ended."""
    settings.PUBLIC_URL = "https://desk.example"

    def make(view: SavedView, sold: list[Sold] = SOLD, **schedule: Any) -> Occurrence:
        planned = JobSchedule.objects.create(report=report, at=time(6), view=view, **schedule)
        planned.recipients.set([people.jonas])
        run = made_run(report, connection, sold, with_matches=True)
        waiting = Occurrence.MailStatus.WAITING
        return Occurrence.objects.create(
            schedule=planned, planned_at=SIX, started_at=SIX, run=run, mail_status=waiting
        )

    return make


def planned(occurrence: Occurrence) -> Plan:
    with translation.override("en"):
        return plan_of(occurrence)


def test_the_letter_names_the_view_and_leads_to_it(ended: Make, view: SavedView) -> None:
    occurrence = ended(view)
    letter = planned(occurrence).letter
    assert letter is not None
    assert letter.subject == "Test report · Open ones: 1 sale"
    assert letter.paragraphs[0] == "Open ones: 1 sale"
    assert letter.paragraphs[-1].endswith(f"https://desk.example/runs/{occurrence.run_id}/?status=open")


def test_the_file_holds_the_sales_of_the_view_only(ended: Make, view: SavedView, caught: MailCatcher) -> None:
    result_mail.mail_result(ended(view, attachment="data").pk, timezone.now())
    (mail,) = mails(caught).values()
    (file,) = mail.iter_attachments()
    content = file.get_content()
    lines = (content.decode() if isinstance(content, bytes) else content).strip().splitlines()
    assert len(lines) == 2  # the head, and one sale
    assert "Open one" in lines[1]
    trail = Download.objects.get()
    assert (trail.query, trail.row_count) == ("status=open", 1)
    assert "status=open" in text_of(mail)


@pytest.mark.parametrize(
    ("on_empty", "is_told", "ends"),
    [("send", True, "sent"), ("skip", False, "skipped"), ("alert", True, "sent")],
)
def test_a_view_without_a_sale_is_an_empty_result(
    ended: Make, view: SavedView, on_empty: str, is_told: bool, ends: str
) -> None:
    plan = planned(ended(view, SOLD[:2], on_empty=on_empty, attachment="excel"))
    assert (plan.letter is not None, plan.file_of, plan.ends) == (is_told, None, ends)
    if plan.letter:
        assert plan.letter.subject == "Test report · Open ones: 0 sales"


def test_a_view_of_sales_without_a_product_is_no_empty_result(ended: Make, view: SavedView) -> None:
    SavedView.objects.update(query="stage=unmatched")
    plan = planned(ended(SavedView.objects.get(), [Sold(1, stage="unmatched")], attachment="excel"))
    assert plan.letter is not None
    assert plan.letter.subject == "Test report · Open ones: 1 sale"
    assert plan.file_of is not None


def test_a_schedule_without_a_view_tells_of_everything(ended: Make, view: SavedView) -> None:
    occurrence = ended(view)
    JobSchedule.objects.update(view=None)
    plan = planned(Occurrence.objects.get(pk=occurrence.pk))
    assert plan.letter is not None
    assert plan.letter.subject == "Test report: a product in 2 of 3 sales with a company"
    assert plan.query == ""


# --- In the browser -------------------------------------------------------------------------------------


def test_a_view_is_chosen_in_the_form(
    client: Client, people: People, report: Report, view: SavedView
) -> None:
    client.force_login(people.jonas)
    assert "Test report · Open ones" in words(client.get("/schedules/add/"))
    assert client.post("/schedules/add/", filled(report, view=view.pk)).status_code == 302
    schedule = JobSchedule.objects.get(report=report)
    assert schedule.view == view
    assert "View “Open ones”" in words(client.get("/schedules/"))


def test_a_view_of_another_report_is_refused(client: Client, people: People, view: SavedView) -> None:
    other = Report.objects.create(name="Other")
    client.force_login(people.jonas)
    answer = client.post("/schedules/add/", filled(other, view=view.pk))
    assert "This view belongs to “Test report”." in words(answer)
    assert not JobSchedule.objects.filter(report=other).exists()


def test_a_view_of_somebody_else_is_not_offered_unless_it_is_shared(
    client: Client, people: People, report: Report, view: SavedView
) -> None:
    client.force_login(people.approver)
    assert "Open ones" not in words(client.get("/schedules/add/"))
    SavedView.objects.update(is_shared=True)
    assert "Open ones" in words(client.get("/schedules/add/"))


def test_a_view_that_a_schedule_sends_stays(
    client: Client, people: People, report: Report, view: SavedView
) -> None:
    JobSchedule.objects.create(report=report, at=time(6), view=view)
    client.force_login(people.jonas)
    answer = client.post(f"/reports/views/{view.pk}/delete/")
    assert answer.status_code == 302
    (notice,) = get_messages(answer.wsgi_request)
    assert "A schedule sends the view “Open ones”" in str(notice)
    assert SavedView.objects.filter(pk=view.pk).exists()
    report.delete()  # the report takes the schedule and its view with it
    assert not SavedView.objects.exists()
