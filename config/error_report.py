"""Django's error page and error mail without anything that may be a secret, also where DEBUG is on.

The page shows the values of every local variable, of what was posted and of the address. Which of them is a
secret nobody can tell, so none is shown: where it broke is enough to find the cause.
"""

from collections.abc import ItemsView
from types import FrameType
from typing import Any

from django.http import HttpRequest, QueryDict
from django.views.debug import ExceptionReporter, SafeExceptionReporterFilter

from connector.redaction import redact

HIDDEN = "(hidden)"


class HidingFilter(SafeExceptionReporterFilter):
    """Variables are told by their kind; numbers, truth values and None by their value."""

    def is_active(self, request: HttpRequest | None) -> bool:
        return True

    def get_post_parameters(self, request: HttpRequest | None) -> dict[str, Any]:
        return _hidden(request.POST) if request is not None else {}

    def get_safe_cookies(self, request: HttpRequest | None) -> dict[str, Any]:
        return dict.fromkeys(request.COOKIES, HIDDEN) if request is not None else {}

    def get_safe_request_meta(self, request: HttpRequest) -> dict[str, Any]:
        meta = super().get_safe_request_meta(request)
        told = {name: _without_query(value) for name, value in meta.items()}
        return told | {"QUERY_STRING": HIDDEN}

    def get_traceback_frame_variables(
        self, request: HttpRequest | None, tb_frame: FrameType
    ) -> ItemsView[str, Any]:
        return {name: _kind(value) for name, value in tb_frame.f_locals.items()}.items()


class ErrorReporter(ExceptionReporter):
    """The report around it: the address without its query, and what the exceptions say, redacted."""

    def get_traceback_data(self) -> dict[str, Any]:
        data = super().get_traceback_data() | {"unicode_hint": ""}
        if self.request is not None:
            data["request_insecure_uri"] = _without_query(data["request_insecure_uri"])
            data["request_GET_items"] = _hidden(self.request.GET).items()
        if "exception_value" in data:
            data["exception_value"] = redact(str(data["exception_value"]))
        return data

    def get_exception_traceback_frames(self, exc_value: Any, tb: Any) -> Any:
        for frame in super().get_exception_traceback_frames(exc_value, tb):
            cause = frame.get("exc_cause")
            yield frame | {"exc_cause": redact(f"{type(cause).__name__}: {cause}") if cause else cause}


def _hidden(values: QueryDict) -> dict[str, str]:
    return dict.fromkeys(values, HIDDEN)


def _without_query(value: Any) -> Any:
    return redact(value.partition("?")[0]) if isinstance(value, str) else value


def _kind(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float):
        return value
    return f"{type(value).__name__} {HIDDEN}"
