"""What the worker runs for itself."""

from django.contrib.sessions.backends.db import SessionStore
from django.utils import timezone

from connector import call_log, capabilities, looking_again
from connector.context import IMPATIENT_JOB, job_context
from connector.heartbeat import beat


def canary(cluster: str) -> None:
    """The smallest job there is: that it ran at all proves pusher, worker and database of `cluster`."""
    beat(cluster)


def clear_sessions() -> None:
    """Remove the sessions that are over."""
    with job_context("sessions"):
        SessionStore.clear_expired()


def prune_calls() -> None:
    """Remove the calls that have been kept for long enough."""
    with job_context("prune-calls"):
        call_log.prune_calls(timezone.now())


def look_again() -> None:
    """Find out whether SuperOffice is back, while it is away."""
    with job_context(IMPATIENT_JOB):
        looking_again.look_again()


def probe(connection_id: int, claim: int) -> None:
    """The check of rights that somebody asked for; `claim` as `capabilities.stamp` writes it."""
    with job_context("probe"):
        capabilities.work_on_probe(connection_id, claim, timezone.now())


def probe_daily() -> None:
    """The same for the tenant in use, every day."""
    with job_context("probe"):
        capabilities.probe_current(timezone.now())


def trial(connection_id: int, claim: int) -> None:
    """The trial with records that somebody agreed to; `claim` likewise."""
    with job_context("trial"):
        capabilities.work_on_trial(connection_id, claim, timezone.now())
