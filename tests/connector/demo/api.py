"""A caller of the demo tenant that knows no client of ours: plain requests over sockets."""

import base64
import hashlib
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl, urlencode

import requests

from connector.demo.tenant import DemoTenant


def token_form(tenant: DemoTenant, **changes: str | None) -> dict[str, str]:
    """The form of a refresh; a change to None leaves the field out."""
    form: dict[str, str | None] = {
        "grant_type": "refresh_token",
        "client_id": tenant.client_id,
        "client_secret": tenant.client_secret,
        "refresh_token": tenant.refresh_token,
        "redirect_uri": tenant.redirect_uri,
        **changes,
    }
    return {name: value for name, value in form.items() if value is not None}


CALLBACK = "http://127.0.0.1:8000/superoffice/callback/"
VERIFIER = "v" * 64
CLAIM = "http://schemes.superoffice.net/identity/"


def ask_for_tokens(tenant: DemoTenant, form: dict[str, str], **options: Any) -> requests.Response:
    """What the token endpoint answers to a form."""
    return requests.post(f"{tenant.login_url}/login/common/oauth/tokens", data=form, timeout=10, **options)


def authorize_address(tenant: DemoTenant, **changes: str | None) -> str:
    """The address of the sign-in page with everything in order; a change to None leaves the parameter out."""
    challenge = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
    query: dict[str, str | None] = {
        "response_type": "code", "client_id": tenant.client_id, "redirect_uri": CALLBACK, "scope": "openid",
        "state": "st&te", "acr_values": "tenant:Cust12345", "code_challenge": challenge,
        "code_challenge_method": "S256", **changes,
    }  # fmt: skip
    given = {name: value for name, value in query.items() if value is not None}
    return f"{tenant.login_url}/login/common/oauth/authorize?{urlencode(given)}"


def sent_back(answer: requests.Response) -> dict[str, str]:
    """The parameters with which a person arrives at the app again."""
    assert answer.status_code == 302, answer.text
    address, _, query = answer.headers["Location"].partition("?")
    assert address == CALLBACK
    return dict(parse_qsl(query))


def press(tenant: DemoTenant, button: dict[str, str], **changes: str | None) -> dict[str, str]:
    """What comes back when a button of the sign-in page is pressed."""
    address = authorize_address(tenant, **changes)
    return sent_back(requests.post(address, data=button, allow_redirects=False, timeout=10))


def code_form(tenant: DemoTenant, code: str, /, **changes: str | None) -> dict[str, str]:
    """The form that turns a code into tokens; a change to None leaves the field out."""
    form: dict[str, str | None] = {
        "grant_type": "authorization_code", "client_id": tenant.client_id,
        "client_secret": tenant.client_secret, "code": code, "redirect_uri": CALLBACK,
        "code_verifier": VERIFIER, **changes,
    }  # fmt: skip
    return {name: value for name, value in form.items() if value is not None}


def signed_in(tenant: DemoTenant, associate_id: int) -> dict[str, Any]:
    """The token answer for a user who signed in in the browser."""
    code = press(tenant, {"user": str(associate_id)})["code"]
    answer = ask_for_tokens(tenant, code_form(tenant, code))
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


class Api:
    """One signed-in session; paths are what follows `/api/v1`. Without a header it is the demo's own user's."""

    def __init__(self, tenant: DemoTenant, authorization: str = "", root: str = "", **headers: str) -> None:
        self.tenant = tenant
        self.root = root or tenant.tenant_url
        self.session = requests.Session()
        self.session.headers.update({"Accept": "application/json", "Accept-Language": "en", **headers})
        if not authorization:
            answer = ask_for_tokens(tenant, token_form(tenant))
            authorization = f"Bearer {answer.json()['access_token']}"
        self.session.headers["Authorization"] = authorization

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.session.close()

    def call(self, method: str, path: str, **options: Any) -> requests.Response:
        return self.session.request(method, f"{self.root}/api/v1{path}", timeout=10, **options)

    def get(self, path: str, **options: Any) -> requests.Response:
        return self.call("GET", path, **options)

    def list(self, path: str, **options: str) -> list[dict[str, Any]]:
        """The rows of an archive query; `filter="…"` stands for `$filter`."""
        answer = self.get(path, params={f"${name}": value for name, value in options.items()})
        assert answer.status_code == 200, answer.text
        rows: list[dict[str, Any]] = answer.json()["value"]
        return rows

    def ask(self, path: str, **body: Any) -> Any:
        """What an agent answers to a body."""
        answer = self.call("POST", f"/Agents/{path}", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def refused(self, path: str, **options: str) -> str:
        """The message with which an archive query is refused."""
        answer = self.get(path, params={f"${name}": value for name, value in options.items()})
        assert answer.status_code == 400, answer.text
        body = answer.json()
        assert body["Error"] is True
        assert body["ErrorType"]
        return str(body["ErrorMessage"])

    def create_document(self, **changes: Any) -> dict[str, Any]:
        answer = self.call("POST", "/Document", json=document(**changes))
        assert answer.status_code == 200, answer.text
        entity: dict[str, Any] = answer.json()
        return entity

    def upload(
        self, document_id: int, content: bytes, kind: str = "application/octet-stream"
    ) -> requests.Response:
        return self.call(
            "PUT", f"/Document/{document_id}/Content", data=content, headers={"Content-Type": kind}
        )


def document(**changes: Any) -> dict[str, Any]:
    """An outgoing mail to the dependable first person, as a caller would file it."""
    return {
        "Header": "Ihr Angebot",
        "Name": "angebot.eml",
        "DocumentTemplate": {"DocumentTemplateId": 9},
        "Contact": {"ContactId": 2},
        "Person": {"PersonId": 6},
        "OurRef": "7d0d4c1e-0000-4000-8000-000000000001",
        "Completed": "NotStarted",
        **changes,
    }
