"""One message over one open connection, with an answer that says who owns the message afterwards.

The responsibility for a mail moves with the server's answer to the final dot. Until the dot has left, every
failure means "not sent, may be tried again"; after it, a missing answer means that nobody can know. So the
dot is sent by itself, and only after `before_dot` has written down that it is about to go.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from email.parser import BytesHeaderParser
from typing import Literal

from connector.smtp.channel import Channel, as_text
from connector.smtp.classification import classify
from connector.smtp.errors import ConnectionLostError, GarbledReplyError, SmtpError, TimedOutError

Kind = Literal["accepted", "deferred", "rejected", "unknown", "withdrawn"]
Stage = Literal["mail", "rcpt", "data", "body", "before_dot", "dot"]

# A longer pause between the commit in `before_dot` and the dot means that this process was suspended: by now
# somebody may have read the row and decided that it was abandoned.
LONGEST_PAUSE_BEFORE_DOT = 2.0
_DOT = b".\r\n"
_RSET_TIMEOUT = 5.0  # the outcome is known and wants to be written down
_LONGEST_LINE = 998
_BAD_LINE_END = re.compile(rb"\r(?!\n)|(?<!\r)\n")
_ADDRESS = re.compile(r"[!-;=?-~]+@[!-;=?-~]+")
_MESSAGE_ID = re.compile(r"<[^<>@\s]+@[^<>\s]+>")


@dataclass(frozen=True)
class Outcome:
    """What became of one attempt.

    kind             accepted   the server has taken the message for every recipient
                     deferred   not taken; the same message may be tried again later
                     rejected   not taken; the same message will not be taken later either
                     unknown    the dot may have left and no whole answer came: a person decides
                     withdrawn  our own decision: no dot was sent, the connection was dropped.
                                Stage "before_dot": the callback said no; "dot": too much time passed after it
    stage            mail, rcpt, data, body, before_dot or dot: how far it got
    code, text       the server's reply, verbatim; code 0: no whole reply; text: its beginning, or why not
    wire_message_id  "<id>" that the server announced in place of ours, or ""
    classification   see `classification.classify`
    refused          the recipients that were refused after RCPT; nobody got the message then
    """

    kind: Kind
    stage: Stage
    code: int = 0
    text: str = ""
    wire_message_id: str = ""
    classification: str = ""
    refused: tuple[str, ...] = ()


def submit(
    connection: Channel,
    *,
    envelope_from: str,
    recipients: Sequence[str],
    raw: bytes,
    before_dot: Callable[[], bool],
    answer_timeout: float = 300,
) -> Outcome:
    """Hand `raw` to the server for all `recipients` or for none of them.

    `raw` is the message as CRLF lines of at most 998 bytes, the last one ended as well; exactly these bytes
    arrive. `before_dot` is called once, when the server has the whole body; it returns True to go on.
    `answer_timeout` in seconds bounds the wait for the answer to the dot as a whole.

    Raises ValueError, before a byte is sent, for addresses or bytes that SMTP cannot carry. What `before_dot`
    raises is passed on; the connection is closed then and no dot was sent.
    """
    _check_addresses(envelope_from, recipients)
    _check_bytes(raw)
    attempt = _Attempt(connection, raw)
    try:
        return attempt.run(envelope_from, recipients, before_dot, answer_timeout)
    except (ConnectionLostError, TimedOutError, GarbledReplyError) as error:
        connection.close()
        if attempt.stage == "before_dot":
            raise  # it came out of the callback
        return attempt.failed(error)
    except BaseException:
        connection.close()
        raise


class _Attempt:
    """The dialogue. `stage` is the step that is under way; `dot_left` turns true with its first byte."""

    def __init__(self, connection: Channel, raw: bytes) -> None:
        self.connection = connection
        self.raw = raw
        self.stage: Stage = "mail"
        self.dot_left = False

    def run(
        self,
        envelope_from: str,
        recipients: Sequence[str],
        before_dot: Callable[[], bool],
        answer_timeout: float,
    ) -> Outcome:
        refusal = self._open_envelope(envelope_from, recipients) or self._transfer_body()
        if refusal:
            return refusal
        self.stage = "before_dot"
        if not before_dot():
            return self._withdraw()
        agreed_at = _now()
        self.stage = "dot"
        # The callback may have waited for a database: is the server still waiting for us?
        if self.connection.has_news():
            return self._refused_early()
        if not self._send_dot(agreed_at):
            return self._withdraw()
        code, text = self._reply(answer_timeout)
        return self._answered(code, text, recipients, envelope_from)

    def failed(self, error: SmtpError) -> Outcome:
        """The outcome of a lost connection, a time-out or an answer that is not SMTP."""
        return Outcome(
            "unknown" if self.dot_left else "deferred", self.stage, 0, error.reply_text or error.message
        )

    def _open_envelope(self, envelope_from: str, recipients: Sequence[str]) -> Outcome | None:
        self.stage = "mail"
        code, text = self._command(f"MAIL FROM:<{envelope_from}>{self._mail_parameters()}")
        if not 200 <= code <= 299:
            return self._refused(code, text)
        self.stage = "rcpt"
        refusals: list[tuple[int, str, str]] = []
        for recipient in recipients:
            code, text = self._command(f"RCPT TO:<{recipient}>")
            if not 200 <= code <= 299:
                refusals.append((code, text, recipient))
            if code == 421:
                break
        if refusals:
            # The gravest answer decides: a permanent refusal is not cured by waiting for a temporary one.
            code, text, _ = max(refusals, key=lambda refusal: refusal[0])
            return self._refused(code, text, tuple(recipient for *_, recipient in refusals))
        return None

    def _transfer_body(self) -> Outcome | None:
        self.stage = "data"
        code, text = self._command("DATA")
        if code != 354:
            return self._refused(code, text)
        self.stage = "body"
        whole = self.connection.send_body(re.sub(rb"(?m)^\.", b"..", self.raw))
        if not whole or self.connection.has_news():
            return self._refused_early()
        return None

    def _send_dot(self, agreed_at: float) -> bool:
        """Send the dot. False when too much time has passed or the network takes nothing: none of it left."""
        sock = self.connection.sock
        remaining = LONGEST_PAUSE_BEFORE_DOT - (_now() - agreed_at)
        if sock is None or remaining <= 0:
            return False
        rest = _DOT
        try:
            sock.settimeout(remaining)
            while rest:
                rest = rest[sock.send(rest) :]
                self.dot_left = True
        except TimeoutError:
            if self.dot_left:
                raise TimedOutError("The final dot could not be sent whole") from None
            return False
        except OSError as error:
            # Unless `dot_left` says otherwise, the system refused all three bytes: none has left.
            raise ConnectionLostError("The mail server closed the connection") from error
        return True

    def _answered(self, code: int, text: str, recipients: Sequence[str], envelope_from: str) -> Outcome:
        if 200 <= code <= 299:
            wire_id = _announced_message_id(text, self.raw, {envelope_from, *recipients})
            return Outcome("accepted", "dot", code, text, wire_id)
        if code < 400:
            self.connection.close()
            return Outcome("unknown", "dot", code, text)
        return self._refused(code, text)

    def _refused_early(self) -> Outcome:
        """The server spoke before the dot: no acceptance, and out of step from here on."""
        code, text = self._reply(None)
        self.connection.close()
        return self._refused(code, text)

    def _refused(self, code: int, text: str, refused: tuple[str, ...] = ()) -> Outcome:
        classification = classify(code, text, stage=self.stage)
        # A daily limit is announced as permanent, but it ends with the day.
        kind: Kind = "rejected" if code >= 500 and classification != "throttled" else "deferred"
        self._leave_clean(code)
        return Outcome(kind, self.stage, code, text, "", classification, refused)

    def _withdraw(self) -> Outcome:
        # Without the dot the server has to discard what it got; RSET would be part of the body.
        self.connection.close()
        return Outcome("withdrawn", self.stage)

    def _leave_clean(self, code: int) -> None:
        """End the transaction so that the connection can carry the next message, or close it."""
        if code == 421 or code < 400:
            self.connection.close()
        if not self.connection.is_open or self.stage == "dot":
            return  # the answer to the dot has ended the transaction
        try:
            self.connection.putcmd("RSET")
            if self.connection.getreply(_RSET_TIMEOUT)[0] != 250:
                self.connection.close()
        except SmtpError:
            self.connection.close()

    def _mail_parameters(self) -> str:
        parameters = ""
        if self.connection.has_extn("size"):
            parameters += f" SIZE={len(self.raw)}"
        if not self.raw.isascii() and self.connection.has_extn("8bitmime"):
            parameters += " BODY=8BITMIME"
        return parameters

    def _command(self, line: str) -> tuple[int, str]:
        self.connection.putcmd(line)
        return self._reply(None)

    def _reply(self, timeout: float | None) -> tuple[int, str]:
        code, text = self.connection.getreply(timeout)
        return code, as_text(text)


def _check_addresses(envelope_from: str, recipients: Sequence[str]) -> None:
    if isinstance(recipients, str) or not recipients:
        raise ValueError("A message needs at least one recipient")
    for address in (envelope_from, *recipients):
        # Printable ASCII without blanks and angle brackets: nothing that could end the command early.
        if not _ADDRESS.fullmatch(address) or len(address) > 254:
            raise ValueError(f"Not an address that SMTP can carry: {address!r}")


def _check_bytes(raw: bytes) -> None:
    if not raw.endswith(b"\r\n"):
        raise ValueError("The message does not end with CRLF")
    if _BAD_LINE_END.search(raw):
        raise ValueError("The message has a line end that is not CRLF")
    if max(map(len, raw.split(b"\r\n"))) > _LONGEST_LINE:
        raise ValueError(f"The message has a line of more than {_LONGEST_LINE} bytes")


def _announced_message_id(text: str, raw: bytes, addresses: set[str]) -> str:
    """The Message-ID in the server's acceptance when it is neither ours nor an address of the envelope."""
    ours = str(BytesHeaderParser().parsebytes(raw).get("Message-ID", "")).strip()
    others = (found for found in _MESSAGE_ID.findall(text) if found != ours and found[1:-1] not in addresses)
    return next(others, "")


def _now() -> float:
    """Seconds on a clock that also counts while the machine is suspended, where the system has one."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))
