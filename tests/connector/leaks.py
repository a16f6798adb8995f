"""A hunt for secrets: plant them, collect everything that comes out, and name each place where one came along."""

import base64
import copy
import email
import html
import io
import json
import logging
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote, quote_plus

import ahocorasick_rs
from django.db import connection as database
from django.test import Client

from config.logs import ContextFilter


class Hunt:
    """`plant` a secret, let everything pass by `saw`, then ask `found`."""

    def __init__(self) -> None:
        self.secrets: dict[str, str] = {}
        self._seen: list[tuple[str, bytes]] = []

    def plant(self, name: str, secret: str) -> str:
        """Look for this secret too, also in what passed by already; one line of it is enough."""
        assert len(secret) >= 12, "too short to be told from chance"
        self.secrets[name] = secret
        return secret

    def saw(self, place: str, value: Any) -> None:
        for reading in readings(value):
            self._seen.append((place, reading))

    def found(self) -> list[str]:
        """ "client secret in table connector_apicall.detail", each pair once."""
        forms = [(name, form) for name, secret in self.secrets.items() for form in spellings(secret)]
        names = [name for name, _form in forms]
        matcher = ahocorasick_rs.BytesAhoCorasick([form for _name, form in forms])
        leaks = {
            f"{names[index]} in {place}"
            for place, content in self._seen
            for index, _start, _end in matcher.find_matches_as_indexes(content, overlapping=True)
        }
        return sorted(leaks)

    @property
    def places(self) -> set[str]:
        return {place for place, _content in self._seen}

    # --- Where things come out ------------------------------------------------------------------------

    @contextmanager
    def logs(self) -> Iterator[None]:
        """Every record of every logger at every level; what the house prints also with all that it adds."""
        kept = [(logger, logger.level, list(logger.handlers)) for logger in _loggers()]
        handler = _LogHunt(self)
        try:
            for logger, _level, _handlers in kept:
                logger.setLevel(logging.DEBUG)
                if logger is logging.root or not logger.propagate:
                    logger.addHandler(handler)
            yield
        finally:
            for logger, level, _handlers in kept:
                logger.setLevel(level)
                logger.removeHandler(handler)

    def database(self) -> None:
        """Every column of every table, past the ORM: what somebody with a copy of the database reads."""
        with database.cursor() as cursor:
            for table in database.introspection.table_names(cursor):
                cursor.execute(f"SELECT * FROM {database.ops.quote_name(table)}")
                columns = [column[0] for column in cursor.description]
                for row in cursor.fetchall():
                    for column, value in zip(columns, row, strict=True):
                        self.saw(f"table {table}.{column}", value)


class HuntingClient(Client):
    """A browser that shows the hunt every answer: status line, headers, cookies, body."""

    hunt: Hunt

    def request(self, **request: Any) -> Any:
        response = super().request(**request)
        place = f"{request['REQUEST_METHOD']} {request['PATH_INFO']} ({response.status_code})"
        body = response.getvalue() if response.streaming else response.content
        self.hunt.saw(place, body)
        self.hunt.saw(f"headers of {place}", str(dict(response.items())))
        for cookie in response.cookies.values():
            self.hunt.saw(f"cookie {cookie.key} of {place}", cookie.value)
        return response


class _LogHunt(logging.Handler):
    def __init__(self, hunt: Hunt) -> None:
        super().__init__(logging.DEBUG)
        self._hunt = hunt
        self._printed = logging.Formatter()

    def emit(self, record: logging.LogRecord) -> None:
        place = f"log {record.name}"
        self._hunt.saw(place, self._printed.format(record))
        if record.levelno < logging.INFO:
            return
        house = copy.copy(record)
        ContextFilter().filter(house)
        self._hunt.saw(f"{place}, as printed", json.dumps(house.__dict__, default=str))


def _loggers() -> list[logging.Logger]:
    known = logging.root.manager.loggerDict.values()
    return [logging.root, *(one for one in known if isinstance(one, logging.Logger))]


# --- Disguises -----------------------------------------------------------------------------------------


def spellings(secret: str) -> set[bytes]:
    """The ways in which a text may hold the secret."""
    texts = {secret, quote(secret, safe=""), quote(secret), quote_plus(secret), html.escape(secret)}
    texts |= {json.dumps(secret)[1:-1], json.dumps(json.dumps(secret))[3:-3], repr(secret)[1:-1]}
    found = {text.encode() for text in texts}
    for shift in range(3):  # inside a longer text that was encoded as a whole
        code = base64.b64encode(b"-" * shift + secret.encode())
        inner = code[(0, 2, 3)[shift] : len(code) - (4 if (shift + len(secret.encode())) % 3 else 0)]
        found |= {inner, inner.replace(b"+", b"-").replace(b"/", b"_")}
    return found


def readings(value: Any) -> Iterator[bytes]:
    """What can be read from a value: itself, and what is packed in it (base64, zlib, parts of a mail)."""
    if value is None or isinstance(value, bool | int | float):
        return
    content = bytes(value) if isinstance(value, bytes | bytearray | memoryview) else str(value).encode()
    yield content
    packed = content.strip().removeprefix(b".").partition(b":")[0]  # as Django signs: data:time:signature
    if len(packed) >= 16 and (unpacked := _unpacked(packed)):
        yield unpacked
    if content.lower().startswith((b"from:", b"message-id:", b"date:", b"mime-version:", b"received:")):
        for part in email.message_from_binary_file(io.BytesIO(content)).walk():
            if isinstance(payload := part.get_payload(decode=True), bytes):
                yield payload


def _unpacked(packed: bytes) -> bytes:
    try:
        data = base64.b64decode(
            packed.replace(b"-", b"+").replace(b"_", b"/") + b"=" * (-len(packed) % 4), validate=True
        )
    except ValueError:
        return b""
    try:
        return zlib.decompress(data)
    except zlib.error:
        return data
