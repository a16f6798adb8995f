"""How well a keyword list reads headings, measured on sales for which the truth is known.

The truth comes from two sources: sales with a quote (its products are what was sold), and headings that somebody
looked at. Both are compared with what the list finds in the heading alone.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import sqrt
from zlib import crc32

from django.contrib.auth.models import User

from connector.models import Connection
from reports.matching import Matcher, Result
from reports.models import KeywordList, Label, Sale
from reports.preview.corpus import Corpus
from reports.preview.remembering import remembering
from reports.runs.funnel import EXCLUDED, MATCHED, NEGATED, UNMATCHED, place
from reports.suggesting.standing import Standing

WANTED = 200  # headings that somebody should look at
MOST_QUOTES = 5000  # of the newest sales with a quote
UNNAMED = ""  # a product that is in a heading, and nobody said which
VERSIONS = 5  # of the list, in the trend
_Z = 1.959963984540054  # 95 % of a normal distribution lie within so many standard deviations


# --- Figures --------------------------------------------------------------------------------------------


def wilson(part: int, whole: int) -> tuple[float, float]:
    """Wilson's 95 % interval for a share, 0 to 1; (0, 1) where nothing was counted."""
    if not whole:
        return 0.0, 1.0
    share, square = part / whole, _Z * _Z
    middle = share + square / (2 * whole)
    spread = _Z * sqrt(share * (1 - share) / whole + square / (4 * whole * whole))
    return max(0.0, (middle - spread) / (1 + square / whole)), min(
        1.0, (middle + spread) / (1 + square / whole)
    )


@dataclass(slots=True)
class Score:
    """Counts of sales for one product: found and right, found and wrong, there and missed."""

    right: int = 0
    wrong: int = 0
    missed: int = 0

    @property
    def found(self) -> int:
        return self.right + self.wrong

    @property
    def precision(self) -> float | None:
        """Right of found; None where nothing was found."""
        return self.right / self.found if self.found else None

    @property
    def recall(self) -> float | None:
        """Found of what is there; None where nothing is."""
        there = self.right + self.missed
        return self.right / there if there else None

    @property
    def f1(self) -> float | None:
        """Harmonic mean of both; None where there is nothing to measure."""
        total = 2 * self.right + self.wrong + self.missed
        return 2 * self.right / total if total else None

    @property
    def precision_interval(self) -> tuple[float, float]:
        return wilson(self.right, self.found)

    @property
    def recall_interval(self) -> tuple[float, float]:
        return wilson(self.right, self.right + self.missed)

    def add(self, other: "Score") -> None:
        self.right += other.right
        self.wrong += other.wrong
        self.missed += other.missed


@dataclass(slots=True)
class Evaluation:
    """The scores of one list over the labelled sales, by product; `total` is their sum."""

    products: dict[str, Score] = field(default_factory=dict)
    quote_count: int = 0
    label_count: int = 0

    @property
    def total(self) -> Score:
        score = Score()
        for one in self.products.values():
            score.add(one)
        return score

    def add(self, other: "Evaluation") -> None:
        for product, score in other.products.items():
            self.products.setdefault(product, Score()).add(score)
        self.quote_count += other.quote_count
        self.label_count += other.label_count

    def by_family(self, family_of: Callable[[str], str]) -> dict[str, Score]:
        """The scores of a family's products added up; products without a family stay under ""."""
        families: dict[str, Score] = {}
        for product, score in self.products.items():
            families.setdefault(family_of(product), Score()).add(score)
        return families

    def count(self, found: Iterable[str], truth: Iterable[str]) -> None:
        """One sale: what was found in it, and what is in it."""
        seen, there = set(found), set(truth)
        for product in seen | there:
            score = self.products.setdefault(product, Score())
            score.right += product in seen and product in there
            score.wrong += product in seen and product not in there
            score.missed += product not in seen and product in there


# --- Truth ----------------------------------------------------------------------------------------------


def found_words(result: Result) -> str:
    """What was found in a heading, as a label keeps it: "2 × A; B"."""
    return "; ".join(
        one.product if one.quantity == 1 else f"{one.quantity} × {one.product}" for one in result.matches
    )


def products_in(words: str) -> set[str]:
    """The products of "2 × A; B", without their quantities."""
    parts = (part.strip() for part in words.split(";"))
    return {_without_quantity(part) for part in parts if part}


def _without_quantity(words: str) -> str:
    number, times, product = words.partition(" × ")
    return product.strip() if times and number.replace(".", "").isdecimal() else words


def named_products(words: str, known: Iterable[str]) -> tuple[str, list[str]]:
    """ "2 × A; B" with the products as `known` writes them, whatever their case, and those that are not known."""
    names = {_folded(name): name for name in known}
    parts, unknown = [], []
    for part in filter(None, (part.strip() for part in words.split(";"))):
        product = _without_quantity(part)
        name = names.get(_folded(product))
        if name is None:
            unknown.append(product)
        parts.append(part.removesuffix(product) + (name or product))
    return "; ".join(parts), unknown


def _folded(name: str) -> str:
    return " ".join(name.casefold().split())


def truth_of(label: Label) -> set[str] | None:
    """The products in a labelled heading; None when it was wrong and nobody said what is in it."""
    if label.is_right:
        return products_in(label.products)
    return products_in(label.truth) if label.truth else None


@dataclass(frozen=True, slots=True)
class Truths:
    """Everything that is known: places with a quote, and labels of headings that are still the same."""

    corpus: Corpus
    quoted: Sequence[int]
    labels: Sequence[Label]


def truths_of(corpus: Corpus, connection: Connection | None) -> Truths:
    """Labels of headings that were changed since, and of sales that are gone, tell nothing any more. One query."""
    newest = sorted(corpus.lines, key=lambda number: -corpus.sales[number].sale_id)[:MOST_QUOTES]
    return Truths(corpus, newest, labels_of(connection))


def labels_of(connection: Connection | None) -> list[Label]:
    """The labels of this tenant that still tell something. One query."""
    labels = Label.objects.filter(sale__connection=connection, sale__removed_at=None).select_related("sale")
    return [one for one in labels if one.heading == one.sale.heading]


def evaluate(keyword_list: KeywordList, truths: Truths) -> Evaluation:
    """Compare what the list finds in headings with the truth.

    A family name ("OMNIE") stands for no product, so it is neither right nor wrong. A heading that was called wrong
    without a word about what is in it counts against all that was shown, and only while the list finds just that;
    when nothing was shown, a product without a name was missed.
    """
    matcher = remembering(keyword_list)
    matcher.learn(truths.corpus.sales[number].heading for number in truths.quoted)
    seen = Evaluation()
    for number in truths.quoted:
        placement = place(truths.corpus.subject(number), matcher, needs_company=False)
        quoted = [one for one in placement.matches if one.field == "quote"]
        if placement.stage == MATCHED and quoted:
            seen.quote_count += 1
            names = {one.product for one in quoted if not _is_generic(one.keyword_number, matcher)}
            seen.count(_products(placement.result, matcher), names)
    for one in truths.labels:
        count_label(seen, one, matcher)
    return seen


def count_label(seen: Evaluation, label: Label, matcher: Matcher) -> Result:
    """What the matcher finds in a labelled heading; counted, where the label says anything about it."""
    result = matcher.match(label.heading)
    truth = _truth_under(label, result)
    if truth is not None:
        seen.label_count += 1
        seen.count(_products(result, matcher), truth - _generic_products(matcher))
    return result


def _truth_under(label: Label, result: Result) -> set[str] | None:
    """The truth of a label as far as it says anything about this result."""
    truth = truth_of(label)
    if truth is None and found_words(result) == label.products:
        return set() if result.matches else {UNNAMED}
    return truth


def _products(result: Result, matcher: Matcher) -> list[str]:
    return [one.product for one in result.matches if not matcher.keywords[one.keyword_id].generic]


def _is_generic(number: int | None, matcher: Matcher) -> bool:
    return number is not None and matcher.keywords[number].generic


def _generic_products(matcher: Matcher) -> set[str]:
    return {one.product for one in matcher.keywords.values() if one.generic}


def trend(truths: Truths) -> list[tuple[KeywordList, Evaluation]]:
    """The last versions over the same truth, newest first."""
    versions = KeywordList.objects.select_related("author").newest_first()[:VERSIONS]
    return [(version, evaluate(version, truths)) for version in versions]


# --- Headings to look at --------------------------------------------------------------------------------


def sample(standing: Standing, wanted: int = WANTED) -> list[int]:
    """Places to look at, spread over everything that is found, and over headings in which nothing is.

    Each product gives one sale after the other until there are enough. The choice is always the same for the same
    sales. Sales with a quote are left out: their truth is known. Each heading comes once.
    """
    groups: dict[str, list[int]] = defaultdict(list)
    seen: set[str] = set()
    for number in standing.places(MATCHED, UNMATCHED, NEGATED, EXCLUDED):
        heading = standing.corpus.sales[number].heading
        if number in standing.corpus.lines or heading in seen:
            continue
        seen.add(heading)
        result = standing.matcher.match(heading)
        for product in {one.product for one in result.matches} or {""}:
            groups[product].append(number)
    for numbers in groups.values():
        numbers.sort(key=lambda number: crc32(str(standing.corpus.sales[number].sale_id).encode()))
    return _round_robin(groups, wanted)


def _round_robin(groups: Mapping[str, list[int]], wanted: int) -> list[int]:
    chosen: dict[int, None] = {}
    queues = [iter(groups[name]) for name in sorted(groups)]
    while queues and len(chosen) < wanted:
        for queue in list(queues):
            following = next((number for number in queue if number not in chosen), None)
            if following is None:
                queues.remove(queue)
            elif len(chosen) < wanted:
                chosen[following] = None
    return list(chosen)


def waiting(standing: Standing, labels: Sequence[Label]) -> Iterator[int]:
    """The places of the sample that nobody has looked at, in their order."""
    done = {label.sale.sale_id for label in labels}
    room = max(0, WANTED - len(done))
    chosen = (number for number in sample(standing) if standing.corpus.sales[number].sale_id not in done)
    for _count, number in zip(range(room), chosen, strict=False):
        yield number


def label(*, sale: Sale, result: Result, is_right: bool, truth: str, by: User) -> Label:
    """Store what somebody said about the heading of a sale; the newest word counts."""
    values = {
        "heading": sale.heading,
        "products": found_words(result),
        "is_right": is_right,
        "truth": "" if is_right else truth.strip(),
        "labelled_by": by,
    }
    return Label.objects.update_or_create(sale=sale, defaults=values)[0]
