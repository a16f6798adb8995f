"""The present sales of the local copy in memory, ready to be asked which of them an edit could concern.

One corpus per process and tenant, for the newest revision of its copy: it is built when it is first asked for, and
shared by all threads because it never changes.
"""

import gc
from array import array
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from itertools import accumulate, chain
from threading import Lock
from typing import NamedTuple

from django.db.models import QuerySet

from connector.models import Connection
from connector.services import current_connection
from reports.keyword_lists.keywords import current_list
from reports.matching import Keyword
from reports.models import LocalCopy, QuoteLine, Sale
from reports.preview.remembering import MOST_REMEMBERED, remembering
from reports.preview.text_index import TextIndex
from reports.runs.families import Catalogue, catalogue_of
from reports.runs.funnel import Subject, line_text

_CHUNK = 5000  # rows fetched at once
_LARGE = 20_000  # sales
QUOTED = 0


class CorpusSale(NamedTuple):
    """What matching needs of a sale, and what is shown of it."""

    sale_id: int
    heading: str
    company_id: int | None
    company_name: str
    amount: Decimal
    currency: str


@dataclass(frozen=True, slots=True)
class Corpus:
    """The present sales of one tenant, by sale number. `places` below are places in `sales`."""

    sales: Sequence[CorpusSale]
    lines: dict[int, tuple[QuoteLine, ...]]  # of the quotes that count, by place
    index: TextIndex
    catalogue: Catalogue  # of products, whose families count where keywords name none
    catalogue_index: TextIndex  # of its texts
    read_at: datetime | None  # when SuperOffice was last read without a gap
    is_complete: bool
    # QUOTED, or a number for how much of a company it has: the others of equal number and heading are placed alike.
    likeness: Sequence[int] = field(repr=False)
    _cents: "array[int]" = field(repr=False)  # by place, as is
    _currencies: Sequence[str] = field(repr=False)
    _holders: "array[int]" = field(repr=False)  # places, by the text they hold
    _starts: "array[int]" = field(repr=False)  # where each text's places begin in _holders

    def places_of_text(self, number: int) -> Sequence[int]:
        """The sales with text `number` of the index as heading or on a line of their quote."""
        return self._holders[self._starts[number] : self._starts[number + 1]]

    def amounts_of(self, places: Iterable[int]) -> dict[str, Decimal]:
        """The sum in each currency."""
        cents: defaultdict[str, int] = defaultdict(int)
        for place in places:
            cents[self._currencies[place]] += self._cents[place]
        return {currency: Decimal(total).scaleb(-2) for currency, total in cents.items()}

    def texts_of(self, place: int) -> Iterator[str]:
        """Every text that matching reads in this sale."""
        yield self.sales[place].heading
        for line in self.lines.get(place, ()):
            yield line_text(line)

    def subject(self, place: int) -> Subject:
        """The sale as `funnel.place` takes it, with the lines of its quote."""
        return Subject.of(self.sales[place], lines=self.lines.get(place, ()))

    def texts_concerned(self, keywords: Sequence[Keyword]) -> Sequence[int]:
        return self.index.texts_concerned(keywords)


def corpus_of(connection: Connection | None) -> Corpus:
    """The corpus of the newest revision of this tenant's copy; an empty one where there is no copy yet.

    Whoever waits for a new one also has the newest keyword list asked about its texts, which every preview needs.
    """
    copy = LocalCopy.objects.filter(connection=connection).select_related("connection").first()
    if connection is None or copy is None:
        return build(Sale.objects.none(), None)
    key = (connection.pk, copy.revision, copy.read_at, copy.quotes_at, copy.complete_at, copy.catalogue_at)
    with _lock:  # whoever comes while it is built waits for it instead of building another
        if _newest.key != key:
            _newest.corpus, _newest.key = build(Sale.objects.of_tenant(connection).present(), copy), key
            remembering(current_list()).learn(_newest.corpus.index.texts[:MOST_REMEMBERED])
            _spare_the_collector(_newest.corpus)
        assert _newest.corpus is not None
        return _newest.corpus


def _spare_the_collector(corpus: Corpus) -> None:
    """A large corpus lives long and has no cycles: the collector must not walk through it at every preview, which
    would take a third of its time. Replaced by the next one, it is freed all the same, and what was frozen with it
    is the collector's again."""
    gc.unfreeze()
    if len(corpus.sales) >= _LARGE:
        gc.collect()
        gc.freeze()


def current_corpus() -> Corpus:
    return corpus_of(current_connection())


@dataclass(slots=True)
class _Kept:
    key: tuple[object, ...] = ()
    corpus: Corpus | None = None


_newest, _lock = _Kept(), Lock()


def build(sales: QuerySet[Sale], copy: LocalCopy | None) -> Corpus:
    """Read these sales, three queries, and make them searchable."""
    keys: list[int] = []
    kept: list[CorpusSale] = []
    same: dict[str, str] = {}  # one object for equal texts
    fields = ("pk", *CorpusSale._fields)
    rows = sales.order_by("sale_id").values_list(*fields)
    for key, number, heading, company, name, amount, currency in rows.iterator(_CHUNK):
        texts = [same.setdefault(text, text) for text in (heading, name, currency)]
        keys.append(key)
        kept.append(CorpusSale(number, texts[0], company, texts[1], amount, texts[2]))
    lines = _lines(sales, {key: place for place, key in enumerate(keys)})
    return _indexed(kept, lines, copy)


def _lines(sales: QuerySet[Sale], places: dict[int, int]) -> dict[int, tuple[QuoteLine, ...]]:
    found: defaultdict[int, list[QuoteLine]] = defaultdict(list)
    if places:
        lines = QuoteLine.objects.filter(sale__in=sales).order_by("sale", "rank", "line_id")
        for line in lines.iterator(_CHUNK):
            if line.sale_id in places:  # one that came after the sales were read belongs to the next revision
                found[places[line.sale_id]].append(line)
    return {place: tuple(group) for place, group in found.items()}


def _indexed(
    sales: list[CorpusSale], lines: dict[int, tuple[QuoteLine, ...]], copy: LocalCopy | None
) -> Corpus:
    holders: defaultdict[str, array[int]] = defaultdict(lambda: array("I"))
    for place, sale in enumerate(sales):
        for text in dict.fromkeys([sale.heading, *map(line_text, lines.get(place, ()))]):
            holders[text].append(place)
    catalogue = catalogue_of(copy.connection) if copy else Catalogue()
    return Corpus(
        sales=sales,
        lines=lines,
        index=TextIndex(holders),
        catalogue=catalogue,
        catalogue_index=TextIndex(catalogue.texts),
        read_at=copy.read_at if copy else None,
        is_complete=copy is not None and copy.is_complete,
        likeness=bytes(QUOTED if place in lines else _likeness(sale) for place, sale in enumerate(sales)),
        _cents=array("q", (int(sale.amount.scaleb(2)) for sale in sales)),
        _currencies=[sale.currency for sale in sales],
        _holders=array("I", chain.from_iterable(holders.values())),
        _starts=array("I", accumulate(map(len, holders.values()), initial=0)),
    )


def _likeness(sale: CorpusSale) -> int:
    return 1 + 2 * (sale.company_id is None) + (not sale.company_name)
