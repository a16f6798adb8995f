"""All operations of the web API in one place, and those about sales, companies, persons and follow-ups."""

from collections.abc import Iterable

from connector.demo import list_operations
from connector.demo.acting_operations import ActingOperations
from connector.demo.appointments import Appointments
from connector.demo.archives import Archives
from connector.demo.automation_operations import AutomationOperations
from connector.demo.bodies import json_object
from connector.demo.document_operations import DocumentOperations
from connector.demo.entities import Carriers
from connector.demo.faults import Faults
from connector.demo.foreign_key_operations import ForeignKeyOperations
from connector.demo.lists import JsonObject
from connector.demo.people import Company, Person
from connector.demo.privacy import PrivacyOperations
from connector.demo.providers import Providers
from connector.demo.quote_operations import QuoteOperations
from connector.demo.rights import Right, Rights
from connector.demo.routing import NO_CONTENT, Route, entity, one, reading
from connector.demo.sales import default_sale, problems_of_sale
from connector.demo.serving import ApiError, Reply, Request, json_reply
from connector.demo.store import Store
from connector.demo.story import Sale, Story
from connector.demo.user_operations import UserOperations


class Operations:
    """Everything the tenant can do, as routes."""

    def __init__(self, story: Story, store: Store, faults: Faults) -> None:
        self.story = story
        self.rights = Rights(faults)
        self.appointments = Appointments(story, store)
        self.archives = Archives(story, store, faults)
        self._rooms = (
            self.archives,
            DocumentOperations(story, store, faults),
            ForeignKeyOperations(story, store),
            UserOperations(faults),
            QuoteOperations(story),
            PrivacyOperations(story),
            AutomationOperations(story),
            ActingOperations(faults),
        )

    @property
    def providers(self) -> Providers:
        return self.archives.providers

    @providers.setter
    def providers(self, providers: Providers) -> None:
        self.archives.providers = providers

    def routes(self) -> Iterable[Route]:
        """All routes; the first that fits a path answers it."""
        for room in self._rooms:
            yield from room.routes()
        yield from list_operations.routes()
        yield from self._entity_routes()

    def _entity_routes(self) -> Iterable[Route]:
        yield reading("/Sale/default", self._default_sale)
        yield Route("POST", "/Sale/Validate", self._validate_sale)
        yield Route("GET", "/Sale/{id}", self._sale)
        yield Route("GET", "/Sale/{id}/Simple", self._simple_sale)
        yield Route("GET", "/Contact/{id}", self._company)
        yield Route("GET", "/Person/{id}", self._person)
        yield reading("/Appointment/default", self._default_appointment)
        yield Route("POST", "/Appointment", self._create_appointment)
        yield Route("POST", "/Appointment/Validate", self._validate_appointment)
        yield Route("GET", "/Appointment/{id}", self._appointment)
        yield Route("DELETE", "/Appointment/{id}", self._delete_appointment)

    def _carriers(self, request: Request) -> Carriers:
        return Carriers(self.story, request.language, request.api_url)

    # Sales, companies, persons

    def _default_sale(self, request: Request) -> JsonObject:
        sale = default_sale(self.story, request.user.associate_id)
        return self._carriers(request).sale(sale, with_links=False)

    def _validate_sale(self, request: Request, _: str) -> Reply:
        return json_reply(problems_of_sale(self.story, json_object(request)))

    def _sale(self, request: Request, key: str) -> Reply:
        sale = self._visible_sale(request, key)
        return entity(request, sale.updated_at, lambda: self._carriers(request).sale(sale))

    def _simple_sale(self, request: Request, key: str) -> Reply:
        return json_reply(self._carriers(request).sale_in(self._visible_sale(request, key).sale_id))

    def _visible_sale(self, request: Request, key: str) -> Sale:
        self.rights.demand(request.user, "sale", Right.SELECT)
        sale: Sale = one(self.story.sales, key, "Sale")
        if not self.archives.is_visible(request.user, sale.sale_id):
            raise ApiError(403, "SoSecurityException", f"Sale id {key} is not visible to the user")
        return sale

    def _company(self, request: Request, key: str) -> Reply:
        self.rights.demand(request.user, "contact", Right.SELECT)
        company: Company = one(self.story.companies, key, "Contact")
        return entity(request, None, lambda: self._carriers(request).company(company))

    def _person(self, request: Request, key: str) -> Reply:
        self.rights.demand(request.user, "person", Right.SELECT)
        person: Person = one(self.story.persons, key, "Person")
        return entity(request, None, lambda: self._carriers(request).person(person))

    # Follow-ups

    def _default_appointment(self, request: Request) -> JsonObject:
        card = self.appointments.default(request.user.associate_id)
        return self._carriers(request).appointment(card, with_links=False)

    def _validate_appointment(self, request: Request, _: str) -> Reply:
        return json_reply(self.appointments.problems(json_object(request)))

    def _create_appointment(self, request: Request, _: str) -> Reply:
        self.rights.demand(request.user, "appointment", Right.INSERT)
        card = self.appointments.create(request, json_object(request))
        return entity(request, None, lambda: self._carriers(request).appointment(card))

    def _appointment(self, request: Request, key: str) -> Reply:
        self.rights.demand(request.user, "appointment", Right.SELECT)
        card = self.appointments.get(int(key))
        return entity(request, card.updated_at, lambda: self._carriers(request).appointment(card))

    def _delete_appointment(self, request: Request, key: str) -> Reply:
        self.rights.demand(request.user, "appointment", Right.DELETE)
        self.appointments.delete(request, int(key))
        return NO_CONTENT
