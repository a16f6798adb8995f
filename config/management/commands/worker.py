"""`python manage.py worker`: everything that works in the background, watched, until it is told to end."""

import logging
import signal
import time
from argparse import ArgumentParser
from pathlib import Path
from types import FrameType
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, close_old_connections

from config.demo_data import keep_demo_users
from config.processes import Family, end_all
from config.schedules import ensure_schedules
from config.tables import migrations_are_missing, permissions_are_missing
from config.watchdog import Watch, busy_owners, cluster_child, watch
from connector.roles import grant_administrator_permissions
from connector.stopping import VARIABLE

logger = logging.getLogger(__name__)


class Command(BaseCommand):
    help = (
        "Run reports, send and file mails. Ends cleanly on SIGTERM or Ctrl-C; a second one ends it at once."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--grace", type=float, default=60.0, help="seconds that running jobs get to finish (default: 60)"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        self._signal_count = 0
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._count_signal)
        # The queue says "enqueued" for each canary, and that is nobody's news.
        logging.getLogger("django-q").setLevel(logging.WARNING)
        family = Family("worker", settings.VAR_DIR / "run")
        living = family.take_over()
        if living is not None:
            raise CommandError(f"A worker is running here already (process {living}). One is enough.")
        stop_file = settings.VAR_DIR / "run" / "worker.stop"
        stop_file.unlink(missing_ok=True)
        try:
            self._prepare()
            self._work(family, stop_file, options["grace"])
        finally:
            family.leave()
            stop_file.unlink(missing_ok=True)

    def _prepare(self) -> None:
        """What the tables must hold; a database that is away for a moment must not keep us from starting."""
        while not self._signal_count:
            try:
                if not migrations_are_missing() and not permissions_are_missing():
                    ensure_schedules()
                    grant_administrator_permissions()
                    keep_demo_users()
                    return
                logger.warning("the worker waits for the database: manage.py migrate has not finished")
            except DatabaseError as error:
                logger.warning("the worker waits for the database: %s", error)
            close_old_connections()
            time.sleep(2)

    def _work(self, family: Family, stop_file: Path, grace: float) -> None:
        environment = {**family.environment, VARIABLE: str(stop_file)}
        watches = [
            Watch(cluster, cluster_child(cluster, environment), busy_owners) for cluster in settings.CLUSTERS
        ]
        watch(watches, lambda: self._signal_count > 0)
        logger.info("the worker ends; running jobs get %.0f s", grace)
        stop_file.touch()
        killed = end_all([one.child for one in watches], grace, lambda: self._signal_count > 1)
        if killed:
            logger.warning("jobs of %s did not end in time", " and ".join(killed))

    def _count_signal(self, _number: int, _frame: FrameType | None) -> None:
        self._signal_count += 1
