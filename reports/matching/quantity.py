"""How many: numbers beside a match, and which match they belong to.

All places are places in `Folded.text`, where case, dashes, white space and umlaut forms are already settled.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from reports.matching.boundaries import Hit

_WINDOW = 60  # characters looked at before a match
_SHORT = 14  # characters that many headings share: enough for "10 Stück " and what matters in front of it
_SHORTER = 10  # even more share these, which are enough for "12 x "
_BEHIND = 5  # characters that may matter in front of a number
_BARE_WINDOW = 14  # "darunter 99 “" is the longest
_WORDS_WINDOW = 32  # the longest quantity that begins with a number word fits in

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
_OPENING = " \"'„“»:("
_OPEN = rf"[{_OPENING}]{{0,3}}"  # what may stand between a quantity and its thing

# Three expressions, since what a quantity begins with says where to look for it: a search that tries all of them at
# every place costs four times as much.
_NUMBER_BEFORE = re.compile(
    rf"""
    {_FREE} (?!{_YEAR}) (?P<times>{_NUMBER}) \ ? {_TIMES} {_OPEN} \Z
    | {_FREE} (?P<units>{_NUMBER}) \ ? {_UNIT} \.? (?:\ (?:à|a|of|von))? {_OPEN} \Z
    | {_FREE} (?:(?P<packs>{_NUMBER}) \ ? {_TIMES} \ ?)? (?P<pack>{_NUMBER}) \ ?er [\ -]? (?:pack|set|paket)s?
      (?:\ (?:à|a|of|von|mit))? {_OPEN} \Z
    """,
    re.VERBOSE,
)
_WORD_BEFORE = re.compile(
    rf"""
    (?<![^\W_]) (?P<word>{_WORD}) (?:mal)?
      (?:\ {_UNIT}\.? (?:\ (?:à|a|of|von))? | \ ?{_TIMES})? [\ (\"'„“»] {_OPEN} \Z
    """,
    re.VERBOSE,
)
_BARE_BEFORE = re.compile(
    rf"""
    (?:\A\ ? | [+&;,/(]\ ? | (?<![^\W_])(?:und|and|für|fuer|fur|for|{_PART_OF})\ )
      (?<![0-9][,/+]) (?P<bare>[1-9][0-9]?) \  [\"'„“»]? \Z
    """,
    re.VERBOSE,
)
_MAY_FOLLOW = frozenset(" ,:([–-0123456789x×*")  # what a quantity behind its thing may begin with
_NUMBERS = re.compile(r"[0-9]+")
_DIGITS = "0123456789"
# What a quantity ends with: cheap tests that spare most headings the searches above.
_PACK_WORDS = ("pack", "packs", "set", "sets", "paket", "pakets", "mit")  # only behind digits
_LAST_WORDS = (
    *"x×*", "stück", "stücke", "stueck", "stuecke", "stk", "stck", "st", "pcs", "pce", "pces", "piece", "pieces",
    "unit", "units", "ea", "mal", "gerät", "geräte", "geraet", "geraete", "einheit", "einheiten",
    "à", "a", "of", "von", *_PACK_WORDS, *_NUMBER_WORDS,
)  # fmt: skip
_INSIDE_WORDS = (*"x×*", "mal", *_PACK_WORDS)  # "zweimal", "5erpack"
_LONGEST_LAST = max(map(len, _LAST_WORDS)) + 1  # with a dot
_LAST_TWO = (
    frozenset(word[-2:] for word in _LAST_WORDS)
    | frozenset(word[-1] + "." for word in _LAST_WORDS)
    | frozenset(char + last for char in map(chr, range(256)) for last in "x×*àa")
)
_BEFORE_BARE = (
    *"+&;,/(", "+ ", "& ", "; ", ", ", "/ ", "( ", "und ", "and ", "für ", "fuer ", "fur ", "for ", "von ",
    "darunter ", "thereof ",
)  # fmt: skip

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
_PART = re.compile(rf"(?<![^\W_]){_PART_OF}(?![^\W_])")


class Quantity(NamedTuple):
    """How many, why (`source`), and where the words for it stand; -1 when nothing was written.

    `place` tells numbers apart: where the number itself stands.
    """

    value: int
    source: str
    start: int = -1
    end: int = -1
    place: int = -1

    @property
    def is_explicit(self) -> bool:
        """Whether somebody wrote a number."""
        return self.source != "default"


DEFAULT = Quantity(1, "default")
_UNSURE = Quantity(0, "unsure")
_new = tuple.__new__  # what a named tuple's own way comes to, in half the time


def read_before(text: str, place: int) -> Quantity | None:
    """The quantity that ends directly before `place`."""
    if place <= _SHORT:
        return _read_first(text[:place])
    quantity = _read_near(text[place - _SHORTER : place])
    if quantity is _UNSURE:
        quantity = _read_near(text[place - _SHORT : place])
        if quantity is _UNSURE:
            return _read_before(text, place)
    if quantity is None:
        return None
    value, source, start, _, number = quantity
    return _new(Quantity, (value, source, place + start, place, place + number))


@lru_cache(maxsize=4096)
def _read_first(head: str) -> Quantity | None:
    """The quantity at the end of the first few characters of a heading: few beginnings are common to many."""
    return _read_before(head, len(head))


@lru_cache(maxsize=16384)
def _read_near(near: str) -> Quantity | None:
    """The quantity at the end of the last few characters before a place, its places counted from their end.

    `_UNSURE` when it takes more characters. Only packs have two numbers with something between them, so that no other
    quantity that begins further left can reach over the last number or number word seen here.
    """
    tail = near.rstrip(_OPENING)
    if len(tail) < 2 or tail[-1] in _DIGITS:
        return _UNSURE
    if tail[-2:] not in _LAST_TWO:
        return None
    is_word, is_pack = tail.rstrip(".").endswith(_LAST_WORDS), tail.endswith(_PACK_WORDS)
    if len(tail) < _LONGEST_LAST and (is_pack or not is_word):
        return _UNSURE  # the last word may be longer than what is seen of it
    if not is_word:
        return None
    if is_pack:
        return None if tail.endswith(" mit") and not tail[:-4].endswith(_PACK_WORDS) else _UNSURE
    return _read_last(near, has_gap=len(tail) < len(near))


def _read_last(near: str, *, has_gap: bool) -> Quantity | None:
    """As `_read_near` for what ends as quantities do, packs aside. `has_gap`: there is something behind it."""
    found = _WORD_BEFORE.search(near, 1) if has_gap else None
    if found is None:
        *_, start = (-1, *(number.start() for number in _NUMBERS.finditer(near)))
        if start < _BEHIND or near[start - 1] == ".":
            return _UNSURE
        found = _NUMBER_BEFORE.match(near, start)
    quantity = _quantity_before(found) if found and found.lastgroup != "pack" else None
    if quantity is None:
        return _UNSURE
    value, source, start, _, place = quantity
    return Quantity(value, source, start - len(near), 0, place - len(near))


def _read_before(text: str, place: int) -> Quantity | None:
    near = text[max(0, place - 16) : place]
    tail = near.rstrip(_OPENING)
    if tail[-1:] in _DIGITS:
        return _read_bare(text, place, tail.rstrip(_DIGITS)) if tail else None
    if tail[-2:] not in _LAST_TWO or not tail.rstrip(".").endswith(_LAST_WORDS):
        return None
    for number in _NUMBERS.finditer(text, max(0, place - _WINDOW), place):
        found = _NUMBER_BEFORE.match(text, number.start(), place)
        if found:
            return _quantity_before(found)
    if len(tail) == len(near) or tail.endswith(_PACK_WORDS):
        return None
    found = _WORD_BEFORE.search(text, max(0, place - _WORDS_WINDOW), place)
    return _quantity_before(found) if found else None


def _quantity_before(found: re.Match[str]) -> Quantity | None:
    """What `_NUMBER_BEFORE` or `_WORD_BEFORE` found."""
    group = found.lastgroup or ""
    value = _NUMBER_WORDS[found["word"]] if group == "word" else _to_int(found[group])
    if group == "pack" and found["packs"]:
        value *= _to_int(found["packs"])
    return _quantity(value, "before", found, found.start())


def _read_bare(text: str, place: int, head: str) -> Quantity | None:
    """The number without a unit that ends directly before `place`; `head` is what stands before it."""
    if head.strip() and not head.endswith(_BEFORE_BARE):
        return None
    found = _BARE_BEFORE.search(text, max(0, place - _BARE_WINDOW), place)
    return _quantity(int(found["bare"]), "before", found, found.start("bare")) if found else None


def may_precede(head: str, *, is_whole: bool) -> bool:
    """Whether `head` may end with a quantity: the last characters before a place, or all there are."""
    if is_whole:
        return read_before(head, len(head)) is not None
    tail = head.rstrip(_OPENING)
    return (
        len(tail) < 2 or tail[-1] in _DIGITS or any(_may_end(tail.rstrip("."), word) for word in _LAST_WORDS)
    )


def _may_end(tail: str, word: str) -> bool:
    """Whether `tail`, or what it is the end of, may end with `word` as a quantity does: few have letters before it."""
    if len(tail) <= len(word):
        return word.endswith(tail)
    return tail.endswith(word) and (word in _INSIDE_WORDS or not tail[-len(word) - 1].isalpha())


def may_follow(rest: str) -> bool:
    """Whether `rest`, the four characters after a place, may begin a quantity."""
    if rest[:1] not in _MAY_FOLLOW or rest[1:2] not in _MAY_FOLLOW:
        return False
    near = rest.lstrip(" ,:([–-")
    return bool(near) and near[0] in "0123456789x×*"


def read_after(text: str, place: int) -> Quantity | None:
    """The quantity that begins directly after `place`."""
    if not may_follow(text[place : place + 4]):
        return None
    found = _AFTER.match(text, place)
    if found is None:
        return None
    group = found.lastgroup or ""
    return _quantity(_to_int(found[group]), "after", found, found.start(group))


def _to_int(digits: str) -> int:
    return int(digits.replace(".", ""))


def _quantity(value: int, source: str, found: re.Match[str], place: int) -> Quantity | None:
    start, end = found.span()
    return _new(Quantity, (value, source, start, end, place)) if value > 0 else None


def assign_quantities(text: str, hits: Sequence[Hit]) -> list[Quantity]:
    """One quantity per hit. `hits` are in order of appearance; a number serves one place only.

    A number between two matches belongs to the one after it ("CD-01, 2 Stk Bürsten") unless that one has its own
    number behind it ("CD-01 2 Stk, Bürste 3 Stk").
    """
    befores = [read_before(text, hit.anchor) for hit in hits]
    afters = [read_after(text, hit.outer_end) for hit in hits]
    if not any(befores) and not any(afters):
        return [DEFAULT] * len(hits)
    befores = [_outside(hits, quantity) if quantity else None for quantity in befores]
    afters = [_outside(hits, quantity) if quantity else None for quantity in afters]
    taken: dict[int, int] = {}  # the place of a number -> the anchor it serves
    chosen: list[Quantity] = []
    for index, hit in enumerate(hits):
        quantity = befores[index]
        if quantity and taken.setdefault(quantity.place, hit.anchor) == hit.anchor:
            in_list = (
                index > 0
                and hit.pattern.is_code
                and hit.start != hit.anchor
                and hits[index - 1].anchor == hit.anchor
            )
            chosen.append(quantity._replace(source="carried") if in_list else quantity)
            continue
        quantity = afters[index]
        if quantity and not _belongs_to_next(quantity, index, befores, afters):
            taken[quantity.place] = hit.anchor
            chosen.append(quantity)
            continue
        chosen.append(DEFAULT)
    return chosen


def assign_quantity(text: str, hit: Hit) -> Quantity:
    """The quantity of the only hit: what `assign_quantities` comes to."""
    quantity = read_before(text, hit.anchor)
    if quantity and not hit.start <= quantity.place < hit.end:
        return quantity
    quantity = read_after(text, hit.outer_end)
    if quantity and not hit.start <= quantity.place < hit.end:
        return quantity
    return DEFAULT


def _belongs_to_next(
    quantity: Quantity, index: int, befores: list[Quantity | None], afters: list[Quantity | None]
) -> bool:
    if index + 1 == len(befores):
        return False
    rival = befores[index + 1]
    return rival is not None and afters[index + 1] is None and rival.place == quantity.place


def _outside(hits: Sequence[Hit], quantity: Quantity) -> Quantity | None:
    """The quantity, unless its number is part of a name: the 75 of "Scrubber 75 x Omnie"."""
    place = quantity.place
    for hit in hits:
        if hit.start <= place < hit.end:
            return None
    return quantity


def mentions_part(text: str) -> bool:
    """Whether the text says "davon": a quantity that is part of a larger one."""
    return ("von" in text or "darunter" in text or "thereof" in text) and _PART.search(text) is not None


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
