"""Switches for tests: make the demo tenant fail on command, the way the real one might."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from connector.demo.people import API_USER_ID

HTML_PAGE = (
    "<!DOCTYPE html><html><head><title>Sorry</title></head><body><h1>We are working on it</h1></body></html>"
)


@dataclass(slots=True)
class Rule:
    """One fault for the next calls whose path begins with `prefix`; `times` None means "until cleared"."""

    kind: str
    prefix: str
    method: str | None
    times: int | None
    after: int = 0
    status: int = 200
    body: str = ""
    content_type: str = "application/json; charset=utf-8"
    headers: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0


class Faults:
    """The switches of one demo tenant; all of them may be used from any thread while it serves.

    A prefix is a path as the tenant sees it (`/Cust12345/api/v1/Sale`, `/login/common/oauth/tokens`) or the part
    after the tenant or after `/api/v1` (`/Sale`). `method` narrows a fault to one verb, `after` lets that many calls
    pass first, `times` ends it.
    """

    def __init__(self, names: Sequence[str], expire_access_tokens: Callable[[], None]) -> None:
        """`names` are the first path segments below which the tenant's API answers."""
        # Makes every access token and ticket that was handed out so far invalid.
        self.expire_access_tokens = expire_access_tokens
        self._roots = tuple(
            root for name in names for root in (f"/{name}".lower(), f"/{name}/api/v1".lower())
        )
        self._lock = threading.Lock()
        self.clear()

    def clear(self) -> None:
        """Everything works again, as the user that the demo always had. Expired access tokens stay expired."""
        with self._lock:
            self._rules: list[Rule] = []
        # Tenant state by name: Running, OnlineMaintenance, OfflineMaintenance, Suspended, Deleted ...
        self.state = "Running"
        self.wrong_tenant_host = False
        self._clear_sign_in()
        self._clear_rights()

    def _clear_sign_in(self) -> None:
        self.refresh_token_revoked = False
        # Associates whose own refresh tokens are revoked; `refresh_token_revoked` means everybody's.
        self.revoked_users: set[int] = set()
        self.access_token_seconds = 3600
        self.ticket_seconds = 6 * 3600
        # Claims of the next id_tokens that differ: full URI or short name -> value, None leaves the claim out.
        self.id_token_claims: dict[str, Any] = {}
        # Another tenant, by its name, answers the sign-in in the browser.
        self.authorize_tenant = ""
        # The app waits for an administrator's approval: nobody can sign in.
        self.consent_missing = False
        # A sign-in in the browser gives no refresh token.
        self.no_refresh_token = False
        # The system user is refused with this message.
        self.system_user_error = ""
        # Seconds by which the login host's clock is ahead of ours.
        self.clock_offset = 0.0

    def _clear_rights(self) -> None:
        # The associate behind the demo's refresh token and the onsite password.
        self.api_user = API_USER_ID
        # Masks by table that differ ("Select", "URI", "None" ...); a table named here is also guarded by its mask.
        self.table_rights: dict[str, str] = {}
        self.function_rights: list[str] | None = None
        # Names of the licensed modules.
        self.licences: list[str] | None = None
        # The number of the user's e-mail account in SuperOffice, 0 for none.
        self.mail_account_id = 1
        # How many sales, the newest, the data rights leave to see.
        self.visible_sales: int | None = None
        # Prefixes of paths after `/api/v1` that are not granted to the app, as online tenants begin,
        self.restricted = {"/Agents/EMail"}
        # that the licence does not cover,
        self.no_licence: set[str] = set()
        # that this version of the API does not have,
        self.hidden_routes: set[str] = set()
        # and agents that answer null with 200, whatever they are asked.
        self.agent_nulls: set[str] = set()

    def answer_html(
        self, prefix: str, times: int | None = None, *, method: str | None = None, after: int = 0
    ) -> None:
        """Answer 200 with an HTML page where JSON is expected."""
        self._add(
            Rule(
                "answer",
                prefix,
                method,
                times,
                after,
                body=HTML_PAGE,
                content_type="text/html; charset=utf-8",
            )
        )

    def answer_status(
        self,
        prefix: str,
        status: int,
        body: str = "",
        times: int | None = 1,
        *,
        content_type: str = "application/json; charset=utf-8",
        headers: dict[str, str] | None = None,
        method: str | None = None,
        after: int = 0,
    ) -> None:
        """Answer with this status and body without doing the work."""
        self._add(Rule("answer", prefix, method, times, after, status, body, content_type, headers or {}))

    def throttle(
        self, prefix: str = "/", retry_after: int | str = 2, times: int | None = 1, *, after: int = 0
    ) -> None:
        """Answer 429 with `Retry-After` in seconds (or as an HTTP date)."""
        self.answer_status(prefix, 429, "", times, headers={"Retry-After": str(retry_after)}, after=after)

    def truncate(
        self, prefix: str, times: int | None = 1, *, method: str | None = None, after: int = 0
    ) -> None:
        """Do the work, promise the whole body, send half of it and hang up."""
        self._add(Rule("truncate", prefix, method, times, after))

    def drop_reply(
        self, prefix: str, times: int | None = 1, *, method: str | None = "POST", after: int = 0
    ) -> None:
        """Do the work, then hang up without a word."""
        self._add(Rule("drop", prefix, method, times, after))

    def delay(
        self, prefix: str, seconds: float, times: int | None = None, *, method: str | None = None
    ) -> None:
        """Wait before doing the work."""
        self._add(Rule("delay", prefix, method, times, seconds=seconds))

    def reset(self, prefix: str, times: int | None = 1, *, method: str | None = None, after: int = 0) -> None:
        """Break the connection off (TCP reset) before doing the work."""
        self._add(Rule("reset", prefix, method, times, after))

    @contextmanager
    def cleared_afterwards(self) -> Iterator["Faults"]:
        """Use the switches inside a `with` block and leave no trace."""
        try:
            yield self
        finally:
            self.clear()

    def take(self, method: str, path: str) -> dict[str, Rule]:
        """The faults for this call by kind, counted down. The oldest fault of a kind goes first."""
        taken: dict[str, Rule] = {}
        with self._lock:
            for rule in list(self._rules):
                if rule.kind in taken or not self._concerns(rule, method, path):
                    continue
                if rule.after > 0:
                    rule.after -= 1
                    continue
                taken[rule.kind] = rule
                if rule.times is not None:
                    rule.times -= 1
                    if rule.times <= 0:
                        self._rules.remove(rule)
        return taken

    def _add(self, rule: Rule) -> None:
        with self._lock:
            self._rules.append(rule)

    def _concerns(self, rule: Rule, method: str, path: str) -> bool:
        if rule.method not in (None, method):
            return False
        path, prefix = path.lower(), rule.prefix.lower()
        shorter = [path.removeprefix(root) for root in self._roots if path.startswith(root)]
        return any(form.startswith(prefix) for form in (path, *shorter))
