"""`python manage.py sync_sales`: read SuperOffice into the local copy, here and now, with its progress."""

import logging
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import translation

from connector.context import job_context
from connector.database import prepare_database
from connector.models import Connection
from connector.problems import problem_of
from connector.services import NotConfigured, credentials_of, current_connection
from reports.local_copy import sync
from reports.local_copy.progress import progress_of
from reports.models import LocalCopy, Sync

INCOMPLETE, CANNOT_START = 1, 2
_LOOK_EVERY = 1.0  # seconds, at a reading that another process does
_LINE_EVERY = 10.0  # seconds, where there is no terminal to draw on


class Command(BaseCommand):
    help = (
        "Reads sales, quotes and products from SuperOffice into the local copy: what changed since the last"
        " reading, or everything when there was none. Ctrl-C stops it; the next call goes on from there. Exit"
        " code 0: done, 1: incomplete or failed, 2: it could not start."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--full", action="store_true", help="read all sales, and find out which are gone (needs longer)"
        )
        parser.add_argument(
            "--accept-removals",
            action="store_true",
            help="also take away more than a fifth of the sales: they really were deleted in SuperOffice",
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        with translation.override("en"), job_context("command"):
            connection = _connection()
            kind = Sync.Kind.FULL if options["full"] else Sync.Kind.CHANGES
            started = sync.start_sync(connection, kind, in_background=False)
            with _quiet(), _Bar(sys.stderr) as bar:
                try:
                    _read(started, bar, may_remove_many=options["accept_removals"])
                except KeyboardInterrupt as stop:
                    raise CommandError(_stopped(started), returncode=130) from stop
            self._tell(started)

    def _tell(self, done: Sync) -> None:
        """What came of it; raises CommandError unless the reading has no gap."""
        self.stdout.write(_summary(done))
        if done.status != Sync.Status.SUCCEEDED:
            problem = problem_of(done.problem_code) if done.problem_code else None
            words = problem.for_administrators if problem else "Somebody cancelled the reading."
            raise CommandError(f"{words}\n{done.problem_detail}".strip(), returncode=INCOMPLETE)
        if done.problem_code:
            words = problem_of(done.problem_code).for_administrators
            self.stderr.write(f"Products and families could not be read: {words}")


def _connection() -> Connection:
    """The tenant in use; raises CommandError when there is nothing to begin with."""
    try:
        prepare_database(current_connection)
        connection = current_connection()
        if connection is None:
            raise NotConfigured("no_connection")
        credentials_of(connection)
    except CommandError as error:
        raise CommandError(str(error), returncode=CANNOT_START) from error
    except NotConfigured as error:
        words = str(problem_of(error.code).for_administrators)
        raise CommandError(words, returncode=CANNOT_START) from error
    return connection


def _read(started: Sync, bar: "_Bar", *, may_remove_many: bool) -> None:
    """Read to the end; where another process reads already, look on until it has ended."""
    sync.work_on_sync(started.pk, until=float("inf"), watch=bar.show, may_remove_many=may_remove_many)
    started.refresh_from_db()
    while not started.is_finished:
        bar.show(started)
        time.sleep(_LOOK_EVERY)
        # Its worker may have died or handed the rest on: then it is ours to go on with.
        sync.work_on_sync(started.pk, until=float("inf"), watch=bar.show, may_remove_many=may_remove_many)
        started.refresh_from_db()


def _stopped(started: Sync) -> str:
    started.refresh_from_db()
    if started.is_finished:
        return f"Stopped after {started.read_count:,} sales. The next reading goes on from there."
    return "Another process reads on; this one only stopped looking."


def counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def _summary(done: Sync) -> str:
    copy = LocalCopy.objects.get(connection=done.connection_id)
    return (
        f"{done.status.capitalize()}: {counted(done.read_count, 'sale')} read"
        f" ({done.without_company_count:,} without a company), {done.new_count:,} new,"
        f" {done.changed_count:,} changed, {done.removed_count:,} gone;"
        f" {counted(done.line_count, 'quote line')}. The copy has {counted(copy.sale_count, 'sale')}."
    )


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the warnings of the log between the lines of the bar: what went wrong is told at the end."""
    loggers = [
        logging.getLogger(name) for name in ("connector.superoffice.transport", "reports.local_copy.sync")
    ]
    before = [one.level for one in loggers]
    for one in loggers:
        one.setLevel(logging.ERROR)
    try:
        yield
    finally:
        for one, level in zip(loggers, before, strict=True):
            one.setLevel(level)


class _Bar:
    """The progress on `stream`: one line that is drawn again and again, or plain lines where nobody looks."""

    def __init__(self, stream: TextIO) -> None:
        self.stream, self.is_drawn = stream, stream.isatty()
        self.began, self.first_count = time.monotonic(), -1
        self.told_at, self.told_step = 0.0, ""

    def __enter__(self) -> "_Bar":
        return self

    def __exit__(self, *_error: object) -> None:
        if self.is_drawn and self.told_step:
            self.stream.write("\n")

    def show(self, one: Sync, /) -> None:
        if self.first_count < 0:
            # What was there before this process began says nothing about its pace.
            self.began, self.first_count = time.monotonic(), one.read_count
        now = time.monotonic()
        if not self.is_drawn and one.step == self.told_step and now - self.told_at < _LINE_EVERY:
            return
        self.told_at, self.told_step = now, one.step
        words = self._words(one, now - self.began)
        if self.is_drawn:
            width = shutil.get_terminal_size((100, 24)).columns - 1
            words = f"\r{words[:width]:<{width}}"
        self.stream.write(words if self.is_drawn else f"{words}\n")
        self.stream.flush()

    def _words(self, one: Sync, seconds: float) -> str:
        shown = progress_of(one, before=self.first_count, seconds=seconds)
        parts = [f"{one.get_step_display()}: {one.read_count:,} sales read"]
        if shown.percent is not None:
            filled = shown.percent // 5
            parts.insert(0, f"[{'#' * filled}{'.' * (20 - filled)}] {shown.percent:3d}%")
        if shown.rate:
            parts.append(f"{shown.rate:,.0f} a second")
        if shown.seconds_left is not None:
            parts.append(f"{shown.seconds_left // 60}:{shown.seconds_left % 60:02d} left")
        return ", ".join(parts)
