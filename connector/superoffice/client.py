"""Client: one method per question that the house asks SuperOffice."""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC
from typing import Any

from connector.superoffice import errors
from connector.superoffice.auth import Identity
from connector.superoffice.fields import Fields
from connector.superoffice.listing import DOCUMENT_COLUMNS, LARGEST_PAGE, rows_of, sale_pages, sale_query
from connector.superoffice.messages import DEADLINE, Response
from connector.superoffice.reading import Reading
from connector.superoffice.tenant import RecordKind, web_link
from connector.superoffice.types import (
    ArchivedDocument,
    Company,
    DocumentTemplate,
    NewDocument,
    Person,
    ProductFamily,
    Sale,
    TenantState,
    User,
)

DOCUMENT_LIMIT = 100 * 1024 * 1024  # bytes; SuperOffice Online holds files up to 94.4 MB
DOCUMENT_DEADLINE = 300.0  # seconds, as SuperOffice's own for uploads
_KEY = re.compile(r"[A-Za-z0-9._:-]{1,99}")
_NOT_IN_FILE_NAMES = re.compile(r'[\\/:*?"<>|\x00-\x1f\x7f]+')


class Client(Reading):
    """Speaks to one tenant as one user. Opening talks to nobody; threads may share it; close it after use.

    Every method raises a SuperOfficeError from the tree in `errors`. Reads are repeated where that can
    help, writes are not: after an Unreachable or ServerError a write may have happened. The stores are what
    several clients share: the access token and the tenant's state. `on_refresh_token` is told when
    SuperOffice hands out a new one.
    """

    # --- The tenant and who we are ----------------------------------------------------------------

    def tenant_state(self) -> TenantState:
        """Asked now, never from memory; needs no credential."""
        return self._tenant.read()

    @property
    def identity(self) -> Identity | None:
        """Who we are according to the last token that this client fetched and verified; None before."""
        return self._auth.identity

    def renew_now(self) -> None:
        """Get a fresh access token, to prove that the way in still works. Two exceptions: a system user's
        ticket is replaced once an hour at most, and a password has nothing to renew.
        """
        self._auth.renew_now()

    def api_version(self) -> str:
        """The version of the tenant's SuperOffice, like "10.3.5.412"."""
        with self._answer(self._send("GET", ""), is_shown=True) as data:
            return Fields.of(data, "API root").text("NetServerVersion")

    def api_map(self) -> dict[str, set[str]]:
        """The routes that this SuperOffice has: path after /api/v1/ in lower case, like "person/{id}" ->
        methods in upper case. A route that is there may still be refused.
        """
        with self._answer(self._send("GET", "v1")) as data:
            routes = _object(data).items()
            return {_below_api(url): {str(name).upper() for name in _object(ways)} for url, ways in routes}

    def current_user(self) -> User:
        with self._answer(self._get("User/currentPrincipal"), is_shown=True) as data:
            return User.from_entity(data)

    def web_link(self, kind: RecordKind, record_id: int) -> str:
        """The record's page in SuperOffice's web client. Make it when it is shown, never store it: the host
        moves.
        """
        return web_link(self._tenant.running().endpoint, kind, record_id)

    # --- Reading ----------------------------------------------------------------------------------

    def newest_sales(
        self, limit: int | None = None, *, page_size: int = LARGEST_PAGE, below: int | None = None
    ) -> Iterator[list[Sale]]:
        """Pages of the newest sales by number, those without a company included; `limit` counts all of
        them. `below` goes on under that number.
        """
        return sale_pages(self._sales, limit=limit, page_size=page_size, below=below)

    def sale(self, sale_id: int) -> Sale:
        """One sale as it is now, in the shape of the listing. Raises NotFound."""
        found = self._sales(sale_query(f"saleId eq {int(sale_id)}", 1))
        if not found or found[0].id != sale_id:
            raise errors.NotFound(f"no sale {sale_id} that this user may see", method="GET", path="Sale")
        return found[0]

    def person(self, person_id: int) -> Person:
        with self._answer(self._get(f"Person/{int(person_id)}")) as data:
            return Person.from_entity(data)

    def company(self, company_id: int) -> Company:
        with self._answer(self._get(f"Contact/{int(company_id)}")) as data:
            return Company.from_entity(data)

    def product_families(self) -> list[ProductFamily]:
        """In the tenant's own order, deleted ones left out."""
        with self._answer(self._get("List/ProductFamily/Items")) as data:
            families = [ProductFamily.from_item(item) for item in _items(data)]
        return sorted((one for one in families if not one.deleted), key=lambda one: (one.rank, one.id))

    # --- Filing a mail: document, then content, then check ---------------------------------------------

    def outgoing_mail_template(self) -> DocumentTemplate | None:
        """The tenant's first template for plain outgoing mail; its number differs from tenant to tenant."""
        response = self._get("List/DocumentTemplate/Items", {"includeDeleted": "false"})
        with self._answer(response, is_shown=True) as data:
            templates = [DocumentTemplate.from_item(item) for item in _items(data)]
        mails = (template for template in templates if template.is_outgoing_mail)
        return min(mails, key=lambda template: (template.rank, template.id), default=None)

    def find_document(self, *, key: str, sale_id: int) -> ArchivedDocument | None:
        """The oldest document on the sale with our key. Look before creating: creating twice makes two."""
        query = {
            "$select": ",".join(DOCUMENT_COLUMNS),
            "$filter": f"saleId eq {int(sale_id)} and ourref is '{_checked(key)}'",
            "$orderby": "documentId asc",
            "$top": "10",
        }
        with self._answer(self._get("Document", query)) as data:
            documents = [ArchivedDocument.from_row(row) for row in rows_of(data)]
        return min((one for one in documents if one.key == key), key=lambda one: one.id, default=None)

    def create_document(self, new: NewDocument) -> ArchivedDocument:
        """The card without its content; `upload_document` follows."""
        key = _checked(new.key)
        with self._answer(self._get("Document/default")) as default:
            card = {**_object(default), **_card(new, key)}
        # For this one call the zone is named, because our moment is UTC and has to land in the tenant's zone.
        response = self._call("POST", "Document", data=card, headers={"SO-TimeZone": "UTC"})
        with self._answer(response) as data:
            return ArchivedDocument.from_entity(data)

    def upload_document(self, document_id: int, content: bytes) -> None:
        """Replace the content. The e-mail media type is not among those that SuperOffice takes here."""
        headers = {"Content-Type": "application/octet-stream"}
        response = self._call("PUT", f"Document/{int(document_id)}/Content", body=content, headers=headers)
        _check_written(response)

    def document_length(self, document_id: int) -> int:
        """Bytes that SuperOffice holds."""
        with self._answer(self._get(f"Document/{int(document_id)}/Length")) as data:
            if not isinstance(data, int) or isinstance(data, bool) or data < 0:
                raise errors.UnexpectedAnswer("a length that is no number of bytes")
            return data

    def download_document(self, document_id: int, *, deadline: float = DOCUMENT_DEADLINE) -> bytes:
        return self._call(
            "GET",
            f"Document/{int(document_id)}/Content",
            headers={"Accept": "application/octet-stream"},
            limit=DOCUMENT_LIMIT,
            deadline=deadline,
        ).content

    def complete_document(self, document_id: int) -> None:
        """Mark it as done, last of all: a completed document may refuse its content."""
        # PUT would clear every field that it leaves out.
        patch = [{"op": "replace", "path": "Completed", "value": "Completed"}]
        headers = {"Content-Type": "application/json-patch+json"}
        _check_written(self._call("PATCH", f"Document/{int(document_id)}", data=patch, headers=headers))

    def delete_document(self, document_id: int) -> None:
        _check_written(self._call("DELETE", f"Document/{int(document_id)}"))

    # --- Any question -----------------------------------------------------------------------------

    def ask(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        data: Any = None,
        repeat: bool = True,
        deadline: float = DEADLINE,
    ) -> Any:
        """The JSON value at `path` (after /api/v1), null included; for the probe, which asks what no other
        method does. It is the caller's duty that the question changes nothing. Without `repeat` a failure is
        final at the first attempt; after `deadline` seconds it is so in any case.
        """
        response = self._call(
            method, path, query=query or {}, data=data, is_repeatable=repeat, deadline=deadline
        )
        return response.shown() if response.content.strip() else None

    def _sales(self, query: Mapping[str, str]) -> list[Sale]:
        with self._answer(self._get("Sale", query)) as data:
            return Sale.from_rows(rows_of(data))


def _check_written(response: Response) -> None:
    """A write may answer with the record or with nothing; a page or an error object is no success."""
    if response.content.strip():
        response.json()


def _below_api(url: Any) -> str:
    return str(url).lower().partition("/api/v1")[2].strip("/")


def _items(data: Any) -> list[Any]:
    if not isinstance(data, list):
        raise errors.UnexpectedAnswer(f"{type(data).__name__} instead of a list")
    return data


def _object(data: Any) -> dict[str, Any]:
    if not isinstance(data, dict):
        raise errors.UnexpectedAnswer(f"{type(data).__name__} instead of an object")
    return data


def _checked(key: str) -> str:
    """The key, when it may stand in a filter: SuperOffice's quoting differs from the standard's."""
    if not _KEY.fullmatch(key):
        raise ValueError("a document key has 1 to 99 letters, digits and . _ : -")
    return key


def _card(new: NewDocument, key: str) -> dict[str, Any]:
    """SuperOffice's fields of a document. ExternalRef stays alone: the document archive owns it."""
    card: dict[str, Any] = {
        "Header": _fitting(new.subject, 219),
        "Name": _file_name(new.file_name),
        "OurRef": key,
        "Description": _fitting(new.description, 2047),
        "DocumentTemplate": {"DocumentTemplateId": new.template_id},
        "Contact": {"ContactId": new.company_id} if new.company_id else None,
        "Person": {"PersonId": new.person_id} if new.person_id else None,
        "Sale": {"SaleId": new.sale_id} if new.sale_id else None,
        "Project": None,
        "Date": new.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S"),
        "Completed": "NotStarted",
    }
    if new.owner_id:
        card["Associate"] = {"AssociateId": new.owner_id}
    return card


def _fitting(text: str, units: int) -> str:
    """The text cut to so many UTF-16 units, as the database counts, and never through a character."""
    return text.encode("utf-16-le", "ignore")[: 2 * units].decode("utf-16-le", "ignore")


def _file_name(name: str) -> str:
    """Without characters that a file system refuses, at most 150 characters, the extension kept."""
    stem, dot, extension = _NOT_IN_FILE_NAMES.sub(" ", name).strip(" .").rpartition(".")
    stem = stem if dot else extension
    extension = f".{extension[:10]}" if dot else ""
    return f"{_fitting(stem, 150 - len(extension)).strip() or 'message'}{extension}"
