"""What opens the API for a while: access tokens of users and tickets of the system user, opaque, each with its end."""

import secrets
import threading
import time
from dataclasses import dataclass

from connector.demo.registration import CONTEXT_IDENTIFIER


@dataclass(frozen=True, slots=True)
class Session:
    """Whom a token stands for (None: the user behind the demo's refresh token), where, until when."""

    associate_id: int | None
    context_identifier: str
    ends: float


class Sessions:
    """All tokens and tickets that were handed out; they end with the process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sessions: dict[str, Session] = {}

    def issue_token(
        self, associate_id: int | None, seconds: int, context_identifier: str = CONTEXT_IDENTIFIER
    ) -> str:
        """An access token for a user, to be sent as Bearer."""
        token = f"8A:{context_identifier}.{secrets.token_urlsafe(32)}"
        return self._add(token, Session(associate_id, context_identifier, time.monotonic() + seconds))

    def issue_ticket(self, associate_id: int, seconds: int) -> str:
        """A ticket, to be sent as SOTicket."""
        ticket = f"7T:{secrets.token_urlsafe(48)}"
        return self._add(ticket, Session(associate_id, CONTEXT_IDENTIFIER, time.monotonic() + seconds))

    def find(self, token: str) -> Session | None:
        """The session of a token or ticket of our tenant that has not ended."""
        with self._lock:
            session = self._sessions.get(token)
        if session is None or session.ends <= time.monotonic():
            return None
        return session if session.context_identifier == CONTEXT_IDENTIFIER else None

    def expire_all(self) -> None:
        with self._lock:
            self._sessions.clear()

    def _add(self, token: str, session: Session) -> str:
        now = time.monotonic()
        with self._lock:
            self._sessions = {key: known for key, known in self._sessions.items() if known.ends > now}
            self._sessions[token] = session
        return token
