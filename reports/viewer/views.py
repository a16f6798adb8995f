"""Reports, their runs, and what a run found."""

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from connector import roles
from connector.services import current_connection
from reports import rights
from reports.definitions.definition import Definition, pinned_version, sentence
from reports.explaining.snapshots import day_of
from reports.models import JobSchedule, KeywordList, Report, Row, Run, RunQuerySet, Sync
from reports.runs import services
from reports.schedules.occurrences import missed_of
from reports.schedules.schedule import next_moments
from reports.viewer.charts import trend_of
from reports.viewer.quality import flaws_of
from reports.viewer.result_page import result_context

# --- Reports ----------------------------------------------------------------------------------------------


@require_safe
def reports(request: HttpRequest) -> HttpResponse:
    """All reports this user may see, each with its newest run and its next planned one."""
    found = list(
        Report.objects.visible_to(request.user).select_related("owner", "keyword_list").order_by("name")
    )
    newest = Run.objects.newest_of_each(current_connection())
    planned = _planned_moments(timezone.now())
    lines = [
        {
            "report": report,
            "sentence": sentence(Definition.of(report), list_version=pinned_version(report)),
            "run": newest.get(report.pk),
            "planned_at": planned.get(report.pk),
        }
        for report in found
    ]
    context = {
        "lines": lines,
        "may_run": rights.may_run(request.user),
        "may_define": rights.may_define(request.user),
    }
    return render(request, "reports/reports.html", context)


def _planned_moments(now: datetime) -> dict[int, datetime]:
    """When each report runs next by itself. One query."""
    planned: dict[int, datetime] = {}
    for schedule in JobSchedule.objects.filter(is_active=True, report__isnull=False):
        for moment in next_moments(schedule, now, 1):
            assert schedule.report_id is not None  # the query says so
            planned[schedule.report_id] = min(moment, planned.get(schedule.report_id, moment))
    return planned


@require_safe
def report(request: HttpRequest, pk: int) -> HttpResponse:
    """The newest result of a report; without one, the page that says so and offers a run."""
    found = _report_or_404(request, pk)
    newest = _newest_run(found)
    shown = newest
    if newest is not None and not newest.has_result:
        shown = _runs_to_show(found).with_result().first() or newest
    return _result_page(request, found, shown, newest=newest)


def _report_or_404(request: HttpRequest, pk: int) -> Report:
    return get_object_or_404(Report.objects.visible_to(request.user), pk=pk)


@require_POST
def report_run(request: HttpRequest, pk: int) -> HttpResponse:
    found = _report_or_404(request, pk)
    if not rights.may_run(request.user):
        raise PermissionDenied
    started = services.start_run(report=found, by=roles.signed_in(request))
    if started is None:
        return redirect("report", pk)
    return redirect("run", started.pk)


# --- Runs ---------------------------------------------------------------------------------------------------


@require_safe
def run(request: HttpRequest, pk: int) -> HttpResponse:
    """One particular run."""
    found = _run_or_404(request, pk)
    return _result_page(request, found.report, found, newest=_newest_run(found.report))


def _runs_to_show(report: Report) -> RunQuerySet:
    runs = report.runs.of_tenant(current_connection()).newest_first()
    return runs.select_related("keyword_list", "started_by", "connection")


def _newest_run(report: Report) -> Run | None:
    """The newest run over the tenant in use; only this one can be unfinished, the database sees to it."""
    return _runs_to_show(report).first()


def _run_or_404(request: HttpRequest, pk: int) -> Run:
    """A run over the tenant in use, of a report this user may see; all others are as if they did not exist."""
    runs = Run.objects.of_tenant(current_connection()).filter(
        report__in=Report.objects.visible_to(request.user)
    )
    return get_object_or_404(runs.select_related("report", "keyword_list", "started_by", "connection"), pk=pk)


def _result_page(
    request: HttpRequest, report: Report, run: Run | None, *, newest: Run | None
) -> HttpResponse:
    """The page, or only its result, when the filter changed and htmx asks for that."""
    context = {"report": report, "run": run, **(result_context(request, run) if run else {})}
    asks_for_part = request.headers.get("HX-Target") == "result" and "filter" in context
    if asks_for_part and "HX-History-Restore-Request" not in request.headers:
        return render(request, "reports/_result_part.html", context)
    context |= _page_context(request, report, run, newest)
    return render(request, "reports/report.html", context)


def _page_context(
    request: HttpRequest, report: Report, run: Run | None, newest: Run | None
) -> dict[str, Any]:
    """What stands around the result."""
    now = timezone.now()
    unfinished = newest if newest and not newest.is_finished else None
    definition = Definition.from_json(run.definition) if run else Definition.of(report)
    return {
        "newest": newest,
        "unfinished": unfinished,
        "reading": _reading_of(unfinished),
        "sentence": sentence(
            definition, today=day_of(run) if run else None, list_version=pinned_version(report)
        ),
        "there_are": _fewer(definition, run),
        "funnel": funnel_lines(run, request.path) if run else [],
        "flaws": flaws_of(run, request.path) if run else [],
        "trend": trend_of(report, _finished_runs(report)),
        "missed": missed_of(report, now),
        "is_stale": bool(run and run == newest and run.is_stale(now)),
        "list_version": KeywordList.objects.newest_first().values_list("version", flat=True).first(),
        "may_run": rights.may_run(request.user),
        "may_define": rights.may_define(request.user),
        "may_change": rights.may_change(request.user, report),
        "may_plan": rights.may_plan(request.user),
        "may_download": rights.may_download(request.user),
        "schedule_count": report.schedules.count(),
    }


def _fewer(definition: Definition, run: Run | None) -> int | None:
    """How many sales there are where the report would look at more; None where its limit was reached."""
    if run is None or run.status != Run.Status.SUCCEEDED or not definition.is_limited:
        return None
    without_company = int(run.funnel.get(Row.Stage.NO_COMPANY, 0)) if definition.needs_company else 0
    count = run.read_count - without_company
    return count if count < definition.limit else None


def _finished_runs(report: Report) -> RunQuerySet:
    runs = report.runs.of_tenant(current_connection()).with_result().newest_first()
    return runs.only("pk", "status", "funnel", "read_count", "finished_at", "report")


def funnel_lines(run: Run, path: str) -> list[dict[str, object]]:
    """The stages with their numbers; the numbers add up. A stage leads to its sales while the run has them."""
    return [
        {
            "stage": stage,
            "label": stage.label,
            "count": count,
            "url": f"{path}?stage={stage.value}#rows" if count and run.is_finished and run.has_rows else "",
        }
        for stage in Row.Stage
        for count in [int(run.funnel.get(stage.value, 0))]
    ]


# --- Unfinished runs ------------------------------------------------------------------------------------------


@require_safe
def run_progress(request: HttpRequest, pk: int) -> HttpResponse:
    """The fragment that a page with an unfinished run asks for every two seconds; done, it reloads the page."""
    found = _run_or_404(request, pk)
    response = render(request, "reports/_progress.html", {"run": found, "reading": _reading_of(found)})
    if found.is_finished:
        response["HX-Redirect"] = reverse("run", args=[pk])
    return response


def _reading_of(run: Run | None) -> Sync | None:
    """The reading of SuperOffice that a run waits for, as long as it does not know its sales."""
    if run is None or run.is_finished or run.expected_count is not None:
        return None
    return Sync.objects.of_tenant(run.connection).unfinished().newest_first().first()


@require_POST
def run_cancel(request: HttpRequest, pk: int) -> HttpResponse:
    found = _run_or_404(request, pk)
    if not rights.may_run(request.user):
        raise PermissionDenied
    if services.cancel_run(found.pk):
        messages.info(request, _("Run cancelled."))
    return redirect("run", pk)
