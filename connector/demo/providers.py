"""The archive providers of the tenant: prepared once, and again when callers have changed something."""

from connector.demo import activity_columns, columns
from connector.demo.archive_queries import Provider
from connector.demo.people import Company, Person
from connector.demo.store import Store
from connector.demo.story import Sale, Story


class Providers:
    """All archive providers by lower-case name."""

    def __init__(self, story: Story, store: Store) -> None:
        self.story = story
        self.store = store
        users = Provider(
            "AllUsers", "associate", "associate_id", columns.user_archive_columns(), story.associates.values()
        )
        fixed = (
            Provider("FindSale", "sale", "sale_id", columns.sale_columns(story), story.sales.values()),
            Provider(
                "SimpleContact",
                "contact",
                "company_id",
                columns.company_archive_columns(story),
                story.companies.values(),
            ),
            Provider(
                "Person", "person", "person_id", columns.person_archive_columns(story), story.persons.values()
            ),
            users,
        )
        self._fixed = {item.name.lower(): item for item in fixed} | {"internalusers": users}
        self._changing: tuple[int, dict[str, Provider]] = (-1, {})

    def all(self) -> dict[str, Provider]:
        version = self.store.version
        if self._changing[0] != version:
            self._changing = version, self._changed()
        return self._fixed | self._changing[1]

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

    def _changed(self) -> dict[str, Provider]:
        document_columns = activity_columns.document_columns(self.story)
        appointment_columns = activity_columns.appointment_columns(self.story)
        found = (
            Provider("FindDocument", "document", "document_id", document_columns, self.store.documents()),
            Provider(
                "FindAppointment",
                "appointment",
                "appointment_id",
                appointment_columns,
                self.store.appointments(),
            ),
        )
        return {item.name.lower(): item for item in found}
