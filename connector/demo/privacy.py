"""The consent operations, and the lists with the keys that consents are made of."""

from collections.abc import Iterable
from datetime import datetime, time

from connector.demo import people
from connector.demo.bodies import bad, json_object, text_in
from connector.demo.columns import stamp
from connector.demo.consents import LEGAL_BASES, PURPOSES, SOURCES, consent_infos, has_consent
from connector.demo.entities import associate
from connector.demo.lists import NO_RIGHTS, JsonObject, Language
from connector.demo.people import Person
from connector.demo.routing import Route, agent, one, reading
from connector.demo.serving import Reply, Request, json_reply
from connector.demo.story import Story


class PrivacyOperations:
    """Consents of persons, read only."""

    def __init__(self, story: Story) -> None:
        self.story = story
        self.since = datetime.combine(story.today, time(3))

    def routes(self) -> Iterable[Route]:
        yield Route("GET", "/Person/{personId}/Consent", self._consents)
        yield Route("GET", "/Person/{personId}/Consent/{purpose}", self._consent)
        yield agent("Person/GetConsentInfos", self._consents_by_body)
        yield agent("Person/HasConsent", self._has_consent)
        yield reading("/List/ConsentPurpose/Items", lambda request: self._purposes(request.language))
        yield reading("/List/LegalBase/Items", lambda request: _legal_bases(request.language))
        yield reading("/List/ConsentSource/Items", lambda request: _sources(request.language))

    def _consents(self, request: Request, key: str) -> Reply:
        person = one(self.story.persons, key, "Person")
        return json_reply(consent_infos(person, request.language, self.since))

    def _consent(self, request: Request, key: str) -> Reply:
        return json_reply(has_consent(one(self.story.persons, key, "Person"), request.values[1]))

    def _consents_by_body(self, request: Request) -> list[JsonObject]:
        return consent_infos(self._person(request), request.language, self.since)

    def _has_consent(self, request: Request) -> bool:
        return has_consent(self._person(request), text_in(json_object(request), "Purpose"))

    def _person(self, request: Request) -> Person:
        key = json_object(request).get("PersonId")
        if isinstance(key, bool) or not isinstance(key, int) or key not in self.story.persons:
            raise bad("The person does not exist")
        return self.story.persons[key]

    def _purposes(self, language: Language) -> list[JsonObject]:
        user = associate(people.USERS[people.API_USER_ID])
        return [
            {
                "ConsentPurposeId": key, "Name": name.spoken(language), "ConsentText": "", "FormText": "",
                "Key": code, "Tooltip": "", "Active": 1, "UpdatedDate": stamp(self.since), "UpdatedBy": user,
                "Deleted": False, "Rank": key, "PrivacyStatementDesc": "", "PrivacyStatementUrl": "",
            } | NO_RIGHTS
            for key, (code, name) in PURPOSES.items()
        ]  # fmt: skip


def _legal_bases(language: Language) -> list[JsonObject]:
    return [
        {
            "LegalBaseId": key, "Name": name.spoken(language), "Tooltip": "", "Rank": key, "Key": code,
            "Deleted": False,
        } | NO_RIGHTS
        for key, (code, name) in LEGAL_BASES.items()
    ]  # fmt: skip


def _sources(language: Language) -> list[JsonObject]:
    return [
        {
            "ConsentSourceId": key, "Name": name.spoken(language), "Tooltip": "", "Rank": key, "Key": code,
            "MailTemplateId": 0, "Deleted": False,
        } | NO_RIGHTS
        for key, (code, name) in SOURCES.items()
    ]  # fmt: skip
