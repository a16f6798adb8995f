"""Small words and numbers of report pages."""

from collections.abc import Iterable, Mapping
from typing import Any

from django import template
from django.utils.formats import number_format

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
