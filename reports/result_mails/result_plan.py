"""Whom the end of a scheduled job is told, in which words: decided from the rows alone, nothing is sent here."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from django.contrib.auth.models import User
from django.db.models import Q

from connector import roles
from connector.services import current_connection
from reports.models import JobSchedule, Occurrence, Report, Row, Run, Work
from reports.result_mails.mail_notes import Note, notes_of
from reports.result_mails.result_words import (
    Letter,
    empty_letter,
    failed_letter,
    held_letter,
    missed_letter,
    part_of,
    result_letter,
)
from reports.schedules.drift import Shortfall, shortfall_of
from reports.schedules.schedule_forms import may_see
from reports.templatetags.report_words import full_name

Status = Occurrence.MailStatus


@dataclass(frozen=True, slots=True)
class Plan:
    """`letter` goes to `people`, with a file of what `query` leaves of `file_of` where that is set; None: nobody is
    told anything.

    `notes` say who was left out and why, `ends` is the status when the letter has left.
    """

    letter: Letter | None = None
    people: tuple[User, ...] = ()
    file_of: Run | None = None
    query: str = ""  # the filter of the file
    notes: tuple[Note, ...] = ()
    ends: str = Status.SENT.value
    is_warning: bool = False  # the letter says that the result is held back


@dataclass(slots=True)
class _People:
    """Users who can be written to, and why the others cannot."""

    found: list[User] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)

    @classmethod
    def among(cls, users: Iterable[User], report: Report | None) -> "_People":
        people = cls()
        for user in users:
            if reason := _reason_against(user, report):
                people.notes.append(Note(reason, full_name(user)))
            else:
                people.found.append(user)
        return people


def _reason_against(user: User, report: Report | None) -> str:
    if not user.is_active:
        return "inactive"
    if report is not None and not may_see(user, report):
        return "may_not_see"
    return "" if user.email else "no_address"


def plan_of(occurrence: Occurrence) -> Plan:
    """What is to be told about an occurrence whose job has ended, or that was missed."""
    schedule, run, sync = occurrence.schedule, occurrence.run, occurrence.sync
    if occurrence.started_at is None:
        return _alarm(schedule, missed_letter(occurrence))
    if sync is not None and sync.status in {Work.Status.FAILED, Work.Status.INCOMPLETE}:
        return _alarm(schedule, failed_letter(occurrence))
    if run is None or run.status == Work.Status.CANCELLED or _is_told_already(occurrence):
        return Plan(ends=Status.NONE)
    if run.connection != current_connection():
        return Plan(notes=(Note("other_tenant"),), ends=Status.FAILED)
    if run.status == Work.Status.FAILED:
        return _alarm(schedule, failed_letter(occurrence))
    return _of_result(occurrence, run)


def is_held_back(occurrence: Occurrence) -> bool:
    """Whether its result waits for a person to look at it, and only the administrators are told."""
    return _gap_of(occurrence) is not None


def _gap_of(occurrence: Occurrence) -> Shortfall | None:
    """What is missing in its result, until a person has let it go."""
    run = occurrence.run
    if run is None or not run.has_result or any(note.code == "released" for note in notes_of(occurrence)):
        return None
    return shortfall_of(run)


def _is_told_already(occurrence: Occurrence) -> bool:
    """A long run is the answer to several moments of one schedule: the first one tells."""
    same = occurrence.schedule.occurrences.filter(run=occurrence.run)
    return same.filter(planned_at__lt=occurrence.planned_at).exists()


def _of_result(occurrence: Occurrence, run: Run) -> Plan:
    schedule = occurrence.schedule
    if gap := _gap_of(occurrence):
        note = Note("drift", words=f"{gap.count} / {gap.usual}")
        return Plan(
            held_letter(run, gap), _administrators(), notes=(note,), ends=Status.FAILED, is_warning=True
        )
    part = part_of(run, schedule.view) if schedule.view else None
    found = run.funnel.get(Row.Stage.MATCHED) if part is None or part.count is None else part.count
    is_empty = not found
    if is_empty and schedule.on_empty == JobSchedule.OnEmpty.SKIP:
        return Plan(ends=Status.SKIPPED)
    if is_empty and schedule.on_empty == JobSchedule.OnEmpty.ALERT:
        return Plan(empty_letter(run, part), _administrators())
    chosen = list(schedule.recipients.all())
    if not chosen:
        return Plan(ends=Status.NONE)
    people = _People.among(chosen, run.report)
    has_file = not is_empty and schedule.attachment != JobSchedule.Attachment.NONE
    return Plan(
        letter=empty_letter(run, part) if is_empty else result_letter(run, part),
        people=tuple(people.found),
        file_of=run if has_file else None,
        query=part.query if part else "",
        notes=tuple(people.notes),
    )


def _alarm(schedule: JobSchedule, letter: Letter) -> Plan:
    """To those who wait for the result; where nobody does (any more), to the administrators."""
    people = _People.among(schedule.recipients.all(), schedule.report)
    return Plan(letter, tuple(people.found) or _administrators(), notes=tuple(people.notes))


def _administrators() -> tuple[User, ...]:
    in_charge = Q(groups__name=roles.ADMINISTRATOR) | Q(is_superuser=True)
    return tuple(User.objects.filter(in_charge, is_active=True).exclude(email="").distinct().order_by("pk"))
