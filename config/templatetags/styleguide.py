"""Invented content for `/styleguide/`, so that each part is seen full, empty and broken. Only DEBUG loads it."""

from datetime import timedelta
from typing import Any

from django import forms, template
from django.utils import timezone

from connector.problems import PROBLEMS, Trouble
from connector.templatetags.desk import STATES

register = template.Library()


class ExampleForm(forms.Form):
    """One field of each kind that the pages use."""

    subject = forms.CharField(label="Subject", help_text="Up to 200 characters.")
    address = forms.EmailField(label="Address")
    family = forms.ChoiceField(label="Family", choices=[("cd", "CD-01"), ("rr", "RR-02")])
    note = forms.CharField(label="Note", widget=forms.Textarea(attrs={"rows": 3}), required=False)
    agreed = forms.BooleanField(label="The recipient may get this mail twice")


@register.simple_tag
def state_names() -> list[str]:
    return list(STATES)


@register.simple_tag
def example_form(is_refused: bool = False) -> forms.Form:
    return ExampleForm({"subject": "Your offer", "address": "nobody", "family": "cd"} if is_refused else None)


@register.simple_tag
def example_troubles() -> list[Trouble]:
    """Each known problem, with words that another side could have said."""
    return [
        Trouble(code, "535 5.7.8 Error: authentication failed: (reason unavailable)") for code in PROBLEMS
    ]


@register.simple_tag
def example(name: str) -> Any:
    """The list that the fragment `name` takes."""
    now = timezone.now()
    return {
        "now": now,
        "funnel": [
            {"label": "No company", "count": 61, "tone": "neutral", "url": "#"},
            {"label": "Company not readable", "count": 0, "tone": "neutral", "url": ""},
            {"label": "Empty heading", "count": 4, "tone": "neutral", "url": "#"},
            {"label": "Excluded by a keyword", "count": 37, "tone": "neutral", "url": "#"},
            {"label": "No product found", "count": 486, "tone": "warn", "url": "#"},
            {"label": "Product found", "count": 473, "tone": "accent", "url": "#"},
        ],
        "timeline": [
            {
                "at": now - timedelta(minutes=9),
                "what": "Draft made",
                "who": "Report of the day",
                "icon": "plus-lg",
            },
            {
                "at": now - timedelta(minutes=4),
                "what": "Text edited",
                "who": "Jana Beispiel",
                "icon": "pencil",
            },
            {
                "at": now - timedelta(minutes=3),
                "what": "Approved",
                "who": "Jana Beispiel",
                "icon": "check-lg",
            },
            {
                "at": now - timedelta(minutes=2),
                "what": "The mail server asked to try again later",
                "who": "Worker",
                "icon": "arrow-clockwise",
                "tone": "warn",
                "detail": "451 4.7.1 Greylisting in action, please come back later",
            },
            {
                "at": now - timedelta(minutes=1),
                "what": "Sent",
                "who": "Worker",
                "icon": "send-check",
                "tone": "ok",
                "detail": "250 2.0.0 Ok: queued as 4XyZ12abc",
            },
        ],
        "facets": [
            {
                "label": "Stage",
                "options": [
                    {"label": "Product found", "count": 473, "url": "#", "is_active": True},
                    {"label": "No product found", "count": 486, "url": "#", "is_active": False},
                ],
            },
            {
                "label": "Status",
                "options": [
                    {"label": "Open", "count": 1204, "url": "#", "is_active": False},
                    {"label": "Sold", "count": 311, "url": "#", "is_active": False},
                ],
            },
        ],
        "chips": [
            {"label": "Stage: Product found", "remove_url": "#"},
            {"label": "“robot”", "remove_url": "#"},
        ],
        "words": [
            (" ", "Dear Ms Beispiel,\n\nyour offer of "),
            ("-", "€ 12,400.00"),
            ("+", "€ 9,800.00"),
            (" ", " for the RR-02 is "),
            ("+", "still "),
            (" ", "valid until Friday."),
        ],
        "rows": [
            {
                "company": "Nordwind Reinigung GmbH",
                "person": "Jana Beispiel",
                "heading": "OMNIE CD-01 mit Ladestation, zwei Stück, inklusive Wartung im ersten Jahr und Schulung",
                "amount": "12.400,00 €",
                "state": "pending",
            },
            {
                "company": "Kranz Modell AG",
                "person": "Ole Muster",
                "heading": "RR-02-017-OMNIE",
                "amount": "980,00 €",
                "state": "uncertain",
            },
            {
                "company": "Halle Sieben e. K.",
                "person": "",
                "heading": "Service",
                "amount": "1.204,50 €",
                "state": "sent",
            },
        ],
    }[name]
