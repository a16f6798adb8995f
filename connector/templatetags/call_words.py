"""Words for what became of a call, who asked it, what its failure means and what to do."""

import re
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

from connector.capabilities import capability_of, is_online
from connector.capability_words import NOBODY, OUR_ADMINISTRATOR, SUPEROFFICE_ADMINISTRATOR, WHO, Words
from connector.explanations import Explanation, explain
from connector.failures import is_of_check
from connector.models import ApiCall, Connection
from connector.problems import problem_of
from connector.superoffice import errors
from connector.superoffice.findings import GRANTED_PER_APP, Status, Surroundings, is_silence, refused

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
    "busy": _("No turn in time"),
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

# Texts that are ours although an answer came.
_OURS = set(KINDS) - {"html", "not_json", "error_object"}

# By what a job's id begins with.
JOBS: dict[str, Promise] = {
    "": _("Command line"),
    "command": _("Command line"),
    "request": _("A page of Sales Desk"),
    "probe": _("Check of the rights"),
    "trial": _("Trial with records"),
    "run": _("Report run"),
    "sync": _("Reading of the sales"),
    "schedule": _("Start of scheduled reports"),
    "dispatch": _("Sending of mails"),
    "archive": _("Filing of sent mails"),
    "sweep": _("Sweep of what got stuck"),
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
def own_words(call: ApiCall) -> str:
    """What SuperOffice itself said; empty where nobody answered or the text is ours."""
    is_ours = call.status is None or 300 <= call.status < 400 or call.error_type in _OURS
    return "" if is_ours else call.detail


@register.filter
def asker(call: ApiCall) -> str:
    """Who asked: a person, what was done for them, or both. A kind of job that is not known stays as it is."""
    kind = call.job.rpartition("-")[0] or call.job
    done = str(JOBS.get(kind, call.job))
    if call.user is None:
        return done
    name = call.user.get_full_name() or call.user.get_username()
    return name if kind in {"", "request"} else f"{name} · {done}"


@register.filter
def is_check(call: ApiCall) -> bool:
    """Whether the check of the rights, or its trial, asked it."""
    return is_of_check(call)


@register.filter
def who_acts(why: Explanation) -> str:
    """Who has to act on it; empty when nobody has to, or when it is not known."""
    return "" if why.who == NOBODY else str(WHO[why.who])


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


# --- What a failure means, and what to do -----------------------------------------------------------------

_CLOSED_AGENT = "closed_agent"  # one of those that the check does not ask
# What a call is about, in the words of the check; the first that fits.
_FEATURES: tuple[tuple[str, str], ...] = (
    (r"\w+ associate/me", "associate_me"),
    (r"\w+ shipment(/.*)?", "shipment"),
    (r"\w+ (sale|contact)/\{id\}/quotes", "sale_quotes"),
    (r"\w+ agents/email/.*", "native_email"),
    (r"\w+ (agents/)?crmscript(/.*)?", "crm_script"),
    (r"\w+ (agents/)?webhook(/.*)?", "webhooks"),
    (r"\w+ agents/(messaging|replication|user|documentmigration|erpsync)/.*", _CLOSED_AGENT),
    (r"\w+ (archive/mailings|agents/marketing/.*)", "native_mailing"),
    (r"\w+ (archive/findquoteline|agents/quote/.*)", "quote_lines"),
    (r"get sale(/\{id\})?", "read_sales"),
    (r"get contact(/\{id\})?", "read_companies"),
    (r"get person(/\{id\})?", "read_persons"),
    (r"get document(/\{id\}.*)?", "read_documents"),
    (r"put document/\{id\}/content", "upload_content"),
    (r"(post|patch) document(/.*)?", "create_document"),
    (r"post appointment(/.*)?", "create_follow_up"),
)
_INVENTED = {"associate_me", "shipment", "sale_quotes"}
_GRANTED = GRANTED_PER_APP | {_CLOSED_AGENT}

_ANSWERS: dict[str, type[errors.SuperOfficeError]] = {
    kind.code: kind
    for kind in (
        errors.Unauthorized,
        errors.Forbidden,
        errors.NotFound,
        errors.BadRequest,
        errors.ServerError,
    )
}
# The login host's words name the cause better than the status does.
_PROBLEMS = {
    "invalid_grant": "needs_consent",
    "invalid_client": "invalid_client",
    "unauthorized_client": "invalid_client",
}


_NOT_GRANTED = Words(
    _("Online, SuperOffice opens this agent only to apps that it has been granted to. No role changes that."),
    _("Ask SuperOffice to grant it to the app; the tenant then has to approve the app again."),
    OUR_ADMINISTRATOR,
)
# Where it is not known who was refused.
_MISSING_RIGHT = Words(
    _("SuperOffice refuses this to the user who asked: a right is missing."),
    _("Give the role of this user the right for it, in SuperOffice's settings under Roles."),
    SUPEROFFICE_ADMINISTRATOR,
)
_SIGN_IN_OVER = Words(
    _("SuperOffice no longer accepts the sign-in: it was revoked or has expired."),
    _("Sign in again with “Sign in with SuperOffice”."),
    NOBODY,
)


def advice(call: ApiCall, next_attempt: ApiCall | None = None) -> Explanation:
    """What a failure means, what to do and who, for administrators: as the check of the rights reads such an
    answer; where it has no reading, as the kind of failure says. `next_attempt` is the call's repetition.
    """
    return _as_refusal(call, next_attempt) or _as_problem(call)


def feature_of(call: ApiCall) -> str:
    """The feature of the rights page that the call is about; empty when there is none."""
    feature = _feature(call)
    return "" if feature == _CLOSED_AGENT else feature


def _feature(call: ApiCall) -> str:
    asked = f"{call.method} {call.operation}".lower()
    return next((feature for shape, feature in _FEATURES if re.fullmatch(shape, asked)), "")


def _as_refusal(call: ApiCall, next_attempt: ApiCall | None) -> Explanation | None:
    """The check's words, where the answer is a no of the tenant and not its bad moment."""
    error = _answer(call)
    if error is None or is_silence(error) or (next_attempt and next_attempt.outcome == "ok"):
        return None
    feature = _feature(call)
    if feature in _INVENTED:
        return explain(feature, Status.NOT_IN_API, {})
    if _may_be_the_token(call, next_attempt) or _names_a_missing_record(call):
        return None
    return _explained(call, feature, _status(call, feature, error))


def _status(call: ApiCall, feature: str, error: errors.SuperOfficeError) -> Status:
    """How the check of the rights reads the answer."""
    around = Surroundings(is_online=is_online(call.connection), is_system_user=_is_system_user(call))
    read_as = "native_email" if feature == _CLOSED_AGENT else feature
    status = refused(read_as, error, around).status
    is_closed = status == Status.RESTRICTED and feature in _GRANTED
    if isinstance(error, errors.Unauthorized) and status != Status.NO_LICENCE and not is_closed:
        return Status.UNKNOWN  # a matter of the sign-in
    return status


def _explained(call: ApiCall, feature: str, status: Status) -> Explanation | None:
    if status == Status.MISSING_RIGHT:
        return _missing_right(call, feature)
    if status == Status.RESTRICTED and feature == _CLOSED_AGENT:
        return _told(_NOT_GRANTED)
    if status in {Status.RESTRICTED, Status.NO_LICENCE}:
        return explain(feature, status, {"is_system": _is_system_user(call)})
    return None


def _is_system_user(call: ApiCall) -> bool:
    return call.connection.way_in == Connection.WayIn.SYSTEM_USER


def _answer(call: ApiCall) -> errors.SuperOfficeError | None:
    """The tenant's answer as the error it was; None when it gave none that says anything."""
    is_of_tenant = not call.operation.startswith("/") or call.operation in {"/api/v1", "/{tenant}/api"}
    said: dict[str, Any] = {
        "status": call.status,
        "error_type": "" if call.error_type in KINDS else call.error_type,
    }
    if not is_of_tenant:
        return None
    if call.outcome == errors.UnexpectedAnswer.code:
        problem = call.error_type if call.error_type in KINDS else "error_object"
        return errors.UnexpectedAnswer(call.detail, problem=problem, **said)
    kind = _ANSWERS.get(call.outcome)
    return kind(call.detail, **said) if kind else None


def _may_be_the_token(call: ApiCall, next_attempt: ApiCall | None) -> bool:
    """A 401 is a refusal only when a fresh token changed nothing."""
    return call.outcome == errors.Unauthorized.code and call.attempt == 1 and next_attempt is None


def _names_a_missing_record(call: ApiCall) -> bool:
    return call.outcome == errors.NotFound.code and "{id}" in call.operation


def _missing_right(call: ApiCall, feature: str) -> Explanation:
    """With user and role, as the last check found them, where it is sure that this user asked."""
    row = None
    # The log does not tell somebody's own sign-in from the connection's.
    if is_of_check(call) or not call.connection.personal_sign_ins.exists():
        row = capability_of(call.connection, "who_am_i")
    if row and row.facts.get("user") and row.facts.get("role"):
        return explain(feature, Status.MISSING_RIGHT, {name: row.facts[name] for name in ("user", "role")})
    return _told(_MISSING_RIGHT)


def _told(found: Words) -> Explanation:
    return Explanation(str(found.cause), str(found.action), found.who)


def _as_problem(call: ApiCall) -> Explanation:
    """The sentence for this kind of failure, which suits the connection's way in."""
    code = _PROBLEMS.get(call.error_type, call.outcome)
    way_in = call.connection.way_in
    if code == "needs_consent" and way_in != Connection.WayIn.REFRESH_TOKEN:
        return _told(_SIGN_IN_OVER)
    if code == "unauthorized" and way_in == Connection.WayIn.PASSWORD:
        code = "invalid_login"
    if code == "forbidden":  # the tenant's own are told as refusals
        code = "sign_in_failed"
    return Explanation(str(problem_of(code).for_administrators), "", NOBODY)
