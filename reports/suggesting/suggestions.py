"""Keywords worth adding: phrases mined from headings that no keyword reads, with what each would really win.

The order is a greedy cover: first what wins most sales (then the largest amount in the most frequent currency), then
what wins most of the rest. What a phrase wins is asked of the matcher, so it is what the preview of the keyword says.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from heapq import heapify, heappop, heappush, nsmallest
from itertools import chain
from threading import Lock

from django.utils import timezone

from connector.models import Connection
from reports import matching
from reports.keyword_lists.keywords import current_list
from reports.models import KeywordList, Sale, TextVerdict
from reports.preview.corpus import Corpus, corpus_of
from reports.runs.funnel import MATCHED, UNMATCHED
from reports.suggesting.lookalikes import LookAlike, look_alikes
from reports.suggesting.phrases import Heading, Rules, heading_of, is_code, phrases_in
from reports.suggesting.standing import Amounts, Coverage, Standing, standing_of

MOST_SHOWN = 50
MOST_LOOK_ALIKES = 50
IN_COVERAGE = 5  # suggestions that the line about coverage counts
LEAST_SALES = 2  # a phrase in one sale says nothing yet
EXAMPLES = 3
_EXAMINED_FIRST = 60
_MOST_EXAMINED = 120  # phrases whose gain is worked out
_MOST_HEADINGS = 50_000  # different ones that are mined, the most frequent ones
_MOST_CONSIDERED = 2000  # phrases that take part in the ranking
_TAKEN_AWAY = frozenset({"masked", "negated", "vetoed"})  # rules after which words are no new product


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A text that could become a keyword.

    `sale_count` and `amounts` are what it wins alone, `further_count` the part of it that no suggestion above wins.
    `also_count` matched sales have it too, `also_products` says for which products ({product: sales}), and
    `also_examples` shows some of them: where it is no new product but a by-word, these are its false positives.
    """

    key: str
    text: str
    sale_count: int
    further_count: int
    amounts: Amounts
    examples: tuple[str, ...]
    also_count: int
    also_products: dict[str, int]
    also_examples: tuple[str, ...]
    won: frozenset[int] = field(repr=False)  # places of the corpus


@dataclass(frozen=True, slots=True)
class LookAlikeGain:
    """A spelling that is probably meant as one of the list's keywords, and what it wins as a keyword of its own."""

    found: LookAlike
    sale_count: int
    amounts: Amounts
    examples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Suggestions:
    """All suggestions for one list on one corpus. `coverage_after` is with the first five accepted."""

    standing: Standing
    ranked: Sequence[Suggestion]
    look_alikes: Sequence[LookAlikeGain]
    coverage: Coverage
    coverage_after: Coverage
    computed_at: datetime


def candidate(text: str) -> matching.Keyword:
    """The keyword that the editor proposes for a text: a product of this name, without endings and compounds."""
    kind = "code" if is_code(text) else "word"
    return matching.Keyword(_NEW, text, kind, "product", "positive", text, "", False, "none", "none")


_NEW = 2**31 - 1  # no keyword of a list has this number


# --- Once a process -------------------------------------------------------------------------------------

_lock = Lock()
_newest: dict[tuple[object, ...], Suggestions] = {}  # one entry


def suggestions_for(connection: Connection | None) -> Suggestions:
    """The suggestions for the current list, worked out once a process for a list, a copy and the verdicts."""
    return suggestions_of(current_list(), corpus_of(connection), connection)


def suggestions_of(keyword_list: KeywordList, corpus: Corpus, connection: Connection | None) -> Suggestions:
    verdicts = tuple(TextVerdict.objects.order_by("text").values_list("text", "verdict"))
    standing = standing_of(keyword_list, corpus)
    key = (keyword_list.pk, keyword_list.checksum, id(corpus), verdicts)
    with _lock:
        if key not in _newest:
            found = suggest(standing, names=_names(connection), verdicts=dict(verdicts))
            _newest.clear()
            _newest[key] = found  # it keeps the corpus, so that its id is not given to another one
        return _newest[key]


def _names(connection: Connection | None) -> set[str]:
    """Customers, persons and owners: three queries."""
    sales = Sale.objects.of_tenant(connection).present()
    fields = ("company_name", "person_name", "owner_name")
    return {
        name for one in fields for name in sales.values_list(one, flat=True).distinct().iterator() if name
    }


def suggest(standing: Standing, *, names: Iterable[str], verdicts: dict[str, str]) -> Suggestions:
    """`names` are no suggestions, nor are the texts (keys) with a verdict."""
    no_products = (text for text, verdict in verdicts.items() if verdict == TextVerdict.Verdict.NO_PRODUCT)
    rules = Rules.of(names, no_products=no_products)
    unread = _unread(standing, rules)
    alike = list(_look_alike_gains(standing, unread, rules, verdicts))
    decided = verdicts.keys() | {one.found.key for one in alike}
    ranked = _ranked(standing, _mined(unread, rules, decided))
    won = chain.from_iterable(one.won for one in ranked[:IN_COVERAGE])
    return Suggestions(standing, ranked, alike, standing.coverage(), standing.coverage(won), timezone.now())


# --- Mining ---------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Unread:
    """A heading that no keyword reads, and the sales that have it."""

    heading: Heading
    places: list[int]


def _unread(standing: Standing, rules: Rules) -> list[_Unread]:
    groups = _groups(standing)
    frequent = nsmallest(_MOST_HEADINGS, groups, key=lambda heading: -len(groups[heading]))
    return [
        _Unread(heading_of(heading, rules, hidden=_hidden(standing, heading)), groups[heading])
        for heading in frequent
    ]


def _groups(standing: Standing) -> dict[str, list[int]]:
    """The sales that no keyword reads, by their heading."""
    groups: defaultdict[str, list[int]] = defaultdict(list)
    for place in standing.places(UNMATCHED):
        groups[standing.corpus.sales[place].heading].append(place)
    return groups


def _hidden(standing: Standing, heading: str) -> list[tuple[int, int]]:
    result = standing.matcher.match(heading)
    gone = [(one.start, one.end) for one in result.rejected if one.rule in _TAKEN_AWAY]
    return gone + [span for tag in result.tags for span in tag.spans]


@dataclass(slots=True)
class _Mined:
    """A phrase: its spellings, how many of its words are names, and the sales in whose headings it was seen."""

    key: str
    names: int
    spellings: Counter[str] = field(default_factory=Counter)
    places: set[int] = field(default_factory=set)

    @property
    def text(self) -> str:
        """The spelling to look for. For a code the one with most parts: it finds the others too."""
        has_digit = any(char.isdigit() for char in self.key)
        return max(
            self.spellings,
            key=lambda one: (_part_count(one) if has_digit else 0, self.spellings[one], one),
        )


def _part_count(spelling: str) -> int:
    return len("".join(char if char.isalnum() else " " for char in spelling).split())


def _mined(unread: Sequence[_Unread], rules: Rules, decided: Iterable[str]) -> list[_Mined]:
    """Phrases of enough sales, the most frequent ones. Rare words are dropped before phrases are made of them."""
    words: Counter[str] = Counter()
    for one in unread:
        for key in {word.key for word in one.heading.words}:
            words[key] += len(one.places)
    edges = {key for key, count in words.items() if count >= LEAST_SALES}
    seen = [(one, phrases_in(one.heading, rules, edges=edges)) for one in unread]
    counts: Counter[str] = Counter()
    for one, phrases in seen:
        for key in phrases:
            counts[key] += len(one.places)
    frequent = {key for key, count in counts.items() if count >= LEAST_SALES} - set(decided)
    found: dict[str, _Mined] = {}
    for one, phrases in seen:
        for key in phrases.keys() & frequent:
            phrase = phrases[key]
            mined = found.setdefault(key, _Mined(key, phrase.names))
            mined.spellings[phrase.spelling] += len(one.places)
            mined.places.update(one.places)
    return nsmallest(_MOST_CONSIDERED, found.values(), key=lambda one: (-len(one.places), one.key))


# --- Ranking --------------------------------------------------------------------------------------------


def _ranked(standing: Standing, mined: Sequence[_Mined]) -> list[Suggestion]:
    """The greedy cover. A phrase comes to the top by what it could win, and stays there if it really does."""
    unmatched_count = sum(1 for _place in standing.places(UNMATCHED))
    matched_count = sum(1 for _place in standing.places(MATCHED))
    chosen: list[Suggestion] = []
    covered: set[int] = set()
    won: dict[str, frozenset[int]] = {}
    for one in mined[:_EXAMINED_FIRST]:  # mining sees fewer spellings than the matcher
        won[one.key] = frozenset(standing.won_by(candidate(one.text)))
    heap = [(_rank(standing, one, won.get(one.key, one.places)), number) for number, one in enumerate(mined)]
    heapify(heap)
    while heap and len(chosen) < MOST_SHOWN and len(won) < _MOST_EXAMINED:
        rank, number = heappop(heap)
        one = mined[number]
        if one.key not in won:
            won[one.key] = frozenset(standing.won_by(candidate(one.text)))
        left = won[one.key] - covered
        if len(left) < LEAST_SALES:
            continue
        now = _rank(standing, one, left)
        if heap and now > rank and now > heap[0][0]:
            heappush(heap, (now, number))
            continue
        suggestion = _suggestion(standing, one, won[one.key], len(left))
        if _is_by_word(suggestion, unmatched_count, matched_count):
            continue
        covered |= left
        chosen.append(suggestion)
    return chosen


def _rank(standing: Standing, one: _Mined, places: Iterable[int]) -> tuple[object, ...]:
    """Smaller is better: most sales, largest amount, fewest names, longest text."""
    sales, currency = standing.corpus.sales, standing.main_currency
    count, amount = 0, Decimal()
    for place in places:
        count += 1
        if sales[place].currency == currency:
            amount += sales[place].amount
    return -count, -amount, one.names, -len(one.key.replace(" ", "")), one.key


def _suggestion(standing: Standing, one: _Mined, won: frozenset[int], further: int) -> Suggestion:
    sales = standing.corpus.sales
    also = standing.matched_with(candidate(one.text))
    products: defaultdict[str, int] = defaultdict(int)
    for place in also:
        placement = standing.matcher.place(standing.corpus.subject(place))
        for found in placement.matches:
            products[found.product] += 1
    return Suggestion(
        key=one.key,
        text=one.text,
        sale_count=len(won),
        further_count=further,
        amounts=standing.amounts_of(won),
        examples=_examples(standing, sorted(won, key=lambda place: -sales[place].sale_id)),
        also_count=len(also),
        also_products=dict(sorted(products.items(), key=lambda item: (-item[1], item[0]))),
        also_examples=_examples(standing, also),
        won=won,
    )


def _examples(standing: Standing, places: Iterable[int]) -> tuple[str, ...]:
    """The first different headings."""
    found: dict[str, None] = {}
    for place in places:
        found[standing.corpus.sales[place].heading] = None
        if len(found) == EXAMPLES:
            break
    return tuple(found)


def _is_by_word(one: Suggestion, unmatched_count: int, matched_count: int) -> bool:
    """Whether matched headings have it as often as unmatched ones: it says nothing about a product then."""
    return one.also_count * unmatched_count >= one.sale_count * matched_count > 0


# --- Look-alikes ----------------------------------------------------------------------------------------


def _look_alike_gains(
    standing: Standing, unread: Sequence[_Unread], rules: Rules, verdicts: dict[str, str]
) -> Iterator[LookAlikeGain]:
    """Spellings close to a keyword, those that win most first."""
    positive = [one for one in standing.matcher.keywords.values() if one.polarity == "positive"]
    headings = ((one.heading, len(one.places)) for one in unread)
    close = [one for one in look_alikes(headings, positive, rules) if one.key not in verdicts]
    sales = standing.corpus.sales
    gains: list[LookAlikeGain] = []
    for found in close[:MOST_LOOK_ALIKES]:
        won = standing.won_by(candidate(found.text))
        newest = sorted(won, key=lambda place: -sales[place].sale_id)
        if won:
            gains.append(
                LookAlikeGain(found, len(won), standing.amounts_of(won), _examples(standing, newest))
            )
    yield from sorted(gains, key=lambda one: (-one.sale_count, one.found.text))


# --- Whole headings -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class UnreadHeading:
    """A heading that no keyword reads, with the sales that have it."""

    heading: str
    sale_count: int
    amounts: Amounts
    newest_sale_id: int


def unread_headings(standing: Standing, *, by_amount: bool) -> list[UnreadHeading]:
    """All of them by the number of sales, or by the amount in the most frequent currency; largest first."""
    found = [
        UnreadHeading(
            heading,
            len(places),
            standing.amounts_of(places),
            max(standing.corpus.sales[place].sale_id for place in places),
        )
        for heading, places in _groups(standing).items()
    ]

    def rank(one: UnreadHeading) -> tuple[object, ...]:
        amount = one.amounts.get(standing.main_currency, Decimal())
        first = (-amount, -one.sale_count) if by_amount else (-one.sale_count, -amount)
        return (*first, one.heading)

    return sorted(found, key=rank)
