"""Results by mail: to users of the desk, once, over real servers; and the schedule says what did not arrive."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, time, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from io import BytesIO
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from django.utils.translation import gettext, override
from django_q.models import OrmQ
from openpyxl import load_workbook
from pytest_django import Settings

from connector.demo.mail_catcher import MailCatcher
from connector.models import Connection, Mailbox, Origin
from connector.services import shared_mailbox
from reports import tasks
from reports.explaining.causes import HEADINGS_EMPTY, cause_of
from reports.keyword_lists.keywords import current_list
from reports.models import Download, JobSchedule, Occurrence, Report, Run, Sync
from reports.result_mails import result_files, result_mail, result_post
from reports.result_mails.mail_claim import MailClaim
from reports.result_mails.mail_notes import notes_of, sentence
from reports.result_mails.result_plan import plan_of
from reports.result_mails.result_post import Post
from tests.conftest import People
from tests.connector.smtp.scripted_server import Script, ScriptedServer, hang_up, silence, then_hang_up

SIX = datetime(2026, 11, 20, 5, tzinfo=UTC)
Status = Occurrence.MailStatus
Make = Callable[..., Occurrence]
Serve = Callable[[Script], ScriptedServer]
FUNNEL = {"no_company": 20, "unmatched": 188, "matched": 812}


@pytest.fixture(autouse=True)
def _house(settings: Settings, people: People) -> None:
    settings.PUBLIC_URL = "https://desk.example"
    settings.SMTP_ANSWER_TIMEOUT = 1


@pytest.fixture
def send_from(settings: Settings) -> Callable[[int], None]:
    """Let the shared mailbox be on this port of this machine."""

    def lead(port: int) -> None:
        settings.DEMO_PARTS = ["mail", "tenant"]
        settings.MAIL_SERVER = {
            "host": "127.0.0.1",
            "port": port,
            "username": "",
            "password": "",
            "security": "none",
            "from_address": "desk@kehrwieder.example",
        }

    return lead


@pytest.fixture
def caught(mail_catcher: MailCatcher, send_from: Callable[[int], None]) -> MailCatcher:
    send_from(mail_catcher.smtp_port)
    return mail_catcher


@pytest.fixture
def serve(send_from: Callable[[int], None]) -> Iterator[Serve]:
    with ExitStack() as stack:

        def start(script: Script) -> ScriptedServer:
            server = stack.enter_context(ScriptedServer(script))
            send_from(server.port)
            return server

        yield start


def a_run(report: Report, connection: Connection | None, **values: Any) -> Run:
    now = timezone.now()
    usual: dict[str, Any] = {
        "status": Run.Status.SUCCEEDED,
        "finished_at": now,
        "data_at": SIX,
        "acts_as": "Ina Integration",
        "definition": {"scope": "newest", "limit": 1000},
        "keyword_list": current_list(),
        "read_count": sum(FUNNEL.values()),
        "funnel": FUNNEL,
    }
    return Run.objects.create(report=report, connection=connection, **{**usual, **values})


@pytest.fixture
def ended(report: Report, connection: Connection, people: People) -> Make:
    """A schedule for two recipients whose job has ended; `run`, `schedule`, `to` say what is different."""

    def make(run: dict[str, Any] | None = None, to: list[User] | None = None, **schedule: Any) -> Occurrence:
        planned = JobSchedule.objects.create(job="run_report", report=report, at=time(6), **schedule)
        planned.recipients.set([people.jonas, people.approver] if to is None else to)
        work = a_run(report, connection, **(run or {}))
        return Occurrence.objects.create(
            schedule=planned, planned_at=SIX, started_at=SIX, run=work, mail_status=Status.WAITING
        )

    return make


def told(occurrence: Occurrence) -> Occurrence:
    result_mail.mail_result(occurrence.pk, timezone.now())
    occurrence.refresh_from_db()
    return occurrence


def codes(occurrence: Occurrence) -> list[str]:
    return [note.code for note in notes_of(occurrence)]


def mails(catcher: MailCatcher) -> dict[str, EmailMessage]:
    """What arrived, by recipient; each mail has one."""
    found = {}
    for mail in catcher.messages():
        (recipient,) = mail.recipients
        assert recipient not in found, "sent twice"
        found[recipient] = message_from_bytes(mail.raw, policy=policy.default)
    return found


def text_of(message: EmailMessage) -> str:
    body = message.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


# --- What arrives ---------------------------------------------------------------------------------------


def test_each_recipient_gets_one_mail_of_their_own(ended: Make, caught: MailCatcher) -> None:
    occurrence = told(ended())
    arrived = mails(caught)
    assert set(arrived) == {"jonas@kehrwieder.example", "approver@kehrwieder.example"}
    for address, message in arrived.items():
        assert message["To"] == address
        assert message["Auto-Submitted"] == "auto-generated"
        assert message["From"] == "Sales Desk <desk@kehrwieder.example>"
        assert message["Content-Language"] == "de"
        assert message["Message-ID"].endswith("@kehrwieder.example>")
    assert (occurrence.mail_status, occurrence.mail_problem) == (Status.SENT, "")
    assert occurrence.mailed_at is not None


def test_the_mail_says_the_same_numbers_as_the_page_and_leads_to_it(ended: Make, caught: MailCatcher) -> None:
    occurrence = told(ended())
    message = mails(caught)["jonas@kehrwieder.example"]
    text = text_of(message)
    assert "Test report" in message["Subject"]
    assert "812" in message["Subject"]
    assert f"https://desk.example/runs/{occurrence.run_id}/" in text
    for part in ("1.020", "812 × ", "188 × ", "20 × ", "Ina Integration", "20.11.2026 06:00"):
        assert part in text


def test_a_subject_with_umlauts_and_blanks_arrives_as_it_is(
    ended: Make, report: Report, caught: MailCatcher
) -> None:
    name = "Ä ö  ü · Überfällige Aufträge für Größen, die niemand außer uns kennt – " + "schöne " * 4
    Report.objects.filter(pk=report.pk).update(name=name[:100])
    told(ended())
    subject = str(mails(caught)["jonas@kehrwieder.example"]["Subject"])
    assert " ".join(name[:100].split()) in subject


def test_without_an_address_of_its_own_the_mail_has_the_path(
    ended: Make, caught: MailCatcher, settings: Settings
) -> None:
    settings.PUBLIC_URL = ""
    occurrence = told(ended())
    text = text_of(mails(caught)["jonas@kehrwieder.example"])
    assert f" /runs/{occurrence.run_id}/" in text
    assert "http" not in text


def test_an_incomplete_result_is_called_incomplete(ended: Make, caught: MailCatcher) -> None:
    told(ended(run={"status": Run.Status.INCOMPLETE, "problem_code": "unreachable"}))
    message = mails(caught)["jonas@kehrwieder.example"]
    with override("de"):
        words = gettext("Incomplete · %(subject)s").partition(" ")[0]
    assert str(message["Subject"]).startswith(words)
    assert text_of(message).count("SuperOffice") >= 1


def test_a_run_that_is_the_answer_to_two_moments_is_told_once(ended: Make, caught: MailCatcher) -> None:
    first = ended()
    second = Occurrence.objects.create(
        schedule=first.schedule,
        planned_at=SIX + timedelta(hours=1),
        started_at=SIX,
        run=first.run,
        mail_status=Status.WAITING,
    )
    told(second)
    told(first)
    assert len(caught.messages()) == 2
    second.refresh_from_db()
    assert second.mail_status == Status.NONE


def test_nobody_gets_what_nobody_asked_for(ended: Make, caught: MailCatcher) -> None:
    assert told(ended(to=[])).mail_status == Status.NONE
    assert told(ended(run={"status": Run.Status.CANCELLED})).mail_status == Status.NONE
    assert caught.messages() == []


# --- Files ----------------------------------------------------------------------------------------------


@pytest.fixture
def real(finished_run: Run, ended: Make) -> Make:
    """The same over a run that has rows."""

    def make(**values: Any) -> Occurrence:
        occurrence = ended(**values)
        invented = occurrence.run
        Occurrence.objects.filter(pk=occurrence.pk).update(run=finished_run)
        assert invented is not None
        invented.delete()
        occurrence.refresh_from_db()
        return occurrence

    return make


def test_the_file_has_every_row_of_the_page_and_leaves_a_trail(
    real: Make, people: People, caught: MailCatcher
) -> None:
    occurrence = told(real(attachment="excel"))
    assert occurrence.run is not None
    (file,) = mails(caught)["jonas@kehrwieder.example"].iter_attachments()
    assert str(file.get_filename()).endswith(".csv")
    lines = file.get_content().lstrip("\ufeff").splitlines()
    shown = occurrence.run.rows.exclude(stage="no_company")
    assert len(lines) == 1 + shown.count()
    newest = shown.order_by("-sale_number").first()
    assert newest is not None
    assert lines[1].startswith(f"{newest.sale_number};")
    trail = Download.objects.order_by("started_by")
    assert [(one.started_by, one.row_count, one.format, one.status) for one in trail] == [
        (user, shown.count(), "excel", "succeeded") for user in (people.approver, people.jonas)
    ]


def test_the_trail_is_there_when_the_worker_dies_after_the_first_mail(
    real: Make, people: People, caught: MailCatcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    occurrence = real(attachment="excel")
    handed = []
    hand_over = Post._hand_over

    def die_at_the_second(self: Post, *rest: Any) -> Any:
        handed.append(rest)
        if len(handed) == 2:
            raise SystemExit
        return hand_over(self, *rest)

    monkeypatch.setattr(Post, "_hand_over", die_at_the_second)
    with pytest.raises(SystemExit):
        result_mail.mail_result(occurrence.pk, timezone.now())
    ((recipient,),) = [mail.recipients for mail in caught.messages()]
    (trail,) = Download.objects.all()
    assert trail.started_by is not None
    assert trail.started_by.email == recipient


def test_a_workbook_opens_and_has_its_sheets(real: Make, caught: MailCatcher) -> None:
    occurrence = told(real(attachment="xlsx"))
    assert occurrence.run is not None
    (file,) = mails(caught)["approver@kehrwieder.example"].iter_attachments()
    book = load_workbook(BytesIO(file.get_content()), read_only=True)
    try:
        first, unread = book.worksheets[:2]
        assert sum(1 for _row in first.rows) == 1 + occurrence.run.rows.exclude(stage="no_company").count()
        others = occurrence.run.rows.exclude(stage__in=["matched", "no_company"])
        assert sum(1 for _row in unread.rows) == 1 + others.count()
    finally:
        book.close()


def test_who_may_not_download_gets_the_link_only(real: Make, people: People, caught: MailCatcher) -> None:
    occurrence = told(real(attachment="data", to=[people.viewer, people.jonas]))
    arrived = mails(caught)
    assert list(arrived["viewer@kehrwieder.example"].iter_attachments()) == []
    assert len(list(arrived["jonas@kehrwieder.example"].iter_attachments())) == 1
    assert (occurrence.mail_status, codes(occurrence)) == (Status.SENT, ["no_download_right"])


@pytest.mark.parametrize("attachment", ["excel", "xlsx"])
def test_a_file_that_is_too_large_is_a_link_and_said_so(
    real: Make, caught: MailCatcher, monkeypatch: pytest.MonkeyPatch, attachment: str
) -> None:
    monkeypatch.setattr(result_files, "MOST_BYTES", 500)
    occurrence = told(real(attachment=attachment))
    message = mails(caught)["jonas@kehrwieder.example"]
    assert list(message.iter_attachments()) == []
    with override("de"):
        assert sentence(notes_of(occurrence)[0]) in text_of(message).replace("\n", " ")
    assert codes(occurrence) == ["too_large"]


def test_a_run_that_has_lost_its_rows_sends_no_empty_file(real: Make, caught: MailCatcher) -> None:
    occurrence = real(attachment="excel")
    Run.objects.update(rows_removed_at=timezone.now())
    assert codes(told(occurrence)) == ["rows_gone"]
    assert list(mails(caught)["jonas@kehrwieder.example"].iter_attachments()) == []


# --- Who gets it ----------------------------------------------------------------------------------------


def test_who_cannot_be_written_to_is_left_out_and_named(
    ended: Make, people: People, report: Report, caught: MailCatcher
) -> None:
    occurrence = ended(to=[people.jonas, people.sabine, people.viewer, people.outsider, people.approver])
    User.objects.filter(pk=people.sabine.pk).update(email="")
    User.objects.filter(pk=people.viewer.pk).update(is_active=False)
    User.objects.filter(pk=people.approver.pk).update(email="frei da@kehrwieder.example")
    told(occurrence)
    assert set(mails(caught)) == {"jonas@kehrwieder.example"}
    assert occurrence.mail_status == Status.SENT
    assert {(note.code, note.who) for note in notes_of(occurrence)} == {
        ("no_address", "Sabine Kranz"),
        ("inactive", "Viktor Viewer"),
        ("may_not_see", "Otto Outsider"),
        ("bad_address", "Frieda Frei"),
    }


def test_who_lost_sight_of_the_report_gets_it_no_more(
    ended: Make, people: People, report: Report, caught: MailCatcher
) -> None:
    occurrence = ended(to=[people.jonas])
    Report.objects.filter(pk=report.pk).update(shared_with="approvers")
    told(occurrence)
    assert caught.messages() == []
    assert (occurrence.mail_status, codes(occurrence)) == (Status.FAILED, ["may_not_see", "nobody"])


# --- Nothing found, failed, missed, far fewer -------------------------------------------------------------


EMPTY = {"read_count": 3, "funnel": {"unmatched": 3}}


def test_an_empty_result_is_sent_with_its_cause(ended: Make, caught: MailCatcher) -> None:
    told(ended(run=EMPTY, attachment="excel"))
    message = mails(caught)["jonas@kehrwieder.example"]
    assert list(message.iter_attachments()) == []
    assert "3 × " in text_of(message)


def test_an_empty_result_is_skipped_where_that_was_decided(ended: Make, caught: MailCatcher) -> None:
    assert told(ended(run=EMPTY, on_empty="skip")).mail_status == Status.SKIPPED
    assert caught.messages() == []


def test_an_empty_result_alerts_the_administrators_where_that_was_decided(
    ended: Make, caught: MailCatcher
) -> None:
    assert told(ended(run=EMPTY, on_empty="alert")).mail_status == Status.SENT
    assert set(mails(caught)) == {"admin@kehrwieder.example"}


def test_the_mail_of_an_empty_result_names_the_same_cause_as_the_page(
    ended: Make, caught: MailCatcher
) -> None:
    occurrence = ended(run={"read_count": 2, "funnel": {"empty_heading": 2}})
    assert occurrence.run is not None
    told(occurrence)
    cause = cause_of(occurrence.run)
    assert cause is not None
    assert cause.code == HEADINGS_EMPTY
    with override("de"):
        expected = cause_of(occurrence.run)
        assert expected is not None
        assert expected.sentence in text_of(mails(caught)["jonas@kehrwieder.example"])


def test_the_mail_of_a_run_that_looked_at_nothing_says_why(ended: Make, caught: MailCatcher) -> None:
    told(ended(run={"read_count": 0, "funnel": {}}))
    text = text_of(mails(caught)["jonas@kehrwieder.example"])
    assert "0 Verkäufe gelesen." in text
    assert ": –" not in text
    with override("de"):
        cause = cause_of(Run.objects.get())
    assert cause is not None
    assert cause.sentence in text


def test_a_failed_run_is_told_to_the_recipients(ended: Make, caught: MailCatcher) -> None:
    failed = {
        "status": Run.Status.FAILED,
        "problem_code": "unreachable",
        "problem_detail": "no route",
        "funnel": {},
    }
    assert told(ended(run=failed)).mail_status == Status.SENT
    assert "no route" in text_of(mails(caught)["jonas@kehrwieder.example"])


def test_where_nobody_waits_for_the_result_administrators_hear_of_failures(
    ended: Make, caught: MailCatcher
) -> None:
    told(ended(run={"status": Run.Status.FAILED, "problem_code": "unreachable"}, to=[]))
    assert set(mails(caught)) == {"admin@kehrwieder.example"}


def test_an_alarm_whose_recipients_are_gone_reaches_the_administrators(
    ended: Make, people: People, caught: MailCatcher
) -> None:
    occurrence = ended(run={"status": Run.Status.FAILED, "problem_code": "unreachable"}, to=[people.jonas])
    User.objects.filter(pk=people.jonas.pk).update(is_active=False)
    told(occurrence)
    assert set(mails(caught)) == {"admin@kehrwieder.example"}
    assert (occurrence.mail_status, codes(occurrence)) == (Status.SENT, ["inactive"])


@pytest.mark.parametrize("status", [Run.Status.SUCCEEDED, Run.Status.FAILED])
def test_nothing_of_another_tenant_is_told(ended: Make, caught: MailCatcher, status: str) -> None:
    occurrence = ended(run={"status": status})
    Connection.objects.create(name="Real", environment="sod", context_identifier="Cust777", client_id="x")
    told(occurrence)
    assert caught.messages() == []
    assert (occurrence.mail_status, codes(occurrence)) == (Status.FAILED, ["other_tenant"])


@pytest.mark.parametrize(
    ("status", "count"), [("succeeded", 0), ("cancelled", 0), ("failed", 1), ("incomplete", 1)]
)
def test_of_a_reading_only_a_failure_is_told(
    connection: Connection, caught: MailCatcher, status: str, count: int
) -> None:
    planned = JobSchedule.objects.create(job="read_all", at=time(6))
    reading = Sync.objects.create(
        connection=connection, status=status, finished_at=timezone.now(), problem_code="unreachable"
    )
    occurrence = Occurrence.objects.create(
        schedule=planned, planned_at=SIX, started_at=SIX, sync=reading, mail_status=Status.WAITING
    )
    told(occurrence)
    assert len(caught.messages()) == count
    assert occurrence.mail_status == (Status.SENT if count else Status.NONE)


def test_a_missed_moment_is_told(ended: Make, caught: MailCatcher) -> None:
    occurrence = ended()
    Occurrence.objects.update(started_at=None, run=None, missed_at=SIX)
    assert told(occurrence).mail_status == Status.SENT
    text = text_of(mails(caught)["jonas@kehrwieder.example"])
    assert "Fr 20.11.2026 06:00 (Europe/Berlin)" in text
    assert "06:15" in text


def test_far_fewer_sales_than_usual_are_held_back_and_administrators_told(
    ended: Make, report: Report, connection: Connection, caught: MailCatcher
) -> None:
    for count in (1000, 1010, 990, 1005, 1000):
        a_run(report, connection, read_count=count)
    occurrence = told(ended(run={"read_count": 690}))
    assert set(mails(caught)) == {"admin@kehrwieder.example"}
    assert (occurrence.mail_status, codes(occurrence)) == (Status.FAILED, ["drift"])
    assert notes_of(occurrence)[0].words == "690 / 1000"


NEWEST = {"scope": "newest", "limit": 1000}
THIS_MONTH = {"scope": "period", "period": "this_month"}


@pytest.mark.parametrize(
    ("before", "asked_before", "now", "asked_now"),
    [
        (5, NEWEST, 701, NEWEST),
        (2, NEWEST, 10, NEWEST),  # too few to know what is usual
        (5, NEWEST, 10, {**NEWEST, "limit": 5}),  # another question
        (5, THIS_MONTH, 10, THIS_MONTH),  # a month begins empty
    ],
)
def test_what_is_no_shortfall_is_sent(  # noqa: PLR0917 # two fixtures more than the table has columns
    ended: Make,
    report: Report,
    caught: MailCatcher,
    before: int,
    asked_before: dict[str, Any],
    now: int,
    asked_now: dict[str, Any],
) -> None:
    tenant = Connection.objects.get()
    for _number in range(before):
        a_run(report, tenant, read_count=1000, definition=asked_before)
    told(ended(run={"read_count": now, "definition": asked_now}))
    assert "jonas@kehrwieder.example" in mails(caught)


def test_a_full_reading_far_below_the_ones_before_holds_back_too(
    ended: Make, connection: Connection, caught: MailCatcher
) -> None:
    for count in (1000, 1000, 1000, 600):
        Sync.objects.create(
            connection=connection,
            kind="full",
            status="succeeded",
            read_count=count,
            finished_at=timezone.now(),
        )
    assert codes(told(ended())) == ["drift"]


def test_a_person_lets_go_what_was_held_back(
    ended: Make, report: Report, connection: Connection, people: People, caught: MailCatcher
) -> None:
    for _number in range(5):
        a_run(report, connection, read_count=5000)
    occurrence = told(ended())
    assert result_mail.send_after_all(occurrence, by=people.administrator)
    assert not result_mail.send_after_all(occurrence, by=people.approver)
    told(occurrence)
    assert "jonas@kehrwieder.example" in mails(caught)
    assert (occurrence.mail_status, codes(occurrence)) == (Status.SENT, ["released"])


# --- Once, and what goes wrong ----------------------------------------------------------------------------


def test_the_sweep_wakes_the_mail_cluster_for_what_has_ended_only(ended: Make) -> None:
    done, running = ended(), ended(run={"status": Run.Status.SUCCEEDED})
    Run.objects.filter(occurrences=running).update(status=Run.Status.RUNNING, finished_at=None)
    result_mail.sweep(timezone.now())
    assert [(row.func(), row.task["args"], row.key) for row in OrmQ.objects.all()] == [
        ("reports.tasks.mail_result", (done.pk,), "mail")
    ]


def test_a_second_task_sends_nothing(ended: Make, caught: MailCatcher) -> None:
    occurrence = ended()
    tasks.mail_result(occurrence.pk)
    tasks.mail_result(occurrence.pk)
    assert len(caught.messages()) == 2


def test_who_dies_after_a_mail_has_left_sends_it_never_again(
    ended: Make, caught: MailCatcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_anything: Any) -> None:
        raise SystemExit

    occurrence = ended()
    with monkeypatch.context() as patch:
        patch.setattr(Post, "_note", die)
        with pytest.raises(SystemExit):
            result_mail.mail_result(occurrence.pk, timezone.now())
    assert len(caught.messages()) == 1
    result_mail.sweep(timezone.now())
    occurrence.refresh_from_db()
    assert occurrence.mail_status == Status.SENDING  # it may be alive
    result_mail.sweep(timezone.now() + timedelta(minutes=20))
    tasks.mail_result(occurrence.pk)
    occurrence.refresh_from_db()
    assert (occurrence.mail_status, codes(occurrence)) == (Status.FAILED, ["interrupted"])
    assert len(caught.messages()) == 1


def test_who_lost_the_right_to_send_before_the_last_moment_sends_nothing(ended: Make, serve: Serve) -> None:
    server = serve({})
    occurrence = ended()
    plan, mailbox = plan_of(occurrence), shared_mailbox()
    assert plan.letter is not None
    assert mailbox is not None
    claim = MailClaim(occurrence, timezone.now())  # nobody has made this claim in the row
    post = Post(plan.letter, mailbox, None, claim=claim, language="de")
    post.deliver(plan.people)
    server.wait()
    assert (server.accepted, server.received) == ([], [])
    assert [note.code for note in post.notes] == ["not_tried", "not_tried"]


def test_the_right_to_send_ends_when_the_row_says_so(
    ended: Make, caught: MailCatcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    occurrence = ended()
    opened = result_post.open_mailbox

    def open_late(mailbox: Mailbox) -> Any:
        result_mail.sweep(timezone.now() + timedelta(hours=1))
        return opened(mailbox)

    monkeypatch.setattr(result_post, "open_mailbox", open_late)
    told(occurrence)
    assert caught.messages() == []
    assert (occurrence.mail_status, codes(occurrence)) == (Status.FAILED, ["interrupted"])


def test_without_a_mailbox_nothing_is_lost_and_it_can_be_sent_later(
    ended: Make,
    people: People,
    send_from: Callable[[int], None],
    mail_catcher: MailCatcher,
    settings: Settings,
) -> None:
    settings.MAIL_SERVER = None
    Mailbox.objects.filter(origin=Origin.ADMIN).delete()
    occurrence = told(ended())
    assert (occurrence.mail_status, codes(occurrence)) == (Status.FAILED, ["no_mailbox"])
    send_from(mail_catcher.smtp_port)
    assert result_mail.send_after_all(occurrence, by=people.administrator)
    assert told(occurrence).mail_status == Status.SENT
    assert len(mail_catcher.messages()) == 2


def test_a_paused_mailbox_waits(ended: Make, caught: MailCatcher) -> None:
    occurrence = ended()
    told(ended(to=[]))  # makes the mailbox's row
    mailbox = shared_mailbox()
    assert mailbox is not None
    Mailbox.objects.filter(pk=mailbox.pk).update(is_paused=True)
    told(occurrence)
    assert (occurrence.mail_status, codes(occurrence)) == (Status.WAITING, ["mailbox_paused"])
    Mailbox.objects.filter(pk=mailbox.pk).update(is_paused=False)
    assert told(occurrence).mail_status == Status.SENT


def test_a_server_that_is_down_is_tried_again_for_a_day(
    ended: Make, serve: Serve, caught: MailCatcher, send_from: Callable[[int], None]
) -> None:
    occurrence = ended()
    serve({"connect": "421 4.3.2 not now"})
    told(occurrence)
    assert (occurrence.mail_status, codes(occurrence)) == (Status.WAITING, ["waits"])
    assert "not now" in sentence(notes_of(occurrence)[0])
    send_from(caught.smtp_port)
    assert told(occurrence).mail_status == Status.SENT
    assert len(caught.messages()) == 2


def test_after_a_day_it_is_given_up(ended: Make, serve: Serve) -> None:
    occurrence = ended(run={"finished_at": timezone.now() - timedelta(hours=25)})
    serve({"connect": "421 4.3.2 not now"})
    told(occurrence)
    assert (occurrence.mail_status, codes(occurrence)) == (Status.FAILED, ["given_up"])


def outcomes(occurrence: Occurrence) -> list[str]:
    """What became of each one's mail, in the order of the users."""
    return [occurrence.mail_outcomes[key] for key in sorted(occurrence.mail_outcomes, key=int)]


def test_whoever_was_put_off_gets_it_later_and_nobody_gets_it_twice(ended: Make, serve: Serve) -> None:
    occurrence = ended()
    script: Script = {
        "rcpt": ["451 4.7.1 greylisted", "451 4.7.1 greylisted", "250 ok", "451 4.7.1 later", "250 ok"]
    }
    server = serve(script)
    told(occurrence)
    assert (occurrence.mail_status, server.accepted) == (Status.WAITING, [])
    assert codes(occurrence) == ["deferred", "deferred", "later"]
    told(occurrence)
    assert (occurrence.mail_status, codes(occurrence)) == (Status.WAITING, ["deferred", "later"])
    assert sorted(outcomes(occurrence)) == ["accepted", "deferred"]
    told(occurrence)
    assert (occurrence.mail_status, codes(occurrence)) == (Status.SENT, [])
    assert outcomes(occurrence) == ["accepted", "accepted"]
    told(occurrence)
    assert len(server.accepted) == 2


def test_what_was_said_of_the_others_stays_while_somebody_waits(ended: Make, serve: Serve) -> None:
    occurrence = ended()
    serve({"rcpt": ["550 5.1.1 nobody here", "451 4.7.1 later", "250 ok"]})
    assert codes(told(occurrence)) == ["refused", "deferred", "later"]
    assert (told(occurrence).mail_status, codes(occurrence)) == (Status.SENT, ["refused"])
    assert sorted(outcomes(occurrence)) == ["accepted", "rejected"]


def test_who_is_put_off_for_a_day_is_named_and_can_be_sent_it_after_all(
    ended: Make, people: People, serve: Serve
) -> None:
    occurrence = ended(run={"finished_at": timezone.now() - timedelta(hours=25)})
    server = serve({"rcpt": ["250 ok", "451 4.7.1 later", "451 4.7.1 later", "250 ok"]})
    told(occurrence)
    assert (occurrence.mail_status, codes(occurrence)) == (Status.FAILED, ["deferred", "gave_up"])
    assert result_mail.send_after_all(occurrence, by=people.administrator)
    told(occurrence)
    # A day counts from the moment when a person let it go.
    assert (occurrence.mail_status, codes(occurrence)) == (Status.WAITING, ["released", "deferred", "later"])
    assert told(occurrence).mail_status == Status.SENT
    assert codes(occurrence) == ["released"]
    assert len(server.accepted) == 2


def test_a_server_that_is_down_after_a_release_is_tried_for_a_day_again(
    ended: Make, people: People, serve: Serve
) -> None:
    occurrence = ended(
        run={"finished_at": timezone.now() - timedelta(days=3), "status": Run.Status.FAILED, "funnel": {}}
    )
    serve({"connect": "421 4.3.2 not now"})
    assert told(occurrence).mail_status == Status.FAILED
    assert result_mail.send_after_all(occurrence, by=people.administrator)
    assert (told(occurrence).mail_status, codes(occurrence)) == (Status.WAITING, ["released", "waits"])
    assert (told(occurrence).mail_status, codes(occurrence)) == (Status.WAITING, ["released", "waits"])


def test_who_was_refused_is_tried_again_when_a_person_wants_it(
    ended: Make, people: People, serve: Serve
) -> None:
    server = serve({"rcpt": ["550 5.1.1 nobody here", "550 5.1.1 nobody here", "250 ok"]})
    occurrence = told(ended())
    assert (occurrence.mail_status, codes(occurrence)) == (Status.FAILED, ["refused", "refused"])
    assert result_mail.send_after_all(occurrence, by=people.administrator)
    assert told(occurrence).mail_status == Status.SENT
    assert len(server.accepted) == 2


def test_after_an_interruption_only_those_get_it_whom_nothing_can_have_reached(
    ended: Make, people: People, caught: MailCatcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    occurrence = ended(to=[people.jonas, people.sabine, people.approver])
    handed = []
    real = Post._note

    def die_at_the_second(self: Post, user: User, *rest: Any) -> None:
        handed.append(user)
        if len(handed) == 2:
            raise SystemExit
        real(self, user, *rest)

    with monkeypatch.context() as patch:
        patch.setattr(Post, "_note", die_at_the_second)
        with pytest.raises(SystemExit):
            result_mail.mail_result(occurrence.pk, timezone.now())
    result_mail.sweep(timezone.now() + timedelta(minutes=20))
    occurrence.refresh_from_db()
    assert (occurrence.mail_status, codes(occurrence)) == (Status.FAILED, ["interrupted"])
    assert result_mail.send_after_all(occurrence, by=people.administrator)
    told(occurrence)
    assert len(mails(caught)) == 3  # one each
    assert (occurrence.mail_status, codes(occurrence)) == (Status.SENT, ["released", "unclear"])
    assert notes_of(occurrence)[1].who == handed[1].get_full_name()


def test_who_dies_after_a_release_has_not_taken_it_back(
    ended: Make, report: Report, connection: Connection, people: People, caught: MailCatcher
) -> None:
    for _number in range(5):
        a_run(report, connection, read_count=5000)
    occurrence = told(ended(to=[people.administrator, people.jonas]))
    assert result_mail.send_after_all(occurrence, by=people.administrator)
    # The warning has reached the administrator, the result has not.
    occurrence.refresh_from_db()
    assert occurrence.mail_outcomes == {}
    values = {"mail_status": Status.SENDING, "mailed_at": timezone.now() - timedelta(hours=1)}
    Occurrence.objects.update(mail_outcomes={str(people.jonas.pk): "accepted"}, **values)
    result_mail.sweep(timezone.now())
    occurrence.refresh_from_db()
    assert codes(occurrence) == ["released", "interrupted"]
    assert result_mail.send_after_all(occurrence, by=people.administrator)
    assert told(occurrence).mail_status == Status.SENT
    # The warning, then the result; what the other one had of it before is not sent again.
    recipients = [list(mail.recipients) for mail in caught.messages()]
    assert recipients == [["admin@kehrwieder.example"]] * 2


def test_who_was_refused_is_named(ended: Make, serve: Serve) -> None:
    server = serve({"rcpt": ["550 5.1.1 nobody here", "250 ok"]})
    occurrence = told(ended())
    assert occurrence.mail_status == Status.SENT
    (note,) = notes_of(occurrence)
    assert (note.code, note.words) == ("refused", "550 5.1.1 nobody here")
    assert len(server.accepted) == 1


@pytest.mark.parametrize("action", [hang_up, silence], ids=["hangs up", "is silent"])
def test_a_missing_answer_is_never_tried_again(ended: Make, serve: Serve, action: Any) -> None:
    server = serve({"dot": action})
    occurrence = told(ended())
    assert occurrence.mail_status == Status.WAITING  # for the one who was not tried
    assert codes(occurrence) == ["unclear", "not_tried", "later"]
    assert (told(occurrence).mail_status, codes(occurrence)) == (Status.FAILED, ["unclear", "unclear"])
    told(occurrence)
    result_mail.sweep(timezone.now() + timedelta(hours=1))
    assert len(server.received) == 2  # each of them once
    assert len({message_from_bytes(body)["To"] for body in server.received}) == 2


def test_a_server_that_hangs_up_in_between_loses_nobody(ended: Make, serve: Serve) -> None:
    server = serve({"dot": [then_hang_up("250 ok"), "250 ok"]})
    assert told(ended()).mail_status == Status.SENT
    assert len(server.accepted) == 2


def test_a_refused_sign_in_is_said_at_once(ended: Make, serve: Serve) -> None:
    serve({"connect": "554 5.7.1 no service for you"})
    occurrence = told(ended())
    assert (occurrence.mail_status, codes(occurrence)) == (Status.FAILED, ["misconfigured"])


def test_a_mistake_of_ours_is_written_down(
    ended: Make, caught: MailCatcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_down(*_anything: Any) -> None:
        raise KeyError("no such column")

    monkeypatch.setattr(result_mail, "plan_of", break_down)
    occurrence = told(ended())
    assert (occurrence.mail_status, codes(occurrence)) == (Status.FAILED, ["unexpected"])
    assert "no such column" in notes_of(occurrence)[0].words


def test_what_is_to_be_said_is_listed_for_a_week(ended: Make, people: People) -> None:
    planned = timezone.now() - timedelta(days=1)
    failed = ended()
    Occurrence.objects.filter(pk=failed.pk).update(mail_status=Status.FAILED, planned_at=planned)
    fine = ended()
    Occurrence.objects.filter(pk=fine.pk).update(mail_status=Status.SENT, planned_at=planned)
    assert list(result_mail.unsent(timezone.now())) == [failed]
    assert list(result_mail.unsent(timezone.now() + timedelta(days=7))) == []
