"""What two lists say of many texts, without where in the text it stands: then a few pairs of answers stand for all."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import chain
from operator import itemgetter

from reports.matching import Match, Reason, Result
from reports.preview.remembering import Remembering

_Named = tuple[int, str, str, str, int, str]  # a match without its spans and text
_Refused = tuple[int, str, str]  # a reason without its place and text
Outline = tuple[str, tuple[_Named, ...], tuple[_Named, ...], tuple[_Refused, ...], tuple[str, ...]]
# Numbers of texts, ascending, by what the old list says of them and what the new one says.
Alike = dict[tuple[Outline, Outline], list[int]]

_named = itemgetter(slice(len(Match._fields) - 2))
_refused = itemgetter(slice(len(Reason._fields) - 3))


def outline_of(result: Result) -> Outline:
    """All that placing a sale without a quote reads of an answer."""
    status, matches, tags, rejected, flags = result
    return (
        status,
        tuple(map(_named, matches)) if matches else (),
        tuple(map(_named, tags)) if tags else (),
        tuple(map(_refused, rejected)) if rejected else (),
        flags,
    )


def alike(texts: Sequence[str], numbers: Sequence[int], before: Remembering, after: Remembering) -> Alike:
    """The texts with these numbers, in groups of which each list says the same.

    `before` keeps all its answers for the next edit; `after`, whose list is another one then, those that are asked for
    again: one of each group, and every conflict.
    """
    chosen = [texts[number] for number in numbers]
    found: Alike = defaultdict(list)
    answers = zip(before.answers(chosen), after.match_many(chosen), strict=True)
    for number, text, (old, new) in zip(numbers, chosen, answers, strict=True):
        group = found[outline_of(old), outline_of(new)]
        if not group or "conflict" in new.flags:
            after.keep(text, new)
        group.append(number)
    return found


def keywords_in(outline: Outline) -> Iterator[int]:
    """The numbers of all keywords that the answer names."""
    _status, matches, tags, rejected, _flags = outline
    return chain((found[0] for found in (*matches, *tags)), (reason[0] for reason in rejected))
