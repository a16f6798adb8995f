"""What the preview of a keyword edit takes at the server while somebody types, over 100,000 sales."""

from collections.abc import Iterator
from decimal import Decimal

from django.db.models import QuerySet
from django.utils import timezone

from benchmarks.figures import Figure, best_seconds
from benchmarks.headings import headings
from benchmarks.headings import keywords as invented_keywords
from connector.models import Connection
from reports.keyword_lists.keywords import copy_of, keywords_of, save_version, to_matching, with_keyword
from reports.models import Keyword, KeywordList, LocalCopy, Sale
from reports.preview.corpus import Corpus, build, corpus_of
from reports.preview.effects import preview
from reports.preview.remembering import Remembering

SALES, KEYWORDS = 100_000, 200
MAY_TAKE = 100.0  # milliseconds
RARE, COMMON = 0.01, 0.10  # share of the headings in which the edited keyword stands


def fill(connection: Connection) -> LocalCopy:
    rows = (
        Sale(
            connection=connection, sale_id=number, heading=heading, company_id=number % 900 + 1,
            company_name=f"Customer {number % 900}", amount=Decimal(number % 9000), currency="EUR",
            status=Sale.Status.OPEN, read_at=timezone.now(),
        )
        for number, heading in enumerate(headings(SALES), start=1)
    )  # fmt: skip
    Sale.objects.bulk_create(rows, batch_size=500)
    return LocalCopy.objects.create(connection=connection, revision=1, read_at=timezone.now())


def stored_list() -> KeywordList:
    """Every fifth of the invented keywords: codes, words, tags, masks and vetoes in their usual shares."""
    names = ("text", "type", "kind", "polarity", "product", "family", "generic", "inflect", "compound")
    chosen = invented_keywords()[:: 1000 // KEYWORDS]
    keywords = [Keyword(**{name: getattr(one, name) for name in names}) for one in chosen]
    newest = KeywordList.objects.newest_first().first()  # another subject may have made one
    return save_version(keywords, parent=newest, author=None, reason="Bench")


def words_in(corpus: Corpus, share: float) -> list[str]:
    """The five words whose letters stand in a share of the headings that comes closest to `share`."""
    words = {
        word
        for sale in corpus.sales[:2000]
        for word in sale.heading.split()
        if word.isalpha() and len(word) > 3
    }
    texts = "\n".join(sale.heading for sale in corpus.sales[:20_000])
    return sorted(words, key=lambda word: (abs(texts.count(word) / 20_000 - share), word))[:5]


def typed(stored: KeywordList, word: str) -> Iterator[list[Keyword]]:
    """The list with one new keyword, again and again with another product, as somebody goes on typing."""
    keywords = [copy_of(keyword) for keyword in keywords_of(stored)]
    number = 0
    while True:
        number += 1
        yield with_keyword(keywords, Keyword(text=word, product=f"Product {number}", compound="any"))


def time_of(corpus: Corpus, stored: KeywordList, share: float) -> tuple[float, float, int]:
    """Milliseconds of a word that nobody asked about before, of one that was, and the sales that change."""
    words = words_in(corpus, share)
    unknown = iter([next(typed(stored, word)) for word in words])
    first = best_seconds(lambda: preview(corpus, stored, next(unknown)), rounds=len(words))
    lists = typed(stored, words[0])
    known = best_seconds(lambda: preview(corpus, stored, next(lists)))
    return first * 1000, known * 1000, preview(corpus, stored, next(lists)).changed_count


def first_corpus(sales: QuerySet[Sale], copy: LocalCopy, stored: KeywordList) -> None:
    """What the first one waits for after sales have changed: they are read, and the stored list is asked about them."""
    texts = build(sales, copy).index.texts
    Remembering([to_matching(keyword) for keyword in keywords_of(stored)]).learn(texts)


def measure() -> list[Figure]:
    connection = Connection.objects.create(name="Bench", environment="sod", context_identifier="Cust12345")
    try:
        copy = fill(connection)
        stored = stored_list()
        sales = Sale.objects.of_tenant(connection).present()
        bare = best_seconds(lambda: list(sales.values_list("sale_id", "heading")), rounds=3)
        cold = best_seconds(lambda: first_corpus(sales, copy, stored), rounds=3)
        corpus = corpus_of(connection)
        preview(corpus, stored, next(typed(stored, "Ausschreibung")))  # as the page does when it opens
        rare_first, rare, rare_count = time_of(corpus, stored, RARE)
        common_first, common, common_count = time_of(corpus, stored, COMMON)
    finally:
        connection.delete()
        stored.delete()
    times = {
        f"preview, first key, {rare_count:,} of {SALES:,} sales change": (rare_first, 1.0),
        f"preview, next key, {rare_count:,} of {SALES:,} sales change": (rare, 1.0),
        f"preview, first key, {common_count:,} of {SALES:,} sales change": (common_first, 1.0),
        f"preview, next key, {common_count:,} of {SALES:,} sales change": (common, 1.0),
    }
    return [
        *(Figure(name, value, "ms", MAY_TAKE, goal=goal) for name, (value, goal) in times.items()),
        Figure(
            "sales made searchable and searched, beside reading number and heading",
            cold,
            "s",
            bare,
            goal=15.0,
        ),
    ]
