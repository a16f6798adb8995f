"""The archive operations: listings of every kind, what they can show, and the archive agent."""

from collections.abc import Iterable

from connector.demo import archive_queries, people
from connector.demo.archive_queries import Provider
from connector.demo.bodies import json_object, text_in
from connector.demo.faults import Faults
from connector.demo.filters import QueryError, Surroundings, Test
from connector.demo.lists import JsonObject
from connector.demo.people import Associate
from connector.demo.providers import Providers
from connector.demo.rights import Right, Rights
from connector.demo.routing import Operation, Route, agent, one, reading
from connector.demo.serving import ApiError, Reply, Request
from connector.demo.store import Store
from connector.demo.story import Story

_RESOURCES = {
    "Sale": "FindSale", "Contact": "SimpleContact", "Person": "Person", "Document": "FindDocument",
    "Appointment": "FindAppointment", "User": "AllUsers", "Product": "Product", "Pricelist": "PriceList",
    "CRMScript": "Ejscripts",
}  # fmt: skip
# The table whose rights decide which rows of a provider are seen.
_TABLES = {
    "findsale": "sale", "salefilteredwithstakeholder": "sale", "simplecontact": "contact", "person": "person",
    "finddocument": "document", "findappointment": "appointment", "findquoteline": "quoteline",
    "quoteline": "quoteline",
}  # fmt: skip
_OF_SALES = ("sale", "quote", "quoteline")
_ARCHIVE = "/Archive/{archiveProviderName}"


class Archives:
    """Lists rows of providers. Rows that the caller may not see are left out without a word."""

    def __init__(self, story: Story, store: Store, faults: Faults) -> None:
        self.story = story
        self.faults = faults
        self.rights = Rights(faults)
        self.providers = Providers(story, store)

    def routes(self) -> Iterable[Route]:
        for resource, provider in _RESOURCES.items():
            yield Route("GET", f"/{resource}", self._listing_of(provider))
        yield reading("/Archive", self._names)
        yield Route("GET", _ARCHIVE, self._listing)
        yield Route("GET", f"{_ARCHIVE}/$metadata", self._metadata)
        yield Route("GET", f"{_ARCHIVE}$metadata", self._metadata, is_listed=False)
        yield Route("GET", "/Contact/{id}/Persons", self._people_of_company)
        yield Route("GET", "/Contact/{id}/Sales", self._sales_of_company)
        yield agent("Archive/GetProviderNames", lambda request: list(self.providers.names))
        yield agent("Archive/GetAvailableColumns", self._available_columns)

    def is_visible(self, user: Associate, sale_id: int) -> bool:
        """Whether the user's data rights let this sale be seen."""
        visible = self._visible(user, self._find("FindSale"))
        sale = self.story.sales.get(sale_id)
        return sale is None or visible is None or visible(sale)

    def _listing_of(self, provider: str) -> Operation:
        return lambda request, _: self._listed(request, self._find(provider))

    def _listing(self, request: Request, name: str) -> Reply:
        if name.lower() == "mailings":
            self.rights.demand_licence("marketing")
        if name.lower() == "dynamic":
            return self._listed(request, self._dynamic(request.option("$select")), extended=True)
        return self._listed(request, self._find(name), extended=True)

    def _listed(self, request: Request, provider: Provider, extended: bool = False) -> Reply:
        around = Surroundings(self.story.today, request.user.associate_id)
        visible = self._visible(request.user, provider)
        try:
            query = archive_queries.read_query(request.query, extended)
            text = archive_queries.answer(
                provider, query, request.language, around, request.api_url, visible=visible
            )
        except QueryError as error:
            raise ApiError(400, "ArgumentException", str(error)) from None
        return Reply(200, text.encode())

    def _find(self, name: str) -> Provider:
        provider = self.providers.find(name)
        if provider is None:
            raise ApiError(404, "SoNotFoundException", f"Archive provider '{name}' not found")
        return provider

    def _dynamic(self, select: str) -> Provider:
        provider = self.providers.dynamic(select)
        if provider is None:
            raise ApiError(400, "ArgumentException", "$select must name columns of one known table")
        return provider

    def _visible(self, user: Associate, provider: Provider) -> Test | None:
        """What the user's data rights leave of a provider's rows; None for all of them."""
        table = provider.entity if provider.name == "Dynamic" else _TABLES.get(provider.name.lower())
        if table is None or user.is_system:
            return None
        if not self.rights.may(user, table, Right.SELECT):
            return lambda record: False
        count = self.faults.visible_sales
        if count is None or table not in _OF_SALES:
            return None
        newest = frozenset(sorted(self.story.sales, reverse=True)[:count])
        return lambda record: record.sale_id in newest

    def _metadata(self, request: Request, name: str) -> Reply:
        return Reply(200, archive_queries.describe(self._find(name), request.api_url).encode())

    def _names(self, request: Request) -> JsonObject:
        names = (*self.providers.names, "Dynamic")
        value = [{"name": name, "url": f"{request.api_url}/Archive/{name}"} for name in names]
        return {"odata.metadata": f"{request.api_url}/Archive/$metadata", "value": value}

    def _available_columns(self, request: Request) -> list[JsonObject]:
        return archive_queries.column_infos(self._find(text_in(json_object(request), "ProviderName")))

    def _people_of_company(self, request: Request, key: str) -> Reply:
        company: people.Company = one(self.story.companies, key, "Contact")
        return self._listed(request, self.providers.people_of(company))

    def _sales_of_company(self, request: Request, key: str) -> Reply:
        company: people.Company = one(self.story.companies, key, "Contact")
        return self._listed(request, self.providers.sales_of(company))
