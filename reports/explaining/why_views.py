"""The box "Why is sale 4711 not in here?" and its page."""

from contextlib import suppress
from urllib.parse import urlsplit

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from reports import rights
from reports.explaining.run_views import runs_to_show
from reports.explaining.why import why
from reports.viewer.filters import Filter


@require_safe
def run_why(request: HttpRequest, pk: int) -> HttpResponse:
    """Why a sale (?sale=) is not among the rows of a run; the rest of the address is the filter of its page."""
    run = get_object_or_404(runs_to_show(request), pk=pk)
    wanted = request.GET.get("sale", "").replace("\0", " ").strip()[:100]
    shown = _shown(request)
    answer = None
    if wanted and run.is_finished:
        answer = why(
            run,
            wanted,
            shown=shown,
            may_edit_keywords=rights.may_edit_keywords(request.user),
            may_change_report=rights.may_change(request.user, run.report),
        )
    context = {"run": run, "report": run.report, "wanted": wanted, "answer": answer, "filter": shown}
    if request.headers.get("HX-Target") == "why-answer":
        return render(request, "reports/_why_answer.html", context)
    return render(request, "reports/why.html", context)


def _shown(request: HttpRequest) -> Filter:
    """The filter of the page that asks: htmx may have changed it since the form was made, so its address counts."""
    if current := request.headers.get("HX-Current-URL"):
        with suppress(ValueError):  # no address at all
            return Filter.of_text(urlsplit(current).query)
    return Filter.of(request.GET)
