"""Which request or job is running: a short id that every log line, problem and event carries."""

import contextvars
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

Answer = TypeVar("Answer")

_job: contextvars.ContextVar[str] = contextvars.ContextVar("job", default="-")
_user: contextvars.ContextVar[int | None] = contextvars.ContextVar("user", default=None)
PAGE_PATIENCE = 10.0  # seconds; who sits before a browser rather tries again
IMPATIENT_JOB = "look-again"  # comes each minute, so that it must not last one
_memory: contextvars.ContextVar[dict[str, Any] | None] = contextvars.ContextVar("memory", default=None)


def current_job() -> str:
    """The running request's or job's id; "-" outside of both."""
    return _job.get()


def patience(longest: float) -> float:
    """How many of `longest` seconds what is running may wait for others: a page waits less than a job."""
    is_short = current_job().startswith(("request-", f"{IMPATIENT_JOB}-"))
    return min(longest, PAGE_PATIENCE) if is_short else longest


def acting_user_id() -> int | None:
    """Whose click is being worked on; None in jobs and before somebody has signed in."""
    return _user.get()


@contextmanager
def acting(user_id: int | None) -> Iterator[None]:
    """What runs inside is done for this user."""
    token = _user.set(user_id)
    try:
        yield
    finally:
        _user.reset(token)


@contextmanager
def job_context(kind: str, *, remembers: bool = False) -> Iterator[str]:
    """Name what runs inside: `kind` and eight random hexadecimal digits, e.g. "request-1f2e3d4c".

    With `remembers`, `once` asks the same question only once inside.
    """
    token = _job.set(f"{kind}-{secrets.token_hex(4)}")
    memory = _memory.set({} if remembers else None)
    try:
        yield _job.get()
    finally:
        _job.reset(token)
        _memory.reset(memory)


def once(question: str, ask: Callable[[], Answer]) -> Answer:
    """The answer of `ask`, remembered for the rest of the request; outside of requests asked each time."""
    memory = _memory.get()
    if memory is None:
        return ask()
    if question not in memory:
        memory[question] = ask()
    answer: Answer = memory[question]
    return answer
