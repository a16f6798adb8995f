"""Filters, orders and columns that people keep under a name."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Q, RestrictedError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from connector import roles
from reports import rights
from reports.models import Report, SavedView
from reports.viewer.filters import Filter
from reports.viewer.result_table import address

_LONGEST_NAME = 100
_LONGEST_QUERY = 2000


def views_of(report: Report, user: roles.AnyUser) -> list[SavedView]:
    """One's own and the shared ones of a report, by name. One query."""
    mine = report.views.filter(Q(owner=user.pk) | Q(is_shared=True)).select_related("owner")
    return list(mine.order_by("name", "pk"))


@require_POST
def view_save(request: HttpRequest, pk: int) -> HttpResponse:
    """Keep a filter under a name; one's own view of that name is replaced."""
    report = get_object_or_404(Report.objects.visible_to(request.user), pk=pk)
    wanted = Filter.of_text(request.POST.get("query", "")).changed(finds={})
    name = " ".join(request.POST.get("name", "").replace("\0", "").split())
    back = address(reverse("report", args=[pk]), wanted, "rows")
    query = wanted.query()
    if not name or len(name) > _LONGEST_NAME or len(query) > _LONGEST_QUERY:
        words = _(
            "Not saved: a view needs a name of at most %(count)s characters and fewer filters than this."
        )
        messages.error(request, words % {"count": _LONGEST_NAME})
        return redirect(back)
    is_shared = request.POST.get("is_shared") == "on" and rights.may_define(request.user)
    SavedView.objects.update_or_create(
        report=report,
        owner=roles.signed_in(request),
        name=name,
        defaults={"query": query, "is_shared": is_shared},
    )
    messages.success(request, _("View “%(name)s” saved.") % {"name": name})
    return redirect(back)


@require_POST
def view_delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Remove one's own view; administrators remove shared ones too."""
    found = get_object_or_404(SavedView.objects.select_related("report"), pk=pk)
    if not Report.objects.visible_to(request.user).filter(pk=found.report_id).exists():
        raise Http404
    is_mine = found.owner_id == request.user.pk
    if not is_mine and not found.is_shared:
        raise Http404
    if not is_mine and not roles.is_administrator(request.user):
        raise PermissionDenied
    try:
        found.delete()
    except RestrictedError:
        words = _("A schedule sends the view “%(name)s”: choose another one there first.")
        messages.error(request, words % {"name": found.name})
    else:
        messages.info(request, _("View “%(name)s” removed.") % {"name": found.name})
    return redirect("report", found.report_id)
