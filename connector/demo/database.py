"""The tenant's SQLite database: a file that survives a restart and a crash, or memory."""

import sqlite3
import threading
from pathlib import Path
from typing import Any


class Database:
    """One connection for all threads of the server; `lock` makes several statements one step."""

    def __init__(self, directory: Path | None) -> None:
        if directory is not None:
            directory.mkdir(parents=True, exist_ok=True)
        path = str(directory / "tenant.sqlite3") if directory else ":memory:"
        self.lock = threading.RLock()
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._connection.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;")

    def prepare(self, schema: str) -> None:
        """Create the tables that are not there yet."""
        with self.lock:
            self._connection.executescript(schema)

    def execute(self, statement: str, values: tuple[Any, ...] = ()) -> sqlite3.Cursor:
        with self.lock:
            return self._connection.execute(statement, values)

    def close(self) -> None:
        with self.lock:
            self._connection.close()
