"""From a due message to the server's answer: what arrives, what waits, what fails, what nobody knows."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connections
from django.utils import timezone

from connector.demo.mail_catcher import MailCatcher
from connector.models import Mailbox
from outreach import delivery, recording, services
from outreach.delivery import Sessions, claim, deliver, mark_committing
from outreach.models import Delivery, Draft, Message, StopSwitch, Suppression
from tests.connector.smtp.scripted_server import (
    Action,
    Dialogue,
    Script,
    hang_up,
    reset,
    silence,
    then_hang_up,
)
from tests.outreach.conftest import MailScript
from tests.outreach.desk import SABINE, Desk, TenantChange

Status = Message.Status
pytestmark = pytest.mark.django_db


# --- The good case ----------------------------------------------------------------------------------------


def test_server_and_archive_get_exactly_the_approved_bytes(desk: Desk, mail_server: MailCatcher) -> None:
    message = desk.message(body="Ein Text.\n.\n..punkte am Anfang\nund Umlaute: äöü €\n")
    assert desk.dispatch() == 1
    (mail,) = mail_server.messages()
    message = desk.fresh(message)
    assert mail.raw == bytes(message.raw)
    assert (mail.envelope_from, mail.recipients) == (message.envelope_from, (message.envelope_to,))
    assert message.status == Status.SENT
    assert message.sent_at is not None
    assert desk.archive(message)
    (document,) = desk.documents()
    assert document.content == mail.raw
    card = document.card
    draft = message.draft
    assert (card.company_id, card.person_id, card.sale_id) == (
        draft.company_id,
        draft.person_id,
        draft.sale.sale_id,
    )
    assert card.name.endswith(".eml")
    assert card.completed == "Completed"
    assert desk.actions(draft) == ["created", "approved", "sent", "archived"]
    (attempt,) = message.deliveries.all()
    assert (attempt.outcome, attempt.stage, attempt.code) == ("accepted", "dot", 250)
    assert attempt.finished_at is not None


def test_nothing_leaves_before_the_hold_is_over(desk: Desk, mail_server: MailCatcher, settings: Any) -> None:
    settings.APPROVAL_HOLD = 60
    message = desk.message()
    assert desk.dispatch() == 0
    assert mail_server.messages() == []
    assert desk.fresh(message).status == Status.QUEUED


def test_a_dispatcher_waits_for_what_becomes_due_within_its_slice(
    desk: Desk, mail_server: MailCatcher
) -> None:
    message = desk.message()
    desk.set(message, due_at=timezone.now() + timedelta(milliseconds=300))
    assert desk.dispatch(seconds=3) == 1
    assert desk.fresh(message).status == Status.SENT


def test_mails_of_one_mailbox_share_a_session(desk: Desk, mail_script: MailScript) -> None:
    server = mail_script({})
    for _ in range(3):
        desk.message()
    assert desk.dispatch() == 3
    assert server.counts["connect"] == 1
    assert len(server.accepted) == 3


def test_what_the_server_made_of_the_message_id_is_kept(desk: Desk, mail_server: MailCatcher) -> None:
    mail_server.faults.replace_message_id(1, "<other@provider.example>")
    message = desk.message()
    desk.dispatch()
    message = desk.fresh(message)
    assert message.wire_message_id == "<other@provider.example>"
    assert message.message_id != message.wire_message_id


# --- What the server may answer ---------------------------------------------------------------------------

Expected = tuple[tuple[str, bool], str, str]
DEFERRED, FAILED, PAUSED = ("queued", False), ("failed", False), ("queued", True)
ANSWERS: list[tuple[str, Script, tuple[str, bool], str, str]] = [
    # title, script, (status of the message, mailbox is paused), problem, outcome of the attempt
    ("greylisting", {"rcpt": "450 4.2.0 greylisted"}, DEFERRED, "smtp_deferred", "deferred"),
    ("no room", {"data": "452 4.3.1 no room"}, DEFERRED, "smtp_deferred", "deferred"),
    ("later, after the dot", {"dot": "451 4.3.0 later"}, DEFERRED, "smtp_deferred", "deferred"),
    ("closing", {"mail": then_hang_up("421 4.3.2 closing")}, DEFERRED, "smtp_deferred", "deferred"),
    ("too fast", {"dot": "550 5.7.233 too many messages"}, DEFERRED, "smtp_deferred", "deferred"),
    ("lost at RCPT", {"rcpt": hang_up}, DEFERRED, "smtp_deferred", "deferred"),
    ("reset at DATA", {"data": reset}, DEFERRED, "smtp_deferred", "deferred"),
    ("unknown person", {"rcpt": "550 5.1.1 no such user"}, FAILED, "smtp_address", "rejected"),
    ("too big", {"mail": "552 5.3.4 too big"}, FAILED, "smtp_rejected", "rejected"),
    ("spam", {"dot": "554 5.7.1 message looks like spam"}, FAILED, "smtp_rejected", "rejected"),
    ("sender", {"mail": "550 5.7.60 SendAsDenied"}, PAUSED, "smtp_configuration", "rejected"),
    ("relay", {"rcpt": "554 5.7.1 relay access denied"}, PAUSED, "smtp_configuration", "rejected"),
    ("login needed", {"mail": "530 5.7.0 authentication required"}, PAUSED, "smtp_configuration", "rejected"),
    ("turned away", {"connect": "421 too busy"}, DEFERRED, "smtp_greeting_refused", "deferred"),
    ("no mail server", {"connect": b"SSH-2.0-nope\r\n"}, DEFERRED, "smtp_garbled_reply", "deferred"),
    ("no greeting", {"connect": hang_up}, DEFERRED, "smtp_connection_lost", "deferred"),
]


@pytest.mark.parametrize(
    ("script", "expected"), [(row[1], row[2:]) for row in ANSWERS], ids=[row[0] for row in ANSWERS]
)
def test_what_the_server_says_decides(
    desk: Desk, mail_script: MailScript, script: Script, expected: Expected
) -> None:
    server = mail_script(script)
    (status, is_paused), problem, outcome = expected
    message = desk.message()
    desk.dispatch()
    message = desk.fresh(message)
    assert (message.status, message.mailbox.is_paused) == (status, is_paused)
    assert message.problem_code == problem
    assert message.problem_at is not None
    (attempt,) = message.deliveries.all()
    assert attempt.outcome == outcome
    assert attempt.finished_at is not None
    assert server.accepted == []
    assert message.draft.status == Draft.Status.APPROVED
    assert message.lease_until is None


def test_a_temporary_refusal_is_tried_again_and_then_sent(desk: Desk, mail_server: MailCatcher) -> None:
    mail_server.faults.refuse_mails(1, "451 4.3.0 later")
    message = desk.message()
    desk.dispatch()
    assert desk.fresh(message).status == Status.QUEUED
    desk.make_due(message)
    desk.dispatch()
    message = desk.fresh(message)
    assert message.status == Status.SENT
    assert (message.problem_code, message.problem_detail) == ("", "")
    assert [one.outcome for one in message.deliveries.all()] == ["deferred", "accepted"]
    assert [mail.raw for mail in mail_server.messages()] == [bytes(message.raw)]


def test_each_attempt_waits_longer_than_the_one_before(desk: Desk, mail_script: MailScript) -> None:
    mail_script({"rcpt": "450 4.2.0 later"})
    message = desk.message()
    waits = []
    for _ in range(6):
        desk.make_due(message)
        before = timezone.now()
        assert desk.dispatch() == 1
        message = desk.fresh(message)
        waits.append(round((message.due_at - before).total_seconds() / 60))
    assert waits == [1, 5, 15, 60, 240, 240]


def test_after_a_day_of_deferrals_the_mail_fails_with_the_last_words(
    desk: Desk, mail_script: MailScript
) -> None:
    server = mail_script({"rcpt": "450 4.2.0 still greylisted"})
    message = desk.message()
    desk.set(message, approved_at=timezone.now() - timedelta(hours=24, minutes=1))
    desk.dispatch()
    message = desk.fresh(message)
    assert (message.status, message.problem_code) == (Status.FAILED, "smtp_expired")
    assert "still greylisted" in message.problem_detail
    assert server.received == []


def test_a_mail_that_a_person_sends_again_gets_a_day_of_its_own(desk: Desk, mail_script: MailScript) -> None:
    mail_script({"rcpt": "450 4.2.0 greylisted"})
    message = desk.in_state("failed", approved_at=timezone.now() - timedelta(hours=30))
    services.send_again(message=message, by=desk.people.approver, now=timezone.now())
    desk.dispatch()
    assert desk.fresh(message).status == Status.QUEUED


@pytest.mark.parametrize("lost", [silence, hang_up, reset, b"2", b"250-half\r\n"])
def test_a_lost_answer_to_the_dot_is_uncertain_and_never_sent_again_by_itself(
    desk: Desk, mail_script: MailScript, lost: Action
) -> None:
    server = mail_script({"dot": lost})
    message = desk.message()
    desk.dispatch()
    message = desk.fresh(message)
    assert (message.status, message.problem_code) == (Status.UNCERTAIN, "smtp_uncertain")
    assert desk.dispatch() == 0
    delivery.sweep(timezone.now() + timedelta(days=30))
    assert desk.dispatch() == 0
    assert desk.fresh(message).status == Status.UNCERTAIN
    assert len(server.received) == 1
    assert message.deliveries.get().outcome == "unknown"


# --- A mailbox that does not work -------------------------------------------------------------------------


def test_a_refused_login_pauses_the_mailbox_and_one_attempt_is_all_it_gets(
    desk: Desk, mail_script: MailScript
) -> None:
    server = mail_script({"auth": "535 5.7.8 wrong password"})
    server.features = ("AUTH PLAIN",)
    Mailbox.objects.update(username="jonas", password="secret-mail-password")
    messages = [desk.message() for _ in range(3)]
    desk.dispatch()
    assert server.counts["connect"] == 1
    mailbox = desk.fresh(messages[0].mailbox)
    assert mailbox.is_paused
    assert mailbox.problem_code == "smtp_login_refused"
    assert "wrong password" in mailbox.problem_detail
    assert {desk.fresh(message).status for message in messages} == {Status.QUEUED}


def test_mails_of_a_paused_mailbox_wait_and_leave_when_it_goes_on(
    desk: Desk, mail_server: MailCatcher
) -> None:
    message = desk.message()
    Mailbox.objects.update(is_paused=True)
    assert desk.dispatch() == 0
    Mailbox.objects.update(is_paused=False)
    assert desk.dispatch() == 1
    assert desk.fresh(message).status == Status.SENT


def test_mails_of_a_mailbox_out_of_use_wait_without_a_single_attempt(
    desk: Desk, mail_server: MailCatcher
) -> None:
    message = desk.message()
    Mailbox.objects.update(is_active=False)
    assert desk.dispatch() == 0
    assert desk.fresh(message).status == Status.QUEUED
    assert not message.deliveries.exists()


def test_an_unreachable_server_is_remembered_with_its_words(desk: Desk, people: Any) -> None:
    message = desk.message()  # port 1: nobody listens
    desk.dispatch()
    mailbox = desk.fresh(message.mailbox)
    assert (mailbox.problem_code, mailbox.is_paused) == ("smtp_unreachable", False)
    assert "127.0.0.1:1" in mailbox.problem_detail
    message = desk.fresh(message)
    assert (message.status, message.problem_code) == (Status.QUEUED, "smtp_unreachable")


def test_a_mailbox_that_works_again_forgets_its_trouble(desk: Desk, mail_server: MailCatcher) -> None:
    message = desk.message()
    Mailbox.objects.update(problem_code="smtp_unreachable", problem_detail="x", problem_at=timezone.now())
    desk.dispatch()
    mailbox = desk.fresh(message.mailbox)
    assert (mailbox.problem_code, mailbox.problem_detail, mailbox.problem_at) == ("", "", None)
    assert mailbox.worked_at is not None


# --- What changes between claim and dot -------------------------------------------------------------------


def _stop(message: Message) -> None:
    StopSwitch.objects.update_or_create(pk=1, defaults={"is_on": True})


def _suppress_address(message: Message) -> None:
    Suppression.objects.create(value=message.envelope_to.upper(), reason="asked us to stop")


def _suppress_domain(message: Message) -> None:
    Suppression.objects.create(value=message.envelope_to.rpartition("@")[2].title(), reason="whole company")


def _pause(message: Message) -> None:
    Mailbox.objects.filter(pk=message.mailbox_id).update(is_paused=True)


def _out_of_use(message: Message) -> None:
    Mailbox.objects.filter(pk=message.mailbox_id).update(is_active=False)


def _void(message: Message) -> None:
    Draft.objects.filter(pk=message.draft_id).update(status="pending", decided_at=None)


def _edit(message: Message) -> None:
    Draft.objects.filter(pk=message.draft_id).update(revision=99)


def _lose_lease(message: Message) -> None:
    Message.objects.filter(pk=message.pk).update(lease_until=timezone.now() - timedelta(seconds=1))


CHANGES = [_stop, _suppress_address, _suppress_domain, _pause, _out_of_use, _void, _edit, _lose_lease]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("change", CHANGES, ids=lambda one: one.__name__.strip("_"))
def test_a_change_between_claim_and_dot_stops_the_mail_at_the_last_moment(
    desk: Desk, mail_script: MailScript, change: Callable[[Message], None]
) -> None:
    def interfere(dialogue: Dialogue) -> None:
        """The server has the recipient; the body has not begun."""
        try:
            change(message)
        finally:
            connections.close_all()
        dialogue.say("250 2.1.5 ok")

    server = mail_script({"rcpt": interfere})
    message = desk.message()
    assert desk.dispatch(seconds=1) == 1
    server.wait()
    assert server.received == []  # no dot
    assert len(server.unfinished) == 1  # but all the rest
    message = desk.fresh(message)
    assert (message.status, message.committing_at) == (Status.QUEUED, None)
    assert message.deliveries.get().outcome == "withdrawn"
    assert desk.actions(message.draft)[-1] == "held_back"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("change", [_stop, _pause, _out_of_use, _void, _edit])
def test_a_mail_held_back_is_not_tried_again_while_the_reason_lasts(
    desk: Desk, mail_server: MailCatcher, change: Callable[[Message], None]
) -> None:
    message = desk.message()
    change(message)
    assert desk.dispatch(seconds=0.2) == 0
    assert mail_server.messages() == []


def test_the_stop_switch_holds_everything_and_nothing_is_lost(desk: Desk, mail_server: MailCatcher) -> None:
    messages = [desk.message() for _ in range(2)]
    services.set_stop_switch(is_on=True, by=desk.people.approver)
    assert services.is_stopped()
    assert desk.dispatch() == 0
    services.set_stop_switch(is_on=False, by=desk.people.approver)
    assert desk.dispatch() == 2
    assert {desk.fresh(message).status for message in messages} == {Status.SENT}


def test_an_undo_wins_or_comes_too_late_but_never_both(desk: Desk, mail_server: MailCatcher) -> None:
    message = desk.message()
    claimed = claim(timezone.now())
    assert claimed is not None
    assert not services.undo_approval(draft=message.draft, by=desk.people.jonas, now=timezone.now())
    with Sessions() as sessions:
        deliver(claimed, sessions)
    assert desk.fresh(message).status == Status.SENT
    assert "taken_back" not in desk.actions(message.draft)


# --- Facts ------------------------------------------------------------------------------------------------


def _reviewed(desk: Desk, message: Message, server: MailCatcher) -> dict[str, Any]:
    """The event of a mail that went back to review, after the checks that hold for each of them."""
    assert desk.dispatch() == 1
    message = desk.fresh(message)
    assert server.messages() == []
    assert message.status == Status.CANCELLED
    assert (message.draft.status, message.draft.decided_by) == (Draft.Status.PENDING, None)
    attempt = message.deliveries.get()
    assert (attempt.outcome, attempt.stage) == ("withdrawn", "facts")
    event = message.draft.events.last()
    assert event is not None
    assert (event.action, event.actor) == ("taken_back", None)
    detail: dict[str, Any] = event.detail
    return detail


def test_changed_facts_bring_the_mail_back_to_review_with_the_difference(
    desk: Desk, mail_server: MailCatcher, tenant_change: TenantChange
) -> None:
    message = desk.message()
    was = message.draft.sale.heading
    tenant_change.sale(message.draft.sale.sale_id, heading="2 x OMNIE CD-01, reduced")
    detail = _reviewed(desk, message, mail_server)
    assert detail["reason"] == "facts_changed"
    assert detail["changes"] == [{"field": "heading", "was": was, "is": "2 x OMNIE CD-01, reduced"}]


def test_whoever_approves_again_approves_the_new_facts_and_the_mail_leaves(
    desk: Desk, mail_server: MailCatcher, tenant_change: TenantChange
) -> None:
    message = desk.message()
    tenant_change.sale(message.draft.sale.sale_id, heading="3 x RR-02-017-OMNIE")
    _reviewed(desk, message, mail_server)
    draft = desk.fresh_draft(message.draft)
    assert draft.revision > message.draft_revision  # a page opened before cannot approve it unseen
    assert "3 x RR-02-017-OMNIE" in draft.body
    second = desk.approve(draft)
    assert desk.dispatch() == 1
    assert desk.fresh(second).status == Status.SENT
    assert len(mail_server.messages()) == 1


def test_a_text_that_a_person_wrote_is_kept_when_facts_change(
    desk: Desk, mail_server: MailCatcher, tenant_change: TenantChange
) -> None:
    draft = desk.draft()
    services.edit_draft(
        draft=draft,
        revision=1,
        subject="Meins",
        body="Mein Text.\n",
        by=desk.people.jonas,
        now=timezone.now(),
    )
    message = desk.approve(desk.fresh_draft(draft))
    tenant_change.sale(draft.sale.sale_id, heading="Something else")
    _reviewed(desk, message, mail_server)
    draft = desk.fresh_draft(draft)
    assert (draft.subject, draft.body) == ("Meins", "Mein Text.\n")
    desk.approve(draft)
    desk.dispatch()
    assert len(mail_server.messages()) == 1


def test_a_new_address_in_superoffice_is_where_the_next_approval_sends_to(
    desk: Desk, mail_server: MailCatcher, tenant_change: TenantChange
) -> None:
    message = desk.message()
    tenant_change.person(message.draft.person_id, emails=("new.address@customer.example",))
    detail = _reviewed(desk, message, mail_server)
    assert [change["field"] for change in detail["changes"]] == ["person_email"]
    desk.approve(desk.fresh_draft(message.draft))
    desk.dispatch()
    assert [mail.recipients for mail in mail_server.messages()] == [("new.address@customer.example",)]


def test_a_sale_that_got_another_person_can_only_be_rejected(
    desk: Desk, mail_server: MailCatcher, tenant_change: TenantChange
) -> None:
    message, other = desk.message(), desk.sale()
    assert other.person_id is not None
    assert other.company_id is not None
    tenant_change.sale(message.draft.sale.sale_id, person_id=other.person_id, company_id=other.company_id)
    _reviewed(desk, message, mail_server)
    draft = desk.fresh_draft(message.draft)
    assert draft.person_id != other.person_id
    with pytest.raises(services.NotSendable, match="another person"):
        desk.approve(draft)
    services.reject_draft(
        draft=draft, revision=draft.revision, reason="x", by=desk.people.jonas, now=timezone.now()
    )


@pytest.mark.parametrize(
    ("field", "words"),
    [("no_mail", "wants no mailings"), ("retired", "has left the company")],
)
def test_an_objection_in_superoffice_takes_effect_on_approved_mails(
    desk: Desk, mail_server: MailCatcher, tenant_change: TenantChange, field: str, words: str
) -> None:
    message = desk.message()
    tenant_change.person(message.draft.person_id, **{field: True})
    detail = _reviewed(desk, message, mail_server)
    assert detail["reason"] == "objection"
    assert words in detail["objection"]


def test_a_suppression_entered_after_approval_brings_the_mail_back(
    desk: Desk, mail_server: MailCatcher
) -> None:
    message = desk.message()
    Suppression.objects.create(value=message.envelope_to.swapcase(), reason="objected")
    detail = _reviewed(desk, message, mail_server)
    assert "suppression list" in detail["objection"]


def test_a_sale_deleted_in_superoffice_brings_the_mail_back(
    desk: Desk, mail_server: MailCatcher, tenant_change: TenantChange
) -> None:
    message = desk.message()
    tenant_change.delete_sale(message.draft.sale.sale_id)
    assert _reviewed(desk, message, mail_server)["reason"] == "sale_gone"


def test_a_change_of_something_the_mail_does_not_mention_lets_it_leave(
    desk: Desk, mail_server: MailCatcher, tenant_change: TenantChange
) -> None:
    message = desk.message()
    tenant_change.sale(message.draft.sale.sale_id, amount=1.0, stage_id=4)
    assert desk.dispatch() == 1
    assert desk.fresh(message).status == Status.SENT


def test_without_superoffice_the_mail_waits_and_no_byte_leaves(desk: Desk, mail_script: MailScript) -> None:
    server = mail_script({})
    message = desk.message()
    desk.tenant.faults.state = "OfflineMaintenance"
    desk.dispatch()
    message = desk.fresh(message)
    assert (message.status, message.problem_code) == (Status.QUEUED, "tenant_not_running")
    assert server.commands == []
    assert desk.fresh(desk.connection).problem_code == "tenant_not_running"
    desk.tenant.faults.clear()
    desk.make_due(message)
    desk.dispatch()
    assert desk.fresh(message).status == Status.SENT
    assert desk.fresh(desk.connection).problem_code == ""


# --- Several --------------------------------------------------------------------------------------------


def test_one_bad_mail_does_not_hold_up_the_others(desk: Desk, mail_script: MailScript) -> None:
    server = mail_script({"rcpt": ["550 5.1.1 no such user", "250 ok"]})
    first, second = desk.message(), desk.message()
    assert desk.dispatch() == 2
    assert (desk.fresh(first).status, desk.fresh(second).status) == (Status.FAILED, Status.SENT)
    assert len(server.accepted) == 1


def test_a_message_that_smtp_cannot_carry_fails_and_the_others_leave(
    desk: Desk, mail_server: MailCatcher
) -> None:
    bad, good = desk.message(), desk.message()
    desk.set(bad, raw=b"Subject: bare line feed\n\nx")
    assert desk.dispatch() == 2
    bad = desk.fresh(bad)
    assert (bad.status, bad.lease_until) == (Status.FAILED, None)
    assert bad.problem_code == "unexpected"
    assert "CRLF" in bad.problem_detail
    assert bad.deliveries.get().outcome == "abandoned"
    assert desk.fresh(good).status == Status.SENT


def test_a_mistake_before_the_mark_makes_the_mail_wait_and_the_others_leave(
    desk: Desk, mail_server: MailCatcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad, good = desk.message(), desk.message()
    check = delivery.changed_facts

    def stumble(stored: list[dict[str, Any]], fresh: Any) -> list[dict[str, str]]:
        if fresh.pk == bad.draft.sale_id:
            raise RuntimeError("password=hunter2 was in here")
        return check(stored, fresh)

    monkeypatch.setattr(delivery, "changed_facts", stumble)
    assert desk.dispatch() == 2
    bad = desk.fresh(bad)
    assert (bad.status, bad.problem_code, bad.lease_until) == (Status.QUEUED, "unexpected", None)
    assert "hunter2" not in bad.problem_detail
    assert bad.due_at > timezone.now()
    assert desk.fresh(good).status == Status.SENT


def test_a_mistake_after_the_answer_never_turns_an_accepted_mail_into_a_failed_one(
    desk: Desk, mail_server: MailCatcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stumble(*_args: Any) -> None:
        raise ValueError("a mistake while recording")

    monkeypatch.setattr(recording, "_record_accepted", stumble)
    message = desk.message()
    assert desk.dispatch() == 1
    assert len(mail_server.messages()) == 1
    assert desk.fresh(message).status == Status.COMMITTING
    delivery.sweep(timezone.now() + timedelta(hours=1))
    assert desk.fresh(message).status == Status.UNCERTAIN


@pytest.mark.parametrize("words", [b"ok \x00 queued", b"queued as <" + b"a" * 900 + b"@provider.example>"])
def test_odd_words_of_acceptance_are_an_acceptance(desk: Desk, mail_script: MailScript, words: bytes) -> None:
    mail_script({"dot": b"250 2.0.0 " + words + b"\r\n"})
    message = desk.message()
    desk.dispatch()
    assert desk.fresh(message).status == Status.SENT


@pytest.mark.django_db(transaction=True)
def test_two_dispatchers_on_the_same_rows_send_each_mail_once(desk: Desk, mail_server: MailCatcher) -> None:
    messages = [desk.message(owner=owner) for owner in (5, 5, 5, 5, SABINE, SABINE, SABINE)]
    attempted: list[int] = []
    start = threading.Barrier(2)

    def work() -> None:
        try:
            start.wait(5)
            attempted.append(desk.dispatch(seconds=10))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sum(attempted) == len(messages)
    assert sorted(mail.raw for mail in mail_server.messages()) == sorted(bytes(one.raw) for one in messages)
    assert {desk.fresh(message).status for message in messages} == {Status.SENT}
    assert Delivery.objects.count() == len(messages)


def test_a_claim_is_given_once(desk: Desk) -> None:
    message = desk.message()
    now = timezone.now()
    first = claim(now)
    assert first is not None
    assert (first.pk, first.status, first.fence) == (message.pk, Status.SENDING, 1)
    assert claim(now) is None


def test_a_worker_that_lost_its_claim_may_not_send_the_dot(desk: Desk) -> None:
    desk.message()
    old = claim(timezone.now())
    assert old is not None
    delivery.sweep(timezone.now() + timedelta(hours=1))
    new = claim(timezone.now() + timedelta(hours=1))
    assert new is not None
    assert not mark_committing(old, timezone.now())
    assert mark_committing(new, timezone.now())
    assert not mark_committing(new, timezone.now())
