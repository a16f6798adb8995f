"""Where settings come from: real environment variables first, then the file `.env`.

Every wrong value stops the start with the variable's name in the sentence, never with its value: it may be
a secret.
"""

import os
import re
import secrets
from collections.abc import Mapping
from pathlib import Path

from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured
from dotenv.parser import parse_stream


class SettingsError(ImproperlyConfigured):
    """A setting is missing or malformed; the text names it and says what to write instead."""


def read_env_file(path: Path) -> dict[str, str]:
    """The variables in `path`, or nothing when there is no such file.

    A line that is no `NAME=value` raises SettingsError with its number and name.
    """
    if not path.is_file():
        return {}
    values: dict[str, str] = {}
    with path.open(encoding="utf-8") as stream:
        for binding in parse_stream(stream):
            if binding.error or (binding.key and binding.value is None):
                # Only the name: what stands behind it may be a secret.
                found = re.match(r"\s*(?:export\s+)?(\w{1,40})", binding.original.string)
                name = binding.key or (found[1] if found else "?")
                raise SettingsError(
                    f"line {binding.original.line} of {path.name} ({name}) is not of the form NAME=value"
                )
            if binding.key:
                values[binding.key] = binding.value or ""
    return values


class Env:
    """Typed access to named values; an empty value counts as missing."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values

    @classmethod
    def load(cls, env_file: Path) -> "Env":
        return cls({**read_env_file(env_file), **os.environ})

    def has(self, name: str) -> bool:
        return bool(self._values.get(name, "").strip())

    def text(self, name: str, default: str | None = None) -> str:
        value = self._values.get(name, "").strip()
        if value:
            return value
        if default is None:
            raise SettingsError(f"{name} is missing. .env.example explains it.")
        return default

    def flag(self, name: str) -> bool:
        value = self.text(name, "0").lower()
        if value in {"1", "true", "yes", "on"}:
            return True
        if value in {"0", "false", "no", "off"}:
            return False
        raise SettingsError(f"{name} must be 1 or 0.")

    def number(self, name: str, default: int, *, least: int = 0, most: int = 2**31) -> int:
        value = self.text(name, str(default))
        if not value.isascii() or not value.isdigit() or not least <= int(value) <= most:
            raise SettingsError(f"{name} must be a whole number from {least} to {most}.")
        return int(value)

    def choice(self, name: str, choices: Mapping[str, str], default: str | None = None) -> str:
        """The value that `choices` gives for what is written, e.g. {"stage": "stage", "qaonline": "stage"}."""
        value = self.text(name, default).lower()
        if value not in choices:
            raise SettingsError(f"{name} must be one of: {', '.join(choices)}.")
        return choices[value]

    def words(self, name: str, default: str) -> list[str]:
        return [word for word in self.text(name, default).replace(",", " ").split() if word]

    def url(self, name: str, default: str | None = None) -> str:
        value = self.text(name, default)
        if value and not value.startswith(("https://", "http://")):
            raise SettingsError(
                f"{name} must begin with https:// (or http:// for an address on this machine)."
            )
        return value.rstrip("/")


def kept_key(env: Env, name: str, *, directory: Path, may_generate: bool) -> str:
    """A key from the environment, else from a file under `directory`, else newly made and kept there.

    Making one is for development and `make run` only: an installation whose keys live beside its data has
    to decide that itself.
    """
    if env.has(name):
        return env.text(name)
    path = directory / name.lower()
    if not path.exists():
        if not may_generate:
            return env.text(name)
        make_secret_file(
            path, secrets.token_urlsafe(64) if name == "SECRET_KEY" else Fernet.generate_key().decode()
        )
    return path.read_text(encoding="ascii").strip()


def make_secret_file(path: Path, content: str) -> None:
    """Write a file that only its owner may read; the first of several processes wins."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(descriptor, content.encode("ascii"))
        os.fsync(descriptor)
        os.close(descriptor)
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()


def field_keys(env: Env, *, directory: Path, may_generate: bool) -> list[str]:
    """Fernet keys for secrets at rest, newest first."""
    keys = (
        kept_key(env, "FIELD_KEYS", directory=directory, may_generate=may_generate).replace(",", " ").split()
    )
    for key in keys:
        try:
            Fernet(key)
        except ValueError as error:
            raise SettingsError(
                "FIELD_KEYS must be one or more keys of 32 bytes in URL-safe base64, separated by commas."
            ) from error
    return keys
