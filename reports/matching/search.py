"""Look for all spellings of all keywords at once, so that a heading without a keyword costs next to nothing."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import re2
from ahocorasick_rs import AhoCorasick, Implementation

from reports.matching.boundaries import Hit
from reports.matching.keywords import Keyword, Pattern, compile_regex, regex_options, regex_source

Found = tuple[list[Pattern], int, int]


class Automaton:
    """Patterns by their alphanumeric text, found with overlaps (Aho-Corasick).

    `replaced` are characters that the texts to be searched have in the place of others; `signs` are texts that are
    found too, mostly without a pattern. `groups` are the patterns of each text, and the attribute `signs` says which of
    these are a sign.
    """

    def __init__(
        self,
        patterns: Iterable[Pattern],
        *,
        replaced: Mapping[int, int] | None = None,
        signs: Sequence[str] = (),
    ) -> None:
        grouped: defaultdict[str, list[Pattern]] = defaultdict(list)
        for pattern in patterns:
            grouped[pattern.text.translate(replaced or {})].append(pattern)
        texts = [*grouped, *(sign for sign in signs if sign not in grouped)]
        self.groups = [*grouped.values(), *([] for _ in texts[len(grouped) :])]
        self.signs = frozenset(map(texts.index, signs))
        # A DFA of 1,000 keywords is faster only as long as nothing else wants the processor's cache: in the middle of
        # other work it takes twice as long as this.
        self._automaton = AhoCorasick(texts, implementation=Implementation.ContiguousNFA) if grouped else None

    def search(self, text: str) -> list[tuple[int, int, int]]:
        """Where in `groups` the patterns are, and the spans in `text` where they stand, in the order of the ends."""
        if self._automaton is None:
            return []
        return self._automaton.find_matches_as_indexes(text, overlapping=True)

    def find(self, text: str) -> list[Found]:
        """Patterns and the spans in `text` where they stand."""
        found, groups = self.search(text), self.groups
        return [(groups[index], start, end) for index, start, end in found] if found else []


class Expressions:
    """The expressions of the list. One alternation of all says whether there is anything to look for."""

    def __init__(self, keywords: Sequence[Keyword]) -> None:
        self._patterns = [(Pattern(keyword, "", {}), compile_regex(keyword.text)) for keyword in keywords]
        self._gate = _compile_gate(keywords) if len(keywords) > 1 else None

    def __bool__(self) -> bool:
        return bool(self._patterns)

    def may_find(self, text: str) -> bool:
        """Whether `find` may find something."""
        if self._gate is not None:
            return self._gate.search(text) is not None
        return any(compiled.search(text) for _, compiled in self._patterns)

    def find(self, text: str) -> list[Hit]:
        """All places where an expression matches at least one character."""
        hits: list[Hit] = []
        if not self._patterns or (self._gate is not None and self._gate.search(text) is None):
            return hits
        for pattern, compiled in self._patterns:
            for found in compiled.finditer(text):
                start, end = found.span()
                if start < end:
                    hits.append(Hit(pattern, start, end, start, end))
        return hits


def _compile_gate(keywords: Sequence[Keyword]) -> "re2._Regexp[str] | None":
    """All expressions as one, or None when that would be too large."""
    try:
        return re2.compile(
            "|".join(f"(?:{regex_source(keyword.text)})" for keyword in keywords), regex_options()
        )
    except re2.error:
        return None
