"""Whose attempt to sign in it was."""

from django.conf import settings
from django.http import HttpRequest


def client_address(request: HttpRequest) -> str:
    """The address in front of our own proxy.

    Gunicorn listens on loopback only. Where host names are public, the web server in front adds the client as
    the last entry of X-Forwarded-For; anything before it was written by the client itself. Without a proxy the
    header means nothing.
    """
    direct = str(request.META.get("REMOTE_ADDR", ""))
    if settings.IS_LOCAL or direct not in {"127.0.0.1", "::1", ""}:
        return direct
    forwarded = str(request.META.get("HTTP_X_FORWARDED_FOR", ""))
    return forwarded.rpartition(",")[2].strip() or direct
