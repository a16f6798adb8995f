"""Users in the admin: administrators manage their colleagues, only superusers make superusers.

Nobody is deleted here, because the audit trail keeps names: a user who leaves is deactivated.
"""

from typing import Any

from django.contrib import admin
from django.contrib.auth import admin as auth_admin
from django.contrib.auth.forms import UserChangeForm
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

FOR_SUPERUSERS = ("is_superuser", "user_permissions")
NOT_ONES_OWN = ("is_active", "is_staff", "groups")


class UserForm(UserChangeForm):
    password = None  # type: ignore[assignment]  # not even a part of the hash


@admin.register(User)
class UserAdmin(auth_admin.UserAdmin):
    form = UserForm
    fieldsets = (
        (None, {"fields": ("username", "password_link")}),
        (_("Personal info"), {"fields": ("first_name", "last_name", "email")}),
        (_("Permissions"), {"fields": (*NOT_ONES_OWN, *FOR_SUPERUSERS)}),
        (_("Important dates"), {"fields": ("last_login", "date_joined")}),
    )

    @admin.display(description=_("Password"))
    def password_link(self, user: User) -> str:
        url = reverse("admin:auth_user_password_change", args=[user.pk])
        return format_html('<a href="{}">{}</a>', url, _("Change password"))

    def get_fieldsets(self, request: HttpRequest, obj: User | None = None) -> Any:
        left_out = set() if _is_superuser(request) else set(FOR_SUPERUSERS)
        if not self.has_change_permission(request, obj):
            left_out.add("password_link")
        return [
            (title, {**options, "fields": [name for name in options["fields"] if name not in left_out]})
            for title, options in super().get_fieldsets(request, obj)
        ]

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> list[str]:
        names = [*super().get_readonly_fields(request, obj), "password_link", "last_login", "date_joined"]
        if obj is not None and obj.pk == request.user.pk and not _is_superuser(request):
            names += NOT_ONES_OWN
        return names

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        is_above = obj is not None and obj.is_superuser and not _is_superuser(request)
        return not is_above and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        # The form has no such fields for them; this holds when somebody adds one.
        is_more = obj.is_superuser or set(FOR_SUPERUSERS) & set(form.cleaned_data)
        if is_more and not _is_superuser(request):
            raise PermissionDenied
        super().save_model(request, obj, form, change)


def _is_superuser(request: HttpRequest) -> bool:
    return bool(getattr(request.user, "is_superuser", False))
