"""What happened to a draft or a message, in words a salesperson would use."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from django import template
from django.conf import settings
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.formats import number_format
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timesince import timesince
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from connector.channels import reason_against_filing
from connector.models import Connection, Mailbox
from connector.problems import problem_of
from connector.services import NotConfigured, mailbox_for
from connector.templatetags.desk import clock
from outreach.differences import Difference, difference
from outreach.models import Delivery, Draft, Event, Message
from reports.templatetags.report_words import day, full_name

register = template.Library()
Words = str | Promise


# --- Facts --------------------------------------------------------------------------------------------

_FIELDS: dict[str, Words] = {
    "person_name": gettext_lazy("Person"),
    "person_email": gettext_lazy("E-mail address"),
    "company_name": gettext_lazy("Company"),
    "heading": gettext_lazy("Heading of the sale"),
    "amount": gettext_lazy("Amount"),
    "currency": gettext_lazy("Currency"),
    "sold_on": gettext_lazy("Date of the sale"),
    "owner_id": gettext_lazy("Owner’s number"),
}


@register.filter
def field_words(field: str) -> str:
    """The name of a fact's field as a person would say it."""
    return str(_FIELDS.get(field, field))


def value_words(field: str, value: str) -> str:
    """The canonical value of a fact as its reader writes it: "12.400,00", "20.11.2026"; "–" for nothing."""
    try:
        if field == "amount" and value:
            return str(number_format(Decimal(value), decimal_pos=2, use_l10n=True, force_grouping=True))
        if field == "sold_on" and (moment := parse_date(value)):
            return day(moment)
    except (InvalidOperation, ValueError):
        return value
    return value or "–"


@dataclass(frozen=True, slots=True)
class ShownFact:
    label: str
    value: str
    source: str  # "sale 4711", as SuperOffice numbers it
    read_at: datetime | None


_OBJECTS: dict[str, Words] = {
    "sale": gettext_lazy("sale"),
    "person": gettext_lazy("person"),
    "company": gettext_lazy("company"),
}


@register.filter
def shown_facts(facts: Iterable[dict[str, Any]]) -> list[ShownFact]:
    """The facts a draft stands on, in the reader's words."""
    return [
        ShownFact(
            label=field_words(fact["field"]),
            value=value_words(fact["field"], fact["value"]),
            source=f"{_OBJECTS.get(fact['object'], fact['object'])} {fact['id']}",
            read_at=parse_datetime(fact["read_at"]),
        )
        for fact in facts
    ]


# --- Events -------------------------------------------------------------------------------------------


def _taken_back(detail: dict[str, Any]) -> str:
    reason = detail.get("reason")
    if reason == "facts_changed":
        changes = "; ".join(
            f"{field_words(change['field'])}: {value_words(change['field'], change['was'])} → "
            f"{value_words(change['field'], change['is'])}"
            for change in detail.get("changes", [])
        )
        return _("Not sent: SuperOffice has changed since approval. Please decide again. %(changes)s") % {
            "changes": changes
        }
    if reason == "objection":
        return _("Not sent: this person must not be written to any more. %(objection)s") % {
            "objection": detail.get("objection", "")
        }
    if reason == "sale_gone":
        return _("Not sent: the sale is not in SuperOffice any more. Please decide again.")
    if reason == "approver_gone":
        return _(
            "Not sent: whoever approved it, or in whose name it is written, is not active any more. "
            "Please decide again."
        )
    return _("Approval taken back; nothing was sent.")


def _deferred(detail: dict[str, Any]) -> str:
    due_at = parse_datetime(detail.get("due_at") or "")
    if due_at is None:
        return _("Not sent yet; it is tried again.")
    return _("Not sent yet; the next attempt is at %(time)s.") % {
        "time": f"{timezone.localtime(due_at):%H:%M:%S}"
    }


def _failed(detail: dict[str, Any]) -> str:
    return _("Not sent: %(sentence)s") % {"sentence": problem_words(detail.get("code", ""))}


def _created(detail: dict[str, Any]) -> str:
    if "template" not in detail:
        return _("Draft made.")
    return _("Draft made from the template “%(template)s”, version %(version)s.") % {
        "template": detail["template"],
        "version": detail.get("version", ""),
    }


def _rejected(detail: dict[str, Any]) -> str:
    return _("Rejected: %(reason)s") % {"reason": detail.get("reason", "")}


def _archived(detail: dict[str, Any]) -> str:
    words = (
        _("Filed in SuperOffice as document %(document)s, in the representative's own name.")
        if detail.get("in_own_name")
        else _("Filed in SuperOffice as document %(document)s.")
    )
    return words % {"document": detail.get("document_id", "")}


def _said(sentence: Words) -> Callable[[dict[str, Any]], str]:
    return lambda _detail: str(sentence)


# action -> (sentence, icon, tone)
_EVENTS: dict[str, tuple[Callable[[dict[str, Any]], str], str, str]] = {
    "created": (_created, "file-earmark-text", "neutral"),
    "edited": (_said(gettext_lazy("Text edited.")), "pencil", "neutral"),
    "approved": (_said(gettext_lazy("Approved for sending.")), "check-lg", "info"),
    "taken_back": (_taken_back, "arrow-counterclockwise", "warn"),
    "rejected": (_rejected, "x-circle", "neutral"),
    "sent": (_said(gettext_lazy("Sent: the mail server has taken it.")), "send-check", "ok"),
    "deferred": (_deferred, "arrow-clockwise", "warn"),
    "failed": (_failed, "x-octagon", "danger"),
    "uncertain": (
        _said(gettext_lazy("Uncertain: the mail server did not confirm whether it took the mail.")),
        "question-diamond",
        "uncertain",
    ),
    "rescued": (
        _said(gettext_lazy("The worker stopped before anything was handed over; the mail is tried again.")),
        "arrow-clockwise",
        "warn",
    ),
    "held_back": (
        _said(gettext_lazy("Held back at the last moment: something had changed. It is checked again.")),
        "pause-circle",
        "warn",
    ),
    "archived": (_archived, "archive", "ok"),
    "marked_sent": (_said(gettext_lazy("Marked as sent by hand.")), "send-check", "ok"),
    "sent_again": (_said(gettext_lazy("Queued again by hand: same text, same Message-ID.")), "send", "info"),
    "given_up": (_said(gettext_lazy("Given up by hand: it is not sent again.")), "dash-circle", "neutral"),
}


@register.filter
def event_words(event: Event) -> str:
    """One sentence for one event of the audit trail; an unknown action is shown as it is."""
    sentence, _icon, _tone = _EVENTS.get(event.action, (_said(event.action), "", ""))
    return sentence(event.detail)


@register.filter
def came_back(events: Iterable[Event]) -> Event | None:
    """The event by which an approved mail waits again although nobody took it back, if that happened last."""
    newest = next(reversed(list(events)), None)
    is_it = newest is not None and newest.action == "taken_back" and newest.detail.get("reason")
    return newest if is_it else None


@dataclass(frozen=True, slots=True)
class Step:
    """One line of a timeline. `badge` is a delivery's outcome; `key` names the fold, so that it stays open."""

    at: datetime | None
    what: str
    who: str = ""
    icon: str = "chevron-right"
    tone: str = "neutral"
    detail: str = ""  # the mail server's words
    badge: str = ""
    key: str = ""
    is_filing: bool = False
    is_ahead: bool = False


def _of_event(event: Event) -> Step:
    _sentence, icon, tone = _EVENTS.get(event.action, (None, "chevron-right", "neutral"))
    return Step(
        at=event.at,
        what=event_words(event),
        who=full_name(event.actor) if event.actor else _("automatically"),
        icon=icon,
        tone=tone,
        is_filing=event.action == "archived",
    )


@register.filter
def timeline(events: Iterable[Event]) -> list[Step]:
    """A draft's events for `_timeline.html`, oldest first."""
    return [_of_event(event) for event in events]


# --- The steps of a message ---------------------------------------------------------------------------

_STAGES: dict[str, Words] = {
    "connect": gettext_lazy("while connecting"),
    "facts": gettext_lazy("while asking SuperOffice again"),
    "mail": gettext_lazy("at the sender's address"),
    "rcpt": gettext_lazy("at the recipient's address"),
    "data": gettext_lazy("before the text"),
    "body": gettext_lazy("during the text"),
    "before_dot": gettext_lazy("just before handing over"),
    "dot": gettext_lazy("after handing over"),
}
_WITHDRAWN: dict[str, Words] = {
    "facts_changed": gettext_lazy("SuperOffice has changed since approval"),
    "objection": gettext_lazy("this person must not be written to any more"),
    "sale_gone": gettext_lazy("the sale is not in SuperOffice any more"),
}
_OUTCOME_TONES = {
    "running": "info",
    "accepted": "ok",
    "deferred": "warn",
    "rejected": "danger",
    "unknown": "uncertain",
    "withdrawn": "neutral",
    "abandoned": "warn",
}


def _of_delivery(delivery: Delivery) -> Step:
    what = _("Attempt %(number)s through %(server)s") % {
        "number": delivery.number,
        "server": delivery.server,
    }
    own_words = _WITHDRAWN.get(delivery.words)
    if delivery.stage and delivery.outcome != Delivery.Outcome.ACCEPTED:
        what = f"{what}, {own_words or _STAGES.get(delivery.stage, delivery.stage)}"
    words = "" if own_words else f"{delivery.code or ''} {delivery.words}".strip()
    return Step(
        at=delivery.started_at,
        what=what,
        icon="envelope-paper",
        tone=_OUTCOME_TONES.get(delivery.outcome, "neutral"),
        detail=words,
        badge=delivery.outcome,
        key=f"delivery-{delivery.pk}",
    )


@register.simple_tag
def message_steps(message: Message, events: Iterable[Event], deliveries: Iterable[Delivery]) -> list[Step]:
    """A message's whole story, oldest first: what people did, each attempt, and what comes next."""
    status, steps = message.status, [*timeline(events), *map(_of_delivery, deliveries)]
    if status not in {Message.Status.QUEUED, Message.Status.CANCELLED}:
        steps.append(Step(message.due_at, _("Due for sending."), icon="clock", tone="info"))
    if message.committing_at and status != Message.Status.QUEUED:
        words = _("Handed over to the mail server.")
        steps.append(Step(message.committing_at, words, icon="arrow-up-right", tone="info"))
    steps.sort(key=lambda step: step.at or message.approved_at)
    if status == Message.Status.QUEUED:
        words = _("Next attempt.") if message.attempt_count else _("Leaves at this time.")
        steps.append(Step(message.due_at, words, icon="clock", tone="info", is_ahead=True))
    if status == Message.Status.SENT and not message.archived_at:
        words = _("Is filed in SuperOffice next.")
        steps.append(Step(message.archive_due_at, words, icon="archive", is_ahead=True))
    return steps


@register.filter
def decidable_at(message: Message) -> datetime | None:
    """From when a person may decide about an uncertain message."""
    since = message.committing_at
    return since + timedelta(seconds=settings.UNCERTAIN_WAIT) if since else None


@register.filter
def problem_words(code: str) -> str:
    """The salespeople's sentence for a stored problem code."""
    return str(problem_of(code).for_salespeople)


@register.simple_tag
def paused_mailboxes() -> frozenset[int]:
    """The keys of the mailboxes from which nothing leaves; asked once for a whole list."""
    return frozenset(Mailbox.objects.filter(is_paused=True).values_list("pk", flat=True))


# --- Small words --------------------------------------------------------------------------------------


@register.filter
def age(moment: datetime) -> str:
    """How long ago, in one unit: "2 days old"."""
    if timezone.now() - moment < timedelta(minutes=1):
        return _("just made")
    return _("%(time)s old") % {"time": timesince(moment, depth=1)}


@register.filter
def day_and_clock(moment: datetime | None) -> SafeString | str:
    """The time to the second, with the day before it unless that is today: "14:02:10", "20.11.2026 14:02:10"."""
    if moment is None or timezone.localtime(moment).date() == timezone.localdate():
        return clock(moment)
    return format_html("{} {}", day(timezone.localtime(moment).date()), clock(moment))


@register.simple_tag
def hold_words() -> str:
    """How long an approved mail can be taken back, in words."""
    seconds = settings.APPROVAL_HOLD
    if seconds % 60 == 0 and seconds:
        return ngettext("%(count)s minute", "%(count)s minutes", seconds // 60) % {"count": seconds // 60}
    return ngettext("%(count)s second", "%(count)s seconds", seconds) % {"count": seconds}


@register.simple_tag
def filing_obstacle(connection: Connection) -> str:
    """Why mails could be sent but not filed in SuperOffice, as the last check of the rights found; or empty."""
    return reason_against_filing(connection) or ""


@dataclass(frozen=True, slots=True)
class Sender:
    """Who the recipient sees as sender; `reply_to` only where it differs. All empty: there is no mailbox."""

    name: str = ""
    address: str = ""
    reply_to: str = ""


@register.simple_tag
def mail_sender(draft: Draft) -> Sender:
    """From and Reply-To as `composing` will write them."""
    try:
        mailbox = mailbox_for(draft.representative)
    except NotConfigured:
        return Sender()
    own = draft.representative.user.email
    differs = bool(own) and own.lower() != mailbox.from_address.lower()
    name = mailbox.from_name or str(draft.representative)
    return Sender(name, mailbox.from_address, own if differs else "")


@register.simple_tag
def word_difference(old: str, new: str) -> Difference:
    """What changed, for `_difference.html`."""
    return difference(old, new)
