"""What users may type on outreach pages."""

import re
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from outreach.models import Draft, MailTemplate, Suppression
from outreach.rendering import MOST_TEXT, TemplateProblem, try_out

_NUMBER = re.compile(r"[0-9]{1,18}")  # what a database can look for
MOST_SALES = 50  # one page of a report; also what fits into an address


class ChosenSalesForm(forms.Form):
    """The sales ticked on a report page, by the key of their local copy."""

    sale = forms.TypedMultipleChoiceField(coerce=int, label=_("Sales"))
    template = forms.ModelChoiceField(
        MailTemplate.objects.filter(is_active=True), label=_("Template"), required=False
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        ticked = self.data.getlist("sale") if hasattr(self.data, "getlist") else []
        numbers = [value for value in dict.fromkeys(ticked) if _NUMBER.fullmatch(value)]
        self.fields["sale"].choices = [(value, value) for value in numbers]  # type: ignore[attr-defined]

    def clean_sale(self) -> list[int]:
        chosen: list[int] = self.cleaned_data["sale"]
        if len(chosen) > MOST_SALES:
            raise forms.ValidationError(
                _("Choose at most %(most)s sales at a time."), params={"most": MOST_SALES}
            )
        return chosen


class DraftForm(forms.ModelForm):
    """The text of a draft. The recipient cannot be edited: a wrong one is corrected in SuperOffice."""

    body = Draft._meta.get_field("body").formfield(
        max_length=MOST_TEXT, widget=forms.Textarea(attrs={"rows": 16})
    )
    revision = forms.IntegerField(widget=forms.HiddenInput)

    class Meta:
        model = Draft
        fields = ["subject", "body"]

    def clean_subject(self) -> str:
        return " ".join(str(self.cleaned_data["subject"]).split())


class DecisionForm(forms.Form):
    """A decision binds the revision its maker saw."""

    revision = forms.IntegerField(widget=forms.HiddenInput)


class RejectForm(DecisionForm):
    REASONS = [
        ("not_now", _("Not now")),
        ("wrong_person", _("Wrong person")),
        ("wrong_facts", _("The facts are wrong")),
        ("wrong_tone", _("The text does not fit")),
        ("other", _("Other")),
    ]
    reason = forms.ChoiceField(choices=REASONS, label=_("Reason"))
    words = forms.CharField(label=_("In your words"), required=False, max_length=150)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("reason") == "other" and not cleaned.get("words"):
            self.add_error("words", _("Say in a few words why."))
        return cleaned

    def full_reason(self) -> str:
        label = str(dict(self.REASONS)[self.cleaned_data["reason"]])
        words = self.cleaned_data["words"]
        return f"{label}: {words}" if words else label


class MailTemplateForm(forms.ModelForm):
    """A template is filled with sample values when it is saved: no mistake waits for the first draft."""

    class Meta:
        model = MailTemplate
        fields = ["name", "language", "legal_basis", "subject", "body", "is_active"]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        for name in ("subject", "body"):
            try:
                try_out(str(cleaned.get(name, "")))
            except TemplateProblem as problem:
                self.add_error(name, str(problem))
        return cleaned


class SuppressionForm(forms.ModelForm):
    """Entries are compared in lower case, so they are stored so; "@domain" means the domain."""

    class Meta:
        model = Suppression
        fields = ["value", "reason"]

    def clean_value(self) -> str:
        return str(self.cleaned_data["value"]).strip().lower().removeprefix("@")
