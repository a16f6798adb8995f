"""Connection, mailboxes and sign-ins in the admin. Secrets go in and never come out again."""

from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db.models import Model, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.html import format_html
from django.utils.text import capfirst
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from connector.forms import ConnectionForm, MailboxForm
from connector.hosts import is_host, is_off_limits, leads_off_limits
from connector.models import Connection, Mailbox, Origin, PersonalSignIn, Representative
from connector.problems import problem_of
from connector.roles import ADMINISTRATOR, is_administrator
from connector.services import FORGOTTEN, check_connection, check_mailbox, current_connection
from connector.sign_in_views import callback_address

Fieldsets = list[tuple[Any, dict[str, Any]]]

_APP = {
    "description": _(
        "What SuperOffice gave when Sales Desk was registered there as an app. Each environment has its own values."
    )
}
_SIGN_IN = {
    "description": _(
        "Choose one way and fill in only what belongs to it; the other fields stay empty. "
        "With the first way you may save without a token and sign in on the connection page."
    )
}
_ONSITE = {
    "description": _(
        "Only for a SuperOffice that runs on your own servers: choose the environment and the way to sign in "
        "for it above. For SuperOffice Online these fields stay empty."
    )
}


class TestedAdmin(admin.ModelAdmin):
    """A page with the button "Test now"; rows that the environment keeps are shown but changed there.

    `ask` asks what is outside with the stored values and remembers in the row how it went: the page and the
    button's answer show the same part, made from the row.
    """

    change_form_template = "admin/connector/tested.html"

    def ask(self, row: Any) -> None:
        raise NotImplementedError

    def groups(self, request: HttpRequest, obj: Any) -> Fieldsets:
        """The fields in groups, each with its title and what an administrator has to know."""
        raise NotImplementedError

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        is_ours = obj is None or getattr(obj, "origin", Origin.ADMIN) == Origin.ADMIN
        return is_ours and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False  # what was sent from here keeps its origin; switch it off instead

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """A read-only page prints stored values: there the secrets are left out."""
        hidden: set[str] = set()
        if obj is not None and not self.has_change_permission(request, obj):
            hidden |= set(self.form.secrets)  # type: ignore[attr-defined]
        shown = [
            (title, {**options, "fields": [name for name in options["fields"] if name not in hidden]})
            for title, options in self.groups(request, obj)
        ]
        return [(title, options) for title, options in shown if options["fields"]]

    def get_urls(self) -> list[Any]:
        test = self.admin_site.admin_view(require_POST(self.test_view))
        name = f"{self.opts.app_label}_{self.opts.model_name}_test"
        return [path("<int:pk>/test/", test, name=name), *super().get_urls()]

    def test_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Test the stored row. htmx gets the part that shows the result; a plain form gets the page back."""
        row: Any = self.get_object(request, str(pk))
        if row is None:
            raise Http404
        if not is_administrator(request.user) or not self.has_view_permission(request, row):
            raise PermissionDenied
        self.ask(row)
        if getattr(request, "htmx", False):
            row.refresh_from_db()
            context = {"original": row, "opts": self.opts, **_result(row)}
            return render(request, "admin/connector/_test.html", context)
        page = reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_change", args=[row.pk])
        return redirect(f"{page}#test")

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> Any:
        return super().render_change_form(
            request, {**_result(context.get("original")), **context}, *args, **kwargs
        )


def _result(row: Any) -> dict[str, Any]:
    """How the last attempt went, for the part with the button."""
    code = row.problem_code if row is not None else ""
    return {"problem": problem_of(code) if code else None}


@admin.register(Connection)
class ConnectionAdmin(TestedAdmin):
    form = ConnectionForm
    list_display = ("name", "context_identifier", "environment", "origin", "is_active")

    def ask(self, row: Connection) -> None:
        check_connection(row)

    def groups(self, request: HttpRequest, obj: Connection | None) -> Fieldsets:
        tenant = ["name", "is_active", "environment", "context_identifier"]
        if obj is not None and obj.origin != Origin.ADMIN:
            tenant.append("login_url")
        groups: Fieldsets = [
            (_("Tenant"), {"fields": tenant}),
            (_("App registration"), {"fields": ["client_id", "client_secret", "redirect_uri"], **_APP}),
            (
                _("Sign-in"),
                {"fields": ["way_in", "refresh_token", "system_user_token", "private_key"], **_SIGN_IN},
            ),
        ]
        if settings.SUPEROFFICE_ONSITE_HOSTS:
            fields = ["base_url", "username", "password"]
            groups.append((_("Installation of your own"), {"fields": fields, **_ONSITE}))
        return groups

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form: Any = super().get_form(request, obj, change=change, **kwargs)
        if "redirect_uri" in form.base_fields:
            form.kept_out_of_use = _missing_own_login(request)
            form.base_fields["redirect_uri"].help_text = format_html(
                gettext("Register this address for the app, and enter it here exactly as registered: {}"),
                format_html("<code>{}</code>", callback_address(request)),
            )
        return form

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> Any:
        notice = _missing_own_login(request) or _end_of_demo_login(request)
        return super().render_change_form(request, {"demo_notice": notice, **context}, *args, **kwargs)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        return {"redirect_uri": callback_address(request), **super().get_changeform_initial_data(request)}

    def save_model(self, request: HttpRequest, obj: Connection, form: Any, change: bool) -> None:
        """What was learnt with the old values does not outlive them; nothing else in the row is touched."""
        if not change:
            obj.save()
            return
        columns = {*ConnectionForm.Meta.fields, "login_url"}
        if form.has_new_values:
            for name, value in FORGOTTEN.items():
                setattr(obj, name, value)
            columns |= set(FORGOTTEN)
            obj.capabilities.all().delete()
        obj.save(update_fields=columns)
        obj.refresh_from_db(fields=["settings_version"])
        if form.has_moved:
            _forget_personal_sign_ins(request, obj)
        if form.forgotten:
            messages.warning(
                request,
                gettext(
                    "The sign-in belonged to the old values and is forgotten. "
                    "Sign in with SuperOffice again, on the connection page."
                ),
            )


def _missing_own_login(request: HttpRequest) -> str:
    """Why no other tenant may be in use yet: the demo's administrator would lock the only door there is."""
    if not _is_demo_login(request) or _own_administrators().exists():
        return ""
    users = format_html(
        '<a href="{}">{}</a>', reverse("admin:auth_user_changelist"), capfirst(User._meta.verbose_name_plural)
    )
    return format_html(
        gettext(
            "Your demo login ends as soon as another tenant is in use. First add a user of your own with the "
            "role administrator and staff status: {}"
        ),
        users,
    )


def _end_of_demo_login(request: HttpRequest) -> str:
    if not _is_demo_login(request):
        return ""
    return gettext(
        "Your demo login ends as soon as another tenant is in use. From then on sign in with your own user."
    )


def _is_demo_login(request: HttpRequest) -> bool:
    """Whether this user is one of the demo's, and its tenant is the one in use."""
    tenant = current_connection()
    return hasattr(request.user, "demologin") and tenant is not None and tenant.is_demo


def _own_administrators() -> QuerySet[User]:
    """Those who can open the administration without the demo's logins."""
    with_role = Q(groups__name=ADMINISTRATOR) | Q(is_superuser=True)
    people = User.objects.filter(with_role, is_active=True, is_staff=True, demologin__isnull=True)
    return people.exclude(password__startswith=UNUSABLE_PASSWORD_PREFIX)


def _forget_personal_sign_ins(request: HttpRequest, connection: Connection) -> None:
    """They were given to the old app and tenant, and would be told to the new one."""
    count, _by_model = connection.personal_sign_ins.all().delete()
    if count:
        messages.warning(
            request,
            ngettext(
                "One representative's own sign-in belonged to the old values and is forgotten.",
                "The own sign-ins of %(count)s representatives belonged to the old values and are forgotten.",
                count,
            )
            % {"count": count},
        )


@admin.register(Mailbox)
class MailboxAdmin(TestedAdmin):
    form = MailboxForm
    list_display = ("name", "from_address", "host", "origin", "is_active", "is_paused")

    def ask(self, row: Mailbox) -> None:
        check_mailbox(row)

    def groups(self, request: HttpRequest, obj: Mailbox | None) -> Fieldsets:
        server = ["host", "port", "security", "username", "password"]
        return [
            (_("Sender"), {"fields": ["name", "from_address", "from_name"]}),
            (_("Mail server"), {"fields": server}),
            (_("Use"), {"fields": ["is_active", "is_shared", "is_paused"]}),
        ]

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Name servers are asked before Django opens the transaction in which the form is read and saved."""
        host = request.POST.get("host", "").strip().rstrip(".")
        is_name = is_host(host) and not is_off_limits(host)
        request.leads_off_limits = is_name and leads_off_limits(host)  # type: ignore[attr-defined]
        return super().changeform_view(request, *args, **kwargs)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form: Any = super().get_form(request, obj, change=change, **kwargs)
        form.leads_off_limits = getattr(request, "leads_off_limits", False)
        return form


@admin.register(PersonalSignIn)
class PersonalSignInAdmin(admin.ModelAdmin):
    """Who has signed in at SuperOffice. Deleting only forgets that; in SuperOffice nothing changes."""

    fields = ("user", "connection", "email", "associate_id", "signed_in_at")
    list_display = ("user", "connection", "email", "signed_in_at")
    list_select_related = ("user", "connection")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False  # only the person can sign in

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


@admin.register(Representative)
class RepresentativeAdmin(admin.ModelAdmin):
    list_display = ("user", "associate_id", "mailbox")
    list_select_related = ("user", "mailbox")
