"""Logs: one JSON object per line, each with the request or job it belongs to, and no secret in any.

A newline in a logged value stays inside its JSON string, so nobody can forge a line.
"""

import logging
from typing import Any

from django.http import HttpRequest

from connector.context import current_job
from connector.redaction import redact, shortened

LONGEST = 20_000  # characters of one value; whoever makes us log more makes us search and store more


def _safe(text: str) -> str:
    """Cut before it is searched for secrets: the patterns cost more than the cut."""
    return redact(shortened(text, LONGEST))


class ContextFilter(logging.Filter):
    """Adds `job` (request or job id) and takes secrets out of everything that is printed."""

    def filter(self, record: logging.LogRecord) -> bool:
        request = record.__dict__.pop("request", None)
        record.job = getattr(request, "desk_job", current_job())
        if isinstance(request, HttpRequest):  # its own text would show the whole address
            record.path = f"{request.method} {request.path}"
        for name, value in record.__dict__.items():
            if isinstance(value, str) and name not in {"msg", "levelname", "name"}:
                record.__dict__[name] = _safe(value)
        record.msg, record.args = _safe(record.getMessage()), ()
        if record.exc_info and not record.exc_text:
            record.exc_text = _safe(logging.Formatter().formatException(record.exc_info))
            record.exc_info = None
        return True


def logging_settings(*, as_text: bool) -> dict[str, Any]:
    """The value of Django's LOGGING; text instead of JSON for a developer's terminal."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {"context": {"()": ContextFilter}},
        "formatters": {
            "json": {
                "()": "pythonjsonlogger.json.JsonFormatter",
                "format": "{levelname}{name}{message}{job}",
                "style": "{",
                "rename_fields": {"levelname": "level", "name": "logger"},
                "timestamp": "at",
            },
            "text": {"format": "{levelname:.1} {name} {job} {message}", "style": "{"},
        },
        "handlers": {
            "stderr": {
                "class": "logging.StreamHandler",
                "filters": ["context"],
                "formatter": "text" if as_text else "json",
            }
        },
        "root": {"handlers": ["stderr"], "level": "INFO"},
        "loggers": {
            "django.server": {"handlers": ["stderr"], "level": "INFO", "propagate": False},
            # Every job twice, canaries included, would bury the rest
            "django-q": {"handlers": ["stderr"], "level": "WARNING", "propagate": False},
            "axes": {"level": "WARNING"},
        },
    }
