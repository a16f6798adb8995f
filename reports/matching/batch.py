"""Many plain headings at once: what can be done once for a batch is not done once for each heading.

A heading is plain when it takes no second look to fold it: single spaces, no character that folding drops or
multiplies, no digraph for an umlaut. Plain headings are joined, folded, squeezed and searched as one text; NUL stands
between them, which no plain heading has and no keyword matches. What is found is then decided as for any heading.
"""

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import compress

from reports.matching.boundaries import (
    Hit,
    Miss,
    examine,
    examine_edges,
    fails_quietly,
    is_as_usual,
    stands_alone,
)
from reports.matching.code_lists import has_list
from reports.matching.findings import Findings
from reports.matching.keywords import Pattern
from reports.matching.normalise import IS_ALNUM, LATIN, NOT_ALNUM, Folded, code_view, has_digraph, squeeze
from reports.matching.resolve import Placed, conclude_clear, resolve, resolve_hits, split_shadowed
from reports.matching.results import EMPTY, UNMATCHED, Result
from reports.matching.search import Automaton, Expressions, Found

_NOT_PLAIN = re.compile("[^ -~ÄÖÜäöüÉÈÀéèàçñ×\u2013\u2014\u2212]|  ")
_DASHES = ("\u2013", "\u2014", "\u2212")
_NUL = b"\0"
# Byte by byte: N3 for the characters above, N6's plain vowels, and 1 where a squeezed text keeps a character.
_FOLDED = "".join(
    char.lower() if char.isascii() or not _NOT_PLAIN.match(char) else char for char in LATIN
).encode("latin-1")
PLAIN_VOWELS = str.maketrans("äöü", "aou")
_PLAIN_VOWELS = bytes.maketrans("äöü".encode("latin-1"), b"aou")
_KEPT = b"\1" + IS_ALNUM[1:]
_DROPPED = NOT_ALNUM.replace(_NUL, b"")


def is_plain(heading: str) -> bool:
    """Whether the heading can be one of a batch, as far as its characters go."""
    if heading.isascii():
        return heading.isprintable() and "  " not in heading
    return _NOT_PLAIN.search(heading) is None


class Batch:
    """Plain headings, searched together.

    `automaton` knows all patterns by their text with plain vowels. Without digraphs both views have the same places,
    so one search serves words and codes; what it finds too much for codes is dropped here.
    """

    def __init__(self, headings: Sequence[str], automaton: Automaton, expressions: Expressions) -> None:
        joined = "\0".join(headings)
        for dash in _DASHES:
            joined = joined.replace(dash, "-")
        folded = joined.encode("latin-1").translate(_FOLDED)
        squeezed = folded.translate(_PLAIN_VOWELS, _DROPPED).decode("latin-1")
        self._headings = headings
        self._expressions = expressions
        self._texts = folded.decode("latin-1").split("\0") if headings else []
        self._starts = list(compress(range(len(folded)), folded.translate(_KEPT)))
        self._found = automaton.find(squeezed)

    def results(self) -> Iterator[Result | None]:
        """One for each heading; None for those that turn out to be less than plain."""
        starts, found = self._starts, self._found
        count, place, offset = len(found), 0, 0
        expressions, has_expressions = self._expressions, bool(self._expressions)
        for heading, text in zip(self._headings, self._texts, strict=True):
            first, limit = place, offset + len(text)
            while place < count and starts[found[place][1]] < limit:
                place += 1
            if (
                ("/" in text and has_list(text))
                or (("ae" in text or "oe" in text or "ue" in text) and has_digraph(text))
                or (has_expressions and expressions.may_find(text))
            ):
                yield None
            elif place > first:
                yield self._result(heading, text, offset, found[first:place])
            else:
                yield UNMATCHED if text.strip() else EMPTY
            offset = limit + 1

    def _result(self, heading: str, text: str, offset: int, found: Sequence[Found]) -> Result | None:
        starts, clear, apart, behind = self._starts, "/" not in text or "w/o" not in text, True, 0
        placed: list[Placed] = []
        for patterns, first, last in found:
            start, end = starts[first] - offset, starts[last - 1] + 1 - offset
            for pattern in patterns:
                if pattern.is_hint and fails_quietly(text, pattern, end):
                    continue
                clear = clear and pattern.is_plain and stands_alone(text, pattern, start, end)
                apart = apart and start >= behind
                placed.append((pattern, start, end))
                behind = end
            clear = clear and bool(patterns)  # a word that may negate has none
        if not placed:
            return UNMATCHED
        if not clear:
            return self._result_with_care(heading, text, placed)
        standing, shadowed = (placed, ()) if apart else split_shadowed(placed)
        result = conclude_clear(heading, text, standing, shadowed) if standing else None
        if result is None:
            hits = [Hit(pattern, start, end, start, end) for pattern, start, end in placed]
            result = resolve_hits(Folded(heading, text, heading), hits)
        return result

    def _result_with_care(self, heading: str, text: str, placed: Sequence[Placed]) -> Result | None:
        folded, findings = Folded(heading, text, heading), Findings()
        for pattern, start, end in placed:
            if stands_alone(text, pattern, start, end):
                findings.note(Hit(pattern, start, end, start, end))
                continue
            seen = self._examine(folded, pattern, start, end, findings.ends)
            if seen is None:
                continue
            if isinstance(seen, Miss) and seen.rule == "prefixed_code" and not text.isascii():
                return None  # whether it is one depends on the order of the search
            findings.note(seen)
        return resolve(folded, findings) if findings.hits or findings.is_disputed else UNMATCHED

    def _examine(
        self, folded: Folded, pattern: Pattern, start: int, end: int, ends: set[int]
    ) -> Hit | Miss | None:
        """As `examine`; None for a code that is only there with its umlauts folded."""
        if is_as_usual(folded.text, pattern, start, end):
            return examine_edges(folded, pattern, start, end, ends=ends, wide=end)
        if pattern.is_code and squeeze(folded.text[start:end]) != pattern.text:
            return None
        view = code_view(folded.text)
        first, last = bisect_left(view.starts, start), bisect_left(view.starts, end)
        return examine(folded, view, pattern, first, last, ends=ends)
