"""Reports in the admin; keywords have an editor of their own."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from reports.models import Report
from reports.schedule import is_valid_cron, is_valid_report_cron, keep_schedule


class ReportForm(forms.ModelForm):
    class Meta:
        model = Report
        fields = ["name", "limit", "cron"]

    def clean_cron(self) -> str:
        cron = " ".join(self.cleaned_data["cron"].split())
        if cron and not is_valid_cron(cron):
            raise forms.ValidationError(
                _("Write five fields: minute hour day month weekday, like 0 6 * * 1-5.")
            )
        if cron and not is_valid_report_cron(cron):
            raise forms.ValidationError(_("A report is made every 15 minutes at most."))
        return cron


@admin.register(Report)
class ReportAdmin(admin.ModelAdmin):
    form = ReportForm
    list_display = ("name", "limit", "cron")

    def save_model(self, request: HttpRequest, obj: Report, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        keep_schedule(obj)
