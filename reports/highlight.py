"""A heading in pieces, so that a page can show what was found in it."""

from reports.models import Row


def highlighted(row: Row) -> list[tuple[str, bool]]:
    """The heading cut into (text, is_match) in reading order; joined it is the heading again."""
    heading = row.sale.heading
    marked = bytearray(len(heading))
    for match in row.matches.all():
        for start, end in match.spans:
            marked[start:end] = b"\x01" * (min(end, len(heading)) - min(start, len(heading)))
    pieces: list[tuple[str, bool]] = []
    for character, mark in zip(heading, marked, strict=True):
        if pieces and pieces[-1][1] == bool(mark):
            pieces[-1] = (pieces[-1][0] + character, bool(mark))
        else:
            pieces.append((character, bool(mark)))
    return pieces
