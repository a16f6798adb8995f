"""Small words and numbers of report pages."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from django import template
from django.contrib.auth.models import User
from django.utils.formats import date_format, number_format
from django.utils.translation import get_language

from reports.models import Sale

register = template.Library()

_SYMBOLS = {"EUR": "€", "GBP": "£", "USD": "$"}


@register.filter
def money(sale: Sale) -> str:
    """The amount of a sale with its currency, "12.400,00 €" in German; never broken across lines."""
    amount = number_format(sale.amount, decimal_pos=2, use_l10n=True, force_grouping=True)
    return f"{amount}\N{NO-BREAK SPACE}{_SYMBOLS.get(sale.currency, sale.currency)}".rstrip()


@register.filter
def counted(funnel: Iterable[Mapping[str, Any]]) -> int:
    """The sum of a funnel's stages: how many sales are accounted for."""
    return sum(int(line["count"]) for line in funnel)


@register.filter
def day(value: date | None) -> str:
    """A day as its reader writes it, "20 Nov 2026" or "20.11.2026"; "–" for None."""
    return date_format(value, "d.m.Y" if get_language() == "de" else "j M Y") if value else "–"


@register.filter
def full_name(user: User | None) -> str:
    """How a user is called on pages; "–" for one who is gone."""
    return str(user.get_full_name() or user.get_username()) if user else "–"
