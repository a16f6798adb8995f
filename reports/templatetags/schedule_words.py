"""Schedules, planned moments and what became of their mails, in words."""

from datetime import datetime
from typing import Any

from django import template
from django.utils import timezone
from django.utils.formats import date_format, time_format
from django.utils.translation import get_language, gettext

from reports.models import JobSchedule, Occurrence
from reports.result_mails.mail_notes import notes_of, sentence
from reports.schedules import occurrences

register = template.Library()


@register.filter
def rhythm(schedule: JobSchedule) -> str:
    """When it comes: "Monday to Friday at 06:00"; a cron expression as it is."""
    time = time_format(schedule.at, "H:i") if schedule.at else "–"
    kind = JobSchedule.Rhythm(schedule.rhythm)
    if kind == JobSchedule.Rhythm.DAILY:
        return gettext("daily at %(time)s") % {"time": time}
    if kind == JobSchedule.Rhythm.WEEKDAYS:
        return gettext("Monday to Friday at %(time)s") % {"time": time}
    if kind == JobSchedule.Rhythm.WEEKLY:
        weekday = schedule.get_weekday_display() or "–"
        return gettext("every week, %(weekday)s at %(time)s") % {"weekday": weekday, "time": time}
    if kind == JobSchedule.Rhythm.MONTHLY:
        words = (
            gettext("monthly on day %(day)s, else on the month's last, at %(time)s")
            if (schedule.day or 0) > 28
            else gettext("monthly on day %(day)s at %(time)s")
        )
        return words % {"day": schedule.day, "time": time}
    return schedule.cron


@register.filter
def planned(moment: datetime) -> str:
    """A moment with its weekday, "Mon 20 Nov 2026 06:00", in local time; in the hour that comes twice with its zone."""
    local = timezone.localtime(moment)
    text = date_format(local, "D d.m.Y H:i" if get_language() == "de" else "D j M Y H:i")
    other = local.replace(fold=1 - local.fold)
    is_twofold = other.utcoffset() != local.utcoffset() and timezone.localtime(other).hour == local.hour
    return f"{text} {local:%Z}" if is_twofold else text


@register.filter
def on_the_wall(moment: datetime) -> str:
    """The time of day of a moment without a zone, "02:30"."""
    return f"{moment:%H:%M}"


@register.filter
def calendar_day(moment: datetime) -> str:
    """The day of a moment without a zone, "29 March 2026"."""
    return date_format(moment, "j. F Y" if get_language() == "de" else "j F Y")


@register.filter
def due_by(occurrence: Occurrence) -> datetime:
    """The moment by which something should have started."""
    return occurrence.planned_at + occurrences.GRACE


@register.filter
def last_of(occurrences_: list[Occurrence]) -> datetime:
    """The planned moment of the last of them."""
    return occurrences_[-1].planned_at


@register.filter
def was_under_way(occurrence: Occurrence) -> bool:
    return occurrences.joined(occurrence)


@register.filter
def mail_sentences(occurrence: Occurrence) -> list[str]:
    """What there is to say about the mail of a result."""
    return [sentence(note) for note in notes_of(occurrence)]


@register.simple_tag
def outcome(occurrence: Occurrence) -> dict[str, Any]:
    """How a planned moment ended: `state` and `label` for its badge, `run` or `sync` for the link."""
    work = occurrence.run or occurrence.sync
    if occurrence.started_at is None:
        state, label = "failed", gettext("Did not start")
    elif work is None:
        state, label = "unchecked", gettext("Result removed")
    else:
        state, label = work.status, ""
    return {"state": state, "label": label, "run": occurrence.run, "sync": occurrence.sync}
