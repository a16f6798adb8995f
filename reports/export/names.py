"""Names of downloaded files, for every browser and every file system."""

import re
import unicodedata
from datetime import date
from urllib.parse import quote

from django.utils.translation import gettext

_LONGEST = 80  # characters of the report's name
_TRANSLITERATED = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "æ": "ae", "ø": "oe", "å": "aa"})
_NOT_WORD = re.compile(r"[^\w]+")
_NOT_ASCII_WORD = re.compile(r"[^a-z0-9]+")


def file_name(
    report_name: str,
    day: date,
    run_id: int,
    list_version: int,
    *,
    extension: str,
    filtered: bool = False,
    incomplete: bool = False,
    dialect: str = "",
) -> tuple[str, str]:
    """`produktbericht_2026-03-29_lauf0142_v13_excel.csv`, twice: in ASCII, and as RFC 5987 wants it (UTF-8''…).

    `day` is the day the data was read, `extension` comes without its dot, `dialect` tells two files of one extension
    apart. Words are of the active language, in ASCII.
    """
    name = _NOT_WORD.sub("-", unicodedata.normalize("NFC", report_name).lower()).strip("-_")[:_LONGEST]
    # Translators: part of the name of a file, such as "run0142".
    parts = [day.isoformat(), gettext("run%(number)s") % {"number": f"{run_id:04}"}, f"v{list_version}"]
    states = ((filtered, gettext("filtered")), (incomplete, gettext("incomplete")))
    parts += [_in_ascii(word) for is_so, word in states if is_so]
    parts += [dialect] if dialect else []
    rest = "_".join(["", *parts]) + f".{extension}"
    ascii_name = (_in_ascii(name) or "report") + rest
    return ascii_name, "UTF-8''" + quote((name or "report") + rest, safe="")


def _in_ascii(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name.lower().translate(_TRANSLITERATED))
    bare = "".join(character for character in plain if not unicodedata.combining(character))
    return _NOT_ASCII_WORD.sub("-", bare).strip("-")


def content_disposition(name: tuple[str, str]) -> str:
    """The header's value: old programs take the ASCII name, all others the real one."""
    ascii_name, extended = name
    return f'attachment; filename="{ascii_name}"; filename*={extended}'
