"""Which request or job is running: a short id that every log line, problem and event carries."""

import contextvars
import secrets
from collections.abc import Iterator
from contextlib import contextmanager

_job: contextvars.ContextVar[str] = contextvars.ContextVar("job", default="-")


def current_job() -> str:
    """The running request's or job's id; "-" outside of both."""
    return _job.get()


@contextmanager
def job_context(kind: str) -> Iterator[str]:
    """Name what runs inside: `kind` and eight random hexadecimal digits, e.g. "request-1f2e3d4c"."""
    token = _job.set(f"{kind}-{secrets.token_hex(4)}")
    try:
        yield _job.get()
    finally:
        _job.reset(token)
