"""Everything seen in one heading before it is decided what counts."""

from collections.abc import Iterable

from reports.matching.boundaries import Hit, Miss, examine, fails_quietly, stands_alone
from reports.matching.keywords import Pattern
from reports.matching.normalise import Folded, View
from reports.matching.search import Found


class Findings:
    """Hits by what their keywords are for, near misses, and hints at other leading zeros.

    `ends` are the places where hits end so far.
    """

    __slots__ = ("ends", "hints", "hits", "masks", "misses", "vetoes")

    def __init__(self) -> None:
        self.hits: list[Hit] = []
        self.masks: list[Hit] = []
        self.vetoes: list[Hit] = []
        self.misses: list[Miss] = []
        self.hints: list[Hit] = []
        self.ends: set[int] = set()

    @property
    def is_disputed(self) -> bool:
        """Whether there is more to say than what was found."""
        return bool(self.misses or self.hints or self.masks or self.vetoes)

    def add(self, folded: Folded, view: View, found: Iterable[Found]) -> None:
        """Examine what the automaton found, in the order of the ends."""
        for patterns, first, last in found:
            start, end = view.starts[first], view.starts[last - 1] + 1
            is_plain = not folded.breaks and end not in view.silent
            for pattern in patterns:
                if not (is_plain and self.settle(folded.text, pattern, start, end)):
                    self.note(examine(folded, view, pattern, first, last, ends=self.ends))

    def settle(self, text: str, pattern: Pattern, start: int, end: int) -> bool:
        """Decide about the pattern at `text[start:end]` if a glance is enough; whether it was.

        Not for an end where something was dropped or a digraph's "e" follows.
        """
        if (pattern.zeros or pattern.stem) and fails_quietly(text, pattern, end):
            return True
        if stands_alone(text, pattern, start, end):
            self.note(Hit(pattern, start, end, start, end))
            return True
        return False

    def note(self, seen: Hit | Miss) -> None:
        """File what was seen by what it is and by what its keyword is for."""
        pattern = seen.pattern
        if isinstance(seen, Miss):
            if seen.rule and not pattern.stem and not pattern.zeros:
                self.misses.append(seen)
        elif pattern.zeros:
            self.hints.append(seen)
        else:
            self.ends.add(seen.outer_end)
            self.sort_in(seen)

    def sort_in(self, hit: Hit) -> None:
        """File a hit that no article number may follow."""
        polarity = hit.pattern.keyword.polarity
        if polarity == "positive":
            self.hits.append(hit)
        else:
            (self.masks if polarity == "mask" else self.vetoes).append(hit)
