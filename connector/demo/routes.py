"""The tenant host: who may come in, and which operation answers which path."""

import json
import re

from connector.demo.faults import Faults
from connector.demo.lists import JsonObject
from connector.demo.login import CONTEXT_IDENTIFIER, AccessTokens, is_running
from connector.demo.operations import Operations
from connector.demo.pages import WebClient
from connector.demo.serving import ApiError, Reply, Request, html_reply, json_reply
from connector.demo.store import Store
from connector.demo.story import Story

VERSION = "11.7.9450.1234"
_MAINTENANCE = (
    "<!DOCTYPE html><html><head><title>Maintenance</title></head>"
    "<body>The site is down for maintenance.</body></html>"
)


class TenantHost:
    """Answers the requests of the tenant host."""

    def __init__(self, story: Story, store: Store, faults: Faults, tokens: AccessTokens) -> None:
        self.story = story
        self.store = store
        self.faults = faults
        self.tokens = tokens
        self.operations = Operations(story, store)
        self._routes = list(self.operations.routes())

    @property
    def root(self) -> str:
        """The tenant's address, known once the port is."""
        return self.operations.root

    @root.setter
    def root(self, root: str) -> None:
        self.operations.root = root

    def answer(self, request: Request) -> Reply:
        prefix = f"/{CONTEXT_IDENTIFIER}".lower()
        path = request.path.rstrip("/")
        if not (path.lower() + "/").startswith(prefix + "/"):
            return _no_such_route(request)
        path = path[len(prefix) :]
        if path.lower() == "/api" or path.lower().startswith("/api/"):
            return self._api(request, path[4:])
        return self._web_client(request, path.lower())

    def _api(self, request: Request, path: str) -> Reply:
        if self.faults.wrong_tenant_host:
            return Reply(421, b"Wrong subdomain used to access tenant", "text/plain; charset=utf-8")
        if not is_running(self.faults.state):
            return html_reply(_MAINTENANCE, 503)
        if path == "" and request.method == "GET":
            return self._api_root(request)
        if path.lower() == "/v1" and request.method == "GET":
            return json_reply(self._api_map())
        if not path.lower().startswith("/v1/"):
            return _no_such_route(request)
        self._authenticate(request)
        return self._dispatch(request, path[3:])

    def _authenticate(self, request: Request) -> None:
        kind, _, token = (request.headers.get("Authorization") or "").partition(" ")
        if kind.lower() != "bearer" or not self.tokens.is_valid(token.strip()):
            raise ApiError(401, "AuthenticationException", "The access token is missing, unknown or expired")

    def _dispatch(self, request: Request, path: str) -> Reply:
        known_path = False
        for route in self._routes:
            match = route.pattern.fullmatch(path)
            if match is None:
                continue
            known_path = True
            if route.method == request.method:
                return route.run(request, match.group(1) if match.groups() else "")
        if known_path:
            message = f"The requested resource does not support http method '{request.method}'."
            return json_reply({"Message": message}, 405)
        return _no_such_route(request)

    def _api_root(self, request: Request) -> Reply:
        body = {
            "v1": self.operations.api_url, "NetServerVersion": VERSION, "NetServerAssembly": VERSION,
            "NetServerDate": "2026-04-01T00:00:00", "NetServerLabel": "demo",
            "NetServer": f"{self.root}/Remote/",
            "Services": f"{self.root}/Remote/", "ServicesCurrent": "Services88", "Version": VERSION,
        }  # fmt: skip
        if request.accepts("json"):
            return json_reply(body)
        rows = "".join(f"<li>{name}: {value}</li>" for name, value in body.items())
        return html_reply(
            f"<!DOCTYPE html><html><head><title>API</title></head><body><ul>{rows}</ul></body></html>"
        )

    def _api_map(self) -> JsonObject:
        found: dict[str, dict[str, str]] = {}
        for route in self._routes:
            found.setdefault(f"{self.operations.api_url}{route.path}", {})[route.method] = (
                f"{route.method} {route.path}"
            )
        return found

    def _web_client(self, request: Request, path: str) -> Reply:
        client = WebClient(self.story, self.store, self.root)
        if request.method != "GET" or not request.is_for_loopback:
            return _no_such_route(request)
        if path in ("", "/default.aspx"):
            return client.page(request.raw_query)
        file = re.fullmatch(r"/demo/documents/(\d{1,9})/file", path)
        return client.file(int(file.group(1))) if file else _no_such_route(request)


def _no_such_route(request: Request) -> Reply:
    message = f"No HTTP resource was found that matches the request URI '{request.path}'."
    return Reply(404, json.dumps({"Message": message}).encode())
