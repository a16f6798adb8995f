"""A letter as the bytes that leave: one mail to one user of the desk, made by a machine and marked as that."""

from dataclasses import dataclass
from datetime import datetime
from email import policy
from email.header import Header
from email.headerregistry import BaseHeader, HeaderRegistry, UniqueUnstructuredHeader
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from typing import Any

import idna

from connector.models import Mailbox
from reports.result_mails.result_words import Letter


@dataclass(frozen=True, slots=True)
class File:
    """A file that goes with a mail; `content_type` is "type/subtype", `row_count` for the trail of downloads."""

    name: str
    content_type: str
    data: bytes
    row_count: int


class _Subject(UniqueUnstructuredHeader):
    """The standard library loses blanks between two words that need encoding; so all of it is encoded."""

    def fold(self: Any, *, policy: Any) -> str:
        text = str(self)
        if text.isascii() and text.isprintable() and "=?" not in text:
            return BaseHeader.fold(self, policy=policy)
        words = Header(text, "utf-8", maxlinelen=75, header_name=self.name)
        return f"{self.name}: {words.encode(linesep=policy.linesep)}{policy.linesep}"


def _our_policy() -> "policy.EmailPolicy[EmailMessage]":
    headers: Any = HeaderRegistry()
    headers.map_to_type("subject", _Subject)
    return policy.SMTP.clone(cte_type="7bit", header_factory=headers)


_POLICY = _our_policy()


def wire_address(address: str) -> str:
    """`address` with its domain as the wire wants it; raises ValueError for one that SMTP cannot carry."""
    local, _at, domain = address.strip().rpartition("@")
    if not local or not local.isascii():
        raise ValueError(address)
    return f"{local}@{idna.encode(domain, uts46=True).decode('ascii')}"  # IDNAError is a ValueError


def composed(
    letter: Letter, mailbox: Mailbox, to: str, *, language: str, now: datetime, file: File | None = None
) -> bytes:
    """The whole mail: CRLF line ends, 7-bit. `to` is a wire address; raises ValueError where it cannot be built.

    "Auto-Submitted" keeps out-of-office programs and mailing lists from answering.
    """
    sender = wire_address(mailbox.from_address)
    message = EmailMessage(policy=_POLICY)
    message["From"] = f"Sales Desk <{sender}>"
    message["To"] = to
    message["Subject"] = " ".join(letter.subject.split())
    message["Date"] = format_datetime(now)
    message["Message-ID"] = make_msgid(domain=sender.rpartition("@")[2])
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(letter.text, subtype="plain", charset="utf-8", cte="quoted-printable")
    message["Content-Language"] = language  # after the text: set_content drops Content-…
    if file is not None:
        main, _slash, rest = file.content_type.partition(";")[0].partition("/")
        message.add_attachment(file.data, maintype=main, subtype=rest, filename=file.name)
    return message.as_bytes()
