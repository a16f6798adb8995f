"""Connection and mailboxes in the admin. Secrets go in and never come out again."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from connector.models import Connection, Mailbox, Origin, Representative
from connector.superoffice.errors import UnsafeAddress
from connector.superoffice.tenant import safe_address


class WriteOnlyField(forms.CharField):
    """Shows whether there is a secret, never which; left empty it keeps the stored one."""

    def __init__(self, **kwargs: Any) -> None:
        widget = forms.PasswordInput(render_value=False, attrs={"autocomplete": "new-password"})
        super().__init__(**{**kwargs, "required": False, "widget": widget, "strip": True})


class SecretsForm(forms.ModelForm):
    """Every field named in `secrets` is write-only, and a stored secret goes only where it always went.

    `destination` names the fields that decide whom a secret is told: whoever changes one of them has to know
    the secret, or a server of their own would be told it.
    """

    secrets: tuple[str, ...] = ()
    destination: tuple[str, ...] = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in set(self.secrets) & set(self.fields):  # a read-only page has none of them
            is_set = bool(self.instance.pk and getattr(self.instance, name))
            field = WriteOnlyField(
                label=self.fields[name].label,
                help_text=_("A value is stored. Leave empty to keep it.")
                if is_set
                else _("Nothing is stored yet."),
            )
            self.fields[name] = field
            self.initial.pop(name, None)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if self.instance.pk:
            stored = type(self.instance)._default_manager.get(pk=self.instance.pk)
            is_same = all(
                cleaned.get(name, getattr(stored, name)) == getattr(stored, name) for name in self.destination
            )
            for name in self.secrets:
                if not cleaned.get(name) and self.needs(name) and getattr(stored, name):
                    self._keep(name, getattr(stored, name), may_keep=is_same)
        return cleaned

    def needs(self, name: str) -> bool:
        """Whether an empty `name` stands for the stored secret; otherwise it is forgotten."""
        return True

    def _keep(self, name: str, secret: str, *, may_keep: bool) -> None:
        if may_keep:
            self.cleaned_data[name] = secret
        else:
            self.add_error(name, _("The destination has changed. Enter this again."))


class ConnectionForm(SecretsForm):
    secrets = ("client_secret", "refresh_token")
    destination = ("login_url", "environment", "context_identifier", "client_id")

    class Meta:
        model = Connection
        fields = [
            "name",
            "is_active",
            "environment",
            "context_identifier",
            "client_id",
            "client_secret",
            "refresh_token",
            "redirect_uri",
            "login_url",
        ]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        for name in self.secrets:
            if not cleaned.get(name) and name not in self.errors:
                self.add_error(name, _("This is needed to sign in."))
        return cleaned

    def clean_login_url(self) -> str:
        address: str = self.cleaned_data["login_url"]
        try:
            return safe_address(address, allow_loopback=True) if address else ""
        except UnsafeAddress as error:
            raise forms.ValidationError(
                _("This address is told secrets: it must begin with https://.")
            ) from error


class MailboxForm(SecretsForm):
    secrets = ("password",)
    destination = ("host", "port", "security", "username")

    class Meta:
        model = Mailbox
        fields = [
            "name",
            "is_active",
            "is_shared",
            "is_paused",
            "host",
            "port",
            "security",
            "username",
            "password",
            "from_address",
            "from_name",
        ]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        is_complete = bool(cleaned.get("username")) == bool(cleaned.get("password"))
        if not is_complete and "password" not in self.errors:
            self.add_error("password", _("A user name and a password go together."))
        return cleaned

    def needs(self, name: str) -> bool:
        return bool(self.cleaned_data.get("username"))  # a server without sign-in is told no password


class KeptByEnvironment(admin.ModelAdmin):
    """Rows that the environment keeps are shown but changed there."""

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        is_ours = obj is None or getattr(obj, "origin", Origin.ADMIN) == Origin.ADMIN
        return is_ours and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False  # what was sent from here keeps its origin; switch it off instead


@admin.register(Connection)
class ConnectionAdmin(KeptByEnvironment):
    form = ConnectionForm
    list_display = ("name", "context_identifier", "environment", "origin", "is_active")

    def get_fields(self, request: HttpRequest, obj: Connection | None = None) -> Any:
        return _without_secrets(self, request, obj, ConnectionForm)

    def save_model(self, request: HttpRequest, obj: Connection, form: Any, change: bool) -> None:
        # A token that was fetched with the old values must not outlive them.
        obj.access_token, obj.access_token_expires_at = "", None
        super().save_model(request, obj, form, change)


@admin.register(Mailbox)
class MailboxAdmin(KeptByEnvironment):
    form = MailboxForm
    list_display = ("name", "from_address", "host", "origin", "is_active", "is_paused")

    def get_fields(self, request: HttpRequest, obj: Mailbox | None = None) -> Any:
        return _without_secrets(self, request, obj, MailboxForm)


def _without_secrets(
    model_admin: KeptByEnvironment, request: HttpRequest, obj: Any, form: type[SecretsForm]
) -> Any:
    """Read-only pages print stored values; there the secret fields are left out."""
    names = list(form._meta.fields or ())
    if obj is not None and not model_admin.has_change_permission(request, obj):
        return [name for name in names if name not in form.secrets]
    return names


@admin.register(Representative)
class RepresentativeAdmin(admin.ModelAdmin):
    list_display = ("user", "associate_id", "mailbox")
    list_select_related = ("user", "mailbox")
