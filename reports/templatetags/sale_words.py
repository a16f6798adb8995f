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

from connector.problems import Problem, problem_of
from connector.templatetags.desk import trouble
from reports.models import Sync
from reports.templatetags.report_words import money_of
from reports.templatetags.run_words import words_of

register = template.Library()

_CHANGED = gettext_lazy("The connection was changed meanwhile. Read again with its new settings.")


@register.inclusion_tag("_trouble.html", takes_context=True)
def sync_trouble(context: Context, reading: Sync, tone: str = "") -> dict[str, Any]:
    """The error sentence of a finished reading: nobody tries it again by itself."""
    shown: dict[str, Any] = trouble(context, reading, tone=tone)
    if code := reading.problem_code:
        words = _CHANGED if code == "settings_changed" else words_of(code)
        shown["problem"] = Problem(words, problem_of(code).for_administrators)
    return shown


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
