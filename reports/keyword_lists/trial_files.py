"""Keywords and headings from files, for trying a list without the database."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from reports.export import BadTable, TableRow, WrongEncoding, decode_upload, read_csv, read_table
from reports.matching import Keyword, validate

_KEYWORD_COLUMNS = ("product", "keyword", "type")
# The other columns of a list, and what an empty cell or a missing column means.
_USUALLY = {
    "family": "",
    "kind": "product",
    "polarity": "positive",
    "generic": "no",
    "inflect": "none",
    "compound": "none",
    "note": "",
}
_YES = {"yes": True, "no": False}


class BadFile(ValueError):
    """A file that cannot be used; the message is one sentence a line, each with the file's name."""


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading to try; `id` is the cell of that column, or the number of the line."""

    id: str
    text: str


def keywords_of(path: Path) -> list[Keyword]:
    """The keywords of a list file; the number of the line is the keyword's id. Raises BadFile."""
    keywords, problems = [], []
    for row in _table(path, required=_KEYWORD_COLUMNS, optional=tuple(_USUALLY)):
        keyword = _keyword(row)
        if row["generic"].strip().lower() not in ("", *_YES):
            problems.append(f"{path}: Line {row.line}: generic is “{row['generic']}”, not yes or no.")
        problems += [
            f"{path}: Line {row.line}: {problem.partition(': ')[2]}" for problem in validate(keyword)
        ]
        keywords.append(keyword)
    if problems:
        raise BadFile("\n".join(problems))
    if not keywords:
        raise BadFile(f"{path}: there is no keyword in this file.")
    return keywords


def _keyword(row: TableRow) -> Keyword:
    values = {name: row[name].strip() or usual for name, usual in _USUALLY.items()}
    if values["polarity"] != "positive":
        values["kind"] = ""
    return Keyword(
        id=row.line,
        text=row["keyword"],
        type=row["type"].strip(),
        kind=values["kind"],
        polarity=values["polarity"],
        product=row["product"].strip(),
        family=values["family"],
        generic=_YES.get(values["generic"].lower(), False),
        inflect=values["inflect"],
        compound=values["compound"],
        note=values["note"],
    )


def headings_of(path: Path) -> Iterator[Heading]:
    """The headings of a file with the column "heading"; "id" is taken over, other columns are passed over.

    Raises BadFile.
    """
    for row in _table(path, required=("heading",), optional=("id",), others=True):
        yield Heading(row["id"].strip() or str(row.line), row["heading"])


def _table(
    path: Path, *, required: tuple[str, ...], optional: tuple[str, ...], others: bool = False
) -> list[TableRow]:
    try:
        text = decode_upload(path.read_bytes())
        passed_over = _columns_beside({*required, *optional}, text) if others else []
        return read_table(text, required=required, optional=[*optional, *passed_over])
    except OSError as error:
        raise BadFile(f"{path} cannot be read: {error.strerror}.") from error
    except (WrongEncoding, BadTable) as error:
        raise BadFile(f"{path}: {error}") from error


def _columns_beside(wanted: set[str], text: str) -> list[str]:
    """The names in the header line that are not `wanted`."""
    lines = (line for line in text.splitlines() if line.strip() and not line.lower().startswith("sep="))
    header = next(lines, "")
    for names in read_csv(f"{header}\n{header}"):  # read as a row of its own
        return [name.strip() for name in names if name is not None and name.strip().casefold() not in wanted]
    return []
