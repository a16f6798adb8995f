"""A mail needs people who stand by it: one who approved it and one in whose name it leaves."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.db import connections
from django.db.models import ProtectedError
from django.utils import timezone

from connector.demo.mail_catcher import MailCatcher
from outreach import delivery, services
from outreach.delivery import claim, mark_committing
from outreach.models import Draft, Message, Suppression
from outreach.templatetags.outreach_words import event_words
from reports.keyword_lists.keywords import current_list
from reports.models import KeywordList, Report, Run
from tests.connector.smtp.scripted_server import Dialogue
from tests.outreach.conftest import MailScript
from tests.outreach.desk import Desk

Status = Message.Status
Leaving = Callable[[Message], None]
pytestmark = pytest.mark.django_db


def _approver_leaves(message: Message) -> None:
    assert message.approved_by is not None
    User.objects.filter(pk=message.approved_by.pk).update(is_active=False)


def _representative_leaves(message: Message) -> None:
    User.objects.filter(representative=message.draft.representative_id).update(is_active=False)


LEAVING = pytest.mark.parametrize(
    "leave", [_approver_leaves, _representative_leaves], ids=["approver", "representative"]
)


@LEAVING
def test_a_mail_of_somebody_who_left_does_not_leave(
    desk: Desk, mail_server: MailCatcher, leave: Leaving
) -> None:
    message = desk.message()
    leave(message)
    assert desk.dispatch(seconds=0.2) == 0
    assert mail_server.messages() == []
    assert not message.deliveries.exists()


@LEAVING
def test_the_last_moment_sees_who_left_since_the_claim(desk: Desk, leave: Leaving) -> None:
    desk.message()
    claimed = claim(timezone.now())
    assert claimed is not None
    leave(claimed)
    assert not mark_committing(claimed, timezone.now())
    User.objects.update(is_active=True)
    assert mark_committing(claimed, timezone.now())


@pytest.mark.django_db(transaction=True)
@LEAVING
def test_somebody_who_leaves_while_the_server_listens_stops_the_dot(
    desk: Desk, mail_script: MailScript, leave: Leaving
) -> None:
    def interfere(dialogue: Dialogue) -> None:
        try:
            leave(message)
        finally:
            connections.close_all()
        dialogue.say("250 2.1.5 ok")

    server = mail_script({"rcpt": interfere})
    message = desk.message()
    assert desk.dispatch(seconds=1) == 1
    server.wait()
    assert server.received == []
    assert desk.fresh(message).status == Status.QUEUED


@LEAVING
def test_the_sweep_brings_such_a_mail_back_to_review_and_says_why(desk: Desk, leave: Leaving) -> None:
    message, other = desk.message(), desk.message(owner=6)
    other = desk.set(other, approved_by=desk.people.sabine)
    leave(message)
    assert delivery.sweep(timezone.now())["reviewed"] == 1
    message = desk.fresh(message)
    assert message.status == Status.CANCELLED
    assert (message.draft.status, message.draft.decided_by) == (Draft.Status.PENDING, None)
    event = message.draft.events.last()
    assert event is not None
    assert (event.action, event.actor, event.detail) == ("taken_back", None, {"reason": "approver_gone"})
    assert "not active any more" in event_words(event)
    assert desk.fresh(other).status == Status.QUEUED
    assert delivery.sweep(timezone.now())["reviewed"] == 0


def test_the_sweep_leaves_alone_what_is_on_its_way(desk: Desk) -> None:
    messages = [desk.in_state(status) for status in ("sending", "committing", "sent", "failed", "uncertain")]
    _approver_leaves(messages[0])
    before = [desk.everything(message) for message in messages]
    assert delivery.sweep(timezone.now())["reviewed"] == 0
    assert [desk.everything(message) for message in messages] == before


def test_a_mail_that_came_back_leaves_when_somebody_else_approves_it(
    desk: Desk, mail_server: MailCatcher
) -> None:
    message = desk.message()
    _approver_leaves(message)
    delivery.sweep(timezone.now())
    second = desk.approve(desk.fresh_draft(message.draft), by=desk.people.jonas)
    assert desk.dispatch() == 1
    assert desk.fresh(second).status == Status.SENT


def test_nobody_can_approve_a_mail_in_the_name_of_somebody_who_left(desk: Desk) -> None:
    message = desk.message()
    _representative_leaves(message)
    delivery.sweep(timezone.now())
    draft = desk.fresh_draft(message.draft)
    with pytest.raises(services.NotSendable, match="Jonas Weber is not active any more"):
        desk.approve(draft)
    assert desk.fresh(draft).status == Draft.Status.PENDING


# --- Names in the history ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "column"),
    [
        (Draft, "created_by"),
        (Draft, "edited_by"),
        (Draft, "decided_by"),
        (Message, "approved_by"),
        (Message, "resolved_by"),
        (Suppression, "created_by"),
        (Run, "started_by"),
        (KeywordList, "author"),
    ],
    ids=lambda one: one if isinstance(one, str) else one.__name__,
)
def test_whoever_stands_in_the_history_cannot_be_deleted(
    desk: Desk, model: type[Draft | Message | Suppression | Run | KeywordList], column: str
) -> None:
    desk.message()
    Suppression.objects.create(value="x.example", reason="x")
    report = Report.objects.create(name="R")
    Run.objects.create(report=report, keyword_list=current_list())
    somebody = desk.people.outsider
    row = model._default_manager.first()
    assert row is not None
    desk.set(row, **{column: somebody})
    with pytest.raises(ProtectedError):
        somebody.delete()
    desk.set(row, **{column: None})
    somebody.delete()


def test_whoever_acted_cannot_be_deleted(desk: Desk) -> None:
    draft = desk.draft()
    services.reject_draft(draft=draft, revision=1, reason="x", by=desk.people.outsider, now=timezone.now())
    Draft.objects.filter(pk=draft.pk).update(decided_by=desk.people.jonas)
    with pytest.raises(ProtectedError):
        desk.people.outsider.delete()
