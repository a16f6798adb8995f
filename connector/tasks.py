"""What the worker runs for itself."""

from django.contrib.sessions.backends.db import SessionStore

from connector.context import job_context
from connector.heartbeat import beat


def canary(cluster: str) -> None:
    """The smallest job there is: that it ran at all proves pusher, worker and database of `cluster`."""
    beat(cluster)


def clear_sessions() -> None:
    """Remove the sessions that are over."""
    with job_context("sessions"):
        SessionStore.clear_expired()
