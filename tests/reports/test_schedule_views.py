"""Schedules in the browser: when things start, what became of them, and who may change that."""

import re
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django_q.models import Schedule

from config.schedules import ensure_schedules
from reports.models import Download, JobSchedule, Occurrence, Report, Run, Sync
from reports.result_mails.mail_notes import Note, stored
from reports.schedules.schedule import next_moments
from reports.templatetags.schedule_words import planned, rhythm
from tests.conftest import People

pytestmark = pytest.mark.once  # words and pages: the same on every database

Status = Occurrence.MailStatus


@pytest.fixture(autouse=True)
def _nothing_planned(db: None, connection: Any) -> None:
    JobSchedule.objects.all().delete()


def filled(of: Report | None, **values: Any) -> dict[str, Any]:
    usual: dict[str, Any] = {
        "job": "run_report",
        "report": of.pk if of else "",
        "rhythm": "daily",
        "at": "06:00",
        "weekday": "",
        "day": "",
        "cron": "",
        "is_active": "on",
        "recipients": [],
        "attachment": "none",
        "on_empty": "send",
    }
    return {**usual, **values}


def daily(of: Report | None, **values: Any) -> JobSchedule:
    usual: dict[str, Any] = {"job": "run_report" if of else "read_all", "report": of, "at": time(6)}
    return JobSchedule.objects.create(**{**usual, **values})


def words(answer: Any) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", answer.content.decode()).split())


def row(schedule: JobSchedule) -> Schedule | None:
    return Schedule.objects.filter(name=f"schedule-{schedule.pk}").first()


# --- Planning ---------------------------------------------------------------------------------------------


def test_a_job_is_planned_and_the_scheduler_knows_it(client: Client, people: People, report: Report) -> None:
    client.force_login(people.jonas)
    assert client.get(f"/schedules/add/?report={report.pk}").status_code == 200
    recipients = [people.jonas.pk, people.approver.pk]
    answer = client.post("/schedules/add/", filled(report, recipients=recipients, attachment="xlsx"))
    assert answer["Location"] == "/schedules/"
    schedule = JobSchedule.objects.get()
    assert (schedule.created_by, schedule.report, schedule.attachment) == (people.jonas, report, "xlsx")
    assert set(schedule.recipients.all()) == {people.jonas, people.approver}
    found = row(schedule)
    assert found is not None
    assert found.cron == "0 6 * * *"
    assert "Schedule saved. Next time:" in words(client.get("/schedules/"))


@pytest.mark.parametrize(
    ("values", "field", "sentence"),
    [
        ({"at": ""}, "at", "Enter the time"),
        ({"at": "25:00"}, "at", "valid time"),
        ({"rhythm": "weekly"}, "weekday", "Choose the weekday."),
        ({"rhythm": "monthly"}, "day", "Enter the day of the month"),
        ({"rhythm": "monthly", "day": "32"}, "day", "less than or equal to 31"),
        ({"rhythm": "cron"}, "cron", "Write five fields"),
        ({"rhythm": "cron", "cron": "often"}, "cron", "Write five fields"),
        ({"rhythm": "cron", "cron": "@daily"}, "cron", "Write it in five fields: 0 0 * * *"),
        ({"rhythm": "cron", "cron": "0 0 31 2 *"}, "cron", "there is no 31 February"),
        ({"rhythm": "cron", "cron": "0 0 31 4,6 *"}, "cron", "none of these months has such a day"),
        ({"rhythm": "cron", "cron": "R R * * *"}, "cron", "The minute cannot be “R”: it goes from 0 to 59"),
        ({"rhythm": "cron", "cron": "0 24 * * *"}, "cron", "The hour cannot be “24”"),
        ({"rhythm": "cron", "cron": "0 6 * * 9"}, "cron", "The weekday cannot be “9”"),
        ({"rhythm": "cron", "cron": "*/1000 * * * *"}, "cron", "The minute cannot take the step of “*/1000”"),
        ({"rhythm": "cron", "cron": "*/5 * * * *"}, "cron", "every 15 minutes"),
        ({"rhythm": "hourly"}, "rhythm", "Select a valid choice"),
        ({"report": ""}, "report", "Choose the report."),
        ({"report": "99999"}, "report", "Select a valid choice"),
        ({"job": "os.system"}, "job", "Select a valid choice"),
        ({"recipients": ["99999"]}, "recipients", "99999"),
    ],
)
def test_an_error_stands_at_its_field_and_nothing_is_stored(  # noqa: PLR0917 # three columns and three fixtures
    client: Client, people: People, report: Report, values: dict[str, Any], field: str, sentence: str
) -> None:
    client.force_login(people.administrator)
    answer = client.post("/schedules/add/", filled(report, **values))
    assert answer.status_code == 200
    assert sentence in str(answer.context["form"].errors[field])
    assert not JobSchedule.objects.exists()
    assert not Schedule.objects.filter(name__startswith="schedule-").exists()


def test_what_another_rhythm_needs_is_not_kept(client: Client, people: People, report: Report) -> None:
    client.force_login(people.administrator)
    client.post("/schedules/add/", filled(report, weekday="3", day="31", cron="nonsense"))
    schedule = JobSchedule.objects.get()
    assert (schedule.weekday, schedule.day, schedule.cron) == (None, None, "")


def test_a_report_goes_only_to_those_who_may_see_it(client: Client, people: People, report: Report) -> None:
    Report.objects.filter(pk=report.pk).update(owner=people.jonas, shared_with="approvers")
    client.force_login(people.jonas)
    both = [people.viewer.pk, people.approver.pk]
    answer = client.post("/schedules/add/", filled(report, recipients=both))
    assert "Viktor Viewer" in str(answer.context["form"].errors["recipients"])
    assert "Frieda" not in str(answer.context["form"].errors["recipients"])
    assert client.post("/schedules/add/", filled(report, recipients=both[1:])).status_code == 302


def test_only_users_who_work_here_are_offered_as_recipients(
    client: Client, people: People, report: Report
) -> None:
    User.objects.filter(pk=people.sabine.pk).update(is_active=False)
    User.objects.filter(pk=people.approver.pk).update(email="")
    client.force_login(people.jonas)
    page = words(client.get("/schedules/add/"))
    assert "Frieda Frei · no e-mail address" in page
    assert "Sabine" not in page
    assert "Otto Outsider" not in page


def test_a_reading_is_planned_by_administrators_only(client: Client, people: People, report: Report) -> None:
    client.force_login(people.jonas)
    assert "Read all sales" not in words(client.get("/schedules/add/"))
    answer = client.post("/schedules/add/", filled(None, job="read_all"))
    assert "job" in answer.context["form"].errors
    client.force_login(people.administrator)
    answer = client.post("/schedules/add/", filled(report, job="read_all", attachment="xlsx"))
    assert answer.status_code == 302
    schedule = JobSchedule.objects.get()
    assert (schedule.report, schedule.attachment) == (None, "none")


def test_a_change_reaches_the_scheduler_and_moves_what_is_watched(
    client: Client, people: People, report: Report
) -> None:
    schedule = daily(report)
    JobSchedule.objects.update(changed_at=timezone.now() - timedelta(days=3))
    client.force_login(people.administrator)
    assert client.get(f"/schedules/{schedule.pk}/").status_code == 200
    client.post(f"/schedules/{schedule.pk}/", filled(report, rhythm="monthly", day="31", at="07:15"))
    schedule.refresh_from_db()
    found = row(schedule)
    assert found is not None
    assert found.cron == "15 7 28-31 * *"
    assert timezone.now() - schedule.changed_at < timedelta(minutes=1)


def test_the_switch_takes_it_out_of_use_and_a_second_click_changes_nothing(
    client: Client, people: People, report: Report
) -> None:
    schedule = daily(report, created_by=people.jonas)
    client.force_login(people.jonas)
    address = f"/schedules/{schedule.pk}/switch/"
    for _click in range(2):
        assert client.post(address, {"is_active": "0"})["Location"] == "/schedules/"
        assert not JobSchedule.objects.get().is_active
        assert row(schedule) is None
    assert "Not in use" in words(client.get("/schedules/"))
    client.post(address, {"is_active": "1"})
    assert row(schedule) is not None


def test_a_removed_schedule_starts_nothing_and_its_runs_stay(
    client: Client, people: People, finished_run: Run
) -> None:
    schedule = daily(finished_run.report)
    Occurrence.objects.create(schedule=schedule, planned_at=timezone.now(), run=finished_run)
    client.force_login(people.administrator)
    client.post(f"/schedules/{schedule.pk}/switch/", {"is_active": "1"})
    assert "daily at 06:00" in words(client.get(f"/schedules/{schedule.pk}/remove/"))
    assert client.post(f"/schedules/{schedule.pk}/remove/").status_code == 302
    assert not JobSchedule.objects.exists()
    assert row(schedule) is None
    assert Run.objects.filter(pk=finished_run.pk).exists()


# --- The next moments -------------------------------------------------------------------------------------


def test_the_next_five_moments_of_what_is_typed_are_those_that_will_come(
    client: Client, people: People, report: Report
) -> None:
    client.force_login(people.jonas)
    page = words(client.get("/schedules/next/", {"rhythm": "weekly", "weekday": "3", "at": "06:00"}))
    schedule = JobSchedule(rhythm="weekly", weekday=3, at=time(6))
    for moment in next_moments(schedule, timezone.now(), 5):
        assert planned(moment) in page
    assert "Europe/Berlin" in page


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"rhythm": "daily", "at": ""}, "Enter the time"),
        ({"rhythm": "cron", "cron": "* * * * *"}, "every 15 minutes"),
        ({}, "required"),
    ],
)
def test_what_is_not_right_yet_is_said_beside_the_form(
    client: Client, people: People, values: dict[str, str], sentence: str
) -> None:
    client.force_login(people.jonas)
    assert sentence in words(client.get("/schedules/next/", values))


def test_the_form_warns_of_the_hour_that_is_skipped_or_comes_twice(client: Client, people: People) -> None:
    client.force_login(people.jonas)
    page = words(client.get("/schedules/next/", {"rhythm": "daily", "at": "02:30"}))
    assert "jumps from 02:00 to 03:00: what is planned at 02:30 starts at 03:00" in page
    assert "comes twice: what is planned at 02:30 starts at the first." in page
    assert "02:30 starts" not in words(client.get("/schedules/next/", {"rhythm": "daily", "at": "03:00"}))


@pytest.mark.once
def test_moments_of_the_hour_that_comes_twice_are_told_apart() -> None:
    first, second = (datetime(2026, 10, 25, hour, 30, tzinfo=UTC) for hour in (0, 1))
    assert planned(first) == "Sun 25 Oct 2026 02:30 CEST"
    assert planned(second) == "Sun 25 Oct 2026 02:30 CET"
    assert planned(second + timedelta(hours=1)) == "Sun 25 Oct 2026 03:30"


@pytest.mark.once
@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"rhythm": "daily"}, "daily at 06:00"),
        ({"rhythm": "weekdays"}, "Monday to Friday at 06:00"),
        ({"rhythm": "weekly", "weekday": 0}, "every week, Sunday at 06:00"),
        ({"rhythm": "monthly", "day": 28}, "monthly on day 28 at 06:00"),
        ({"rhythm": "monthly", "day": 31}, "monthly on day 31, else on the month's last, at 06:00"),
        ({"rhythm": "cron", "cron": "0 6 * * 1-5"}, "0 6 * * 1-5"),
    ],
)
def test_a_rhythm_in_words(values: dict[str, Any], expected: str) -> None:
    assert rhythm(JobSchedule(at=time(6), **values)) == expected


# --- The list ---------------------------------------------------------------------------------------------


def test_the_list_shows_zone_next_moments_and_last_result(
    client: Client, people: People, finished_run: Run
) -> None:
    schedule = daily(finished_run.report)
    schedule.recipients.set([people.jonas])
    moment = datetime(2026, 11, 20, 5, tzinfo=UTC)
    Occurrence.objects.create(
        schedule=schedule, planned_at=moment, started_at=moment, run=finished_run, mail_status=Status.SENT
    )
    client.force_login(people.approver)
    answer = client.get("/schedules/")
    page = words(answer)
    assert "All times are those of Europe/Berlin" in page
    for coming in next_moments(schedule, timezone.now(), 3):
        assert planned(coming) in page
    assert "Fri 20 Nov 2026 06:00" in page
    assert "Jonas Weber" in page
    assert f'href="/runs/{finished_run.pk}/"' in answer.content.decode()


def test_what_did_not_start_is_a_red_row_and_says_since_when(
    client: Client, people: People, report: Report
) -> None:
    schedule = daily(report)
    now = timezone.now()
    first, last = (now - timedelta(days=days) for days in (2, 1))
    for moment in (first, last):
        Occurrence.objects.create(schedule=schedule, planned_at=moment, missed_at=moment)
    client.force_login(people.jonas)
    page = words(client.get("/schedules/"))
    by = timezone.localtime(last + timedelta(minutes=15))
    assert f"Expected at {planned(last)} (Europe/Berlin), nothing by {by:%H:%M}." in page
    assert f"2 times in a row, the first one at {planned(first)}" in page
    assert "Did not start" in page
    client.force_login(people.administrator)
    assert f"“Test report” was expected at {planned(last)} (Europe/Berlin)" in words(client.get("/jobs/"))
    Occurrence.objects.create(schedule=schedule, planned_at=now, started_at=now)
    assert "Expected at" not in words(client.get("/schedules/"))


def test_a_mail_that_did_not_leave_says_why_and_can_be_sent_after_all(
    client: Client, people: People, report: Report
) -> None:
    schedule = daily(report, created_by=people.jonas)
    problem = stored([Note("refused", "Frieda Frei", "550 <b>no</b>"), Note("no_mailbox")])
    occurrence = Occurrence.objects.create(
        schedule=schedule,
        planned_at=timezone.now(),
        started_at=timezone.now(),
        mail_status=Status.FAILED,
        mail_problem=problem,
    )
    client.force_login(people.jonas)
    answer = client.get("/schedules/")
    assert (
        "The mail server refused the mail to Frieda Frei: 550 &lt;b&gt;no&lt;/b&gt;"
        in answer.content.decode()
    )
    assert "There is no mailbox to send from." in words(answer)
    client.post(f"/occurrences/{occurrence.pk}/send/")
    occurrence.refresh_from_db()
    assert occurrence.mail_status == Status.WAITING
    assert "Jonas Weber" in occurrence.mail_problem
    client.post(f"/occurrences/{occurrence.pk}/send/")
    assert "Nothing to send" in words(client.get("/schedules/"))


def test_the_list_costs_the_same_with_one_schedule_and_with_many(
    client: Client, people: People, report: Report
) -> None:
    def fill() -> None:
        schedule = daily(report)
        schedule.recipients.set([people.jonas, people.approver])
        now = timezone.now()
        Occurrence.objects.create(schedule=schedule, planned_at=now, missed_at=now)
        Occurrence.objects.create(
            schedule=schedule, planned_at=now - timedelta(days=1), started_at=now, mail_status=Status.FAILED
        )

    def cost() -> int:
        with CaptureQueriesContext(database) as queries:
            assert client.get("/schedules/").status_code == 200
        return len(queries)

    client.force_login(people.administrator)
    fill()
    cost()  # the session is written once
    first = cost()
    for _number in range(12):
        fill()
    assert cost() == first


def test_an_empty_list_leads_to_the_first_schedule(client: Client, people: People) -> None:
    client.force_login(people.jonas)
    page = client.get("/schedules/").content.decode()
    assert "Nothing starts by itself yet." in page
    assert 'href="/schedules/add/"' in page


# --- Rights -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("address", ["/schedules/", "/schedules/add/", "/schedules/next/"])
def test_viewers_and_outsiders_plan_nothing(client: Client, people: People, address: str) -> None:
    for user in (people.viewer, people.outsider):
        client.force_login(user)
        assert client.get(address).status_code == 403


def test_only_who_planned_it_the_reports_owner_and_administrators_change_it(
    client: Client, people: People, report: Report
) -> None:
    Report.objects.filter(pk=report.pk).update(owner=people.sabine)
    schedule = daily(report, created_by=people.jonas)
    occurrence = Occurrence.objects.create(
        schedule=schedule, planned_at=timezone.now(), mail_status=Status.FAILED
    )
    pages = [f"/schedules/{schedule.pk}/{page}" for page in ("", "remove/", "switch/")]
    pages.append(f"/occurrences/{occurrence.pk}/send/")
    client.force_login(people.approver)
    assert "Test report" in words(client.get("/schedules/"))
    assert {client.post(page).status_code for page in pages} == {403}
    for user in (people.jonas, people.sabine, people.administrator):
        client.force_login(user)
        assert client.get(pages[0]).status_code == 200
    reading = daily(None, created_by=people.jonas)
    client.force_login(people.jonas)
    assert client.get(f"/schedules/{reading.pk}/").status_code == 403


def test_a_report_that_one_may_not_see_has_no_schedule_either(
    client: Client, people: People, report: Report
) -> None:
    Report.objects.filter(pk=report.pk).update(owner=people.jonas, shared_with="owner")
    schedule = daily(report)
    occurrence = Occurrence.objects.create(schedule=schedule, planned_at=timezone.now())
    client.force_login(people.sabine)
    assert "Test report" not in words(client.get("/schedules/"))
    assert client.get(f"/schedules/{schedule.pk}/").status_code == 404
    assert client.post(f"/occurrences/{occurrence.pk}/send/").status_code == 404
    assert client.get(f"/schedules/add/?report={report.pk}").status_code == 404
    answer = client.post("/schedules/add/", filled(report))
    assert "report" in answer.context["form"].errors


@pytest.mark.parametrize("page", ["schedules/{}/switch/", "occurrences/{}/send/"])
def test_looking_changes_nothing(client: Client, people: People, report: Report, page: str) -> None:
    client.force_login(people.administrator)
    assert client.get("/" + page.format(daily(report).pk)).status_code == 405


# --- The jobs page ----------------------------------------------------------------------------------------


def test_the_log_has_runs_readings_downloads_and_what_did_not_run(
    client: Client, people: People, finished_run: Run
) -> None:
    now = timezone.now()
    assert finished_run.connection is not None
    Sync.objects.create(
        connection=finished_run.connection,
        kind="full",
        status="failed",
        problem_code="unreachable",
        finished_at=now,
        started_at=now,
    )
    Download.objects.create(
        run=finished_run,
        name="Report.csv",
        status="succeeded",
        started_by=people.jonas,
        finished_at=now,
        row_count=99,
    )
    missed = Occurrence.objects.create(schedule=daily(finished_run.report), planned_at=now, missed_at=now)
    client.force_login(people.administrator)
    page = words(client.get("/jobs/"))
    assert f"Run {finished_run.pk}" in page
    assert "Reading from SuperOffice" in page
    assert "SuperOffice could not be reached." in page
    assert "Report.csv" in page
    assert "Jonas Weber" in page
    assert f"expected at {planned(missed.planned_at)}" in page


def test_the_jobs_page_names_what_people_planned_and_what_the_house_does(
    client: Client, people: People, report: Report
) -> None:
    schedule = daily(report)
    client.force_login(people.administrator)
    assert "What Sales Desk does by itself is missing" in words(client.get("/jobs/"))
    ensure_schedules()
    page = words(client.get("/jobs/"))
    assert planned(next_moments(schedule, timezone.now(), 1)[0]) in page
    assert "Clear old downloads · daily at 04:50" in page
    assert "reports.tasks.sweep" in page.split("Technical details")[1]
    assert "reports.tasks" not in page.split("Technical details")[0]
    assert "scheduled_job" not in page
