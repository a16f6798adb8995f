"""The archive providers of the tenant: prepared once, and again when callers have changed something."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, time

from connector.demo import activity_columns, columns, dynamic, quote_columns, shelf_columns
from connector.demo.archive_queries import Provider
from connector.demo.foreign_keys import ForeignKeys
from connector.demo.goods import PRICE_LIST_ID, PRODUCTS, QUOTE_CONNECTION_ID
from connector.demo.people import OWN_DOMAIN, Company, Person
from connector.demo.quotes import QuoteLine
from connector.demo.store import Store
from connector.demo.story import Sale, Story

Maker = Callable[[], Provider]


@dataclass(frozen=True, slots=True)
class Item:
    """A small record of which only number, name and one text matter."""

    key: int
    name: str
    text: str = ""


SCRIPTS = (
    Item(1, "Nightly clean-up", "Tidies up after the day."),
    Item(2, "Welcome", "Greets a new customer."),
)
_MAILINGS = (Item(1, "Newsletter", f"news@{OWN_DOMAIN}"), Item(2, "Trade fair", f"news@{OWN_DOMAIN}"))


class Providers:
    """All archive providers, found by their names in any case; each is prepared when it is first asked for."""

    def __init__(self, story: Story, store: Store) -> None:
        self.story = story
        self.store = store
        self._keys = ForeignKeys(store.database)
        self._lock = threading.RLock()
        self._prepared: dict[str, tuple[int, Provider]] = {}
        # What nobody changes, what changes with the sales, and what callers can change.
        fixed: dict[str, Maker] = {**self._of_people(), **self._of_shelf()}
        sold = self._of_sales()
        changing: dict[str, Maker] = {
            "FindDocument": self._documents,
            "FindAppointment": self._appointments,
        }
        # All of them but the dynamic one, which is made for each question.
        self.names = (*sold, *fixed, *changing, "ForeignKeys")
        self._fixed = {name.lower(): maker for name, maker in fixed.items()}
        self._sold = {name.lower(): maker for name, maker in sold.items()}
        self._changing = {name.lower(): maker for name, maker in changing.items()}

    def find(self, name: str) -> Provider | None:
        name = name.lower()
        if name in self._fixed:
            return self._at(name, 0, self._fixed[name])
        if name in self._sold:
            return self._at(name, self.story.version, self._sold[name])
        if name in self._changing:
            return self._at(name, self.store.version, self._changing[name])
        return self._foreign_keys() if name == "foreignkeys" else None

    def dynamic(self, select: str) -> Provider | None:
        """The provider for a table of the database, chosen by the first selected column; None if there is none."""
        table = select.partition(".")[0].strip().lower()
        makers = dynamic.tables(self.story, self.store)
        if table not in makers:
            return None
        if table in dynamic.CHANGING:
            return makers[table]()
        return self._at(f"dynamic.{table}", self.story.version, makers[table])

    def people_of(self, company: Company) -> Provider:
        """The persons of one company."""
        found: list[Person] = self.story.people_of(company.company_id)
        return Provider("Person", "person", "person_id", columns.person_archive_columns(self.story), found)

    def sales_of(self, company: Company) -> Provider:
        """The sales of one company."""
        found: list[Sale] = [
            sale for sale in self.story.sales.values() if sale.company_id == company.company_id
        ]
        return Provider(
            "SaleFilteredWithStakeholder", "sale", "sale_id", columns.sale_columns(self.story), found
        )

    def _at(self, name: str, version: int, maker: Maker) -> Provider:
        """The prepared provider; made again when it is older than `version`."""
        with self._lock:
            known = self._prepared.get(name)
            if known is None or known[0] != version:
                known = self._prepared[name] = version, maker()
            return known[1]

    def _of_people(self) -> dict[str, Maker]:
        story = self.story

        def users() -> Provider:
            found = columns.user_archive_columns()
            return Provider("AllUsers", "associate", "associate_id", found, story.associates.values())

        return {
            "SimpleContact": lambda: Provider(
                "SimpleContact", "contact", "company_id", columns.company_archive_columns(story),
                story.companies.values(),
            ),
            "Person": lambda: Provider(
                "Person", "person", "person_id", columns.person_archive_columns(story), story.persons.values()
            ),
            "AllUsers": users,
            "InternalUsers": users,
        }  # fmt: skip

    def _of_sales(self) -> dict[str, Maker]:
        story = self.story
        return {
            "FindSale": lambda: Provider(
                "FindSale", "sale", "sale_id", columns.sale_columns(story), story.sales.values()
            ),
            "FindQuoteLine": lambda: Provider(
                "FindQuoteLine", "quoteLineIsIncluded", "line_id", quote_columns.find_columns(story),
                self._lines(),
            ),
            "QuoteLine": lambda: Provider(
                "QuoteLine", "quoteLineIsIncluded", "line_id", quote_columns.line_columns(), self._lines()
            ),
        }  # fmt: skip

    def _lines(self) -> list[QuoteLine]:
        # A sale may have been taken away since its quote was written.
        return [line for line in self.story.quotes.lines.values() if line.sale_id in self.story.sales]

    def _of_shelf(self) -> dict[str, Maker]:
        since = datetime.combine(self.story.today, time(3))
        lists = [Item(PRICE_LIST_ID, "Standard")]
        connections = [Item(QUOTE_CONNECTION_ID, "SuperOffice", "SuperOffice QuoteConnector")]
        return {
            "Product": lambda: Provider(
                "Product", "productInAssortment", "product_id", shelf_columns.product_columns(since),
                PRODUCTS.values(),
            ),
            "PriceList": lambda: Provider(
                "PriceList", "pricelist", "key", shelf_columns.price_list_columns(since), lists
            ),
            "QuoteConnection": lambda: Provider(
                "QuoteConnection", "quoteConnection", "key", shelf_columns.quote_connection_columns(since),
                connections,
            ),
            "Ejscripts": lambda: Provider(
                "Ejscripts", "ejscript", "key", shelf_columns.script_columns(since), SCRIPTS
            ),
            "Mailings": lambda: Provider(
                "Mailings", "all", "key", shelf_columns.mailing_columns(since), _MAILINGS
            ),
        }  # fmt: skip

    def _documents(self) -> Provider:
        found = activity_columns.document_columns(self.story)
        return Provider("FindDocument", "document", "document_id", found, self.store.documents())

    def _appointments(self) -> Provider:
        found = activity_columns.appointment_columns(self.story)
        return Provider("FindAppointment", "appointment", "appointment_id", found, self.store.appointments())

    def _foreign_keys(self) -> Provider:
        return Provider(
            "ForeignKeys", "foreignKey", "key_id", shelf_columns.foreign_key_columns(), self._keys.all()
        )
