"""Archive columns: what each provider can show, filter by and sort by.

Names and restriction types are the documented ones, a useful part of them. A column's `value` is what a row shows,
its `key` what filters and sorting see: a list column shows a text and filters by id.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from connector.demo import lists
from connector.demo.filters import Scalar
from connector.demo.lists import Wording
from connector.demo.people import USERS, Associate, Company, Person
from connector.demo.story import Sale, Story

NO_DATE = datetime(1, 1, 1)  # noqa: DTZ001 - the tenant's dates carry no zone, this one means "none"
Get = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Column:
    """One column. `kind` is the restriction type, empty when it cannot be filtered by."""

    name: str
    kind: str
    value: Get
    filtered_by: Get | None = None
    sortable: bool = True
    label: str = ""  # what people call it, where that is not its name

    def key(self, record: Any) -> Scalar:
        return (self.filtered_by or self.value)(record)


def stamp(moment: datetime | None) -> str:
    """A timestamp as the web API writes it; no date at all is the first second of year 1."""
    return (moment or NO_DATE).isoformat(timespec="seconds")


def utc_now() -> datetime:
    """Now in UTC, without zone and without fractions, as the tenant stores it."""
    return datetime.now(UTC).replace(tzinfo=None, microsecond=0)


def listed(name: str, wordings: dict[int, Wording], key: Get) -> Column:
    return Column(name, "listAny", lambda record: wordings.get(key(record), lists.NOTHING), key)


def login(name: str, user_id: Get, full_name: bool = False) -> Column:
    """A user column: shows initials or the full name, filters by id."""

    def shown(record: Any) -> str:
        user = USERS.get(user_id(record))
        return "" if user is None else user.full_name if full_name else user.name

    return Column(name, "associate", shown, user_id)


def of(get: Get, attribute: str, default: Any) -> Get:
    """An attribute of something that may be missing."""

    def value(record: Any) -> Any:
        thing = get(record)
        return default if thing is None else getattr(thing, attribute)

    return value


def restriction_only(record: Any) -> bool:
    return False


def company_columns(prefix: str, company: Get, updated_at: datetime) -> list[Column]:
    """The columns of a company, `company` gives it or None. `prefix` ends with a slash or is empty."""
    country_id = of(company, "country_id", 0)
    countries = {key: Wording(item.name, item.name, item.name) for key, item in lists.COUNTRIES.items()}

    def name_department(record: Any) -> str:
        found: Company | None = company(record)
        return ", ".join(part for part in (found.name, found.department) if part) if found else ""

    return [
        Column(f"{prefix}contactId", "int", of(company, "company_id", 0)),
        Column(f"{prefix}name", "string", of(company, "name", "")),
        Column(f"{prefix}department", "string", of(company, "department", "")),
        Column(f"{prefix}nameDepartment", "", name_department),
        login(f"{prefix}associateId", of(company, "associate_id", 0)),
        listed(f"{prefix}category", lists.CATEGORIES, of(company, "category_id", 0)),
        listed(f"{prefix}business", lists.BUSINESSES, of(company, "business_id", 0)),
        listed(f"{prefix}country", countries, country_id),
        Column(f"{prefix}countryId", "int", country_id),
        Column(f"{prefix}number", "string", lambda record: str(of(company, "company_id", "")(record))),
        Column(f"{prefix}code", "string", lambda record: ""),
        Column(f"{prefix}orgnr", "string", of(company, "org_number", "")),
        Column(f"{prefix}stop", "bool", of(company, "stop", False)),
        Column(f"{prefix}contactNoMail", "bool", of(company, "no_mail", False)),
        Column(f"{prefix}contactDeleted", "bool", lambda record: False),
        Column(f"{prefix}deletedDate", "date", lambda record: None, sortable=False),
        Column(f"{prefix}updatedDate", "date", lambda record: updated_at if company(record) else None),
        Column(f"{prefix}registeredDate", "date", lambda record: updated_at if company(record) else None),
        Column(f"{prefix}contactPhone/formattedNumber", "string", of(company, "phone", ""), sortable=False),
        Column(f"{prefix}email/emailAddress", "string", of(company, "email", "")),
        Column(f"{prefix}email/emailHasBounced", "bool", of(company, "bounced", False)),
        Column(
            f"{prefix}email/emailBounceCount", "int", lambda record: 4 * of(company, "bounced", False)(record)
        ),
        *associate_columns(f"{prefix}contactAssociate/", of(company, "associate_id", 0)),
    ]


def person_columns(prefix: str, person: Get, updated_at: datetime) -> list[Column]:
    """The columns of a person, `person` gives it or None. `prefix` ends with a slash or is empty."""

    def primary(record: Any) -> str:
        found: Person | None = person(record)
        return found.email if found else ""

    def bounced(record: Any) -> bool:
        found: Person | None = person(record)
        return bool(found and found.email in found.bounced)

    return [
        Column(f"{prefix}personId", "int", of(person, "person_id", 0)),
        Column(f"{prefix}contactId", "int", of(person, "company_id", 0)),
        Column(f"{prefix}firstName", "string", of(person, "first_name", "")),
        Column(f"{prefix}middleName", "string", of(person, "middle_name", "")),
        Column(f"{prefix}lastName", "string", of(person, "last_name", "")),
        Column(f"{prefix}fullName", "string", of(person, "full_name", "")),
        Column(f"{prefix}mrMrs", "string", of(person, "mr_mrs", "")),
        Column(f"{prefix}title", "string", of(person, "title", "")),
        Column(f"{prefix}personNumber", "string", lambda record: str(of(person, "person_id", "")(record))),
        Column(f"{prefix}personCountryId", "int", of(person, "country_id", 0)),
        Column(f"{prefix}personNoMail", "bool", of(person, "no_mail", False)),
        Column(f"{prefix}retired", "bool", of(person, "retired", False)),
        Column(f"{prefix}hasCompany", "bool", lambda record: bool(of(person, "company_id", 0)(record))),
        Column(f"{prefix}personDeletedDate", "date", lambda record: None, sortable=False),
        Column(f"{prefix}personUpdatedDate", "date", lambda record: updated_at if person(record) else None),
        Column(
            f"{prefix}personRegisteredDate", "date", lambda record: updated_at if person(record) else None
        ),
        login(f"{prefix}personAssociateId", of(person, "associate_id", 0)),
        Column(
            f"{prefix}personDirectPhone/formattedNumber", "string", of(person, "phone", ""), sortable=False
        ),
        Column(f"{prefix}email/emailAddress", "string", primary),
        Column(f"{prefix}email/emailHasBounced", "bool", bounced),
        Column(f"{prefix}email/emailBounceCount", "int", lambda record: 3 * bounced(record)),
    ]


def associate_columns(prefix: str, user_id: Get) -> list[Column]:
    def user(record: Any) -> Associate | None:
        return USERS.get(user_id(record))

    return [
        Column(f"{prefix}associateDbId", "associate", user_id),
        login(f"{prefix}assocName", user_id),
        Column(f"{prefix}firstName", "string", of(user, "first_name", "")),
        Column(f"{prefix}lastName", "string", of(user, "last_name", "")),
        Column(f"{prefix}fullName", "string", of(user, "full_name", "")),
        Column(f"{prefix}personId", "int", of(user, "person_id", 0)),
        Column(f"{prefix}personEmail", "string", of(user, "email", "")),
    ]


def sale_columns(story: Story) -> list[Column]:
    """The columns of FindSale."""
    updated_at = datetime.combine(story.today, datetime.min.time()).replace(hour=3)
    currencies = {key: Wording(code, code, code) for key, (code, _rate) in lists.CURRENCIES.items()}
    stages = {key: wording for key, (wording, _probability) in lists.STAGES.items()}

    def company(sale: Sale) -> Company | None:
        return story.companies.get(sale.company_id)

    def person(sale: Sale) -> Person | None:
        return story.persons.get(sale.person_id)

    return [
        Column("saleId", "int", lambda sale: sale.sale_id),
        Column("contactId", "listAny", lambda sale: sale.company_id),
        Column("personId", "listAny", lambda sale: sale.person_id),
        Column("projectId", "listAny", lambda sale: 0),
        login("associateId", lambda sale: sale.associate_id),
        Column("heading", "string", lambda sale: sale.heading),
        Column("text", "positiveString", lambda sale: sale.description),
        Column("date", "date", lambda sale: sale.sold_on),
        Column("amount", "decimal", lambda sale: sale.amount),
        Column("amountWeighted", "decimal", lambda sale: round(sale.amount * sale.probability / 100, 2)),
        Column("earning", "decimal", lambda sale: sale.earning),
        Column("earningPercent", "decimal", lambda sale: sale.earning_percent),
        # A number to filters, a text in the answer: that is how the real one does it.
        Column("probPercent", "int", lambda sale: str(sale.probability), lambda sale: sale.probability),
        listed("stage", stages, lambda sale: sale.stage_id),
        listed("originalStage", stages, lambda sale: sale.stage_id),
        Column("stageRank", "", lambda sale: sale.stage_id),
        listed("saleStatus", lists.SALE_STATUSES, lambda sale: sale.status),
        listed("saleType", lists.SALE_TYPES, lambda sale: sale.sale_type_id),
        listed("type", lists.SALE_TYPES, lambda sale: sale.sale_type_id),
        listed("currency", currencies, lambda sale: sale.currency_id),
        Column("currencyId", "int", lambda sale: sale.currency_id),
        listed("source", lists.SOURCES, lambda sale: sale.source_id),
        listed("lossReason", lists.LOSS_REASONS, lambda sale: sale.loss_reason_id),
        listed("soldReason", {}, lambda sale: 0),
        listed("stalledComment", {}, lambda sale: 0),
        listed("competitor", {}, lambda sale: 0),
        listed("credited", {}, lambda sale: 0),
        Column("saleNumber", "string", lambda sale: sale.number),
        Column("completed", "bool", lambda sale: sale.status in (2, 3)),
        Column("hasQuote", "bool", lambda sale: sale.has_quote),
        Column("hasStakeholders", "bool", lambda sale: False),
        Column("hasGuide", "bool", lambda sale: False),
        Column("nextDueDate", "date", lambda sale: sale.next_due_on),
        Column("reopenDate", "date", lambda sale: sale.reopen_on),
        Column("updatedDate", "date", lambda sale: sale.updated_at),
        Column("registeredDate", "date", lambda sale: sale.registered_at),
        login("updatedBy", lambda sale: sale.updated_by),
        login("registeredBy", lambda sale: sale.registered_by),
        login("updatedByFullName", lambda sale: sale.updated_by, full_name=True),
        login("registeredByFullName", lambda sale: sale.registered_by, full_name=True),
        Column("description", "positiveString", lambda sale: sale.description, sortable=False),
        Column("sale/description", "positiveString", lambda sale: sale.description, sortable=False,
               label="Description"),
        Column("visibleFor", "listAny", lambda sale: lists.VISIBLE_FOR_ALL, lambda sale: 1, sortable=False),
        Column("saleUdef/SuperOffice:1", "string", lambda sale: sale.product_note, label="Produktnotiz"),
        Column("saleUdef/SuperOffice:2", "int", lambda sale: sale.floor_space, label="Fläche in m²"),
        Column("getAllRows", "bool", restriction_only, lambda sale: True, sortable=False),
        *company_columns("contact/", company, updated_at),
        *person_columns("person/", person, updated_at),
        *associate_columns("associate/", lambda sale: sale.associate_id),
    ]  # fmt: skip


def company_archive_columns(story: Story) -> list[Column]:
    """The columns of SimpleContact."""
    updated_at = datetime.combine(story.today, datetime.min.time()).replace(hour=3)
    return [
        *company_columns("", lambda company: company, updated_at),
        Column("getAllRows", "bool", restriction_only, lambda company: True, sortable=False),
    ]


def person_archive_columns(story: Story) -> list[Column]:
    """The columns of the Person provider; its company is `personContact/…`."""
    updated_at = datetime.combine(story.today, datetime.min.time()).replace(hour=3)

    def company(person: Person) -> Company | None:
        return story.companies.get(person.company_id)

    return [
        *person_columns("", lambda person: person, updated_at),
        *company_columns("personContact/", company, updated_at),
        Column("isMailingRecipient", "bool", lambda person: bool(person.emails)),
        Column("hasEmarketingConsent", "bool", lambda person: person.agreed_to_emarketing),
        Column("withdrawnEmarketingConsent", "bool", lambda person: person.withdrew_emarketing),
        Column("getAllRows", "bool", restriction_only, lambda person: True, sortable=False),
    ]


def user_archive_columns() -> list[Column]:
    """The columns of AllUsers and InternalUsers."""
    return associate_columns("", lambda user: user.associate_id)
