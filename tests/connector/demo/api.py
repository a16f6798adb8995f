"""A caller of the demo tenant that knows no client of ours: plain requests over sockets."""

from types import TracebackType
from typing import Any, Self

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


class Api:
    """One signed-in session; paths are what follows `/api/v1`."""

    def __init__(self, tenant: DemoTenant, **headers: str) -> None:
        self.tenant = tenant
        self.session = requests.Session()
        self.session.headers.update({"Accept": "application/json", "Accept-Language": "en", **headers})
        answer = self.session.post(
            f"{tenant.login_url}/login/common/oauth/tokens", data=token_form(tenant), timeout=10
        )
        self.session.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.session.close()

    def call(self, method: str, path: str, **options: Any) -> requests.Response:
        return self.session.request(method, f"{self.tenant.tenant_url}/api/v1{path}", timeout=10, **options)

    def get(self, path: str, **options: Any) -> requests.Response:
        return self.call("GET", path, **options)

    def list(self, path: str, **options: str) -> list[dict[str, Any]]:
        """The rows of an archive query; `filter="…"` stands for `$filter`."""
        answer = self.get(path, params={f"${name}": value for name, value in options.items()})
        assert answer.status_code == 200, answer.text
        rows: list[dict[str, Any]] = answer.json()["value"]
        return rows

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
