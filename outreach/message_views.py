"""One message, from approval to the document in SuperOffice; and the stop switch."""

from collections.abc import Callable

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from connector import roles
from connector.problems import problem_code, problem_of
from connector.services import NotConfigured, current_connection, open_client, remember
from connector.superoffice.errors import SuperOfficeError
from outreach import services
from outreach.models import Message


def _visible_message(request: HttpRequest, pk: int) -> Message:
    related = (
        "draft__sale__connection",
        "draft__template",
        "draft__representative__user",
        "mailbox",
        "approved_by",
    )
    found = Message.objects.visible_to(roles.signed_in(request)).of_tenant(current_connection())
    return get_object_or_404(found.select_related(*related), pk=pk)


def _context(request: HttpRequest, found: Message) -> dict[str, object]:
    return {
        "message": found,
        "draft": found.draft,
        "deliveries": found.deliveries.all(),
        # Its own story and its draft's, not that of the message before or after it.
        "events": found.draft.events.filter(Q(message=found) | Q(message=None)).select_related("actor"),
        "may_resolve": services.may_resolve(found, timezone.now()),
        "is_settled": found.status in {"failed", "uncertain", "cancelled"} or bool(found.archived_at),
        "is_stopped": services.is_stopped(),
    }


@require_safe
def message(request: HttpRequest, pk: int) -> HttpResponse:
    return render(request, "outreach/message.html", _context(request, _visible_message(request, pk)))


@require_safe
def message_steps(request: HttpRequest, pk: int) -> HttpResponse:
    """The fragment that the page asks for while something can still happen by itself."""
    return render(request, "outreach/_steps.html", _context(request, _visible_message(request, pk)))


@require_safe
def message_eml(request: HttpRequest, pk: int) -> HttpResponse:
    """The exact bytes, as a download."""
    found = _visible_message(request, pk)
    response = HttpResponse(bytes(found.raw), content_type="message/rfc822")
    response["Content-Disposition"] = f'attachment; filename="message-{found.pk}.eml"'
    return response


@require_safe
def message_document(request: HttpRequest, pk: int) -> HttpResponse:
    """To the document in SuperOffice. The address is asked for now: tenants move between hosts."""
    found = _visible_message(request, pk)
    connection = found.draft.sale.connection
    if found.document_id is None:
        return redirect("message", pk)
    try:
        with open_client(connection) as client:
            return redirect(client.web_link("document", found.document_id))
    except (SuperOfficeError, NotConfigured) as error:
        remember(connection, error)
        messages.error(request, str(problem_of(problem_code(error)).for_salespeople))
        return redirect("message", pk)


def _decide(request: HttpRequest, pk: int, verb: Callable[..., None], words: str) -> HttpResponse:
    """Approvers decide on what is uncertain or failed; representatives on their own."""
    found = _visible_message(request, pk)
    try:
        verb(message=found, by=roles.signed_in(request), now=timezone.now())
    except services.Refused as refusal:
        messages.warning(request, str(refusal))
    else:
        messages.success(request, words)
    return redirect("message", pk)


@require_POST
def message_mark_sent(request: HttpRequest, pk: int) -> HttpResponse:
    return _decide(request, pk, services.mark_sent, _("Marked as sent; it is filed in SuperOffice next."))


@require_POST
def message_send_again(request: HttpRequest, pk: int) -> HttpResponse:
    if request.POST.get("understood") != "yes":
        messages.warning(request, _("Tick that the recipient may get the mail twice, then send again."))
        return redirect("message", pk)
    return _decide(request, pk, services.send_again, _("Queued again: same text, same Message-ID."))


@require_POST
def message_give_up(request: HttpRequest, pk: int) -> HttpResponse:
    return _decide(request, pk, services.give_up, _("Given up: it is not sent again."))


def _require_stop_right(request: HttpRequest) -> None:
    if not (roles.is_administrator(request.user) or roles.is_approver(request.user)):
        raise PermissionDenied


@require_POST
def sending_stop(request: HttpRequest) -> HttpResponse:
    _require_stop_right(request)
    services.set_stop_switch(is_on=True, by=roles.signed_in(request))
    messages.warning(request, _("All sending is stopped. Approved mails wait; nothing is lost."))
    return redirect("mailboxes")


@require_POST
def sending_resume(request: HttpRequest) -> HttpResponse:
    _require_stop_right(request)
    services.set_stop_switch(is_on=False, by=roles.signed_in(request))
    messages.success(request, _("Sending goes on."))
    return redirect("mailboxes")
