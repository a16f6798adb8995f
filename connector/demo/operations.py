"""The operations of the web API, each with its verb and its path after `/api/v1`."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from connector.demo import archive_queries, entities, lists, people
from connector.demo.appointments import Appointments
from connector.demo.archive_queries import Provider
from connector.demo.bodies import is_unmodified, json_body, json_object, patched
from connector.demo.documents import Documents, as_base64
from connector.demo.entities import Carriers
from connector.demo.filters import QueryError, Surroundings
from connector.demo.lists import JsonObject
from connector.demo.providers import Providers
from connector.demo.serving import ApiError, Reply, Request, json_reply
from connector.demo.store import Store
from connector.demo.story import Story

NO_CONTENT = Reply(204)
Operation = Callable[[Request, str], Reply]
_RESOURCES = {
    "Sale": "FindSale", "Contact": "SimpleContact", "Person": "Person", "Document": "FindDocument",
    "Appointment": "FindAppointment", "User": "AllUsers",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Route:
    """One operation: verb, path after `/api/v1` with `{id}` for a number and `{name}` for a word, and what does it."""

    method: str
    path: str
    run: Operation
    pattern: re.Pattern[str] = field(init=False)

    def __post_init__(self) -> None:
        pattern = re.escape(self.path).replace(r"\{id\}", r"(\d{1,9})").replace(r"\{name\}", r"([A-Za-z]+)")
        object.__setattr__(self, "pattern", re.compile(pattern, re.IGNORECASE))


class Operations:
    """Everything the tenant can do, as routes. `root` is the tenant's address, set when the port is known."""

    def __init__(self, story: Story, store: Store) -> None:
        self.story = story
        self.root = ""
        self.providers = Providers(story, store)
        self.documents = Documents(story, store)
        self.appointments = Appointments(story, store)
        self.around = Surroundings(story.today, people.API_USER_ID)

    @property
    def api_url(self) -> str:
        return f"{self.root}/api/v1"

    def routes(self) -> Iterable[Route]:
        """All routes; the first that fits a path answers it."""
        yield from self._archive_routes()
        yield from self._entity_routes()
        yield from self._document_routes()
        yield from self._list_routes()
        yield from self._user_routes()

    # Archives

    def _archive_routes(self) -> Iterable[Route]:
        for resource, provider in _RESOURCES.items():
            yield Route("GET", f"/{resource}", self._archive_of(provider))
        yield Route("GET", "/Archive", lambda request, _: json_reply(self._archive_names()))
        yield Route(
            "GET", "/Archive/{name}", lambda request, name: self._archive(request, name, extended=True)
        )
        yield Route("GET", "/Archive/{name}/$metadata", self._metadata)
        yield Route("GET", "/Archive/{name}$metadata", self._metadata)
        yield Route("GET", "/Contact/{id}/Persons", self._people_of_company)
        yield Route("GET", "/Contact/{id}/Sales", self._sales_of_company)

    def _archive_of(self, provider: str) -> Operation:
        return lambda request, _: self._archive(request, provider)

    def _archive(self, request: Request, name: str, extended: bool = False) -> Reply:
        provider = self.providers.all().get(name.lower())
        if provider is None:
            raise ApiError(404, "SoNotFoundException", f"Archive provider '{name}' not found")
        return self._listed(request, provider, extended)

    def _listed(self, request: Request, provider: Provider, extended: bool = False) -> Reply:
        try:
            query = archive_queries.read_query(request.query, extended)
            text = archive_queries.answer(provider, query, request.language, self.around, self.api_url)
        except QueryError as error:
            raise ApiError(400, "ArgumentException", str(error)) from None
        return Reply(200, text.encode())

    def _metadata(self, request: Request, name: str) -> Reply:
        provider = self.providers.all().get(name.lower())
        if provider is None:
            raise ApiError(404, "SoNotFoundException", f"Archive provider '{name}' not found")
        return Reply(200, archive_queries.describe(provider, self.api_url).encode())

    def _archive_names(self) -> JsonObject:
        value = [
            {"name": item.name, "url": f"{self.api_url}/Archive/{item.name}"}
            for item in self.providers.all().values()
        ]
        return {"odata.metadata": f"{self.api_url}/Archive/$metadata", "value": value}

    def _people_of_company(self, request: Request, key: str) -> Reply:
        return self._listed(request, self.providers.people_of(_one(self.story.companies, key, "Contact")))

    def _sales_of_company(self, request: Request, key: str) -> Reply:
        return self._listed(request, self.providers.sales_of(_one(self.story.companies, key, "Contact")))

    # Entities

    def _entity_routes(self) -> Iterable[Route]:
        yield Route("GET", "/Sale/{id}", self._sale)
        yield Route("GET", "/Sale/{id}/Simple", self._simple_sale)
        yield Route("GET", "/Contact/{id}", self._company)
        yield Route("GET", "/Person/{id}", self._person)
        yield Route("GET", "/Appointment/default", self._default_appointment)
        yield Route("POST", "/Appointment", self._create_appointment)
        yield Route(
            "POST",
            "/Appointment/Validate",
            lambda request, _: json_reply(self.appointments.problems(json_object(request))),
        )
        yield Route("GET", "/Appointment/{id}", self._appointment)
        yield Route("DELETE", "/Appointment/{id}", self._delete_appointment)

    def _carriers(self, request: Request) -> Carriers:
        return Carriers(self.story, request.language, self.api_url)

    def _sale(self, request: Request, key: str) -> Reply:
        sale = _one(self.story.sales, key, "Sale")
        return _entity(request, sale.updated_at, lambda: self._carriers(request).sale(sale))

    def _simple_sale(self, request: Request, key: str) -> Reply:
        _one(self.story.sales, key, "Sale")
        return json_reply(self._carriers(request).sale_in(int(key)))

    def _company(self, request: Request, key: str) -> Reply:
        company = _one(self.story.companies, key, "Contact")
        return _entity(request, None, lambda: self._carriers(request).company(company))

    def _person(self, request: Request, key: str) -> Reply:
        person = _one(self.story.persons, key, "Person")
        return _entity(request, None, lambda: self._carriers(request).person(person))

    def _default_appointment(self, request: Request, _: str) -> Reply:
        return json_reply(self._carriers(request).appointment(self.appointments.default(), with_links=False))

    def _create_appointment(self, request: Request, _: str) -> Reply:
        card = self.appointments.create(json_object(request))
        return _entity(request, None, lambda: self._carriers(request).appointment(card))

    def _appointment(self, request: Request, key: str) -> Reply:
        card = self.appointments.get(int(key))
        return _entity(request, card.updated_at, lambda: self._carriers(request).appointment(card))

    def _delete_appointment(self, request: Request, key: str) -> Reply:
        self.appointments.delete(request, int(key))
        return NO_CONTENT

    # Documents

    def _document_routes(self) -> Iterable[Route]:
        yield Route("GET", "/Document/default", self._default_document)
        yield Route("POST", "/Document", self._create_document)
        yield Route(
            "POST",
            "/Document/Validate",
            lambda request, _: json_reply(self.documents.problems(json_object(request))),
        )
        yield Route(
            "GET", "/Document/Plugin", lambda request, _: json_reply({"0": "SuperOffice document archive"})
        )
        yield Route("GET", "/Document/{id}", self._document)
        yield Route("PUT", "/Document/{id}", self._replace_document)
        yield Route("PATCH", "/Document/{id}", self._patch_document)
        yield Route("DELETE", "/Document/{id}", self._delete_document)
        yield Route("PUT", "/Document/{id}/Content", self._upload)
        yield Route("GET", "/Document/{id}/Content", self._download)
        yield Route("POST", "/Document/{id}/Content", self._generate)
        yield Route(
            "GET",
            "/Document/{id}/Length",
            lambda request, key: json_reply(self.documents.get(int(key)).length),
        )
        yield Route("GET", "/Document/{id}/Lock", self._lock)

    def _default_document(self, request: Request, _: str) -> Reply:
        return json_reply(self._carriers(request).document(self.documents.default(), with_links=False))

    def _create_document(self, request: Request, _: str) -> Reply:
        card = self.documents.create(json_object(request))
        return _entity(request, None, lambda: self._carriers(request).document(card))

    def _document(self, request: Request, key: str) -> Reply:
        card = self.documents.get(int(key))
        return _entity(request, card.updated_at, lambda: self._carriers(request).document(card))

    def _replace_document(self, request: Request, key: str) -> Reply:
        card = self.documents.replace(request, int(key), json_object(request))
        return _entity(request, None, lambda: self._carriers(request).document(card))

    def _patch_document(self, request: Request, key: str) -> Reply:
        patch = json_body(request)
        entity = self._carriers(request).document(self.documents.get(int(key)), with_links=False)
        card = self.documents.replace(request, int(key), patched(entity, patch))
        return _entity(request, None, lambda: self._carriers(request).document(card))

    def _delete_document(self, request: Request, key: str) -> Reply:
        self.documents.delete(request, int(key))
        return NO_CONTENT

    def _upload(self, request: Request, key: str) -> Reply:
        card = self.documents.upload(request, int(key))
        return json_reply(self._carriers(request).document(card, with_links=False))

    def _download(self, request: Request, key: str) -> Reply:
        content = self.documents.content(int(key))
        if request.accepts("octet-stream", "*/*") or not request.accepts("json"):
            return Reply(200, content, "application/octet-stream")
        return Reply(200, as_base64(content))

    def _generate(self, request: Request, key: str) -> Reply:
        card = self.documents.generate(int(key))
        return json_reply(self._carriers(request).document(card, with_links=False))

    def _lock(self, request: Request, key: str) -> Reply:
        self.documents.get(int(key))
        return json_reply({"State": "LockingNotSupported", "AssociateId": 0, "Name": ""})

    # Lists

    def _list_routes(self) -> Iterable[Route]:
        yield _list("ProductFamily", lambda request: lists.product_families(_deleted_too(request)))
        yield _list("DocumentTemplate", lambda request: lists.document_templates(_deleted_too(request)))
        yield _list("Task", lambda request: lists.tasks(_deleted_too(request)))
        yield _list("Currency", lambda request: lists.currencies())
        yield _list("Rating", lambda request: lists.stages(request.language))
        yield _list("SaleType", lambda request: lists.sale_types(request.language))
        yield Route(
            "GET",
            "/List/ProductFamily/MDOItems",
            lambda request, _: json_reply(lists.product_family_choices()),
        )
        yield Route("GET", "/TimeZone/base", lambda request, _: json_reply(lists.base_time_zone()))
        yield Route("GET", "/TimeZone/current", lambda request, _: json_reply(lists.base_time_zone()))

    # Users and rights

    def _user_routes(self) -> Iterable[Route]:
        user = people.ASSOCIATES[people.API_USER_ID]
        yield Route("GET", "/User/currentPrincipal", lambda request, _: json_reply(entities.principal(user)))
        yield Route("GET", "/User/currentAssociate", lambda request, _: json_reply(entities.associate(user)))
        yield Route("POST", "/Agents/Associate/GetAssociate", self._associate)
        yield Route("POST", "/Agents/Associate/GetAssociateList", self._associates)
        yield Route("POST", "/Agents/Sentry/GetNewTableRight", self._table_right)
        yield Route(
            "POST",
            "/Agents/Sentry/GetFunctionRights",
            lambda request, _: json_reply(entities.function_rights()),
        )
        yield Route("POST", "/Agents/Sentry/HasFunctionRight", self._has_function_right)
        yield Route("POST", "/Agents/Configuration/GetCRMUrl", self._crm_url)

    def _associate(self, request: Request, _: str) -> Reply:
        wanted = {name.lower(): value for name, value in request.query.items()}.get("associateid", "")
        user = people.ASSOCIATES.get(int(wanted)) if wanted.isascii() and wanted.isdigit() else None
        return json_reply(entities.associate(user) if user else None)

    def _associates(self, request: Request, _: str) -> Reply:
        wanted = json_body(request)
        if not isinstance(wanted, list):
            raise ApiError(400, "ArgumentException", "A list of ids is expected")
        return json_reply(
            [entities.associate(people.ASSOCIATES[key]) for key in wanted if key in people.ASSOCIATES]
        )

    def _table_right(self, request: Request, _: str) -> Reply:
        table = str(json_object(request).get("TableName", "")).lower()
        masks = {
            "document": "FULL",
            "appointment": "URI",
            "sale": "Select",
            "contact": "Select",
            "person": "Select",
        }
        return json_reply({"Mask": masks.get(table, "None"), "Reason": ""})

    def _has_function_right(self, request: Request, _: str) -> Reply:
        return json_reply(json_object(request).get("FunctionRight") in entities.function_rights())

    def _crm_url(self, request: Request, _: str) -> Reply:
        return json_reply(f"{self.root}/default.aspx?{json_object(request).get('SoProtocol') or ''}")


def _one(found: dict[int, Any], key: str, what: str) -> Any:
    if int(key) not in found:
        raise ApiError(404, "SoNotFoundException", f"{what} id {key} not found")
    return found[int(key)]


def _entity(request: Request, updated_at: datetime | None, build: Callable[[], JsonObject]) -> Reply:
    """An entity, or 304 when the caller has it already; `$select` empties everything else."""
    if updated_at is not None and is_unmodified(request, updated_at):
        return Reply(304)
    entity = build()
    wanted = {name.strip().lower() for name in request.query.get("$select", "").split(",") if name.strip()}
    if wanted:
        entity = {name: value if name.lower() in wanted else None for name, value in entity.items()}
    return json_reply(entity)


def _list(name: str, items: Callable[[Request], list[JsonObject]]) -> Route:
    return Route("GET", f"/List/{name}/Items", lambda request, _: json_reply(items(request)))


def _deleted_too(request: Request) -> bool:
    return {name.lower(): value.lower() for name, value in request.query.items()}.get(
        "includedeleted"
    ) == "true"
