"""What matching one heading gives back. All spans are places in the original heading.

Named tuples: as immutable as frozen dataclasses, and made in a third of the time.
"""

from typing import NamedTuple


class Match(NamedTuple):
    """One product, service or tag: how many, why that many, and everywhere it was found.

    `quantity_source`: before, after, carried (from the family name or the head of a slash list), sum (several explicit
    quantities) or default. `keyword_id` and `text` belong to the first span.
    """

    keyword_id: int
    product: str
    family: str
    kind: str
    quantity: int
    quantity_source: str
    spans: tuple[tuple[int, int], ...]
    text: str


class Reason(NamedTuple):
    """Something that nearly matched, and the rule it failed.

    Rules: glued_left, glued_right, inseparable_prefix, separator, longer_code, date, prefixed_code, leading_zero,
    masked, shadowed, negated, vetoed, subsumed.
    """

    keyword_id: int
    product: str
    rule: str
    start: int
    end: int
    text: str


class Result(NamedTuple):
    """The answer for one heading.

    `status` is matched, unmatched, excluded or empty_heading. `matches` are the products and services that count, in
    order of appearance, one per product; `tags` alone do not make a sale matched. `flags`: conflict (one span, two
    products), davon (a part of a larger quantity), mojibake_repaired.
    """

    status: str
    matches: tuple[Match, ...] = ()
    tags: tuple[Match, ...] = ()
    rejected: tuple[Reason, ...] = ()
    flags: tuple[str, ...] = ()


EMPTY = Result("empty_heading")
UNMATCHED = Result("unmatched")
