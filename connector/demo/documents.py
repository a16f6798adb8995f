"""Documents: the card first, the file after it, as the real tenant wants it."""

import base64
import binascii
import json
import re
from dataclasses import replace
from typing import Any

from connector.demo import lists, people
from connector.demo.bodies import bad, base_now, check_unmodified, id_in, moment_in, one_of, text_in
from connector.demo.columns import utc_now
from connector.demo.entities import DOCUMENT_LENGTHS
from connector.demo.lists import JsonObject
from connector.demo.serving import ApiError, Request
from connector.demo.store import Document, Store
from connector.demo.story import Story

COMPLETED = ("NotStarted", "Unknown", "Started", "Completed")
_UPLOAD_KINDS = frozenset({
    "application/octet-stream", "image/jpeg", "image/jpg", "image/png", "image/gif", "image/bmp",
    "image/tiff",
    "application/msword", "application/rtf", "application/vnd.ms-excel", "application/vnd.ms-powerpoint",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation",
})  # fmt: skip
_FORBIDDEN = re.compile(r'[\\/:*?"<>|\x00-\x1f]')


class Documents:
    """What one can do with documents. Every method raises ApiError when the tenant refuses."""

    def __init__(self, story: Story, store: Store) -> None:
        self.story = story
        self.store = store

    def default(self, user: int) -> Document:
        """An unsaved card with the defaults of a user (by id)."""
        now = utc_now()
        return Document(
            0, "", "", "", "", "", "", 0, 0, 0, 0, user, base_now(), "NotStarted", now, user, now, user
        )

    def get(self, document_id: int) -> Document:
        card = self.store.document(document_id)
        if card is None:
            raise ApiError(404, "SoNotFoundException", f"Document id {document_id} not found")
        return card

    def problems(self, entity: JsonObject) -> dict[str, str]:
        """What is wrong with an entity, by property; empty when it could be saved."""
        found = {
            name: f"{name} is longer than {length} characters"
            for name, length in DOCUMENT_LENGTHS.items()
            if len(text_in(entity, name)) > length
        }
        if id_in(entity, "DocumentTemplate", "DocumentTemplateId") not in lists.TEMPLATES:
            found["DocumentTemplate"] = "The document template does not exist"
        if id_in(entity, "Associate", "AssociateId") not in {0, *people.USERS}:
            found["Associate"] = "The associate does not exist"
        return found | problems_of_links(self.story, entity)

    def create(self, request: Request, entity: JsonObject) -> Document:
        return self.store.add_document(self._card(entity, self.default(request.user.associate_id)))

    def replace(self, request: Request, document_id: int, entity: JsonObject) -> Document:
        """Save the whole entity over the old one: what is left out is cleared."""
        old = self.get(document_id)
        check_unmodified(request, old.updated_at)
        new = self.default(request.user.associate_id)
        empty = replace(new, created_at=old.created_at, created_by=old.created_by)
        card = self._card(entity, empty)

        def change(current: Document) -> Document:
            return replace(card, length=current.length, has_content=current.has_content)

        return self._changed(self.store.change_document(document_id, change), document_id)

    def delete(self, request: Request, document_id: int) -> None:
        check_unmodified(request, self.get(document_id).updated_at)
        self.store.remove_document(document_id)

    def upload(self, request: Request, document_id: int) -> Document:
        """Store the bytes of the body as the document's file."""
        self.get(document_id)
        return self.store_content(request, document_id, _uploaded(request))

    def store_content(self, request: Request, document_id: int, content: bytes) -> Document:
        """Store these bytes as the document's file."""
        if self.get(document_id).completed == "Completed":
            raise bad("The content of a completed document cannot be changed")
        if not content:
            raise bad("The content is empty")
        return self._written(request, document_id, content)

    def generate(self, request: Request, document_id: int) -> Document:
        """Make the file from the template. Whatever was uploaded before is gone."""
        card = self.get(document_id)
        template = lists.TEMPLATES[card.template_id]
        return self._written(request, document_id, f"{template.name}\r\n\r\n{card.header}\r\n".encode())

    def content(self, document_id: int) -> bytes:
        self.get(document_id)
        content = self.store.content(document_id)
        if content is None:
            raise ApiError(404, "SoNotFoundException", f"Document id {document_id} has no content")
        return content

    def _written(self, request: Request, document_id: int, content: bytes) -> Document:
        def change(card: Document) -> Document:
            return replace(card, updated_at=utc_now(), updated_by=request.user.associate_id)

        return self._changed(self.store.change_document(document_id, change, content), document_id)

    def _changed(self, card: Document | None, document_id: int) -> Document:
        if card is None:
            raise ApiError(404, "SoNotFoundException", f"Document id {document_id} not found")
        return card

    def _card(self, entity: JsonObject, base: Document) -> Document:
        problems = self.problems(entity)
        if problems:
            raise bad("; ".join(problems.values()))
        template_id = id_in(entity, "DocumentTemplate", "DocumentTemplateId")
        header = text_in(entity, "Header")
        person_id = id_in(entity, "Person", "PersonId")
        return replace(
            base,
            header=header,
            name=_file_name(text_in(entity, "Name"), header, template_id),
            our_ref=text_in(entity, "OurRef"),
            your_ref=text_in(entity, "YourRef"),
            attention=text_in(entity, "Attention"),
            description=text_in(entity, "Description"),
            template_id=template_id,
            company_id=id_in(entity, "Contact", "ContactId"),
            person_id=person_id,
            sale_id=id_in(entity, "Sale", "SaleId"),
            associate_id=id_in(entity, "Associate", "AssociateId") or base.updated_by,
            date=moment_in(entity, "Date", base_now()),
            completed=one_of(entity, "Completed", COMPLETED),
            updated_at=utc_now(),
        )


def problems_of_links(story: Story, entity: JsonObject) -> dict[str, str]:
    """What is wrong with the company, the person and the sale that an entity names."""
    company_id = id_in(entity, "Contact", "ContactId")
    person_id = id_in(entity, "Person", "PersonId")
    sale_id = id_in(entity, "Sale", "SaleId")
    found = {}
    if company_id and company_id not in story.companies:
        found["Contact"] = f"Contact id {company_id} does not exist"
    if person_id:
        person = story.persons.get(person_id)
        if person is None:
            found["Person"] = f"Person id {person_id} does not exist"
        elif person.company_id != company_id:
            found["Person"] = f"Person id {person_id} does not belong to contact id {company_id}"
    if sale_id and sale_id not in story.sales:
        found["Sale"] = f"Sale id {sale_id} does not exist"
    return found


def as_base64(content: bytes) -> bytes:
    """A file as JSON: one base64 string."""
    return json.dumps(base64.b64encode(content).decode()).encode()


def from_base64(text: Any) -> bytes:
    """The file in a base64 string; 400 for anything else."""
    try:
        return base64.b64decode(text, validate=True)
    except (TypeError, binascii.Error):
        raise bad("The content must be one base64 string") from None


def _uploaded(request: Request) -> bytes:
    """The file in a body. E-mail and text types are not among those that the tenant takes."""
    if request.content_type in _UPLOAD_KINDS:
        return request.body
    if request.content_type not in ("application/json", "text/json"):
        raise ApiError(
            415, "UnsupportedMediaTypeException", f"Content type '{request.content_type}' is not supported"
        )
    try:
        return from_base64(json.loads(request.body))
    except ValueError:
        raise bad("The request body is not valid JSON") from None


def _file_name(name: str, header: str, template_id: int) -> str:
    """The file name the tenant settles on: no forbidden characters, never empty."""
    cleaned = _FORBIDDEN.sub("_", name).strip(" .")
    if cleaned:
        return cleaned
    ending = lists.TEMPLATES[template_id].filename.rpartition(".")[2]
    return f"{_FORBIDDEN.sub('_', header).strip(' .')[:80] or 'document'}.{ending}"
