"""Words for what became of a call."""

from datetime import datetime
from typing import Any

from django import template
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from connector.models import ApiCall
from connector.problems import problem_of

register = template.Library()

OUTCOMES: dict[str, Promise] = {
    "ok": _("Answered"),
    "unreachable": _("No answer from SuperOffice"),
    "unsafe_address": _("Unsafe address"),
    "unauthorized": _("Not signed in (401)"),
    "forbidden": _("Not allowed (403)"),
    "not_found": _("Not found (404)"),
    "bad_request": _("Refused (4xx)"),
    "rate_limited": _("Too many calls (429)"),
    "wrong_host": _("Wrong host (421)"),
    "server_error": _("Error in SuperOffice (5xx)"),
    "unexpected_answer": _("Unusable answer"),
}

# Our own words in `error_type`; SuperOffice's own look like SoNotFoundException.
KINDS: dict[str, Promise] = {
    "dns": _("the host name was not found"),
    "refused": _("nothing listens at this address"),
    "timeout": _("no answer in time"),
    "deadline": _("the answer did not end in time"),
    "tls": _("no trusted TLS connection"),
    "lost": _("the connection was lost"),
    "html": _("an HTML page instead of data"),
    "empty": _("nothing at all"),
    "truncated": _("the answer broke off"),
    "not_json": _("no JSON"),
    "too_big": _("an answer without end"),
    "redirect": _("a redirect, which is never followed"),
    "error_object": _("an error inside of a good answer"),
}

# The login host's words name the cause better than the status does.
_PROBLEMS = {
    "invalid_grant": "needs_consent",
    "invalid_client": "invalid_client",
    "unauthorized_client": "invalid_client",
}


@register.filter
def outcome_label(outcome: str) -> Promise | str:
    """A few words for the outcome of a call; an unknown one as it is."""
    return OUTCOMES.get(outcome, outcome)


@register.filter
def kind_words(error_type: str) -> Promise | str:
    """Our own kind of failure in words; empty for SuperOffice's, which are shown as they are."""
    return KINDS.get(error_type, "")


@register.filter
def advice(call: ApiCall) -> Promise | str:
    """What a failure means and what to do, for administrators."""
    return problem_of(_PROBLEMS.get(call.error_type, call.outcome)).for_administrators


@register.filter
def to_the_second(value: datetime) -> SafeString:
    """Date and time of day, "20 Nov 2026 14:02:10" or "20.11.2026 14:02:10"."""
    style = "d.m.Y H:i:s" if get_language() == "de" else "j M Y H:i:s"
    local = timezone.localtime(value)
    exact = local.isoformat(timespec="milliseconds")
    return format_html('<time datetime="{}">{}</time>', exact, date_format(local, style))


@register.filter
def parameters(asked: str) -> list[tuple[str, str]]:
    """The query's parameters as (name, value or what is left of it)."""
    pairs: list[Any] = [line.partition("=") for line in asked.splitlines()]
    return [(name, value) for name, _sign, value in pairs]
