"""The pages about what is outside: the tenant and the mailboxes."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from connector import sign_in
from connector.models import Mailbox
from connector.roles import is_administrator
from connector.services import (
    check_connection,
    check_mailbox,
    current_connection,
    has_sign_in,
    shared_mailbox,
)
from connector.sign_in_views import callback_address

# What signing in again can mend.
SIGN_IN_LOST = {"needs_consent", "not_signed_in", "no_system_user_token", "wrong_tenant", "unauthorized"}


@require_safe
def connection(request: HttpRequest) -> HttpResponse:
    found = current_connection()
    context = {
        "connection": found,
        "obstacle": sign_in.obstacle(found, callback_address(request)),
        "callback": callback_address(request),
        "has_sign_in": found is not None and has_sign_in(found),
        "is_sign_in_lost": found is not None and found.problem_code in SIGN_IN_LOST,
    }
    return render(request, "connector/connection.html", context)


@require_POST
def connection_check(request: HttpRequest) -> HttpResponse:
    if not is_administrator(request.user):
        raise PermissionDenied
    if check_connection(current_connection()) is None:
        messages.success(request, _("SuperOffice answers."))
    return redirect("connection")


@require_safe
def mailboxes(request: HttpRequest) -> HttpResponse:
    shared = shared_mailbox()
    rows = (
        Mailbox.objects.filter(is_active=True)
        .prefetch_related("representative_set__user")
        .order_by("name", "pk")
    )
    return render(request, "connector/mailboxes.html", {"mailboxes": rows, "shared": shared})


@require_POST
def mailbox_check(request: HttpRequest, pk: int) -> HttpResponse:
    if not is_administrator(request.user):
        raise PermissionDenied
    mailbox = get_object_or_404(Mailbox, pk=pk)
    if check_mailbox(mailbox) is None:
        messages.success(request, _("%(mailbox)s accepts our sign-in.") % {"mailbox": mailbox})
    return redirect("mailboxes")
