"""Text on its way into a cell: on one line, encodable, and never a formula.

What a spreadsheet takes for a formula is decided here and nowhere else. A text is never asked whether it looks
like a number: the type of its column says what it is.
"""

import re
import unicodedata

# Line separators too, because programs break lines there; and what no XML and no UTF-8 can hold.
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_UNENCODABLE = re.compile("[\ud800-\udfff\ufffe\uffff]")
# Also what a spreadsheet may fold to one of these: full-width and small forms, the minus sign.
_FORMULA_STARTS = frozenset("=+-@＝＋－＠−﹢﹣﹦﹫")
_BLANK_LETTERS = frozenset("\u115f\u1160\u2800\u3164\uffa0")
_CELL_UNITS = 32_767  # UTF-16 units in one cell of a workbook
_CUT_MARK = " […]"


def clean_text(text: str) -> str:
    """`text` on one line: controls and line breaks become a space, half characters the replacement character."""
    if text.isprintable():
        return text
    return _UNENCODABLE.sub("\ufffd", _CONTROLS.sub(" ", text))


def is_harmless_start(character: str) -> bool:
    """Whether no text that begins with `character` (or is empty) can be a formula."""
    if not character or (character.isalnum() and character not in _BLANK_LETTERS):
        return True
    return character not in _FORMULA_STARTS and not _is_passed_over(character)


def _is_passed_over(character: str) -> bool:
    """Spaces, quotes and invisible characters: a program may drop them and see what comes after."""
    is_blank = character.isspace() or character in _BLANK_LETTERS or character in "\"'"
    return is_blank or unicodedata.category(character) in {"Cf", "Mn"}


def safe_text(text: str) -> str:
    """`text` on one line, and with an apostrophe in front where a spreadsheet would see a formula."""
    text = clean_text(text)
    for character in text:
        if character in _FORMULA_STARTS:
            return "'" + text
        if not _is_passed_over(character):
            break
    return text


def without_apostrophe(text: str) -> str:
    """What `safe_text` was given, when the apostrophe is its work: a file that comes back is the same list."""
    inner = text.removeprefix("'")
    return inner if safe_text(inner) == text else text


def cell_text(text: str) -> str:
    """`text` as it stands in a workbook: on one line, and cut with a mark where a cell is full.

    Excel counts UTF-16 units, two for an emoji.
    """
    text = clean_text(text)
    if len(text) <= _CELL_UNITS // 2:
        return text
    units = text.encode("utf-16-le")
    if len(units) <= 2 * _CELL_UNITS:
        return text
    return units[: 2 * (_CELL_UNITS - len(_CUT_MARK))].decode("utf-16-le", "ignore") + _CUT_MARK
