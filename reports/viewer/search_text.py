"""Texts as the search in a result compares them: "Müller", "MUELLER" and "Muller" are one, as for keywords."""

import re
from collections.abc import Iterable, Sequence
from itertools import filterfalse

from reports.matching.normalise import fold, squeeze

# All other characters are folded text by text; with these alone, many texts are folded as one.
_UNUSUAL = re.compile("[^\x01-\x7f\u00a0ÄÖÜäöüßÉÈÀéèàçñ×€„“”‘’]")
# As in the matcher ("ue" is no umlaut after a vowel or q), written so that the search for "u" is fast.
_UE = re.compile("u(?<![aeiouyqäöü]u)e")
_DIGIT = re.compile(r"\d")
_PLAIN = str.maketrans("äöü", "aou")
_UMLAUTS = (("ä", "ae"), ("ö", "oe"), ("ü", "ue"))
_BETWEEN = "\0"
_LINE = "\n"  # between heading and names in a searched text


def comparable(texts: Sequence[str]) -> list[str]:
    """Folded as the matcher folds them, umlauts and their digraphs as the vowel alone; separators stay."""
    if not texts:
        return []
    usual = [fold(text).text.replace(_BETWEEN, " ") if _UNUSUAL.search(text) else text for text in texts]
    folded = _UE.sub("u", _BETWEEN.join(usual).casefold()).replace("ae", "a").replace("oe", "o")
    return folded.replace("ä", "a").replace("ö", "o").replace("ü", "u").split(_BETWEEN)


def searched_texts(headings: Sequence[str], names: Sequence[Sequence[str]]) -> list[str]:
    """One text a row: its heading, and its cells of `names`, whose values come again and again."""
    columns: list[Sequence[str]] = [comparable(headings)]
    for column in names:
        values = list(set(column))
        columns.append(list(map(dict(zip(values, comparable(values), strict=True)).__getitem__, column)))
    return list(map(_LINE.join, zip(*columns, strict=True)))


def squeezed_texts(texts: Iterable[str]) -> list[str]:
    """Searched texts without separators, for codes: "CD-01" as "cd01". A text without a digit has no code: empty."""
    return [_squeezed(text) if _DIGIT.search(text) else "" for text in texts]


def _squeezed(text: str) -> str:
    """What stands in different cells is not pulled together."""
    return _LINE.join(map(squeeze, text.split(_LINE)))


def squeezed_code(word: str) -> str:
    """A word of letters and digits without its separators, as `squeezed_texts` has it; empty for another word."""
    code = squeeze(comparable([word])[0])
    is_code = any(map(str.isdigit, code)) and any(map(str.isalpha, code))
    return code if is_code else ""


def spellings(word: str) -> set[str]:
    """What to look for in a comparable text: a part of a word like "uer" (of "Bauer") has no digraph."""
    return {comparable([word])[0], fold(word).text.translate(_PLAIN)}


def written_spellings(word: str) -> set[str]:
    """Ways in which a word may stand in the database, which knows no comparable text.

    SQLite takes capital letters for others outside of ASCII, so that a word with umlauts has several.
    """
    small = word.casefold()
    found = {small, small.replace("ss", "ß")}
    for umlaut, digraph in _UMLAUTS:
        found |= {one.replace(digraph, umlaut) for one in found}
        found |= {one.replace(umlaut, digraph) for one in found}
        found |= {one.replace(umlaut, digraph[0]) for one in found}
    for one in list(filterfalse(str.isascii, found)):
        found |= {one.upper(), one.capitalize()}
    return found
