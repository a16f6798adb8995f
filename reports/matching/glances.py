"""Decisions about a few characters, kept since few are common to most headings.

A glance at the four characters before or after a place says whether a keyword may begin or end there without a closer
look, and whether there is any use in reading a quantity. Headings are joined with `PAD` for that: its new lines and its
NUL are in no plain heading, so that four characters never reach into the next one.
"""

from collections.abc import Callable
from typing import TypeVar

from reports.matching.boundaries import CLEAR_OF_CODES
from reports.matching.quantity import may_follow, may_precede

WIDTH = 4
PAD = "\n\n\n\0"
# Something that a word or a code may not touch; there may be a quantity before or after.
WORD_BARRED, CODE_BARRED, BEFORE, AFTER = 1, 2, 4, 8
COUNTED = BEFORE | AFTER

_LIMIT = 1 << 15  # some 10 MB of the largest ones

Key = TypeVar("Key")
Value = TypeVar("Value")


class Remembered(dict[Key, Value]):
    """What `decide` says of a key, asked once for each until there are too many to keep."""

    def __init__(self, decide: Callable[[Key], Value]) -> None:
        super().__init__()
        self._decide = decide

    def __missing__(self, key: Key) -> Value:
        if len(self) >= _LIMIT:
            self.clear()
        value = self[key] = self._decide(key)
        return value


def look_left(near: str) -> int:
    """WORD_BARRED and CODE_BARRED for what may not begin behind these four characters without a closer look, BEFORE if
    they may end a quantity.
    """
    own = near[near.rfind("\0") + 1 :]
    number = BEFORE if may_precede(own, is_whole=len(own) < WIDTH) else 0
    return _sides(own[-1:]) | number


def look_right(near: str) -> int:
    """WORD_BARRED and CODE_BARRED for what may not end before these four characters without a closer look, AFTER if
    they may begin a quantity.
    """
    own = near.partition("\n")[0]
    return _sides(own[:1]) | (AFTER if may_follow(own) else 0)


def _sides(neighbour: str) -> int:
    return (WORD_BARRED if neighbour.isalnum() else 0) | (0 if neighbour in CLEAR_OF_CODES else CODE_BARRED)
