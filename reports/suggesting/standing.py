"""Where every sale of the local copy stands with one keyword list, and what one more keyword would win there."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from threading import Lock

from reports import matching
from reports.matching import Result
from reports.models import KeywordList
from reports.preview.corpus import Corpus
from reports.preview.remembering import Remembering, remembering
from reports.runs.funnel import EMPTY_HEADING, MATCHED, NEGATED, UNMATCHED, WITHOUT_COMPANY

# Stages that a keyword more can change into a match.
WINNABLE = frozenset({EMPTY_HEADING, NEGATED, UNMATCHED})
Amounts = dict[str, Decimal]  # by currency, never added across them


@dataclass(frozen=True, slots=True)
class Coverage:
    """How much of what was searched has a product: sales, and amounts by currency."""

    sales: int
    sale_total: int
    amounts: Amounts
    amount_totals: Amounts

    @property
    def sale_share(self) -> float:
        """0 to 1; 0 where nothing was searched."""
        return self.sales / self.sale_total if self.sale_total else 0.0

    def amount_share(self, currency: str) -> float:
        total = self.amount_totals.get(currency)
        return float(self.amounts.get(currency, Decimal()) / total) if total else 0.0


@dataclass(frozen=True, slots=True)
class Standing:
    """One list on one corpus; `stages` has a stage for each place of the corpus."""

    keyword_list: KeywordList
    corpus: Corpus
    matcher: Remembering
    stages: Sequence[str]
    main_currency: str  # the most frequent one; empty without sales

    def places(self, *stages: str) -> Iterator[int]:
        return (place for place, stage in enumerate(self.stages) if stage in stages)

    def amounts_of(self, places: Iterable[int]) -> Amounts:
        found: defaultdict[str, Decimal] = defaultdict(Decimal)
        for place in places:
            sale = self.corpus.sales[place]
            found[sale.currency] += sale.amount
        return dict(found)

    def coverage(self, won: Iterable[int] = ()) -> Coverage:
        """Matched of searched, as runs count them; `won` are places that would be matched too."""
        searched = [place for place, stage in enumerate(self.stages) if stage not in WITHOUT_COMPANY]
        matched = {*self.places(MATCHED), *won}
        return Coverage(len(matched), len(searched), self.amounts_of(matched), self.amounts_of(searched))

    def won_by(self, keyword: matching.Keyword) -> set[int]:
        """The sales that are matched once this keyword is in the list too: what its preview calls gained."""
        places = self._concerned(keyword)
        winnable = {place for place in places if self.stages[place] in WINNABLE}
        small = self._small_matcher(keyword, winnable)
        small.learn(self.corpus.sales[place].heading for place in winnable)
        return {place for place in winnable if small.place(self.corpus.subject(place)).stage == MATCHED}

    def matched_with(self, keyword: matching.Keyword) -> list[int]:
        """Sales with a product already in which the keyword stands too, newest first."""
        alone = matching.Matcher([keyword])
        places = self._concerned(keyword)
        sales = self.corpus.sales
        matched = sorted(
            (place for place in places if self.stages[place] == MATCHED),
            key=lambda place: -sales[place].sale_id,
        )
        results = alone.match_many(sales[place].heading for place in matched)
        return [place for place, result in zip(matched, results, strict=True) if result.matches]

    def _concerned(self, keyword: matching.Keyword) -> set[int]:
        texts = self.corpus.texts_concerned([keyword])
        return {place for number in texts for place in self.corpus.places_of_text(number)}

    def _small_matcher(self, keyword: matching.Keyword, places: Iterable[int]) -> Remembering:
        """The new keyword, and of the list only what has a say in these sales: thousands of others are silent."""
        everything = self.matcher.keywords
        numbers = {number for number, one in everything.items() if one.polarity != "positive"}
        for place in places:
            for text in self.corpus.texts_of(place):
                numbers.update(mentioned(self.matcher.match(text)))
        return Remembering([*(everything[number] for number in sorted(numbers)), keyword])


def mentioned(result: Result) -> Iterator[int]:
    """The numbers of all keywords that have a say in a text; the others are silent there."""
    for part in (result.matches, result.tags, result.rejected):
        for seen in part:
            yield seen.keyword_id


_lock = Lock()
_newest: dict[tuple[int, str, int], Standing] = {}  # one entry


def standing_of(keyword_list: KeywordList, corpus: Corpus) -> Standing:
    """The standing, worked out once a process for the newest list and copy."""
    key = (keyword_list.pk, keyword_list.checksum, id(corpus))
    with _lock:
        if key not in _newest:
            _newest.clear()  # first: the old one keeps the old corpus, and both at once need twice the memory
            found = _stand(keyword_list, corpus)
            _newest[key] = found  # it keeps the corpus, so that its id is not given to another one
        return _newest[key]


def _stand(keyword_list: KeywordList, corpus: Corpus) -> Standing:
    matcher = remembering(keyword_list)
    matcher.learn(corpus.index.texts)
    families = corpus.catalogue.read_by(matcher)  # no stage depends on them, but previews ask for the same
    stages = [matcher.place(corpus.subject(place), families).stage for place in range(len(corpus.sales))]
    currencies = Counter(sale.currency for sale in corpus.sales)
    main = max(currencies, key=lambda name: (currencies[name], name), default="")
    return Standing(keyword_list, corpus, matcher, stages, main)
