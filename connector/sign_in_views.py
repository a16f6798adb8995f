"""Signing in with SuperOffice: for the connection (administrators) and for oneself (representatives)."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST, require_safe

from connector import sign_in
from connector.models import Connection, PersonalSignIn, Representative
from connector.problems import problem_code, problem_of
from connector.roles import is_administrator, signed_in
from connector.services import current_connection
from connector.superoffice.errors import Declined, SuperOfficeError


def callback_address(request: HttpRequest) -> str:
    """Where SuperOffice's answers arrive at this installation; the address to register for the app."""
    return request.build_absolute_uri(reverse("superoffice_callback"))


@require_POST
def connection_sign_in(request: HttpRequest, pk: int) -> HttpResponse:
    if not is_administrator(request.user):
        raise PermissionDenied
    connection = get_object_or_404(Connection, pk=pk)
    return _begin(request, connection, is_personal=False, page="connection")


@require_safe
def my_sign_in(request: HttpRequest) -> HttpResponse:
    user, connection = signed_in(request), current_connection()
    context = {
        "connection": connection,
        "representative": Representative.objects.filter(user=user).first(),
        "own": PersonalSignIn.objects.filter(user=user, connection=connection).first(),
        "obstacle": sign_in.obstacle(connection, callback_address(request), is_personal=True),
    }
    return render(request, "connector/my_sign_in.html", context)


@require_POST
def my_sign_in_begin(request: HttpRequest) -> HttpResponse:
    get_object_or_404(Representative, user=signed_in(request))
    return _begin(request, current_connection(), is_personal=True, page="my_sign_in")


@require_POST
def my_sign_in_forget(request: HttpRequest) -> HttpResponse:
    PersonalSignIn.objects.filter(user=signed_in(request), connection=current_connection()).delete()
    messages.success(
        request, _("Your sign-in is forgotten. Your mails are filed by Sales Desk's own user again.")
    )
    return redirect("my_sign_in")


@require_GET
def superoffice_callback(request: HttpRequest) -> HttpResponse:
    """Where SuperOffice sends the browser back to. Whoever is not signed in (any more) begins again."""
    if not request.user.is_authenticated:
        messages.info(request, _("Sign in here first, then begin the sign-in at SuperOffice once more."))
        return redirect("login")
    waiting = request.session.get(sign_in.SESSION_KEY) or {}
    is_for_connection = is_administrator(request.user) and not waiting.get("is_personal")
    page = "connection" if is_for_connection else "my_sign_in"
    try:
        sign_in.finish(
            session=request.session,
            answer=request.GET.dict(),
            user=signed_in(request),
            now=timezone.now(),
        )
    except SuperOfficeError as error:
        _tell(request, error)
    else:
        messages.success(request, _("You are signed in with SuperOffice."))
    return redirect(page)


def _begin(
    request: HttpRequest, connection: Connection | None, *, is_personal: bool, page: str
) -> HttpResponse:
    reason = sign_in.obstacle(connection, callback_address(request), is_personal=is_personal)
    if connection is None or reason:
        messages.warning(request, reason)
        return redirect(page)
    address = sign_in.begin(session=request.session, connection=connection, is_personal=is_personal)
    # No redirect: a browser holds a form to its page's policy over all redirects that follow, and SuperOffice
    # sends people on to the sign-in of their own company.
    leaving = render(request, "connector/leaving.html", {"address": address})
    leaving["Refresh"] = f"0; url={address}"
    return leaving


def _tell(request: HttpRequest, error: SuperOfficeError) -> None:
    """One sentence for this reader. Refusing on purpose is no failure."""
    if isinstance(error, sign_in.SignInRefused):
        messages.warning(request, error.sentence)
        return
    problem = problem_of(problem_code(error))
    if isinstance(error, Declined):
        messages.info(request, str(problem.for_salespeople))
        return
    is_told_all = is_administrator(request.user)
    words = [str(problem.for_administrators if is_told_all else problem.for_salespeople)]
    if is_told_all and error.detail:
        words.append(_("SuperOffice said: “%(words)s”") % {"words": error.detail})
    messages.error(request, " ".join(words))
