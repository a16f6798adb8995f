"""The document operations: cards, files, locks, and the two agent calls about files."""

from collections.abc import Iterable

from connector.demo.bodies import bad, json_body, json_object, patched
from connector.demo.documents import Documents, as_base64, from_base64
from connector.demo.entities import Carriers
from connector.demo.faults import Faults
from connector.demo.lists import JsonObject
from connector.demo.rights import Right, Rights
from connector.demo.routing import NO_CONTENT, Route, entity, reading
from connector.demo.serving import Reply, Request, json_reply
from connector.demo.store import Document, Store
from connector.demo.story import Story

_TABLE = "document"
_LOCK = "/Document/{documentId}/Lock"
_CONTENT = "/Document/{documentId}/Content"


class DocumentOperations:
    """Documents by their ids; who lacks a right on the table is refused with 403."""

    def __init__(self, story: Story, store: Store, faults: Faults) -> None:
        self.story = story
        self.documents = Documents(story, store)
        self.rights = Rights(faults)

    def routes(self) -> Iterable[Route]:
        yield reading("/Document/default", self._default)
        yield Route("POST", "/Document", self._create)
        yield Route("POST", "/Document/Validate", self._validate)
        yield reading("/Document/Plugin", lambda request: {"0": "SuperOffice document archive"})
        yield Route("GET", "/Document/{id}", self._get)
        yield Route("PUT", "/Document/{id}", self._replace)
        yield Route("PATCH", "/Document/{id}", self._patch)
        yield Route("DELETE", "/Document/{id}", self._delete)
        yield Route("PUT", _CONTENT, self._upload)
        yield Route("GET", _CONTENT, self._download)
        yield Route("POST", _CONTENT, self._generate)
        yield Route("GET", "/Document/{documentId}/Length", self._length)
        yield Route("GET", _LOCK, self._lock)
        for method in ("POST", "PUT", "DELETE"):
            yield Route(method, _LOCK, self._change_lock)
        yield Route("POST", "/Agents/Document/SetDocumentStreamFromId", self._upload_by_agent)
        yield Route("POST", "/Agents/Document/VerifyGetDocumentStream", self._verify)

    def _card(self, request: Request, key: str | int) -> Document:
        self.rights.demand(request.user, _TABLE, Right.SELECT)
        return self.documents.get(int(key))

    def _carrier(self, request: Request, card: Document, with_links: bool = True) -> JsonObject:
        return Carriers(self.story, request.language, request.api_url).document(card, with_links)

    def _default(self, request: Request) -> JsonObject:
        card = self.documents.default(request.user.associate_id)
        return self._carrier(request, card, with_links=False)

    def _validate(self, request: Request, _: str) -> Reply:
        return json_reply(self.documents.problems(json_object(request)))

    def _create(self, request: Request, _: str) -> Reply:
        self.rights.demand(request.user, _TABLE, Right.INSERT)
        card = self.documents.create(request, json_object(request))
        return entity(request, None, lambda: self._carrier(request, card))

    def _get(self, request: Request, key: str) -> Reply:
        card = self._card(request, key)
        return entity(request, card.updated_at, lambda: self._carrier(request, card))

    def _replace(self, request: Request, key: str) -> Reply:
        self.rights.demand(request.user, _TABLE, Right.UPDATE)
        card = self.documents.replace(request, int(key), json_object(request))
        return entity(request, None, lambda: self._carrier(request, card))

    def _patch(self, request: Request, key: str) -> Reply:
        self.rights.demand(request.user, _TABLE, Right.UPDATE)
        patch = json_body(request)
        old = self._carrier(request, self.documents.get(int(key)), with_links=False)
        card = self.documents.replace(request, int(key), patched(old, patch))
        return entity(request, None, lambda: self._carrier(request, card))

    def _delete(self, request: Request, key: str) -> Reply:
        self.rights.demand(request.user, _TABLE, Right.DELETE)
        self.documents.delete(request, int(key))
        return NO_CONTENT

    def _upload(self, request: Request, key: str) -> Reply:
        self.rights.demand(request.user, _TABLE, Right.UPDATE)
        card = self.documents.upload(request, int(key))
        return json_reply(self._carrier(request, card, with_links=False))

    def _download(self, request: Request, key: str) -> Reply:
        self._card(request, key)
        content = self.documents.content(int(key))
        if request.accepts("octet-stream", "*/*") or not request.accepts("json"):
            return Reply(200, content, "application/octet-stream")
        return Reply(200, as_base64(content))

    def _generate(self, request: Request, key: str) -> Reply:
        self.rights.demand(request.user, _TABLE, Right.UPDATE)
        card = self.documents.generate(request, int(key))
        return json_reply(self._carrier(request, card, with_links=False))

    def _length(self, request: Request, key: str) -> Reply:
        return json_reply(self._card(request, key).length)

    def _lock(self, request: Request, key: str) -> Reply:
        self._card(request, key)
        return json_reply({"State": "LockingNotSupported", "AssociateId": 0, "Name": ""})

    def _change_lock(self, request: Request, key: str) -> Reply:
        """The built-in archive has no locks to take or to give back; saying so is a success of the call."""
        self._card(request, key)
        body = {
            "ExternalReference": "", "VersionId": "", "Success": False, "Type": "Message",
            "Value": "Locking is not supported", "AdditionalInfo": "",
        }  # fmt: skip
        return json_reply(body)

    def _upload_by_agent(self, request: Request, _: str) -> Reply:
        self.rights.demand(request.user, _TABLE, Right.UPDATE)
        body = json_object(request)
        content = from_base64(body.get("Stream"))
        card = self.documents.store_content(request, _document_id(body), content)
        return json_reply(self._carrier(request, card, with_links=False))

    def _verify(self, request: Request, _: str) -> Reply:
        card = self._card(request, _document_id(json_object(request)))
        self.documents.content(card.document_id)
        return NO_CONTENT


def _document_id(body: JsonObject) -> int:
    value = body.get("DocumentId")
    if isinstance(value, bool) or not isinstance(value, int):
        raise bad("DocumentId must be a number")
    return value
