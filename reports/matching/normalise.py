"""Text to comparable text, with the way back to the original.

Headings, keywords, masks and vetoes all pass through the same steps:

N0  repair UTF-8 that was read as Windows-1252 ("BÃ¼rsten")
N1  drop trademark signs and superscript digits, before NFKC makes letters and digits of them
N2  NFKC, a base character together with its combining marks
N3  casefold
N4  every dash is "-"
N5  drop invisible characters, one space for any run of white space
N6  word view: German umlauts, their digraphs and plain vowels are the same letter
N7  code view: alphanumerics only, digraphs stay

`Folded.text` is the text after N0-N5. Both views are alphanumerics only; each of their characters knows its place in
`Folded.text`, and each character of `Folded.text` knows its place in the original.
"""

import re
import unicodedata
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import compress

_TRADE_MARKS = frozenset("™®©℠¹²³⁰⁴⁵⁶⁷⁸⁹")
_DASHES = dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212", "-")
# Zero-width characters, soft hyphen, direction marks and variation selectors.
_INVISIBLE = frozenset(
    "\u00ad\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e"
    "\u2060\u2061\u2062\u2063\u2064\u2066\u2067\u2068\u2069\ufeff"
) | frozenset(map(chr, range(0xFE00, 0xFE10)))

# Characters for which N0-N5 keep the length, so that no index map is needed.
_UNUSUAL = re.compile("[^\x00-\x7f\u00a0ÄÖÜäöüÉÈÀéèàçñ×€„“”‘’\u2013\u2014\u2212]")
_RAGGED_SPACE = re.compile(r"\s\s|[^\S \u00a0]")
_SAME_LENGTH = str.maketrans({"\u00a0": " ", "\u2013": "-", "\u2014": "-", "\u2212": "-"})

# Characters that keep it only nearly: dropped, or folded to two.
_NEARLY = re.compile(f"[ß{''.join(sorted(_TRADE_MARKS))}]")

_CP1252_HIGH = "\x80-\xbf€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ"
_MOJIBAKE = re.compile(f"[ÂÃ][{_CP1252_HIGH}]")

_NOT_ALNUM = re.compile(r"[\W_]+")
# The same for text in Latin-1, which almost every heading is: bytes are translated 20 times as fast.
LATIN = [chr(code) for code in range(256)]
NOT_ALNUM = "".join(char for char in LATIN if not char.isalnum()).encode("latin-1")
IS_ALNUM = bytes(char.isalnum() for char in LATIN)

# The "e" of ae, oe and ue; "ue" is no umlaut after a vowel or q ("neue", "Quelle").
_DIGRAPH_E = re.compile(r"(?<=[ao])e|(?<=[^aeiouyqäöü]u)e|(?<=\Au)e")


@dataclass(slots=True)
class Folded:
    """A text after N0-N5.

    `raw` has the same length as `text` and keeps the case. `starts` and `ends` lead to the original; None means that
    the places are the same. `breaks` are places in `text` where N1 dropped something: neighbours there do not touch.
    """

    original: str
    text: str
    raw: str
    starts: list[int] | None = None
    ends: list[int] | None = None
    breaks: frozenset[int] = frozenset()
    repaired: bool = False

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The span of the original that became `text[start:end]`, which must not be empty."""
        if self.starts is None or self.ends is None:
            return start, end
        return self.starts[start], self.ends[end - 1]


@dataclass(slots=True)
class View:
    """An alphanumeric view: character i of `text` is `folded.text[starts[i]:ends[i]]`.

    `silent` are the places of the digraphs' "e" in `folded.text`, which belong to the vowel before them.
    """

    text: str
    starts: list[int]
    silent: Collection[int] = ()

    def end(self, index: int) -> int:
        """The place in `folded.text` behind character `index`."""
        place = self.starts[index] + 1
        return place + 1 if place in self.silent else place

    @property
    def ends(self) -> list[int]:
        """The places behind all characters."""
        return [self.end(index) for index in range(len(self.starts))]


@dataclass(slots=True)
class _Builder:
    """Collects the folded characters and their places."""

    text: list[str] = field(default_factory=list)
    raw: list[str] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)

    def add(self, raw: str, start: int, end: int) -> None:
        """Append one composed character, folded (N3-N5)."""
        for folded in raw.casefold():
            char = _DASHES.get(folded, folded)
            if char in _INVISIBLE:
                continue
            if char.isspace():
                char = " "
                if self.text and self.text[-1] == " ":
                    self.ends[-1] = end
                    continue
            elif "\ud800" <= char <= "\udfff":  # a lone surrogate cannot be handed to a matcher
                char = "\ufffd"
            self.text.append(char)
            self.raw.append(raw)
            self.starts.append(start)
            self.ends.append(end)


def fold(text: str) -> Folded:
    """Apply N0-N5. Takes any text, lone surrogates and NUL included; never raises."""
    if text.isascii():
        if text.isprintable() and "  " not in text:
            return Folded(text, text.lower(), text)
    elif not _UNUSUAL.search(text) and not _RAGGED_SPACE.search(text):
        return Folded(text, text.casefold().translate(_SAME_LENGTH), text)
    return _fold_nearly(text) or _fold_slowly(text)


def _fold_nearly(text: str) -> Folded | None:
    """`fold` where only trade marks, superscripts and ß change the length; None where something else does."""
    raw, starts, breaks, behind = "", list[int](), set[int](), 0
    for found in _NEARLY.finditer(text):
        place = found.start()
        raw += text[behind:place]
        starts += range(behind, place)
        behind = place + 1
        if text[place] == "ß":
            raw += "ßß"
            starts += (place, place)
        else:
            breaks.add(len(raw))
    raw += text[behind:]
    starts += range(behind, len(text))
    folded = raw.replace("ß", "s")
    if len(starts) == len(text) or _UNUSUAL.search(folded) or _RAGGED_SPACE.search(folded):
        return None
    return Folded(
        original=text,
        text=folded.casefold().translate(_SAME_LENGTH),
        raw=raw,
        starts=starts,
        ends=[start + 1 for start in starts],
        breaks=frozenset(breaks),
    )


def _fold_slowly(text: str) -> Folded:
    """The general case of `fold`, character by character."""
    source, edges = _repair(text)
    built, breaks = _Builder(), set[int]()
    for start, end in _clusters(source):
        if source[start] in _TRADE_MARKS:
            breaks.add(len(built.text))
            continue
        for raw in _compose(source[start:end]):
            built.add(raw, edges[start], edges[end])
    return Folded(
        original=text,
        text="".join(built.text),
        raw="".join(built.raw),
        starts=built.starts,
        ends=built.ends,
        breaks=frozenset(breaks),
        repaired=source is not text,
    )


def _repair(text: str) -> tuple[str, list[int]]:
    """N0: the repaired text and, for each of its edges, the place in the original."""
    if _MOJIBAKE.search(text):
        try:
            repaired = b"".join(map(_cp1252_byte, text)).decode("utf-8")
        except UnicodeError:
            return text, list(range(len(text) + 1))
        edges = [0]
        for char in repaired:
            edges.append(edges[-1] + len(char.encode("utf-8")))
        return repaired, edges
    return text, list(range(len(text) + 1))


@lru_cache(maxsize=512)
def _cp1252_byte(char: str) -> bytes:
    """One Windows-1252 byte; the five bytes that code page leaves out stay what they are, as browsers do it."""
    return char.encode("latin-1") if "\x80" <= char <= "\x9f" else char.encode("cp1252")


def _clusters(text: str) -> Iterator[tuple[int, int]]:
    """Spans that NFKC may treat on their own: a character and everything that may combine with it."""
    start = 0
    for place in range(1, len(text)):
        if not _extends(text[place]):
            yield start, place
            start = place
    if text:
        yield start, len(text)


@lru_cache(maxsize=8192)
def _extends(char: str) -> bool:
    """Whether the character may combine with the one before it: marks, and the later parts of a Hangul syllable."""
    if char < "\u0300":
        return False
    first = unicodedata.normalize("NFKD", char)[0]
    return (
        unicodedata.category(first).startswith("M")
        or "\u1161" <= first <= "\u1175"
        or "\u11a8" <= first <= "\u11c2"
    )


@lru_cache(maxsize=8192)
def _compose(cluster: str) -> str:
    return unicodedata.normalize("NFKC", cluster)


def squeeze(text: str) -> str:
    """N7 on folded text: alphanumerics only."""
    try:
        return text.encode("latin-1").translate(None, NOT_ALNUM).decode("latin-1")
    except UnicodeEncodeError:
        return _NOT_ALNUM.sub("", text)


def has_digraph(text: str) -> bool:
    """Whether folded text has an umlaut written as two letters."""
    return ("ae" in text or "oe" in text or "ue" in text) and _DIGRAPH_E.search(text) is not None


def squeeze_words(text: str, squeezed: str) -> str:
    """N6 on folded text, alphanumerics only. `squeezed` is `squeeze(text)`, which is often the answer already."""
    if has_digraph(text):
        squeezed = squeeze(_DIGRAPH_E.sub("", text))
    if squeezed.isascii():
        return squeezed
    return squeezed.replace("ä", "a").replace("ö", "o").replace("ü", "u")


def code_view(text: str, squeezed: str | None = None) -> View:
    """The code view of folded text, with places. `squeezed` is `squeeze(text)` where it is known already."""
    return View(squeeze(text) if squeezed is None else squeezed, _alnum_places(text))


def _alnum_places(text: str) -> list[int]:
    try:
        flags: Collection[int] = text.encode("latin-1").translate(IS_ALNUM)
    except UnicodeEncodeError:
        flags = [char.isalnum() for char in text]
    return list(compress(range(len(flags)), flags))


def word_view(text: str) -> View:
    """The word view of folded text, with places. The "e" of a digraph belongs to the vowel before it."""
    squeezed = squeeze(text)
    words = squeeze_words(text, squeezed)
    if len(words) == len(squeezed):
        return code_view(text, words)
    silent = {found.start() for found in _DIGRAPH_E.finditer(text)}
    return View(words, [place for place in _alnum_places(text) if place not in silent], silent)
