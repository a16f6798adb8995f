"""Phrases of headings that could name a product: one to four words in a row, article numbers kept whole.

Names of people and customers, months, years, quantities and everyday words of selling are none, alone or at the edge of
a phrase. Pure: no Django, no database.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from reports.matching.normalise import Folded, fold, squeeze, squeeze_words

LONGEST = 4  # words of a phrase
MAX_CODE_LENGTH = 40  # longer texts with digits are sentences, not article numbers
_MOST_CHARACTERS = 200  # of a keyword
_WORD = re.compile(r"[^\W_]+(?:[-_./]+[^\W_]+)*")
_PART = re.compile(r"[^\W_]+")
_JOINS = re.compile(r"[ \"'“”„‘’]*-?")  # what may stand between two words of a phrase
_GLUED_BEFORE = re.compile(r"[0-9]{1,4}[x×](?=[^\W\d_]{2})")
_GLUED_AFTER = re.compile(r"(?<=[0-9])[x×][0-9]{1,4}\Z")
_DIGIT = re.compile(r"[0-9]")
_LETTER = re.compile(r"[^\W\d_]")
# Years, dates, quarters, calendar weeks, quantities, dimensions: no part of a name.
_NEVER = re.compile(
    r"(?:19|20)[0-9]{2}(?:[-/](?:[0-9]{2}|(?:19|20)[0-9]{2}))?"
    r"|[0-9]{1,4}(?:[./-][0-9]{1,4}){1,2}|q[1-4](?:[-/.]?[0-9]{2,4})?|[1-4]\.?q|kw-?[0-9]{1,2}"
    r"|[0-9]+[x×][0-9]+(?:[x×][0-9]+)?|[0-9]+[x×]|[x×][0-9]*|[0-9]+er|[0-9]+(?:st|nd|rd|th)"
    r"|[0-9]+(?:[.,][0-9]+)?(?:eur|chf|usd|gbp|mm|cm|m|m2|qm|kg|g|l|ml|v|ah|w|kw|h|std|min|tage?|k)"
)
_UNIT_WORDS = (
    "stk stck stuck st pcs pce pc units unit ea mal gerate einheiten monate monaten monat months month jahre jahren "
    "jahr years year wochen woche weeks week tage tagen tag days day stunden stunde std h hours eur euro chf usd gbp "
    "prozent percent mm cm m m2 qm kg g l ml v ah w kw x"
)
_UNITS = frozenset(_UNIT_WORDS.split())
_MONTHS = (
    "januar februar marz april mai juni juli august september oktober november dezember january february march may "
    "june july october december jan feb mrz mar apr jun jul aug sep sept okt oct nov dez dec fruhjahr sommer herbst "
    "winter spring summer autumn montag dienstag mittwoch donnerstag freitag"
)
_SMALL = (
    "der die das den dem des ein eine einen einem einer eines und oder mit ohne fur von vom zu zum zur im in an am auf "
    "aus bei bis nach uber unter vor als wie ist sind war wird werden nicht kein keine auch noch nur je pro per inkl "
    "inklusive exkl zzgl ab the a of and or with without for from to at on by is are not no per incl including excl "
    "plus sowie sehr wir ihr sie es alle alles davon ca circa etwa nr no re fw fwd aw wg"
)
_SELLING = (
    "angebot angebote auftrag auftrage folgeauftrag nachauftrag nachtrag anfrage ruckfrage bestellung nachbestellung "
    "bestellt projekt projekte vertrag rahmenvertrag rahmen verlangerung vertragsverlangerung ausschreibung testphase "
    "test neubau umbau standort standorte halle hallen filiale filialen gebaude etage werk termin gesprach tagung "
    "messe budget kunde kunden neukunde bestandskunde lieferung anlieferung offen neu neue neuer neues alt alte "
    "dringend gross klein jahrlich erwartung wunsch wunschen bedarf option optional position betreff sache entwurf "
    "erstauftrag zusatz paket preis preise rechnung zahlung skonto gutschein beratung besuch telefonat nord sud ost "
    "west general enquiry enquiries inquiry inquiries request requests offer offers quote quotation order orders "
    "repeat project projects contract renewal extension tender trial site sites wing building floor hall meeting "
    "call visit fair customer client new old urgent delivery follow followup follow-up budget open pending draft "
    "position item price invoice opportunity deal sale sales lead upgrade phase"
)
STOP_WORDS = frozenset(f"{_MONTHS} {_SMALL} {_SELLING}".split()) | _UNITS


class Phrase(NamedTuple):
    """`key` is what comparable spellings share, `names` how many of its words are names too."""

    key: str
    spelling: str
    names: int


class Word(NamedTuple):
    """A word at `start:end` of the folded text; "" as `key` is a break between two thoughts."""

    key: str
    start: int
    end: int


_BREAK = Word("", 0, 0)


@dataclass(frozen=True, slots=True)
class Rules:
    """What is no phrase: the keys of names and of texts that somebody called no product."""

    name_words: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()  # two to four words of a name in a row
    stop_words: frozenset[str] = STOP_WORDS
    _keys: dict[str, str] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def of(cls, names: Iterable[str], *, no_products: Iterable[str] = ()) -> "Rules":
        """`names` as they are written, `no_products` as keys."""
        words: set[str] = set()
        runs: set[str] = set()
        for name in names:
            parts = [word_key(part) for part in _PART.findall(fold(name).text)]
            words.update(part for part in parts if not _DIGIT.search(part))
            for size in range(2, LONGEST + 1):
                runs.update(" ".join(parts[at : at + size]) for at in range(len(parts) - size + 1))
        stops = STOP_WORDS | {key for key in no_products if " " not in key}
        return cls(frozenset(words), frozenset(runs), stops)

    def key_of(self, word: str) -> str:
        key = self._keys.get(word)
        if key is None:
            key = self._keys[word] = squeeze(word) if _DIGIT.search(word) else word_key(word)
        return key


def word_key(word: str) -> str:
    """A folded word as keywords compare it: "Bürste" and "Buerste" are one."""
    return squeeze_words(word, squeeze(word))


def comparable(text: str) -> str:
    """The key of any text: without separators where it has digits, else its words with single spaces."""
    folded = fold(text).text
    if is_code(text):
        return squeeze(folded)
    return " ".join(filter(None, map(word_key, _PART.findall(folded))))


def is_code(text: str) -> bool:
    """Whether a keyword with this text is an article number, as the editor proposes it."""
    return _DIGIT.search(fold(text).text) is not None and len(text) <= MAX_CODE_LENGTH


# --- Words ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading in words."""

    folded: Folded
    words: Sequence[Word]


def heading_of(text: str, rules: Rules, *, hidden: Collection[Sequence[int]] = ()) -> Heading:
    """The words of a heading with breaks between thoughts; `hidden` spans of it mean something else."""
    folded = fold(text)
    words: list[Word] = []
    behind = 0
    for found in _WORD.finditer(folded.text):
        if words and not _JOINS.fullmatch(folded.text, behind, found.start()):
            words.append(_BREAK)
        behind = found.end()
        if hidden and _touches(folded.span(*found.span()), hidden):
            words.append(_BREAK)
        else:
            words.extend(_split(folded.text, *found.span(), rules))
    return Heading(folded, words)


def _touches(span: tuple[int, int], others: Collection[Sequence[int]]) -> bool:
    return any(span[0] < other[1] and other[0] < span[1] for other in others)


def _split(text: str, start: int, end: int, rules: Rules) -> Iterator[Word]:
    """An article number is one word; other words end at their hyphens and slashes."""
    if not _DIGIT.search(text, start, end):
        before = start
        for part in _PART.finditer(text, start, end):
            if "/" in text[before : part.start()]:
                yield _BREAK
            yield Word(rules.key_of(part.group()), part.start(), part.end())
            before = part.end()
        return
    if glued := _GLUED_BEFORE.match(text, start, end):
        yield _BREAK
        start = glued.end()
    trailing = _GLUED_AFTER.search(text, start, end)
    stop = trailing.start() if trailing else end
    if _NEVER.fullmatch(text, start, stop):
        yield _BREAK
    else:
        yield Word(rules.key_of(text[start:stop]), start, stop)
    if trailing:
        yield _BREAK


# --- Phrases --------------------------------------------------------------------------------------------


def phrases_in(
    heading: Heading,
    rules: Rules,
    *,
    edges: Collection[str] | None = None,
    lengths: Collection[int] | None = None,
) -> dict[str, Phrase]:
    """The phrases of a heading by their keys.

    With `edges` only phrases that begin and end with one of these words, with `lengths` only those of so many letters
    and digits.
    """
    found: dict[str, Phrase] = {}
    words = heading.words
    for first, word in enumerate(words):
        if not _may_begin(word, rules) or (edges is not None and word.key not in edges):
            continue
        length = 0
        for last in range(first, min(first + LONGEST, len(words))):
            key = words[last].key
            if not key:
                break
            length += len(key)
            if (lengths is not None and length not in lengths) or (edges is not None and key not in edges):
                continue
            if _may_end(words, first, last, rules):
                phrase = _phrase(heading.folded, words[first : last + 1], rules)
                if phrase:
                    found[phrase.key] = phrase
    return found


def _may_begin(word: Word, rules: Rules) -> bool:
    return bool(word.key) and word.key not in rules.stop_words and not word.key.isdecimal()


def _may_end(words: Sequence[Word], first: int, last: int, rules: Rules) -> bool:
    word = words[last]
    if word.key in rules.stop_words:
        return False
    if not word.key.isdecimal():
        return True
    following = words[last + 1].key if last + 1 < len(words) else ""
    return last > first and len(word.key) > 1 and following not in _UNITS


def _phrase(folded: Folded, words: Sequence[Word], rules: Rules) -> Phrase | None:
    """None for names, and for what is too short or too long for a keyword."""
    keys = [word.key for word in words]
    spelling = folded.raw[words[0].start : words[-1].end]
    names = sum(key in rules.name_words for key in keys)
    spaced = " ".join(keys)
    has_digit = _DIGIT.search(spaced) is not None
    key = spaced.replace(" ", "") if has_digit and len(spelling) <= MAX_CODE_LENGTH else spaced
    if spaced in rules.names or names == len(keys) or len(spelling) > _MOST_CHARACTERS:
        return None
    if not has_digit and (keys[0] in rules.name_words or keys[-1] in rules.name_words):
        return None
    if len(key) < 3 or not _LETTER.search(key):
        return None
    return Phrase(key, spelling, names)
