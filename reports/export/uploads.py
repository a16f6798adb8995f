"""Lists that people bring: decoded without guessing, read without losing a line, refused with a sentence."""

import codecs
import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

from django.utils.translation import gettext as _

from reports.export.safety import without_apostrophe

_UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_SEPARATOR_LINE = re.compile(r"sep=([;,\t])\r?\n", re.IGNORECASE)


class WrongEncoding(ValueError):
    """The bytes are no text that we may take for certain; the message is a sentence for people."""


class BadTable(ValueError):
    """The text is no table with these columns; the message is a sentence that names line and column."""

    def __init__(self, message: str, *, line: int | None = None, column: str | None = None) -> None:
        super().__init__(message)
        self.line, self.column = line, column


class TableRow(dict[str, str]):
    """The cells of a row by their column, the line of the file on which it begins, and the file's names of columns."""

    def __init__(self, cells: dict[str, str], line: int, heads: Mapping[str, str]) -> None:
        super().__init__(cells)
        self.line, self.heads = line, heads


# --- From bytes to text ---------------------------------------------------------------------------------


def decode_upload(data: bytes) -> str:
    """The text of UTF-8 (with or without byte order mark) or of UTF-16 with one; else WrongEncoding.

    Other encodings are not guessed: every guess turns some umlaut into something else without a word.
    """
    if data.startswith(b"PK\x03\x04"):
        raise WrongEncoding(_("This is a workbook, not a CSV. In Excel, save it as “CSV UTF-8” first."))
    text = _decode_utf16(data) if data.startswith(_UTF16_MARKS) else _decode_utf8(data)
    if "\x00" in text:
        line = text.count("\n", 0, text.index("\x00")) + 1
        raise WrongEncoding(_("Line %(line)s holds a NUL character: this is no text file.") % {"line": line})
    return text


def _decode_utf8(data: bytes) -> str:
    try:
        return data.decode().removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
    raise WrongEncoding(
        _("Line %(line)s has a character that is not UTF-8. In Excel, save the file as “CSV UTF-8” first.")
        % {"line": line}
    )


def _decode_utf16(data: bytes) -> str:
    try:
        return data.decode("utf-16")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-16", "ignore")
    raise WrongEncoding(
        _("This file says it is UTF-16 and is not, from line %(line)s on. Save it as “CSV UTF-8”.")
        % {"line": before.count("\n") + 1}
    )


# --- From text to rows ----------------------------------------------------------------------------------


def read_csv(text: str) -> list[dict[str, str]]:
    """The rows of a CSV with a header line, separated by commas, semicolons or tabs; a BOM is passed over."""
    text = text.removeprefix("\ufeff")
    return list(csv.DictReader(io.StringIO(text, newline=""), delimiter=_delimiter(text)))


_NO_ALIASES: Mapping[str, str] = MappingProxyType({})


def read_table(
    text: str,
    *,
    required: Sequence[str],
    optional: Sequence[str] = (),
    aliases: Mapping[str, str] = _NO_ALIASES,
) -> list[TableRow]:
    """The rows of a CSV with a header line; each has all required and optional columns, "" where none is.

    Separated by commas, semicolons or tabs. Header names may differ in case; their order is free; `aliases`
    are other names of columns. Empty lines are passed over. An apostrophe that our own files put in front of
    a formula's sign is taken off. Raises BadTable when a required column is missing, a column is unknown or there
    twice, a line has another number of cells than the header, or quotes are broken.
    """
    text = text.removeprefix("\ufeff")
    if found := _SEPARATOR_LINE.match(text):
        lines = _lines(text[found.end() :], found[1], first_line=2)
    else:
        lines = _lines(text, _delimiter(text), first_line=1)
    header_line, header = next(lines, (1, []))
    names = _names(header, header_line, required, optional, aliases)
    heads = dict(zip(names, (cell.strip() for cell in header), strict=False))
    absent = dict.fromkeys([*required, *optional], "")
    return [TableRow(absent | _cells(heads, cells, line), line, heads) for line, cells in lines]


def _delimiter(text: str) -> str:
    """What stands most often in the first line that is not empty."""
    first = text.lstrip("\r\n").partition("\n")[0]
    return max(",;\t", key=first.count)


def _lines(text: str, delimiter: str, *, first_line: int) -> Iterator[tuple[int, list[str]]]:
    """Number of its first line and cells of each row that is not empty."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    line = first_line
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield line, cells
            line = first_line + reader.line_num
    except csv.Error as error:
        message = _(
            "Line %(line)s cannot be read: a quotation mark is missing or out of place, or a cell is too long."
        )
        raise BadTable(message % {"line": line}, line=line) from error


def _names(
    header: list[str],
    line: int,
    required: Sequence[str],
    optional: Sequence[str],
    aliases: Mapping[str, str],
) -> list[str]:
    """The names of the columns as the caller writes them."""
    known = {name.casefold(): name for name in (*required, *optional)}
    read_as = known | {alias.casefold(): name for alias, name in aliases.items()}
    found = [cell.strip() for cell in header]
    while found and not found[-1]:
        found.pop()
    if not found:
        raise BadTable(_("The file is empty: there is no line with the names of the columns."), line=1)
    if not any(name.casefold() in read_as for name in found):
        message = _("The first line must name the columns, for example %(example)s.")
        raise BadTable(message % {"example": ",".join(required)}, line=line)
    says = _names_as_said(found, known, aliases)
    names = []
    for name in found:
        if name.casefold() not in read_as:
            message = _(
                "Line %(line)s names a column “%(column)s”, which is not known. Known are: %(known)s."
            )
            words = {"line": line, "column": name, "known": ", ".join(says.values())}
            raise BadTable(message % words, line=line, column=name)
        names.append(read_as[name.casefold()])
    _check_names(names, found, line, {name: says[name] for name in required})
    return names


def _names_as_said(
    found: Sequence[str], known: Mapping[str, str], aliases: Mapping[str, str]
) -> dict[str, str]:
    """What to call the columns when speaking about the file: one that uses other names is told about these."""
    says = {name: name for name in known.values()}
    others = {alias.casefold() for alias in aliases} - known.keys()
    if others & {name.casefold() for name in found}:
        says |= {name: alias for alias, name in aliases.items()}
    return says


def _check_names(names: list[str], found: list[str], line: int, required: Mapping[str, str]) -> None:
    """`found` are the names in the file; `required` says what to call a column that is missing."""
    for name, head in zip(names, found, strict=True):
        if names.count(name) > 1:
            message = _("Line %(line)s names the column “%(column)s” twice.")
            raise BadTable(message % {"line": line, "column": head}, line=line, column=name)
    for name, said in required.items():
        if name not in names:
            message = _("The column “%(column)s” is missing. Line %(line)s names: %(found)s.")
            words = {"line": line, "column": said, "found": ", ".join(found)}
            raise BadTable(message % words, line=line, column=name)


def _cells(heads: Mapping[str, str], cells: list[str], line: int) -> dict[str, str]:
    """`heads` are the columns in their order, each with its name in the file."""
    names = list(heads)
    rest = cells[len(names) :]
    if len(cells) < len(names):
        message = _(
            "Line %(line)s ends before the column “%(column)s”: it has %(found)s cells of %(wanted)s."
        )
        column = names[len(cells)]
        words = {"line": line, "column": heads[column], "found": len(cells), "wanted": len(names)}
        raise BadTable(message % words, line=line, column=column)
    if any(cell.strip() for cell in rest):
        message = _("Line %(line)s has a cell behind its last column “%(column)s”: %(found)s of %(wanted)s.")
        words = {"line": line, "column": heads[names[-1]], "found": len(cells), "wanted": len(names)}
        raise BadTable(message % words, line=line, column=names[-1])
    return {name: without_apostrophe(cell) for name, cell in zip(names, cells, strict=False)}
