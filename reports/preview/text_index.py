"""Which of many texts a keyword can stand in: one search through one large text instead of one per text.

The answer holds every text in which the matcher could see the keyword, and some in which it will not: what stands
there letter by letter is still to be examined. Matching itself stays with `reports.matching`.
"""

import re
from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, chain

import re2
from ahocorasick_rs import AhoCorasick, Implementation

from reports.matching import Keyword
from reports.matching.keywords import (
    Pattern,
    compile_patterns,
    compile_regex,
    regex_options,
    regex_source,
)
from reports.matching.normalise import fold, squeeze, squeeze_words

_END = "\n"  # between texts; no folded text has one, and no pattern either
_SEARCHED_ONE_BY_ONE = 8  # patterns; for more, one automaton looks for all of them at once
_WORTH_SEARCHING = 2000  # patterns; so many touch nearly every text anyway
_SLASH_LIST = re.compile(r"[0-9]/[0-9]")
# These mean the edges of the whole text, or change what others mean: such an expression is tried text by text.
_NOT_JOINABLE = re.compile(r"\\[AzQC]|\(\?")


class _Joined:
    """One view of all texts, one after the other."""

    def __init__(self, views: Sequence[str]) -> None:
        self.text = _END.join(views)
        self._starts = array("I", accumulate((len(view) + 1 for view in views), initial=0))

    def texts_with(self, wanted: str) -> Iterator[int]:
        """The places in the list of all texts whose view contains `wanted`, ascending, some more than once."""
        *before, _rest = self.text.split(wanted)  # many times faster than to look for one after the other
        return accumulate(part.count(_END) for part in before)

    def text_at(self, place: int) -> int:
        return bisect_right(self._starts, place) - 1

    def texts_with_any(self, wanted: Sequence[str]) -> set[int]:
        if len(wanted) <= _SEARCHED_ONE_BY_ONE:
            return set(chain.from_iterable(map(self.texts_with, wanted)))
        automaton = AhoCorasick(list(wanted), implementation=Implementation.ContiguousNFA)
        return {
            self.text_at(start)
            for _, start, _ in automaton.find_matches_as_indexes(self.text, overlapping=True)
        }


class TextIndex:
    """Many texts, ready to be asked which of them a keyword could concern. Never changes."""

    def __init__(self, texts: Iterable[str]) -> None:
        self.texts = list(texts)
        folded = [fold(text).text for text in self.texts]
        codes = [squeeze(text) for text in folded]
        words = [squeeze_words(text, code) for text, code in zip(folded, codes, strict=True)]
        self._folded, self._codes, self._words = _Joined(folded), _Joined(codes), _Joined(words)
        # "CD-01/02" names CD-02 without its letters standing beside each other.
        self._lists = [
            (number, codes[number]) for number, text in enumerate(folded) if _SLASH_LIST.search(text)
        ]

    def texts_concerned(self, keywords: Iterable[Keyword]) -> Sequence[int]:
        """Places in `texts` of all in which one of these keywords could be seen, ascending."""
        keywords = list(keywords)
        patterns = [
            pattern for keyword in keywords for pattern in compile_patterns(keyword) if not pattern.zeros
        ]
        if len(patterns) > _WORTH_SEARCHING:
            return range(len(self.texts))
        found = self._words.texts_with_any(_distinct(one for one in patterns if not one.is_code))
        codes = [pattern for pattern in patterns if pattern.is_code]
        found |= self._codes.texts_with_any(_distinct(codes))
        found |= self._in_lists(codes)
        for keyword in keywords:
            if keyword.type == "regex":
                found |= self._with_expression(keyword.text)
        return sorted(found)

    def _in_lists(self, codes: Sequence[Pattern]) -> set[int]:
        parts = [
            (code.text[: -len(code.last_number)], code.last_number) for code in codes if code.last_number
        ]
        return {
            number
            for shared, last in parts
            for number, text in self._lists
            if shared and shared in text and last in text
        }

    def _with_expression(self, expression: str) -> set[int]:
        if _NOT_JOINABLE.search(expression):
            compiled = compile_regex(expression)
            texts = self._folded.text.split(_END)
            return {number for number, text in enumerate(texts) if compiled.search(text) is not None}
        found: set[int] = set()
        lines = re2.compile(f"(?m){regex_source(expression)}", regex_options())
        for match in lines.finditer(self._folded.text):
            start, end = match.span()
            first, last = self._folded.text_at(start), self._folded.text_at(max(start, end - 1))
            found.update(range(first, last + 1))
        return found


def _distinct(patterns: Iterable[Pattern]) -> list[str]:
    return list(dict.fromkeys(pattern.text for pattern in patterns))
