"""The trial: what only a record can prove. It makes one marked document and one marked follow-up, looks at
them and removes them. Ask a person before.

What could not be removed is named in the finding's facts: `leftovers` holds it like "Document/4711", and
`leftover_key` the key to look for when it is not even known whether there is a record.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from typing import Any, Protocol

from connector.superoffice import errors
from connector.superoffice.fields import Fields
from connector.superoffice.findings import Finding, Status, Surroundings, refused
from connector.superoffice.listing import rows_of
from connector.superoffice.rights import Principal
from connector.superoffice.types import ArchivedDocument, DocumentTemplate, NewDocument

TRIED = ("create_document", "upload_content", "create_follow_up")
TITLE = "Sales Desk trial – please ignore"


class Writes(Protocol):
    """The part of `Client` that the trial uses."""

    def outgoing_mail_template(self) -> DocumentTemplate | None: ...

    def create_document(self, new: NewDocument) -> ArchivedDocument: ...

    def upload_document(self, document_id: int, content: bytes) -> None: ...

    def document_length(self, document_id: int) -> int: ...

    def download_document(self, document_id: int) -> bytes: ...

    def ask(
        self, method: str, path: str, *, query: Mapping[str, str] | None = None, data: Any = None
    ) -> Any: ...


def try_records(
    client: Writes, *, key: str, now: datetime, leftovers: Iterable[str] = (), is_online: bool = True
) -> list[Finding]:
    """Findings for create_document, upload_content and create_follow_up; those that were tried carry the fact
    `tried`.

    `key` is new for each trial and stands on both records; they belong to the user we act as. `leftovers` are
    those of earlier trials, which are removed first. Raises nothing that SuperOffice can cause.
    """
    try:
        me = Principal.from_entity(client.ask("GET", "User/currentPrincipal"))
    except errors.SuperOfficeError as error:
        return [refused(feature, error, Surroundings(is_online)) for feature in TRIED]
    trial = _Trial(client, key, me, Surroundings(is_online, me.is_system), now)
    still = [path for path in leftovers if trial.stays(path)]
    document, upload = trial.document()
    document = _leaving(document, "Document/", still)
    follow_up = _leaving(trial.follow_up(), "Appointment/", still)
    return [_with(finding, **me.facts) for finding in (document, upload, follow_up)]


def _leaving(finding: Finding, prefix: str, paths: Iterable[str]) -> Finding:
    """The finding with these records of its own kind among those that could not be removed."""
    found = [*finding.facts.get("leftovers", ()), *(path for path in paths if path.startswith(prefix))]
    return _with(finding, leftovers=found) if found else finding


@dataclass(frozen=True, slots=True)
class _Trial:
    client: Writes
    key: str
    me: Principal
    around: Surroundings
    now: datetime

    # --- The document -----------------------------------------------------------------------------

    def document(self) -> tuple[Finding, Finding]:
        """How creating went, and how uploading."""
        feature = "create_document"
        try:
            template = self.client.outgoing_mail_template()
        except errors.SuperOfficeError as error:
            return self._failed(feature, error), _skipped(feature)
        if template is None:
            unknown = Finding(feature, Status.UNKNOWN, facts={"because": "mail_template"})
            return unknown, _skipped("mail_template")
        try:
            made = self.client.create_document(self._card(template))
        except errors.SuperOfficeError as error:
            return self._after_lost_answer(self._failed(feature, error), error), _skipped(feature)
        uploaded = self._upload(made.id)
        worked = _worked(feature, f"POST Document, DELETE Document/{made.id}")
        return self._removed(worked, f"Document/{made.id}"), uploaded

    def _card(self, template: DocumentTemplate) -> NewDocument:
        return NewDocument(
            key=self.key,
            subject=TITLE,
            file_name=f"{self.key}.eml",
            template_id=template.id,
            company_id=None,
            person_id=None,
            sale_id=None,
            at=self.now,
            owner_id=self.me.associate_id,
            description=TITLE,
        )

    def _upload(self, document_id: int) -> Finding:
        """Up, counted, down again, compared."""
        content = _small_mail(self.key, self.now)
        try:
            self.client.upload_document(document_id, content)
            length = self.client.document_length(document_id)
            same = self.client.download_document(document_id) == content
        except errors.SuperOfficeError as error:
            return self._failed("upload_content", error)
        if length != len(content) or not same:
            facts = {"differs": True, "expected": len(content), "length": length}
            return Finding("upload_content", Status.UNKNOWN, 200, facts={**facts, "tried": True})
        path = f"Document/{document_id}"
        return _worked(
            "upload_content",
            f"PUT {path}/Content, GET {path}/Length, GET {path}/Content",
            length=length,
        )

    def _after_lost_answer(self, finding: Finding, error: errors.SuperOfficeError) -> Finding:
        """The answer to creating was lost: there may be a card, and our key finds it."""
        if not _may_have_happened(error):
            return finding
        try:
            query = {"$select": "documentId,ourref,name", "$filter": f"ourref is '{self.key}'", "$top": "1"}
            rows = rows_of(self.client.ask("GET", "Document", query=query))
            found = [one for one in map(ArchivedDocument.from_row, rows) if one.key == self.key]
        except errors.SuperOfficeError:
            return _with(finding, leftover_key=self.key)
        if not found:
            return finding
        return self._removed(finding, f"Document/{found[0].id}")

    # --- The follow-up ----------------------------------------------------------------------------

    def follow_up(self) -> Finding:
        feature = "create_follow_up"
        try:
            default = self.client.ask("GET", "Appointment/default")
            Fields.of(default, "follow-up")
        except errors.SuperOfficeError as error:
            return self._failed(feature, error)
        try:
            made = self.client.ask("POST", "Appointment", data={**default, **self._appointment()})
            number = Fields.of(made, "follow-up").required_id("AppointmentId")
        except errors.SuperOfficeError as error:
            lost = {"leftover_key": self.key} if _may_have_happened(error) else {}
            return _with(self._failed(feature, error), **lost)
        worked = _worked(feature, f"POST Appointment, DELETE Appointment/{number}")
        return self._removed(worked, f"Appointment/{number}")

    def _appointment(self) -> dict[str, Any]:
        """A to-do without company, person and participants: nobody is invited, no customer's page shows it."""
        moment = self.now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
        owner = {"Associate": {"AssociateId": self.me.associate_id}} if self.me.associate_id else {}
        return {
            "Title": TITLE,
            "Description": f"{TITLE} ({self.key})",
            "Type": "inChecklist",
            "StartDate": moment,
            "EndDate": moment,
            "Contact": None,
            "Person": None,
            "Sale": None,
            "Project": None,
            "Participants": [],
            **owner,
        }

    # --- What every part does ---------------------------------------------------------------------

    def _removed(self, finding: Finding, path: str) -> Finding:
        return _with(finding, leftovers=[path]) if self.stays(path) else finding

    def stays(self, path: str) -> bool:
        """Remove the record. Whether it is still there: a lost answer proves neither, so it is looked for."""
        try:
            self.client.ask("DELETE", path)
        except errors.NotFound:
            return False
        except errors.SuperOfficeError:
            return self._is_there(path)
        return False

    def _is_there(self, path: str) -> bool:
        try:
            self.client.ask("GET", path)
        except errors.NotFound:
            return False
        except errors.SuperOfficeError:
            return True
        return True

    def _failed(self, feature: str, error: errors.SuperOfficeError) -> Finding:
        return _with(refused(feature, error, self.around), tried=True)


def _worked(feature: str, asked: str, **facts: Any) -> Finding:
    return Finding(feature, Status.WORKS, 200, facts={"asked": asked.split(", "), **facts, "tried": True})


def _skipped(because: str) -> Finding:
    return Finding("upload_content", Status.UNKNOWN, facts={"because": because})


def _with(finding: Finding, **facts: Any) -> Finding:
    return replace(finding, facts={**finding.facts, **facts})


def _may_have_happened(error: errors.SuperOfficeError) -> bool:
    return isinstance(error, errors.Unreachable | errors.ServerError | errors.UnexpectedAnswer)


def _small_mail(key: str, now: datetime) -> bytes:
    message = EmailMessage(policy=SMTP)
    message["Subject"] = TITLE
    message["From"] = "trial@sales-desk.invalid"
    message["To"] = "nobody@sales-desk.invalid"
    message["Date"] = now
    message["Message-ID"] = f"<{key}@sales-desk.invalid>"
    message.set_content("A trial of Sales Desk. It can be deleted.\n")
    return message.as_bytes()
