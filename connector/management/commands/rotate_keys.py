"""`python manage.py rotate_keys`: write every stored secret anew, with the newest of FIELD_KEYS."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import models, transaction
from django.db.models.functions import Cast

from connector.fields import EncryptedTextField, Unreadable, is_newest, rewritten

BATCH = 200  # rows in one transaction: others write in between
ATTEMPTS = 5  # a value that changes more often than that while we look is left to the next run

HELP = """
Write every stored secret anew, with the newest key.

To change the key: make one with
    python -c "from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())"
put it in front of the others in FIELD_KEYS, restart the web server and the workers, run this command, and
then take the old keys out of FIELD_KEYS. Interrupting does no harm; run it again. Keep the old keys with the
backups that were made under them.
"""


@dataclass(slots=True)
class Tally:
    """What became of the secrets of one model. `unreadable` names the places, never what is there."""

    name: str
    counts: Counter[str] = field(default_factory=Counter)
    unreadable: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        counts = self.counts
        words = f"{self.name}: {counts['rewritten']} rewritten, {counts['newest']} had the newest key already"
        if counts["restless"]:
            words += f", {counts['restless']} kept changing"
        return f"{words}, {len(self.unreadable)} unreadable" if self.unreadable else words


class Command(BaseCommand):
    help = HELP

    def handle(self, *_args: Any, **_options: Any) -> None:
        tallies = [rotate(model) for model in apps.get_models() if secrets_of(model)]
        for tally in tallies:
            self.stdout.write(str(tally))
        lost = [place for tally in tallies for place in tally.unreadable]
        if lost:
            raise CommandError(
                "No key of FIELD_KEYS reads these:\n  "
                + "\n  ".join(lost)
                + "\nPut the key they were written with back into FIELD_KEYS, or enter them anew. "
                "Do not remove any key until then."
            )
        if any(tally.counts["restless"] for tally in tallies):
            raise CommandError("Some secrets kept changing. Run this again.")
        self.stdout.write(_what_now(len(settings.FIELD_KEYS) - 1))


def _what_now(old_count: int) -> str:
    if not old_count:
        return "Every secret is under the only key of FIELD_KEYS."
    old = "The older key" if old_count == 1 else f"The {old_count} older keys"
    return (
        f"Every secret is under the newest key. {old} can be removed from FIELD_KEYS, if every web server and "
        "worker was restarted with the newest key in front before this run. Otherwise restart them and run "
        "this again."
    )


def secrets_of(model: type[models.Model]) -> list[str]:
    """The names of the encrypted columns that this model's own table has."""
    return [one.name for one in model._meta.local_concrete_fields if isinstance(one, EncryptedTextField)]


def rotate(model: type[models.Model]) -> Tally:
    """Rewrite the secrets of all rows. May run beside anything else, also beside another rotation."""
    tally = Tally(model._meta.label)
    for name in secrets_of(model):
        last: Any = None
        while batch := _next_batch(model, name, last):
            with transaction.atomic():
                for pk, stored in batch:
                    _rewrite(model, name, pk, stored, tally)
            last = batch[-1][0]
    return tally


def _as_stored(model: type[models.Model], name: str) -> "models.QuerySet[Any]":
    """Rows with the column's own text as `stored`: what the database has, not the secret."""
    return model._base_manager.annotate(stored=Cast(name, models.TextField()))


def _next_batch(model: type[models.Model], name: str, last: Any) -> list[tuple[Any, str]]:
    rows = _as_stored(model, name).exclude(stored="").exclude(stored=None)
    if last is not None:
        rows = rows.filter(pk__gt=last)
    return list(rows.order_by("pk").values_list("pk", "stored")[:BATCH])


def _rewrite(model: type[models.Model], name: str, pk: Any, stored: str | None, tally: Tally) -> None:
    """Replace `stored` only where it still stands: a newer value must not give way to an older one."""
    for _attempt in range(ATTEMPTS):
        if not stored or is_newest(stored):
            tally.counts["newest"] += bool(stored)
            return
        try:
            new = rewritten(stored)
        except Unreadable:
            tally.unreadable.append(f"{model._meta.label}, {name}, row {pk}")
            return
        row = _as_stored(model, name).filter(pk=pk)
        if row.filter(stored=stored).update(**{name: models.Value(new, output_field=models.TextField())}):
            tally.counts["rewritten"] += 1
            return
        stored = row.values_list("stored", flat=True).first()
    tally.counts["restless"] += 1
