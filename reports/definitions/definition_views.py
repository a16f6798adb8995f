"""Reports as people define them: add, copy, change, remove."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from connector import roles
from connector.services import current_connection
from reports.definitions.definition import (
    Definition,
    company_count_of,
    count_of,
    pinned_version,
    sentence,
)
from reports.definitions.removal import remove_report
from reports.definitions.report_forms import ReportForm
from reports.models import Report, Sale
from reports.rights import may_change, may_define, may_plan

# The fields of the two groups that the form folds.
_SEARCH_FIELDS = {"keyword_list", "use_quotes", "search_columns"}
_SHOW_FIELDS = {"columns", "keep_runs", "keep_monthly"}


@require_http_methods(["GET", "HEAD", "POST"])
def report_add(request: HttpRequest) -> HttpResponse:
    """A new report; with `?copy=<pk>` it begins as another one is."""
    if not may_define(request.user):
        raise PermissionDenied
    report = _copied(request) or Report(owner=roles.signed_in(request))
    return _edit(request, report)


def _copied(request: HttpRequest) -> Report | None:
    """An unsaved report like the one to copy, owned by who copies it."""
    number = request.GET.get("copy", "")
    if not number.isdecimal() or len(number) >= 10:
        return None
    report = get_object_or_404(Report.objects.visible_to(request.user), pk=int(number))
    report.pk, report.owner = None, roles.signed_in(request)
    report.name = _cut(_("Copy of %(name)s") % {"name": report.name})
    report._state.adding = True
    return report


def _cut(name: str) -> str:
    """A name that fits; where it was cut, one sees it."""
    most = Report._meta.get_field("name").max_length or 0
    return name if len(name) <= most else name[: most - 1].rstrip() + "…"


@require_http_methods(["GET", "HEAD", "POST"])
def report_edit(request: HttpRequest, pk: int) -> HttpResponse:
    return _edit(request, _changeable(request, pk))


def _changeable(request: HttpRequest, pk: int) -> Report:
    report = get_object_or_404(Report.objects.visible_to(request.user), pk=pk)
    if not may_change(request.user, report):
        raise PermissionDenied
    return report


def _edit(request: HttpRequest, report: Report) -> HttpResponse:
    # For the page: the form writes what was typed into `report`, right or wrong.
    is_new, name = report.pk is None, report.name
    form = ReportForm(request.POST or None, instance=report, connection=current_connection())
    if request.method == "POST" and form.is_valid() and _save(form):
        words = _("Report “%(name)s” defined. Run it to see the result.") if is_new else _("Report saved.")
        messages.success(request, words % {"name": form.instance.name} if is_new else words)
        return redirect("report", form.instance.pk)
    context = {
        "form": form,
        "is_new": is_new,
        "pk": report.pk,
        "name": name,
        "may_plan": may_plan(request.user),
        "schedule_count": 0 if is_new else report.schedules.count(),
        **_summaries(form),
    }
    return render(request, "reports/report_edit.html", context)


def _summaries(form: ReportForm) -> dict[str, str]:
    """What stands in the two folded groups of the form, in a few words each; empty where an error is in one."""
    report: Report = form.instance
    search = [
        _("keyword list version %(version)s") % {"version": report.keyword_list.version}
        if report.keyword_list
        else _("always the current keywords"),
        _("quotes too") if report.use_quotes else _("without quotes"),
    ]
    if count := len(report.search_columns):
        search.append(ngettext("%(count)s further text", "%(count)s further texts", count) % {"count": count})
    shown = len(report.columns)
    show = [
        ngettext("%(count)s column", "%(count)s columns", shown) % {"count": shown}
        if shown
        else _("the usual columns"),
        ngettext("%(count)s run kept whole", "%(count)s runs kept whole", report.keep_runs or 0)
        % {"count": report.keep_runs or 0},
    ]
    return {
        "search_summary": "" if _SEARCH_FIELDS & set(form.errors) else ", ".join(search),
        "show_summary": "" if _SHOW_FIELDS & set(form.errors) else ", ".join(show),
    }


def _save(form: ReportForm) -> bool:
    """False when somebody took the name while this form was on its way; the form says so at the field."""
    try:
        with transaction.atomic():
            form.save()
    except IntegrityError:
        form.add_error("name", _("Somebody has just given this name to another report. Choose another one."))
        return False
    return True


@require_safe
def report_count(request: HttpRequest) -> HttpResponse:
    """How many sales of the local copy the choices of an unsaved form come to; a fragment beside the form."""
    if not may_define(request.user):
        raise PermissionDenied
    connection = current_connection()
    form = ReportForm(request.GET, instance=Report(), connection=connection)
    form.is_valid()
    definition = Definition.of(form.instance)
    wrong = {"scope", "limit", "ordered_by", "period", "period_from", "period_to"} & set(form.errors)
    is_answer = connection is not None and not wrong
    today = timezone.localdate()
    count = count_of(definition, connection, today=today) if connection and is_answer else None
    context = {
        "connection": connection,
        "wrong": [form.fields[name].label for name in form.fields if name in wrong],
        "sentence": sentence(definition, list_version=pinned_version(form.instance)) if is_answer else "",
        "count": count,
        "company_count": company_count_of(definition, connection, today=today)
        if connection and is_answer
        else None,
        "is_empty": not count and not Sale.objects.of_tenant(connection).present().exists(),
    }
    return render(request, "reports/_report_count.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def report_remove(request: HttpRequest, pk: int) -> HttpResponse:
    report = _changeable(request, pk)
    if request.method == "POST":
        remove_report(report)
        messages.success(request, _("Report “%(name)s” removed.") % {"name": report.name})
        return redirect("reports")
    context = {
        "report": report,
        "run_count": report.runs.count(),
        "schedule_count": report.schedules.count(),
        "view_count": report.views.count(),
    }
    return render(request, "reports/report_remove.html", context)
