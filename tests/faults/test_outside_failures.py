"""What is outside fails: the sentence a salesperson reads, the one an administrator reads, and nothing lost.

Each fault meets a mail that is due, a mail that is sent and has to be filed, and a report. Afterwards the
fault ends, and everything goes on without anybody's help except for the cause.
"""

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from django.contrib.auth.models import User
from django.test import Client as Browser
from django.urls import reverse

from connector.demo.mail_catcher import MailCatcher
from connector.models import Connection, Mailbox
from connector.services import check_connection
from outreach.models import Message
from reports.models import Report, Row, Run
from reports.runs import services as reports
from tests.connector.smtp.scripted_server import Script, hang_up
from tests.outreach.conftest import MailScript
from tests.outreach.desk import Desk

pytestmark = pytest.mark.django_db


@dataclass(frozen=True)
class Fault:
    """`begin` breaks something, `end` repairs it; the sentences are parts of what the pages say."""

    name: str
    begin: Callable[[Desk], None]
    end: Callable[[Desk], None]
    code: str
    salesperson: str
    administrator: str


def _clear(desk: Desk) -> None:
    """The fault ends, and the minute is over for which a tenant that was down is believed to stay so."""
    desk.tenant.faults.clear()
    desk.set(desk.connection, tenant_state=None)


def _wrong_secret(desk: Desk) -> None:
    desk.set(desk.connection, client_secret="not-the-secret", access_token="", access_token_expires_at=None)


def _right_secret(desk: Desk) -> None:
    desk.set(desk.connection, client_secret=desk.tenant.client_secret)


def _revoke(desk: Desk) -> None:
    desk.tenant.faults.refresh_token_revoked = True
    desk.tenant.faults.expire_access_tokens()


def _maintain(desk: Desk) -> None:
    desk.tenant.faults.state = "OfflineMaintenance"


def _answer_html(desk: Desk) -> None:
    desk.tenant.faults.answer_html("/Sale")
    desk.tenant.faults.answer_html("/Document")
    desk.tenant.faults.answer_html("/User")


FAULTS = [
    Fault(
        "wrong secret",
        _wrong_secret,
        _right_secret,
        "invalid_client",
        "SuperOffice does not know this installation. Nothing is lost. An administrator has to correct",
        "Client id or client secret is wrong for this environment.",
    ),
    Fault(
        "revoked refresh token",
        _revoke,
        _clear,
        "needs_consent",
        "SuperOffice no longer accepts our sign-in. Nothing is lost. An administrator has to renew it.",
        "The refresh token was revoked or has expired.",
    ),
    Fault(
        "maintenance",
        _maintain,
        _clear,
        "tenant_not_running",
        "SuperOffice is under maintenance. Nothing is lost; we go on when it is back.",
        "state endpoint says that it is not running.",
    ),
    Fault(
        "HTML instead of JSON",
        _answer_html,
        _clear,
        "unexpected_answer",
        "SuperOffice gave an answer we cannot use. Nothing is lost; we try again by ourselves.",
        "something that is no JSON of the expected shape, for example an HTML page.",
    ),
]
IN_A_RUN = {
    "maintenance": "SuperOffice was under maintenance.",
    "HTML instead of JSON": "SuperOffice gave an answer we cannot use.",
}
each_fault = pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)


def _page(browser: Browser, user: User, name: str, *arguments: object) -> str:
    """The page as this user sees it, in English, without a word of Python in it."""
    browser.force_login(user)
    answer = browser.get(reverse(name, args=arguments), headers={"accept-language": "en"})
    assert answer.status_code == 200
    text = answer.content.decode().replace("&#x27;", "'")
    assert "Traceback" not in text
    return text


def _check_sentences(
    browser: Browser, desk: Desk, fault: Fault, *, seen_by_salesperson: tuple[str, int], by_admin: str
) -> None:
    salesperson = _page(browser, desk.people.jonas, *seen_by_salesperson)
    # A run is not tried again by itself, so its page does not promise that.
    words = (
        IN_A_RUN.get(fault.name, fault.salesperson) if seen_by_salesperson[0] == "run" else fault.salesperson
    )
    assert words in salesperson
    assert fault.administrator not in salesperson
    assert fault.administrator in _page(browser, desk.people.administrator, by_admin)
    for secret in ("not-the-secret", desk.tenant.client_secret, desk.tenant.refresh_token):
        assert secret not in salesperson


# --- SuperOffice ------------------------------------------------------------------------------------------


@each_fault
def test_a_due_mail_waits_and_leaves_when_superoffice_is_back(
    desk: Desk, mail_server: MailCatcher, client: Browser, fault: Fault
) -> None:
    message = desk.message()
    fault.begin(desk)
    desk.dispatch()
    message = desk.fresh(message)
    assert (message.status, message.problem_code) == ("queued", fault.code)
    assert mail_server.messages() == []
    assert desk.fresh(desk.connection).problem_code == fault.code
    _check_sentences(client, desk, fault, seen_by_salesperson=("message", message.pk), by_admin="jobs")
    assert fault.administrator in _page(client, desk.people.administrator, "connection")
    fault.end(desk)
    desk.make_due(message)
    desk.dispatch()
    message = desk.fresh(message)
    assert (message.status, message.problem_code) == ("sent", "")
    assert len(mail_server.messages()) == 1
    assert desk.fresh(desk.connection).problem_code == ""


@each_fault
def test_a_sent_mail_stays_sent_and_is_filed_when_superoffice_is_back(
    desk: Desk, client: Browser, fault: Fault
) -> None:
    message = desk.in_state("sent")
    fault.begin(desk)
    assert not desk.archive(message)
    message = desk.fresh(message)
    assert (message.status, message.archive_problem_code) == ("sent", fault.code)
    assert message.archived_at is None
    _check_sentences(client, desk, fault, seen_by_salesperson=("message", message.pk), by_admin="jobs")
    fault.end(desk)
    assert desk.archive(message)
    assert desk.fresh(message).archived_at is not None
    assert [document.content for document in desk.documents()] == [bytes(message.raw)]


@each_fault
def test_a_report_says_what_is_wrong_and_succeeds_when_superoffice_is_back(
    desk: Desk, client: Browser, fault: Fault
) -> None:
    report = Report.objects.create(name="Robots", limit=40)
    good = _run(report)
    assert good.status == "succeeded"
    fault.begin(desk)
    failed = _run(report)
    # The local copy is still there: the result is incomplete, and says of when it is.
    assert (failed.status, failed.problem_code) == ("incomplete", fault.code)
    assert desk.fresh(desk.connection).problem_code == fault.code
    _check_sentences(client, desk, fault, seen_by_salesperson=("run", failed.pk), by_admin="jobs")
    assert good.rows.count() == desk.fresh(good).read_count  # the last result is still there
    fault.end(desk)
    assert _run(report).status == "succeeded"
    assert desk.fresh(desk.connection).problem_code == ""


def _run(report: Report) -> Run:
    run = reports.start_run(report=report, by=User.objects.get(username="jonas"))
    assert run is not None
    reports.work_on_run(run.pk)
    run.refresh_from_db()
    return run


def test_a_report_that_broke_off_keeps_what_it_read_and_says_that_it_is_incomplete(
    desk: Desk, client: Browser
) -> None:
    desk.tenant.faults.answer_html("/Sale", after=1)  # the second page
    run = _run(Report.objects.create(name="Robots", limit=40))
    assert (run.status, run.problem_code) == ("incomplete", "unexpected_answer")
    assert 0 < Row.objects.filter(run=run).count() == run.read_count
    page = _page(client, desk.people.jonas, "run", run.pk)
    assert "SuperOffice gave an answer we cannot use." in page


@each_fault
def test_checking_the_connection_by_hand_names_the_trouble(desk: Desk, fault: Fault) -> None:
    fault.begin(desk)
    trouble = check_connection(desk.fresh(desk.connection))
    assert trouble is not None
    assert trouble.code == fault.code
    assert fault.salesperson in str(trouble.problem.for_salespeople)
    assert fault.administrator in str(trouble.problem.for_administrators)
    fault.end(desk)
    assert check_connection(Connection.objects.get()) is None
    assert Connection.objects.get().problem_code == ""


# --- The mail server --------------------------------------------------------------------------------------

MAIL_DOWN = "The mail server cannot be reached. Your mails wait and leave when it is back."
MAIL_SETUP = "The mailbox is not set up correctly. Your mails wait; an administrator has to act."


def test_mails_wait_while_the_mail_server_is_down_and_leave_when_it_is_back(
    desk: Desk, client: Browser, mail_catcher: MailCatcher
) -> None:
    messages = [desk.message() for _ in range(2)]  # port 1: nobody listens
    desk.dispatch()
    assert {desk.fresh(message).status for message in messages} == {"queued"}
    page = _page(client, desk.people.jonas, "message", messages[0].pk)
    assert MAIL_DOWN in page
    for name in ("jobs", "mailboxes"):
        shown = _page(client, desk.people.administrator, name)
        assert "No connection to the mail server: check host, port and firewall." in shown
        assert "127.0.0.1:1" in shown
    Mailbox.objects.update(port=mail_catcher.smtp_port)
    for message in messages:
        desk.make_due(message)
    desk.dispatch()
    assert {desk.fresh(message).status for message in messages} == {"sent"}
    assert len(mail_catcher.messages()) == 2
    assert set(Mailbox.objects.values_list("problem_code", flat=True)) == {""}


@pytest.mark.parametrize(
    ("script", "code", "salesperson", "administrator"),
    [
        (
            {"auth": "535 5.7.8 go away"},
            "smtp_login_refused",
            "The mail server does not accept our sign-in. Your mails wait; an administrator has to act.",
            "User or password is refused",
        ),
        ({"mail": "550 5.7.60 SendAsDenied"}, "smtp_configuration", MAIL_SETUP, "refuses this sender"),
        ({"connect": hang_up}, "smtp_connection_lost", MAIL_DOWN, "The mail server closed the connection."),
        ({"connect": b"HTTP/1.1 400\r\n"}, "smtp_garbled_reply", MAIL_SETUP, "is no mail server"),
    ],
)
def test_a_mail_server_that_turns_us_away_is_explained(
    desk: Desk,
    client: Browser,
    mail_script: MailScript,
    *,
    script: Script,
    code: str,
    salesperson: str,
    administrator: str,
) -> None:
    server = mail_script(script)
    if "auth" in script:
        server.features = ("AUTH PLAIN",)
        Mailbox.objects.update(username="jonas", password="mail-password-canary")
    message = desk.message()
    desk.dispatch()
    message = desk.fresh(message)
    assert (message.status, message.problem_code) == ("queued", code)
    page = _page(client, desk.people.jonas, "message", message.pk)
    assert salesperson in page
    assert administrator not in page
    jobs = _page(client, desk.people.administrator, "jobs")
    assert administrator in jobs
    assert "mail-password-canary" not in page + jobs
    assert server.accepted == []


def test_the_answer_that_never_came_is_told_to_both(
    desk: Desk, client: Browser, mail_script: MailScript
) -> None:
    mail_script({"dot": hang_up})
    message = desk.message()
    desk.dispatch()
    assert desk.fresh(message).status == Message.Status.UNCERTAIN
    page = _page(client, desk.people.jonas, "message", message.pk)
    assert "did not confirm whether it took the mail" in page
    assert "The answer to the final dot is missing." in _page(client, desk.people.administrator, "jobs")
