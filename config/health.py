"""Is the process there, and can it work?"""

from datetime import timedelta

from django.conf import settings
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from config.tables import migrations_are_missing
from connector.heartbeat import ages_of_beats
from connector.roles import is_administrator


@require_safe
@never_cache
def healthz(_request: HttpRequest) -> HttpResponse:
    """200 as soon as the process answers; touches nothing else."""
    return HttpResponse("ok\n", content_type="text/plain")


def troubles() -> dict[str, str]:
    """What keeps this installation from working, by name; empty when it is ready."""
    try:
        if migrations_are_missing():
            return {"database": _("migrations are missing")}
        return worker_troubles()
    except DatabaseError as error:
        return {"database": type(error).__name__}


def worker_troubles() -> dict[str, str]:
    """Which clusters of the worker give no sign of life; one query."""
    limit = timedelta(seconds=2 * settings.WATCHDOG_SECONDS)
    ages = ages_of_beats()
    return {
        f"worker {cluster}": _silence(age)
        for cluster in settings.CLUSTERS
        for age in [ages.get(cluster)]
        if age is None or age > limit
    }


def _silence(age: timedelta | None) -> str:
    if age is None:
        return _("no sign of life")
    return _("silent for %(seconds)s seconds") % {"seconds": int(age.total_seconds())}


@require_safe
@never_cache
def readyz(request: HttpRequest) -> JsonResponse:
    """200 when database and worker are alive, 503 otherwise; the reasons are for administrators only."""
    found = troubles()
    try:
        with_reasons = "database" not in found and is_administrator(request.user)
    except DatabaseError:
        with_reasons = False
    answer = {"ready": not found} | ({"troubles": found} if with_reasons else {})
    return JsonResponse(answer, status=503 if found else 200)
