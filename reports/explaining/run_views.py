"""All runs of a report, two of them compared, and one counted again with today's keywords."""

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from connector.services import current_connection
from reports.definitions.definition import Definition, sentence
from reports.explaining.comparison_page import differences_context, number_of, recount_context
from reports.explaining.figure_comparison import figure_lines
from reports.explaining.run_trends import trends_of
from reports.explaining.snapshots import day_of
from reports.keyword_lists.keywords import current_list
from reports.models import Occurrence, Report, Row, Run, RunQuerySet
from reports.schedules.occurrences import missed_of

PAGE_RUNS = 30


def runs_to_show(request: HttpRequest) -> RunQuerySet:
    """Runs over the tenant in use, of reports this user may see; all others are as if they did not exist."""
    runs = Run.objects.of_tenant(current_connection())
    runs = runs.filter(report__in=Report.objects.visible_to(request.user))
    return runs.select_related("report", "keyword_list", "started_by", "connection")


# --- All runs ---------------------------------------------------------------------------------------------


@require_safe
def report_runs(request: HttpRequest, pk: int) -> HttpResponse:
    """The runs of a report, newest first (?before= a run), with the moments at which one was missed."""
    report = get_object_or_404(Report.objects.visible_to(request.user), pk=pk)
    runs = runs_to_show(request).filter(report=report).newest_first()
    before = number_of(request.GET.get("before", ""))
    page = list((runs.filter(pk__lt=before) if before else runs)[: PAGE_RUNS + 1])
    shown = page[:PAGE_RUNS]
    context = {
        "report": report,
        "entries": _entries(shown, [] if before else missed_of(report, timezone.now())),
        "trends": [] if before else trends_of(report, list(runs.with_result()[:PAGE_RUNS])),
        "comparable_count": sum(run.has_result for run in shown),
        "pager": {
            "sentence": ngettext("%(count)s run", "%(count)s runs", len(shown)) % {"count": len(shown)},
            "first_url": "?" if before else "",
            "next_url": f"?before={shown[-1].pk}" if len(page) > PAGE_RUNS else "",
        },
    }
    return render(request, "reports/runs.html", context)


def _entries(runs: Sequence[Run], missed: Sequence[Occurrence]) -> list[dict[str, Any]]:
    """Runs and missed moments in one order, newest first."""
    entries = [(run.queued_at, {"run": run, **_counts(run)}) for run in runs]
    entries += [(one.planned_at, {"missed": one}) for one in missed]
    return [entry for _moment, entry in sorted(entries, key=lambda entry: entry[0], reverse=True)]


def _counts(run: Run) -> dict[str, int]:
    return {"matched_count": int(run.funnel.get(Row.Stage.MATCHED, 0))}


@require_safe
def report_compare(request: HttpRequest, pk: int) -> HttpResponse:
    """From the two runs that were ticked (?run=…&run=…) to their comparison."""
    report = get_object_or_404(Report.objects.visible_to(request.user), pk=pk)
    chosen = sorted({number for text in request.GET.getlist("run") if (number := number_of(text))})
    if len(chosen) != 2:
        messages.warning(request, _why_not_two(request, report))
        return redirect("report_runs", report.pk)
    return redirect("run_compare", *chosen)


def _why_not_two(request: HttpRequest, report: Report) -> str:
    if runs_to_show(request).with_result().filter(report=report).count() < 2:
        return _("Comparing needs a second run with a result. Run the report once more.")
    return _("Tick exactly two runs to compare them.")


# --- Two runs ---------------------------------------------------------------------------------------------


@require_safe
def run_compare(request: HttpRequest, pk: int, other_pk: int) -> HttpResponse:
    """What the later of two runs of a report sees differently; ?kind= and ?cause= choose, ?after= pages."""
    found = runs_to_show(request).with_result()
    before, after = (get_object_or_404(found, pk=key) for key in (pk, other_pk))
    if before.report_id != after.report_id or before == after:
        raise Http404
    if before.pk > after.pk:
        return redirect("run_compare", after.pk, before.pk)
    has_rows = before.has_rows and after.has_rows
    figures = figure_lines(before, after)
    context = {
        "report": before.report,
        "before": before,
        "after": after,
        "sides": [(before, _sentence(before)), (after, _sentence(after))],
        "figures": [line for line in figures if line.change],
        "same_figures": [line for line in figures if not line.change],
        "has_rows": has_rows,
        **(differences_context(request, before, after) if has_rows else {}),
    }
    return render(request, "reports/run_compare.html", context)


def _sentence(run: Run) -> str:
    return sentence(Definition.from_json(run.definition), today=day_of(run))


@require_safe
def run_recount(request: HttpRequest, pk: int) -> HttpResponse:
    """What today's keywords would find in the sales of a run; ?kind= chooses, ?after= pages. Nothing is stored."""
    run = get_object_or_404(runs_to_show(request).with_result(), pk=pk)
    newest = current_list()
    has_newest = run.keyword_list.checksum == newest.checksum
    context = {"report": run.report, "run": run, "newest": newest, "sentence": _sentence(run)}
    context["has_newest"] = has_newest
    if run.has_rows and not has_newest:
        context |= recount_context(request, run, newest)
    return render(request, "reports/run_recount.html", context)
