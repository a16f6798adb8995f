"""The promise that a file is whole: rows are counted on their way, and a wrong count breaks the transfer.

A CSV has no length in advance, so it goes out in chunks, and what tells its reader that it is whole is the last,
empty chunk. An exception in the iterator of a StreamingHttpResponse makes gunicorn close the socket without that
chunk: browsers and programs then report a failed download instead of keeping a short file. This needs HTTP/1.1
all the way, and so a proxy in front has to speak it to us (nginx: `proxy_http_version 1.1`). Django's
development server sends no chunks, and there a short file is not noticed.
"""

from collections.abc import Iterable, Iterator
from itertools import chain, islice
from typing import TypeVar

T = TypeVar("T")


class RowCountDiffers(Exception):
    """More or fewer rows came than the result has; `found` is at least one more when it was too many."""

    def __init__(self, expected: int, found: int) -> None:
        super().__init__(f"{expected} rows were expected and {found} came.")
        self.expected, self.found = expected, found


def sealed(rows: Iterable[T], expected_rows: int) -> Iterator[T]:
    """`rows` unchanged; raises RowCountDiffers at the end, or with the first row too many."""
    found = 0
    for found, row in enumerate(rows, start=1):
        if found > expected_rows:
            raise RowCountDiffers(expected_rows, found)
        yield row
    if found != expected_rows:
        raise RowCountDiffers(expected_rows, found)


def encoded(chunks: Iterable[str]) -> Iterator[bytes]:
    """The pieces as UTF-8, for a streamed answer.

    The first piece is made at once: what fails before it is an ordinary error of the view, with its page.
    """
    pieces = iter(chunks)
    first = iter(list(islice(pieces, 1)))  # an iterator lets go of it when it has been sent
    return (piece.encode() for piece in chain(first, pieces))
