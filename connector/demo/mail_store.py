"""Where caught mails lie: per mail one `.eml` with its exact bytes and one `.json` with its envelope."""

from __future__ import annotations

import json
import os
import re
import secrets
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

_ID = re.compile(r"\d{8}T\d{12}Z-[0-9a-f]{8}")


@dataclass(frozen=True)
class CaughtMail:
    """One mail as it arrived. `raw` is what came after DATA, dot-unstuffed; `received_at` is UTC."""

    id: str
    received_at: datetime
    envelope_from: str
    recipients: tuple[str, ...]
    raw: bytes


class MailStore:
    """Mails in one directory, safe for several threads. A mail is there when both its files are."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.directory.mkdir(parents=True, exist_ok=True)
        self._lock = threading.Lock()
        self._latest = datetime.min.replace(tzinfo=UTC)

    def keep(self, envelope_from: str, recipients: Sequence[str], raw: bytes) -> CaughtMail:
        """Write one mail; when this returns, it survives a restart. Raises OSError when the disk refuses."""
        received_at = self._next_moment()
        mail_id = f"{received_at:%Y%m%dT%H%M%S%f}Z-{secrets.token_hex(4)}"
        mail = CaughtMail(mail_id, received_at, envelope_from, tuple(recipients), raw)
        envelope = {
            "received_at": received_at.isoformat(),
            "envelope_from": envelope_from,
            "recipients": list(recipients),
        }
        # The envelope comes last: its presence says that the bytes are complete.
        self._write(f"{mail_id}.eml", raw)
        self._write(f"{mail_id}.json", json.dumps(envelope, ensure_ascii=False, indent=1).encode("utf-8"))
        return mail

    def ids(self) -> list[str]:
        """Every mail's id, oldest first."""
        return sorted(path.stem for path in self.directory.glob("*.json") if _ID.fullmatch(path.stem))

    def get(self, mail_id: str) -> CaughtMail | None:
        """The mail with this id; None when there is none or its files cannot be read."""
        if not _ID.fullmatch(mail_id):
            return None
        try:
            raw = (self.directory / f"{mail_id}.eml").read_bytes()
            envelope = json.loads((self.directory / f"{mail_id}.json").read_bytes())
            return CaughtMail(
                id=mail_id,
                received_at=datetime.fromisoformat(envelope["received_at"]),
                envelope_from=envelope["envelope_from"],
                recipients=tuple(envelope["recipients"]),
                raw=raw,
            )
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def _next_moment(self) -> datetime:
        """Now, but never the same moment twice: ids sort in the order of arrival."""
        with self._lock:
            self._latest = max(datetime.now(UTC), self._latest + timedelta(microseconds=1))
            return self._latest

    def _write(self, name: str, content: bytes) -> None:
        temporary = self.directory / f".{name}.part"
        temporary.write_bytes(content)
        os.replace(temporary, self.directory / name)
