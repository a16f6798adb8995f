"""What each keyword of a list does on the local copy, and what is odd about it."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from threading import Lock

from reports import matching
from reports.export import excel_will_change
from reports.keyword_lists.keyword_languages import missing_twins
from reports.keyword_lists.keywords import keywords_of, to_matching
from reports.matching import Result
from reports.models import Keyword, KeywordList
from reports.preview.corpus import Corpus
from reports.preview.effects import changes
from reports.preview.remembering import Remembering, remembering
from reports.preview.sightings import rivals_of

TAKES_TOO_MUCH = 0.2  # of the sales in which a product stands


@dataclass(slots=True)
class KeywordFigures:
    """What one keyword does: counts of sales."""

    keyword: Keyword
    seen_count: int = 0  # it stands there, whether it counts or not
    sale_count: int = 0  # it counts: the product is found where the keyword stands
    unique_count: int = 0  # and no other keyword of the product is there
    conflict_count: int = 0  # it counts, and another product takes the same words for itself

    @property
    def overlap_count(self) -> int:
        """It counts beside another keyword of its own product."""
        return self.sale_count - self.unique_count


@dataclass(frozen=True, slots=True)
class Finding:
    """One oddity. `kind` is dead, never_counts, conflict, takes_much, excel or twin.

    `rule` is why a keyword never counts (matching.Reason); `product` and `other` are the products of a conflict, or
    the one that a mask or veto takes sales from; `share` (0 to 1) is how many. `missing` is the language without
    a keyword, "de" or "en".
    """

    kind: str
    keyword: Keyword | None = None
    count: int = 0
    rule: str = ""
    product: str = ""
    other: str = ""
    share: float = 0.0
    missing: str = ""
    example: str = ""


@dataclass(frozen=True, slots=True)
class Checks:
    """Everything about one list on one corpus."""

    figures: Sequence[KeywordFigures]
    findings: Sequence[Finding]


_lock = Lock()
_newest: dict[tuple[int, int], tuple[Corpus, Checks]] = {}  # one entry


def checks_of(keyword_list: KeywordList, corpus: Corpus) -> Checks:
    """The checks of a list, worked out once a process for the newest list and copy."""
    key = (keyword_list.pk, id(corpus))
    with _lock:
        if key not in _newest:
            checked = check(keyword_list, corpus)
            _newest.clear()
            _newest[key] = corpus, checked  # with the corpus, so that its id is not given to another one
        return _newest[key][1]


def check(keyword_list: KeywordList, corpus: Corpus) -> Checks:
    """Look at every text of the corpus in which a keyword stands."""
    keywords, matcher = keywords_of(keyword_list), remembering(keyword_list)
    stands = {keyword.number: _where_it_stands(to_matching(keyword), corpus) for keyword in keywords}
    texts = set().union(*stands.values())
    matcher.learn(corpus.index.texts[number] for number in texts)
    counted = {
        keyword.number: _counted(keyword, stands[keyword.number], corpus, matcher) for keyword in keywords
    }
    figures = list(_figures(keywords, stands, counted, corpus))
    for line in figures:
        disputed = _disputed(line.keyword, counted[line.keyword.number], stands, corpus, matcher)
        line.conflict_count = len(_sales(disputed, corpus))
    findings = [
        *_useless(figures, stands, corpus, matcher),
        *_conflicts(texts, corpus, matcher),
        *_takers(figures, counted, corpus, matcher),
        *(Finding("excel", keyword) for keyword in keywords if excel_will_change(keyword.text)),
        *(Finding("twin", product=product, missing=missing) for product, missing in missing_twins(keywords)),
    ]
    return Checks(figures, findings)


# --- One keyword ----------------------------------------------------------------------------------------

Spans = tuple[tuple[int, int], ...]


def _where_it_stands(keyword: matching.Keyword, corpus: Corpus) -> dict[int, Spans]:
    """The texts in which the keyword is found when it is alone, negated or not, and where."""
    alone = replace(keyword, polarity="positive", kind="product", product="x", generic=False)
    numbers = corpus.texts_concerned([alone])
    results = matching.Matcher([alone]).match_many(corpus.index.texts[number] for number in numbers)
    stands = {number: _spans_in(result) for number, result in zip(numbers, results, strict=True)}
    return {number: spans for number, spans in stands.items() if spans}


def _spans_in(result: Result) -> Spans:
    found = (span for match in result.matches for span in match.spans)
    negated = ((reason.start, reason.end) for reason in result.rejected if reason.rule == "negated")
    return (*found, *negated)


def _counted(keyword: Keyword, stands: dict[int, Spans], corpus: Corpus, matcher: Remembering) -> set[int]:
    """The texts in which the whole list finds the keyword's product where the keyword stands."""
    if keyword.polarity != Keyword.Polarity.POSITIVE:
        return set()
    return {
        number
        for number, spans in stands.items()
        if _is_credited(keyword, spans, matcher.match(corpus.index.texts[number]))
    }


def _is_credited(keyword: Keyword, spans: Spans, result: Result) -> bool:
    return any(
        found.product == keyword.product and _touch(found.spans, spans)
        for found in (*result.matches, *result.tags)
    )


def _touch(one: Spans, other: Spans) -> bool:
    return any(first[0] < second[1] and second[0] < first[1] for first in one for second in other)


def _sales(numbers: Iterable[int], corpus: Corpus) -> set[int]:
    return {place for number in numbers for place in corpus.places_of_text(number)}


def _figures(
    keywords: Sequence[Keyword],
    stands: dict[int, dict[int, Spans]],
    counted: dict[int, set[int]],
    corpus: Corpus,
) -> Iterator[KeywordFigures]:
    covered = {number: _sales(texts, corpus) for number, texts in counted.items()}
    by_product: defaultdict[str, Counter[int]] = defaultdict(Counter)
    for keyword in keywords:
        by_product[keyword.product].update(covered[keyword.number])
    for keyword in keywords:
        mine, everybodys = covered[keyword.number], by_product[keyword.product]
        yield KeywordFigures(
            keyword,
            seen_count=len(_sales(stands[keyword.number], corpus)),
            sale_count=len(mine),
            unique_count=sum(everybodys[place] == 1 for place in mine),
        )


def _disputed(
    keyword: Keyword,
    counted: Iterable[int],
    stands: dict[int, dict[int, Spans]],
    corpus: Corpus,
    matcher: Remembering,
) -> Iterator[int]:
    """The texts in which the keyword counts and another product claims the same characters."""
    for number in counted:
        result = matcher.match(corpus.index.texts[number])
        if "conflict" in result.flags and any(
            found.product == keyword.product
            and _touch(found.spans, stands[keyword.number][number])
            and rivals_of(found, result)
            for found in result.matches
        ):
            yield number


# --- Findings -------------------------------------------------------------------------------------------


def _useless(
    figures: Iterable[KeywordFigures],
    stands: dict[int, dict[int, Spans]],
    corpus: Corpus,
    matcher: Remembering,
) -> Iterator[Finding]:
    """Keywords that stand nowhere, and those that never count where they stand."""
    for line in figures:
        keyword = line.keyword
        if not line.seen_count:
            yield Finding("dead", keyword)
        elif not line.sale_count and keyword.polarity == Keyword.Polarity.POSITIVE:
            rules: Counter[str] = Counter()
            for number in stands[keyword.number]:
                result = matcher.match(corpus.index.texts[number])
                rules.update(
                    {reason.rule for reason in result.rejected if reason.keyword_id == keyword.number}
                )
            rule = rules.most_common(1)[0][0] if rules else ""
            example = corpus.index.texts[next(iter(stands[keyword.number]))]
            yield Finding("never_counts", keyword, line.seen_count, rule=rule, example=example)


def _conflicts(texts: Iterable[int], corpus: Corpus, matcher: Remembering) -> Iterator[Finding]:
    """Pairs of products that claim the same characters."""
    found: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    for number in sorted(texts):
        result = matcher.match(corpus.index.texts[number])
        if "conflict" in result.flags:
            pairs = {
                tuple(sorted((one.product, rival)))
                for one in result.matches
                for rival in rivals_of(one, result)
            }
            for first, second in pairs:
                found[first, second].append(number)
    for (first, second), numbers in sorted(found.items()):
        count, example = len(_sales(numbers, corpus)), corpus.index.texts[numbers[0]]
        yield Finding("conflict", count=count, product=first, other=second, example=example)


def _takers(
    figures: Iterable[KeywordFigures], counted: dict[int, set[int]], corpus: Corpus, matcher: Remembering
) -> Iterator[Finding]:
    """Masks and vetoes that take more than a fifth of its sales from a product."""
    found: defaultdict[str, set[int]] = defaultdict(set)
    for line in figures:
        found[line.keyword.product] |= counted[line.keyword.number]
    for line in figures:
        if line.keyword.polarity == Keyword.Polarity.POSITIVE or not line.seen_count:
            continue
        for product, taken in sorted(_taken_by(line.keyword, corpus, matcher).items()):
            share = taken / (taken + len(_sales(found[product], corpus)))
            if share > TAKES_TOO_MUCH:
                yield Finding("takes_much", line.keyword, taken, product=product, share=share)


def _taken_by(keyword: Keyword, corpus: Corpus, matcher: Remembering) -> Counter[str]:
    """How many sales each product would win without this mask or veto."""
    mine = to_matching(keyword)
    without = Remembering([other for other in matcher.keywords.values() if other.id != mine.id])
    taken: Counter[str] = Counter()
    for change in changes(corpus, [mine], matcher, without):
        before = {found.product for found in change.before.matches}
        taken.update({found.product for found in change.after.matches} - before)
    return taken
