"""What SuperOffice knows, in our words. SuperOffice's field names stop in this module and in `listing`.

List queries answer rows with flat camelCase columns, single records come as PascalCase entities: `columns`
reads long lists of the ones, `Fields` the others.
"""

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from types import MappingProxyType
from typing import Any, NamedTuple, Self

from connector.superoffice import columns
from connector.superoffice.columns import Column, RowReader
from connector.superoffice.fields import Fields

# Ids, the untranslated resource names and the English texts: one fixed Accept-Language keeps the texts
# stable.
_STATUSES = {
    "1": "open",
    "2": "sold",
    "3": "lost",
    "4": "stalled",
    **{word: word for word in ("open", "sold", "lost", "stalled")},
    **{f"[sr_sale_{word}]": word for word in ("open", "sold", "lost", "stalled")},
}
# The description, and the fields that a tenant defines for itself.
_OWN_TEXT = re.compile(r"sale/description|saleUdef/[A-Za-z0-9_:.-]{1,100}")
# A column of a list shows the text of what was chosen.
_TEXT_KINDS = {"string", "stringorpk", "positivestring", "listany"}


@dataclass(frozen=True, slots=True)
class TenantState:
    """`state` is SuperOffice's word (Running, OfflineMaintenance, Unknown …). `endpoint` is the tenant's
    root, `api` the API's, both without ":443" and trailing slash and empty unless `is_running`.
    """

    state: str
    is_running: bool
    endpoint: str
    api: str
    valid_until: dt.datetime | None


@dataclass(frozen=True, slots=True)
class User:
    """Who the credential acts as: its rights decide which sales we see. `function_rights` are keys."""

    associate_id: int
    login: str
    full_name: str
    email: str
    person_id: int | None
    company_id: int | None
    kind: str
    role: str
    function_rights: tuple[str, ...]

    @classmethod
    def from_entity(cls, data: Any) -> Self:
        fields = Fields.of(data, "user")
        return cls(
            associate_id=fields.required_id("AssociateId"),
            login=fields.text("Associate"),
            full_name=fields.text("FullName"),
            email=fields.text("EMailAddress"),
            person_id=fields.id("PersonId"),
            company_id=fields.id("ContactId"),
            kind=fields.text("UserType"),
            role=fields.text("RoleName"),
            function_rights=fields.texts("FunctionRights"),
        )


class Sale(NamedTuple):
    """One sale as a list query shows it, with its company, person and owner.

    `number` is the text that people number sales by, not the id. `amount` is in `currency`, the sale's own.
    `status` is open, sold, lost, stalled, or SuperOffice's text when it is none of these. `probability` is in
    percent. `date` is a day in the tenant's zone; `registered_at` and `updated_at` are UTC. `extra` has the
    columns of text that were asked for beside the usual ones: what is missing in it was not read. A flag that
    the server leaves out counts as set where it forbids writing to somebody (no_mailing, stop, retired): fail
    closed.

    A named tuple because lists have many thousands of them: it is made in a tenth of a frozen dataclass's
    time.
    """

    id: int
    heading: str
    company_id: int | None
    company_name: str
    person_id: int | None
    person_name: str
    person_email: str
    owner_id: int | None
    owner_name: str
    owner_login: str
    amount: Decimal
    currency: str
    status: str
    stage: str
    date: dt.date | None
    updated_at: dt.datetime | None
    has_quote: bool
    company_no_mailing: bool
    company_stop: bool
    person_no_mailing: bool
    person_retired: bool
    person_bounced: bool
    number: str = ""
    description: str = ""
    sale_type: str = ""
    probability: int | None = None
    registered_at: dt.datetime | None = None
    company_department: str = ""
    extra: Mapping[str, str] = MappingProxyType({})

    @staticmethod
    def from_rows(rows: Sequence[Mapping[str, Any]], extra: Sequence[str] = ()) -> list["Sale"]:
        """`extra` are the further columns of text in the rows. Raises BadRecord for the first row that cannot
        be read.
        """
        return _sale_rows(tuple(extra)).read(rows)

    @staticmethod
    def numbers(rows: Sequence[Mapping[str, Any]]) -> list[int]:
        """The ids alone. Raises BadRecord."""
        return _SALE_ID(rows, _sale_fields)


def _sale_fields(row: Mapping[str, Any]) -> Fields:
    sale_id = Fields(row, "sale without a number").required_id("saleId")
    return Fields(row, f"sale {sale_id}")


_SALE_ID = columns.required_id("saleId")
_SALE: dict[str, Column] = {
    "id": _SALE_ID,
    "heading": columns.text("heading"),
    "company_id": columns.optional_id("contactId"),
    "company_name": columns.text("contact/name"),
    "person_id": columns.optional_id("personId"),
    "person_name": columns.text("person/fullName"),
    "person_email": columns.stripped(columns.text("person/email/emailAddress")),
    "owner_id": columns.optional_id("associate/associateDbId"),
    "owner_name": columns.text("associate/fullName"),
    "owner_login": columns.first_text("associate/assocName", otherwise="associateId"),
    "amount": columns.amount("amount"),
    "currency": columns.text("currency"),
    "status": columns.translated(columns.text("saleStatus"), _STATUSES),
    "stage": columns.text("stage"),
    "date": columns.day("date"),
    "updated_at": columns.moment("updatedDate"),
    "has_quote": columns.flag("hasQuote"),
    "company_no_mailing": columns.flag("contact/contactNoMail", missing_with="contactId"),
    "company_stop": columns.flag("contact/stop", missing_with="contactId"),
    "person_no_mailing": columns.flag("person/personNoMail", missing_with="personId"),
    "person_retired": columns.flag("person/retired", missing_with="personId"),
    "person_bounced": columns.flag("person/email/emailHasBounced"),
    "number": columns.text("saleNumber"),
    "description": columns.text("sale/description"),
    "sale_type": columns.text("saleType"),
    "probability": columns.percent("probPercent"),
    "registered_at": columns.moment("registeredDate"),
    "company_department": columns.text("contact/department"),
}


@lru_cache(maxsize=8)
def _sale_rows(extra: tuple[str, ...]) -> RowReader[Sale]:
    return RowReader(Sale, _sale_fields, {**_SALE, "extra": columns.texts(extra)})


@dataclass(frozen=True, slots=True)
class TextColumn:
    """A column with a text of the sale; `label` is what people call it in SuperOffice."""

    name: str
    label: str

    @classmethod
    def from_info(cls, data: Any) -> Self | None:
        """None for a column that is no further text of the sale itself."""
        fields = Fields.of(data, "column")
        name, kind = fields.text("Name"), fields.text("RestrictionType").lower()
        if not (_OWN_TEXT.fullmatch(name) and kind in _TEXT_KINDS):
            return None
        return cls(name, fields.text("DisplayName").strip() or name)


@dataclass(frozen=True, slots=True)
class Person:
    """A human. `mr_mrs` and `salutation` (an academic title) are free text and only hints; `language` is a
    list text.

    `emails` has the primary address first; `bounced_emails` are those with a bounce. `no_mailing` and
    `retired` count as set when the server leaves them out.
    """

    id: int
    first_name: str
    middle_name: str
    last_name: str
    full_name: str
    title: str
    salutation: str
    mr_mrs: str
    emails: tuple[str, ...]
    bounced_emails: tuple[str, ...]
    company_id: int | None
    language: str
    country: str
    no_mailing: bool
    retired: bool

    @property
    def email(self) -> str:
        return self.emails[0] if self.emails else ""

    @property
    def bounced(self) -> bool:
        """Whether mail to the primary address came back."""
        return (
            self.email.lower() in {address.lower() for address in self.bounced_emails}
            if self.email
            else False
        )

    @classmethod
    def from_entity(cls, data: Any) -> Self:
        person_id = Fields.of(data, "person").required_id("PersonId")
        fields = Fields(data, f"person {person_id}")
        return cls(
            id=person_id,
            first_name=fields.text("Firstname"),
            middle_name=fields.text("MiddleName"),
            last_name=fields.text("Lastname"),
            full_name=fields.text("FullName"),
            title=fields.text("Title"),
            salutation=fields.text("Salutation"),
            mr_mrs=fields.text("Mrmrs"),
            emails=_addresses(fields, "Emails"),
            bounced_emails=fields.texts("BounceEmails"),
            company_id=fields.inner("Contact").id("ContactId"),
            language=fields.inner("CustomerLanguage").text("Value"),
            country=fields.inner("Country").text("TwoLetterISOCountry"),
            no_mailing=fields.flag("NoMailing", missing=True),
            retired=fields.flag("Retired", missing=True),
        )


@dataclass(frozen=True, slots=True)
class Company:
    """An organisation. `no_mailing` and `stop` count as set when the server leaves them out."""

    id: int
    name: str
    department: str
    country: str
    no_mailing: bool
    stop: bool
    deleted: bool

    @classmethod
    def from_entity(cls, data: Any) -> Self:
        company_id = Fields.of(data, "company").required_id("ContactId")
        fields = Fields(data, f"company {company_id}")
        return cls(
            id=company_id,
            name=fields.text("Name"),
            department=fields.text("Department"),
            country=fields.inner("Country").text("TwoLetterISOCountry"),
            no_mailing=fields.flag("NoMailing", missing=True),
            stop=fields.flag("Xstop", missing=True),
            deleted=fields.text("Deleted") not in {"", "0"},
        )


@dataclass(frozen=True, slots=True)
class ProductFamily:
    """One item of the tenant's product family list; `rank` orders it."""

    id: int
    name: str
    tooltip: str
    rank: int
    deleted: bool

    @classmethod
    def from_item(cls, data: Any) -> Self:
        family_id = Fields.of(data, "product family").required_id("Id")
        fields = Fields(data, f"product family {family_id}")
        return cls(
            id=family_id,
            name=fields.text("Name"),
            tooltip=fields.text("Tooltip"),
            rank=fields.number("Rank"),
            deleted=fields.flag("Deleted", missing=False),
        )


@dataclass(frozen=True, slots=True)
class DocumentTemplate:
    """The kind of a document; the one for outgoing e-mail makes a document a mail."""

    id: int
    name: str
    rank: int
    is_outgoing_mail: bool

    @classmethod
    def from_item(cls, data: Any) -> Self:
        template_id = Fields.of(data, "document template").required_id("DocumentTemplateId")
        fields = Fields(data, f"document template {template_id}")
        special = {fields.text(name) for name in ("QuoteDocType", "PrivacyDocType", "InvitationDocType")}
        is_mail = fields.text("RecordType") == "Email" and fields.text("Direction") == "Outgoing"
        return cls(
            id=template_id,
            name=fields.text("Name"),
            rank=fields.number("Rank"),
            is_outgoing_mail=is_mail
            and special <= {"", "None"}
            and not fields.flag("Deleted", missing=False),
        )


@dataclass(frozen=True, slots=True)
class NewDocument:
    """A mail to file. `key` is ours (1 to 99 letters, digits, `.`, `_`, `:`, `-`) and finds the document
    again; `at` is aware; `subject`, `file_name` and `description` are cut to what SuperOffice can hold.
    """

    key: str
    subject: str
    file_name: str
    template_id: int
    company_id: int | None
    person_id: int | None
    sale_id: int | None
    at: dt.datetime
    owner_id: int | None = None
    description: str = ""


@dataclass(frozen=True, slots=True)
class ArchivedDocument:
    """A document in SuperOffice; `file_name` as the server keeps it, which may differ from ours."""

    id: int
    key: str
    file_name: str

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Self:
        fields = Fields(row, "document")
        return cls(fields.required_id("documentId"), fields.text("ourref"), fields.text("name"))

    @classmethod
    def from_entity(cls, data: Any) -> Self:
        fields = Fields.of(data, "document")
        return cls(fields.required_id("DocumentId"), fields.text("OurRef"), fields.text("Name"))


def _addresses(fields: Fields, name: str) -> tuple[str, ...]:
    found = (Fields.of(item, fields.record).text("Value").strip() for item in fields.items(name))
    return tuple(address for address in found if address)
