"""The dynamic archive: tables of the database by their own names, with raw ids and numbers instead of texts."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from connector.demo.archive_queries import Provider
from connector.demo.columns import Column, Get
from connector.demo.quotes import STATES
from connector.demo.store import Store
from connector.demo.story import Story

# Made anew for each question, because callers may have changed them.
CHANGING = ("document", "sequence")


@dataclass(frozen=True, slots=True)
class Sequence:
    """The next id of a table; the last one is looked up when somebody asks."""

    number: int
    table_name: str
    last: Callable[[], int]

    @property
    def next_id(self) -> int:
        return self.last() + 1


def tables(story: Story, store: Store) -> dict[str, Callable[[], Provider]]:
    """What makes the provider of each table, by the table's name in lower case."""
    return {
        "sale": lambda: _provider("sale", "sale_id", story.sales.values(), _SALE),
        "quote": lambda: _provider("quote", "quote_id", story.quotes.by_id.values(), _QUOTE),
        "quoteversion": lambda: _provider(
            "quoteversion", "version_id", story.quotes.versions.values(), _VERSION
        ),
        "quotealternative": lambda: _provider(
            "quotealternative", "alternative_id", story.quotes.alternatives.values(), _ALTERNATIVE
        ),
        "quoteline": lambda: _provider("quoteline", "line_id", story.quotes.lines.values(), _LINE),
        "document": lambda: _provider("document", "document_id", store.documents(), _DOCUMENT),
        "sequence": lambda: _provider("sequence", "number", _sequences(story, store), _SEQUENCE),
    }


def _provider(table: str, key: str, records: Iterable[Any], fields: list[tuple[str, str, Get]]) -> Provider:
    columns = [Column(f"{table}.{name}", kind, get) for name, kind, get in fields]
    return Provider("Dynamic", table, key, columns, records)


_SALE: list[tuple[str, str, Get]] = [
    ("sale_id", "int", lambda row: row.sale_id),
    ("contact_id", "int", lambda row: row.company_id),
    ("person_id", "int", lambda row: row.person_id),
    ("associate_id", "int", lambda row: row.associate_id),
    ("heading", "string", lambda row: row.heading),
    ("amount", "decimal", lambda row: row.amount),
    ("status", "int", lambda row: row.status),
    ("saledate", "date", lambda row: row.sold_on),
]
_QUOTE: list[tuple[str, str, Get]] = [
    ("quote_id", "int", lambda row: row.quote_id),
    ("SaleId", "int", lambda row: row.sale_id),
    ("QuoteConnectionId", "int", lambda row: row.connection_id),
    ("ActiveQuoteVersionId", "int", lambda row: row.active_version.version_id),
    ("AcceptedQuoteAlternativeId", "int", lambda row: row.accepted_alternative_id),
    ("UseValuesFromQuote", "int", lambda row: int(row.uses_values)),
]
_VERSION: list[tuple[str, str, Get]] = [
    ("quoteversion_id", "int", lambda row: row.version_id),
    ("QuoteId", "int", lambda row: row.quote_id),
    ("Number", "string", lambda row: row.number),
    ("State", "int", lambda row: STATES.index(row.state)),
    ("ArchivedState", "int", lambda row: STATES.index(row.archived_state)),
    ("LikelyQuoteAlternativeId", "int", lambda row: row.likely_alternative_id),
    ("SentDate", "date", lambda row: row.sent_at),
    ("Rank", "int", lambda row: row.rank),
]
_ALTERNATIVE: list[tuple[str, str, Get]] = [
    ("quotealternative_id", "int", lambda row: row.alternative_id),
    ("QuoteVersionId", "int", lambda row: row.version_id),
    ("Name", "string", lambda row: row.name),
    ("TotalPrice", "decimal", lambda row: row.total_price),
]
_LINE: list[tuple[str, str, Get]] = [
    ("quoteline_id", "int", lambda row: row.line_id),
    ("QuoteAlternativeId", "int", lambda row: row.alternative_id),
    ("Name", "string", lambda row: row.product.name),
    ("Code", "string", lambda row: row.product.code),
    ("Quantity", "decimal", lambda row: row.quantity),
    ("ProductFamilyKey", "string", lambda row: str(row.product.family_id)),
    ("TotalPrice", "decimal", lambda row: row.total_price),
]
_DOCUMENT: list[tuple[str, str, Get]] = [
    ("document_id", "int", lambda row: row.document_id),
    ("name", "string", lambda row: row.name),
    ("our_ref", "string", lambda row: row.our_ref),
    # How often a file was put there, for which "ever" is all that is known here.
    ("contentSetCount", "int", lambda row: int(row.has_content)),
]
_SEQUENCE: list[tuple[str, str, Get]] = [
    ("id", "int", lambda row: row.number),
    ("tablename", "string", lambda row: row.table_name),
    ("next_id", "int", lambda row: row.next_id),
]


def _sequences(story: Story, store: Store) -> list[Sequence]:
    counted: dict[str, Callable[[], int]] = {
        "sale": lambda: story.last_sale_id,
        "contact": lambda: max(story.companies, default=0),
        "person": lambda: max(story.persons, default=0),
        "document": lambda: max((card.document_id for card in store.documents()), default=0),
        "appointment": lambda: max((card.appointment_id for card in store.appointments()), default=0),
        "quote": lambda: max(story.quotes.by_id, default=0),
        "quoteline": lambda: max(story.quotes.lines, default=0),
    }
    return [Sequence(number, name, last) for number, (name, last) in enumerate(counted.items(), 1)]
