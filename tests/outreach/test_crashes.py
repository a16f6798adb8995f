"""A worker dies at each point between claim and archive: nothing is lost, nothing is sent twice."""

import os
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest
from django.db import connection as database
from django.db import connections
from django.utils import timezone

from connector.demo.mail_catcher import MailCatcher
from outreach import archiving, delivery
from outreach.models import Message
from tests.outreach.desk import Desk

Status = Message.Status
pytestmark = pytest.mark.django_db(transaction=True)
Die = Callable[[str], None]


def _database_url() -> str:
    """The database of this test, for another process."""
    values: dict[str, Any] = database.settings_dict
    if database.vendor == "sqlite":
        return f"sqlite:///{values['NAME']}"
    host = quote(str(values["HOST"]), safe="")
    user = f"{values['USER']}:{quote(values['PASSWORD'])}" if values["PASSWORD"] else values["USER"]
    port = f":{values['PORT']}" if values["PORT"] else ""
    return f"postgresql://{user}@{host}{port}/{values['NAME']}"


@pytest.fixture
def die() -> Die:
    """Run a worker that dies at a point; it must get there."""

    def run(point: str) -> None:
        connections.close_all()
        environment = {
            **os.environ,
            "DATABASE_URL": _database_url(),
            "DEMO_PARTS": "mail tenant",
            "SO_CALLS_PER_SECOND": "1000",
        }
        command = [sys.executable, "-m", "tests.outreach.dying_worker", point]
        ended = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=60, check=False
        )
        assert ended.returncode == (0 if point == "nowhere" else 9), ended.stderr[-2000:]

    return run


def _an_hour_later(desk: Desk, message: Message) -> Message:
    """Every lease of the dead is over; the sweep, another dispatcher and the archive do what they do."""
    past = timezone.now() - timedelta(seconds=1)
    Message.objects.filter(lease_until__isnull=False).update(lease_until=past)
    Message.objects.filter(archive_lease_until__isnull=False).update(archive_lease_until=past)
    delivery.sweep(timezone.now())
    desk.dispatch()
    archiving.archive_due()
    return desk.fresh(message)


def _check_filed_once(desk: Desk, message: Message, mail_server: MailCatcher) -> None:
    (mail,) = mail_server.messages()
    (document,) = desk.documents()
    assert mail.raw == document.content == bytes(message.raw)
    assert document.card.our_ref == str(message.archive_key)
    assert document.card.document_id == message.document_id
    assert message.archived_at is not None


BEFORE_THE_MARK = [
    ("before_claim", Status.QUEUED),
    ("after_claim", Status.SENDING),
    ("after_delivery_row", Status.SENDING),
    ("after_connect", Status.SENDING),
    ("after_envelope", Status.SENDING),
    ("after_body", Status.SENDING),
]


@pytest.mark.parametrize(("point", "left"), BEFORE_THE_MARK)
def test_a_death_before_the_mark_costs_nothing(
    desk: Desk, mail_server: MailCatcher, die: Die, point: str, left: str
) -> None:
    message = desk.message()
    die(point)
    assert mail_server.messages() == []
    dead = desk.fresh(message)
    assert dead.status == left
    if left == Status.SENDING:
        assert dead.lease_until is not None
        assert desk.dispatch() == 0  # its lease is not over: nobody takes it
    message = _an_hour_later(desk, message)
    assert message.status == Status.SENT
    assert message.fence > dead.fence
    _check_filed_once(desk, message, mail_server)
    assert not message.deliveries.filter(outcome="running").exists()
    assert desk.actions(message.draft).count("rescued") == (left == Status.SENDING)


@pytest.mark.parametrize(("point", "arrived"), [("after_mark", 0), ("after_dot", 1), ("after_250", 1)])
def test_a_death_after_the_mark_is_uncertain_and_never_sent_again(
    desk: Desk, mail_server: MailCatcher, die: Die, point: str, arrived: int
) -> None:
    message = desk.message()
    die(point)
    dead = desk.fresh(message)
    assert dead.status == Status.COMMITTING
    assert dead.committing_at is not None
    message = _an_hour_later(desk, message)
    assert (message.status, message.problem_code) == (Status.UNCERTAIN, "smtp_uncertain")
    message = _an_hour_later(desk, message)
    assert message.status == Status.UNCERTAIN
    if point == "after_dot":
        assert len(mail_server.messages()) <= arrived  # the server may notice the death before the dot
    else:
        assert len(mail_server.messages()) == arrived
    assert desk.documents() == []
    assert desk.actions(message.draft)[-1] == "uncertain"
    assert message.deliveries.get().outcome == "abandoned"


ARCHIVE = ["after_sent", "before_create_document", "after_create_document", "after_upload", "after_complete"]


@pytest.mark.parametrize("point", ARCHIVE)
def test_a_death_while_filing_leaves_one_document(
    desk: Desk, mail_server: MailCatcher, die: Die, point: str
) -> None:
    message = desk.message()
    die(point)
    dead = desk.fresh(message)
    assert (dead.status, dead.archived_at) == (Status.SENT, None)
    message = _an_hour_later(desk, message)
    _check_filed_once(desk, message, mail_server)
    assert desk.actions(message.draft) == ["created", "approved", "sent", "archived"]


def test_the_same_worker_alive_sends_and_files(desk: Desk, mail_server: MailCatcher, die: Die) -> None:
    message = desk.message()
    die("nowhere")
    message = desk.fresh(message)
    assert message.status == Status.SENT
    _check_filed_once(desk, message, mail_server)


def test_one_death_does_not_cost_the_other_mails(desk: Desk, mail_server: MailCatcher, die: Die) -> None:
    first, *others = [desk.message() for _ in range(3)]
    die("after_mark")
    assert desk.fresh(first).status == Status.COMMITTING
    _an_hour_later(desk, first)
    assert {desk.fresh(other).status for other in others} == {Status.SENT}
    assert len(mail_server.messages()) == 2


def test_a_worker_that_wakes_up_after_its_lease_changes_nothing(
    desk: Desk, mail_server: MailCatcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Frozen between body and mark, thought dead, rescued and sent by another: then it goes on."""
    message = desk.message()
    mark = delivery.mark_committing
    slept: list[bool] = []

    def sleepy(claimed: Message, now: Any) -> bool:
        if not slept:
            slept.append(True)
            _an_hour_later(desk, message)
        return mark(claimed, timezone.now())

    monkeypatch.setattr(delivery, "mark_committing", sleepy)
    desk.dispatch()
    message = desk.fresh(message)
    assert message.status == Status.SENT
    assert len(mail_server.messages()) == 1
    assert sorted(message.deliveries.values_list("outcome", flat=True)) == ["abandoned", "accepted"]


def test_an_answer_that_comes_after_the_sweep_still_counts(
    desk: Desk, mail_server: MailCatcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worker was only slow: its late 250 turns uncertain into sent."""
    message = desk.message()
    record_outcome = delivery.record_outcome

    def late(*args: Any) -> None:
        Message.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
        delivery.sweep(timezone.now())
        assert desk.fresh(message).status == Status.UNCERTAIN
        record_outcome(*args)

    monkeypatch.setattr(delivery, "record_outcome", late)
    desk.dispatch()
    message = desk.fresh(message)
    assert (message.status, message.problem_code) == (Status.SENT, "")
    assert message.deliveries.get().outcome == "accepted"
