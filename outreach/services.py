"""The verbs of outreach. Every arrow of the state drawing is one function and one conditional UPDATE.

Draft     pending ─approve_draft─▶ approved ─undo_approval─▶ pending        pending ─reject_draft─▶ rejected
Message   queued ─claim─▶ sending ─mark_committing─▶ committing ─250─▶ sent        (delivery.py)
          queued ─undo_approval─▶ cancelled
          failed ─send_again─▶ queued      uncertain ─mark_sent | send_again | give_up─▶ sent | queued | cancelled
"""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils.translation import gettext as _

from connector.jobs import enqueue
from connector.models import Representative
from connector.roles import is_approver
from connector.services import NotConfigured, current_connection, mailbox_for
from outreach import audience, facts, rendering
from outreach.composing import NotSendable, compose
from outreach.events import record
from outreach.models import Draft, MailTemplate, Message, StopSwitch
from reports.models import Sale

DISPATCH_TASK, ARCHIVE_TASK = "outreach.tasks.dispatch", "outreach.tasks.archive"


class Refused(Exception):
    """The verb does not apply any more; the text says to the user why and what is the case now."""


class Changed(Refused):
    """Somebody changed the draft since this user opened it."""


# --- Generating ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Plan:
    """What create_drafts would do with one sale: write a draft, or leave it out and why."""

    sale: Sale
    representative: Representative | None
    reason: str


@dataclass(slots=True)
class Created:
    drafts: list[Draft] = field(default_factory=list)
    left_out: list[Plan] = field(default_factory=list)


def plan_drafts(*, sales: Iterable[Sale], template: MailTemplate, by: User, now: datetime) -> list[Plan]:
    """The dry run: for each sale, in the given order, whether a draft would be made and if not, why."""
    sales = list(sales)
    writers = audience.writers_for(sales)
    people = {sale.person_id for sale in sales if sale.person_id}
    drafted = _drafts_of(template, period_of(now)).filter(person_id__in=people)
    taken = dict.fromkeys(
        drafted.values_list("person_id", flat=True),
        _("This person has a draft of this template this month already."),
    )
    plans = []
    for sale in sales:
        writer = writers.get(sale.owner_id or 0)
        reason = audience.objection(sale, template) or _no_writer(sale, writer, by)
        if not reason and sale.person_id:
            reason = taken.get(sale.person_id, "")
            taken.setdefault(sale.person_id, _("This person gets a draft about another of the chosen sales."))
        plans.append(Plan(sale, writer, reason))
    return plans


def _no_writer(sale: Sale, writer: Representative | None, by: User) -> str:
    """Approvers may have drafts made for everybody, representatives for their own sales."""
    if writer is None:
        return _("%(owner)s, who owns the sale, is no user here.") % {"owner": sale.owner_name or "–"}
    if writer.user_id != by.pk and not is_approver(by):
        return _("The sale belongs to %(owner)s.") % {"owner": writer}
    return ""


def period_of(now: datetime) -> str:
    return f"{now:%Y-%m}"


def _drafts_of(template: MailTemplate, period: str) -> Any:
    return Draft.objects.filter(template=template, period=period).exclude(status=Draft.Status.REJECTED)


def create_drafts(*, sales: Iterable[Sale], template: MailTemplate, by: User, now: datetime) -> Created:
    """Make one draft per person; a second click makes no second one: the database refuses it."""
    created = Created()
    for plan in plan_drafts(sales=sales, template=template, by=by, now=now):
        if plan.reason or plan.representative is None:
            created.left_out.append(plan)
            continue
        draft = _render_draft(plan.sale, plan.representative, template, by=by, now=now)
        try:
            with transaction.atomic():
                draft.save(force_insert=True)
                record(
                    "created",
                    draft=draft,
                    actor=by,
                    now=now,
                    template=template.name,
                    version=template.version,
                )
        except IntegrityError:
            reason = _("This person has a draft of this template this month already.")
            created.left_out.append(Plan(plan.sale, plan.representative, reason))
        else:
            created.drafts.append(draft)
    return created


def _render_draft(
    sale: Sale, representative: Representative, template: MailTemplate, *, by: User, now: datetime
) -> Draft:
    assert sale.person_id is not None, "audience.objection lets no other sale through"
    assert sale.company_id is not None, "audience.objection lets no other sale through"
    return Draft(
        sale=sale,
        template=template,
        representative=representative,
        person_id=sale.person_id,
        company_id=sale.company_id,
        to_name=sale.person_name,
        to_address=sale.person_email,
        period=period_of(now),
        created_by=by,
        **_text_for(sale, representative, template),
    )


def _text_for(sale: Sale, representative: Representative, template: MailTemplate) -> dict[str, Any]:
    """The columns of a draft that its template and the facts of now decide."""
    values = facts.values_for(sale, representative, language=template.language)
    rendered = rendering.render(template, values)
    subject = rendered.subject[:200]
    return {
        "template_version": template.version,
        "subject": subject,
        "body": rendered.body,
        "generated_subject": subject,
        "generated_body": rendered.body,
        "facts": facts.facts_of(sale, set(rendered.used)),
        "blocked_reason": rendered.missing[:300],
    }


def renew_draft(*, draft: Draft, sale: Sale) -> None:
    """Put a draft on the facts of now, so that whoever approves it again approves these.

    A text that nobody edited is written anew; one that a person wrote is kept. A sale that got another
    person leaves the draft as it is: approving it is refused.
    """
    if sale.person_id != draft.person_id:
        return
    values: dict[str, Any] = {
        "facts": facts.renewed(draft.facts, sale),
        "company_id": sale.company_id or draft.company_id,
        "to_name": sale.person_name,
        "to_address": sale.person_email,
    }
    if not draft.is_edited:
        try:
            values |= _text_for(sale, draft.representative, draft.template)
        except rendering.TemplateProblem as problem:
            values["blocked_reason"] = str(problem)[:300]
    Draft.objects.filter(pk=draft.pk).update(revision=F("revision") + 1, **values)


# --- Deciding -----------------------------------------------------------------------------------------


def _expect_one(changed: int, draft: Draft) -> None:
    """The row must have been as believed; otherwise say who was faster, or that the text changed."""
    if changed == 1:
        return
    fresh = Draft.objects.select_related("decided_by", "edited_by").get(pk=draft.pk)
    if fresh.status != Draft.Status.PENDING and fresh.decided_by and fresh.decided_at:
        raise Refused(
            _("%(who)s decided on this mail at %(time)s: %(status)s. You need not do anything.")
            % {
                "who": fresh.decided_by.get_full_name() or fresh.decided_by,
                "time": f"{fresh.decided_at.astimezone():%H:%M}",
                "status": fresh.get_status_display(),
            }
        )
    raise Changed(_("This mail was changed while you looked at it. Read it again before you decide."))


def _require_tenant_in_use(sale: Sale) -> None:
    """Nothing is promised about a tenant that nobody can be asked about any more."""
    current = current_connection()
    if current is None or sale.connection_id != current.pk:
        raise Refused(_("This belongs to a tenant that is not in use any more."))


def edit_draft(*, draft: Draft, revision: int, subject: str, body: str, by: User, now: datetime) -> None:
    """Store a new text. `revision` is the one the user saw; nobody's text is overwritten unseen."""
    with transaction.atomic():
        changed = Draft.objects.filter(pk=draft.pk, status=Draft.Status.PENDING, revision=revision).update(
            subject=subject,
            body=body,
            revision=F("revision") + 1,
            edited_by=by,
            edited_at=now,
            blocked_reason="",
        )
        _expect_one(changed, draft)
        record("edited", draft=draft, actor=by, now=now, revision=revision + 1)


def approve_draft(*, draft: Draft, revision: int, by: User, now: datetime) -> Message:
    """Freeze the text into a message that leaves after the undo window.

    Raises Refused when somebody was faster, NotSendable when the text cannot or must not leave.
    """
    _require_tenant_in_use(draft.sale)
    if draft.revision != revision:
        raise Changed(_("This mail was changed while you looked at it. Read it again before you decide."))
    if reason := audience.objection(draft.sale, draft.template):
        raise NotSendable(reason)
    if draft.sale.person_id != draft.person_id:
        raise NotSendable(_("The sale has another person now. Reject this mail and make a new one."))
    if not draft.representative.user.is_active:
        raise NotSendable(
            _("%(who)s is not active any more. Reject this mail and make a new one.")
            % {"who": draft.representative}
        )
    try:
        mailbox = mailbox_for(draft.representative)
    except NotConfigured as error:
        raise NotSendable(
            _("There is no mailbox to send from. An administrator has to set one up.")
        ) from error
    if draft.sale.connection.is_demo and not mailbox.is_demo:
        raise NotSendable(_("This is demo data, but the mail server is a real one: nothing is sent."))
    key = uuid.uuid4()
    composed = compose(draft, mailbox, key=key, now=now)
    with transaction.atomic():
        pending = Draft.objects.filter(pk=draft.pk, status=Draft.Status.PENDING, revision=revision)
        _expect_one(pending.update(status=Draft.Status.APPROVED, decided_by=by, decided_at=now), draft)
        message = Message.objects.create(
            draft=draft,
            draft_revision=revision,
            mailbox=mailbox,
            envelope_from=composed.envelope_from,
            envelope_to=composed.envelope_to,
            message_id=composed.message_id,
            raw=composed.raw,
            sha256=composed.sha256,
            approved_by=by,
            approved_at=now,
            due_at=now + timedelta(seconds=settings.APPROVAL_HOLD),
            archive_key=key,
        )
        record(
            "approved",
            draft=draft,
            message=message,
            actor=by,
            now=now,
            sha256=composed.sha256,
            revision=revision,
        )
        enqueue(DISPATCH_TASK, cluster="mail")
    return message


def undo_approval(
    *, draft: Draft, by: User | None, now: datetime, message: Message | None = None, **detail: Any
) -> bool:
    """Take an approved mail back; False when it is already leaving, or `message` is not its mail any more."""
    with transaction.atomic():
        message = message or draft.messages.live().first()
        if message is None or not Message.objects.filter(pk=message.pk, status=Message.Status.QUEUED).update(
            status=Message.Status.CANCELLED, problem_code="", problem_detail=""
        ):
            return False
        Draft.objects.filter(pk=draft.pk, status=Draft.Status.APPROVED).update(
            status=Draft.Status.PENDING, decided_by=None, decided_at=None
        )
        record("taken_back", draft=draft, message=message, actor=by, now=now, **detail)
    return True


def reject_draft(*, draft: Draft, revision: int, reason: str, by: User, now: datetime) -> None:
    with transaction.atomic():
        changed = Draft.objects.filter(pk=draft.pk, status=Draft.Status.PENDING, revision=revision).update(
            status=Draft.Status.REJECTED, rejected_because=reason, decided_by=by, decided_at=now
        )
        _expect_one(changed, draft)
        record("rejected", draft=draft, actor=by, now=now, reason=reason)


# --- What a person decides about a message ------------------------------------------------------------


def may_resolve(message: Message, now: datetime) -> bool:
    """Uncertain messages are decided on after 15 minutes: until then a server may still be at it."""
    since = message.committing_at
    return since is not None and now - since >= timedelta(seconds=settings.UNCERTAIN_WAIT)


def _resolve(message: Message, *, by: User, now: datetime, action: str, **values: Any) -> None:
    with transaction.atomic():
        changed = Message.objects.filter(pk=message.pk, status=message.status, fence=message.fence).update(
            resolved_by=by,
            resolved_at=now,
            fence=F("fence") + 1,
            lease_until=None,
            problem_code="",
            problem_detail="",
            **values,
        )
        if changed != 1:
            raise Refused(_("The state of this mail has changed meanwhile. Look again."))
        record(action, draft=message.draft, message=message, actor=by, now=now, was=message.status)


def _require(message: Message, now: datetime, *statuses: str) -> None:
    if message.status not in statuses:
        raise Refused(_("The state of this mail has changed meanwhile. Look again."))
    if message.status == Message.Status.UNCERTAIN and not may_resolve(message, now):
        raise Refused(
            _("The mail server may still be working on it. Please decide 15 minutes after the attempt.")
        )


def mark_sent(*, message: Message, by: User, now: datetime) -> None:
    """A person has evidence that an uncertain mail arrived; it is archived like any other."""
    _require(message, now, Message.Status.UNCERTAIN)
    _resolve(
        message,
        by=by,
        now=now,
        action="marked_sent",
        status=Message.Status.SENT,
        sent_at=message.committing_at,
        archive_due_at=now,
    )
    enqueue(ARCHIVE_TASK, cluster="mail")


def send_again(*, message: Message, by: User, now: datetime) -> None:
    """Queue the same bytes with the same Message-ID again."""
    _require_tenant_in_use(message.draft.sale)
    _require(message, now, Message.Status.UNCERTAIN, Message.Status.FAILED)
    _resolve(
        message,
        by=by,
        now=now,
        action="sent_again",
        status=Message.Status.QUEUED,
        due_at=now,
    )
    enqueue(DISPATCH_TASK, cluster="mail")


def give_up(*, message: Message, by: User, now: datetime) -> None:
    """Drop an uncertain mail for good: its draft stays decided, the message is cancelled."""
    _require(message, now, Message.Status.UNCERTAIN)
    _resolve(message, by=by, now=now, action="given_up", status=Message.Status.CANCELLED)


# --- The stop switch ----------------------------------------------------------------------------------


def set_stop_switch(*, is_on: bool, by: User) -> None:
    """Stop or resume all sending; the update that commits a mail looks at this row."""
    StopSwitch.objects.update_or_create(pk=1, defaults={"is_on": is_on, "changed_by": by})
    if not is_on:
        enqueue(DISPATCH_TASK, cluster="mail")


def is_stopped() -> bool:
    return StopSwitch.objects.filter(is_on=True).exists()
