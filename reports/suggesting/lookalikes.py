"""Spellings that were probably meant as a keyword: typing errors, letters that look like digits, leading zeros.

They are suggestions, never matches. Pure: no Django, no database.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import NamedTuple

from rapidfuzz.distance import OSA
from rapidfuzz.process import extract

from reports.matching import Keyword
from reports.matching.normalise import fold, squeeze, squeeze_words
from reports.suggesting.phrases import Heading, Rules, phrases_in

TYPO, LOOK_ALIKE, LEADING_ZERO = "typo", "look_alike", "leading_zero"
_MOST_SPELLINGS = 50_000  # that are compared, the most frequent ones
_SHAPES = str.maketrans({"o": "0", "i": "1", "l": "1", "s": "5", "b": "8"})
_DIGITS = re.compile(r"[0-9]+")
_ZEROS = re.compile(r"(?<![0-9])0+(?=[0-9])")


@dataclass(frozen=True, slots=True)
class LookAlike:
    """`text` was written, `keyword` was probably meant, because of `kind`: typo, look_alike or leading_zero."""

    key: str
    text: str
    keyword: Keyword
    kind: str
    sale_count: int


class _Form(NamedTuple):
    """A text as it is compared: alphanumerics only, and the numbers in it."""

    text: str
    numbers: tuple[str, ...]
    without_zeros: str  # the same without the leading zeros of its numbers

    @classmethod
    def of(cls, text: str) -> "_Form":
        folded = fold(text).text
        squeezed = squeeze(folded)
        form = squeezed if _DIGITS.search(squeezed) else squeeze_words(folded, squeezed)
        return cls(form, tuple(_DIGITS.findall(folded)), squeeze(_ZEROS.sub("", folded)))

    @property
    def shape(self) -> str:
        return self.text.translate(_SHAPES)


def reach(length: int) -> int:
    """How many typing errors a keyword of this length forgives."""
    return 0 if length < 4 else 1 if length < 8 else 2


def kind_of(text: str, keyword: str) -> str:
    """Why `text` may be meant as `keyword`: typo, look_alike, leading_zero; "" when it may not, or is the same."""
    return _kind(_Form.of(text), _Form.of(keyword))


def _kind(written: _Form, meant: _Form) -> str:
    if written.text == meant.text or not written.text:
        return ""
    is_longer_code = bool(meant.numbers) and meant.text in written.text
    if "".join(written.numbers) == "".join(meant.numbers) and not is_longer_code:
        limit = reach(len(meant.text))
        if OSA.distance(written.text, meant.text, score_cutoff=limit) <= limit:
            return _typo_or_shape(written, meant)
    if written.shape == meant.shape:
        return LOOK_ALIKE
    has_numbers = bool(meant.numbers) and len(written.numbers) == len(meant.numbers)
    return LEADING_ZERO if has_numbers and written.without_zeros == meant.without_zeros else ""


def _typo_or_shape(written: _Form, meant: _Form) -> str:
    return LOOK_ALIKE if written.shape == meant.shape else TYPO


# --- In many headings -----------------------------------------------------------------------------------


def look_alikes(
    headings: Iterable[tuple[Heading, int]], keywords: Sequence[Keyword], rules: Rules
) -> list[LookAlike]:
    """Look for spellings close to these keywords, the most frequent ones first.

    `headings` come with their number of sales. A spelling is given once, for the
    keyword that is closest to it; expressions have no spelling.
    """
    meant = [(keyword, _Form.of(keyword.text)) for keyword in keywords if keyword.type != "regex"]
    spellings = _spellings(headings, meant, rules)
    index = _Index(spellings)
    known = {form.text for _keyword, form in meant}
    closest: dict[str, tuple[int, LookAlike]] = {}
    for keyword, form in meant:
        for key in index.close_to(form):
            if key in known:
                continue
            seen = spellings[key]
            kind = _kind(seen.form, form)
            distance = OSA.distance(seen.form.text, form.text)
            if kind and (key not in closest or distance < closest[key][0]):
                closest[key] = distance, LookAlike(seen.key, seen.text, keyword, kind, seen.sale_count)
    found = [one for _distance, one in closest.values()]
    return sorted(found, key=lambda one: (-one.sale_count, one.text))


@dataclass(slots=True)
class _Spelling:
    key: str
    text: str
    form: _Form
    sale_count: int


def _spellings(
    headings: Iterable[tuple[Heading, int]],
    meant: Sequence[tuple[Keyword, _Form]],
    rules: Rules,
) -> dict[str, _Spelling]:
    """What could be one of the keywords by its length, by its squeezed text."""
    lengths = {len(form.text) + more for _keyword, form in meant for more in range(-2, 3)}
    counts: Counter[str] = Counter()
    texts: dict[str, tuple[str, str]] = {}
    for heading, sale_count in headings:
        for phrase in phrases_in(heading, rules, lengths=lengths).values():
            squeezed = phrase.key.replace(" ", "")
            if not phrase.names:
                counts[squeezed] += sale_count
                texts.setdefault(squeezed, (phrase.key, phrase.spelling))
    return {
        squeezed: _Spelling(*texts[squeezed], _Form.of(texts[squeezed][1]), count)
        for squeezed, count in counts.most_common(_MOST_SPELLINGS)
    }


class _Index:
    """Spellings by their digits and length, by their shape, and without leading zeros."""

    def __init__(self, spellings: dict[str, _Spelling]) -> None:
        self._by_digits: defaultdict[tuple[str, int], list[str]] = defaultdict(list)
        self._by_shape: defaultdict[str, list[str]] = defaultdict(list)
        self._without_zeros: defaultdict[str, list[str]] = defaultdict(list)
        for key, one in spellings.items():
            self._by_digits["".join(one.form.numbers), len(key)].append(key)
            self._by_shape[one.form.shape].append(key)
            self._without_zeros[one.form.without_zeros].append(key)

    def close_to(self, form: _Form) -> Iterator[str]:
        """The keys of spellings that may be meant as this one, each once."""
        yield from dict.fromkeys(
            chain(
                self._misspelt(form),
                self._by_shape.get(form.shape, ()),
                self._without_zeros.get(form.without_zeros, ()),
            )
        )

    def _misspelt(self, form: _Form) -> Iterator[str]:
        limit = reach(len(form.text))
        digits = "".join(form.numbers)
        for length in range(len(form.text) - limit, len(form.text) + limit + 1):
            near = self._by_digits.get((digits, length), ()) if limit else ()
            for key, _distance, _place in extract(
                form.text, near, scorer=OSA.distance, score_cutoff=limit, limit=None
            ):
                yield key
