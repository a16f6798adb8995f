"""Which request or job is running: a short id that every log line, problem and event carries."""

import contextvars
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

Answer = TypeVar("Answer")

_job: contextvars.ContextVar[str] = contextvars.ContextVar("job", default="-")
_memory: contextvars.ContextVar[dict[str, Any] | None] = contextvars.ContextVar("memory", default=None)


def current_job() -> str:
    """The running request's or job's id; "-" outside of both."""
    return _job.get()


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
