"""The end of a scheduled job by e-mail, to users of the desk: once, and if not, the schedule says why.

The right to send is a committed claim (waiting -> sending). Whoever dies with it leaves "sending", which the
sweep turns into "failed, may have been sent": nobody goes on with it unless a person says so. While somebody was
put off or not tried, it goes back to waiting, for a day. What became of each one's mail stands in the row
(`mail_claim`): whom it may have reached never gets it a second time.
"""

import logging
from collections.abc import Iterable
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
from reports.result_mails.mail_claim import MAY_HAVE_IT, MailClaim, lasting_notes
from reports.result_mails.mail_notes import Note, sentence, stored
from reports.result_mails.result_files import NoFile, Trail, file_of
from reports.result_mails.result_message import File
from reports.result_mails.result_plan import Plan, Status, is_held_back, plan_of
from reports.result_mails.result_post import Post
from reports.result_mails.result_words import Letter
from reports.rights import may_download
from reports.templatetags.report_words import full_name

MAIL_TASK = "reports.tasks.mail_result"
LANGUAGE = "de"  # which language somebody reads, only their browser knows
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
    for occurrence in left:
        notes = [*lasting_notes(occurrence), Note("interrupted")]
        row = left.filter(pk=occurrence.pk, mailed_at=occurrence.mailed_at)
        row.update(mail_status=Status.FAILED, mailed_at=None, mail_problem=stored(notes))
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
    """A person has looked at a mail that was held back or did not leave, and wants it sent: to all whom nothing
    can have reached. False: it is not theirs to decide (any more)."""
    failed = Occurrence.objects.filter(pk=occurrence.pk, mail_status=Status.FAILED)
    found = failed.select_related("schedule__report", "schedule__view", "run__report", "sync").first()
    if found is None:
        return False
    outcomes = {user: outcome for user, outcome in found.mail_outcomes.items() if outcome in MAY_HAVE_IT}
    if is_held_back(found):
        outcomes = {}  # the warning that it is held back went to them, and not the result
    note = stored([Note("released", full_name(by), timezone.now().isoformat())])
    # The row has to be the one that was looked at.
    rows = failed.filter(mail_problem=found.mail_problem)
    return rows.update(mail_status=Status.WAITING, mail_problem=note, mail_outcomes=outcomes) == 1


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
            _tell(MailClaim(occurrence, now))
    except Exception as error:
        logger.exception("occurrence %s could not be told", occurrence_pk)
        words = redact(f"{type(error).__name__}: {error}")
        MailClaim(occurrence, now).end(Status.FAILED, [Note("unexpected", words=words)])


def _tell(claim: MailClaim) -> None:
    plan = plan_of(claim.occurrence)
    if plan.letter is None:
        claim.end(Status.SENT if claim.has_reached else plan.ends, plan.notes)
        return
    people = claim.left_of(plan.people)
    if not people:
        _conclude(claim, plan, list(plan.notes), later=[])
        return
    notes = [*plan.notes, *claim.unclear(plan.people)]
    mailbox = shared_mailbox()
    if mailbox is None:
        claim.end(Status.FAILED, [*notes, Note("no_mailbox")])
    elif mailbox.is_paused:
        claim.wait(notes, why=Note("mailbox_paused"), given_up=Note("given_up"))
    else:
        _send(claim, plan, plan.letter, people, mailbox)


def _send(claim: MailClaim, plan: Plan, letter: Letter, people: list[User], mailbox: Mailbox) -> None:
    schedule = claim.occurrence.schedule
    file, file_notes = _file(schedule, plan, people)
    # Who reads the mail learns as well why no file is with it.
    letter = replace(letter, paragraphs=(*letter.paragraphs, *map(sentence, file_notes)))
    trail = Trail(plan.file_of, schedule.attachment, file, plan.query) if plan.file_of and file else None
    post = Post(letter, mailbox, trail, claim=claim, language=LANGUAGE)
    notes = [*plan.notes, *file_notes]
    try:
        post.deliver(people)
    except SmtpError as error:
        said = [*notes, *claim.unclear(plan.people), *post.notes]
        words = str(error)
        if not error.is_temporary:
            claim.end(Status.FAILED, [*said, Note("misconfigured", words=words)])
        else:
            claim.wait(said, why=Note("waits", words=words), given_up=Note("given_up", words=words))
        return
    _conclude(claim, plan, notes, later=post.later, said=post.notes)


def _conclude(
    claim: MailClaim, plan: Plan, notes: list[Note], *, later: list[User], said: Iterable[Note] = ()
) -> None:
    """Whoever can still get it is waited for; then it counts whether somebody has got it."""
    notes = [*notes, *claim.unclear(plan.people), *said]
    # A result that is held back waits for a person as soon as one of those who decide has heard of it.
    if later and not (plan.is_warning and claim.has_reached):
        claim.wait(notes, why=Note("later"), given_up=Note("gave_up"))
    elif claim.has_reached:
        claim.end(plan.ends, notes)
    else:
        claim.end(Status.FAILED, notes if plan.people else [*notes, Note("nobody")])


def _file(schedule: JobSchedule, plan: Plan, people: list[User]) -> tuple[File | None, list[Note]]:
    """The file that goes with the mail, and why there is none where one was wanted."""
    if plan.file_of is None or not any(may_download(user) for user in people):
        return None, []
    try:
        return file_of(plan.file_of, schedule.attachment, language=LANGUAGE, query=plan.query), []
    except NoFile as error:
        return None, [Note(error.code)]
