"""The pages that belong to no app: home, jobs, and what is shown when something goes wrong."""

from datetime import datetime

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_safe
from django_q.models import OrmQ

from config.health import troubles
from config.schedules import LOOK_AGAIN, fixed_rows
from connector.context import current_job
from connector.models import Heartbeat, PersonalSignIn
from connector.roles import is_administrator, is_representative, roles_of, signed_in
from connector.services import current_connection
from outreach.counts import queue_counts
from outreach.models import Message
from reports.models import JobSchedule, Report, Run
from reports.rights import may_define, may_run
from reports.schedules.job_log import newest_entries
from reports.schedules.occurrences import unmended
from reports.schedules.schedule import next_moments

LOG_LINES = 30


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """What waits for this user, and how the newest report went."""
    newest = Run.objects.newest_of_each(current_connection())
    context = {
        "counts": queue_counts(request.user),
        "reports": [
            (report, newest.get(report.pk))
            for report in Report.objects.visible_to(request.user).order_by("name")
        ],
        "may_define": may_define(request.user),
        "has_role": bool(roles_of(request.user)),
        "may_run": may_run(request.user),
        "has_lost_sign_in": is_representative(request.user)
        and PersonalSignIn.objects.filter(user=signed_in(request), connection=current_connection())
        .exclude(problem_code="")
        .exists(),
    }
    return render(request, "home.html", context)


@require_safe
def jobs(request: HttpRequest) -> HttpResponse:
    """For administrators: clusters, schedules, what ran and what did not, and mails that could not leave."""
    if not is_administrator(request.user):
        return forbidden(request)
    now = timezone.now()
    context = {
        "heartbeats": [
            (heartbeat, worker_words(heartbeat.cluster)) for heartbeat in Heartbeat.objects.order_by("pk")
        ],
        "troubles": troubles(),
        "waiting_count": OrmQ.objects.count(),
        "planned": _planned(now),
        "zone": timezone.get_current_timezone_name(),
        "missed": unmended(now).filter(schedule__is_active=True)[:20],
        "house_jobs": _house_jobs(),
        "entries": newest_entries(current_connection(), LOG_LINES),
        "stuck_messages": Message.objects.with_problem().select_related("mailbox")[:20],
    }
    return render(request, "jobs.html", context)


def _planned(now: datetime) -> list[tuple[JobSchedule, datetime | None]]:
    """Active schedules with their next moment, the soonest first; without one last."""
    active = JobSchedule.objects.filter(is_active=True).select_related("report").order_by("pk")
    planned = [(schedule, next(iter(next_moments(schedule, now, 1)), None)) for schedule in active]
    return sorted(planned, key=lambda one: (one[1] is None, one[1] or now))


# What the house's own jobs do, by their names in `config.schedules.FIXED`.
_HOUSE_JOBS: dict[str, Promise] = {
    "dispatch": gettext_lazy("Send e-mails that are due"),
    "archive": gettext_lazy("File e-mails in SuperOffice"),
    "sweep": gettext_lazy("Look after interrupted e-mails"),
    "sweep-runs": gettext_lazy("Look after interrupted reports, and send their results"),
    LOOK_AGAIN: gettext_lazy("Look whether SuperOffice is back, while it cannot be reached"),
    "clear-sessions": gettext_lazy("Clear old sign-ins"),
    "prune-calls": gettext_lazy("Clear the log of calls to SuperOffice"),
    "prune-downloads": gettext_lazy("Clear old downloads"),
    "probe": gettext_lazy("Check the rights in SuperOffice"),
}
_WORKERS: dict[str, Promise] = {
    "mail": gettext_lazy("Worker: e-mails"),
    "reports": gettext_lazy("Worker: reports"),
}


def worker_words(cluster: str) -> str:
    """What a cluster of the worker is for; one that nobody knows by its name."""
    return str(_WORKERS.get(cluster, cluster))


def _house_jobs() -> list[dict[str, object]]:
    """The house's own jobs by the words for them, each with its `row` of the scheduler and its `rhythm`."""
    jobs = [
        {
            "label": str(_HOUSE_JOBS.get(row.name, row.name)),
            "rhythm": rhythm_words(row.cron or ""),
            "row": row,
        }
        for row in fixed_rows()
    ]
    return sorted(jobs, key=lambda job: str(job["label"]))


def rhythm_words(cron: str) -> str:
    """A simple cron expression in words, "daily at 06:00"; empty for any other."""
    fields = cron.split()
    if len(fields) != 5 or fields[2:4] != ["*", "*"]:
        return ""
    minute, hour, weekday = fields[0], fields[1], fields[4]
    if (hour, weekday) == ("*", "*") and (minute == "*" or minute.removeprefix("*/").isdecimal()):
        return _rhythm_within_an_hour(minute)
    if minute.isdecimal() and hour.isdecimal() and weekday in {"*", "1-5"}:
        time = f"{int(hour):02}:{int(minute):02}"
        words = _("daily at %(time)s") if weekday == "*" else _("Monday to Friday at %(time)s")
        return words % {"time": time}
    return ""


def _rhythm_within_an_hour(minute: str) -> str:
    if minute.isdecimal():
        return _("hourly, at minute %(minute)s") % {"minute": f"{int(minute):02}"}
    count = int(minute.removeprefix("*").removeprefix("/") or 1)
    return ngettext("every minute", "every %(count)s minutes", count) % {"count": count}


@require_safe
def styleguide(request: HttpRequest) -> HttpResponse:
    """Every part of the interface in every state; only in DEBUG."""
    return render(request, "styleguide.html")


@login_not_required
def admin_login(request: HttpRequest) -> HttpResponse:
    """The admin has no sign-in of its own: one door, one limit on attempts."""
    target = request.GET.get("next", "")
    if not url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure()):
        target = "/admin/"
    if request.user.is_authenticated:
        return forbidden(request)
    return redirect(f"/login/?next={target}")


def _error(request: HttpRequest, template: str, status: int) -> HttpResponse:
    return render(request, template, {"reference": current_job()}, status=status)


@login_not_required
def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _error(request, "403.html", 403)


@login_not_required
def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _error(request, "404.html", 404)


@login_not_required
def server_error(request: HttpRequest) -> HttpResponse:
    """Rendered without the request: whatever broke, the database say, would break there again."""
    return HttpResponse(render_to_string("500.html", {"reference": current_job()}), status=500)


@login_not_required
def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The form was too old or came from elsewhere; the browser's back button still has the text."""
    return _error(request, "403_csrf.html", 403)
