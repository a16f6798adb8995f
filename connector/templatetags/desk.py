"""The small parts of every page: icon, state, error sentence, moment, bar. `/styleguide/` shows them all."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import template
from django.contrib.messages import get_messages
from django.contrib.messages.storage.base import Message as Notice
from django.template import Context
from django.templatetags.static import static
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _

from connector.problems import problem_of
from connector.roles import AnyUser, roles_of

register = template.Library()

ICONS = "vendor/bootstrap-icons/icons.svg"


@register.simple_tag
def icon(name: str) -> SafeString:
    """One icon of the sprite, as high as the text; a screen reader passes over it: put a word beside it."""
    drawing = '<svg class="icon" aria-hidden="true"><use href="{}#{}"></use></svg>'
    return format_html(drawing, static(ICONS), name)


# --- States -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class State:
    """How a state looks: never colour alone. `tone` is one of neutral, ok, warn, danger, info, uncertain."""

    label: Promise | str
    icon: str
    tone: str


STATES: dict[str, State] = {
    # waiting for a person
    "pending": State(_("Waits for a decision"), "hourglass-split", "warn"),
    "blocked": State(_("Blocked"), "slash-circle", "danger"),
    "snoozed": State(_("Later"), "alarm", "info"),
    "approved": State(_("Approved"), "check-lg", "info"),
    "rejected": State(_("Rejected"), "x-circle", "neutral"),
    "expired": State(_("Expired"), "clock-history", "neutral"),
    "handed_off": State(_("Handed off"), "box-arrow-up-right", "info"),
    "closed": State(_("Closed"), "check2", "neutral"),
    # on its way
    "queued": State(_("Queued"), "clock", "info"),
    "scheduled": State(_("Scheduled"), "clock", "info"),
    "sending": State(_("Being sent"), "send", "info"),
    "committing": State(_("Being handed over"), "arrow-up-right", "info"),
    "sent": State(_("Sent"), "send-check", "ok"),
    "archived": State(_("Archived"), "archive", "ok"),
    "failed": State(_("Failed"), "x-octagon", "danger"),
    "uncertain": State(_("Uncertain"), "question-diamond", "uncertain"),
    "cancelled": State(_("Cancelled"), "dash-circle", "neutral"),
    # one attempt
    "accepted": State(_("Accepted"), "check2-circle", "ok"),
    "deferred": State(_("Try again later"), "arrow-clockwise", "warn"),
    "refused": State(_("Refused"), "x-octagon", "danger"),
    "unknown": State(_("No answer"), "question-diamond", "uncertain"),
    "withdrawn": State(_("Withdrawn"), "dash-circle", "neutral"),
    "abandoned": State(_("Worker stopped"), "exclamation-triangle", "warn"),
    # runs
    "running": State(_("Running"), "arrow-repeat", "info"),
    "succeeded": State(_("Succeeded"), "check-circle", "ok"),
    "incomplete": State(_("Incomplete"), "circle-half", "warn"),
    # what is outside
    "works": State(_("Works"), "check-circle", "ok"),
    "problem": State(_("Problem"), "exclamation-triangle", "danger"),
    "unchecked": State(_("Not checked yet"), "question-circle", "neutral"),
    "paused": State(_("Paused"), "pause-circle", "warn"),
    "stopped": State(_("Stopped"), "stop-circle", "danger"),
    "stale": State(_("Stale"), "clock-history", "warn"),
    "edited": State(_("Edited"), "pencil", "neutral"),
    # what a credential may do
    "missing_right": State(_("Right is missing"), "lock", "danger"),
    "restricted": State(_("Not granted to the app"), "slash-circle", "warn"),
    "no_licence": State(_("Not in the licence"), "tag", "warn"),
    "not_in_api": State(_("Not in the interface"), "x-circle", "neutral"),
    "down": State(_("Cannot be reached"), "plug", "danger"),
    "not_configured": State(_("Not set up"), "sliders", "warn"),
    "not_known": State(_("Not known"), "question-circle", "neutral"),
    "possible": State(_("Possible"), "check2-circle", "ok"),
    "impossible": State(_("Not possible"), "dash-circle", "neutral"),
    "demo": State(_("Demo"), "easel", "warn"),
}
# The same stored word is another state in another place.
_BY_KIND = {
    ("message", "queued"): "scheduled",
    ("delivery", "rejected"): "refused",
    ("capability", "unknown"): "not_known",
}


@register.inclusion_tag("_state.html")
def state(name: str, kind: str = "", label: str = "") -> dict[str, Any]:
    """The badge of a state. `kind` ("message", "delivery") tells apart states with one word; `label` replaces
    the word. A name that is not in STATES is shown as it is, in grey: a page must not fail over a badge."""
    name = str(name)
    known = STATES.get(_BY_KIND.get((kind, name), name)) or State(name, "question-circle", "neutral")
    return {"label": label or known.label, "icon": known.icon, "tone": known.tone}


@register.filter
def reachability(row: Any) -> str:
    """The state of a connection or mailbox: "problem", "works" or "unchecked"."""
    if row.problem_code:
        return "problem"
    return "works" if row.worked_at else "unchecked"


# --- Error sentences ----------------------------------------------------------------------------------


@register.inclusion_tag("_trouble.html", takes_context=True)
def trouble(
    context: Context, row: Any, prefix: str = "", tone: str = "", reference: str = ""
) -> dict[str, Any]:
    """The error sentence of `row`: a Trouble, or a model with `problem_code`, `problem_detail`, `problem_at`.

    With prefix="archive_" the fields are `archive_problem_code` and so on. Nothing is shown without a code.
    What the other side said, the administrators' sentence and the reference are for administrators only.
    """
    named = f"{prefix}problem_"
    code = str(getattr(row, "code", "") or getattr(row, f"{named}code", ""))
    return {
        "code": code,
        "problem": problem_of(code) if code else None,
        "detail": getattr(row, "detail", "") or getattr(row, f"{named}detail", ""),
        "since": getattr(row, f"{named}at", None),
        "reference": reference or _reference(row, code),
        "tone": tone or ("uncertain" if code == "smtp_uncertain" else "danger"),
        "is_administrator": context.get("is_administrator", False),
    }


def _reference(row: Any, code: str) -> str:
    """Names the row as the administrator finds it again, e.g. "mailbox 3 · login_refused"."""
    options = getattr(row, "_meta", None)
    return f"{options.model_name} {row.pk} · {code}" if options else code


@register.simple_tag(takes_context=True)
def notices(context: Context) -> list[Notice]:
    """The flash notices for this user; a page may use the name `messages` for its own mails."""
    request = context.get("request")
    return list(get_messages(request)) if request is not None else []


# --- Words and numbers --------------------------------------------------------------------------------


@register.filter
def moment(value: datetime | None) -> SafeString | str:
    """Date and time of day, "20 Nov 2026 14:02" or "20.11.2026 14:02"; "–" for None."""
    return _time_element(value, "d.m.Y H:i" if get_language() == "de" else "j M Y H:i")


@register.filter
def clock(value: datetime | None) -> SafeString | str:
    """The time of day to the second, "14:02:10"; "–" for None."""
    return _time_element(value, "H:i:s")


def _time_element(value: datetime | None, style: str) -> SafeString | str:
    if value is None:
        return "–"
    local = timezone.localtime(value)
    exact, words = local.isoformat(timespec="seconds"), date_format(local, style)
    return format_html('<time datetime="{}">{}</time>', exact, words)


@register.filter
def breakable(address: str) -> SafeString:
    """An address or host name that may go on in the next line after each "@", "." and "/"."""
    parts = re.findall(r"[^@./]*[@./]?", str(address))
    return format_html_join(mark_safe("<wbr>"), "{}", ((part,) for part in parts if part))


@register.simple_tag
def share(count: int, total: int) -> str:
    """`count` of `total` in whole per cent; what is there at all is never "0 %"."""
    percent = 100 * count / total if total else 0.0
    number = "<1" if 0 < percent < 1 else f"{percent:.0f}"
    # Translators: a share, e.g. 12 %; German puts a narrow space before the sign.
    return gettext("%(number)s%%") % {"number": number}


@register.simple_tag
def bar(count: int, total: int, tone: str = "accent") -> SafeString:
    """A horizontal bar on the scale 0 to `total`; drawn as SVG because the pages forbid inline styles."""
    width = 100 * min(count, total) / total if total > 0 else 0.0
    return format_html(
        '<svg class="bar tone-{}" viewBox="0 0 100 1" preserveAspectRatio="none" aria-hidden="true">'
        '<rect width="{}" height="1"/></svg>',
        tone,
        f"{max(width, 0.6) if count > 0 else 0:.2f}",
    )


_ROLE_NAMES = {
    "administrator": _("Administrator"),
    "approver": _("Approver"),
    "representative": _("Representative"),
    "viewer": _("Viewer"),
}


@register.filter
def role_names(user: AnyUser) -> str:
    """The user's roles in words, "Administrator, Approver"; empty without any."""
    mine = roles_of(user)
    return ", ".join(str(name) for role, name in _ROLE_NAMES.items() if role in mine)
