"""What each method of `Client` asks, and the tools to hold requests and answers against the specifications."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from connector.demo.seen import SeenRequest
from connector.demo.tenant import DemoTenant
from connector.superoffice.auth import App, Credentials, Password, RefreshToken, SystemUser
from connector.superoffice.client import Client
from connector.superoffice.messages import Request, Response
from connector.superoffice.transport import Repair, Transport
from connector.superoffice.types import NewDocument
from tests.connector.demo.swagger import problems
from tests.connector.specification import find

# Requests that the specifications do not know, and why we make them all the same.
NOT_SPECIFIED = {
    "GET /": "The root of the API tells its version; described in SuperOffice's documentation only.",
    "GET /v1": "The list of routes; the same.",
    "PATCH /Document/{id}": "Documented beside the specifications. PUT would clear what it leaves out.",
    "GET /Associate/Me": "The probe looks for it in vain, to say that it does not exist.",
    "GET /Shipment": "The same.",
    "GET /Sale/{id}/Quotes": "The same.",
}
# The login host has no specification at all.
LOGIN_HOST = re.compile(
    r"/api/state/\w+|/login/common/oauth/tokens|/login/\.well-known/jwks|/Login/api/PartnerSystemUser/Authenticate"
)
NUMBER = re.compile(r"/\d+")
NOW = datetime(2026, 3, 18, 9, 30, tzinfo=UTC)


# --- Exchanges ------------------------------------------------------------------------------------------


class Recorder(Transport):
    """Keeps the answers of all exchanges that worked."""

    def __init__(self) -> None:
        super().__init__(calls_per_second=None, sleep=lambda _seconds: None)
        self.answers: list[Response] = []

    def send(self, request: Request, repair: Repair | None = None) -> Response:
        response = super().send(request, repair)
        self.answers.append(response)
        return response


@dataclass
class Wire:
    """A tenant, a client, and what went between them."""

    tenant: DemoTenant
    client: Client
    recorder: Recorder
    document_id: int = 0
    is_onsite: bool = False

    @property
    def requests(self) -> list[SeenRequest]:
        """What the tenant's API was asked."""
        return [one for one in self.tenant.requests if not LOGIN_HOST.fullmatch(one.path)]

    @property
    def asked(self) -> list[str]:
        return [name_of(one.method, one.path) for one in self.requests]

    def problems(self) -> list[str]:
        """What is wrong with all that was asked and answered."""
        found = [words for one in self.requests for words in request_problems(one)]
        return found + [words for one in self.recorder.answers for words in answer_problems(one)]


def api_path(path: str) -> str:
    """What follows `/api/v1`; the API's own root and list of routes keep their names."""
    root, _, rest = path.partition("/api")
    assert root.strip("/"), f"{path} is no path of a tenant"
    return rest.removeprefix("/v1") if rest.startswith("/v1/") else rest or "/"


def name_of(method: str, path: str) -> str:
    """Verb and path as the specification spells them, like "GET /Sale/{id}"; what it does not know has {id} for
    each number.
    """
    path = api_path(path)
    operation = find(method, path)
    return operation.name if operation else f"{method} {NUMBER.sub('/{id}', path)}"


def request_problems(seen: SeenRequest) -> list[str]:
    operation = find(seen.method, api_path(seen.path))
    if operation is None:
        name = name_of(seen.method, seen.path)
        return [] if name in NOT_SPECIFIED else [f"{name} is in no specification"]
    assert len(seen.body) == seen.body_length, "the tenant must have kept the body"
    found = operation.problems(seen.query, seen.headers, seen.body)
    return [f"{operation.name}: {words}" for words in found]


def answer_problems(response: Response) -> list[str]:
    method, path = response.request.method, response.request.path
    if LOGIN_HOST.fullmatch(path):
        return []
    operation = find(method, api_path(path))
    if operation is None:
        assert name_of(method, path) in NOT_SPECIFIED
        return []
    if response.status not in operation.returns:
        return [f"{operation.name}: answered {response.status}"]
    if response.status == 204 or not response.request.wants_json:
        return []
    body = json.loads(response.content)
    if response.request.query.get("$mode") == "Full":
        body["value"] = [_shown(row) for row in body["value"]]
    found = problems(operation.specification, method, operation.path, body, response.status)
    return [f"{operation.name} answered: {words}" for words in found]


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    """What a row of the full mode shows; a cell that is none as it is, so that it is found."""
    parts = {"RawValue", "DisplayValue", "LinkHint", "TooltipHint"}
    return {
        name: cell["DisplayValue"] if isinstance(cell, dict) and cell.keys() == parts else cell
        for name, cell in row.items()
    }


# --- Ways in ----------------------------------------------------------------------------------------


def app_of(tenant: DemoTenant) -> App:
    return App(
        tenant.login_url,
        tenant.context_identifier,
        tenant.client_id,
        tenant.client_secret,
        tenant.redirect_uri,
    )


def refresh_token(tenant: DemoTenant) -> Credentials:
    return RefreshToken(app_of(tenant), tenant.refresh_token)


def system_user(tenant: DemoTenant) -> Credentials:
    return SystemUser(app_of(tenant), tenant.system_user_token, tenant.private_key)


def password(tenant: DemoTenant) -> Credentials:
    return Password(tenant.onsite_url, tenant.onsite_user, tenant.onsite_password)


WAYS_IN = [refresh_token, system_user, password]


def mail(**changes: Any) -> NewDocument:
    values: dict[str, Any] = {
        "key": "sales-desk-contract",
        "subject": "Ihr Angebot über 3 Roboter",
        "file_name": "angebot.eml",
        "template_id": 9,
        "company_id": 2,
        "person_id": 6,
        "sale_id": None,
        "at": NOW,
        "owner_id": 5,
        "description": "Guten Tag",
    }
    return NewDocument(**{**values, **changes})


# --- The client's methods ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Contract:
    """`drive` calls one method of the client; `operations` are what it asks then, in this order;
    `onsite` where that differs because there is no login host.
    """

    drive: Callable[[Client, int], object]
    operations: tuple[str, ...] = ()
    onsite: tuple[str, ...] | None = None

    def asks(self, wire: "Wire") -> list[str]:
        return list(self.operations if self.onsite is None or not wire.is_onsite else self.onsite)


TEMPLATES = "GET /List/DocumentTemplate/Items"
ARCHIVE = "GET /Archive/{archiveProviderName}"
CREATED = ("GET /Document/default", "POST /Document")
CONTRACTS: dict[str, Contract] = {
    "close": Contract(lambda client, _id: client.close()),
    "identity": Contract(lambda client, _id: client.identity),
    "renew_now": Contract(lambda client, _id: client.renew_now()),
    "tenant_state": Contract(lambda client, _id: client.tenant_state(), onsite=("GET /",)),
    "web_link": Contract(lambda client, _id: client.web_link("sale", 120)),
    "api_version": Contract(lambda client, _id: client.api_version(), ("GET /",)),
    "api_map": Contract(lambda client, _id: client.api_map(), ("GET /v1",)),
    "current_user": Contract(lambda client, _id: client.current_user(), ("GET /User/currentPrincipal",)),
    "newest_sales": Contract(
        lambda client, _id: list(client.newest_sales(60, page_size=30)), ("GET /Sale",) * 2
    ),
    "sale": Contract(lambda client, _id: client.sale(120), ("GET /Sale",)),
    "sales_after": Contract(
        lambda client, _id: list(
            client.sales_after(400, since=date(2026, 3, 1), extra=["saleUdef/SuperOffice:1"])
        ),
        ("GET /Sale",) * 2,
    ),
    "sale_ids_after": Contract(lambda client, _id: list(client.sale_ids_after()), ("GET /Sale",) * 2),
    "highest_sale_id": Contract(lambda client, _id: client.highest_sale_id(), (ARCHIVE,)),
    "quote_lines_after": Contract(
        lambda client, _id: [
            list(client.quote_lines_after(20)),
            list(client.quote_lines_after(sale_ids=range(101, 201))),
        ],
        (ARCHIVE,) * 4,
    ),
    "current_alternatives": Contract(lambda client, _id: client.current_alternatives(), (ARCHIVE,) * 4),
    "products": Contract(
        lambda client, _id: list(client.products()),
        ("GET /Product", "GET /Pricelist", "GET /Pricelist", "GET /Product"),
    ),
    "sale_text_columns": Contract(
        lambda client, _id: client.sale_text_columns(), ("POST /Agents/Archive/GetAvailableColumns",)
    ),
    "sale_entity": Contract(lambda client, _id: client.sale_entity(120), ("GET /Sale/{id}",)),
    "person": Contract(lambda client, _id: client.person(6), ("GET /Person/{id}",)),
    "company": Contract(lambda client, _id: client.company(2), ("GET /Contact/{id}",)),
    "product_families": Contract(
        lambda client, _id: client.product_families(), ("GET /List/ProductFamily/Items",)
    ),
    "outgoing_mail_template": Contract(lambda client, _id: client.outgoing_mail_template(), (TEMPLATES,)),
    "find_document": Contract(
        lambda client, _id: client.find_document(key="sales-desk-contract", sale_id=120), ("GET /Document",)
    ),
    "create_document": Contract(
        lambda client, _id: [
            client.create_document(mail()),
            client.create_document(mail(company_id=None, person_id=None, owner_id=None)),
            client.create_document(mail(sale_id=120, company_id=None, person_id=None)),
        ],
        CREATED * 3,
    ),
    "upload_document": Contract(
        lambda client, number: client.upload_document(number, b"From: a@b.invalid\r\n\r\nx"),
        ("PUT /Document/{documentId}/Content",),
    ),
    "document_length": Contract(
        lambda client, number: client.document_length(number), ("GET /Document/{documentId}/Length",)
    ),
    "download_document": Contract(
        lambda client, number: client.download_document(number), ("GET /Document/{documentId}/Content",)
    ),
    "complete_document": Contract(
        lambda client, number: client.complete_document(number), ("PATCH /Document/{id}",)
    ),
    "delete_document": Contract(
        lambda client, number: client.delete_document(number), ("DELETE /Document/{id}",)
    ),
    # Any question: the probe and the trial below are all that ask with it.
    "ask": Contract(
        lambda client, _id: client.ask("POST", "Agents/Sentry/GetNewTableRight", data={"TableName": "sale"}),
        ("POST /Agents/Sentry/GetNewTableRight",),
    ),
}
