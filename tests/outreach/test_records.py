"""What is written down: one event for each change, and no secret anywhere."""

from typing import Any

import pytest
from django.core import serializers
from django.test import Client as Browser
from django.utils import timezone
from django_q.models import OrmQ

from connector.context import job_context
from connector.demo.mail_catcher import MailCatcher
from connector.models import Connection, Mailbox
from outreach import archiving, services, tasks
from outreach.models import Delivery, Event, MailTemplate, Message, Suppression
from tests.connector.smtp.scripted_server import Dialogue
from tests.outreach.conftest import MailScript
from tests.outreach.desk import Desk

pytestmark = pytest.mark.django_db


# --- Events -----------------------------------------------------------------------------------------------


def test_the_whole_way_leaves_one_event_a_step_with_who_and_which_job(
    desk: Desk, mail_server: MailCatcher
) -> None:
    mail_server.faults.refuse_mails(1, "451 later")
    draft = desk.draft()
    with job_context("request") as request:
        services.edit_draft(
            draft=draft, revision=1, subject="S", body="B", by=desk.people.jonas, now=timezone.now()
        )
    message = desk.approve(desk.fresh_draft(draft))
    services.undo_approval(draft=draft, by=desk.people.jonas, now=timezone.now())
    message = desk.approve(desk.fresh_draft(draft))
    desk.dispatch()
    desk.make_due(message)
    with job_context("dispatch") as job:
        desk.dispatch()
    archiving.archive_due()
    events = list(draft.events.order_by("pk").values_list("action", "actor__username"))
    assert events == [
        ("created", "approver"),
        ("edited", "jonas"),
        ("approved", "approver"),
        ("taken_back", "jonas"),
        ("approved", "approver"),
        ("deferred", None),
        ("sent", None),
        ("archived", None),
    ]
    assert draft.events.get(action="edited").job == request
    assert draft.events.get(action="sent").job == job


def test_a_refused_change_leaves_no_event(desk: Desk) -> None:
    draft = desk.draft()
    before = desk.actions(draft)
    with pytest.raises(services.Changed):
        services.edit_draft(
            draft=draft, revision=7, subject="S", body="B", by=desk.people.jonas, now=timezone.now()
        )
    assert desk.actions(draft) == before


@pytest.mark.parametrize("job", [tasks.dispatch, tasks.archive, tasks.sweep])
def test_each_job_runs_when_there_is_nothing_to_do(desk: Desk, job: Any) -> None:
    job()


# --- Settings of outreach in the administration -----------------------------------------------------------


@pytest.fixture
def admin(desk: Desk, client: Browser) -> Browser:
    client.force_login(desk.people.administrator)
    return client


def test_a_suppression_is_stored_in_lower_case_with_its_author(desk: Desk, admin: Browser) -> None:
    url = "/admin/outreach/suppression/add/"
    assert admin.post(url, {"value": "  Erika@Kunde.EXAMPLE ", "reason": "objected"}).status_code == 302
    row = Suppression.objects.get()
    assert (row.value, row.created_by) == ("erika@kunde.example", desk.people.administrator)
    assert admin.post(url, {"value": "@Firma.example", "reason": "all"}).status_code == 302
    assert Suppression.objects.filter(value="firma.example").exists()
    again = admin.post(url, {"value": "ERIKA@kunde.example", "reason": "twice"})
    assert again.status_code == 200
    assert Suppression.objects.count() == 2


def test_a_changed_template_is_a_new_version_and_a_broken_one_is_not_saved(
    desk: Desk, admin: Browser
) -> None:
    url = f"/admin/outreach/mailtemplate/{desk.template.pk}/change/"
    data = {
        "name": "Rückfrage",
        "language": "de",
        "legal_basis": "contract",
        "subject": "S",
        "body": "Guten Tag {{ person.name }}",
        "is_active": "on",
    }
    assert admin.post(url, data).status_code == 302
    assert MailTemplate.objects.get(pk=desk.template.pk).version == 2
    assert admin.post(url, {**data, "name": "Other name"}).status_code == 302
    assert MailTemplate.objects.get(pk=desk.template.pk).version == 2
    answer = admin.post(url, {**data, "body": "{{ person.shoe_size }}"})
    assert "Unknown placeholders: person.shoe_size" in answer.content.decode()
    assert MailTemplate.objects.get(pk=desk.template.pk).body == "Guten Tag {{ person.name }}"


# --- Secrets ----------------------------------------------------------------------------------------------

CANARY = "canary-Zx81-secret"


def _everything_written() -> str:
    """Queue rows unpacked, and every row of ours that a person or a page may read."""
    jobs = [repr(job.task) for job in OrmQ.objects.all()]
    rows = [
        serializers.serialize("json", model._default_manager.all()) for model in (Event, Delivery, Message)
    ]
    troubles = [
        f"{row.problem_code} {row.problem_detail}"
        for model in (Connection, Mailbox)
        for row in model._default_manager.all()
    ]
    return "\n".join([*jobs, *rows, *troubles])


def test_no_secret_reaches_the_queue_the_trail_or_a_problem(
    desk: Desk, mail_script: MailScript, caplog: pytest.LogCaptureFixture
) -> None:
    def repeat(dialogue: Dialogue) -> None:
        dialogue.say(f"535 5.7.8 not understood: {dialogue.server.commands[-1]} {CANARY}-mail")

    server = mail_script({"auth": repeat})
    server.features = ("AUTH PLAIN",)
    Mailbox.objects.update(username="jonas", password=f"{CANARY}-mail")
    first, second = desk.message(), desk.in_state("sent")
    desk.dispatch()
    assert desk.fresh(first).problem_code == "smtp_login_refused"
    body = f'{{"error": "invalid_client", "error_description": "client_secret={CANARY}-so is wrong"}}'
    desk.set(
        desk.connection,
        client_secret=f"{CANARY}-so",
        refresh_token=f"{CANARY}-refresh",
        access_token="",
        access_token_expires_at=None,
    )
    desk.tenant.faults.answer_status("/login/common/oauth/tokens", 400, body, times=None)
    assert not desk.archive(second)
    services.set_stop_switch(is_on=False, by=desk.people.approver)
    written = _everything_written()
    assert "outreach.tasks.dispatch" in written
    assert "smtp_login_refused" in written
    assert CANARY not in written
    assert CANARY not in caplog.text
    (command,) = [line for line in server.commands if line.startswith("AUTH")]
    assert command.split()[-1] not in written


def test_secrets_are_unreadable_in_the_database_itself(desk: Desk) -> None:
    from django.db import connection as database  # noqa: PLC0415 - the fixtures' `connection` is another

    Mailbox.objects.update(password=CANARY)
    with database.cursor() as cursor:
        cursor.execute("SELECT password FROM connector_mailbox")
        stored = cursor.fetchall()
        cursor.execute("SELECT client_secret, refresh_token FROM connector_connection")
        stored += cursor.fetchall()
    assert CANARY not in repr(stored)
    assert desk.tenant.client_secret not in repr(stored)
    assert desk.tenant.refresh_token not in repr(stored)
