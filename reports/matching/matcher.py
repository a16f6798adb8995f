"""Find the keywords of a list in headings: search, examine, resolve, count."""

import gc
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import filterfalse, islice

from reports.matching.batch import PlainSearch, is_plain
from reports.matching.code_lists import find_in_lists, has_list, index_by_number
from reports.matching.findings import Findings
from reports.matching.keywords import Keyword, compile_patterns, validate
from reports.matching.normalise import Folded, code_view, fold, squeeze, squeeze_words, word_view
from reports.matching.resolve import resolve
from reports.matching.results import EMPTY, UNMATCHED, Result
from reports.matching.search import Automaton, Expressions

_BATCH = 1000  # headings searched as one text
_REMEMBERED = 20_000  # distinct headings whose results are kept while a stream of headings goes by


@contextmanager
def paused_collector() -> Iterator[None]:
    """No garbage collection meanwhile. Results are many small objects without a circle, which it would walk in vain."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


class Matcher:
    """A keyword list made ready. Build it once and use it for many headings.

    Raises ValueError when `validate` finds a problem in one of the keywords; only a text that is too short is no
    reason, since lists older than that rule may have one, and it can be searched for.
    """

    def __init__(self, keywords: Sequence[Keyword]) -> None:
        problems = [
            f"keyword {keyword.id}: {problem}"
            for keyword in keywords
            for problem in validate(keyword)
            if not problem.startswith("text_too_short:")
        ]
        if problems:
            raise ValueError("; ".join(problems))
        self.keywords = {keyword.id: keyword for keyword in keywords}
        patterns = [pattern for keyword in keywords for pattern in compile_patterns(keyword)]
        codes = [pattern for pattern in patterns if pattern.is_code]
        self._all = Automaton(patterns)
        self._codes = Automaton(codes)
        self._words = Automaton(pattern for pattern in patterns if not pattern.is_code)
        self._expressions = Expressions([keyword for keyword in keywords if keyword.type == "regex"])
        self._plain = PlainSearch(patterns, self._expressions)
        self._numbered = index_by_number(codes)

    def match(self, heading: str | None) -> Result:
        """What is in the heading, and what nearly was. Takes any text."""
        folded = fold(heading or "")
        if not folded.text or folded.text.isspace():
            return EMPTY
        findings = self._find(folded)
        if findings.hits or findings.is_disputed:
            return resolve(folded, findings)
        return Result("unmatched", flags=("mojibake_repaired",)) if folded.repaired else UNMATCHED

    def match_many(self, headings: Iterable[str | None]) -> Iterator[Result]:
        """`match` for each heading, in order and at a fraction of the time; memory does not grow with their number."""
        rest, known = iter(headings), dict[str, Result]()
        while batch := [heading or "" for heading in islice(rest, _BATCH)]:
            if len(known) > _REMEMBERED:
                known.clear()
            with paused_collector():
                self._learn(list(filterfalse(known.__contains__, dict.fromkeys(batch))), known)
            yield from map(known.__getitem__, batch)

    def _learn(self, fresh: Sequence[str], known: dict[str, Result]) -> None:
        """Add the results of the headings to `known`."""
        plain = list(filter(is_plain, fresh))
        for heading, result in zip(plain, self._plain.results(plain), strict=True):
            known[heading] = result or self.match(heading)
        for heading in filterfalse(known.__contains__, fresh):
            known[heading] = self.match(heading)

    def _find(self, folded: Folded) -> Findings:
        findings = Findings()
        text = folded.text
        for hit in self._expressions.find(text):
            findings.sort_in(hit)
        squeezed = squeeze(text)
        words = squeeze_words(text, squeezed)
        if words == squeezed:  # one view serves both kinds
            if found := self._all.find(squeezed):
                findings.add(folded, code_view(text, squeezed), found)
        else:
            if found := self._words.find(words):
                findings.add(folded, word_view(text), found)
            if found := self._codes.find(squeezed):
                findings.add(folded, code_view(text, squeezed), found)
        if "/" in text and self._numbered and has_list(text):
            for hit in find_in_lists(folded, code_view(text, squeezed), self._numbered, findings.ends):
                findings.sort_in(hit)
        return findings
