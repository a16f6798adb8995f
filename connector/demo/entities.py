"""PascalCase carriers: the entities behind `GET /Sale/{id}` and its like, and the small ones nested in them."""

from datetime import datetime
from typing import Any

from connector.demo import lists, people
from connector.demo.columns import stamp
from connector.demo.consents import consent_infos
from connector.demo.lists import NO_RIGHTS, JsonObject, Language
from connector.demo.people import Associate, Company, Person
from connector.demo.store import Appointment, Document
from connector.demo.story import Sale, Story

FULL_RIGHTS: JsonObject = {"TableRight": {"Mask": "FULL", "Reason": ""}, "FieldProperties": {}}
_EXTRA: JsonObject = {"UserDefinedFields": {}, "ExtraFields": {}, "CustomFields": {}}
_PUBLISHED: JsonObject = {
    "PublishEventDate": stamp(None), "PublishTo": stamp(None), "PublishFrom": stamp(None),
    "IsPublished": False,
}  # fmt: skip
DOCUMENT_LENGTHS = {
    "Header": 219,
    "Name": 511,
    "OurRef": 99,
    "YourRef": 99,
    "Attention": 99,
    "Description": 2047,
}


class Carriers:
    """Makes carriers out of the story, in one language."""

    def __init__(self, story: Story, language: Language, api_url: str) -> None:
        self.story = story
        self.language = language
        self.api_url = api_url

    def user(self, associate_id: int) -> JsonObject | None:
        """The Associate carrier, None for nobody."""
        user = people.USERS.get(associate_id)
        return None if user is None else associate(user)

    def item(self, wordings: dict[int, lists.Wording], key: int) -> JsonObject | None:
        """A list value as `{Id, Value}`, None when nothing is chosen."""
        if not key:
            return None
        return {"Id": key, "Value": wordings[key].spoken(self.language), "Tooltip": ""} | NO_RIGHTS

    def company_in(self, company_id: int) -> JsonObject | None:
        company = self.story.companies.get(company_id)
        return None if company is None else self._company_in(company)

    def _company_in(self, company: Company) -> JsonObject:
        country = lists.COUNTRIES[company.country_id]
        owner = self.story.associates.get(company.associate_id)
        return {
            "ContactId": company.company_id, "Name": company.name, "OrgNr": company.org_number,
            "Department": company.department, "URL": "", "City": company.city, "DirectPhone": company.phone,
            "AssociateId": company.associate_id, "CountryId": company.country_id,
            "EmailAddress": company.email,
            "Kananame": "", "EmailAddressName": "", "URLName": "",
            "AssociateFullName": owner.full_name if owner else "",
            "BusinessName": lists.BUSINESSES[company.business_id].spoken(self.language),
            "CategoryName": lists.CATEGORIES[company.category_id].spoken(self.language),
            "CountryName": country.name, "Address": None, "FormattedAddress": company.city,
            "FullName": ", ".join(part for part in (company.name, company.department) if part),
            "IsOwnerContact": company.company_id == people.OWN_COMPANY_ID, "ActiveErpLinks": 0,
            "Number1": "", "Number2": str(company.company_id),
        } | NO_RIGHTS  # fmt: skip

    def person_in(self, person_id: int) -> JsonObject | None:
        person = self.story.persons.get(person_id)
        if person is None:
            return None
        company = self.story.companies.get(person.company_id)
        return {
            "Position": "", "PersonId": person.person_id, "Mrmrs": person.mr_mrs,
            "Firstname": person.first_name,
            "Lastname": person.last_name, "MiddleName": person.middle_name, "Title": person.title,
            "Description": "",
            "Email": person.email, "FullName": person.full_name, "DirectPhone": person.phone,
            "FormalName": _formal_name(person), "CountryId": person.country_id,
            "ContactId": person.company_id,
            "ContactName": company.name if company else "", "Retired": int(person.retired), "Rank": 1,
            "ContactDepartment": company.department if company else "", "AssociateId": person.associate_id,
            "EmailName": person.full_name if person.emails else "", "PersonNumber": str(person.person_id),
        } | NO_RIGHTS  # fmt: skip

    def sale_in(self, sale_id: int) -> JsonObject | None:
        """The small Sale carrier, as documents and follow-ups carry it."""
        sale = self.story.sales.get(sale_id)
        if sale is None:
            return None
        company, person = self.story.companies.get(sale.company_id), self.story.persons.get(sale.person_id)
        owner = self.story.associates.get(sale.associate_id)
        return {
            "ContactName": company.name if company else "", "SaleDate": stamp(sale.sold_on),
            "SaleId": sale.sale_id,
            "Probability": sale.probability, "Title": sale.heading, "Amount": sale.amount,
            "Currency": lists.CURRENCIES[sale.currency_id][0], "ProjectName": "",
            "AssociateFullName": owner.full_name if owner else "", "Description": sale.description,
            "Status": lists.SALE_STATUS_NAMES[sale.status], "ProjectId": 0,
            "EarningPercent": sale.earning_percent,
            "Earning": sale.earning, "ContactId": sale.company_id, "AssociateId": sale.associate_id,
            "PersonId": sale.person_id, "SaleTypeId": sale.sale_type_id,
            "PersonFullName": person.full_name if person else "",
            "Completed": "Completed" if sale.status in (2, 3) else "NotStarted",
            "NextDueDate": stamp(sale.next_due_on), "Number": sale.number,
        } | NO_RIGHTS  # fmt: skip

    def sale(self, sale: Sale, with_links: bool = True) -> JsonObject:
        """SaleEntity, with `_Links` unless asked otherwise. A sale without a company has `Contact: null`."""
        stages = {key: wording for key, (wording, _probability) in lists.STAGES.items()}
        currencies = {key: lists.Wording(code, code, code) for key, (code, _rate) in lists.CURRENCIES.items()}
        entity = {
            "Appointment": None, "Associate": self.user(sale.associate_id),
            "UpdatedBy": self.user(sale.updated_by),
            "CreatedBy": self.user(sale.registered_by), "Contact": self.company_in(sale.company_id),
            "Project": None,
            "SaleText": sale.description, "Person": self.person_in(sale.person_id),
            "Currency": self.item(currencies, sale.currency_id), "Competitor": None, "Credited": None,
            "Rating": self.item(stages, sale.stage_id), "Reason": self.item(lists.LOSS_REASONS,
            sale.loss_reason_id),
            "Source": self.item(lists.SOURCES, sale.source_id),
            "Status": lists.SALE_STATUS_NAMES[sale.status],
            "Saledate": stamp(sale.sold_on), "Amount": sale.amount, "SaleId": sale.sale_id,
            "Earning": sale.earning,
            "EarningPercent": sale.earning_percent, "Heading": sale.heading,
            "Number": sale.number,
            "Probability": sale.probability, "CreatedDate": stamp(sale.registered_at),
            "UpdatedDate": stamp(sale.updated_at), "Completed": "Completed" if sale.status in (2,
            3) else "NotStarted",
            "ActiveLinks": 0, "Links": [], "NextDueDate": stamp(sale.next_due_on), "Postit": sale.description,
            "SaleType": self.item(lists.SALE_TYPES, sale.sale_type_id), "ReasonSold": None,
            "ReasonStalled": None,
            "ReopenDate": stamp(sale.reopen_on), "SaleStakeholders": [], "ActiveErpLinks": 0,
            "VisibleFor": self._visible_for_all(), **_EXTRA, **_own_fields(sale), **_PUBLISHED, **FULL_RIGHTS,
        }  # fmt: skip
        return entity | {"_Links": self._links("Sale", sale.sale_id)} if with_links else entity

    def company(self, company: Company) -> JsonObject:
        """ContactEntityWithLinks."""
        country = lists.COUNTRIES[company.country_id]
        changed = datetime.combine(self.story.today, datetime.min.time()).replace(hour=3)
        return {
            "ContactId": company.company_id, "Name": company.name, "Department": company.department,
            "OrgNr": company.org_number, "Number1": "", "Number2": str(company.company_id),
            "UpdatedDate": stamp(changed), "CreatedDate": stamp(changed), "Emails": _elements(company.email),
            "Interests": [], "Urls": _elements(f"https://www.{company.domain}"),
            "Phones": _elements(company.phone),
            "Faxes": [], "Description": "", "UpdatedBy": self.user(company.associate_id),
            "CreatedBy": self.user(company.associate_id), "Associate": self.user(company.associate_id),
            "Business": self.item(lists.BUSINESSES, company.business_id),
            "Category": self.item(lists.CATEGORIES, company.category_id), "Country": _country(country),
            "Persons": [self.person_in(person.person_id) for person in
            self.story.people_of(company.company_id)],
            "NoMailing": company.no_mail, "Kananame": "", "Xstop": company.stop, "ActiveInterests": 0,
            "GroupId": 2,
            "ActiveStatusMonitorId": 0, "SupportAssociate": None, "TicketPriority": None,
            "CustomerLanguage": None,
            "Deleted": 0, "SupportPerson": None, "Address": None, "Source": 0, "ActiveErpLinks": 0,
            "BounceEmails": [company.email] if company.bounced else [], "Domains": [company.domain],
            **_EXTRA, **FULL_RIGHTS, "_Links": self._links("Contact", company.company_id),
        }  # fmt: skip

    def person(self, person: Person) -> JsonObject:
        """PersonEntityWithLinks, with all addresses."""
        is_user = any(user.person_id == person.person_id for user in self.story.associates.values())
        changed = datetime.combine(self.story.today, datetime.min.time()).replace(hour=3)
        return {
            "PersonId": person.person_id, "Firstname": person.first_name, "MiddleName": person.middle_name,
            "Lastname": person.last_name, "Mrmrs": person.mr_mrs, "Title": person.title,
            "UpdatedDate": stamp(changed),
            "CreatedDate": stamp(changed), "BirthDate": stamp(None),
            "CreatedBy": self.user(person.associate_id),
            "Emails": _elements(*person.emails), "Description": "", "IsAssociate": is_user,
            "PrivatePhones": [],
            "Faxes": [], "MobilePhones": [], "OfficePhones": _elements(person.phone), "OtherPhones": [],
            "Position": None, "UpdatedBy": self.user(person.associate_id),
            "Contact": self.company_in(person.company_id),
            "Country": _country(lists.COUNTRIES[person.country_id]), "Interests": [],
            "PersonNumber": str(person.person_id), "FullName": person.full_name, "NoMailing": person.no_mail,
            "UsePersonAddress": False, "Retired": person.retired, "Urls": [],
            "FormalName": _formal_name(person),
            "Address": None, "Post3": "", "Post2": "", "Post1": "", "Kanalname": "", "Kanafname": "",
            "CorrespondingAssociate": None, "Category": None, "Business": None,
            "Associate": self.user(person.associate_id), "Salutation": person.academic, "ActiveInterests": 0,
            "SupportAssociate": None, "TicketPriority": None,
            "CustomerLanguage": {"Id": 1 if person.language == "de" else 2, "Value": person.language,
            "Tooltip": ""}
            | NO_RIGHTS,
            "ShipmentTypes": [], "Consents": consent_infos(person, self.language, changed),
            "BounceEmails": sorted(person.bounced), "Source": 0,
            "ActiveErpLinks": 0, **_EXTRA, **FULL_RIGHTS, "_Links": self._links("Person", person.person_id),
        }  # fmt: skip

    def document(self, card: Document, with_links: bool = True) -> JsonObject:
        """DocumentEntity, with `_Links` unless asked otherwise."""
        entity = {
            "DocumentId": card.document_id, "UpdatedBy": self.user(card.updated_by),
            "CreatedBy": self.user(card.created_by), "Attention": card.attention, "Header": card.header,
            "Name": card.name, "OurRef": card.our_ref, "YourRef": card.your_ref,
            "CreatedDate": stamp(card.created_at),
            "UpdatedDate": stamp(card.updated_at), "Description": card.description,
            "DocumentTemplate": template_in(card.template_id), "Person": self.person_in(card.person_id),
            "Associate": self.user(card.associate_id), "Contact": self.company_in(card.company_id),
            "Project": None,
            "Date": stamp(card.date),
            "ExternalRef": f"so-archive:{card.document_id}" if card.document_id else "",
            "Completed": card.completed, "ActiveLinks": 0, "Type": "Document", "Links": [],
            "LockSemantics": "None",
            "Sale": self.sale_in(card.sale_id), "SuggestedDocumentId": 0, "Snum": card.document_id,
            "VisibleFor": self._visible_for_all(), **_EXTRA, **_PUBLISHED,
            "TableRight": FULL_RIGHTS["TableRight"], "FieldProperties": _field_properties(),
        }  # fmt: skip
        return entity | {"_Links": self._links("Document", card.document_id)} if with_links else entity

    def appointment(self, card: Appointment, with_links: bool = True) -> JsonObject:
        """AppointmentEntity, with `_Links` unless asked otherwise."""
        entity = {
            "Associate": self.user(card.associate_id), "Contact": self.company_in(card.company_id),
            "CreatedBy": self.user(card.created_by), "UpdatedBy": self.user(card.updated_by),
            "CreatedDate": stamp(card.created_at), "AppointmentId": card.appointment_id,
            "Description": card.description, "Title": card.title, "Agenda": card.agenda, "InternalNotes": "",
            "StartDate": stamp(card.start), "EndDate": stamp(card.end), "InvitedPerson": None,
            "Person": self.person_in(card.person_id), "MotherId": 0, "Priority": None,
            "Private": card.private,
            "Project": None, "Type": card.kind, "UpdatedDate": stamp(card.updated_at),
            "Completed": card.completed,
            "ActiveLinks": 0, "Links": [], "AlarmLeadTime": "00:00:00", "HasAlarm": False, "ColorIndex": 0,
            "IsFree": False, "IsAlldayEvent": False, "LagTime": "00:00:00", "LeadTime": "00:00:00",
            "Location": card.location, "RejectCounter": 0, "RejectReason": "", "Recurrence": None,
            "Participants": [],
            "AssignmentStatus": "None", "InvitationStatus": "None", "BookingType": "None",
            "ActiveDate": stamp(card.start), "HasConflict": False, "AssignedBy": None,
            "MotherAssociate": None,
            "Task": next((item for item in lists.tasks(True) if item["TaskListItemId"] == card.task_id),
            None),
            "Sale": self.sale_in(card.sale_id), "SuggestedAppointmentId": 0, "IsMileStone": False,
            "CautionWarning": "OK", "OwnedExternally": "None", "VisibleFor": self._visible_for_all(),
            **_EXTRA, **_PUBLISHED, **FULL_RIGHTS,
        }  # fmt: skip
        return entity | {"_Links": self._links("Appointment", card.appointment_id)} if with_links else entity

    def _visible_for_all(self) -> list[JsonObject]:
        text = lists.VISIBLE_FOR_ALL.spoken(self.language)
        return [{"VisibleId": 0, "Visibility": "All", "DisplayValue": text} | NO_RIGHTS]

    def _links(self, resource: str, key: int) -> JsonObject:
        return {"Self": f"{self.api_url}/{resource}/{key}", "Archive": f"{self.api_url}/{resource}"}


def associate(user: Associate) -> JsonObject:
    """The Associate carrier of a user."""
    return {
        "AssociateId": user.associate_id, "Name": user.name, "PersonId": user.person_id,
        "Rank": user.associate_id,
        "Tooltip": user.full_name, "Type": user_type(user), "GroupIdx": user.group_id,
        "FullName": user.full_name,
        "FormalName": user.full_name, "Deleted": False, "EjUserId": 0, "UserName": user.email,
        "ExtraFields": {},
        "CustomFields": {},
    } | NO_RIGHTS  # fmt: skip


def user_type(user: Associate) -> str:
    return "SystemAssociate" if user.is_system else "InternalAssociate"


def template_in(template_id: int) -> JsonObject | None:
    """The embedded template carrier, whose `Deleted` is a number."""
    item = lists.TEMPLATES.get(template_id)
    if item is None:
        return None
    return {
        "DocumentTemplateId": item.template_id, "Name": item.name, "Tooltip": "", "SaveInDb": 0,
        "Filename": item.filename, "DefaultOref": "", "RecordType": item.record_type,
        "Deleted": int(item.deleted),
        "Direction": item.direction, "AutoeventId": 0, "QuoteDocType": item.quote_doc_type,
    } | NO_RIGHTS  # fmt: skip


def _country(country: lists.Country) -> JsonObject:
    return {
        "CountryId": country.country_id, "Name": country.name, "CurrencyId": country.currency_id,
        "EnglishName": country.name, "TwoLetterISOCountry": country.iso2,
        "ThreeLetterISOCountry": country.iso3,
        "ImageDescription": "", "OrgNrText": "", "InterAreaPrefix": "", "DialInPrefix": "", "ZipPrefix": "",
        "DomainName": country.iso2.lower(), "AddressLayoutId": 0, "DomesticAddressLayoutId": 0,
        "ForeignAddressLayoutId": 0, "Rank": 1, "Tooltip": "", "Deleted": False,
    } | NO_RIGHTS  # fmt: skip


def _elements(*values: str) -> list[JsonObject]:
    return [
        {"Value": value, "StrippedValue": value, "Description": ""} | NO_RIGHTS for value in values if value
    ]


def _own_fields(sale: Sale) -> JsonObject:
    """The user-defined fields of a sale; both maps have them, numbers are written with their type."""
    fields = {"SuperOffice:1": sale.product_note, "SuperOffice:2": f"[I:{sale.floor_space}]"}
    return {"UserDefinedFields": fields, "CustomFields": fields}


def _formal_name(person: Person) -> str:
    return " ".join(part for part in (person.mr_mrs, person.academic, person.full_name) if part)


def _field_properties() -> dict[str, Any]:
    right = {"Mask": "FULL", "Reason": ""}
    return {
        name: {"FieldRight": right, "FieldType": "System.String", "FieldLength": length}
        for name, length in DOCUMENT_LENGTHS.items()
    }
