"""The tenant's lists, with the wordings that the web API gives in each language."""

from dataclasses import dataclass
from typing import Any, Literal

Language = Literal["raw", "en", "de"]
JsonObject = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Wording:
    """A display text: the raw resource or multi-language string, and what each language makes of it."""

    raw: str
    en: str
    de: str

    def spoken(self, language: Language) -> str:
        if language == "raw":
            return self.raw
        return self.de if language == "de" else self.en


def _list_name(en: str, de: str) -> Wording:
    """A name as an administrator types it for several languages into one field."""
    return Wording(f'US:"{en}";GE:"{de}"', en, de)


NOTHING = Wording("", "", "")

SALE_STATUSES = {
    1: Wording("[SR_SALE_OPEN]", "Open", "Offen"),
    2: Wording("[SR_SALE_SOLD]", "Sold", "Verkauft"),
    3: Wording("[SR_SALE_LOST]", "Lost", "Verloren"),
    4: Wording("[SR_SALE_STALLED]", "Stalled", "Zurückgestellt"),
}
SALE_STATUS_NAMES = {1: "Open", 2: "Sold", 3: "Lost", 4: "Stalled"}
VISIBLE_FOR_ALL = Wording("[SR_VFC_ALL]", "All", "Alle")
MAIL_RECORD_TYPE = Wording("[SR_AR_EMAIL]", "E-mail", "E-Mail")
DOCUMENT_RECORD_TYPE = Wording("[SR_AR_DOCUMENT]", "Document", "Dokument")

# Stage id -> wording, probability in percent. "prob" is the list's name inside SuperOffice.
STAGES: dict[int, tuple[Wording, int]] = {
    1: (_list_name("First contact", "Erstkontakt"), 10),
    2: (_list_name("Site visit", "Objektbegehung"), 25),
    3: (_list_name("Demonstration", "Vorführung"), 40),
    4: (_list_name("Offer sent", "Angebot versendet"), 60),
    5: (_list_name("Negotiation", "Verhandlung"), 80),
    6: (_list_name("Decided", "Entschieden"), 100),
}
SALE_TYPES = {
    1: _list_name("New business", "Neugeschäft"),
    2: _list_name("Repeat order", "Folgeauftrag"),
    3: _list_name("Service", "Service"),
    4: _list_name("Rental", "Miete"),
}
SOURCES = {
    0: NOTHING,
    1: _list_name("Trade fair", "Messe"),
    2: _list_name("Website", "Webseite"),
    3: _list_name("Recommendation", "Empfehlung"),
}
LOSS_REASONS = {0: NOTHING, 1: _list_name("Price", "Preis"), 2: _list_name("Competitor", "Wettbewerber")}
CATEGORIES = {
    0: NOTHING,
    1: _list_name("Customer", "Kunde"),
    2: _list_name("Prospect", "Interessent"),
    3: _list_name("Partner", "Partner"),
}
BUSINESSES = {
    0: NOTHING,
    1: _list_name("Building cleaning", "Gebäudereinigung"),
    2: _list_name("Hospital", "Krankenhaus"),
    3: _list_name("Retail", "Handel"),
    4: _list_name("Logistics", "Logistik"),
    5: _list_name("Public sector", "Öffentliche Hand"),
}
# Currency id -> code, rate into the base currency (EUR).
CURRENCIES: dict[int, tuple[str, float]] = {1: ("EUR", 1.0), 2: ("CHF", 1.04), 3: ("GBP", 1.17)}


@dataclass(frozen=True, slots=True)
class Country:
    """A country with its id, English name, ISO codes and the currency its sales are made in."""

    country_id: int
    name: str
    iso2: str
    iso3: str
    currency_id: int


COUNTRIES = {
    country.country_id: country
    for country in (
        Country(276, "Germany", "DE", "DEU", 1),
        Country(40, "Austria", "AT", "AUT", 1),
        Country(756, "Switzerland", "CH", "CHE", 2),
        Country(826, "United Kingdom", "GB", "GBR", 3),
    )
}

# Id, name, deleted. The keyword list of a report usually begins from these.
PRODUCT_FAMILIES = (
    (1, "OMNIE", False),
    (2, "KIRA", False),
    (3, "SCRUBBER", False),
    (4, "Zubehör & Verbrauchsmaterial", False),
    (5, "Dienstleistung", False),
    (6, "Vermietung", False),
    (7, "Altgeräte (bis 2019)", True),
)


@dataclass(frozen=True, slots=True)
class Template:
    """A document template. Record type and direction, not the document, decide what is an e-mail."""

    template_id: int
    name: str
    filename: str
    record_type: str
    direction: str
    rank: int
    mime_type: str = "message/rfc822"
    quote_doc_type: str = "None"
    privacy_doc_type: str = "None"
    invitation_doc_type: str = "None"
    deleted: bool = False

    @property
    def is_mail(self) -> bool:
        return self.record_type == "Email"


_WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
TEMPLATES = {
    template.template_id: template
    for template in (
        Template(1, "Brief", "Brief.docx", "Document", "Outgoing", 1, _WORD),
        Template(
            2, "Angebot", "Angebot.docx", "Document", "Outgoing", 2, _WORD, quote_doc_type="MainDocument"
        ),
        Template(3, "Fax", "Fax.docx", "Fax", "Outgoing", 3, _WORD),
        Template(5, "E-Mail ausgehend (alt)", "mailalt.somail", "Email", "Outgoing", 4, deleted=True),
        Template(6, "Angebotsmail", "angebot.somail", "Email", "Outgoing", 5, quote_doc_type="MailBody"),
        Template(
            7,
            "Datenschutz-Info",
            "privacy.somail",
            "Email",
            "Outgoing",
            6,
            privacy_doc_type="PersonRegistered",
        ),
        Template(8, "Einladung", "invite.somail", "Email", "Outgoing", 7, invitation_doc_type="New"),
        Template(9, "E-Mail ausgehend", "ut-mail.somail", "Email", "Outgoing", 8),
        Template(10, "E-Mail ausgehend (Serienbrief)", "serie.somail", "Email", "Outgoing", 9),
        Template(11, "E-Mail eingehend", "inn-mail.somail", "Email", "Incoming", 10),
    )
}

# Id, name, type, direction, deleted.
TASKS = (
    (1, "Besprechung", "Appointment", "Unknown", False),
    (2, "Anruf ausgehend", "Phone", "Outgoing", False),
    (3, "Aufgabe", "ToDo", "Unknown", False),
    (4, "Anruf eingehend", "Phone", "Incoming", False),
    (5, "Vorführung vor Ort", "Appointment", "Unknown", False),
    (6, "Messe", "Appointment", "Unknown", True),
)
TASK_TYPES = {task_id: kind for task_id, _name, kind, _direction, _deleted in TASKS}

NO_RIGHTS: JsonObject = {"TableRight": None, "FieldProperties": {}}


def product_families(include_deleted: bool) -> list[JsonObject]:
    return [
        {"Id": key, "Name": name, "Tooltip": "", "Deleted": deleted, "UdListDefinitionId": 320, "Rank": key}
        | NO_RIGHTS
        for key, name, deleted in PRODUCT_FAMILIES
        if include_deleted or not deleted
    ]


def product_family_choices() -> list[JsonObject]:
    return [
        choice(key, name, rank)
        for rank, (key, name, deleted) in enumerate(PRODUCT_FAMILIES, 1)
        if not deleted
    ]


def choice(key: int, name: str, rank: int) -> JsonObject:
    return {
        "Id": key, "Name": name, "ToolTip": "", "Deleted": False, "Rank": rank, "Type": "", "ChildItems": [],
        "IconHint": "", "ColorBlock": 0, "ExtraInfo": "", "StyleHint": "", "FullName": name,
    } | NO_RIGHTS  # fmt: skip


def document_templates(include_deleted: bool) -> list[JsonObject]:
    return [_template(item) for item in TEMPLATES.values() if include_deleted or not item.deleted]


def _template(item: Template) -> JsonObject:
    return {
        "DocumentTemplateId": item.template_id, "Name": item.name, "Tooltip": "", "SaveInDb": 0,
        "Filename": item.filename, "DefaultOref": "", "RecordType": item.record_type, "Deleted": item.deleted,
        "Direction": item.direction, "AutoeventId": 0, "IntentId": 0, "IsDefaultPublished": False,
        "Rank": item.rank, "LoadTemplateFromPlugin": 0, "MimeType": item.mime_type, "IsInUseInGuides": False,
        "DocumentTypeKey": 0, "QuoteDocType": item.quote_doc_type, "PrivacyDocType": item.privacy_doc_type,
        "EmailSubject": "", "IncludeSignature": True, "ShowCurrents": True,
        "SenderEmailMode": "UseDefaultSender",
        "SenderEmailAddress": "", "InvitationDocType": item.invitation_doc_type,
    } | NO_RIGHTS  # fmt: skip


def tasks(include_deleted: bool) -> list[JsonObject]:
    return [
        {
            "TaskListItemId": key, "Value": name, "Direction": direction, "Type": kind, "Tooltip": "",
            "Deleted": deleted, "IntentId": 0, "Rank": key, "IsDefaultAlldayEvent": False,
            "IsDefaultFree": False,
            "IsDefaultPublished": False, "ColorIndex": "LightBlue", "DefaultVideomeetingStatus": "NoChange",
        } | NO_RIGHTS
        for key, name, kind, direction, deleted in TASKS
        if include_deleted or not deleted
    ]  # fmt: skip


def currencies() -> list[JsonObject]:
    return [
        {
            "CurrencyId": key,
            "Name": code,
            "Tooltip": "",
            "Rank": key,
            "Rate": rate,
            "Units": 1.0,
            "Deleted": False,
        }
        | NO_RIGHTS
        for key, (code, rate) in CURRENCIES.items()
    ]


def stages(language: Language) -> list[JsonObject]:
    return [
        {
            "SaleStageId": key, "Value": wording.spoken(language), "Tooltip": "", "Probability": probability,
            "Deleted": False, "Rank": key,
        } | NO_RIGHTS
        for key, (wording, probability) in STAGES.items()
    ]  # fmt: skip


def sale_types(language: Language) -> list[JsonObject]:
    return [
        {
            "SaleTypeId": key, "Name": wording.spoken(language), "Tooltip": "", "Rank": key,
            "DurationUnit": "Day",
            "SaleDuration": 90, "SaleTypeCatId": 0, "Deleted": False, "HasGuide": False,
            "HasStakeholders": False,
            "IsAutoAdvance": False, "AllowQuoteAlternatives": True, "DefaultQuoteValidity": 30, "Stages": [],
        } | NO_RIGHTS
        for key, wording in SALE_TYPES.items()
    ]  # fmt: skip


def base_time_zone() -> JsonObject:
    """The zone in which business dates are stored: Central European Time. Offsets are minutes east of UTC."""
    standard = {"StartDay": 0, "StartMonth": 10, "EndDay": 0, "EndMonth": 3, "TZOffset": 60,
                "StartRulePattern": "lastSun", "EndRulePattern": "lastSun"}  # fmt: skip
    summer = {"StartDay": 0, "StartMonth": 3, "EndDay": 0, "EndMonth": 10, "TZOffset": 120,
              "StartRulePattern": "lastSun", "EndRulePattern": "lastSun"}  # fmt: skip
    return {
        "TZLocationID": 164, "Name": "Europe/Berlin", "TZLocationCode": "DE",
        "TZLocationCities": "Berlin, Köln",
        "IsoNumber": 276, "TimeZoneSTDRules": {"1996": standard}, "TimeZoneDSTRules": {"1996": summer},
    }  # fmt: skip
