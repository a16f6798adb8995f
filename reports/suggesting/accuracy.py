"""What another keyword list makes of the headings that somebody looked at: are they read better, or worse?"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from connector.models import Connection
from reports import matching
from reports.keyword_lists.keywords import numbered, to_matching
from reports.matching import Matcher
from reports.models import Keyword, KeywordList, Label
from reports.preview.corpus import Corpus
from reports.preview.remembering import remembering
from reports.suggesting.labels import Evaluation, Score, count_label, found_words, labels_of
from reports.suggesting.standing import mentioned


@dataclass(frozen=True, slots=True)
class Worse:
    """A heading that is read less well than before; what was found in it, and what would be: "2 × A; B"."""

    label: Label
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Accuracy:
    """Two lists over the same labelled headings: `families` are scores before and after, by the name of the family,
    `worse` has the newest sale first."""

    before: Score
    after: Score
    families: dict[str, tuple[Score, Score]]
    worse: Sequence[Worse]
    label_count: int

    @property
    def is_lower(self) -> bool:
        """Whether less of what is found is right, or less of what is there is found."""
        return falls(self.before, self.after)

    @property
    def lower_families(self) -> dict[str, tuple[Score, Score]]:
        return {name: scores for name, scores in self.families.items() if falls(*scores)}


def falls(before: Score, after: Score) -> bool:
    """Whether precision or recall is lower after; a share of nothing is not."""
    pairs = (before.precision, after.precision), (before.recall, after.recall)
    return any(old is not None and new is not None and new < old for old, new in pairs)


def accuracy_of(
    corpus: Corpus, connection: Connection | None, before: KeywordList, after: Sequence[Keyword]
) -> Accuracy | None:
    """The list `after` beside the stored one on the labels of this tenant; None where there are none. One query.

    Quotes stay out of it: they name what was sold, not what is in the heading, and a keyword for something else
    would look wrong in all of them. Raises ValueError for a keyword that cannot be used.
    """
    labels = labels_of(connection)
    if not labels:
        return None
    old = remembering(before)
    new = _small_matcher(labels, old, after)
    known = corpus.catalogue.read_by(old)
    scores = Evaluation(), Evaluation()
    worse = [one for label in labels if (one := _compared(label, (old, new), scores))]
    family_of = family_names([*old.keywords.values(), *new.keywords.values()], known.of)
    families = [seen.by_family(family_of) for seen in scores]
    return Accuracy(
        before=scores[0].total,
        after=scores[1].total,
        families={
            name: (families[0].get(name, Score()), families[1].get(name, Score()))
            for name in sorted(families[0].keys() | families[1].keys())
        },
        worse=sorted(worse, key=lambda one: -one.label.sale.sale_id),
        label_count=len(labels),
    )


def _small_matcher(labels: Sequence[Label], before: Matcher, after: Sequence[Keyword]) -> Matcher:
    """Of the list `after` what has a say in these headings: all of a long list would take too long at every key.

    Family names stay in it, because what they stand for is no product in a truth either.
    """
    heard = {number for label in labels for number in mentioned(before.match(label.heading))}
    return Matcher(
        [
            one
            for one in map(to_matching, numbered(after))
            if one.id in heard
            or one.generic
            or one.polarity != "positive"
            or one != before.keywords.get(one.id)
        ]
    )


def _compared(
    label: Label, matchers: tuple[Matcher, Matcher], scores: tuple[Evaluation, Evaluation]
) -> Worse | None:
    """Counts the label for both lists; the heading, if it is read less well than before."""
    alone = Evaluation(), Evaluation()
    results = [count_label(seen, label, matcher) for seen, matcher in zip(alone, matchers, strict=True)]
    for seen, one in zip(scores, alone, strict=True):
        seen.add(one)
    old, new = (one.total for one in alone)
    if new.right >= old.right and new.wrong <= old.wrong and new.missed <= old.missed:
        return None
    return Worse(label, found_words(results[0]), found_words(results[1]))


def family_names(
    keywords: Iterable[matching.Keyword], known: Callable[[str, str], str]
) -> Callable[[str], str]:
    """The family of a product, as the last of its keywords says, else as `known` (`Families.of`) does; "" for none."""
    named = {keyword.product: keyword.family for keyword in keywords if keyword.family}
    return lambda product: known(product, named.get(product, ""))
