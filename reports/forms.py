"""What users may type on report pages."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from reports import matching
from reports.keywords import to_matching
from reports.models import Keyword, Row, Sale


class FilterForm(forms.Form):
    """The filter of a result table; its state lives in the address."""

    q = forms.CharField(label=_("Search"), required=False, max_length=100)
    stage = forms.ChoiceField(label=_("Result"), required=False)
    status = forms.ChoiceField(label=_("Status"), required=False)
    after = forms.IntegerField(required=False, min_value=1, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["stage"].choices = [("", _("All with a company")), *Row.Stage.choices]  # type: ignore[attr-defined]
        self.fields["status"].choices = [("", _("Any")), *Sale.Status.choices]  # type: ignore[attr-defined]


# matching's problem codes -> the field they belong to and the sentence beside it
_PROBLEMS = {
    "product_missing": ("product", _("A keyword that finds something needs a product.")),
    "family_missing": ("family", _("A family name needs the family it stands for.")),
    "text_empty": ("text", _("The keyword has no letter and no digit.")),
    "text_too_long": ("text", _("The keyword is too long.")),
    "regex_too_long": ("text", _("The expression is too long.")),
    "regex_syntax": ("text", _("The expression cannot be read.")),
    "regex_matches_empty": ("text", _("The expression also matches nothing at all.")),
    "unknown_kind": ("kind", _("Choose what the keyword finds.")),
}


class KeywordForm(forms.ModelForm):
    """One keyword; what it means is checked by the same code that matches with it."""

    reason = forms.CharField(label=_("Reason for the change"), max_length=200)

    class Meta:
        model = Keyword
        fields = [
            "text",
            "product",
            "family",
            "type",
            "kind",
            "polarity",
            "generic",
            "inflect",
            "compound",
            "note",
        ]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not self.errors:
            keyword = Keyword(
                **{name: cleaned[name] for name in self.Meta.fields}, number=self.instance.number or 0
            )
            for problem in matching.validate(to_matching(keyword)):
                code, _colon, words = problem.partition(": ")
                field, sentence = _PROBLEMS.get(code, (None, words))
                self.add_error(field, sentence)
        return cleaned


class ReasonForm(forms.Form):
    reason = forms.CharField(label=_("Reason for the change"), max_length=200)
