"""Foreign keys: what apps write down about records that are not theirs, kept for good."""

from dataclasses import dataclass
from datetime import datetime

from connector.demo.columns import utc_now
from connector.demo.database import Database

_SCHEMA = """
CREATE TABLE IF NOT EXISTS foreign_apps (
    id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL COLLATE NOCASE UNIQUE,
    user_id INTEGER NOT NULL, created_at TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS foreign_devices (
    id INTEGER PRIMARY KEY AUTOINCREMENT, app_id INTEGER NOT NULL REFERENCES foreign_apps,
    name TEXT NOT NULL COLLATE NOCASE, identifier TEXT NOT NULL COLLATE NOCASE,
    user_id INTEGER NOT NULL, created_at TEXT NOT NULL, UNIQUE (app_id, name, identifier));
CREATE TABLE IF NOT EXISTS foreign_keys (
    id INTEGER PRIMARY KEY AUTOINCREMENT, device_id INTEGER NOT NULL REFERENCES foreign_devices,
    name TEXT NOT NULL COLLATE NOCASE, table_name TEXT NOT NULL, record_id INTEGER NOT NULL, value TEXT NOT NULL,
    user_id INTEGER NOT NULL, created_at TEXT NOT NULL, updated_at TEXT NOT NULL,
    UNIQUE (device_id, name, table_name, record_id));
"""
_KEYS = """
SELECT k.id, a.id, a.name, d.id, d.name, d.identifier, k.name, k.value, k.table_name, k.record_id, k.user_id,
       k.created_at, k.updated_at
FROM foreign_keys k JOIN foreign_devices d ON d.id = k.device_id JOIN foreign_apps a ON a.id = d.app_id
"""
# The tables that keys may point to, with their numbers in the tenant's database.
TABLES = {"contact": 5, "person": 6, "appointment": 9, "document": 10, "sale": 13}


@dataclass(frozen=True, slots=True)
class ForeignApp:
    """An app that keeps keys."""

    app_id: int
    name: str
    user_id: int
    created_at: datetime


@dataclass(frozen=True, slots=True)
class ForeignDevice:
    """A part of an app: the identifier tells several of the same name apart."""

    device_id: int
    app_id: int
    name: str
    identifier: str
    user_id: int
    created_at: datetime


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """One value at one record, with the app and device it belongs to."""

    key_id: int
    app_id: int
    app_name: str
    device_id: int
    device_name: str
    device_identifier: str
    name: str
    value: str
    table_name: str
    record_id: int
    user_id: int
    created_at: datetime
    updated_at: datetime

    @property
    def table_id(self) -> int:
        return TABLES[self.table_name]


class ForeignKeys:
    """All keys of one tenant; safe to use from all threads of the server. Names match in any case."""

    def __init__(self, database: Database) -> None:
        self._database = database
        database.prepare(_SCHEMA)

    def add_app(self, name: str, user_id: int) -> ForeignApp:
        """The app of that name, created if need be."""
        self._database.execute(
            "INSERT OR IGNORE INTO foreign_apps (name, user_id, created_at) VALUES (?, ?, ?)",
            (name, user_id, utc_now().isoformat()),
        )
        app = self.app(name)
        if app is None:
            raise RuntimeError("The app that was just written is gone")
        return app

    def app(self, name: str) -> ForeignApp | None:
        row = self._database.execute(
            "SELECT id, name, user_id, created_at FROM foreign_apps WHERE name = ?", (name,)
        ).fetchone()
        if row is None:
            return None
        app_id, name, user_id, created_at = row
        return ForeignApp(app_id, name, user_id, datetime.fromisoformat(created_at))

    def add_device(self, app: ForeignApp, name: str, identifier: str, user_id: int) -> ForeignDevice:
        """The device of that name and identifier, created if need be."""
        self._database.execute(
            "INSERT OR IGNORE INTO foreign_devices (app_id, name, identifier, user_id, created_at) "
            "VALUES (?, ?, ?, ?, ?)",
            (app.app_id, name, identifier, user_id, utc_now().isoformat()),
        )
        return next(
            device
            for device in self.devices(app)
            if (device.name.lower(), device.identifier.lower()) == (name.lower(), identifier.lower())
        )

    def devices(self, app: ForeignApp) -> list[ForeignDevice]:
        rows = self._database.execute(
            "SELECT id, app_id, name, identifier, user_id, created_at FROM foreign_devices "
            "WHERE app_id = ? ORDER BY id",
            (app.app_id,),
        ).fetchall()
        return [
            ForeignDevice(device_id, app_id, name, identifier, user_id, datetime.fromisoformat(created_at))
            for device_id, app_id, name, identifier, user_id, created_at in rows
        ]

    def set_key(
        self, device: ForeignDevice, *, name: str, value: str, table_name: str, record_id: int, user_id: int
    ) -> ForeignKey:
        """Write a key; a record has one of each name from one device."""
        now = utc_now().isoformat()
        self._database.execute(
            "INSERT INTO foreign_keys "
            "(device_id, name, table_name, record_id, value, user_id, created_at, updated_at) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (device_id, name, table_name, record_id) "
            "DO UPDATE SET value = excluded.value, user_id = excluded.user_id, updated_at = excluded.updated_at",
            (device.device_id, name, table_name, record_id, value, user_id, now, now),
        )
        where = "WHERE d.id = ? AND k.name = ? AND k.table_name = ? AND k.record_id = ?"
        return self._keys(where, device.device_id, name, table_name, record_id)[0]

    def all(self) -> list[ForeignKey]:
        return self._keys("ORDER BY k.id")

    def of_record(self, table_name: str, record_id: int) -> list[ForeignKey]:
        return self._keys("WHERE k.table_name = ? AND k.record_id = ? ORDER BY k.id", table_name, record_id)

    def _keys(self, where: str, *values: object) -> list[ForeignKey]:
        rows = self._database.execute(f"{_KEYS} {where}", values).fetchall()
        return [ForeignKey(*row[:11], *map(datetime.fromisoformat, row[11:])) for row in rows]
