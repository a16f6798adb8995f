"""Every verb in every state: what is allowed changes one thing and writes one event, the rest is refused."""

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from connector.smtp.submission import Outcome
from outreach import archiving, delivery, services
from outreach.models import Delivery, Draft, Message
from tests.outreach.desk import Desk

pytestmark = pytest.mark.django_db
MESSAGE_STATES = list(Message.Status.values)
DRAFT_STATES = list(Draft.Status.values)


# --- Drafts -----------------------------------------------------------------------------------------------


def _edit(desk: Desk, draft: Draft) -> None:
    services.edit_draft(
        draft=draft,
        revision=draft.revision,
        subject="New",
        body="New text.\n",
        by=desk.people.jonas,
        now=timezone.now(),
    )


def _approve(desk: Desk, draft: Draft) -> None:
    desk.approve(draft, by=desk.people.jonas)


def _reject(desk: Desk, draft: Draft) -> None:
    services.reject_draft(
        draft=draft, revision=draft.revision, reason="Not now", by=desk.people.jonas, now=timezone.now()
    )


DRAFT_VERBS = {
    "edited": (_edit, "pending"),
    "approved": (_approve, "approved"),
    "rejected": (_reject, "rejected"),
}


def _draft_in(desk: Desk, status: str) -> Draft:
    draft = desk.draft()
    if status == "approved":
        desk.approve(draft)
    elif status == "rejected":
        services.reject_draft(
            draft=draft, revision=1, reason="x", by=desk.people.approver, now=timezone.now()
        )
    return desk.fresh_draft(draft)


@pytest.mark.parametrize("action", DRAFT_VERBS)
@pytest.mark.parametrize("status", DRAFT_STATES)
def test_a_draft_is_decided_on_only_while_it_is_pending(desk: Desk, status: str, action: str) -> None:
    verb, result = DRAFT_VERBS[action]
    draft = _draft_in(desk, status)
    before, actions = Draft.objects.filter(pk=draft.pk).values().get(), desk.actions(draft)
    messages = Message.objects.count()
    if status == "pending":
        verb(desk, draft)
        assert desk.fresh(draft).status == result
        assert desk.actions(draft) == [*actions, action]
        return
    with pytest.raises(services.Refused, match=r"Frieda Frei decided on this mail at \d\d:\d\d: .* You need"):
        verb(desk, draft)
    assert Draft.objects.filter(pk=draft.pk).values().get() == before
    assert desk.actions(draft) == actions
    assert Message.objects.count() == messages


@pytest.mark.parametrize("action", DRAFT_VERBS)
def test_a_draft_that_changed_since_it_was_read_is_left_alone(desk: Desk, action: str) -> None:
    draft = desk.draft()
    seen = desk.fresh_draft(draft)
    _edit(desk, draft)
    before, actions = Draft.objects.filter(pk=draft.pk).values().get(), desk.actions(draft)
    with pytest.raises(services.Changed, match=r"changed while you looked at it\. Read it again"):
        DRAFT_VERBS[action][0](desk, seen)
    assert Draft.objects.filter(pk=draft.pk).values().get() == before
    assert desk.actions(draft) == actions
    assert not Message.objects.exists()


def test_an_edit_unblocks_a_draft_and_counts_as_a_new_revision(desk: Desk) -> None:
    draft = desk.draft(blocked_reason="SuperOffice has no value for “products”.", subject="", body="")
    _edit(desk, draft)
    draft = desk.fresh_draft(draft)
    assert (draft.revision, draft.blocked_reason, draft.edited_by) == (2, "", desk.people.jonas)
    assert draft.is_edited


# --- Messages ---------------------------------------------------------------------------------------------

Verb = Callable[[Desk, Message], Any]


def _undo(desk: Desk, message: Message) -> bool:
    return services.undo_approval(draft=message.draft, by=desk.people.jonas, now=timezone.now())


def _person(verb: Callable[..., None]) -> Verb:
    def act(desk: Desk, message: Message) -> bool:
        try:
            verb(message=message, by=desk.people.approver, now=timezone.now())
        except services.Refused as refusal:
            assert str(refusal) == "The state of this mail has changed meanwhile. Look again."  # noqa: PT017
            return False
        return True

    return act


def _claim(desk: Desk, message: Message) -> bool:
    return delivery.claim(timezone.now()) is not None


def _mark(desk: Desk, message: Message) -> bool:
    return delivery.mark_committing(message, timezone.now())


def _sweep(desk: Desk, message: Message) -> bool:
    return sum(delivery.sweep(timezone.now() + timedelta(hours=1)).values()) == 1


def _answer(kind: Any, code: int = 0) -> Verb:
    def act(desk: Desk, message: Message) -> bool:
        attempt = Delivery.objects.create(
            message=message, number=1, fence=message.fence, server="x", started_at=timezone.now()
        )
        try:
            delivery.record_outcome(message, attempt, Outcome(kind, "dot", code, "words"))
        except delivery.LostClaim:
            attempt.delete()  # it was still running: the transaction was undone
            return False
        return True

    return act


def _file(desk: Desk, message: Message) -> bool:
    return archiving._claim(message.pk, timezone.now()) is not None


# verb -> {state it applies to: state afterwards}, event or None where the delivery row tells it
MESSAGE_VERBS: dict[str, tuple[Verb, dict[str, str], str | None]] = {
    "undo": (_undo, {"queued": "cancelled"}, "taken_back"),
    "mark sent": (_person(services.mark_sent), {"uncertain": "sent"}, "marked_sent"),
    "send again": (
        _person(services.send_again),
        {"uncertain": "queued", "failed": "queued"},
        "sent_again",
    ),
    "give up": (_person(services.give_up), {"uncertain": "cancelled"}, "given_up"),
    "claim": (_claim, {"queued": "sending"}, None),
    "mark committing": (_mark, {"sending": "committing"}, None),
    "sweep": (_sweep, {"sending": "queued", "committing": "uncertain"}, "rescued or uncertain"),
    "accepted": (_answer("accepted", 250), {"committing": "sent", "uncertain": "sent"}, "sent"),
    "deferred": (_answer("deferred", 450), {"sending": "queued", "committing": "queued"}, "deferred"),
    "rejected": (_answer("rejected", 550), {"sending": "failed", "committing": "failed"}, "failed"),
    "unknown": (_answer("unknown"), {"committing": "uncertain"}, "uncertain"),
    "withdrawn": (_answer("withdrawn"), {"sending": "queued", "committing": "queued"}, "held_back"),
    "file": (_file, {"sent": "sent"}, None),
}


@pytest.mark.parametrize("verb", MESSAGE_VERBS)
@pytest.mark.parametrize("status", MESSAGE_STATES)
def test_each_verb_applies_to_its_states_and_to_no_other(desk: Desk, status: str, verb: str) -> None:
    act, allowed, event = MESSAGE_VERBS[verb]
    message = desk.in_state(status)
    if status == "sent":
        desk.set(message, archive_due_at=timezone.now() - timedelta(hours=1))
    before = desk.everything(message)
    message = Message.objects.select_related("draft", "mailbox").get(pk=message.pk)
    happened = act(desk, message)
    if status not in allowed:
        assert not happened
        assert desk.everything(message) == before
        return
    assert happened
    assert desk.fresh(message).status == allowed[status]
    new = desk.actions(message.draft)[before["events"] :]
    if event is None:
        assert new == []
    else:
        assert len(new) == 1
        assert new[0] in event


@pytest.mark.parametrize(
    "verb", ["accepted", "deferred", "rejected", "unknown", "withdrawn", "mark committing"]
)
@pytest.mark.parametrize("status", ["sending", "committing"])
def test_a_worker_with_an_old_fence_changes_nothing(desk: Desk, status: str, verb: str) -> None:
    message = desk.in_state(status)
    old = Message.objects.select_related("draft", "mailbox").get(pk=message.pk)
    desk.set(message, fence=old.fence + 1)
    before = desk.everything(message)
    assert not MESSAGE_VERBS[verb][0](desk, old)
    assert desk.everything(message) == before


def test_the_sweep_leaves_living_workers_alone(desk: Desk) -> None:
    messages = [desk.in_state("sending"), desk.in_state("committing")]
    before = [desk.everything(message) for message in messages]
    assert delivery.sweep(timezone.now()) == {"back": 0, "uncertain": 0, "reviewed": 0}
    assert [desk.everything(message) for message in messages] == before


def test_what_is_rescued_belongs_to_nobody_who_had_it_before(desk: Desk) -> None:
    message = desk.in_state("sending")
    old = Message.objects.select_related("draft", "mailbox").get(pk=message.pk)
    assert delivery.sweep(timezone.now() + timedelta(hours=1)) == {"back": 1, "uncertain": 0, "reviewed": 0}
    assert desk.fresh(message).fence == old.fence + 1
    desk.set(message, status="sending", lease_until=timezone.now() + timedelta(minutes=5))
    assert not delivery.mark_committing(old, timezone.now())


def test_those_who_hold_a_message_right_now_are_known(desk: Desk) -> None:
    desk.in_state("sending", owner="host:1")
    desk.in_state("committing", owner="host:2")
    desk.in_state("committing", owner="host:3", lease_until=timezone.now() - timedelta(seconds=1))
    desk.in_state("queued", owner="host:4")
    assert delivery.owners_at_work(timezone.now()) == {"host:1", "host:2"}


# --- What the database itself refuses ---------------------------------------------------------------------


def _second_live_message(desk: Desk, message: Message) -> None:
    Message.objects.create(
        draft=message.draft,
        draft_revision=1,
        mailbox=message.mailbox,
        message_id="<second@x.example>",
        raw=b"",
        approved_at=timezone.now(),
        due_at=timezone.now(),
        archive_key=uuid.uuid4(),
    )


def _update(**values: Any) -> Callable[[Desk, Message], None]:
    def act(desk: Desk, message: Message) -> None:
        Message.objects.filter(pk=message.pk).update(**values)

    return act


def _update_draft(**values: Any) -> Callable[[Desk, Message], None]:
    def act(desk: Desk, message: Message) -> None:
        Draft.objects.filter(pk=message.draft_id).update(**values)

    return act


def _second_draft_of_the_month(desk: Desk, message: Message) -> None:
    draft = desk.fresh(message.draft)
    draft.pk = None
    draft.save(force_insert=True)


def _same_message_id(desk: Desk, message: Message) -> None:
    Message.objects.filter(pk=desk.message().pk).update(message_id=message.message_id)


def _same_archive_key(desk: Desk, message: Message) -> None:
    Message.objects.filter(pk=desk.message().pk).update(archive_key=message.archive_key)


def _same_attempt(desk: Desk, message: Message) -> None:
    for _ in range(2):
        Delivery.objects.create(message=message, number=1, fence=1, server="x", started_at=timezone.now())


REFUSED = {
    "two live messages": _second_live_message,
    "sent without its time": _update(status="sent"),
    "unknown message status": _update(status="posted"),
    "archived without a document": _update(status="sent", sent_at=timezone.now(), archived_at=timezone.now()),
    "archived but not sent": _update(archived_at=timezone.now(), document_id=1),
    "the same Message-ID twice": _same_message_id,
    "the same archive key twice": _same_archive_key,
    "the same attempt twice": _same_attempt,
    "decided without its time": _update_draft(decided_at=None),
    "unknown draft status": _update_draft(status="maybe"),
    "a second draft for person, template and month": _second_draft_of_the_month,
}


@pytest.mark.parametrize("attempt", REFUSED.values(), ids=REFUSED.keys())
def test_the_database_refuses(desk: Desk, attempt: Callable[[Desk, Message], None]) -> None:
    message = desk.message()
    with pytest.raises(IntegrityError), transaction.atomic():
        attempt(desk, message)


def test_a_cancelled_message_makes_room_for_the_next_one(desk: Desk) -> None:
    message = desk.message()
    assert _undo(desk, message)
    again = desk.approve(desk.fresh_draft(message.draft))
    assert again.message_id != message.message_id
    assert again.archive_key != message.archive_key
    assert desk.actions(message.draft) == ["created", "approved", "taken_back", "approved"]
