"""A letter on its way: to one user after the other, over one session where that lasts."""

from collections import deque
from collections.abc import Iterable

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from connector.heartbeat import beat
from connector.models import Mailbox
from connector.services import open_mailbox
from connector.smtp.errors import SmtpError
from connector.smtp.sessions import Session
from connector.smtp.submission import Outcome
from reports.result_mails.mail_claim import ACCEPTED, MAY_HAVE_IT, MailClaim
from reports.result_mails.mail_notes import Note
from reports.result_mails.result_files import Trail
from reports.result_mails.result_message import composed, wire_address
from reports.result_mails.result_words import Letter
from reports.rights import may_download
from reports.templatetags.report_words import full_name

_NOTE_OF_KIND = {"rejected": "refused", "deferred": "deferred"}


class Post:
    """What became of the letter stands in the claim, in `notes` and in `later`: who may still get it.

    The claim is asked right before each mail is handed over; where it does not hold any more, that ends it. Who
    may not download gets no file.
    """

    def __init__(
        self, letter: Letter, mailbox: Mailbox, trail: Trail | None, *, claim: MailClaim, language: str
    ) -> None:
        self._letter, self._mailbox, self._trail = letter, mailbox, trail
        self._claim, self._language = claim, language
        self._left: deque[User] = deque()
        self._has_delivered = False
        self.notes: list[Note] = []
        self.later: list[User] = []

    def deliver(self, people: Iterable[User]) -> None:
        """Raises SmtpError when no session can be opened and nobody has got the letter now."""
        self._left = deque(people)
        try:
            while self._left:
                with open_mailbox(self._mailbox) as session:
                    self._deliver_over(session)
        except SmtpError:
            if not self._has_delivered:
                raise
        self._try_later(*self._left)

    def _deliver_over(self, session: Session) -> None:
        """As many as the session lasts for, and one at least: whoever was tried is not tried again."""
        is_first = True
        while self._left and (is_first or session.is_usable):
            is_first = False
            beat("mail")
            user = self._left.popleft()
            try:
                outcome = self._hand_over(session, user)
            except ValueError:
                self.notes.append(Note("bad_address", full_name(user)))
                continue
            self._note(user, outcome)
            if outcome.kind in {"unknown", "withdrawn"}:
                # The server has fallen silent, or the right to send is somebody else's: no more of it.
                self._try_later(*self._left)
                self._left.clear()

    def _try_later(self, *people: User) -> None:
        self.notes += [Note("not_tried", full_name(user)) for user in people]
        self.later += people

    def _hand_over(self, session: Session, user: User) -> Outcome:
        """Raises ValueError for an address that cannot be written to."""
        to = wire_address(user.email)
        raw = composed(
            self._letter,
            self._mailbox,
            to,
            language=self._language,
            now=timezone.localtime(),
            file=self._trail.file if self._trail and may_download(user) else None,
        )
        return session.submit(
            envelope_from=wire_address(self._mailbox.from_address),
            recipients=[to],
            raw=raw,
            before_dot=lambda: self._claim.is_handing_over(user),
            answer_timeout=settings.SMTP_ANSWER_TIMEOUT,
        )

    def _note(self, user: User, outcome: Outcome) -> None:
        self._has_delivered |= outcome.kind in MAY_HAVE_IT
        if outcome.kind == "accepted":
            self._accepted(user)
            return
        self._claim.write(user, outcome.kind)
        if outcome.kind == "withdrawn":
            self._try_later(user)
        elif outcome.kind in _NOTE_OF_KIND:
            words = f"{outcome.code} {outcome.text}".strip() if outcome.code else outcome.text
            self.notes.append(Note(_NOTE_OF_KIND[outcome.kind], full_name(user), words))
            if outcome.kind == "deferred":
                self.later.append(user)

    def _accepted(self, user: User) -> None:
        has_file = self._trail is not None and may_download(user)
        with transaction.atomic():
            self._claim.write(user, ACCEPTED)
            if self._trail is not None and has_file:
                self._trail.record(user)  # it has left the house, whoever may go on with the rest
        if self._trail is not None and not has_file:
            self.notes.append(Note("no_download_right", full_name(user)))
