"""How many: numbers beside a match, and which match they belong to.

All places are places in `Folded.text`, where case, dashes, white space and umlaut forms are already settled.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from reports.matching.boundaries import Hit

_WINDOW = 60  # characters looked at before a match

# A number of its own: no part of a code, a decimal, a fraction, a date or a dimension, and no amount of money.
_FREE = (
    r"(?<![^\W_])(?<![^\W_][-._])(?<![0-9][,/:])"
    r"(?<![€$])(?<![€$]\ )(?<!eur\ )(?<!euro\ )(?<!chf\ )(?<!usd\ )"
)
_NUMBER = r"(?:[1-9][0-9]?\.[0-9]{3}|[0-9]{1,4})"
_TIMES = r"[x×*]"
_YEAR = r"(?:19|20)[0-9]{2}(?![0-9])"
_UNIT = (
    r"(?:st(?:ü|ue|u)cke?|stk|stck|st|pcs|pces?|pieces?|units?|ea|mal|"
    r"ger(?:ä|ae|a)te?|einheit(?:en)?)"
)
_NUMBER_WORDS = {
    "ein": 1, "eins": 1, "eine": 1, "einen": 1, "einem": 1, "einer": 1, "eines": 1,
    "zwei": 2, "zwo": 2, "drei": 3, "vier": 4, "fünf": 5, "fuenf": 5, "funf": 5, "sechs": 6, "sieben": 7, "acht": 8,
    "neun": 9, "zehn": 10, "elf": 11, "zwölf": 12, "zwoelf": 12, "zwolf": 12,
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
}  # fmt: skip
_WORD = "|".join(sorted(_NUMBER_WORDS, key=len, reverse=True))
_PART_OF = r"(?:davon|hiervon|darunter|thereof)"
_OPEN = r"[\ \"'„“»:(]{0,3}"  # what may stand between a quantity and its thing

_BEFORE = re.compile(
    rf"""
    {_FREE} (?!{_YEAR}) (?P<times>{_NUMBER}) \ ? {_TIMES} {_OPEN} \Z
    | {_FREE} (?P<units>{_NUMBER}) \ ? {_UNIT} \.? (?:\ (?:à|a|of|von))? {_OPEN} \Z
    | {_FREE} (?:(?P<packs>{_NUMBER}) \ ? {_TIMES} \ ?)? (?P<pack>{_NUMBER}) \ ?er [\ -]? (?:pack|set|paket)s?
      (?:\ (?:à|a|of|von|mit))? {_OPEN} \Z
    | (?<![^\W_]) (?P<word>{_WORD}) (?:mal)?
      (?:\ {_UNIT}\.? (?:\ (?:à|a|of|von))? | \ ?{_TIMES})? [\ (\"'„“»] {_OPEN} \Z
    | (?:\A\ ? | [+&;,/(]\ ? | (?<![^\W_])(?:und|and|für|fuer|fur|for|{_PART_OF})\ )
      (?<![0-9][,/+]) (?P<bare>[1-9][0-9]?) \  [\"'„“»]? \Z
    """,
    re.VERBOSE,
)
# The last word before a match when a quantity can end there: a cheap test that spares most headings the search above.
_MAY_END = re.compile(rf"(?:[0-9]|{_TIMES}|{_UNIT}\.?|{_WORD}|(?:pack|set|paket)s?|à|a|of|von|mit){_OPEN}\Z")

# What makes a number after a match something else: more digits, money, a share, a duration, a size, a frequency.
_NOT_COUNT = (
    r"(?![^\W_]|[.,:/-][0-9]|\ ?[%‰€$]|\ ?[x×*]\ ?[0-9]|"
    r"\ (?:eur|euros?|chf|usd|prozent|percent|jahr|jahre|jahren|monate?n?|wochen?|tagen?|tage?|stunden?|std|min|"
    r"years?|months?|weeks?|days?|hours?|h|mm|cm|m|km|kg|g|l|ml|v|w|kw|kwh|ah|bar)(?![^\W_]))"
)
_OFTEN = r"(?!\.?\ (?:jährlich|jaehrlich|monatlich|täglich|taeglich|wöchentlich|woechentlich|pro|per|im|in|a|yearly)\b)"
_AFTER = re.compile(
    rf"""
    \ ?[,:(]?\ ? {_TIMES} \ ? (?!{_YEAR}) (?P<times>{_NUMBER}) (?![0-9]) {_NOT_COUNT}
    | [\ ,:(\[–-]{{0,3}} (?P<units>{_NUMBER}) \ ? {_UNIT} (?![^\W_]) {_OFTEN}
    | [\ ,:(\[–-]{{1,3}} (?!{_YEAR}) (?P<suffix>{_NUMBER}) \ ? {_TIMES} (?=\ ?(?:\Z|[,;/+&)\]|]))
    """,
    re.VERBOSE,
)
_DIGIT = re.compile(r"[0-9]")
_PART = re.compile(rf"(?<![^\W_]){_PART_OF}(?![^\W_])")


@dataclass(frozen=True, slots=True)
class Quantity:
    """How many, why (`source`), and where the words for it stand; -1 when nothing was written."""

    value: int
    source: str
    start: int = -1
    end: int = -1

    @property
    def is_explicit(self) -> bool:
        """Whether somebody wrote a number."""
        return self.source != "default"


DEFAULT = Quantity(1, "default")


def read_before(text: str, place: int) -> Quantity | None:
    """The quantity that ends directly before `place`."""
    if place == 0 or not _MAY_END.search(text, max(0, place - 16), place):
        return None
    found = _BEFORE.search(text, max(0, place - _WINDOW), place)
    if found is None:
        return None
    word = found["word"]
    number = found["times"] or found["units"] or found["pack"] or found["bare"]
    value = _NUMBER_WORDS[word] if word else _to_int(number)
    if found["packs"]:
        value *= _to_int(found["packs"])
    return _quantity(value, "before", *found.span())


def read_after(text: str, place: int) -> Quantity | None:
    """The quantity that begins directly after `place`."""
    if place == len(text):
        return None
    found = _AFTER.match(text, place)
    if found is None:
        return None
    return _quantity(_to_int(found["times"] or found["units"] or found["suffix"]), "after", *found.span())


def _to_int(digits: str) -> int:
    return int(digits.replace(".", ""))


def _quantity(value: int, source: str, start: int, end: int) -> Quantity | None:
    return Quantity(value, source, start, end) if value > 0 else None


def assign_quantities(text: str, hits: Sequence[Hit]) -> list[Quantity]:
    """One quantity per hit. `hits` are in order of appearance; a number serves one place only.

    A number between two matches belongs to the one after it ("CD-01, 2 Stk Bürsten") unless that one has its own
    number behind it ("CD-01 2 Stk, Bürste 3 Stk").
    """
    befores = [_outside(text, hits, read_before(text, hit.anchor)) for hit in hits]
    afters = [_outside(text, hits, read_after(text, hit.outer_end)) for hit in hits]
    taken: dict[int, int] = {}  # the place of a number -> the anchor it serves
    chosen: list[Quantity] = []
    for index, hit in enumerate(hits):
        quantity = befores[index]
        if quantity and taken.setdefault(_digits_at(text, quantity), hit.anchor) == hit.anchor:
            in_list = (
                index > 0
                and hit.pattern.is_code
                and hit.start != hit.anchor
                and hits[index - 1].anchor == hit.anchor
            )
            chosen.append(
                Quantity(quantity.value, "carried", quantity.start, quantity.end) if in_list else quantity
            )
            continue
        quantity = afters[index]
        if quantity and not _belongs_to_next(text, quantity, index, befores, afters):
            taken[_digits_at(text, quantity)] = hit.anchor
            chosen.append(quantity)
            continue
        chosen.append(DEFAULT)
    return chosen


def _digits_at(text: str, quantity: Quantity) -> int:
    """A place that tells numbers apart: the first digit of a quantity, or its start when it is a word."""
    found = _DIGIT.search(text, quantity.start, quantity.end)
    return found.start() if found else quantity.start


def _belongs_to_next(
    text: str, quantity: Quantity, index: int, befores: list[Quantity | None], afters: list[Quantity | None]
) -> bool:
    if index + 1 == len(befores):
        return False
    rival = befores[index + 1]
    if rival is None or afters[index + 1] is not None:
        return False
    return _digits_at(text, rival) == _digits_at(text, quantity)


def _outside(text: str, hits: Sequence[Hit], quantity: Quantity | None) -> Quantity | None:
    """The quantity, unless its number is part of a name: the 75 of "Scrubber 75 x Omnie"."""
    if quantity is None:
        return None
    place = _digits_at(text, quantity)
    return None if any(hit.start <= place < hit.end for hit in hits) else quantity


def mentions_part(text: str) -> bool:
    """Whether the text says "davon": a quantity that is part of a larger one."""
    return _PART.search(text) is not None


def add_up(text: str, quantities: Sequence[Quantity]) -> tuple[int, str]:
    """The quantity of one product from all its mentions, and why.

    Written quantities add up, mentions without one count once in all. A quantity after "davon" is part of one of the
    same product before it and adds nothing: a total must not be multiplied by its breakdown.
    """
    written = [quantity for quantity in quantities if quantity.is_explicit]
    if not written:
        return 1, DEFAULT.source
    if len(written) > 1:
        for part in _PART.finditer(text):
            before = [quantity for quantity in written if quantity.start < part.start()]
            written = before or written
    if len(written) == 1:
        return written[0].value, written[0].source
    return sum(quantity.value for quantity in written), "sum"
