"""What another keyword list would gain, lose and change on the sales of the local copy.

Only sales with a text that a differing keyword could concern are compared, placed by the same function as in a run
with both lists; for all others both lists give the same answer. So `preview` is the difference of two whole runs.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from heapq import nlargest
from itertools import chain
from threading import Lock

from django.db import models
from django.utils.translation import gettext_lazy as _

from reports import matching
from reports.keyword_lists.keywords import keywords_of, numbered, to_matching
from reports.matching.matcher import paused_collector
from reports.models import Keyword, KeywordList
from reports.preview.corpus import QUOTED, Corpus, CorpusSale
from reports.preview.outlines import Alike, alike, keywords_in
from reports.preview.remembering import Remembering, remembering
from reports.preview.sightings import Sighting, look
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


@dataclass(frozen=True, slots=True)
class Group:
    """All sales with the same effect: how many, their amounts by currency, and the newest ones as examples."""

    count: int
    amounts: dict[str, Decimal]
    examples: list[Change]


@dataclass(frozen=True, slots=True)
class Preview:
    """The difference of two lists over one corpus."""

    groups: dict[Effect, Group]
    sightings: dict[int, Sighting]  # by the number of each keyword that is new or changed
    sale_count: int
    is_costly: bool  # so many matched sales are lost that a reason of its own is asked for

    def count(self, effect: Effect) -> int:
        return self.groups[effect].count

    @property
    def changed_count(self) -> int:
        return sum(group.count for group in self.groups.values())


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
    with _one_at_a_time(len(numbers)), paused_collector():
        return _difference(corpus, before, old, new, numbers)


def _difference(
    corpus: Corpus,
    before: KeywordList,
    old: Mapping[int, matching.Keyword],
    new: Mapping[int, matching.Keyword],
    numbers: Sequence[int],
) -> Preview:
    """Of two lists by number, which differ in the keywords `numbers`."""
    sightings = {number: Sighting() for number in numbers if number in new}
    matchers = remembering(before), Remembering(list(new.values()))
    lists = Comparison(corpus, *matchers)
    found: dict[Effect, list[int]] = {}
    if numbers:
        edited = [keywords[number] for keywords in (old, new) for number in numbers if number in keywords]
        lists.families = _families(corpus, *matchers, edited)
        edited += _of_other_family(lists.families, [*old.values(), *new.values()])
        groups = alike(corpus.index.texts, corpus.texts_concerned(edited), *matchers)
        found = lists.places_by_effect(groups, edited)
        look(sightings, corpus.index.texts, groups, matchers[1])
    shown = {effect: _group(lists, effect, found.get(effect, ())) for effect in Effect}
    is_costly = _is_costly(shown[Effect.LOST].count, corpus, matchers[0])
    return Preview(shown, sightings, len(corpus.sales), is_costly)


def _group(lists: "Comparison", effect: Effect, places: Sequence[int]) -> Group:
    newest = nlargest(EXAMPLES, places)  # the corpus is sorted by sale number
    changed = [lists.change(place, effect) for place in newest]
    return Group(len(places), lists.corpus.amounts_of(places), changed)


@dataclass(slots=True)
class Comparison:
    """Two lists on the sales of one corpus; `families` is what the catalogue says with each list."""

    corpus: Corpus
    before: Remembering
    after: Remembering
    families: tuple[Families, Families] = (NO_FAMILIES, NO_FAMILIES)

    def places_by_effect(
        self, groups: Alike, differing: Iterable[matching.Keyword]
    ) -> dict[Effect, list[int]]:
        """All sales that the lists see differently, each once.

        `groups` are the texts that could concern the keywords `differing`, the old ones and the new ones. A sale with
        a quote is placed for itself; of the others those are placed alike that have as much of a company, and a
        heading of which each list says the same.
        """
        corpus, found, quoted = self.corpus, defaultdict[Effect, list[int]](list), set[int]()
        numbers = {keyword.id for keyword in differing}
        for (old, new), texts in groups.items():
            if old == new and numbers.isdisjoint(keywords_in(new)):
                continue
            places = list(chain.from_iterable(map(corpus.places_of_text, texts)))
            for kind in set(map(corpus.likeness.__getitem__, places)):
                chosen = [place for place in places if corpus.likeness[place] == kind]
                if kind == QUOTED:
                    quoted.update(chosen)
                elif effect := self.effect(chosen[0]):
                    found[effect] += chosen
        self.learn(quoted)
        for place in quoted:
            if effect := self.effect(place):
                found[effect].append(place)
        return found

    def learn(self, places: Iterable[int]) -> None:
        """Ask both lists about these sales at once."""
        texts = list(chain.from_iterable(map(self.corpus.texts_of, places)))
        self.before.learn(texts)
        self.after.learn(texts)

    def effect(self, place: int) -> Effect | None:
        return effect_of(*self._placed(place))

    def change(self, place: int, effect: Effect) -> Change:
        return Change(self.corpus.sales[place], effect, *self._placed(place))

    def _placed(self, place: int) -> tuple[Placement, Placement]:
        subject = self.corpus.subject(place)
        return self.before.place(subject, self.families[0]), self.after.place(subject, self.families[1])


def changes(
    corpus: Corpus, differing: Sequence[matching.Keyword], before: Remembering, after: Remembering
) -> Iterator[Change]:
    """All sales that two lists see differently, in no order; families of the catalogue play no part.

    `differing` are the keywords in which the lists differ, the old ones and the new ones.
    """
    lists = Comparison(corpus, before, after)
    groups = alike(corpus.index.texts, corpus.texts_concerned(differing), before, after)
    for effect, places in lists.places_by_effect(groups, differing).items():
        lists.learn(places)
        for place in places:
            yield lists.change(place, effect)


def _families(
    corpus: Corpus, before: Remembering, after: Remembering, edited: Sequence[matching.Keyword]
) -> tuple[Families, Families]:
    """What the catalogue says with each list. Asks only of those of its products anew that the edit could concern."""
    index = corpus.catalogue_index
    concerned = set(index.texts_concerned(edited))
    stands = corpus.catalogue.read_by(before)
    if not concerned:
        return stands, stands
    answers = zip(index.texts, before.answers(index.texts), strict=True)
    results = (
        after.match(text) if place in concerned else answer for place, (text, answer) in enumerate(answers)
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
