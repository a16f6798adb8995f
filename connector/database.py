"""Makes the tables of a brand-new database file, so that a command works as the first thing anybody calls."""

import sys
from collections.abc import Callable

from django.core.management import CommandError, call_command
from django.db import DatabaseError
from django.db import connection as database


def prepare_database(look: Callable[[], object]) -> None:
    """Any database but a new SQLite file is an operator's to migrate; raises CommandError when that is due.

    `look` reads what the command is going to need.
    """
    try:
        if database.vendor == "sqlite" and not database.introspection.table_names():
            sys.stderr.write("A new database: preparing it.\n")
            call_command("migrate", interactive=False, verbosity=0)
        look()
    except DatabaseError as error:
        raise CommandError("The database is not ready. Run: python manage.py migrate") from error
