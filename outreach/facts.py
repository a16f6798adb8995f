"""The facts a mail stands on: values from SuperOffice, each with its source.

A draft stores the ones it used, an approval stands on them, and the dispatcher reads them again before the
mail leaves.
"""

from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.utils import translation
from django.utils.formats import date_format, number_format

from connector.models import Representative
from reports.keyword_lists.keywords import current_list, matcher_of
from reports.models import Sale


@dataclass(frozen=True, slots=True)
class Fact:
    """`value` is canonical text (ISO dates, dots in numbers), so that it compares the same in any language."""

    object: str
    id: int
    field: str
    value: str
    read_at: str

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


# What a template may name -> (object, field of the local copy that it comes from)
PLACEHOLDERS = {
    "person.name": ("person", "person_name"),
    "company.name": ("company", "company_name"),
    "sale.heading": ("sale", "heading"),
    "sale.amount": ("sale", "amount"),
    "sale.currency": ("sale", "currency"),
    "sale.date": ("sale", "sold_on"),
    "products": ("sale", "heading"),
    "representative.name": ("sale", "owner_id"),
}
# What a template is tried with before it meets a customer: a value for every placeholder
SAMPLE_VALUES: dict[str, Any] = {
    "person": {"name": "Erika Muster"},
    "company": {"name": "Muster Gebäudereinigung GmbH"},
    "sale": {
        "heading": "2 x OMNIE CD-01 mit Wartung",
        "amount": "12.400,00",
        "currency": "EUR",
        "date": "20.11.2026",
    },
    "products": "2 × OMNIE CD-01, Wartung",
    "representative": {"name": "Jonas Weber"},
}
# A mail always stands on its recipient.
ALWAYS = (("person", "person_email"),)


def values_for(sale: Sale, representative: Representative, *, language: str) -> dict[str, Any]:
    """The plain data a template is filled with; what is empty is left out, so that its use is an error."""
    with translation.override(language):
        values = {
            "person": {"name": sale.person_name},
            "company": {"name": sale.company_name},
            "sale": {
                "heading": sale.heading,
                "amount": number_format(sale.amount, decimal_pos=2, use_l10n=True, force_grouping=True),
                "currency": sale.currency,
                "date": date_format(sale.sold_on, "SHORT_DATE_FORMAT") if sale.sold_on else "",
            },
            "representative": {"name": str(representative)},
        }
    full = {name: {key: value for key, value in group.items() if value} for name, group in values.items()}
    products = product_list(sale.heading)
    return {**full, "products": products} if products else full


def product_list(heading: str) -> str:
    """The products a heading names, as a sentence part: "2 × OMNIE CD-01, Wartung"."""
    matches = matcher_of(current_list()).match(heading).matches
    return ", ".join(f"{m.quantity} × {m.product}" if m.quantity != 1 else m.product for m in matches)


def facts_of(sale: Sale, used: set[str]) -> list[dict[str, Any]]:
    """The facts behind the placeholders `used`, as a draft stores them."""
    ids = {"person": sale.person_id or 0, "company": sale.company_id or 0, "sale": sale.sale_id}
    sources = sorted({PLACEHOLDERS[name] for name in used} | set(ALWAYS))
    read_at = sale.read_at.isoformat(timespec="seconds")
    return [
        Fact(kind, ids[kind], field, canonical(getattr(sale, field)), read_at).as_json()
        for kind, field in sources
    ]


def canonical(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return f"{value:.2f}"
    if isinstance(value, date):
        return value.isoformat()
    return str(value)


def renewed(stored: list[dict[str, Any]], fresh: Sale) -> list[dict[str, Any]]:
    """The same facts with the values of now."""
    read_at = fresh.read_at.isoformat(timespec="seconds")
    return [
        {**fact, "value": canonical(getattr(fresh, fact["field"])), "read_at": read_at} for fact in stored
    ]


def changed_facts(stored: list[dict[str, Any]], fresh: Sale) -> list[dict[str, str]]:
    """Which of the stored facts no longer hold: [{"field", "was", "is"}]."""
    return [
        {"field": fact["field"], "was": fact["value"], "is": now}
        for fact in stored
        if (now := canonical(getattr(fresh, fact["field"]))) != fact["value"]
    ]
