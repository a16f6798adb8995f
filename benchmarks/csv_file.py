"""A CSV of a million rows from a raw cursor, beside csv.writer over the same cursor in pieces of the same size.

Three figures: the time, the memory at its highest beside that of csv.writer, and the memory at its highest in the
later rows beside that in the first hundred thousand. Ours quotes every text, stops formulas and writes German
numbers and dates; csv.writer does nothing of it. The memory is measured by tracemalloc, which slows everything,
and so in processes of their own: `python -m benchmarks.csv_file WAY DATABASE`, which write two numbers of bytes.
"""

import csv
import io
import random
import sqlite3
import subprocess
import sys
import tempfile
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import date, timedelta
from itertools import chain
from pathlib import Path
from typing import Any

import django

from benchmarks.figures import Figure, best_seconds_of_each

ROWS = 1_000_000
FIRST_ROWS, TRACED_ROWS = 100_000, 300_000  # of the memory
CHUNK = 2000
MEGABYTE = 1024 * 1024
_TABLE = (
    "CREATE TABLE row (number INTEGER PRIMARY KEY, own_number TEXT, customer TEXT, heading TEXT, products TEXT, "
    "quantities TEXT, status TEXT, amount NUMERIC, currency TEXT, sale_date TEXT, owner TEXT)"
)


def measure() -> list[Figure]:
    with tempfile.TemporaryDirectory(prefix="sales-desk-csv-") as directory:
        path = str(Path(directory) / "rows.sqlite3")
        make_rows(path)
        value, yardstick = best_seconds_of_each(
            lambda: drain(our_chunks(path, ROWS)), lambda: drain(writer_chunks(path, ROWS)), rounds=2
        )
        (first, later), (_first, of_writer) = memory(path)
    name = f"CSV of {ROWS:,} rows"
    return [
        Figure(f"{name}, beside csv.writer over a raw cursor", value, "s", yardstick, goal=1.5),
        Figure(f"{name}, memory beside that of csv.writer", max(first, later), "MB", of_writer, goal=1.5),
        Figure(f"{name}, memory of later rows beside {FIRST_ROWS:,}", later, "MB", first, goal=1.1),
    ]


def make_rows(path: str) -> None:
    """Sales as they are: umlauts, inch signs, line breaks, phone numbers that look like formulas."""
    chance = random.Random(17)  # noqa: S311 (the same rows every time)
    headings = ("2x OMNIE CD-01 – {}", "Bürsten & Akku für {}", '{} 15" Monitor', "+49 170 {}", "Wartung\n{}")
    first_day = date(2012, 1, 1)

    def row(number: int) -> tuple[object, ...]:
        return (
            number,
            f"V-{number + 10_000}",
            f"Gebäudereinigung Müller {number % 7919} GmbH",
            chance.choices(headings, (60, 30, 6, 2, 2))[0].format(f"Angebot {number}"),
            "OMNIE CD-01; Akku Li-Ion" if number % 3 else "",
            "2; 1" if number % 3 else "",
            "Sold" if number % 2 else "Open",
            chance.randrange(10_000_000) / 100,
            "EUR" if number % 9 else None,
            (first_day + timedelta(days=number % 5000)).isoformat() if number % 50 else None,
            f"Jonas Weber {number % 40}",
        )

    with closing(sqlite3.connect(path)) as database, database:
        database.execute(_TABLE)
        database.executemany(
            "INSERT INTO row VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", map(row, range(1, ROWS + 1))
        )


def batches(database: sqlite3.Connection, count: int) -> Iterator[list[tuple[Any, ...]]]:
    cursor = database.execute("SELECT * FROM row ORDER BY number LIMIT ?", [count])
    return iter(lambda: cursor.fetchmany(CHUNK), [])


def our_chunks(path: str, count: int) -> Iterator[bytes]:
    from reports import export  # noqa: PLC0415 (after Django's set-up)

    columns = export.columns_of(export.DEFAULT_KEYS)
    with closing(sqlite3.connect(path)) as database:
        rows = export.sealed(chain.from_iterable(batches(database, count)), count)
        yield from export.encoded(export.csv_chunks(rows, export.EXCEL, columns=columns))


def writer_chunks(path: str, count: int) -> Iterator[bytes]:
    with closing(sqlite3.connect(path)) as database:
        for batch in batches(database, count):
            stream = io.StringIO()
            csv.writer(stream).writerows(batch)
            yield stream.getvalue().encode()


WAYS: dict[str, Callable[[str, int], Iterator[bytes]]] = {"ours": our_chunks, "writer": writer_chunks}


def drain(chunks: Iterator[bytes]) -> int:
    """The number of bytes, so that every one is made and none is kept."""
    return sum(map(len, chunks))


def memory(path: str) -> list[tuple[float, float]]:
    """For ours and for csv.writer: megabytes at the highest in the first rows, and in the later ones."""
    commands = [[sys.executable, "-m", "benchmarks.csv_file", way, path] for way in WAYS]
    started = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for command in commands]
    outputs = [process.communicate()[0].split() for process in started]
    assert all(process.returncode == 0 for process in started)
    return [(int(first) / MEGABYTE, int(later) / MEGABYTE) for first, later in outputs]


def trace_memory(way: str, path: str) -> None:
    """Write the highest number of bytes in use during the first rows, and that during the others."""
    django.setup()
    tracemalloc.start()
    for number, _chunk in enumerate(WAYS[way](path, TRACED_ROWS), start=1):
        if number == FIRST_ROWS // CHUNK:
            sys.stdout.write(f"{tracemalloc.get_traced_memory()[1]}\n")
            tracemalloc.reset_peak()
    sys.stdout.write(f"{tracemalloc.get_traced_memory()[1]}\n")


if __name__ == "__main__":
    trace_memory(sys.argv[1], sys.argv[2])
