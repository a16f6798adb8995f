"""Approved draft -> the exact bytes that will be sent and archived. Built once, never again."""

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes, policy
from email.header import Header
from email.headerregistry import (
    Address,
    BaseHeader,
    HeaderRegistry,
    UniqueAddressHeader,
    UniqueUnstructuredHeader,
)
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Any
from uuid import UUID

import idna
from django.utils.translation import gettext as _

from connector.models import Mailbox
from outreach.models import Draft

_LEFTOVER = re.compile(r"\{\{|\}\}|\{%|%\}|\[\[|\]\]|<<|\bTODO\b|\bLorem ipsum\b")
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u202a-\u202e\u2066-\u2069]")
# What every mail server takes without quotes around it: words of these characters, joined by dots.
_LOCAL_PART = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_ONCE = ("From", "To", "Subject", "Date", "Message-ID", "MIME-Version", "Content-Type")


class NotSendable(Exception):
    """The draft cannot become a mail; the text is a sentence for the person who approves."""


@dataclass(frozen=True, slots=True)
class Composed:
    """`raw`: CRLF line ends, ends with CRLF, 7-bit, no line over 998 bytes."""

    raw: bytes
    sha256: str
    message_id: str
    envelope_from: str
    envelope_to: str


class _Subject(UniqueUnstructuredHeader):
    """The standard library loses blanks between two words that need encoding; so all of it is encoded."""

    def fold(self: Any, *, policy: Any) -> str:
        if _is_plain(str(self)):
            return BaseHeader.fold(self, policy=policy)
        return f"{self.name}: {_encoded(str(self), self.name, policy.linesep)}{policy.linesep}"


class _OneAddress(UniqueAddressHeader):
    """The same for the name in front of an address."""

    def fold(self: Any, *, policy: Any) -> str:
        (address,) = self.addresses
        if _is_plain(address.display_name):
            return BaseHeader.fold(self, policy=policy)
        name = _encoded(address.display_name, self.name, policy.linesep)
        return f"{self.name}: {name}{policy.linesep} <{address.addr_spec}>{policy.linesep}"


def _is_plain(text: str) -> bool:
    return text.isascii() and text.isprintable() and "=?" not in text


def _encoded(text: str, name: str, line_end: str) -> str:
    return Header(text, "utf-8", maxlinelen=75, header_name=name).encode(linesep=line_end)


def _our_policy() -> "policy.EmailPolicy[EmailMessage]":
    headers: Any = HeaderRegistry()
    headers.map_to_type("subject", _Subject)
    for name in ("from", "to", "reply-to"):
        headers.map_to_type(name, _OneAddress)
    return policy.SMTP.clone(cte_type="7bit", header_factory=headers)


_POLICY = _our_policy()


def compose(draft: Draft, mailbox: Mailbox, *, key: UUID, now: datetime) -> Composed:
    """Build the mail; raises NotSendable with a sentence when it must not or cannot be built.

    `now` has a zone: a Date header without one would say it is unknown.
    """
    _refuse_unfinished_text(draft)
    sender = wire_address(mailbox.from_address)
    recipient = wire_address(draft.to_address)
    message = EmailMessage(policy=_POLICY)
    message["From"] = _header_address(mailbox.from_name or str(draft.representative), sender)
    message["To"] = _header_address(draft.to_name, recipient)
    own_address = draft.representative.user.email
    if own_address and own_address.lower() != mailbox.from_address.lower():
        message["Reply-To"] = _header_address(str(draft.representative), wire_address(own_address))
    message["Subject"] = draft.subject
    message["Date"] = format_datetime(now)
    message["Message-ID"] = f"<{key}@{sender.rpartition('@')[2]}>"
    message.set_content(full_text(draft), subtype="plain", charset="utf-8", cte="quoted-printable")
    message["Content-Language"] = draft.template.language  # after the text: set_content drops Content-…
    raw = message.as_bytes()
    _verify(raw, draft, sender, recipient)
    return Composed(raw, hashlib.sha256(raw).hexdigest(), str(message["Message-ID"]), sender, recipient)


def full_text(draft: Draft) -> str:
    """The text as the recipient reads it: body and signature."""
    signature = draft.representative.signature.strip()
    text = f"{draft.body.rstrip()}\n\n{signature}\n" if signature else f"{draft.body.rstrip()}\n"
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _refuse_unfinished_text(draft: Draft) -> None:
    if draft.blocked_reason:
        raise NotSendable(draft.blocked_reason)
    if not draft.subject.strip() or not draft.body.strip():
        raise NotSendable(_("Subject and text must not be empty."))
    if any(mark in draft.subject for mark in "\r\n"):
        raise NotSendable(_("The subject must be one line."))
    text = f"{draft.subject}\n{full_text(draft)}"
    if found := _LEFTOVER.search(text):
        raise NotSendable(
            _("An unfinished placeholder is left in the text: %(found)s") % {"found": found.group()}
        )
    if _CONTROLS.search(text):
        raise NotSendable(_("The text contains invisible control characters. Type the passage again."))


def wire_address(address: str) -> str:
    """`address` with its domain as the wire wants it (IDNA 2008); raises NotSendable for what SMTP cannot carry."""
    local, _at, domain = address.strip().rpartition("@")
    try:
        wire = f"{local}@{idna.encode(domain, uts46=True).decode('ascii')}"
        if not _LOCAL_PART.fullmatch(local) or len(local) > 64 or len(wire) > 254 or wire.endswith("."):
            raise ValueError(local)
        return wire
    except (ValueError, idna.IDNAError) as error:
        raise NotSendable(
            _("“%(address)s” is not an address that can be written to. Correct it in SuperOffice.")
            % {"address": address}
        ) from error


def _header_address(name: str, address: str) -> Address:
    name = _CONTROLS.sub("", name.replace("=?", ""))  # a name is never read as an encoded word
    return Address(display_name=" ".join(name.split()), addr_spec=address)


def _verify(raw: bytes, draft: Draft, sender: str, recipient: str) -> None:
    """Read the bytes back as a mail program would; what differs from the draft must not leave."""
    lines = raw.split(b"\r\n")
    parsed = message_from_bytes(raw, policy=policy.default)
    holds = (
        raw.endswith(b"\r\n")
        and b"\n" not in b"".join(lines)
        and b"\r" not in b"".join(lines)
        and max(map(len, lines)) <= 998
        and raw.isascii()
        and all(len(parsed.get_all(name, [])) == 1 for name in _ONCE)
        and "Bcc" not in parsed
        and [a.addr_spec for a in parsed["From"].addresses] == [sender]
        and [a.addr_spec for a in parsed["To"].addresses] == [recipient]
        and str(parsed["Subject"]) == draft.subject
        and parsed.get_content().replace("\r\n", "\n").rstrip() == full_text(draft).rstrip()
    )
    if not holds:
        raise NotSendable(
            _("The mail cannot be built so that it arrives as you see it. Simplify subject and names.")
        )
