"""Approving binds what was read: who may, when it counts, and how it is taken back."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connections
from django.test import Client as Browser
from django.urls import reverse
from django.utils import timezone
from django_q.models import OrmQ

from connector.demo.mail_catcher import MailCatcher
from connector.models import Mailbox, Origin
from outreach import services
from outreach.composing import NotSendable
from outreach.models import Draft, Event, Message, Suppression
from tests.outreach.desk import SABINE, Desk, TenantChange

pytestmark = pytest.mark.django_db


def test_an_approval_freezes_text_recipient_and_sender_and_wakes_the_dispatcher(
    desk: Desk, settings: Any
) -> None:
    settings.APPROVAL_HOLD = 20
    draft, now = desk.draft(), timezone.localtime()
    message = desk.approve(draft, by=desk.people.jonas, now=now)
    assert (message.draft_revision, message.approved_by, message.approved_at) == (1, desk.people.jonas, now)
    assert message.due_at == now + timedelta(seconds=20)
    assert (message.envelope_from, message.envelope_to) == (
        "jonas.weber@kehrwieder.example",
        draft.to_address,
    )
    draft = desk.fresh_draft(draft)
    assert (draft.status, draft.decided_by, draft.decided_at) == ("approved", desk.people.jonas, now)
    event = draft.events.get(action="approved")
    assert event.actor == desk.people.jonas
    assert event.detail == {"sha256": message.sha256, "revision": 1}
    (job,) = OrmQ.objects.all()
    assert (job.key, job.task["func"], job.task["args"]) == ("mail", "outreach.tasks.dispatch", ())


def test_a_refused_approval_queues_nothing(desk: Desk) -> None:
    draft = desk.draft(body="Unfinished: {{ person.name }}")
    with pytest.raises(NotSendable):
        desk.approve(draft)
    assert not OrmQ.objects.exists()
    assert not Message.objects.exists()
    assert desk.fresh(draft).status == "pending"


def test_an_old_page_cannot_approve_a_newer_text(desk: Desk) -> None:
    draft = desk.draft()
    services.edit_draft(
        draft=draft, revision=1, subject="S", body="B", by=desk.people.jonas, now=timezone.now()
    )
    with pytest.raises(services.Changed, match="changed while you looked at it"):
        desk.approve(desk.fresh_draft(draft), revision=1)
    assert not Message.objects.exists()


@pytest.mark.parametrize("person_wants", ["no_mail", "retired"])
def test_who_objects_meanwhile_is_not_approved(
    desk: Desk, tenant_change: TenantChange, person_wants: str
) -> None:
    draft = desk.draft()
    tenant_change.person(draft.person_id, **{person_wants: True})
    desk.copy(draft.sale.sale_id)
    with pytest.raises(NotSendable, match=r"mailings|left the company"):
        desk.approve(desk.fresh_draft(draft))


@pytest.mark.parametrize("value", [str.upper, lambda address: address.rpartition("@")[2].title()])
def test_a_suppressed_address_or_domain_is_not_approved_in_any_case(
    desk: Desk, value: Callable[[str], str]
) -> None:
    draft = desk.draft()
    Suppression.objects.create(value=value(draft.to_address), reason="asked us to stop")
    with pytest.raises(NotSendable, match="suppression list"):
        desk.approve(draft)


def test_demo_data_never_leave_through_a_real_mailbox(desk: Desk, mail_server: MailCatcher) -> None:
    draft = desk.draft()
    Mailbox.objects.update(origin=Origin.ADMIN)
    with pytest.raises(NotSendable, match="demo data, but the mail server is a real one"):
        desk.approve(desk.fresh_draft(draft))
    assert desk.dispatch() == 0
    assert mail_server.messages() == []


def test_without_a_mailbox_the_sentence_says_so(desk: Desk) -> None:
    draft = desk.draft()
    draft.representative.mailbox = None
    with pytest.raises(NotSendable, match="no mailbox to send from"):
        desk.approve(draft)


# --- Two at once ------------------------------------------------------------------------------------------


def _together(*works: Callable[[], object]) -> list[str]:
    """Run all at the same moment, each with its own database connection; what each came to, as text."""
    start, results = threading.Barrier(len(works)), list[str]()

    def run(work: Callable[[], object]) -> None:
        try:
            start.wait(5)
            work()
            results.append("done")
        except Exception as error:
            results.append(str(error))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return sorted(results)


@pytest.mark.django_db(transaction=True)
def test_two_approvers_at_once_make_one_message(desk: Desk) -> None:
    draft = desk.draft()
    copies = [desk.fresh_draft(draft) for _ in range(4)]
    users = [desk.people.approver, desk.people.jonas] * 2
    results = _together(
        *[
            lambda copy=copy, user=user: desk.approve(copy, by=user)
            for copy, user in zip(copies, users, strict=True)
        ]
    )
    assert results.count("done") == 1
    assert all("decided on this mail at" in text for text in results if text != "done")
    assert Message.objects.count() == 1
    assert Event.objects.filter(action="approved").count() == 1
    assert OrmQ.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_approving_and_rejecting_at_once_has_one_winner(desk: Desk) -> None:
    draft = desk.draft()
    first, second = desk.fresh_draft(draft), desk.fresh_draft(draft)
    results = _together(
        lambda: desk.approve(first),
        lambda: services.reject_draft(
            draft=second, revision=1, reason="x", by=desk.people.jonas, now=timezone.now()
        ),
    )
    assert results.count("done") == 1
    assert Message.objects.count() == (desk.fresh(draft).status == "approved")


@pytest.mark.django_db(transaction=True)
def test_undoing_and_claiming_at_once_has_one_winner(desk: Desk, mail_server: MailCatcher) -> None:
    message = desk.message()
    answers: list[bool] = []
    _together(
        lambda: answers.append(
            services.undo_approval(draft=message.draft, by=desk.people.jonas, now=timezone.now())
        ),
        desk.dispatch,
    )
    (undone,) = answers
    assert len(mail_server.messages()) == (0 if undone else 1)
    assert desk.fresh(message).status == ("cancelled" if undone else "sent")


# --- Undo -------------------------------------------------------------------------------------------------


def test_undone_inside_the_hold_nothing_is_ever_sent(
    desk: Desk, mail_server: MailCatcher, settings: Any
) -> None:
    settings.APPROVAL_HOLD = 20
    message = desk.message()
    assert services.undo_approval(draft=message.draft, by=desk.people.jonas, now=timezone.now())
    Message.objects.update(due_at=timezone.now() - timedelta(seconds=1))
    assert desk.dispatch() == 0
    assert mail_server.messages() == []
    draft = desk.fresh(message.draft)
    assert (draft.status, draft.decided_by, draft.decided_at) == ("pending", None, None)


def test_a_cancelled_message_is_no_problem_any_more(desk: Desk) -> None:
    message = desk.message()
    desk.dispatch()  # port 1: nobody listens
    assert message in Message.objects.with_problem()
    services.undo_approval(draft=message.draft, by=desk.people.jonas, now=timezone.now())
    assert message not in Message.objects.with_problem()


# --- Who may ----------------------------------------------------------------------------------------------


def _approve_by_page(browser: Browser, user: Any, draft: Draft) -> Any:
    browser.force_login(user)
    return browser.post(reverse("draft_approve", args=[draft.pk]), {"revision": draft.revision})


def test_a_representative_approves_their_own_mails(desk: Desk, client: Browser) -> None:
    draft = desk.draft()
    answer = _approve_by_page(client, desk.people.jonas, draft)
    message = Message.objects.get()
    assert (answer.status_code, answer.url) == (302, reverse("message", args=[message.pk]))
    assert message.approved_by == desk.people.jonas


def test_an_approver_approves_everybodys(desk: Desk, client: Browser) -> None:
    for owner in (5, SABINE):
        assert _approve_by_page(client, desk.people.approver, desk.draft(owner=owner)).status_code == 302
    assert Message.objects.count() == 2


@pytest.mark.parametrize("name", ["sabine", "viewer", "administrator", "outsider"])
def test_nobody_else_approves_or_learns_that_the_mail_exists(desk: Desk, client: Browser, name: str) -> None:
    draft = desk.draft()
    answer = _approve_by_page(client, getattr(desk.people, name), draft)
    assert answer.status_code in {403, 404}
    assert draft.to_address not in answer.content.decode()
    assert not Message.objects.exists()
    assert desk.fresh(draft).status == "pending"


def test_a_stale_page_shows_the_fresh_text_and_the_sentence(desk: Desk, client: Browser) -> None:
    draft = desk.draft()
    services.edit_draft(
        draft=draft,
        revision=1,
        subject="Changed meanwhile",
        body="B",
        by=desk.people.approver,
        now=timezone.now(),
    )
    answer = _approve_by_page(client, desk.people.jonas, draft)
    assert answer.status_code == 409
    page = answer.content.decode()
    assert "This mail was changed while you looked at it." in page
    assert "Changed meanwhile" in page
    assert not Message.objects.exists()


def test_a_decision_without_a_revision_is_no_decision(desk: Desk, client: Browser) -> None:
    draft = desk.draft()
    client.force_login(desk.people.jonas)
    answer = client.post(reverse("draft_approve", args=[draft.pk]))
    assert answer.status_code == 400
    assert not Message.objects.exists()


def test_undo_by_page_says_whether_it_came_in_time(desk: Desk, client: Browser) -> None:
    client.force_login(desk.people.jonas)
    in_time, too_late = desk.message(), desk.in_state("sending")
    for message, words in ((in_time, "nothing was sent"), (too_late, "Sending has begun already")):
        answer = client.post(reverse("draft_undo", args=[message.draft_id]), follow=True)
        assert words in answer.content.decode()
