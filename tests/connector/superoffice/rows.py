"""Rows and entities in the shape of recorded answers."""

from typing import Any


def sale_row(number: int, **changes: Any) -> dict[str, Any]:
    row = {
        "PrimaryKey": str(number),
        "EntityName": "sale",
        "saleId": number,
        "saleNumber": f"S-{number}",
        "heading": "2 x OMNIE CD-01",
        "sale/description": "Für die Messe",
        "contactId": 25,
        "contact/name": "Erfunden GmbH",
        "contact/department": "Einkauf",
        "contact/contactNoMail": False,
        "contact/stop": False,
        "personId": 63,
        "person/fullName": "Inga Erdacht",
        "person/email/emailAddress": "inga@erfunden.example",
        "person/email/emailHasBounced": False,
        "person/personNoMail": False,
        "person/retired": False,
        "associate/associateDbId": 5,
        "associate/fullName": "Anna Muster",
        "associate/assocName": "AM",
        "amount": 1499.9,
        "currency": "EUR",
        "saleStatus": "Open",
        "saleType": "Repeat order",
        "probPercent": "50",
        "stage": "Offer (50%)",
        "date": "2026-03-31T00:00:00",
        "registeredDate": "2026-03-01T07:15:00",
        "updatedDate": "2026-04-01T22:30:15",
        "hasQuote": True,
    }
    return {**row, **changes}


def listing(*rows: dict[str, Any], next_link: str | None = None) -> dict[str, Any]:
    return {"odata.metadata": "…", "odata.nextLink": next_link, "value": list(rows)}


def person_entity(number: int, **changes: Any) -> dict[str, Any]:
    entity = {
        "PersonId": number,
        "Firstname": "Inga",
        "MiddleName": "",
        "Lastname": "Erdacht",
        "FullName": "Inga Erdacht",
        "Mrmrs": "Frau",
        "Title": "Einkauf",
        "Salutation": "Dr.",
        "Emails": [{"Value": "inga@erfunden.example"}, {"Value": " zweite@erfunden.example "}, {"Value": ""}],
        "BounceEmails": [],
        "Contact": {"ContactId": 25, "Name": "Erfunden GmbH"},
        "CustomerLanguage": {"Id": 2, "Value": "German"},
        "Country": {"CountryId": 49, "TwoLetterISOCountry": "DE"},
        "NoMailing": False,
        "Retired": False,
    }
    return {**entity, **changes}
