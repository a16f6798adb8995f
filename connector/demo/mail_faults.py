"""Ways in which the mail catcher misbehaves when a test asks for it. Nothing else uses them."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass
from typing import Literal

FaultKind = Literal["rcpt", "data", "dot"]


@dataclass(frozen=True)
class MailFault:
    """What happens instead of the normal answer.

    reply    the whole answer, such as "550 5.1.1 no such user"; None: no answer at all
    hang_up  close the connection instead of leaving it open without an answer
    keep     whether the mail is kept all the same (only after the dot)
    """

    reply: str | None = None
    hang_up: bool = False
    keep: bool = False


class MailFaults:
    """A plan for the next few answers, per step; any thread may add to it while the server runs."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._planned: dict[FaultKind, deque[MailFault]] = {"rcpt": deque(), "data": deque(), "dot": deque()}

    def refuse_recipients(self, count: int, reply: str) -> None:
        """Answer the next `count` RCPT commands with `reply`."""
        self._plan("rcpt", count, MailFault(reply))

    def refuse_data(self, count: int, reply: str) -> None:
        """Answer the next `count` DATA commands with `reply`: no body is transferred."""
        self._plan("data", count, MailFault(reply))

    def refuse_mails(self, count: int, reply: str) -> None:
        """Take the next `count` bodies, answer the final dot with `reply`, keep nothing."""
        self._plan("dot", count, MailFault(reply))

    def stay_silent(self, count: int, *, keep: bool) -> None:
        """Never answer the next `count` final dots; `keep` says whether the mails were taken."""
        self._plan("dot", count, MailFault(keep=keep))

    def close_after_dot(self, count: int, *, keep: bool) -> None:
        """Hang up instead of answering the next `count` final dots; `keep`: whether they were taken."""
        self._plan("dot", count, MailFault(hang_up=True, keep=keep))

    def replace_message_id(self, count: int, message_id: str) -> None:
        """Take the next `count` mails and announce another Message-ID ("<id@host>") for them."""
        self._plan("dot", count, MailFault(f"250 2.0.0 OK {message_id} [Hostname=mail-catcher]", keep=True))

    def clear(self) -> None:
        """Behave again."""
        with self._lock:
            for planned in self._planned.values():
                planned.clear()

    def take(self, kind: FaultKind) -> MailFault | None:
        """The next planned fault at this step, which is used up by asking."""
        with self._lock:
            planned = self._planned[kind]
            return planned.popleft() if planned else None

    def _plan(self, kind: FaultKind, count: int, fault: MailFault) -> None:
        with self._lock:
            self._planned[kind].extend([fault] * count)
