"""What happens around every request."""

import time
from collections.abc import Callable

from django.conf import settings
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse

from connector.context import job_context

Handler = Callable[[HttpRequest], HttpResponse]


class RequestIdMiddleware:
    """Names the request, so that a page, a log line and an error can quote the same id."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with job_context("request", remembers=True) as request_id:
            request.desk_job = request_id  # type: ignore[attr-defined]  # for what is logged after the middleware
            response = self.get_response(request)
            response["X-Request-Id"] = request_id
            return response


class SessionLimitMiddleware:
    """Ends a session after an idle hour. SESSION_COOKIE_AGE ends it after a working day in any case.

    Polling pages do not count as use: htmx asks with a header of its own.
    """

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated:
            now, seen = int(time.time()), request.session.get("seen_at")
            if seen is not None and now - seen > settings.SESSION_IDLE_SECONDS:
                logout(request)
            elif "HX-Request" not in request.headers and (seen is None or now - seen > 60):
                expires_at = request.session.get_expiry_date()
                request.session["seen_at"] = now
                # Writing must not prolong the working day.
                request.session.set_expiry(expires_at)
        return self.get_response(request)


class NoStoreMiddleware:
    """What a signed-in user saw does not stay in the browser's cache: mails and customers are no one else's."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if request.user.is_authenticated and "Cache-Control" not in response:
            response["Cache-Control"] = "private, no-store"
        return response
