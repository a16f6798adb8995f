"""Secrets at rest."""

from functools import cache
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import models


@cache
def _fernet(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(key) for key in keys])


class EncryptedTextField(models.TextField):
    """Text that the database never sees in the clear: Fernet under the newest of FIELD_KEYS.

    Every key of the list can read, so that keys are rotated by putting a new one in front. Empty text stays
    empty, so that "is there a secret?" can be asked without reading it. It cannot be searched or sorted.
    """

    description = "Encrypted text"

    def get_prep_value(self, value: Any) -> Any:
        text = super().get_prep_value(value)
        return _fernet(tuple(settings.FIELD_KEYS)).encrypt(text.encode()).decode("ascii") if text else text

    def from_db_value(self, value: str | None, *_args: Any) -> str | None:
        if not value:
            return value
        try:
            return _fernet(tuple(settings.FIELD_KEYS)).decrypt(value.encode("ascii")).decode()
        except InvalidToken as error:
            raise ImproperlyConfigured(
                "A stored secret cannot be read with FIELD_KEYS. Put the key it was written with back into the list."
            ) from error

    def get_lookup(self, lookup_name: str) -> Any:
        return super().get_lookup(lookup_name) if lookup_name in {"exact", "isnull"} else None
