"""What may be typed about keywords. Preview and saving read the same form."""

from collections.abc import Iterable, Sequence
from typing import Any

from django import forms
from django.utils.text import format_lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from reports.keyword_lists.keyword_rules import (
    expression_problem,
    families_beside,
    is_taken,
    other_family_problem,
    problems_of,
    taken_problem,
)
from reports.keyword_lists.list_changes import LOSS_LENGTH, REASON_LENGTH
from reports.models import Keyword


class ReasonForm(forms.Form):
    """Why a new version is made; and, when much gets worse by it (`list_changes.Costly`), why that is right."""

    reason = forms.CharField(
        label=_("Reason for the change"),
        max_length=REASON_LENGTH,
        help_text=_("Stands in the list of versions."),
    )
    knows_loss = forms.BooleanField(label=_("I have seen what gets worse"), required=False)
    loss_reason = forms.CharField(label=_("Why that is right"), max_length=LOSS_LENGTH, required=False)

    def accepted_loss(self) -> str:
        """The reason for what gets worse, empty unless it was ticked as well."""
        return str(self.cleaned_data["loss_reason"]) if self.cleaned_data["knows_loss"] else ""

    def refuse_loss(self, reasons: Iterable[str]) -> None:
        """Say what is missing after the service refused: `reasons` are sentences about what gets worse."""
        words = " ".join([*reasons, gettext("Tick that you have seen it, and say why it is right.")])
        self.add_error("loss_reason" if self.cleaned_data.get("knows_loss") else "knows_loss", words)

    @property
    def asks_for_loss(self) -> bool:
        """Whether the part about what gets worse is open from the start."""
        return bool({"knows_loss", "loss_reason"} & self.errors.keys()) or bool(self.data.get("knows_loss"))


# One line under each field of a keyword.
HELP = {
    "text": _("As it stands in headings, such as “Wartung” or “CD-01”."),
    "type": _(
        "Word: such as “Wartung”. Code: a part number such as “CD-01”, also found as “CD01” and “CD 01”."
    ),
    "inflect": _(
        "“With German endings” also finds “Bürsten” for “Bürste”; “also with -s” finds “Services” for “Service”."
    ),
    "compound": _(
        "“As first part” finds “Akkutausch” for “Akku”, “as last part” finds “Vollwartung” for “Wartung”."
    ),
    "polarity": _("What it means when a heading has this keyword."),
    "kind": _("A tag alone does not count as a product."),
    "product": _("Its name in reports. A keyword that finds something needs one."),
    "family": _("Groups products in reports. May stay empty."),
    "generic": _("Counts only where the heading names no particular product (such as “OMNIE” alone)."),
    "note": _("For people only, such as “English” or “abbreviation”."),
}
_EXPRESSION_HELP = _(
    "Regular expression: a pattern such as “robo.?\\d”, where “.” is any character, “?” makes the one before it "
    "optional, “\\d” is a digit, “\\b” the edge of a word and “|” means or. Capital letters do not matter."
)
# Fields that only words have, and what they hold for everything else.
_WORDS_ONLY = {"inflect": Keyword.Inflect.NONE, "compound": Keyword.Compound.NONE}


class KeywordEdit(forms.ModelForm):
    """One keyword, as far as the preview needs it. `others` are the keywords of the list it goes into.

    Without `may_use_expressions` a regular expression is neither offered nor changed: the fields of one are only to
    be read. A keyword without a family takes
    that of its product.
    """

    class Meta:
        model = Keyword
        fields = [
            "text", "product", "family", "type", "kind", "polarity", "generic", "inflect", "compound", "note",
        ]  # fmt: skip

    def __init__(
        self, *args: Any, others: Sequence[Keyword] = (), may_use_expressions: bool = True, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self._others = others
        self._is_refused = not may_use_expressions
        self.is_read_only = self._is_refused and self.instance.type == Keyword.Type.REGEX
        for name, suggestions in (("product", "known-products"), ("family", "known-families")):
            self.fields[name].widget.attrs["list"] = suggestions
        for name, sentence in HELP.items():
            self.fields[name].help_text = sentence
        self.fields["generic"].label = _("Only the family name")
        for name in _WORDS_ONLY:
            self.fields[name].required = False  # out of sight for everything but words
        kinds = [("", _("Please choose")), *Keyword.Kind.choices]
        kind: Any = self.fields["kind"]
        kind.choices = kinds
        if may_use_expressions:
            self.fields["type"].help_text = format_lazy("{}<br>{}", HELP["type"], _EXPRESSION_HELP)
        elif not self.is_read_only:
            # Only out of sight: who sends it all the same reads who may.
            types: Any = self.fields["type"].widget
            types.choices = [one for one in types.choices if one[0] != Keyword.Type.REGEX]
        if self.is_read_only:
            for name in self.Meta.fields:
                self.fields[name].disabled = True

    def read_only_reason(self) -> str:
        return expression_problem()[1] if self.is_read_only else ""

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        for name, nothing in _WORDS_ONLY.items():
            if name in cleaned and (not cleaned[name] or cleaned.get("type") != Keyword.Type.WORD):
                cleaned[name] = nothing
        if all(name in cleaned for name in self.Meta.fields):
            keyword = Keyword(
                **{name: cleaned[name] for name in self.Meta.fields}, number=self.instance.number or 0
            )
            problems = problems_of(keyword)
            if is_taken(keyword, self._others):
                problems.append(taken_problem())
            if families := families_beside(keyword, self._others):
                cleaned["family"] = cleaned["family"] or families[0]
                if cleaned["family"] not in families:
                    problems.append(other_family_problem(keyword, families[0]))
            if self.is_read_only or (self._is_refused and keyword.type == Keyword.Type.REGEX):
                problems.append(expression_problem())
            for field, sentence in problems:
                self.add_error(field, sentence)
        return cleaned


class KeywordForm(KeywordEdit, ReasonForm):
    """One keyword, to be saved with a reason."""


class FateForm(forms.Form):
    """What becomes of the keywords of a product that is removed; the choice lives in the address."""

    REMOVE, MOVE = "remove", "move"
    product = forms.CharField(widget=forms.HiddenInput)
    fate = forms.ChoiceField(
        label=_("Its keywords"),
        choices=[(REMOVE, _("Remove all of them")), (MOVE, _("Give them to another product"))],
        widget=forms.RadioSelect,
    )
    target = forms.ChoiceField(label=_("Other product"), required=False)

    def __init__(self, *args: Any, targets: Sequence[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        target: Any = self.fields["target"]
        target.choices = [("", _("Choose a product")), *((name, name) for name in targets)]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("fate") == self.MOVE and not cleaned.get("target"):
            self.add_error("target", _("Choose the product that gets them."))
        return cleaned

    def heir(self) -> str:
        """The product that gets the keywords; empty when they go."""
        return str(self.cleaned_data["target"]) if self.cleaned_data["fate"] == self.MOVE else ""


MOST_BYTES = 1_500_000  # of an import: its text travels in the page between the dry run and saving


_PASTE = forms.Textarea(attrs={"rows": 8, "spellcheck": "false"})


class ImportForm(forms.Form):
    """A file or pasted text, and what becomes of keywords that it does not have."""

    REPLACE, ADD = "replace", "add"
    file = forms.FileField(
        label=_("File"), required=False, help_text=_("CSV, UTF-8, at most 10,000 keywords.")
    )
    text = forms.CharField(label=_("or pasted lines"), required=False, strip=False, widget=_PASTE)
    mode = forms.ChoiceField(
        label=_("Keywords that are not in it"),
        choices=[(ADD, _("Stay as they are")), (REPLACE, _("Are removed: the file is the whole list"))],
        widget=forms.RadioSelect,
        initial=ADD,
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not self.errors and not cleaned.get("file") and not (cleaned.get("text") or "").strip():
            raise forms.ValidationError(_("Choose a file or paste some lines."))
        size = cleaned["file"].size if cleaned.get("file") else len((cleaned.get("text") or "").encode())
        if size > MOST_BYTES:
            self.add_error("file", _("This is too much: 1.5 MB are the limit."))
        return cleaned
