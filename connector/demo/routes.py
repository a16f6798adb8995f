"""The tenant host: who may come in by which address, and which operation answers which path."""

import hmac
import json
import logging
import re
import threading
from dataclasses import replace
from typing import NamedTuple

from connector.demo.faults import Faults
from connector.demo.login import is_running
from connector.demo.operations import Operations
from connector.demo.pages import WebClient
from connector.demo.people import USERS, Associate
from connector.demo.registration import (
    CLIENT_SECRET,
    CONTEXT_IDENTIFIER,
    ONSITE_PASSWORD,
    ONSITE_PATH,
    ONSITE_USER,
)
from connector.demo.rights import no_licence
from connector.demo.routing import Route, api_map
from connector.demo.serving import ApiError, Reply, Request, html_reply, json_reply
from connector.demo.sessions import Sessions
from connector.demo.store import Store
from connector.demo.story import Story

log = logging.getLogger(__name__)
VERSION = "11.7.9450.1234"
_MAINTENANCE = (
    "<!DOCTYPE html><html><head><title>Maintenance</title></head>"
    "<body>The site is down for maintenance.</body></html>"
)
# Addresses that nobody documents: the server stumbles over them, which says nothing about rights.
_STUMBLES = re.compile(r"/associate/me|/shipment|/sale/\d+/quotes", re.IGNORECASE)


class Acted(NamedTuple):
    """A call of an operation that would have acted for real, granted or not."""

    method: str
    path: str


class TenantHost:
    """Answers the requests of the tenant host. Online and onsite are two addresses of the same data.

    The two roots are set when the port is known.
    """

    def __init__(self, story: Story, store: Store, faults: Faults, sessions: Sessions) -> None:
        self.story = story
        self.store = store
        self.faults = faults
        self.sessions = sessions
        self.operations = Operations(story, store, faults)
        self.root = ""
        self.onsite_root = ""
        self._routes = list(self.operations.routes())
        self._acted: list[Acted] = []
        self._acted_lock = threading.Lock()

    @property
    def acted(self) -> list[Acted]:
        """What callers asked the tenant to do for real, oldest first."""
        with self._acted_lock:
            return list(self._acted)

    def answer(self, request: Request) -> Reply:
        name, _, path = request.path.rstrip("/").lstrip("/").partition("/")
        path = f"/{path}" if path else ""
        is_onsite = name.lower() == ONSITE_PATH.lower()
        if not is_onsite and name.lower() != CONTEXT_IDENTIFIER.lower():
            return _no_such_route(request)
        request = replace(request, root=self.onsite_root if is_onsite else self.root)
        if path.lower() == "/api" or path.lower().startswith("/api/"):
            return self._api(request, path[4:], is_onsite)
        return self._web_client(request, path.lower())

    def _api(self, request: Request, path: str, is_onsite: bool) -> Reply:
        if not is_onsite and self.faults.wrong_tenant_host:
            return Reply(421, b"Wrong subdomain used to access tenant", "text/plain; charset=utf-8")
        if not is_onsite and not is_running(self.faults.state):
            return html_reply(_MAINTENANCE, 503)
        if path == "" and request.method == "GET":
            return _api_root(request)
        if path.lower() == "/v1" and request.method == "GET":
            shown = [route for route in self._routes if not _is_below(self.faults.hidden_routes, route.path)]
            return json_reply(api_map(shown, request.api_url))
        if not path.lower().startswith("/v1/"):
            return _no_such_route(request)
        caller = self._onsite_caller(request) if is_onsite else self._online_caller(request)
        return self._dispatch(replace(request, caller=caller), path[3:], is_onsite)

    def _online_caller(self, request: Request) -> Associate:
        """The user behind a Bearer token or a ticket. Passwords are not taken online."""
        kind, _, token = (request.headers.get("Authorization") or "").partition(" ")
        prefix = {"bearer": "8A:", "soticket": "7T:"}.get(kind.lower())
        session = self.sessions.find(token.strip())
        if prefix is None or session is None or not token.strip().startswith(prefix):
            raise ApiError(401, "AuthenticationException", "The access token is missing, unknown or expired")
        if kind.lower() == "soticket" and not _same(request.headers.get("SO-AppToken") or "", CLIENT_SECRET):
            raise ApiError(401, "AuthenticationException", "The application token is missing or not valid")
        return USERS[self.faults.api_user if session.associate_id is None else session.associate_id]

    def _onsite_caller(self, request: Request) -> Associate:
        name, password = request.basic_credentials() or ("", "")
        if not (_same(name, ONSITE_USER) and _same(password, ONSITE_PASSWORD)):
            raise ApiError(401, "AuthenticationException", "The user name or the password is wrong")
        return USERS[self.faults.api_user]

    def _dispatch(self, request: Request, path: str, is_onsite: bool) -> Reply:
        known_path = False
        for route in self._routes:
            match = route.pattern.fullmatch(path)
            if match is None or _is_below(self.faults.hidden_routes, path):
                continue
            known_path = True
            if route.method == request.method:
                return self._run(route, replace(request, values=match.groups()), path, is_onsite)
        if known_path:
            message = f"The requested resource does not support http method '{request.method}'."
            return json_reply({"Message": message}, 405)
        if _STUMBLES.fullmatch(path):
            message = "Object reference not set to an instance of an object."
            raise ApiError(500, "NullReferenceException", message)
        return _no_such_route(request)

    def _run(self, route: Route, request: Request, path: str, is_onsite: bool) -> Reply:
        if route.acts:
            self._remember(Acted(request.method, path))
        if not is_onsite and _is_below(self.faults.restricted, path):
            message = f"Access to '{path}' has not been granted to this application"
            raise ApiError(403, "SoSecurityException", message)
        if _is_below(self.faults.no_licence, path):
            raise no_licence(path.split("/")[2 if path.lower().startswith("/agents/") else 1])
        if _is_below(self.faults.agent_nulls, path):
            return json_reply(None)
        return route.run(request, request.values[0] if request.values else "")

    def _remember(self, acted: Acted) -> None:
        log.warning("The demo tenant was asked to act: %s %s", *acted)
        with self._acted_lock:
            self._acted.append(acted)

    def _web_client(self, request: Request, path: str) -> Reply:
        client = WebClient(self.story, self.store, request.root)
        if request.method != "GET" or not request.is_for_loopback:
            return _no_such_route(request)
        if path in ("", "/default.aspx"):
            return client.page(request.raw_query)
        file = re.fullmatch(r"/demo/documents/(\d{1,9})/file", path)
        return client.file(int(file.group(1))) if file else _no_such_route(request)


def _api_root(request: Request) -> Reply:
    body = {
        "v1": request.api_url, "NetServerVersion": VERSION, "NetServerAssembly": VERSION,
        "NetServerDate": "2026-04-01T00:00:00", "NetServerLabel": "demo",
        "NetServer": f"{request.root}/Remote/",
        "Services": f"{request.root}/Remote/", "ServicesCurrent": "Services88", "Version": VERSION,
    }  # fmt: skip
    if request.accepts("json"):
        return json_reply(body)
    rows = "".join(f"<li>{name}: {value}</li>" for name, value in body.items())
    return html_reply(
        f"<!DOCTYPE html><html><head><title>API</title></head><body><ul>{rows}</ul></body></html>"
    )


def _is_below(prefixes: set[str], path: str) -> bool:
    """Whether a path after `/api/v1` is one of the prefixes or something below it, whatever their case."""
    return any(f"{path}/".lower().startswith(f"{prefix.rstrip('/')}/".lower()) for prefix in tuple(prefixes))


def _same(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode(), expected.encode())


def _no_such_route(request: Request) -> Reply:
    message = f"No HTTP resource was found that matches the request URI '{request.path}'."
    return Reply(404, json.dumps({"Message": message}).encode())
