"""Many plain headings at once: what can be done once for a batch is not done once for each heading.

A heading is plain when it takes no second look to fold it: single spaces, no character that folding drops or
multiplies, no digraph for an umlaut. Plain headings are joined, folded, squeezed and searched as one text; NUL stands
between them, which no plain heading has and no keyword matches. What is found is then decided as for any heading,
from what is remembered of the characters around it wherever these are enough.
"""

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import compress

from reports.matching.boundaries import (
    AFTER_PREFIX,
    Hit,
    Miss,
    examine,
    examine_edges,
    fails_quietly,
    is_as_usual,
    stands_alone,
)
from reports.matching.code_lists import has_list
from reports.matching.conclude import Missed, Placed, conclude, conclude_one, split_shadowed
from reports.matching.context import SQUEEZED_SIGNS
from reports.matching.findings import Findings
from reports.matching.glances import (
    CODE_BARRED,
    COUNTED,
    PAD,
    WIDTH,
    WORD_BARRED,
    Remembered,
    look_left,
    look_right,
)
from reports.matching.keywords import Pattern
from reports.matching.normalise import IS_ALNUM, LATIN, NOT_ALNUM, Folded, code_view, has_digraph, squeeze
from reports.matching.resolve import resolve
from reports.matching.results import EMPTY, UNMATCHED, Result
from reports.matching.search import Automaton, Expressions

_NOT_PLAIN = re.compile("[^ -~ÄÖÜäöüÉÈÀéèàçñ×\u2013\u2014\u2212]|  ")
_DASHES = ("\u2013", "\u2014", "\u2212")
_NUL = b"\0"
# Byte by byte: N3 for the characters above, N6's plain vowels, and 1 where a squeezed text keeps a character.
_FOLDED = "".join(
    char.lower() if char.isascii() or not _NOT_PLAIN.match(char) else char for char in LATIN
).encode("latin-1")
_PLAIN_VOWELS = str.maketrans("äöü", "aou")
_BYTES_OF_PLAIN_VOWELS = bytes.maketrans("äöü".encode("latin-1"), b"aou")
_KEPT = b"\1" + IS_ALNUM[1:]
_DROPPED = NOT_ALNUM.replace(_NUL, b"")
_PLACES = tuple(range(1 << 16))  # numbers that need not be made again and again

# Start and end in the joined text, the pattern if it is written as usual and alone in its group, what the glances to
# the left and to the right say, and the group.
_Row = tuple[int, int, Pattern | None, int, int]
# A piece of a heading between spaces, the group found in it, from where to where, and whether what was found before
# ends just before the separator in front of it.
_Spot = tuple[str, int, int, int, bool]
# As `Placed` with "" or as `Missed` with the rule; places are those in the piece.
_Seen = tuple[Pattern, int, int, int, int, str]


def is_plain(heading: str) -> bool:
    """Whether the heading can be one of a batch, as far as its characters go."""
    if heading.isascii():
        return heading.isprintable() and "  " not in heading
    return _NOT_PLAIN.search(heading) is None


class PlainSearch:
    """A keyword list made ready for batches of plain headings.

    One automaton knows all patterns by their text with plain vowels. Without digraphs both views have the same places,
    so one search serves words and codes; what it finds too much for codes is dropped here.
    """

    def __init__(self, patterns: Sequence[Pattern], expressions: Expressions) -> None:
        self._automaton = Automaton(patterns, replaced=_PLAIN_VOWELS, signs=SQUEEZED_SIGNS)
        self._groups, self._signs = self._automaton.groups, self._automaton.signs
        self._expressions = expressions
        self._single = {
            group[0].text.translate(_PLAIN_VOWELS): group[0]
            for index, group in enumerate(self._groups)
            if len(group) == 1 and index not in self._signs
        }
        self._usual = Remembered(self._pattern_written)
        self._left, self._right = Remembered(look_left), Remembered(look_right)
        self._seen = Remembered(self._examine)

    def results(self, headings: Sequence[str]) -> Iterator[Result | None]:
        """One for each heading; None for those that turn out to be less than plain."""
        text, rows = self._search(headings)
        texts = text.split(PAD)[1:-1] if headings else []
        expressions, has_expressions = self._expressions, bool(self._expressions)
        place, offset = 0, len(PAD)
        for heading, folded in zip(headings, texts, strict=True):
            first, limit = place, offset + len(folded)
            while rows[place][0] < limit:
                place += 1
            has_slash = "/" in folded
            if (
                (has_slash and has_list(folded))
                or (("ae" in folded or "oe" in folded or "ue" in folded) and has_digraph(folded))
                or (has_expressions and expressions.may_find(folded))
            ):
                yield None
            elif place == first:
                yield UNMATCHED if folded.strip() else EMPTY
            else:
                start, end, pattern, sight, _ = rows[first]
                if (
                    place == first + 1
                    and pattern
                    and not sight & (CODE_BARRED if pattern.is_code else WORD_BARRED)
                    and not has_slash
                ):
                    yield conclude_one(heading, folded, pattern, (start - offset, end - offset), sight)
                else:
                    yield self._result(heading, folded, offset, rows[first:place])
            offset = limit + len(PAD)

    def _search(self, headings: Sequence[str]) -> tuple[str, list[_Row]]:
        """The headings folded and joined, and what is found in them; the last row is behind all headings."""
        joined = PAD + PAD.join(headings) + PAD
        for dash in _DASHES:
            joined = joined.replace(dash, "-")
        folded = joined.encode("latin-1").translate(_FOLDED)
        squeezed = folded.translate(_BYTES_OF_PLAIN_VOWELS, _DROPPED).decode("latin-1")
        text = folded.decode("latin-1")
        places = _PLACES if len(folded) <= len(_PLACES) else range(len(folded))
        starts = list(compress(places, folded.translate(_KEPT)))
        usual, left, right = self._usual, self._left, self._right
        rows = [
            (
                start := starts[first],
                end := starts[last - 1] + 1,
                usual[text[start:end]],
                left[text[start - WIDTH : start]] | right[text[end : end + WIDTH]],
                group,
            )
            for group, first, last in self._automaton.search(squeezed)
        ]
        rows.append((len(text), len(text), None, 0, 0))
        return text, rows

    def _pattern_written(self, written: str) -> Pattern | None:
        """The pattern that this is the usual way to write, if there is only one and what it finds counts."""
        pattern = self._single.get(squeeze(written).translate(_PLAIN_VOWELS))
        if pattern is None or not pattern.is_plain or pattern.stem:
            return None
        return pattern if is_as_usual(written, pattern, 0, len(written)) else None

    def _result(  # noqa: C901 (most headings come by here, and each call would cost as much as a decision)
        self, heading: str, text: str, offset: int, rows: Sequence[_Row]
    ) -> Result | None:
        """For a heading with several patterns, or one that takes a closer look."""
        has_signs, is_positive, is_apart, behind = "w/o" in text, True, True, 0
        placed: list[Placed] = []
        misses: list[Missed] = []
        for start, end, pattern, sight, group in rows:
            first, last = start - offset, end - offset
            if pattern and not sight & (CODE_BARRED if pattern.is_code else WORD_BARRED):
                placed.append((pattern, first, last, first, last, sight & COUNTED))
                is_apart = is_apart and first >= behind
                behind = last
                continue
            if group in self._signs:
                has_signs = True
                if not self._groups[group]:
                    continue
            begin = text.rfind(" ", 0, first) + 1
            for found, from_, to, anchor, outer_end, rule in self._look_closer(
                heading, text, (begin, first, last), group, placed
            ):
                if not rule:
                    placed.append(
                        (found, from_ + begin, to + begin, anchor + begin, outer_end + begin, COUNTED)
                    )
                    is_positive = is_positive and found.is_plain
                    is_apart = is_apart and from_ + begin >= behind
                    behind = to + begin
                elif rule == "prefixed_code" and not text.isascii():
                    return None  # whether it is one depends on the order of the search
                else:
                    misses.append((found, from_ + begin, to + begin, rule))
        if not placed and not misses:
            return UNMATCHED
        result = None
        if is_positive and is_apart:
            result = conclude(heading, text, placed, misses, has_signs=has_signs)
        elif is_positive:
            standing, shadowed = split_shadowed(placed)
            if standing:
                result = conclude(heading, text, standing, misses, shadowed, has_signs=has_signs)
        return result or _resolve(heading, text, placed, misses)

    def _look_closer(
        self, heading: str, text: str, places: tuple[int, int, int], group: int, placed: Sequence[Placed]
    ) -> list[_Seen]:
        """What is to be said of a group found at the last two of `places`; the first is where its piece begins."""
        begin, start, end = places
        finish = text.find(" ", end)
        piece = heading[begin:finish] if finish >= 0 else heading[begin:]
        follows = text[start - 1 : start] in AFTER_PREFIX and any(
            outer_end == start - 1 and not pattern.zeros for pattern, _, _, _, outer_end, _ in placed
        )
        return self._seen[piece, group, start - begin, end - begin, follows]

    def _examine(self, spot: _Spot) -> list[_Seen]:
        """What is to be said of the patterns of a group. No rule looks further than to the next space, except into the
        keyword itself.
        """
        piece, group, start, end, follows = spot
        folded = Folded(piece, _fold(piece), piece)
        seen: list[_Seen] = []
        for pattern in self._groups[group]:
            if pattern.is_hint and fails_quietly(folded.text, pattern, end):
                continue
            one = _look_at(folded, pattern, start, end, {start - 1} if follows else set())
            if isinstance(one, Hit):
                seen.append((pattern, one.start, one.end, one.anchor, one.outer_end, ""))
            elif one is not None and one.rule and not pattern.is_hint:
                seen.append((pattern, one.start, one.end, 0, 0, one.rule))
        return seen


def _fold(text: str) -> str:
    for dash in _DASHES:
        text = text.replace(dash, "-")
    return text.encode("latin-1").translate(_FOLDED).decode("latin-1")


def _look_at(folded: Folded, pattern: Pattern, start: int, end: int, ends: set[int]) -> Hit | Miss | None:
    """As `examine`; None for a code that is only there with its umlauts folded."""
    if stands_alone(folded.text, pattern, start, end):
        return Hit(pattern, start, end, start, end)
    if is_as_usual(folded.text, pattern, start, end):
        return examine_edges(folded, pattern, start, end, ends=ends, wide=end)
    if pattern.is_code and squeeze(folded.text[start:end]) != pattern.text:
        return None
    view = code_view(folded.text)
    first, last = bisect_left(view.starts, start), bisect_left(view.starts, end)
    return examine(folded, view, pattern, first, last, ends=ends)


def _resolve(heading: str, text: str, placed: Sequence[Placed], misses: Sequence[Missed]) -> Result:
    """The long way, from what was seen."""
    findings = Findings()
    for pattern, start, end, anchor, outer_end, _ in placed:
        findings.note(Hit(pattern, start, end, anchor, outer_end))
    for pattern, start, end, rule in misses:
        findings.note(Miss(pattern, start, end, rule))
    return resolve(Folded(heading, text, heading), findings)
