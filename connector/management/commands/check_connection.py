"""`python manage.py check_connection`: what the connection in use may do, for people or as JSON."""

import json
import logging
import shutil
import textwrap
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone, translation

from connector import capabilities
from connector.capability_words import NOBODY, WHO
from connector.context import job_context
from connector.database import prepare_database
from connector.explanations import evidence_line, explain
from connector.features import FEATURES
from connector.models import Capability
from connector.services import current_connection

NOT_READY, NOT_SET_UP = 1, 2
_UNPROVEN = (
    "\nEverything that can be checked without a record works; only a trial shows uploading"
    " (--with-trial-records)."
)


class Command(BaseCommand):
    help = (
        "Ask SuperOffice what the connection in use may do; changes nothing there. Exit code 0: everything that"
        " Sales Desk needs works, as far as that shows without a record (uploading takes"
        " --with-trial-records), 1: something does not, 2: no connection is set up."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="print a list of findings as JSON")
        parser.add_argument(
            "--with-trial-records",
            action="store_true",
            help="also make a marked document and a marked follow-up in SuperOffice, and remove them again",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        prepare_database(current_connection)
        connection = current_connection()
        if connection is None:
            self.stderr.write("No connection to SuperOffice is set up.")
            raise SystemExit(NOT_SET_UP)
        now = timezone.now()
        with job_context("probe"), _quiet(is_quiet=options["verbosity"] < 2):
            capabilities.probe(connection, now)
            if options["with_trial_records"]:
                capabilities.try_records(connection, now)
        found = capabilities.findings_of(connection)
        rows = [found[feature] for feature in FEATURES if feature in found]
        with translation.override("en"):
            self.stdout.write(_as_json(rows) if options["json"] else _as_table(rows))
        if not capabilities.is_ready(rows):
            raise SystemExit(NOT_READY)
        if capabilities.is_unproven(found.get("upload_content")) and not options["json"]:
            self.stdout.write(_UNPROVEN)


@contextmanager
def _quiet(*, is_quiet: bool) -> Iterator[None]:
    """Without the warnings about refused calls: what was refused is the result, and stands in the table."""
    transport = logging.getLogger("connector.superoffice.transport")
    before = transport.level
    if is_quiet:
        transport.setLevel(logging.ERROR)
    try:
        yield
    finally:
        transport.setLevel(before)


def _as_json(rows: list[Capability]) -> str:
    return json.dumps([_object(row) for row in rows], indent=2, ensure_ascii=False)


def _object(row: Capability) -> dict[str, str]:
    why = explain(row.feature, row.status, row.facts)
    return {
        "feature": row.feature,
        "status": row.status,
        "evidence": evidence_line(row),
        "cause": why.cause,
        "action": why.action,
        "who": str(WHO[why.who]),
    }


def _as_table(rows: list[Capability]) -> str:
    """Feature and status beside what it means; below it who has to do what."""
    names = [str(FEATURES[row.feature].label) for row in rows]
    states = [str(Capability.Status(row.status).label) for row in rows]
    first, second = max(map(len, names), default=0) + 2, max(map(len, states), default=0) + 2
    width = max(shutil.get_terminal_size((120, 24)).columns - first - second, 40)
    lines = []
    for row, name, state in zip(rows, names, states, strict=True):
        for told in _told(row, width):
            lines.append(f"{name:<{first}}{state:<{second}}{told}".rstrip())
            name = state = ""  # noqa: PLW2901 (named once)
    return "\n".join(lines)


def _told(row: Capability, width: int) -> list[str]:
    why = explain(row.feature, row.status, row.facts)
    lines = textwrap.wrap(why.cause, width)
    if why.who == NOBODY and row.status == Capability.Status.WORKS:
        return lines
    who = "" if why.who == NOBODY else f"{WHO[why.who]}: "
    return lines + textwrap.wrap(f"→ {who}{why.action}", width, subsequent_indent="  ")
