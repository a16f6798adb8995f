"""The one keyword that a heading nearly has: only for a sentence, never for a match. Pure: no Django."""

import re
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import NamedTuple

from reports.matching import Keyword
from reports.matching.normalise import fold, squeeze
from reports.suggesting.lookalikes import LOOK_ALIKE, kind_of

INCOMPLETE = "incomplete_code"
_WORD = re.compile(r"\w+(?:[-_/.]\w+)*")
_SHORTEST = 4  # shorter words are near everything
_MOST_WORDS = 40  # of one heading
_MOST_KEYWORDS = 5000


class Near(NamedTuple):
    """`text`, as it stands in the heading, is near the keyword; `kind` is INCOMPLETE or of `lookalikes`."""

    keyword: Keyword
    text: str
    kind: str


def nearest(text: str, keywords: Iterable[Keyword]) -> Near | None:
    """What in `text` is nearest to one of the keywords, if anything is."""
    words = [(word, squeeze(fold(word).text)) for word in _words(text)]
    found = [
        (kind != LOOK_ALIKE, kind == INCOMPLETE, -len(bare), keyword.id, Near(keyword, word, kind))
        for keyword in _candidates(keywords)
        for wanted in [squeeze(fold(keyword.text).text)]
        for word, bare in words
        if (kind := _kind(word, bare, keyword, wanted))
    ]
    return min(found)[-1] if found else None


def _words(text: str) -> Iterator[str]:
    """The words, and two beside each other as one: "CD O1"."""
    spans = [word.span() for word in _WORD.finditer(text)][:_MOST_WORDS]
    yield from (text[start:end] for start, end in spans)
    yield from (text[start:end] for (start, _end), (_start, end) in pairwise(spans))


def _candidates(keywords: Iterable[Keyword]) -> list[Keyword]:
    return [one for one in keywords if one.polarity == "positive" and one.type != "regex"][:_MOST_KEYWORDS]


def _kind(word: str, bare: str, keyword: Keyword, wanted: str) -> str:
    """Why the word is near the keyword, or ""."""
    if len(bare) < _SHORTEST or bare == wanted:
        return ""
    if abs(len(bare) - len(wanted)) <= 2 and (kind := kind_of(word, keyword.text)):
        return kind
    is_part = keyword.type == "code" and wanted.startswith(bare) and any(map(str.isdigit, bare))
    return INCOMPLETE if is_part else ""
