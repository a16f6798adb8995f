"""What an earlier tenant left behind is out of reach: not shown, not approved, not sent, not filed."""

from typing import Any

import pytest
from django.db import connection as database
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from connector.demo.mail_catcher import MailCatcher
from connector.models import Connection
from outreach import archiving, services
from outreach.delivery import claim, mark_committing
from outreach.models import Message
from tests.outreach.desk import Desk
from tests.outreach.test_views import ABOUT_ONE, DATA

pytestmark = pytest.mark.django_db
SENTENCE = "This belongs to a tenant that is not in use any more."


def _move_on() -> Connection:
    """Another tenant is in use from now on; the demo one is still there and active."""
    return Connection.objects.create(
        name="Real", environment="sod", context_identifier="Cust777", client_id="x"
    )


@pytest.mark.parametrize(("name", "method"), ABOUT_ONE)
@pytest.mark.parametrize("who", ["jonas", "approver"])
def test_a_mail_of_another_tenant_does_not_exist(
    desk: Desk, client: Browser, who: str, name: str, method: str
) -> None:
    draft, message = desk.draft(), desk.in_state("uncertain")
    _move_on()
    before = desk.everything(message)
    client.force_login(getattr(desk.people, who))
    url = reverse(name, args=[message.pk if name.startswith("message") else draft.pk])
    answer = getattr(client, method)(url, DATA if method == "post" else None)
    assert answer.status_code == 404
    assert draft.to_address not in answer.content.decode()
    assert desk.everything(message) == before


@pytest.mark.parametrize("bucket", ["pending", "scheduled", "uncertain", "failed", "done"])
def test_the_queue_lists_no_mail_of_another_tenant(desk: Desk, client: Browser, bucket: str) -> None:
    desk.draft()
    for status in ("queued", "uncertain", "failed", "sent"):
        desk.in_state(status)
    client.force_login(desk.people.approver)
    url = reverse("queue") + f"?bucket={bucket}"
    assert "Rückfrage" in client.get(url).content.decode()
    _move_on()
    assert "Rückfrage" not in client.get(url).content.decode()


@pytest.mark.parametrize("name", ["draft", "message"])
def test_looking_at_the_tenant_costs_a_page_nothing(desk: Desk, client: Browser, name: str) -> None:
    message = desk.message()
    client.force_login(desk.people.jonas)
    url = reverse(name, args=[message.pk if name == "message" else message.draft_id])
    client.get(url)
    with CaptureQueriesContext(database) as queries:
        client.get(url)
    asked = [one["sql"] for one in queries if 'FROM "connector_connection"' in one["sql"]]
    assert len(asked) == 1


def test_a_draft_of_another_tenant_cannot_be_approved(desk: Desk) -> None:
    draft = desk.draft()
    _move_on()
    with pytest.raises(services.Refused, match=SENTENCE):
        desk.approve(desk.fresh_draft(draft))
    assert not Message.objects.exists()


@pytest.mark.parametrize("status", ["failed", "uncertain"])
def test_a_mail_of_another_tenant_cannot_be_sent_again(desk: Desk, status: str) -> None:
    message = desk.in_state(status)
    _move_on()
    before = desk.everything(message)
    with pytest.raises(services.Refused, match=SENTENCE):
        services.send_again(message=message, by=desk.people.approver, now=timezone.now())
    assert desk.everything(message) == before


def test_approved_mails_of_another_tenant_wait_until_it_is_in_use_again(
    desk: Desk, mail_server: MailCatcher
) -> None:
    message = desk.message()
    other = _move_on()
    assert desk.dispatch(seconds=0.2) == 0
    assert desk.fresh(message).status == Message.Status.QUEUED
    assert mail_server.messages() == []
    desk.set(other, is_active=False)
    assert desk.dispatch() == 1
    assert desk.fresh(message).status == Message.Status.SENT


def test_a_tenant_that_changes_between_claim_and_dot_stops_the_mail(desk: Desk) -> None:
    desk.message()
    claimed = claim(timezone.now())
    assert claimed is not None
    other = _move_on()
    assert not mark_committing(claimed, timezone.now())
    desk.set(other, is_active=False)
    assert mark_committing(claimed, timezone.now())


@pytest.mark.parametrize("how", ["another is in use", "switched off"])
def test_a_sent_mail_of_another_tenant_is_not_filed_and_no_secret_of_it_is_used(desk: Desk, how: str) -> None:
    message = desk.in_state("sent")
    asked_before = len(desk.tenant.requests)
    other = _move_on() if how == "another is in use" else None
    if other is None:
        desk.set(desk.connection, is_active=False)
    assert archiving.archive_due() == 0
    assert archiving._claim(message.pk, timezone.now()) is None
    assert len(desk.tenant.requests) == asked_before
    waiting = desk.fresh(message)
    assert (waiting.archived_at, waiting.archive_attempt_count, waiting.archive_problem_code) == (None, 0, "")
    values: dict[str, Any] = {"is_active": how != "another is in use"}
    desk.set(other or desk.connection, **values)
    assert archiving.archive_due() == 1
