"""Small words of the pages about the local copy and a single sale."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django import template
from django.template import Context
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from connector.looking_again import PASSING
from connector.problems import Problem, Trouble, problem_of
from connector.services import current_connection
from connector.templatetags.desk import trouble
from reports.models import LocalCopy, Sync
from reports.templatetags.report_words import money_of
from reports.templatetags.run_words import time_of_trouble, words_of

register = template.Library()

_CHANGED = gettext_lazy("The connection was changed meanwhile. Read again with its new settings.")


@register.inclusion_tag("_trouble.html", takes_context=True)
def sync_trouble(context: Context, reading: Sync, tone: str = "", *effects: str) -> dict[str, Any]:
    """The error sentence of a finished reading, which nobody tries again by itself: the cause, then `effects`."""
    shown: dict[str, Any] = trouble(context, reading, tone=tone)
    shown |= {"effects": [sentence for sentence in effects if sentence], **time_of_trouble(reading)}
    if code := reading.problem_code:
        words = _CHANGED if code == "settings_changed" else words_of(code)
        shown["problem"] = Problem(words, problem_of(code).for_administrators)
    return shown


@register.inclusion_tag("_trouble.html", takes_context=True)
def raw_trouble(context: Context, problem: Trouble, effect: str) -> dict[str, Any]:
    """Why SuperOffice's own record cannot be shown. Nobody asks for it again, so nothing of that is promised."""
    shown: dict[str, Any] = trouble(context, problem)
    words = Problem(words_of(problem.code), problem.problem.for_administrators)
    next_step = _("Ask again in a few minutes.") if problem.code in PASSING else ""
    return shown | {"problem": words, "effects": [effect, next_step] if next_step else [effect]}


@register.inclusion_tag("reports/_copy_gap.html")
def copy_gap() -> dict[str, Any]:
    """Beside figures from the local copy: that it has gaps, and which. Two queries.

    Of a copy in which nothing is yet, pages speak by themselves.
    """
    connection = current_connection()
    copy = LocalCopy.objects.filter(connection=connection).first() if connection else None
    if copy is None or not copy.sale_count:
        return {"copy": None}
    finished = Sync.objects.of_tenant(connection).exclude(finished_at=None).newest_first()
    status = finished.values_list("status", flat=True).first()
    has_gap = not copy.is_complete or status not in {None, Sync.Status.SUCCEEDED}
    return {"copy": copy if has_gap else None}


@register.filter
def is_old(moment: datetime | None, hours: int) -> bool:
    """Whether what was read then is older than so many hours."""
    return moment is not None and timezone.now() - moment > timedelta(hours=hours)


@register.filter
def time_taken(reading: Sync) -> str:
    """How long a finished reading took, "4 s" or "12 min"; "–" when it never began."""
    if reading.started_at is None or reading.finished_at is None:
        return "–"
    seconds = max(round((reading.finished_at - reading.started_at).total_seconds()), 0)
    if seconds < 100:
        return _("%(count)s s") % {"count": seconds}
    if seconds < 100 * 60:
        return _("%(count)s min") % {"count": round(seconds / 60)}
    return _("%(count)s h") % {"count": number_format(Decimal(seconds) / 3600, 1)}


@register.filter
def in_currency(amount: Decimal, currency: str) -> str:
    """An amount with its currency, "12.400,00 €" in German."""
    return money_of(amount, currency)


@register.simple_tag
def sales_held(sale_count: int, without_company_count: int) -> str:
    """ "14,312 sales, 512 of them without a company"."""
    count = number_format(sale_count, force_grouping=True)
    words = ngettext("%(count)s sale", "%(count)s sales", sale_count) % {"count": count}
    if not without_company_count:
        return words
    without = number_format(without_company_count, force_grouping=True)
    return _("%(sales)s, %(count)s of them without a company") % {"sales": words, "count": without}
