"""What the report commands share: output in three formats, and failures as one sentence."""

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser, OutputWrapper

from connector.problems import problem_code, problem_of
from connector.services import NotConfigured, current_connection, open_client, remember
from connector.superoffice.client import Client
from connector.superoffice.errors import SuperOfficeError
from reports.export import DIALECTS, Cell, csv_chunks, plain_cell, text_table


def add_output_arguments(parser: CommandParser) -> None:
    parser.add_argument(
        "--format", choices=["table", "json", "csv"], help="default: csv into a file, else a table"
    )
    parser.add_argument("--output", type=Path, help="file to write; without it, the terminal")
    parser.add_argument(
        "--dialect",
        choices=sorted(DIALECTS),
        default="data",
        help="data: commas, UTF-8, ISO dates (default). excel: semicolons and BOM, for German Excel",
    )


@contextmanager
def tenant() -> Iterator[Client]:
    """A client for the current tenant; what goes wrong ends the command with a sentence, not a traceback."""
    connection = current_connection()
    try:
        with open_client(connection) as client:
            yield client
    except (SuperOfficeError, NotConfigured) as error:
        remember(connection, error)
        raise CommandError(f"{problem_of(problem_code(error)).for_administrators}\n{error}") from error
    remember(connection, None)


def write(
    columns: Sequence[str], rows: Iterable[Sequence[Cell]], options: dict[str, Any], stdout: OutputWrapper
) -> None:
    """Write `rows` as the options say. A file is complete or not there: it gets its name at the end."""
    wanted = options["format"] or ("csv" if options["output"] else "table")
    _put(_pieces(wanted, columns, rows, options["dialect"]), options["output"], stdout)


def write_json(told: Any, options: dict[str, Any], stdout: OutputWrapper) -> None:
    """Write what has more depth than a table as JSON, into the file or to the terminal as `write` does."""
    _put([json.dumps(told, ensure_ascii=False, indent=2) + "\n"], options["output"], stdout)


def _put(pieces: Iterable[str], output: Path | None, stdout: OutputWrapper) -> None:
    if output is None:
        for piece in pieces:
            stdout.write(piece, ending="")
        return
    draft = output.with_name(f".{output.name}.part")
    try:
        with draft.open("w", encoding="utf-8", newline="") as stream:
            stream.writelines(pieces)
        draft.replace(output)
    except OSError as error:
        raise CommandError(f"{output} cannot be written: {error.strerror}.") from error
    finally:
        draft.unlink(missing_ok=True)


def _pieces(
    wanted: str, columns: Sequence[str], rows: Iterable[Sequence[Cell]], dialect: str
) -> Iterator[str]:
    if wanted == "csv":
        yield from csv_chunks(rows, DIALECTS[dialect], columns=columns)
    elif wanted == "json":
        listed = [dict(zip(columns, map(plain_cell, row), strict=True)) for row in rows]
        yield json.dumps(listed, ensure_ascii=False, indent=2) + "\n"
    else:
        yield text_table(columns, list(rows))


def explain(*sentences: str) -> None:
    """Words about the result go to stderr, so that stdout holds nothing but data."""
    sys.stderr.write("".join(f"{sentence}\n" for sentence in sentences))
