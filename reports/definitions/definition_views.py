"""Reports as people define them: add, copy, change, remove."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from connector import roles
from connector.services import current_connection
from reports.definitions.definition import Definition, count_of, sentence
from reports.definitions.removal import remove_report
from reports.definitions.report_forms import ReportForm
from reports.models import Report, Sale
from reports.rights import may_change, may_define


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
    if not number.isdecimal():
        return None
    report = get_object_or_404(Report.objects.visible_to(request.user), pk=int(number))
    report.pk, report.owner = None, roles.signed_in(request)
    report.name = (_("Copy of %(name)s") % {"name": report.name})[:100]
    report._state.adding = True
    return report


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
    context = {"form": form, "is_new": is_new, "pk": report.pk, "name": name}
    return render(request, "reports/report_edit.html", context)


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
    context = {
        "connection": connection,
        "wrong": [form.fields[name].label for name in form.fields if name in wrong],
        "sentence": sentence(definition) if is_answer else "",
        "count": count_of(definition, connection, today=timezone.localdate())
        if connection is not None and is_answer
        else None,
        "total": Sale.objects.of_tenant(connection).present().count() if connection else 0,
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
