"""What people choose when they define a report."""

from datetime import date
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from connector.models import Connection
from reports.definitions.definition import DESCRIPTION, EARLIEST_DAY, LATEST_DAY, Definition, period_column
from reports.export import DEFAULT_KEYS, REPORT_COLUMNS
from reports.models import KeywordList, LocalCopy, Report, Sale, status_label

PERIOD_DAYS = ("sold_on", "registered_at", "changed_at")  # by which a sale may be of a period
_USUAL_DAY = Report.OrderedBy.SOLD_ON.value
_CURRENT_LIST = _("always the current version")
Choices = list[tuple[Any, Any]]


class ReportForm(forms.ModelForm):
    """A whole definition. What the chosen sort of sales does not need is neither asked for nor refused."""

    period_by = forms.ChoiceField(
        label=_("The day that counts"),
        required=False,
        help_text=_("By which of its days a sale belongs to the period."),
    )
    statuses = forms.MultipleChoiceField(
        label=_("Status"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("None ticked: sales of any status."),
    )
    owner_ids = forms.TypedMultipleChoiceField(
        label=_("Owners"),
        required=False,
        coerce=int,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("None ticked: everybody's sales."),
    )
    search_columns = forms.MultipleChoiceField(
        label=_("Also search in"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Where neither quote nor heading names a product, these texts are searched too."),
    )
    columns = forms.MultipleChoiceField(
        label=_("Columns"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("What the table and the files show; everybody can choose others while reading."),
    )

    class Meta:
        model = Report
        fields = [
            "name",
            "description",
            "scope",
            "limit",
            "ordered_by",
            "period",
            "period_from",
            "period_to",
            "companies",
            "statuses",
            "owner_ids",
            "keyword_list",
            "use_quotes",
            "search_columns",
            "columns",
            "shared_with",
            "keep_runs",
            "keep_monthly",
        ]
        widgets = {
            "scope": forms.RadioSelect,
            "period_from": forms.DateInput({"type": "date"}, format="%Y-%m-%d"),
            "period_to": forms.DateInput({"type": "date"}, format="%Y-%m-%d"),
        }

    def __init__(self, *args: Any, connection: Connection | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        chosen: Report = self.instance
        self._offer("statuses", status_choices(connection, chosen.statuses))
        self._offer("owner_ids", owner_choices(connection, chosen.owner_ids))
        self._offer("search_columns", text_choices(connection, chosen.search_columns))
        self._offer("columns", [(key, column.title) for key, column in REPORT_COLUMNS.items()])
        if not chosen.columns:
            self.initial["columns"] = list(DEFAULT_KEYS)
        lists: Any = self.fields["keyword_list"]
        lists.queryset, lists.empty_label = KeywordList.objects.newest_first(), _CURRENT_LIST
        lists.help_text = ""
        self._name_fields()
        # What another choice hides may be empty: `clean` asks for what the chosen one needs.
        self.fields["limit"].required = False

    def _name_fields(self) -> None:
        """Words for this page, where the model's own say too little or repeat the heading above them."""
        fields: dict[str, Any] = self.fields
        fields["name"].help_text = _("At most %(count)s characters.") % {"count": fields["name"].max_length}
        fields["name"].error_messages["required"] = _("Give the report a name.")
        fields["scope"].label = _("Selection")
        fields["limit"].label = _("How many")
        fields["period"].choices = [("", _("Please choose")), *Report.Period.choices]
        fields["ordered_by"].label = _("Ordered by")
        fields["ordered_by"].help_text = _("It says which sales are the newest.")
        fields["period_by"].choices = [one for one in Report.OrderedBy.choices if one[0] in PERIOD_DAYS]
        self.initial["period_by"] = self._day_of_period()
        fields["use_quotes"].label = _("Look in quotes too")
        fields["use_quotes"].help_text = _("Where they differ, the quote counts.")
        fields["keep_runs"].label = _("Keep so many runs whole")

    def _day_of_period(self) -> str:
        """The day that counts so far; for a report that was not of a period, the sale date."""
        report: Report = self.instance
        return period_column(Definition.of(report)) if report.scope == Report.Scope.PERIOD else _USUAL_DAY

    def _offer(self, name: str, choices: Choices) -> None:
        field: Any = self.fields[name]
        field.choices = choices

    def clean_columns(self) -> list[str]:
        """The usual ones are not stored: a report without a choice follows when they change."""
        wanted = self.cleaned_data["columns"]
        return [] if set(wanted) == set(DEFAULT_KEYS) else wanted

    def clean_period_from(self) -> date | None:
        return _sensible(self.cleaned_data["period_from"])

    def clean_period_to(self) -> date | None:
        return _sensible(self.cleaned_data["period_to"])

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        scope = cleaned.get("scope")
        if "limit" in cleaned and cleaned["limit"] is None:
            if scope == Report.Scope.NEWEST:
                self.add_error("limit", gettext("How many of the newest sales?"))
            else:
                cleaned["limit"] = self.instance.limit
        if scope == Report.Scope.PERIOD:
            self._check_period(cleaned)
        else:
            cleaned["period"] = ""
        return cleaned

    def _check_period(self, cleaned: dict[str, Any]) -> None:
        """A period goes by a day: the number, by which the newest sales may be told, is none."""
        asked = cleaned.get("period_by") or cleaned.get("ordered_by")
        cleaned["ordered_by"] = asked if asked in PERIOD_DAYS else _USUAL_DAY
        if "period" in cleaned and not cleaned["period"]:
            self.add_error("period", gettext("Choose the period."))
        if cleaned.get("period") != Report.Period.FIXED:
            return
        first, last = cleaned.get("period_from"), cleaned.get("period_to")
        if not first and not last and not {"period_from", "period_to"} & set(self.errors):
            self.add_error("period_from", gettext("Enter the first day, the last day or both."))
        if first and last and last < first:
            self.add_error("period_to", gettext("The last day is before the first one."))


def _sensible(day: date | None) -> date | None:
    """The day, if a sale can be of it. Raises ValidationError."""
    if day is not None and not EARLIEST_DAY <= day <= LATEST_DAY:
        words = gettext("Choose a day from %(first)s to %(last)s.")
        raise ValidationError(words % {"first": EARLIEST_DAY.year, "last": LATEST_DAY.year})
    return day


def status_choices(connection: Connection | None, chosen: list[str]) -> Choices:
    """Ours, those of the local copy that we do not know, and what is chosen already."""
    found = Sale.objects.of_tenant(connection).present().order_by("status")
    others = {*found.values_list("status", flat=True).distinct(), *chosen} - set(Sale.Status.values) - {""}
    return [*Sale.Status.choices, *((status, status_label(status)) for status in sorted(others))]


def owner_choices(connection: Connection | None, chosen: list[int]) -> Choices:
    """Everybody who owns a sale of the local copy, by name; one who is chosen stays on offer without any."""
    found = Sale.objects.of_tenant(connection).present().filter(owner_id__isnull=False)
    pairs = found.order_by("owner_name").values_list("owner_id", "owner_name").distinct()
    names: dict[int, str] = {}
    for owner, name in pairs:
        names[int(owner or 0)] = name or gettext("owner %(number)s") % {"number": owner}
    for owner in chosen:
        names.setdefault(owner, gettext("owner %(number)s") % {"number": owner})
    return list(names.items())


def text_choices(connection: Connection | None, chosen: list[str]) -> Choices:
    """The description, and the further texts that the local copy holds."""
    copy = LocalCopy.objects.filter(connection=connection).first()
    labels = {DESCRIPTION: gettext("Description")}
    for column in copy.text_columns if copy else []:
        labels.setdefault(str(column["name"]), str(column.get("label") or column["name"]))
    for name in chosen:
        labels.setdefault(name, name)
    return list(labels.items())
