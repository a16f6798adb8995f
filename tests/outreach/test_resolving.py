"""Uncertain and failed mails: a person decides, after 15 minutes, and each decision means one thing."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client as Browser
from django.urls import reverse
from django.utils import timezone
from django_q.models import OrmQ

from connector.demo.mail_catcher import MailCatcher
from outreach import archiving, services
from outreach.models import Message
from tests.connector.smtp.scripted_server import hang_up
from tests.outreach.conftest import MailScript
from tests.outreach.desk import Desk

pytestmark = pytest.mark.django_db
VERBS = {"sent": services.mark_sent, "again": services.send_again, "give-up": services.give_up}
URLS = {"sent": "message_mark_sent", "again": "message_send_again", "give-up": "message_give_up"}
each_verb = pytest.mark.parametrize("verb", VERBS)


@pytest.fixture
def uncertain(desk: Desk) -> Message:
    """Since 20 minutes nobody knows."""
    return desk.in_state("uncertain", problem_code="smtp_uncertain", problem_detail="The server hung up")


@each_verb
def test_nobody_decides_before_fifteen_minutes_have_passed(desk: Desk, uncertain: Message, verb: str) -> None:
    message = desk.set(uncertain, committing_at=timezone.now() - timedelta(minutes=14, seconds=59))
    before = desk.everything(message)
    with pytest.raises(services.Refused, match="may still be working on it"):
        VERBS[verb](message=message, by=desk.people.approver, now=timezone.now())
    assert desk.everything(message) == before
    assert not services.may_resolve(message, timezone.now())
    assert services.may_resolve(message, timezone.now() + timedelta(seconds=2))


@each_verb
def test_of_two_who_decide_at_once_the_second_is_told(desk: Desk, uncertain: Message, verb: str) -> None:
    first, second = desk.fresh(uncertain), desk.fresh(uncertain)
    VERBS[verb](message=first, by=desk.people.approver, now=timezone.now())
    before = desk.everything(uncertain)
    for late in VERBS.values():
        with pytest.raises(services.Refused, match="has changed meanwhile"):
            late(message=second, by=desk.people.jonas, now=timezone.now())
    assert desk.everything(uncertain) == before


@each_verb
def test_a_decision_is_signed_and_clears_the_problem(desk: Desk, uncertain: Message, verb: str) -> None:
    now = timezone.now()
    VERBS[verb](message=uncertain, by=desk.people.approver, now=now)
    message = desk.fresh(uncertain)
    assert (message.resolved_by, message.resolved_at) == (desk.people.approver, now)
    assert (message.problem_code, message.problem_detail) == ("", "")
    assert message.fence == uncertain.fence + 1
    event = message.draft.events.last()
    assert event is not None
    assert (event.actor, event.detail) == (desk.people.approver, {"was": "uncertain"})
    assert message not in Message.objects.with_problem()


def test_what_a_person_saw_arrive_counts_as_sent_and_is_filed(desk: Desk, uncertain: Message) -> None:
    OrmQ.objects.all().delete()
    services.mark_sent(message=uncertain, by=desk.people.approver, now=timezone.now())
    message = desk.fresh(uncertain)
    assert (message.status, message.sent_at) == ("sent", uncertain.committing_at)
    assert [job.task["func"] for job in OrmQ.objects.all()] == ["outreach.tasks.archive"]
    assert archiving.archive_due() == 1
    assert [document.content for document in desk.documents()] == [bytes(message.raw)]


def test_sent_again_it_is_the_same_mail(desk: Desk, mail_script: MailScript) -> None:
    server = mail_script({"dot": [hang_up, "250 ok"]})
    message = desk.message()
    desk.dispatch()
    message = desk.set(message, committing_at=timezone.now() - timedelta(minutes=16))
    services.send_again(message=message, by=desk.people.approver, now=timezone.now())
    desk.dispatch()
    again = desk.fresh(message)
    assert again.status == "sent"
    assert server.received == [bytes(message.raw), bytes(message.raw)]
    assert (again.message_id, again.sha256) == (message.message_id, message.sha256)
    assert [one.outcome for one in again.deliveries.all()] == ["unknown", "accepted"]


def test_given_up_it_never_leaves_and_the_draft_stays_decided(
    desk: Desk, uncertain: Message, mail_server: MailCatcher
) -> None:
    services.give_up(message=uncertain, by=desk.people.approver, now=timezone.now())
    assert desk.dispatch() == 0
    assert archiving.archive_due() == 0
    assert mail_server.messages() == []
    assert desk.fresh(uncertain).status == "cancelled"
    assert desk.fresh(uncertain.draft).status == "approved"


def test_a_failed_mail_can_be_sent_again(desk: Desk, mail_server: MailCatcher) -> None:
    mail_server.faults.refuse_recipients(1, "550 5.1.1 no such user")
    message = desk.message()
    desk.dispatch()
    services.send_again(message=desk.fresh(message), by=desk.people.jonas, now=timezone.now())
    desk.dispatch()
    assert desk.fresh(message).status == "sent"
    assert len(mail_server.messages()) == 1


# --- By page ----------------------------------------------------------------------------------------------


def _decide(browser: Browser, message: Message, verb: str, **data: str) -> Any:
    return browser.post(reverse(URLS[verb], args=[message.pk]), data, follow=True)


@pytest.mark.parametrize("name", ["approver", "jonas"])
@each_verb
def test_approvers_and_the_sender_decide(
    desk: Desk, uncertain: Message, client: Browser, verb: str, name: str
) -> None:
    client.force_login(getattr(desk.people, name))
    answer = _decide(client, uncertain, verb, understood="yes")
    assert answer.redirect_chain == [(reverse("message", args=[uncertain.pk]), 302)]
    assert desk.fresh(uncertain).status == {"sent": "sent", "again": "queued", "give-up": "cancelled"}[verb]


def test_sending_again_wants_the_tick(desk: Desk, uncertain: Message, client: Browser) -> None:
    client.force_login(desk.people.approver)
    answer = _decide(client, uncertain, "again")
    assert "may get the mail twice" in answer.content.decode()
    assert desk.fresh(uncertain).status == "uncertain"


@each_verb
def test_too_early_the_page_says_when(desk: Desk, uncertain: Message, client: Browser, verb: str) -> None:
    desk.set(uncertain, committing_at=timezone.now())
    client.force_login(desk.people.approver)
    answer = _decide(client, uncertain, verb, understood="yes")
    assert "15 minutes after the attempt" in answer.content.decode()
    assert desk.fresh(uncertain).status == "uncertain"
