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
    """The cells of a row by their column, and the line of the file on which it begins."""

    def __init__(self, cells: dict[str, str], line: int) -> None:
        super().__init__(cells)
        self.line = line


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
        words = {
            "line": data.count(b"\n", 0, error.start) + 1,
            "position": error.start - data.rfind(b"\n", 0, error.start),
            "byte": f"0x{data[error.start]:02X}",
        }
    raise WrongEncoding(
        _(
            "This file is not UTF-8: on line %(line)s, byte %(position)s is %(byte)s. "
            "In Excel, save it as “CSV UTF-8”."
        )
        % words
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
    absent = dict.fromkeys([*required, *optional], "")
    return [TableRow(absent | _cells(names, cells, line), line) for line, cells in lines]


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
    names = []
    for name in found:
        if name.casefold() not in read_as:
            message = _(
                "Line %(line)s names a column “%(column)s”, which is not known. Known are: %(known)s."
            )
            words = {"line": line, "column": name, "known": ", ".join(known.values())}
            raise BadTable(message % words, line=line, column=name)
        names.append(read_as[name.casefold()])
    _check_names(names, line, required)
    return names


def _check_names(names: list[str], line: int, required: Sequence[str]) -> None:
    for name in names:
        if names.count(name) > 1:
            message = _("Line %(line)s names the column “%(column)s” twice.")
            raise BadTable(message % {"line": line, "column": name}, line=line, column=name)
    for name in required:
        if name not in names:
            message = _("The column “%(column)s” is missing. Line %(line)s names: %(found)s.")
            words = {"line": line, "column": name, "found": ", ".join(names)}
            raise BadTable(message % words, line=line, column=name)


def _cells(names: list[str], cells: list[str], line: int) -> dict[str, str]:
    rest = cells[len(names) :]
    if len(cells) < len(names):
        message = _(
            "Line %(line)s ends before the column “%(column)s”: it has %(found)s cells of %(wanted)s."
        )
        column = names[len(cells)]
        words = {"line": line, "column": column, "found": len(cells), "wanted": len(names)}
        raise BadTable(message % words, line=line, column=column)
    if any(cell.strip() for cell in rest):
        message = _("Line %(line)s has a cell behind its last column “%(column)s”: %(found)s of %(wanted)s.")
        words = {"line": line, "column": names[-1], "found": len(cells), "wanted": len(names)}
        raise BadTable(message % words, line=line, column=names[-1])
    return {name: without_apostrophe(cell) for name, cell in zip(names, cells, strict=False)}
