"""What another keyword list would gain, lose and change on the sales of the local copy.

Only sales with a text that a differing keyword could concern are placed again, with the same function as a run and
both lists; for all others both lists give the same answer. So `preview` is the difference of two whole runs.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from threading import Lock

from django.db import models
from django.utils.translation import gettext_lazy as _

from reports import matching
from reports.keyword_lists.keywords import keywords_of, numbered, to_matching
from reports.matching import Result
from reports.models import Keyword, KeywordList
from reports.preview.corpus import Corpus, CorpusSale
from reports.preview.remembering import Remembering, remembering
from reports.runs.families import NO_FAMILIES, Families
from reports.runs.funnel import MATCHED, Placement

EXAMPLES = 20  # rows shown of each group
MOST_AT_ONCE = 100  # keywords that differ; a preview of more has this process to itself
_alone = Lock()


class Busy(Exception):
    """Another preview of many keywords is at work. Two would take the memory and the time of everybody else."""


@contextmanager
def _one_at_a_time(changed: int) -> Iterator[None]:
    if changed <= MOST_AT_ONCE:
        yield
        return
    if not _alone.acquire(blocking=False):
        raise Busy
    try:
        yield
    finally:
        _alone.release()


class Effect(models.TextChoices):
    """What an edit does to one sale."""

    GAINED = "gained", _("Newly found")
    LOST = "lost", _("No longer found")
    REASSIGNED = "reassigned", _("Other products")
    QUANTITY = "quantity", _("Other quantities")
    OTHER = "other", _("Found for another reason")


@dataclass(frozen=True, slots=True)
class Change:
    """One sale that the two lists see differently."""

    sale: CorpusSale
    effect: Effect
    before: Placement
    after: Placement


@dataclass(slots=True)
class Group:
    """All sales with the same effect: how many, their amounts by currency, and the newest ones as examples."""

    count: int = 0
    amounts: defaultdict[str, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    examples: list[Change] = field(default_factory=list)

    def add(self, change: Change) -> None:
        self.count += 1
        self.amounts[change.sale.currency] += change.sale.amount
        self.examples.append(change)

    def keep_newest(self) -> None:
        self.examples = sorted(self.examples, key=lambda change: -change.sale.sale_id)[:EXAMPLES]


@dataclass(frozen=True, slots=True)
class Preview:
    """The difference of two lists over one corpus."""

    groups: dict[Effect, Group]
    sightings: dict[int, "Sighting"]  # by the number of each keyword that is new or changed
    sale_count: int
    is_costly: bool  # so many matched sales are lost that a reason of its own is asked for

    def count(self, effect: Effect) -> int:
        return self.groups[effect].count

    @property
    def changed_count(self) -> int:
        return sum(group.count for group in self.groups.values())


@dataclass(slots=True)
class Sighting:
    """What became of one keyword of the new list, by texts (headings and quote lines)."""

    counted: int = 0
    refused: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))  # by the rule it failed
    conflicts: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))  # by the other product

    @property
    def is_shadowed(self) -> bool:
        """Whether it never counts because a longer keyword of another product always covers it."""
        return not self.counted and self.refused["shadowed"] > 0


# --- The difference -------------------------------------------------------------------------------------


def preview(corpus: Corpus, before: KeywordList, after: Sequence[Keyword]) -> Preview:
    """What the keywords `after` would change beside the stored list `before`.

    Keywords are the same when their numbers are; one without a number is new. Raises ValueError for a keyword
    that `matching.validate` refuses, and Busy when many keywords differ and another such preview is at work.
    """
    old = {keyword.number: to_matching(keyword) for keyword in keywords_of(before)}
    new = {keyword.number: to_matching(keyword) for keyword in numbered(after)}
    numbers = [
        number for number in old.keys() | new.keys() if _meaning(old.get(number)) != _meaning(new.get(number))
    ]
    with _one_at_a_time(len(numbers)):
        return _difference(corpus, before, old, new, numbers)


def _difference(
    corpus: Corpus,
    before: KeywordList,
    old: Mapping[int, matching.Keyword],
    new: Mapping[int, matching.Keyword],
    numbers: Sequence[int],
) -> Preview:
    """Of two lists by number, which differ in the keywords `numbers`."""
    groups = {effect: Group() for effect in Effect}
    sightings = {number: Sighting() for number in numbers if number in new}
    matchers = remembering(before), Remembering(list(new.values()))
    if numbers:
        edited = [keywords[number] for keywords in (old, new) for number in numbers if number in keywords]
        families = _families(corpus, *matchers, edited)
        edited += _of_other_family(families, [*old.values(), *new.values()])
        texts = corpus.texts_concerned(edited)
        for change in changes(corpus, edited, texts, *matchers, families=families):
            groups[change.effect].add(change)
        _look(sightings, (matchers[1].match(corpus.index.texts[number]) for number in texts))
    for group in groups.values():
        group.keep_newest()
    is_costly = _is_costly(groups[Effect.LOST].count, corpus, matchers[0])
    return Preview(groups, sightings, len(corpus.sales), is_costly)


def changes(
    corpus: Corpus,
    differing: Sequence[matching.Keyword],
    texts: Sequence[int],
    before: Remembering,
    after: Remembering,
    *,
    families: tuple[Families, Families] = (NO_FAMILIES, NO_FAMILIES),
) -> Iterator[Change]:
    """All sales that two lists see differently, in no order.

    `differing` are the keywords in which the lists differ, the old ones and the new ones; `texts` the texts of the
    index that could concern them; `families` what the catalogue says with each list.
    """
    for matcher in (before, after):
        matcher.learn(corpus.index.texts[number] for number in texts)
    for number in _places(corpus, texts, before, after, {keyword.id for keyword in differing}):
        subject = corpus.subject(number)
        old, new = before.place(subject, families[0]), after.place(subject, families[1])
        if effect := effect_of(old, new):
            yield Change(corpus.sales[number], effect, old, new)


def _families(
    corpus: Corpus, before: Remembering, after: Remembering, edited: Sequence[matching.Keyword]
) -> tuple[Families, Families]:
    """What the catalogue says with each list. Asks only of those of its products anew that the edit could concern."""
    index = corpus.catalogue_index
    concerned = set(index.texts_concerned(edited))
    stands = corpus.catalogue.read_by(before)
    if not concerned:
        return stands, stands
    before.learn(index.texts)
    results = (
        (after if place in concerned else before).match(text) for place, text in enumerate(index.texts)
    )
    return stands, corpus.catalogue.with_results(results)


def _of_other_family(
    families: tuple[Families, Families], keywords: Iterable[matching.Keyword]
) -> list[matching.Keyword]:
    """Keywords of products that the edit moves into another family only because the catalogue is read otherwise."""
    old, new = families[0].by_product, families[1].by_product
    moved = {product for product in old.keys() | new.keys() if old.get(product) != new.get(product)}
    return [keyword for keyword in keywords if keyword.product in moved]


def _meaning(keyword: matching.Keyword | None) -> tuple[object, ...] | None:
    """All that matching sees of a keyword: everything but its note."""
    if keyword is None:
        return None
    names = [name for name in matching.Keyword.__slots__ if name not in ("id", "note")]
    return tuple(getattr(keyword, name) for name in names)


def _places(
    corpus: Corpus, texts: Iterable[int], before: Remembering, after: Remembering, differing: set[int]
) -> set[int]:
    """The sales with a text for which the lists have different answers, or the same from a changed keyword."""
    found: set[int] = set()
    for number in texts:
        text = corpus.index.texts[number]
        old, new = before.match(text), after.match(text)
        if old != new or not differing.isdisjoint(_mentioned(new)):
            found.update(corpus.places_of_text(number))
    return found


def _mentioned(result: Result) -> Iterator[int]:
    """The numbers of all keywords that the answer names."""
    for part in (result.matches, result.tags, result.rejected):
        for seen in part:
            yield seen.keyword_id


def effect_of(before: Placement, after: Placement) -> Effect | None:
    """What became of a sale that was placed twice; None when a row would show nothing of it."""
    if _shown(before) == _shown(after):
        return None
    if before.stage != after.stage:
        if after.stage == MATCHED:
            return Effect.GAINED
        return Effect.LOST if before.stage == MATCHED else Effect.OTHER
    if before.products != after.products:
        return Effect.REASSIGNED
    return Effect.QUANTITY if before.quantities != after.quantities else Effect.OTHER


def _shown(placement: Placement) -> tuple[object, ...]:
    """What a row keeps of a placement."""
    products = [
        (found.product, found.family, found.kind, found.quantity, found.is_assumed)
        for found in placement.matches
    ]
    tags = [(found.product, found.quantity) for found in placement.tags]
    return placement.stage, placement.source, products, tags


# --- What became of the keywords ------------------------------------------------------------------------


def _look(sightings: Mapping[int, Sighting], results: Iterable[Result]) -> None:
    for result in results:
        for found in (*result.matches, *result.tags):
            if sighting := sightings.get(found.keyword_id):
                sighting.counted += 1
                if "conflict" in result.flags:
                    for rival in rivals_of(found, result):
                        sighting.conflicts[rival] += 1
        for reason in result.rejected:
            if sighting := sightings.get(reason.keyword_id):
                sighting.refused[reason.rule] += 1


def rivals_of(found: matching.Match, result: Result) -> Iterator[str]:
    """Other products that claim characters of `found`."""
    for other in result.matches:
        if other.product != found.product and any(
            one[0] < two[1] and two[0] < one[1] for one in found.spans for two in other.spans
        ):
            yield other.product


# --- The gate -------------------------------------------------------------------------------------------

MAY_BE_LOST = 10  # matched sales; and
LOST_SHARE = 20  # one in so many of those that are matched


def _is_costly(lost: int, corpus: Corpus, before: Remembering) -> bool:
    """More than ten matched sales, or more than 5 % of them. Counts only as far as it has to."""
    if not lost or lost > MAY_BE_LOST:
        return lost > MAY_BE_LOST
    enough = lost * LOST_SHARE
    matched = 0
    families = corpus.catalogue.read_by(before)
    for number in range(len(corpus.sales)):
        matched += before.place(corpus.subject(number), families).stage == MATCHED
        if matched >= enough:
            return False
    return True
