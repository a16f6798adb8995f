"""Reports in the admin; what they show and when they run is defined in the browser, keywords have their editor."""

from django.contrib import admin
from django.http import HttpRequest

from reports.models import Report


@admin.register(Report)
class ReportAdmin(admin.ModelAdmin):
    fields = ("name", "description", "owner", "shared_with", "keep_runs", "keep_monthly")
    list_display = ("name", "owner", "shared_with")

    def has_delete_permission(self, request: HttpRequest, obj: Report | None = None) -> bool:
        """The page in the browser says what goes with a report, and keeps the trail of its downloads."""
        return False
