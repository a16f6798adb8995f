"""Secrets at rest."""

from functools import cache
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import models


class Unreadable(ImproperlyConfigured):
    """A stored secret that no key of FIELD_KEYS reads. Says nothing of what is stored."""

    def __init__(self) -> None:
        super().__init__(
            "A stored secret cannot be read with FIELD_KEYS. Put the key it was written with back into the list."
        )


@cache
def _fernet(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(key) for key in keys])


def _keys() -> tuple[str, ...]:
    return tuple(settings.FIELD_KEYS)


def is_newest(stored: str) -> bool:
    """Whether `stored`, as the database has it, was written with the first of FIELD_KEYS."""
    try:
        _fernet(_keys()[:1]).decrypt(stored)
    except (InvalidToken, ValueError):
        return False
    return True


def rewritten(stored: str) -> str:
    """The same secret under the first of FIELD_KEYS; raises Unreadable."""
    try:
        return _fernet(_keys()).rotate(stored).decode("ascii")
    except (InvalidToken, ValueError):
        raise Unreadable from None


class EncryptedTextField(models.TextField):
    """Text that the database never sees in the clear: Fernet under the newest of FIELD_KEYS.

    Every key of the list can read, so that keys are rotated by putting a new one in front (`manage.py
    rotate_keys` then rewrites what is stored). Empty text stays empty, so that "is there a secret?" can be
    asked without reading it. It cannot be searched or sorted.
    """

    description = "Encrypted text"

    def get_prep_value(self, value: Any) -> Any:
        text = super().get_prep_value(value)
        return _fernet(_keys()).encrypt(text.encode()).decode("ascii") if text else text

    def from_db_value(self, value: str | None, *_args: Any) -> str | None:
        if not value:
            return value
        try:
            return _fernet(_keys()).decrypt(value).decode()
        except (InvalidToken, ValueError):  # ValueError: not even ASCII, and its text would quote the value
            raise Unreadable from None

    def get_lookup(self, lookup_name: str) -> Any:
        return super().get_lookup(lookup_name) if lookup_name in {"exact", "isnull"} else None
