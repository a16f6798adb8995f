"""The trial: what only a record can prove. It makes one marked document and one marked follow-up, looks at
them and removes them. Ask a person before.

A trial may end halfway, and a record stay. So whoever starts one keeps its key first, and hands the keys of
earlier trials over: what carries them is removed before anything new is made.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from enum import Enum, auto
from typing import Any, Protocol

from connector.superoffice import errors
from connector.superoffice.fields import Fields
from connector.superoffice.findings import Finding, Status, Surroundings, bounded, named, refused
from connector.superoffice.leftovers import Left
from connector.superoffice.listing import DOCUMENT_COLUMNS, LARGEST_PAGE, rows_of
from connector.superoffice.rights import Principal
from connector.superoffice.types import ArchivedDocument, DocumentTemplate, NewDocument

TRIED = ("create_document", "upload_content", "create_follow_up")
TITLE = "Sales Desk trial – please ignore"
# Seconds from the start. The job that runs a trial is killed after two minutes, and one call may wait for half
# a minute.
MAKING, LONGEST = 30.0, 80.0
_PATIENCE = 15.0  # seconds for one question
_PAGES = 5  # of the newest follow-ups that are looked through


class Writes(Protocol):
    """The part of `Client` that the trial uses."""

    def outgoing_mail_template(self) -> DocumentTemplate | None: ...

    def create_document(self, new: NewDocument) -> ArchivedDocument: ...

    def upload_document(self, document_id: int, content: bytes) -> None: ...

    def document_length(self, document_id: int) -> int: ...

    def download_document(self, document_id: int, *, deadline: float = ...) -> bytes: ...

    def ask(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        data: Any = None,
        repeat: bool = True,
        deadline: float = ...,
    ) -> Any: ...


@dataclass(frozen=True, slots=True)
class Outcome:
    """Findings for create_document, upload_content and create_follow_up; those that were tried carry the fact
    `tried`. `left` is what may still be in SuperOffice, of this trial and of those before.
    """

    findings: list[Finding]
    left: list[Left]


def try_records(
    client: Writes,
    *,
    key: str,
    now: datetime,
    leftovers: Iterable[Left] = (),
    is_online: bool = True,
    clock: Callable[[], float] = time.monotonic,
) -> Outcome:
    """Make both records, look at them, remove them, and what earlier trials left before that.

    `key` is new for each trial and stands on both records; they belong to the user we act as. A record that
    does not carry the key of its leftover is not touched and not named any more. After `LONGEST` seconds nothing
    new is begun. Raises nothing that SuperOffice can cause.
    """
    started = clock()
    try:
        me = Principal.from_entity(client.ask("GET", "User/currentPrincipal", deadline=_PATIENCE))
    except errors.SuperOfficeError as error:
        around = Surroundings(is_online)
        return Outcome([bounded(refused(feature, error, around)) for feature in TRIED], list(leftovers))
    trial = _Trial(client, key, me, Surroundings(is_online, me.is_system), now, clock, started)
    for one in leftovers:
        trial.remove(one)
    findings = [*trial.document(), trial.follow_up()]
    return Outcome(
        [bounded(named(finding, me.facts)) for finding in findings], list(dict.fromkeys(trial.left))
    )


class _Standing(Enum):
    """What is known about a record."""

    GONE = auto()
    OURS = auto()  # there, and it carries our key
    FOREIGN = auto()  # there, and it does not
    UNKNOWN = auto()


@dataclass(frozen=True, slots=True)
class _Trial:
    client: Writes
    key: str
    me: Principal
    around: Surroundings
    now: datetime
    clock: Callable[[], float]
    started: float
    left: list[Left] = field(default_factory=list)  # filled on the way

    def _has_time(self, until: float) -> bool:
        return self.clock() - self.started < until

    # --- The document -----------------------------------------------------------------------------

    def document(self) -> tuple[Finding, Finding]:
        """How creating went, and how uploading."""
        feature = "create_document"
        if not self._has_time(MAKING):
            return _skipped(feature, "slowness"), _skipped("upload_content", "slowness")
        try:
            template = self.client.outgoing_mail_template()
        except errors.SuperOfficeError as error:
            return self._failed(feature, error), _skipped("upload_content", feature)
        if template is None:
            return _skipped(feature, "mail_template"), _skipped("upload_content", "mail_template")
        return self._with_template(template)

    def _with_template(self, template: DocumentTemplate) -> tuple[Finding, Finding]:
        feature = "create_document"
        if not self._has_time(MAKING):
            return _skipped(feature, "slowness"), _skipped("upload_content", "slowness")
        try:
            made = self.client.create_document(self._card(template))
        except errors.SuperOfficeError as error:
            self._after_lost_answer("Document", error)
            return self._failed(feature, error), _skipped("upload_content", feature)
        asked = f"POST Document, DELETE Document/{made.id}"
        if made.key != self.key:
            # Whatever stands at that number: nothing is written over it.
            self._remove_own(f"Document/{made.id}")
            unclear = replace(_worked(feature, asked), status=Status.UNKNOWN)
            return unclear, _skipped("upload_content", feature)
        uploaded = self._upload(made.id)
        self._remove_own(f"Document/{made.id}")
        return _worked(feature, asked), uploaded

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
        feature, path = "upload_content", f"Document/{document_id}"
        content = _small_mail(self.key, self.now)
        if not self._has_time(MAKING):
            return _skipped(feature, "slowness")
        try:
            self.client.upload_document(document_id, content)
            length = self.client.document_length(document_id)
            same = self.client.download_document(document_id, deadline=_PATIENCE) == content
        except errors.SuperOfficeError as error:
            return self._failed(feature, error)
        if length != len(content) or not same:
            facts = {"differs": True, "expected": len(content), "length": length}
            return Finding(feature, Status.UNKNOWN, 200, facts={**facts, "tried": True})
        asked = f"PUT {path}/Content, GET {path}/Length, GET {path}/Content"
        return _worked(feature, asked, length=length)

    # --- The follow-up ----------------------------------------------------------------------------

    def follow_up(self) -> Finding:
        feature = "create_follow_up"
        if not self._has_time(MAKING):
            return _skipped(feature, "slowness")
        try:
            default = self.client.ask("GET", "Appointment/default", deadline=_PATIENCE)
            Fields.of(default, "follow-up")
        except errors.SuperOfficeError as error:
            return self._failed(feature, error)
        try:
            card = {**default, **self._appointment()}
            made = self.client.ask("POST", "Appointment", data=card, deadline=_PATIENCE)
            number = Fields.of(made, "follow-up").required_id("AppointmentId")
        except errors.SuperOfficeError as error:
            self._after_lost_answer("Appointment", error)
            return self._failed(feature, error)
        self._remove_own(f"Appointment/{number}")
        return _worked(feature, f"POST Appointment, DELETE Appointment/{number}")

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

    # --- Removing ---------------------------------------------------------------------------------

    def remove(self, one: Left) -> None:
        """Remove what carries the key; what may still be there is noted in `left`."""
        try:
            found = [one] if one.has_number else list(self._found(one))
        except (errors.SuperOfficeError, _OutOfTime):
            self.left.append(one)
            return
        for record in found:
            standing = self._removed(record)
            if standing is _Standing.OURS:
                self.left.append(record)
            elif standing is _Standing.UNKNOWN:
                self.left.append(one)  # a number that was only found is not named before it is known as ours

    def _remove_own(self, path: str) -> None:
        """Remove what this trial has just made. When the number is that of a record without our key, nobody is
        sent to delete that one: the key is what to look for.
        """
        one = Left(path, self.key)
        standing = self._removed(one)
        if standing is _Standing.FOREIGN:
            self.left.append(Left(one.entity, self.key))
        elif standing is not _Standing.GONE:
            self.left.append(one)

    def _after_lost_answer(self, entity: str, error: errors.SuperOfficeError) -> None:
        """The answer to creating was lost: there may be a record, and our key finds it."""
        if error.method == "GET":  # what comes before creating
            return
        if isinstance(error, errors.Unreachable | errors.ServerError | errors.UnexpectedAnswer):
            self.remove(Left(entity, self.key))

    def _removed(self, one: Left) -> _Standing:
        """How the record stands after removing. A lost answer proves nothing, so it is looked for again."""
        standing = self._look(one)
        if standing is not _Standing.OURS:
            return standing
        try:
            self.client.ask("DELETE", one.path, deadline=_PATIENCE)
        except errors.NotFound:
            return _Standing.GONE
        except errors.SuperOfficeError:
            return self._look(one)
        return _Standing.GONE

    def _look(self, one: Left) -> _Standing:
        if not self._has_time(LONGEST):
            return _Standing.UNKNOWN
        try:
            record = self.client.ask("GET", one.path, repeat=False, deadline=_PATIENCE)
        except errors.NotFound:
            return _Standing.GONE
        except errors.SuperOfficeError:
            return _Standing.UNKNOWN
        if record is None:
            return _Standing.GONE
        if not isinstance(record, dict):
            return _Standing.UNKNOWN
        return _Standing.OURS if _carries(record, one) else _Standing.FOREIGN

    # --- Looking for a key ------------------------------------------------------------------------

    def _found(self, one: Left) -> Iterator[Left]:
        """The records that may carry the key; each is looked at before it is removed."""
        if one.entity == "Document":
            query = {
                "$select": ",".join(DOCUMENT_COLUMNS),
                "$filter": f"ourref is '{one.key}'",
                "$orderby": "documentId asc",
                "$top": "10",
            }
            for row in self._rows("Document", query):
                yield Left(f"Document/{ArchivedDocument.from_row(row).id}", one.key)
            return
        for number in self._titled_as_trials():
            yield Left(f"Appointment/{number}", one.key)

    def _titled_as_trials(self) -> Iterator[int]:
        """The numbers of those of the newest follow-ups that are titled as a trial's, whoever was signed in then.

        No column is known to hold the key: which part of a follow-up a list shows as its text is SuperOffice's
        choice, title or description, and both begin with our words.
        """
        below = "appointmentId gt 0"
        for _page in range(_PAGES):
            query = {
                "$select": "appointmentId,text",
                "$filter": below,
                "$orderby": "appointmentId desc",
                "$top": str(LARGEST_PAGE),
            }
            rows = [Fields(row, "follow-up") for row in self._rows("Appointment", query)]
            if not rows:
                return
            numbers = [row.required_id("appointmentId") for row in rows]
            yield from (
                number for number, row in zip(numbers, rows, strict=True) if TITLE in row.text("text")
            )
            below = f"appointmentId lt {min(numbers)}"
        raise _OutOfTime

    def _rows(self, path: str, query: Mapping[str, str]) -> list[dict[str, Any]]:
        if not self._has_time(LONGEST):
            raise _OutOfTime
        return rows_of(self.client.ask("GET", path, query=query, repeat=False, deadline=_PATIENCE))

    def _failed(self, feature: str, error: errors.SuperOfficeError) -> Finding:
        return _with(refused(feature, error, self.around), tried=True)


class _OutOfTime(Exception):
    """Not everything could be looked through."""


def _carries(record: Mapping[str, Any], one: Left) -> bool:
    """Whether the entity is marked with the key."""
    if one.entity == "Document":
        return record.get("OurRef") == one.key
    marks = (record.get("Description"), record.get("Title"))
    return any(isinstance(text, str) and f"({one.key})" in text for text in marks)


def _worked(feature: str, asked: str, **facts: Any) -> Finding:
    return Finding(feature, Status.WORKS, 200, facts={"asked": asked.split(", "), **facts, "tried": True})


def _skipped(feature: str, because: str) -> Finding:
    return Finding(feature, Status.UNKNOWN, facts={"because": because})


def _with(finding: Finding, **facts: Any) -> Finding:
    return replace(finding, facts={**finding.facts, **facts})


def _small_mail(key: str, now: datetime) -> bytes:
    message = EmailMessage(policy=SMTP)
    message["Subject"] = TITLE
    message["From"] = "trial@sales-desk.invalid"
    message["To"] = "nobody@sales-desk.invalid"
    message["Date"] = now
    message["Message-ID"] = f"<{key}@sales-desk.invalid>"
    message.set_content("A trial of Sales Desk. It can be deleted.\n")
    return message.as_bytes()
