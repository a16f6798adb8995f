"""The end of a scheduled job by e-mail, to users of the desk: once, and if not, the schedule says why.

The right to send is a committed claim (waiting -> sending). Whoever dies with it leaves "sending", which the
sweep turns into "failed, may have been sent": nobody sends it a second time unless a person says so. What
surely reached nobody goes back to waiting, for a day.
"""

import logging
from dataclasses import replace
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth.models import User
from django.db.models import Q, QuerySet
from django.utils import timezone, translation

from connector.jobs import enqueue
from connector.models import Mailbox
from connector.redaction import redact
from connector.services import shared_mailbox
from connector.smtp.errors import SmtpError
from reports.models import JobSchedule, Occurrence, Work
from reports.result_mails.mail_notes import Note, sentence, stored
from reports.result_mails.result_files import NoFile, file_of, record_files
from reports.result_mails.result_message import File
from reports.result_mails.result_plan import Plan, Status, plan_of
from reports.result_mails.result_post import Post
from reports.result_mails.result_words import Letter
from reports.rights import may_download
from reports.templatetags.report_words import full_name

MAIL_TASK = "reports.tasks.mail_result"
LANGUAGE = "de"  # which language somebody reads, only their browser knows
TRIED_FOR = timedelta(hours=24)
SHOWN_FOR = timedelta(days=7)
_AT_WORK = [Work.Status.QUEUED, Work.Status.RUNNING]
_MOST_A_SWEEP = 50
logger = logging.getLogger(__name__)


# --- What waits ---------------------------------------------------------------------------------------


def ready(now: datetime) -> QuerySet[Occurrence]:
    """Occurrences to be told of: their job has ended, or they were missed."""
    ended = (
        Q(started_at=None, missed_at__isnull=False)
        | Q(run__isnull=False) & ~Q(run__status__in=_AT_WORK)
        | Q(sync__isnull=False) & ~Q(sync__status__in=_AT_WORK)
        | Q(started_at__isnull=False, run=None, sync=None)  # what it started was removed
    )
    return Occurrence.objects.waiting_for_mail(now).filter(ended).order_by("planned_at")


def sweep(now: datetime) -> int:
    """Wake the mail cluster for what is ready, and end what a dead worker left; returns how many are ready."""
    # No task of that cluster lives longer than this.
    dead = now - timedelta(seconds=settings.MESSAGE_LEASE + 120)
    left = Occurrence.objects.filter(mail_status=Status.SENDING, mailed_at__lt=dead)
    left.update(mail_status=Status.FAILED, mailed_at=None, mail_problem=stored([Note("interrupted")]))
    found = list(ready(now).values_list("pk", flat=True)[:_MOST_A_SWEEP])
    for pk in found:
        enqueue(MAIL_TASK, pk, cluster="mail")
    return len(found)


def unsent(now: datetime) -> QuerySet[Occurrence]:
    """Occurrences of the last days with something to say about their mail, newest first."""
    told = Q(mail_status=Status.FAILED) | Q(mail_status__in=[Status.SENT, Status.WAITING]) & ~Q(
        mail_problem=""
    )
    found = Occurrence.objects.filter(told, planned_at__gte=now - SHOWN_FOR)
    return found.select_related("schedule__report", "run", "sync").order_by("-planned_at")


def send_after_all(occurrence: Occurrence, *, by: User) -> bool:
    """A person has looked at a mail that was held back or did not leave, and wants it sent. False: it is not
    theirs to decide (any more)."""
    note = stored([Note("released", full_name(by))])
    rows = Occurrence.objects.filter(pk=occurrence.pk, mail_status=Status.FAILED)
    return rows.update(mail_status=Status.WAITING, mail_problem=note) == 1


# --- Sending ------------------------------------------------------------------------------------------


def mail_result(occurrence_pk: int, now: datetime) -> None:
    """Tell of one occurrence, if nobody else does; whatever happens is written down, and nothing is raised."""
    if not ready(now).filter(pk=occurrence_pk).exists():
        return
    waiting = Occurrence.objects.filter(pk=occurrence_pk, mail_status=Status.WAITING)
    if not waiting.update(mail_status=Status.SENDING, mailed_at=now):
        return
    related = ("schedule__report", "run__report", "run__keyword_list", "run__connection", "sync")
    occurrence = Occurrence.objects.select_related(*related).get(pk=occurrence_pk)
    try:
        with translation.override(LANGUAGE):
            _tell(_Claim(occurrence, now))
    except Exception as error:
        logger.exception("occurrence %s could not be told", occurrence_pk)
        words = redact(f"{type(error).__name__}: {error}")
        _Claim(occurrence, now).end(Status.FAILED, [Note("unexpected", words=words)])


class _Claim:
    """The right to send for one occurrence; it holds as long as the row says so."""

    def __init__(self, occurrence: Occurrence, claimed_at: datetime) -> None:
        self.occurrence = occurrence
        self._rows = Occurrence.objects.filter(
            pk=occurrence.pk, mail_status=Status.SENDING, mailed_at=claimed_at
        )

    def holds(self) -> bool:
        return self._rows.exists()

    def end(self, status: str, notes: list[Note]) -> None:
        sent_at = timezone.now() if status == Status.SENT else None
        self._rows.update(mail_status=status, mail_problem=stored(notes), mailed_at=sent_at)

    def wait(self, note: Note, kept: tuple[Note, ...] = ()) -> None:
        """Try again later what reached nobody, or give up after a day."""
        work = self.occurrence.run or self.occurrence.sync
        since = (work.finished_at if work else None) or self.occurrence.missed_at or timezone.now()
        if timezone.now() - since < TRIED_FOR:
            self.end(Status.WAITING, [*kept, note])
        else:
            self.end(Status.FAILED, [*kept, Note("given_up", words=note.words)])


def _tell(claim: _Claim) -> None:
    plan = plan_of(claim.occurrence)
    if plan.letter is None:
        claim.end(plan.ends, list(plan.notes))
        return
    if not plan.people:
        claim.end(Status.FAILED, [*plan.notes, Note("nobody")])
        return
    mailbox = shared_mailbox()
    if mailbox is None:
        claim.end(Status.FAILED, [*plan.notes, Note("no_mailbox")])
    elif mailbox.is_paused:
        claim.wait(Note("mailbox_paused"), plan.notes)
    else:
        _send(claim, plan, plan.letter, mailbox)


def _send(claim: _Claim, plan: Plan, letter: Letter, mailbox: Mailbox) -> None:
    schedule = claim.occurrence.schedule
    file, notes = _file(schedule, plan)
    # Who reads the mail learns as well why no file is with it.
    letter = replace(letter, paragraphs=(*letter.paragraphs, *map(sentence, notes)))
    post = Post(letter, mailbox, file, holds=claim.holds, language=LANGUAGE)
    try:
        post.deliver(plan.people)
    except SmtpError as error:
        if not error.is_temporary:
            claim.end(Status.FAILED, [*plan.notes, Note("misconfigured", words=str(error))])
        else:
            claim.wait(Note("waits", words=str(error)), plan.notes)
        return
    if plan.file_of is not None and file is not None:
        record_files(plan.file_of, schedule.attachment, file, post.got_the_file)
    _conclude(claim, plan, post, [*plan.notes, *notes, *post.notes])


def _conclude(claim: _Claim, plan: Plan, post: Post, notes: list[Note]) -> None:
    """Who got it decides: somebody, nobody for now, or nobody at all."""
    if post.reached:
        claim.end(plan.ends, notes)
    elif not post.unclear and (later := [note for note in post.notes if note.code == "deferred"]):
        claim.wait(Note("waits", words=later[0].words), plan.notes)
    else:
        claim.end(Status.FAILED, notes)


def _file(schedule: JobSchedule, plan: Plan) -> tuple[File | None, list[Note]]:
    """The file that goes with the mail, and why there is none where one was wanted."""
    if plan.file_of is None or not any(may_download(user) for user in plan.people):
        return None, []
    try:
        return file_of(plan.file_of, schedule.attachment, language=LANGUAGE), []
    except NoFile as error:
        return None, [Note(error.code)]
