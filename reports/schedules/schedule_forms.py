"""What people choose when they plan a job."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.contrib.auth.models import User
from django.db.models import Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from connector import roles
from reports.models import JobSchedule, Report
from reports.schedules.schedule import is_seldom_enough, is_valid_cron

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
        elif cleaned.get("cron"):
            self._check_cron(cleaned["cron"])
        return cleaned

    def _check_cron(self, cron: str) -> None:
        if not is_valid_cron(cron):
            words = _("Write five fields, minute hour day month weekday, of a moment that comes: 0 6 * * 1-5")
            self.add_error("cron", words)
        elif not is_seldom_enough(cron):
            self.add_error("cron", _("Not more often than every 15 minutes."))


_DAYS = {"weekly": ("weekday",), "monthly": ("day",)}
_MISSING = {
    "at": _("Enter the time, like 06:00."),
    "weekday": _("Choose the weekday."),
    "day": _("Enter the day of the month, 1 to 31."),
    "cron": _("Write five fields: minute hour day month weekday, like 0 6 * * 1-5."),
}


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
        fields = ["job", "report", *RHYTHM_FIELDS, "recipients", "attachment", "on_empty", "is_active"]

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        reports: Any = self.fields["report"]
        reports.queryset = Report.objects.visible_to(user).order_by("name")
        reports.empty_label = _("Please choose")
        reports.widget.attrs["aria-required"] = "true"
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
            cleaned.update(report=None, attachment=JobSchedule.Attachment.NONE)
        elif "report" in cleaned and cleaned["report"] is None:
            self.add_error("report", gettext("Choose the report."))
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


def people_to_tell(schedule: JobSchedule) -> Any:
    """Users with a role, and whoever is a recipient already, by name."""
    working = Q(is_active=True) & (Q(groups__name__in=roles.ROLES) | Q(is_superuser=True))
    if schedule.pk:
        working |= Q(pk__in=schedule.recipients.values("pk"))
    return User.objects.filter(working).distinct().order_by("last_name", "first_name", "username")


def may_see(user: User, report: Report) -> bool:
    """Whether the user works here and the report is shared with them."""
    return bool(roles.roles_of(user)) and Report.objects.visible_to(user).filter(pk=report.pk).exists()
