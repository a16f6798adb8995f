"""Slash lists of article numbers: "CD-01/02" names CD-01 and CD-02.

The first number of a list is found like any code; here the shared beginning is read again with each later number.
"""

import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator

from reports.matching.boundaries import Hit, code_context, joints_hold, left_edge
from reports.matching.keywords import Pattern
from reports.matching.normalise import Folded, View

_LIST = re.compile(r"[0-9]+(?:/[0-9]+)+")
_NUMBER = re.compile(r"[0-9]+")

Numbered = dict[str, list[Pattern]]


def index_by_number(patterns: Iterable[Pattern]) -> Numbered:
    """Codes by the number they end with; only those that have something before it."""
    numbered: defaultdict[str, list[Pattern]] = defaultdict(list)
    for pattern in patterns:
        if not pattern.zeros and pattern.last_number not in ("", pattern.text):
            numbered[pattern.last_number].append(pattern)
    return dict(numbered)


def has_list(text: str) -> bool:
    """Whether the folded text has a slash list of numbers."""
    return _LIST.search(text) is not None


def find_in_lists(folded: Folded, view: View, numbered: Numbered, ends: set[int]) -> Iterator[Hit]:
    """Codes named by the second and later numbers of slash lists. `view` is the code view."""
    for found in _LIST.finditer(folded.text):
        first, *others = _NUMBER.finditer(folded.text, found.start(), found.end())
        starts: dict[str, int | None] = {}  # by the code's text, so that a long list is read once
        for other in others:
            if len(other.group()) != len(first.group()):
                break
            for pattern in numbered.get(other.group(), ()):
                if pattern.text not in starts:
                    starts[pattern.text] = _shared_start(folded, view, pattern, first, ends)
                start = starts[pattern.text]
                if start is not None:
                    yield Hit(pattern, other.start(), other.end(), start, other.end())


def _shared_start(
    folded: Folded, view: View, pattern: Pattern, first: re.Match[str], ends: set[int]
) -> int | None:
    """Where the code begins when its last number is exchanged for the first one of the list, or None."""
    shared = pattern.text[: -len(pattern.last_number)]
    number = bisect_left(view.starts, first.start())
    begin = number - len(shared)
    if (
        begin < 0
        or view.text[begin:number] != shared
        or not joints_hold(folded, view, pattern, begin, number + 1)
    ):
        return None
    start = view.starts[begin]
    if not left_edge(folded, start) or code_context(folded, pattern, start, first.end(), ends):
        return None
    return start
