"""A letter on its way: to one user after the other, over one session where that lasts."""

from collections import deque
from collections.abc import Callable, Iterable

from django.conf import settings
from django.contrib.auth.models import User
from django.utils import timezone

from connector.heartbeat import beat
from connector.models import Mailbox
from connector.services import open_mailbox
from connector.smtp.errors import SmtpError
from connector.smtp.sessions import Session
from connector.smtp.submission import Outcome
from reports.result_mails.mail_notes import Note
from reports.result_mails.result_message import File, composed, wire_address
from reports.result_mails.result_words import Letter
from reports.rights import may_download
from reports.templatetags.report_words import full_name

_NOTE_OF_KIND = {"rejected": "refused", "deferred": "deferred", "unknown": "unclear"}


class Post:
    """What became of the letter stands in `reached` (how many got it), `unclear`, `notes` and `got_the_file`.

    `holds` is asked right before each mail is handed over; False ends it. Who may not download gets no file.
    """

    def __init__(
        self, letter: Letter, mailbox: Mailbox, file: File | None, *, holds: Callable[[], bool], language: str
    ) -> None:
        self._letter, self._mailbox, self._file = letter, mailbox, file
        self._holds, self._language = holds, language
        self._left: deque[User] = deque()
        self.notes: list[Note] = []
        self.got_the_file: list[User] = []
        self.reached = self.unclear = 0

    def deliver(self, people: Iterable[User]) -> None:
        """Raises SmtpError when no session can be opened and nobody has got the letter."""
        self._left = deque(people)
        try:
            while self._left:
                with open_mailbox(self._mailbox) as session:
                    self._deliver_over(session)
        except SmtpError:
            if not self.reached and not self.unclear:
                raise
        self.notes += [Note("not_tried", full_name(user)) for user in self._left]

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
                self.notes += [Note("not_tried", full_name(other)) for other in self._left]
                self._left.clear()

    def _hand_over(self, session: Session, user: User) -> Outcome:
        """Raises ValueError for an address that cannot be written to."""
        to = wire_address(user.email)
        raw = composed(
            self._letter,
            self._mailbox,
            to,
            language=self._language,
            now=timezone.localtime(),
            file=self._file if may_download(user) else None,
        )
        return session.submit(
            envelope_from=wire_address(self._mailbox.from_address),
            recipients=[to],
            raw=raw,
            before_dot=self._holds,
            answer_timeout=settings.SMTP_ANSWER_TIMEOUT,
        )

    def _note(self, user: User, outcome: Outcome) -> None:
        name = full_name(user)
        if outcome.kind == "accepted":
            self.reached += 1
            if self._file is not None:
                if may_download(user):
                    self.got_the_file.append(user)
                else:
                    self.notes.append(Note("no_download_right", name))
            return
        self.unclear += outcome.kind == "unknown"
        words = f"{outcome.code} {outcome.text}".strip() if outcome.code else outcome.text
        self.notes.append(Note(_NOTE_OF_KIND.get(outcome.kind, "not_tried"), name, words))
