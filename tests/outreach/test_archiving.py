"""Sent message -> one document in SuperOffice, whatever interrupts it."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from connector.demo.tenant import DemoTenant
from connector.problems import problem_of
from connector.services import open_client
from outreach import archiving, tasks
from outreach.models import Message
from tests.outreach.desk import Desk, TenantChange

Status = Message.Status
pytestmark = pytest.mark.django_db


@pytest.fixture
def sent(desk: Desk) -> Message:
    return desk.in_state("sent")


def _filed(desk: Desk, message: Message) -> Message:
    """The message, filed: one document with its bytes, one event."""
    message = desk.fresh(message)
    assert message.archived_at is not None
    assert (message.archive_problem_code, message.archive_problem_detail) == ("", "")
    assert message.archive_lease_until is None
    (document,) = desk.documents()
    assert document.card.document_id == message.document_id
    assert document.content == bytes(message.raw)
    assert document.card.completed == "Completed"
    assert desk.actions(message.draft).count("archived") == 1
    return message


# --- The good case ----------------------------------------------------------------------------------------


def test_the_card_carries_key_subject_owner_and_the_moment_of_sending(desk: Desk, sent: Message) -> None:
    assert archiving.archive_due() == 1
    message = _filed(desk, sent)
    card = desk.documents()[0].card
    assert card.our_ref == str(message.archive_key)
    assert card.header == message.draft.subject
    assert card.associate_id == message.draft.representative.associate_id
    assert card.description.startswith("Guten Tag")
    assert message.sent_at is not None
    assert card.date.date() == timezone.localtime(message.sent_at).date()
    # Ids repeat from test to test, so the tenant may have made the name unique.
    assert re.fullmatch(rf"[\w.-]+_{message.pk}( \(\d+\))?\.eml", card.name)


def test_what_is_filed_is_not_filed_again(desk: Desk, sent: Message) -> None:
    assert archiving.archive_due() == 1
    assert archiving.archive_due() == 0
    _filed(desk, sent)


@pytest.mark.parametrize("status", ["queued", "sending", "committing", "failed", "uncertain", "cancelled"])
def test_only_what_was_sent_is_filed(desk: Desk, status: str) -> None:
    desk.in_state(status, archive_due_at=timezone.now())
    assert archiving.archive_due() == 0
    assert desk.documents() == []


def test_a_message_that_somebody_is_filing_is_left_to_them(desk: Desk, sent: Message) -> None:
    desk.set(sent, archive_lease_until=timezone.now() + timedelta(minutes=5))
    assert archiving.archive_due() == 0
    desk.set(sent, archive_lease_until=timezone.now() - timedelta(seconds=1))
    assert archiving.archive_due() == 1


def test_a_filer_that_lost_its_claim_marks_nothing(desk: Desk, sent: Message) -> None:
    first = archiving._claim(sent.pk, timezone.now())
    second = archiving._claim(sent.pk, timezone.now() + timedelta(minutes=11))
    assert first is not None
    assert second is not None
    assert archiving.archive(first)
    assert desk.fresh(sent).archived_at is None
    assert archiving.archive(second)
    _filed(desk, sent)


def test_the_dispatch_job_files_what_it_has_sent(desk: Desk, mail_server: Any, settings: Any) -> None:
    settings.DISPATCH_SLICE = 2
    message = desk.message()
    tasks.dispatch()
    _filed(desk, message)


# --- Interrupted and repeated -----------------------------------------------------------------------------


def test_a_document_whose_reply_was_lost_is_adopted(desk: Desk, sent: Message) -> None:
    desk.tenant.faults.drop_reply("/Document", method="POST")
    assert archiving.archive_due() == 0
    message = desk.fresh(sent)
    assert (message.status, message.document_id) == (Status.SENT, None)
    assert message.archive_problem_code == "unreachable"
    assert len(desk.documents()) == 1
    assert desk.archive(message)
    _filed(desk, message)


def test_a_document_that_the_listing_does_not_show_yet_is_not_made_twice(desk: Desk, sent: Message) -> None:
    """Created, number stored, upload failed; then the listing lags behind."""
    desk.tenant.faults.answer_status("/Document/", 500, times=1, method="PUT")
    assert archiving.archive_due() == 0
    assert desk.fresh(sent).document_id is not None
    desk.tenant.faults.answer_status("/Document", 200, '{"value": []}', times=1, method="GET")
    desk.archive(sent)
    desk.tenant.faults.clear()
    if desk.fresh(sent).archived_at is None:
        desk.archive(sent)
    _filed(desk, sent)


def test_a_known_card_that_was_moved_to_another_sale_gets_the_content(desk: Desk, sent: Message) -> None:
    desk.tenant.faults.answer_status("/Document/", 500, times=1, method="PUT")
    assert archiving.archive_due() == 0
    known = desk.fresh(sent).document_id
    assert known is not None
    desk.tenant._open_store().change_document(known, lambda card: replace(card, sale_id=0))
    assert desk.archive(sent)
    assert _filed(desk, sent).document_id == known


def test_a_known_card_that_was_deleted_is_made_anew(desk: Desk, sent: Message) -> None:
    desk.tenant.faults.answer_status("/Document/", 500, times=1, method="PUT")
    assert archiving.archive_due() == 0
    known = desk.fresh(sent).document_id
    assert known is not None
    desk.tenant._open_store().remove_document(known)
    assert not desk.archive(sent)
    message = desk.fresh(sent)
    assert (message.document_id, message.archive_problem_code) == (None, "not_found")
    assert desk.archive(sent)
    assert _filed(desk, sent).document_id != known


def test_content_of_the_wrong_length_is_uploaded_again(desk: Desk, sent: Message) -> None:
    desk.tenant.faults.answer_status("/Document/", 500, times=1, method="PATCH")
    assert archiving.archive_due() == 0
    known = desk.fresh(sent).document_id
    assert known is not None
    desk.tenant._open_store().change_document(known, lambda card: card, b"half of it")
    assert desk.archive(sent)
    _filed(desk, sent)


def test_a_tenant_that_keeps_something_else_than_it_was_given_is_a_problem(desk: Desk, sent: Message) -> None:
    # The upload is swallowed, so the length is never right.
    desk.tenant.faults.answer_status("/Document/", 200, "{}", times=None, method="PUT")
    assert archiving.archive_due() == 0
    message = desk.fresh(sent)
    assert (message.status, message.archived_at) == (Status.SENT, None)
    assert message.archive_problem_code != ""
    desk.tenant.faults.clear()
    assert desk.archive(sent)
    _filed(desk, sent)


def _maintenance(tenant: DemoTenant) -> None:
    tenant.faults.state = "OfflineMaintenance"


def _revoked(tenant: DemoTenant) -> None:
    tenant.faults.refresh_token_revoked = True
    tenant.faults.expire_access_tokens()


def _html(tenant: DemoTenant) -> None:
    tenant.faults.answer_html("/Document")


def _html_upload(tenant: DemoTenant) -> None:
    tenant.faults.answer_html("/Document/", method="PUT")


def _forbidden(tenant: DemoTenant) -> None:
    tenant.faults.answer_status("/Document", 403, "{}", times=None)


TROUBLES: list[tuple[Callable[[DemoTenant], None], str]] = [
    (_maintenance, "tenant_not_running"),
    (_revoked, "needs_consent"),
    (_html, "unexpected_answer"),
    (_html_upload, "unexpected_answer"),
    (_forbidden, "forbidden"),
]


@pytest.mark.parametrize(("trouble", "code"), TROUBLES, ids=[one[0].__name__.strip("_") for one in TROUBLES])
def test_trouble_leaves_the_mail_sent_and_it_is_filed_later(
    desk: Desk, sent: Message, trouble: Callable[[DemoTenant], None], code: str
) -> None:
    trouble(desk.tenant)
    assert archiving.archive_due() == 0
    message = desk.fresh(sent)
    assert (message.status, message.archived_at) == (Status.SENT, None)
    assert message.archive_problem_code == code
    assert message.archive_due_at is not None
    assert message.archive_due_at > timezone.now()
    assert message in Message.objects.with_problem()
    assert desk.fresh(desk.connection).problem_code == code
    desk.tenant.faults.clear()
    assert desk.archive(sent)
    _filed(desk, sent)
    assert desk.fresh(desk.connection).problem_code == ""


def test_without_a_template_for_mail_the_reason_is_a_sentence(desk: Desk, sent: Message) -> None:
    desk.tenant.faults.answer_status("/List/DocumentTemplate", 200, "[]", times=None)
    assert archiving.archive_due() == 0
    message = desk.fresh(sent)
    assert message.archive_problem_code == "no_mail_template"
    assert "no document template" in str(problem_of("no_mail_template").for_salespeople)
    assert "document template of type e-mail" in str(problem_of("no_mail_template").for_administrators)
    desk.tenant.faults.clear()
    assert desk.archive(sent)
    _filed(desk, sent)


def test_each_failed_attempt_waits_longer(desk: Desk, sent: Message) -> None:
    desk.tenant.faults.state = "OfflineMaintenance"
    waits = []
    for _ in range(6):
        before = timezone.now()
        assert not desk.archive(sent)
        due_at = desk.fresh(sent).archive_due_at
        assert due_at is not None
        waits.append(round((due_at - before).total_seconds() / 60))
    assert waits == [1, 5, 15, 60, 240, 240]


def test_one_message_that_cannot_be_filed_does_not_hold_up_the_others(
    desk: Desk, sent: Message, tenant_change: TenantChange
) -> None:
    other = desk.in_state("sent")
    desk.set(sent, archive_due_at=timezone.now() - timedelta(hours=1))  # the first in line
    tenant_change.delete_sale(sent.draft.sale.sale_id)
    assert archiving.archive_due() == 1
    assert desk.fresh(other).archived_at is not None
    assert desk.fresh(sent).archive_problem_code == "bad_request"


def test_the_archived_file_can_be_read_back_through_the_client(desk: Desk, sent: Message) -> None:
    archiving.archive_due()
    message = desk.fresh(sent)
    assert message.document_id is not None
    with open_client(desk.connection) as client:
        assert client.download_document(message.document_id) == bytes(message.raw)
