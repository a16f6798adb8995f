"""Small words and numbers of report pages."""

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from django import template
from django.contrib.auth.models import User
from django.utils.formats import date_format, number_format
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from reports.models import Sale

register = template.Library()

_SYMBOLS = {"EUR": "€", "GBP": "£", "USD": "$"}


@register.filter
def money(sale: Sale) -> str:
    """The amount of a sale with its currency, as `money_of`."""
    return money_of(sale.amount, sale.currency)


def money_of(amount: Decimal, currency: str) -> str:
    """An amount with its currency, "12.400,00 €" in German; never broken across lines."""
    number = number_format(amount, decimal_pos=2, use_l10n=True, force_grouping=True)
    return f"{number}\N{NO-BREAK SPACE}{_SYMBOLS.get(currency, currency)}".rstrip()


@register.filter
def grouped(number: Decimal | int | None) -> str:
    """A number as its reader writes it, "12,400.5", without zeros at its end; "–" for None."""
    if number is None:
        return "–"
    whole = str(number) if isinstance(number, int) else f"{number.normalize():f}"
    if len(whole) < 4 and whole.isdecimal():
        return whole
    return str(number_format(whole, use_l10n=True, force_grouping=True))


@register.simple_tag
def percent(part: float) -> str:
    """A part of a whole (0 to 1) in whole per cent; what is there at all is never "0 %"."""
    number = "<1" if 0 < part < 0.01 else f"{100 * part:.0f}"
    # Translators: a share, e.g. 12 %; German puts a narrow space before the sign.
    return _("%(number)s%%") % {"number": number}


@register.filter
def beside(left: Iterable[Any], right: Iterable[Any]) -> list[tuple[Any, Any]]:
    """Two lists of one length side by side."""
    return list(zip(left, right, strict=True))


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
