"""What happens around every request."""

import time
from collections.abc import Callable
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.contrib.auth import logout
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import render, resolve_url
from django.urls import is_valid_path
from django.utils.http import url_has_allowed_host_and_scheme

from connector.context import acting, current_job, job_context

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


class ActingUserMiddleware:
    """Remembers for whom the request works, so that the log of calls can name the person."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with acting(request.user.pk):
            return self.get_response(request)


class SessionLimitMiddleware:
    """Ends a session after an idle hour. SESSION_COOKIE_AGE ends it after a working day in any case.

    Polling pages do not count as use: htmx asks with a header of its own. A link or form that htmx follows does.
    """

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated:
            now, seen = int(time.time()), request.session.get("seen_at")
            if seen is not None and now - seen > settings.SESSION_IDLE_SECONDS:
                logout(request)
            elif not _is_poll(request) and (seen is None or now - seen > 60):
                expires_at = request.session.get_expiry_date()
                request.session["seen_at"] = now
                # Writing must not prolong the working day.
                request.session.set_expiry(expires_at)
        return self.get_response(request)


def _is_poll(request: HttpRequest) -> bool:
    return "HX-Request" in request.headers and "HX-Boosted" not in request.headers


class NoStoreMiddleware:
    """What a signed-in user saw does not stay in the browser's cache: mails and customers are no one else's."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if request.user.is_authenticated and "Cache-Control" not in response:
            response["Cache-Control"] = "private, no-store"
        return response


class SignInMiddleware(LoginRequiredMiddleware):
    """Every view needs a login unless it says otherwise; what is posted after the session ended loses nothing.

    The address of a POST cannot be opened after the sign-in, so its sender gets back to the page with the
    form, and the sign-in page says (`ended`) that nothing was changed.
    """

    def handle_no_permission(
        self, request: HttpRequest, view_func: Callable[..., HttpResponseBase]
    ) -> HttpResponseRedirect:
        if request.method in {"GET", "HEAD"}:
            return super().handle_no_permission(request, view_func)
        query = urlencode(
            {self.get_redirect_field_name(view_func): _page_of_form(request), "ended": 1}, safe="/"
        )
        return HttpResponseRedirect(f"{resolve_url(self.get_login_url(view_func))}?{query}")


def _page_of_form(request: HttpRequest) -> str:
    """Where the form was sent from, as path and query; the start page when that is unknown or elsewhere."""
    referer = request.headers.get("Referer", "")
    if not url_has_allowed_host_and_scheme(referer, {request.get_host()}, require_https=request.is_secure()):
        return "/"
    parts = urlsplit(referer)
    path = f"{parts.path}?{parts.query}" if parts.query else parts.path
    return path if url_has_allowed_host_and_scheme(path, None) and path.startswith("/") else "/"


class NotAllowedMiddleware:
    """Gives browsers a page instead of the empty 405 that Django's decorators answer with."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        is_empty = isinstance(response, HttpResponseNotAllowed) and not response.content
        if not is_empty or "text/html" not in request.headers.get("Accept", ""):
            return response
        context = {"reference": current_job(), "page_above": _page_above(request.path)}
        page = render(request, "405.html", context, status=405)
        page["Allow"] = response["Allow"]
        return page


def _page_above(path: str) -> str:
    """The nearest address above `path` that exists: /drafts/4/ for /drafts/4/approve/."""
    while path != "/":
        path = path.rstrip("/").rpartition("/")[0] + "/"
        if is_valid_path(path):
            break
    return path
