"""What changed between two texts, in a time that no text can stretch."""

from collections.abc import Sequence
from difflib import Match, SequenceMatcher
from itertools import accumulate
from re import findall

MOST_STEPS = 500_000  # comparisons of one attempt; about 50 ms
Difference = list[tuple[str, str]]  # (sign, text) with the signs " ", "-" and "+"


class _TooMuchWorkError(Exception):
    """The texts are too long, or repeat themselves too much, to be compared this finely."""


class _BoundedMatcher(SequenceMatcher[str]):
    """Counts the work before it is done: repeated words make the comparison cubic, and users write texts."""

    a: Sequence[str]
    b2j: dict[str, list[int]]

    def __init__(self, before: Sequence[str], after: Sequence[str]) -> None:
        super().__init__(a=before, b=after, autojunk=False)
        self._steps = 0
        # up to each part of `before`: itself, and every place in `after` it is compared with
        self._cost = list(accumulate((1 + len(self.b2j.get(part, ())) for part in before), initial=0))

    def find_longest_match(
        self, alo: int = 0, ahi: int | None = None, blo: int = 0, bhi: int | None = None
    ) -> Match:
        self._steps += self._cost[len(self.a) if ahi is None else ahi] - self._cost[alo]
        if self._steps > MOST_STEPS:
            raise _TooMuchWorkError
        return super().find_longest_match(alo, ahi, blo, bhi)


def difference(old: str, new: str) -> Difference:
    """Word by word; where that is too much work line by line; where even that is, all removed and added."""
    for before, after in (
        (_words(old), _words(new)),
        (old.splitlines(keepends=True), new.splitlines(keepends=True)),
    ):
        try:
            return _compared(before, after)
        except _TooMuchWorkError:
            continue
    return _signed(("-", old), ("+", new))


def _words(text: str) -> list[str]:
    """The words with the space before them: spaces by themselves would be most of the work."""
    return findall(r" ?\S+|\s+", text)


def _compared(before: list[str], after: list[str]) -> Difference:
    shorter = min(len(before), len(after))
    head = next((i for i in range(shorter) if before[i] != after[i]), shorter)
    most = shorter - head
    tail = next((i for i in range(most) if before[-1 - i] != after[-1 - i]), most)
    old, new = before[head : len(before) - tail], after[head : len(after) - tail]
    middle: Difference = []
    for kind, a, b, c, d in _BoundedMatcher(old, new).get_opcodes():
        if kind == "equal":
            middle.append((" ", "".join(old[a:b])))
        else:
            middle += _signed(("-", "".join(old[a:b])), ("+", "".join(new[c:d])))
    start, end = "".join(before[:head]), "".join(before[len(before) - tail :])
    return [*_signed((" ", start)), *middle, *_signed((" ", end))]


def _signed(*parts: tuple[str, str]) -> Difference:
    return [(sign, text) for sign, text in parts if text]
