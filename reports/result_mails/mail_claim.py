"""The right to tell of one occurrence, and what became of each one's mail so far.

The right is a committed row (waiting -> sending). Right before a mail is handed over, its outcome is written down
as unknown, and the answer of the server replaces that: whoever dies in between leaves "unknown", and nobody sends
that one again.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.utils import timezone

from reports.models import Occurrence
from reports.result_mails.mail_notes import Note, notes_of, stored
from reports.templatetags.report_words import full_name

Status = Occurrence.MailStatus
TRIED_FOR = timedelta(hours=24)
ACCEPTED, UNKNOWN, REJECTED = "accepted", "unknown", "rejected"  # as connector.smtp.submission says it
MAY_HAVE_IT = frozenset({ACCEPTED, UNKNOWN})
# What stays true of an occurrence when the rest is tried again.
_LASTING = {"released", "refused", "too_large", "rows_gone", "no_download_right"}


def lasting_notes(occurrence: Occurrence) -> list[Note]:
    return [note for note in notes_of(occurrence) if note.code in _LASTING]


class MailClaim:
    """It holds as long as the row says so; after that it changes nothing more."""

    def __init__(self, occurrence: Occurrence, claimed_at: datetime) -> None:
        self.occurrence = occurrence
        self._outcomes: dict[str, str] = dict(occurrence.mail_outcomes)
        self._rows = Occurrence.objects.filter(
            pk=occurrence.pk, mail_status=Status.SENDING, mailed_at=claimed_at
        )

    @property
    def has_reached(self) -> bool:
        """Whether somebody has got the mail, now or earlier."""
        return ACCEPTED in self._outcomes.values()

    def left_of(self, people: Iterable[User]) -> list[User]:
        """Who is still to be written to: nothing can have reached them, and nobody has refused it for good."""
        over = MAY_HAVE_IT | {REJECTED}
        return [user for user in people if self._outcomes.get(str(user.pk)) not in over]

    def unclear(self, people: Iterable[User]) -> list[Note]:
        """Of whom nobody can know whether they got it."""
        unknown = [user for user in people if self._outcomes.get(str(user.pk)) == UNKNOWN]
        return [Note("unclear", full_name(user)) for user in unknown]

    def is_handing_over(self, user: User) -> bool:
        """The last moment before a mail leaves: True when it may."""
        return self.write(user, UNKNOWN)

    def write(self, user: User, outcome: str) -> bool:
        """Write down what became of the mail to `user`; False when the right is somebody else's by now."""
        outcomes = {**self._outcomes, str(user.pk): outcome}
        if self._rows.update(mail_outcomes=outcomes) != 1:
            return False
        self._outcomes = outcomes
        return True

    def end(self, status: str, notes: Iterable[Note]) -> None:
        """`notes` come after what lasts of the attempts before."""
        said = dict.fromkeys([*lasting_notes(self.occurrence), *notes])
        sent_at = timezone.now() if status == Status.SENT else None
        self._rows.update(mail_status=status, mail_problem=stored(said), mailed_at=sent_at)

    def wait(self, notes: Iterable[Note], *, why: Note, given_up: Note) -> None:
        """Try again later, or give up after a day."""
        if timezone.now() - self._waits_since() < TRIED_FOR:
            self.end(Status.WAITING, [*notes, why])
        else:
            self.end(Status.FAILED, [*notes, given_up])

    def _waits_since(self) -> datetime:
        """The end of the job, or the moment when a person let the mail go."""
        released = [note.words for note in notes_of(self.occurrence) if note.code == "released"]
        if released and released[-1]:
            return datetime.fromisoformat(released[-1])
        work = self.occurrence.run or self.occurrence.sync
        return (work.finished_at if work else None) or self.occurrence.missed_at or timezone.now()
