"""What callers created: documents with their content, and follow-ups.

Ids are never given out twice.
"""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any, TypeVar

from connector.demo.database import Database

_SCHEMA = """
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS documents (
    id INTEGER PRIMARY KEY AUTOINCREMENT, seeded INTEGER NOT NULL, name TEXT NOT NULL COLLATE NOCASE,
    fields TEXT NOT NULL, content BLOB);
CREATE UNIQUE INDEX IF NOT EXISTS one_file_name ON documents (name);
CREATE TABLE IF NOT EXISTS appointments (
    id INTEGER PRIMARY KEY AUTOINCREMENT, seeded INTEGER NOT NULL, fields TEXT NOT NULL);
"""


@dataclass(frozen=True, slots=True)
class Document:
    """A document card. Ids are 0 for "none"; `date` is base-zone time, `created_at`/`updated_at` are UTC."""

    document_id: int
    header: str
    name: str
    our_ref: str
    your_ref: str
    attention: str
    description: str
    template_id: int
    company_id: int
    person_id: int
    sale_id: int
    associate_id: int
    date: datetime
    completed: str
    created_at: datetime
    created_by: int
    updated_at: datetime
    updated_by: int
    length: int = 0
    has_content: bool = False


@dataclass(frozen=True, slots=True)
class Appointment:
    """A follow-up or task. Times are base-zone; `kind` is inDiary or inChecklist."""

    appointment_id: int
    title: str
    description: str
    agenda: str
    task_id: int
    kind: str
    company_id: int
    person_id: int
    sale_id: int
    associate_id: int
    start: datetime
    end: datetime
    completed: str
    private: str
    location: str
    created_at: datetime
    created_by: int
    updated_at: datetime
    updated_by: int


@dataclass(frozen=True, slots=True)
class StoredDocument:
    """A document as tests look at it."""

    card: Document
    content: bytes | None


Record = TypeVar("Record", Document, Appointment)


class Store:
    """Documents and follow-ups of one tenant; safe to use from all threads of the server.

    All cards are kept in memory as well, file contents are not.
    """

    def __init__(self, directory: Path | None) -> None:
        # What else the tenant keeps has tables of its own in the same file.
        self.database = Database(directory)
        self.database.prepare(_SCHEMA)
        self._lock = self.database.lock
        self._documents = self._loaded("documents", Document)
        self._appointments = self._loaded("appointments", Appointment)
        # Grows with every change, so that prepared archive rows know when they are out of date.
        self.version = 0

    def close(self) -> None:
        self.database.close()

    def begin_story(self, today: date) -> tuple[date, bool]:
        """The day the data set was first told for, and whether that is now. A restart keeps the first day."""
        with self._lock:
            known = self.database.execute("SELECT value FROM facts WHERE name = 'today'").fetchone()
            if known is not None:
                return date.fromisoformat(known[0]), False
            self.database.execute("INSERT INTO facts VALUES ('today', ?)", (today.isoformat(),))
            return today, True

    def documents(self) -> list[Document]:
        """All cards by id."""
        with self._lock:
            return [card for card, _seeded in self._documents.values()]

    def appointments(self) -> list[Appointment]:
        with self._lock:
            return [card for card, _seeded in self._appointments.values()]

    def created_documents(self) -> list[StoredDocument]:
        """What callers created, with the bytes they uploaded."""
        with self._lock:
            created = [card for card, seeded in self._documents.values() if not seeded]
            return [StoredDocument(card, self.content(card.document_id)) for card in created]

    def created_appointments(self) -> list[Appointment]:
        with self._lock:
            return [card for card, seeded in self._appointments.values() if not seeded]

    def document(self, document_id: int) -> Document | None:
        with self._lock:
            return self._documents.get(document_id, (None, False))[0]

    def appointment(self, appointment_id: int) -> Appointment | None:
        with self._lock:
            return self._appointments.get(appointment_id, (None, False))[0]

    def content(self, document_id: int) -> bytes | None:
        with self._lock:
            row = self.database.execute(
                "SELECT content FROM documents WHERE id = ?", (document_id,)
            ).fetchone()
            return row[0] if row else None

    def add_document(self, card: Document, content: bytes | None = None, seeded: bool = False) -> Document:
        """Save a new card and give it its id; its file name becomes unique."""
        with self._lock:
            card = replace(card, name=self._free_name(card.name, 0), length=len(content or b""))
            card = replace(card, has_content=content is not None)
            cursor = self.database.execute(
                "INSERT INTO documents (seeded, name, fields, content) VALUES (?, ?, ?, ?)",
                (seeded, card.name, _dump(card), content),
            )
            card = replace(card, document_id=int(cursor.lastrowid or 0))
            self._documents[card.document_id] = card, seeded
            self.version += 1
            return card

    def add_appointment(self, card: Appointment, seeded: bool = False) -> Appointment:
        with self._lock:
            cursor = self.database.execute(
                "INSERT INTO appointments (seeded, fields) VALUES (?, ?)", (seeded, _dump(card))
            )
            card = replace(card, appointment_id=int(cursor.lastrowid or 0))
            self._appointments[card.appointment_id] = card, seeded
            self.version += 1
            return card

    def change_document(
        self, document_id: int, change: Callable[[Document], Document], content: bytes | None = None
    ) -> Document | None:
        """Replace a card by what `change` makes of it, with a new file if one is given; None when there is no such
        card.
        """
        with self._lock:
            known = self._documents.get(document_id)
            if known is None:
                return None
            card = replace(change(known[0]), document_id=document_id)
            card = replace(card, name=self._free_name(card.name, document_id))
            if content is not None:
                card = replace(card, length=len(content), has_content=True)
            self.database.execute(
                "UPDATE documents SET name = ?, fields = ?, content = coalesce(?, content) WHERE id = ?",
                (card.name, _dump(card), content, document_id),
            )
            self._documents[document_id] = card, known[1]
            self.version += 1
            return card

    def remove_document(self, document_id: int) -> bool:
        """Delete a document with its file; False when there was none."""
        with self._lock:
            self.database.execute("DELETE FROM documents WHERE id = ?", (document_id,))
            self.version += 1
            return self._documents.pop(document_id, None) is not None

    def remove_appointment(self, appointment_id: int) -> bool:
        with self._lock:
            self.database.execute("DELETE FROM appointments WHERE id = ?", (appointment_id,))
            self.version += 1
            return self._appointments.pop(appointment_id, None) is not None

    def _loaded(self, table: str, kind: type[Record]) -> dict[int, tuple[Record, bool]]:
        statement = f"SELECT id, seeded, fields FROM {table} ORDER BY id"  # noqa: S608 - one of two literals
        return {
            key: (_load(kind, key, text), bool(seeded))
            for key, seeded, text in self.database.execute(statement)
        }

    def _free_name(self, name: str, own_id: int) -> str:
        """The file name, with a number before its ending when another document has it already."""
        stem, dot, ending = name.rpartition(".")
        if not stem:
            stem, dot, ending = name, "", ""
        candidate, number = name, 1
        while self.database.execute(
            "SELECT 1 FROM documents WHERE name = ? AND id <> ?", (candidate, own_id)
        ).fetchone():
            candidate = f"{stem} ({number}){dot}{ending}"
            number += 1
        return candidate


def _dump(card: Document | Appointment) -> str:
    return json.dumps(asdict(card), default=datetime.isoformat, ensure_ascii=False)


def _load(kind: type[Record], key: int, text: str) -> Record:
    values: dict[str, Any] = json.loads(text)
    first, *rest = fields(kind)
    values[first.name] = key
    for item in rest:
        if item.type is datetime:
            values[item.name] = datetime.fromisoformat(values[item.name])
    return kind(**values)
