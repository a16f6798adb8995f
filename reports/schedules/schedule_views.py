"""When jobs start by themselves: the list, the form with the next moments, and what was not started or not sent."""

from datetime import time

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from connector import roles
from connector.roles import AnyUser
from reports.models import JobSchedule, Occurrence, Report
from reports.result_mails import result_mail
from reports.rights import may_plan
from reports.schedules.clock_changes import clock_changes
from reports.schedules.occurrences import unmended
from reports.schedules.schedule import drop_rows, keep_schedule, next_moments, row_name
from reports.schedules.schedule_forms import RhythmForm, ScheduleForm
from reports.templatetags.schedule_words import planned

_SHOWN = 3  # moments of each schedule in the list
_SHOWN_IN_FORM = 5
_USUAL_TIME = time(6, 0)


@require_safe
def schedules(request: HttpRequest) -> HttpResponse:
    """Every schedule of what the user may see, with its next moments and its last result."""
    _refuse_outsiders(request)
    now = timezone.now()
    found = list(_visible(request.user))
    last = _newest_of_each(found)
    missed = _by_schedule(unmended(now))
    unsent = _by_schedule(result_mail.unsent(now))
    lines = [
        {
            "schedule": schedule,
            "moments": next_moments(schedule, now, _SHOWN) if schedule.is_active else [],
            "last": last.get(schedule.pk),
            "missed": missed.get(schedule.pk, []) if schedule.is_active else [],
            "unsent": unsent.get(schedule.pk, [])[:_SHOWN],
            "may_change": may_change(request.user, schedule),
        }
        for schedule in found
    ]
    context = {"lines": lines, "may_add": may_plan(request.user), "now": now, **_zone()}
    return render(request, "reports/schedules.html", context)


def _zone() -> dict[str, str]:
    return {"zone": timezone.get_current_timezone_name()}


def _refuse_outsiders(request: HttpRequest) -> None:
    if not may_plan(request.user):
        raise PermissionDenied


def _newest_of_each(schedules: list[JobSchedule]) -> dict[int, Occurrence]:
    """The newest occurrence of each, by the schedule's key."""
    mine = Occurrence.objects.filter(schedule=OuterRef("schedule")).order_by("-planned_at")
    newest = Occurrence.objects.filter(schedule__in=schedules, pk=Subquery(mine.values("pk")[:1]))
    return {one.schedule_id: one for one in newest.select_related("run", "sync")}


def _visible(user: AnyUser) -> QuerySet[JobSchedule]:
    """Schedules of reports that `user` may see, and of readings."""
    of_reports = Q(report__in=Report.objects.visible_to(user))
    return (
        JobSchedule.objects.filter(of_reports | Q(report=None))
        .select_related("report", "view", "created_by")
        .prefetch_related("recipients")
        .order_by("report__name", "pk")
    )


def _by_schedule(occurrences: QuerySet[Occurrence]) -> dict[int, list[Occurrence]]:
    found: dict[int, list[Occurrence]] = {}
    for occurrence in occurrences:
        found.setdefault(occurrence.schedule_id, []).append(occurrence)
    return found


def may_change(user: AnyUser, schedule: JobSchedule) -> bool:
    """Who planned it, whose report it is, and administrators; readings are the administrators'."""
    if not may_plan(user):
        return False
    if roles.is_administrator(user):
        return True
    owner = schedule.report.owner_id if schedule.report else None
    return schedule.report is not None and user.pk in {schedule.created_by_id, owner}


def _changeable(request: HttpRequest, pk: int) -> JobSchedule:
    schedule = get_object_or_404(_visible(request.user), pk=pk)
    if not may_change(request.user, schedule):
        raise PermissionDenied
    return schedule


@require_http_methods(["GET", "HEAD", "POST"])
def schedule_add(request: HttpRequest) -> HttpResponse:
    """A new schedule; with `?report=<pk>` for that report."""
    _refuse_outsiders(request)
    schedule = JobSchedule(created_by=roles.signed_in(request), at=_USUAL_TIME)
    number = request.GET.get("report", "")
    if number.isdecimal() and len(number) < 10:
        schedule.report = get_object_or_404(Report.objects.visible_to(request.user), pk=int(number))
    return _edit(request, schedule)


@require_http_methods(["GET", "HEAD", "POST"])
def schedule_edit(request: HttpRequest, pk: int) -> HttpResponse:
    return _edit(request, _changeable(request, pk))


def _edit(request: HttpRequest, schedule: JobSchedule) -> HttpResponse:
    form = ScheduleForm(request.POST or None, instance=schedule, user=roles.signed_in(request))
    if request.method == "POST" and form.is_valid():
        with transaction.atomic():
            saved = form.save()
            keep_schedule(saved)
        messages.success(request, _saved_words(saved))
        return redirect("schedules")
    context = {
        "form": form,
        "pk": schedule.pk,
        **_next_runs(schedule if not form.errors else None),
        **_zone(),
    }
    return render(request, "reports/schedule_edit.html", context)


def _saved_words(schedule: JobSchedule) -> str:
    coming = next_moments(schedule, timezone.now(), 1)
    if not schedule.is_active or not coming:
        return _("Schedule saved. It is not in use.")
    return _("Schedule saved. Next time: %(moment)s") % {"moment": planned(coming[0])}


def _next_runs(schedule: JobSchedule | None) -> dict[str, object]:
    now = timezone.now()
    if schedule is None:
        return {"moments": [], "changes": []}
    return {
        "moments": next_moments(schedule, now, _SHOWN_IN_FORM),
        "changes": clock_changes(schedule, now),
    }


@require_safe
def schedule_next(request: HttpRequest) -> HttpResponse:
    """The next moments of an unsaved rhythm; a fragment of the form."""
    _refuse_outsiders(request)
    form = RhythmForm(request.GET, instance=JobSchedule())
    context = {**_next_runs(form.instance if form.is_valid() else None), **_zone()}
    context["wrong"] = [str(error) for errors in form.errors.values() for error in errors]
    return render(request, "reports/_next_runs.html", context)


@require_POST
def schedule_switch(request: HttpRequest, pk: int) -> HttpResponse:
    """In use, or not for a while: `is_active` is what it shall be, so that a second click changes nothing."""
    schedule = _changeable(request, pk)
    schedule.is_active = request.POST.get("is_active") == "1"
    with transaction.atomic():
        schedule.save(update_fields=["is_active", "changed_at"])
        keep_schedule(schedule)
    messages.success(request, _saved_words(schedule))
    return redirect("schedules")


@require_http_methods(["GET", "HEAD", "POST"])
def schedule_remove(request: HttpRequest, pk: int) -> HttpResponse:
    schedule = _changeable(request, pk)
    if request.method == "POST":
        with transaction.atomic():
            drop_rows(row_name(schedule.pk))
            schedule.delete()
        messages.success(request, _("Schedule removed. Runs that it started stay."))
        return redirect("schedules")
    return render(request, "reports/schedule_remove.html", {"schedule": schedule})


@require_POST
def occurrence_send(request: HttpRequest, pk: int) -> HttpResponse:
    """Send a result by mail that was held back or did not leave: a person has looked and decides."""
    occurrence = get_object_or_404(Occurrence.objects.select_related("schedule__report"), pk=pk)
    if not may_change(request.user, _changeable(request, occurrence.schedule_id)):
        raise PermissionDenied
    if result_mail.send_after_all(occurrence, by=roles.signed_in(request)):
        messages.success(request, _("The result leaves within a minute."))
    else:
        messages.info(request, _("Nothing to send: somebody was faster, or the result is gone."))
    return redirect("schedules")
