"""The buttons of the local copy: read now, read all and compare, cancel; and how far a reading is."""

import time

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from connector import roles
from connector.services import current_connection
from reports.local_copy import sync
from reports.local_copy.progress import Progress, progress_of, silent_since
from reports.local_copy.reading import steps_of
from reports.models import Sync
from reports.rights import may_run


@require_POST
def sales_read(request: HttpRequest) -> HttpResponse:
    """Read what changed."""
    return _begin(request, Sync.Kind.CHANGES)


@require_POST
def sales_read_all(request: HttpRequest) -> HttpResponse:
    """Read everything, and find out which sales are gone."""
    return _begin(request, Sync.Kind.FULL)


def _begin(request: HttpRequest, kind: str) -> HttpResponse:
    if not may_run(request.user):
        raise PermissionDenied
    connection = current_connection()
    if connection is None:
        messages.warning(request, _("No tenant is connected: there is nothing to read."))
        return redirect("sales")
    started = sync.start_sync(connection, kind, by=roles.signed_in(request))
    if kind == Sync.Kind.FULL and started.kind != kind:
        messages.info(request, _("Changes are being read at the moment. Read all when that is over."))
    return redirect("sales")


def _sync_or_404(pk: int) -> Sync:
    return get_object_or_404(Sync.objects.of_tenant(current_connection()), pk=pk)


@require_safe
def sync_progress(request: HttpRequest, pk: int) -> HttpResponse:
    """The part that a page with an unfinished reading asks for every two seconds; done, it reloads the page."""
    found = _sync_or_404(pk)
    response = render(request, "reports/_sync_progress.html", progress_context(request, found))
    if found.is_finished:
        response["HX-Redirect"] = reverse("sales")
    return response


@require_POST
def sync_cancel(request: HttpRequest, pk: int) -> HttpResponse:
    if not may_run(request.user):
        raise PermissionDenied
    found = _sync_or_404(pk)
    if sync.cancel_sync(found.pk):
        messages.info(request, _("Reading cancelled. The next one goes on from there."))
    return redirect("sales")


def progress_context(request: HttpRequest, found: Sync) -> dict[str, object]:
    """What `_sync_progress.html` shows. The pace is measured from the first look at it: the address that asks
    again carries how many sales there were then, and when.
    """
    now = time.time()
    before, since = _first_look(request, found.read_count, now)
    shown = progress_of(found, before=before, seconds=now - since)
    steps = steps_of(found.kind)
    again: dict[str, str | int] = {"before": before, "since": f"{since:.3f}"}
    return {
        "sync": found,
        "step_number": steps.index(Sync.Step(found.step)) + 1,
        "step_count": len(steps),
        "percent": shown.percent,
        "pace": pace_words(shown),
        "silent_since": silent_since(found, timezone.now()),
        "poll_url": f"{reverse('sync_progress', args=[found.pk])}?{urlencode(again)}"
        if not found.is_finished
        else "",
        "may_run": may_run(request.user),
    }


def _first_look(request: HttpRequest, count: int, now: float) -> tuple[int, float]:
    try:
        before, since = int(request.GET["before"]), float(request.GET["since"])
    except (KeyError, ValueError):
        return count, now
    return (before, since) if 0 <= before <= count and 0 <= since <= now else (count, now)


def pace_words(shown: Progress) -> str:
    """ "850 sales a second, about 2 minutes left"; empty while nobody knows."""
    parts = []
    if shown.rate:
        count = max(round(shown.rate), 1)
        words = ngettext("%(count)s sale a second", "%(count)s sales a second", count)
        parts.append(words % {"count": number_format(count, force_grouping=True)})
    if shown.seconds_left is not None:
        minutes = round(shown.seconds_left / 60)
        left = ngettext("about %(count)s minute left", "about %(count)s minutes left", minutes)
        parts.append(left % {"count": minutes} if minutes else _("less than a minute left"))
    return ", ".join(parts)
