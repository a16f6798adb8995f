"""Consents: what each person has agreed to. Keys are compared, names are translated."""

from dataclasses import dataclass
from datetime import datetime

from connector.demo.columns import stamp
from connector.demo.lists import NO_RIGHTS, JsonObject, Language, Wording
from connector.demo.people import Person

PURPOSES = {
    1: ("STORE", Wording("[SR_CONSENT_STORE]", "To store personal data", "Personendaten speichern")),
    2: ("EMARKETING", Wording("[SR_CONSENT_EMARKETING]", "E-marketing", "E-Marketing")),
}
LEGAL_BASES = {
    1: ("61A", Wording("[SR_LEGALBASE_61A]", "Consent", "Einwilligung")),
    2: ("61B", Wording("[SR_LEGALBASE_61B]", "Contract", "Vertrag")),
    3: ("61F", Wording("[SR_LEGALBASE_61F]", "Legitimate interest", "Berechtigtes Interesse")),
    4: ("WITHDRAWN", Wording("[SR_LEGALBASE_WITHDRAWN]", "Withdrawn", "Widerrufen")),
}
SOURCES = {
    1: ("USER", Wording("[SR_CONSENTSOURCE_USER]", "User", "Benutzer")),
    2: ("WEBFORM", Wording("[SR_CONSENTSOURCE_WEBFORM]", "Web form", "Webformular")),
    3: ("API", Wording("[SR_CONSENTSOURCE_API]", "API", "API")),
}


@dataclass(frozen=True, slots=True)
class Consent:
    """One row of a person's consents; a withdrawn one stays in the list. Ids are those of the lists above."""

    consent_id: int
    purpose_id: int
    legal_base_id: int
    source_id: int

    @property
    def is_withdrawn(self) -> bool:
        return LEGAL_BASES[self.legal_base_id][0] == "WITHDRAWN"


def consents_of(person: Person) -> list[Consent]:
    """What a person has agreed to, in keeping with the columns of the Person archive."""
    found = [Consent(2 * person.person_id, 1, 2 if person.company_id else 3, 3)]
    if person.withdrew_emarketing:
        found.append(Consent(2 * person.person_id + 1, 2, 4, 1))
    elif person.agreed_to_emarketing:
        found.append(Consent(2 * person.person_id + 1, 2, 1, 2))
    return found


def has_consent(person: Person, purpose: str) -> bool:
    """Whether there is a consent for the purpose (by its key) that was not withdrawn."""
    return any(
        PURPOSES[item.purpose_id][0] == purpose.upper() and not item.is_withdrawn
        for item in consents_of(person)
    )


def consent_infos(person: Person, language: Language, since: datetime) -> list[JsonObject]:
    """The ConsentInfo carriers of a person, withdrawn ones included."""
    return [_carrier(person, item, language, since) for item in consents_of(person)]


def _carrier(person: Person, item: Consent, language: Language, since: datetime) -> JsonObject:
    purpose, base = PURPOSES[item.purpose_id], LEGAL_BASES[item.legal_base_id]
    source = SOURCES[item.source_id]
    return {
        "ConsentPersonId": item.consent_id, "Comment": "", "Registered": stamp(since),
        "RegisteredAssociateId": person.associate_id, "Updated": stamp(since),
        "UpdatedAssociateId": person.associate_id,
        "LegalBaseId": item.legal_base_id, "LegalBaseKey": base[0], "LegalBaseName": base[1].spoken(language),
        "ConsentPurposeId": item.purpose_id, "ConsentPurposeKey": purpose[0],
        "ConsentPurposeName": purpose[1].spoken(language),
        "ConsentSourceId": item.source_id, "ConsentSourceKey": source[0],
        "ConsentSourceName": source[1].spoken(language),
    } | NO_RIGHTS  # fmt: skip
