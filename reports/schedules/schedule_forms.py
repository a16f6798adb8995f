"""What people choose when they plan a job."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.contrib.auth.models import User
from django.db.models import Q, QuerySet
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from connector import roles
from reports.models import JobSchedule, Report, SavedView
from reports.schedules.cron_words import FIVE_FIELDS, cron_problem

RHYTHM_FIELDS = ("rhythm", "at", "weekday", "day", "cron")


class PeopleField(forms.ModelMultipleChoiceField):
    """Users by name, with the address that a mail would go to."""

    widget = forms.CheckboxSelectMultiple

    def label_from_instance(self, obj: Any) -> str:
        name = obj.get_full_name() or obj.get_username()
        return f"{name} · {obj.email}" if obj.email else f"{name} · " + gettext("no e-mail address")


class RhythmForm(forms.ModelForm):
    """When: the part of the form that the list of the next moments is made from."""

    class Meta:
        model = JobSchedule
        fields = list(RHYTHM_FIELDS)
        widgets = {"at": forms.TimeInput({"type": "time"}, format="%H:%M")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        weekday: Any = self.fields["weekday"]
        weekday.choices = [("", _("Please choose")), *JobSchedule.Weekday.choices]
        for name in ("at", "weekday", "day", "cron"):
            # `clean` asks for what the chosen rhythm needs; the others are not on the screen.
            self.fields[name].widget.attrs["aria-required"] = "true"

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        rhythm, wanted = cleaned.get("rhythm"), {"cron"}
        if rhythm != JobSchedule.Rhythm.CRON:
            wanted = {"at", *_DAYS.get(str(rhythm), ())}
        for name in wanted - set(self.errors):
            if cleaned.get(name) in (None, ""):
                self.add_error(name, _MISSING[name])
        # What another rhythm needs is not kept: it would come back as a surprise.
        cleaned.update({name: None for name in ("weekday", "day") if name not in wanted})
        if "cron" not in wanted:
            cleaned["cron"] = ""
        elif cleaned.get("cron") and (problem := cron_problem(cleaned["cron"])):
            self.add_error("cron", problem)
        return cleaned


_DAYS = {"weekly": ("weekday",), "monthly": ("day",)}
_MISSING = {
    "at": _("Enter the time, like 06:00."),
    "weekday": _("Choose the weekday."),
    "day": _("Enter the day of the month, 1 to 31."),
    "cron": FIVE_FIELDS,
}


class ViewField(forms.ModelChoiceField):
    """Saved views, each with its report: which one is chosen is known only when the form comes back."""

    def label_from_instance(self, obj: Any) -> str:
        return f"{obj.report.name} · {obj.name}"


class ScheduleForm(RhythmForm):
    """A whole schedule. `user` sees the reports on offer; readings are planned by administrators."""

    recipients = PeopleField(
        label=_("Recipients"),
        queryset=User.objects.none(),
        required=False,
        help_text=_(
            "They get the result by e-mail, and hear when nothing started or it failed. With none ticked, "
            "administrators hear of failures."
        ),
    )

    class Meta(RhythmForm.Meta):
        field_classes = {"view": ViewField}
        fields = [
            "job",
            "report",
            "view",
            *RHYTHM_FIELDS,
            "recipients",
            "attachment",
            "on_empty",
            "is_active",
        ]

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        reports: Any = self.fields["report"]
        reports.queryset = Report.objects.visible_to(user).order_by("name")
        reports.empty_label = _("Please choose")
        reports.widget.attrs["aria-required"] = "true"
        views: Any = self.fields["view"]
        views.queryset = _views_to_choose(user, self.instance)
        views.empty_label = _("All that the report shows")
        self.fields["is_active"].label = _("Switched on")
        people: Any = self.fields["recipients"]
        people.queryset = people_to_tell(self.instance)
        if not roles.is_administrator(user):
            job: Any = self.fields["job"]
            job.choices = [
                (value, label)
                for value, label in JobSchedule.Job.choices
                if value == JobSchedule.Job.RUN_REPORT
            ]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if cleaned.get("job") != JobSchedule.Job.RUN_REPORT:
            cleaned.update(report=None, view=None, attachment=JobSchedule.Attachment.NONE)
        elif "report" in cleaned and cleaned["report"] is None:
            self.add_error("report", gettext("Choose the report."))
        view = cleaned.get("view")
        if view and cleaned.get("report") and view.report != cleaned["report"]:
            words = gettext("This view belongs to “%(report)s”. Choose one of the report above.")
            self.add_error("view", words % {"report": view.report.name})
        if (report := cleaned.get("report")) and "recipients" in cleaned:
            self._check_recipients(report, cleaned["recipients"])
        return cleaned

    def _check_recipients(self, report: Report, people: Iterable[User]) -> None:
        blind = [user for user in people if not may_see(user, report)]
        if blind:
            names = ", ".join(user.get_full_name() or user.get_username() for user in blind)
            words = gettext("Who may not see the report may not get it by e-mail: %(names)s") % {
                "names": names
            }
            self.add_error("recipients", words)


def _views_to_choose(user: User, schedule: JobSchedule) -> QuerySet[SavedView]:
    """One's own views and the shared ones of all reports that the user sees, and the one that is chosen."""
    mine = Q(owner=user) | Q(is_shared=True) | Q(pk=schedule.view_id)
    views = SavedView.objects.filter(mine, report__in=Report.objects.visible_to(user))
    return views.select_related("report").order_by("report__name", "name", "pk")


def people_to_tell(schedule: JobSchedule) -> Any:
    """Users with a role, and whoever is a recipient already, by name."""
    working = Q(is_active=True) & (Q(groups__name__in=roles.ROLES) | Q(is_superuser=True))
    if schedule.pk:
        working |= Q(pk__in=schedule.recipients.values("pk"))
    return User.objects.filter(working).distinct().order_by("last_name", "first_name", "username")


def may_see(user: User, report: Report) -> bool:
    """Whether the user works here and the report is shared with them."""
    return bool(roles.roles_of(user)) and Report.objects.visible_to(user).filter(pk=report.pk).exists()
