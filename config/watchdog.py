"""Keeps the clusters of the worker alive, from outside: a process inside a frozen cluster cannot help it.

A cluster is started anew when its first process is gone, whatever its exit code, and when it gives no sign of
life for WATCHDOG_SECONDS. Signs of life are rows that work inside the cluster writes (`connector.heartbeat`);
when there is no work, a canary job is sent every few seconds. Whoever waits for a mail server cannot give
signs: a silent cluster is left alone while a row names one of its living processes as its owner.
"""

import logging
import os
import socket
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from django.conf import settings
from django.db import DatabaseError, close_old_connections
from django.utils import timezone
from django.utils.module_loading import import_string
from django_q.models import OrmQ
from django_q.tasks import async_task

from config.processes import Child, members
from connector.models import Heartbeat

CANARY = "connector.tasks.canary"
# Each returns the processes ("host:pid") that hold a row at a given moment.
OWNERS_AT_WORK = ("outreach.delivery.owners_at_work", "reports.runs.services.owners_at_work")
START_GRACE = 10.0  # seconds until a new cluster is expected to run jobs
CANARY_INTERVAL = 5.0
LONGEST_PAUSE = 20.0  # seconds before a cluster that dies at once is tried again
logger = logging.getLogger(__name__)
BusyOwners = Callable[[], set[str]]


def busy_owners() -> set[str]:
    """The processes that hold a row right now, of every app that has such rows."""
    now = timezone.now()
    return set().union(*(import_string(path)(now) for path in OWNERS_AT_WORK))


class Canary:
    """A job that only says that it ran; the next one is sent when this one is gone from the queue."""

    def __init__(self, cluster: str) -> None:
        self._cluster = cluster
        self._row: int | None = None
        self._sent_at = 0.0

    def send_when_due(self) -> None:
        if time.monotonic() - self._sent_at < min(CANARY_INTERVAL, settings.WATCHDOG_SECONDS / 4):
            return
        if self._row is not None and OrmQ.objects.filter(pk=self._row).exists():
            return
        job = async_task(CANARY, self._cluster, task_name="canary", cluster=self._cluster)
        newest = OrmQ.objects.filter(key=self._cluster).order_by("-pk")[:5]
        # None: it was taken while we looked, which is fine.
        self._row = next((row.pk for row in newest if row.task_id() == job), None)
        self._sent_at = time.monotonic()

    def forget(self) -> None:
        """Remove the canaries that a dead cluster has left in the queue."""
        self._row, self._sent_at = None, 0.0
        for row in OrmQ.objects.filter(key=self._cluster):
            if row.task.get("func") == CANARY:
                row.delete()


class Watch:
    """One cluster: its processes, its last sign of life, and when to try again after it died.

    Time is measured by a clock that nobody sets; of the signs only their change counts.
    """

    def __init__(self, cluster: str, child: Child, busy: BusyOwners) -> None:
        self.cluster = cluster
        self.child = child
        self._busy = busy
        self._canary = Canary(cluster)
        self._sign: datetime | None = None
        self._alive_at = self._started_at = 0.0
        self._pause = 0.0
        self._start_at: float | None = 0.0

    def look_after(self) -> None:
        """Start, watch or end the cluster, whatever is due; returns at once."""
        now = time.monotonic()
        if self._start_at is not None:
            if now >= self._start_at:
                self._start()
        elif not self.child.is_running:
            self._end(f"its first process is gone (exit code {self.child.exit_code})")
        elif (silence := self._silence()) > settings.WATCHDOG_SECONDS and not self._is_busy():
            self._end(f"it has been silent for {silence:.0f} seconds")

    def _start(self) -> None:
        """The jobs a dead cluster had taken out of the queue are free again: what they work on is claimed
        in the database, so that two of them do no harm."""
        try:
            self._canary.forget()
            OrmQ.objects.filter(key=self.cluster, lock__gt=timezone.now()).update(lock=timezone.now())
        except DatabaseError as error:
            _database_is_away(error)
        self.child.start()
        self._start_at, self._started_at = None, time.monotonic()
        self._alive_at = self._started_at + START_GRACE
        logger.info("cluster %s started as process %s", self.cluster, self.child.group)

    def _end(self, reason: str) -> None:
        """Kill everything of the cluster, orphans too, and plan its next start: soon, unless it never lives long."""
        lived = time.monotonic() - self._started_at
        self._pause = min(LONGEST_PAUSE, self._pause * 2 or 1.0) if lived < 2 * START_GRACE else 1.0
        logger.error("cluster %s is started anew in %.0f s: %s", self.cluster, self._pause, reason)
        self.child.kill()
        self._start_at = time.monotonic() + self._pause

    def _silence(self) -> float:
        """Seconds since the last sign of life; 0 while the database cannot tell."""
        try:
            self._canary.send_when_due()
            sign = Heartbeat.objects.filter(pk=self.cluster).values_list("beat_at", flat=True).first()
        except DatabaseError as error:
            _database_is_away(error)
            self._alive_at = max(self._alive_at, time.monotonic())
            return 0.0
        if sign != self._sign:
            self._sign = sign
            self._alive_at = max(self._alive_at, time.monotonic())
        return max(0.0, time.monotonic() - self._alive_at)

    def _is_busy(self) -> bool:
        """Whether a living process of this cluster holds a row; a stopped one does not count."""
        try:
            owners = self._busy()
        except DatabaseError as error:
            _database_is_away(error)
            return True
        host = socket.gethostname()[:60]
        return any(
            f"{host}:{process.pid}" in owners for process in members(self.child.group) if process.is_working
        )


def _database_is_away(error: DatabaseError) -> None:
    logger.warning("the watchdog cannot reach the database: %s", error)
    close_old_connections()


def watch(watches: Sequence[Watch], is_ending: Callable[[], bool], *, every: float = 1.0) -> None:
    """Look after the clusters until `is_ending`. A mistake with one never costs the others their watch."""
    while not is_ending():
        for one in watches:
            try:
                one.look_after()
            except Exception:
                logger.exception("the watchdog stumbled over cluster %s", one.cluster)
        time.sleep(every)


def cluster_child(cluster: str, environment: Mapping[str, str]) -> Child:
    """`manage.py qcluster` for one cluster, not started yet."""
    command = [sys.executable, str(settings.BASE_DIR / "manage.py"), "qcluster"]
    own = {**os.environ, **environment, "Q_CLUSTER_NAME": cluster}
    return Child(cluster, command, own, settings.BASE_DIR)
