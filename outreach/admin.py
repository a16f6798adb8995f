"""Templates and suppressions in the admin. Drafts, messages and events have pages of their own."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from connector.roles import signed_in
from outreach.forms import MailTemplateForm, SuppressionForm
from outreach.models import MailTemplate, Suppression


@admin.register(MailTemplate)
class MailTemplateAdmin(admin.ModelAdmin):
    form = MailTemplateForm
    list_display = ("name", "language", "legal_basis", "version", "is_active")

    def save_model(self, request: HttpRequest, obj: MailTemplate, form: Any, change: bool) -> None:
        if change and {"subject", "body"} & set(form.changed_data):
            obj.version += 1
        super().save_model(request, obj, form, change)

    def has_delete_permission(self, request: HttpRequest, obj: MailTemplate | None = None) -> bool:
        return False  # drafts point to it; switch it off instead


@admin.register(Suppression)
class SuppressionAdmin(admin.ModelAdmin):
    form = SuppressionForm
    list_display = ("value", "reason", "created_at", "created_by")
    search_fields = ("value",)

    def save_model(self, request: HttpRequest, obj: Suppression, form: Any, change: bool) -> None:
        obj.created_by = obj.created_by or signed_in(request)
        super().save_model(request, obj, form, change)
