"""Codes that Excel changes when it opens a CSV, in quotes or not: 03-04 becomes the third of April.

Nothing in a CSV stops that which is not a formula itself, so people are warned, and get a workbook instead.
English and German Excel are looked at together: nobody knows whose computer will open the file.
"""

import re

_MONTH = (
    r"(?:jan(?:uary|uar)?|feb(?:ruary|ruar)?|mar(?:ch)?|mär(?:z)?|mrz|apr(?:il)?|may|mai|june?|juni?|july?|juli?|"
    r"aug(?:ust)?|sept?(?:ember)?|o[ck]t(?:ober)?|nov(?:ember)?|de[cz](?:ember)?)"
)
_NUMBER_AND_MONTH = re.compile(
    rf"(?:{_MONTH}\.?[ ./-]?\d{{1,2}}|{_MONTH}\.?[ ./-]?\d{{4}}|\d{{1,2}}\.?[ ./-]?{_MONTH}\.?(?:[ ./-]?\d{{2,4}})?)",
    re.IGNORECASE,
)
_PARTS = re.compile(r"(\d{1,4})[-/.](\d{1,4})(?:[-/.](\d{1,4})?)?")
_EXPONENT = re.compile(r"[+-]?\d+(?:[.,]\d*)?e[+-]?\d+", re.IGNORECASE)
_LEADING_ZERO = re.compile(r"0\d+(?:[.,]\d+)?")
_LONG_NUMBER = re.compile(r"\d[\d.,]{15,}")
_TRAILING_ZERO = re.compile(r"\d+[.,]\d*0")  # 1,50 is shown as 1,5; 1.000 as 1000
_CLOCK = re.compile(r"\d{1,4}:\d{1,2}(?::\d{1,2})?")
_TRUTH = re.compile(r"true|false|wahr|falsch", re.IGNORECASE)
_CHANGED = (
    _NUMBER_AND_MONTH,
    _EXPONENT,
    _LEADING_ZERO,
    _LONG_NUMBER,
    _TRAILING_ZERO,
    _CLOCK,
    _TRUTH,
)


def excel_will_change(text: str) -> bool:
    """Whether Excel would make a date, a time, another number or a truth value of this code."""
    code = text.strip()
    return any(pattern.fullmatch(code) for pattern in _CHANGED) or _is_date(code)


def _is_date(code: str) -> bool:
    """Two numbers of which one can be a month, or three of which one can be and one is a day or a year."""
    found = _PARTS.fullmatch(code)
    if found is None:
        return False
    parts = [part for part in found.groups() if part]
    years = [part for part in parts if len(part) == 4 and 1900 <= int(part) <= 9999]
    short = [int(part) for part in parts if len(part) <= 2]
    if len(years) > 1 or len(years) + len(short) != len(parts):
        return False
    return any(1 <= number <= 12 for number in short)
