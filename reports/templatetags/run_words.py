"""What went wrong in a run, in words that are true for a run: nobody tries it again by itself."""

from typing import Any

from django import template
from django.template import Context
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from connector.capabilities import reason_against
from connector.problems import Problem, problem_of
from connector.services import current_connection
from connector.templatetags.desk import trouble
from reports.models import Run, Work

register = template.Library()

_DOWN = _("SuperOffice could not be reached.")
_ODD = _("SuperOffice gave an answer we cannot use.")
# Problem code -> the sentence for salespeople, where the usual one promises that we go on by ourselves.
_WORDS: dict[str, Promise] = {
    "unreachable": _DOWN,
    "wrong_host": _DOWN,
    "server_error": _DOWN,
    "bad_request": _ODD,
    "unexpected_answer": _ODD,
    "tenant_not_running": _("SuperOffice was under maintenance."),
    "rate_limited": _("SuperOffice asked us to slow down and did not let us go on in time."),
    "settings_changed": _("The connection was changed meanwhile. Start the report again."),
}


def words_of(code: str) -> str:
    """The sentence for salespeople about a run that ended with this problem."""
    return str(_WORDS.get(code) or problem_of(code).for_salespeople)


@register.inclusion_tag("_trouble.html", takes_context=True)
def run_trouble(
    context: Context,
    run: Run,
    tone: str = "",
    *effects: str,
    link_url: str = "",
    link_label: str = "",
) -> dict[str, Any]:
    """The error sentence of a finished run, as `trouble` shows it elsewhere: the cause, then `effects` (what it
    means, what to do; empty ones are left out) and a link, in one box.
    """
    shown: dict[str, Any] = trouble(context, run, tone=tone)
    if words := _WORDS.get(run.problem_code):
        shown["problem"] = Problem(words, problem_of(run.problem_code).for_administrators)
    return shown | {
        "effects": [sentence for sentence in effects if sentence],
        "link_url": link_url,
        "link_label": link_label,
        **time_of_trouble(run),
    }


def time_of_trouble(work: Work) -> dict[str, Any]:
    """Since when the trouble is there, where the connection still has it: since its first failure, as everywhere.
    Where it has not, when the work met it.
    """
    connection = current_connection()
    goes_on = (
        connection is not None and bool(work.problem_code) and connection.problem_code == work.problem_code
    )
    since = connection.problem_at if connection is not None and goes_on else None
    return {"since": since or work.problem_at, "is_over": not goes_on}


@register.simple_tag
def reading_obstacle() -> str:
    """Why a run surely cannot read sales, as the last check of the rights found; or empty. One query."""
    connection = current_connection()
    return (reason_against(connection, "read_sales") if connection else None) or ""
