"""A text in pieces, so that a page can show what was found in it, and by what."""

from collections.abc import Iterable, Sequence
from typing import TypeVar

from reports.models import Match, Row

Mark = TypeVar("Mark")
Span = Sequence[int]  # start and end


def pieces(text: str, marks: Iterable[tuple[Span, Mark]]) -> list[tuple[str, Mark | None]]:
    """The text cut into (text, mark or None) in reading order; joined it is the text again.

    Spans may touch, overlap or reach beyond the text: a character belongs to the span that begins first, and of two
    that begin together to the longer one.
    """
    cut: list[tuple[str, Mark | None]] = []
    place = 0
    for span, mark in sorted(marks, key=lambda one: (one[0][0], -one[0][1])):
        start, end = max(place, span[0]), min(span[1], len(text))
        if start >= end:
            continue
        if start > place:
            cut.append((text[place:start], None))
        cut.append((text[start:end], mark))
        place = end
    if place < len(text):
        cut.append((text[place:], None))
    return cut


def highlighted(row: Row, field: str = "heading") -> list[tuple[str, Match | None]]:
    """The heading of a row, or another text of its sale, with the match that stands at each piece.

    Products of a quote are shown where the heading names them too. Prefetch `matches` for many rows.
    """
    fields = ("heading", "quote") if field == "heading" else (field,)
    text = row.heading if field == "heading" else _text_of(row, field)
    found = [match for match in row.matches.all() if match.field in fields]
    return pieces(text, ((span, match) for match in found for span in match.spans))


def _text_of(row: Row, field: str) -> str:
    """A further text as the local copy has it today: rows keep only their heading."""
    return row.sale.description if field == "description" else str(row.sale.texts.get(field, ""))
