"""What a mail about a scheduled job says, in the active language: plain text, the same numbers as the page."""

from dataclasses import dataclass

from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from reports.definitions.definition import Definition, sentence
from reports.explaining.causes import cause_of
from reports.explaining.snapshots import day_of
from reports.models import JobSchedule, Occurrence, Row, Run, SavedView
from reports.schedules.drift import Shortfall
from reports.schedules.occurrences import GRACE
from reports.templatetags.run_words import words_of
from reports.templatetags.schedule_words import planned, rhythm
from reports.viewer.charts import base_words
from reports.viewer.filters import Filter
from reports.viewer.quality import quality_sentence
from reports.viewer.viewing import view_of


@dataclass(frozen=True, slots=True)
class Letter:
    """`text` has one paragraph an entry."""

    subject: str
    paragraphs: tuple[str, ...]

    @property
    def text(self) -> str:
        return "\n\n".join([*self.paragraphs, _("Sent by Sales Desk by itself.")]) + "\n"


def address_of(name: str, *args: int) -> str:
    """The full address of a page; only its path where the installation does not know its own address."""
    return settings.PUBLIC_URL + reverse(name, args=args)


@dataclass(frozen=True, slots=True)
class Part:
    """The sales of a run that a saved view shows; `count` is None once the run has only its figures."""

    name: str
    query: str
    count: int | None


def part_of(run: Run, view: SavedView) -> Part:
    count = view_of(run).select(Filter.of_text(view.query)).count if run.has_rows else None
    return Part(view.name, view.query, count)


def result_letter(run: Run, part: Part | None = None) -> Letter:
    """A finished run, or the part of it that a view shows; one with a gap is called incomplete in the subject and
    in the text."""
    without = int(run.funnel.get(Row.Stage.NO_COMPANY, 0))
    words = _("%(report)s: a product in %(found)s of %(base)s") % {
        "report": run.report.name,
        "found": _count(run.funnel.get(Row.Stage.MATCHED, 0)),
        "base": base_words(run.read_count - without, is_partly=bool(without)),
    }
    if part is not None:
        words = f"{run.report.name} · {_sales_in(part)}"
    if run.status == Run.Status.INCOMPLETE:
        words = _("Incomplete · %(subject)s") % {"subject": words}
    return Letter(words, (*_about_part(part), *_about(run), _to_the_result(run, part)))


def empty_letter(run: Run, part: Part | None = None) -> Letter:
    """A finished run in which no product was found, with the cause; or one of which a view shows nothing."""
    words = _("%(report)s: nothing found") % {"report": run.report.name}
    if part is not None:
        words = f"{run.report.name} · {_sales_in(part)}"
    return Letter(words, (*_cause(run), *_about_part(part), *_about(run), _to_the_result(run, part)))


def failed_letter(occurrence: Occurrence) -> Letter:
    """A run or reading that ended without a whole result."""
    work = occurrence.run or occurrence.sync
    name = _name(occurrence.schedule)
    code, detail = (work.problem_code, work.problem_detail) if work else ("", "")
    reason = words_of(code) if code else _("The run ended without a result.")
    paragraphs = [
        _("“%(name)s”, planned for %(moment)s, did not come to a whole result.")
        % {"name": name, "moment": _planned(occurrence)},
        _("Why: %(reason)s") % {"reason": reason},
    ]
    if detail:
        paragraphs.append(_("What the other side said: %(words)s") % {"words": detail})
    where = address_of("run", occurrence.run.pk) if occurrence.run else address_of("schedules")
    paragraphs.append(_("Look here: %(address)s") % {"address": where})
    return Letter(_("%(name)s: failed") % {"name": name}, tuple(paragraphs))


def missed_letter(occurrence: Occurrence) -> Letter:
    """A planned moment at which nothing started."""
    name = _name(occurrence.schedule)
    by = timezone.localtime(occurrence.planned_at + GRACE)
    words = _(
        "“%(name)s” was expected at %(moment)s; nothing had started by %(by)s. Schedule: %(rhythm)s. "
        "Usually the worker or the computer was not running then."
    ) % {
        "name": name,
        "moment": _planned(occurrence),
        "by": f"{by:%H:%M}",
        "rhythm": rhythm(occurrence.schedule),
    }
    look = _("Look here: %(address)s") % {"address": address_of("schedules")}
    return Letter(_("%(name)s: did not start") % {"name": name}, (words, look))


def held_letter(run: Run, gap: Shortfall) -> Letter:
    """To administrators: a result that was not sent, because far fewer sales came than usual."""
    words = _(
        "The result of “%(report)s” was held back: %(count)s sales came, where %(usual)s are usual. Perhaps a "
        "right was lost in SuperOffice. If the result is right, send it after all on the page with the schedules."
    ) % {"report": run.report.name, "count": _count(gap.count), "usual": _count(gap.usual)}
    schedules = _("Look here: %(address)s") % {"address": address_of("schedules")}
    subject = _("%(report)s: result held back") % {"report": run.report.name}
    return Letter(subject, (words, *_about(run), _to_the_result(run), schedules))


# --- Parts --------------------------------------------------------------------------------------------


def _sales_in(part: Part) -> str:
    """ "Open ones: 12 sales"; only the name where nobody can count any more."""
    if part.count is None:
        return part.name
    words = ngettext("%(view)s: %(count)s sale", "%(view)s: %(count)s sales", part.count)
    return words % {"view": part.name, "count": _count(part.count)}


def _about_part(part: Part | None) -> list[str]:
    if part is None:
        return []
    words = _("Only the view “%(view)s” is sent. What follows is about the whole result.")
    return [_sales_in(part), words % {"view": part.name}]


def _cause(run: Run) -> list[str]:
    """Why nothing was found, and the headings in which nothing was."""
    cause = cause_of(run)
    if cause is None:
        return []
    headings = "\n".join(f"{_count(count)} × {heading}" for heading, count in cause.headings)
    return [cause.sentence, headings] if headings else [cause.sentence]


def _about(run: Run) -> list[str]:
    """What was looked at, how old it is, and where each sale went."""
    said = sentence(Definition.from_json(run.definition), today=day_of(run))
    parts = [_("Looked at: %(sales)s") % {"sales": said}]
    if run.status == Run.Status.INCOMPLETE:
        reason = words_of(run.problem_code) if run.problem_code else ""
        parts.append(_("This result is incomplete. %(reason)s") % {"reason": reason})
    if run.data_at:
        words = _("SuperOffice read at %(moment)s") % {"moment": planned(run.data_at)}
        if run.acts_as:
            words = _("%(read)s, with the rights of %(who)s") % {"read": words, "who": run.acts_as}
        parts.append(words)
    parts.append(_funnel_line(run))
    if quality := quality_sentence(run):
        parts.append(quality)
    return parts


def _funnel_line(run: Run) -> str:
    """Every sale in one line: "1,024 sales read: 24 No company · 188 No product found · 812 Product found"."""
    head = ngettext("%(count)s sale read", "%(count)s sales read", run.read_count)
    stages = [
        f"{_count(count)} × {stage.label}"
        for stage in Row.Stage
        for count in [int(run.funnel.get(stage.value, 0))]
        if count
    ]
    read = head % {"count": _count(run.read_count)}
    return f"{read}: " + " · ".join(stages) if stages else f"{read}."


def _to_the_result(run: Run, part: Part | None = None) -> str:
    query = f"?{part.query}" if part and part.query else ""
    return _("To the result: %(address)s") % {"address": address_of("run", run.pk) + query}


def _name(schedule: JobSchedule) -> str:
    return schedule.report.name if schedule.report else str(schedule.get_job_display())


def _planned(occurrence: Occurrence) -> str:
    return f"{planned(occurrence.planned_at)} ({timezone.get_current_timezone_name()})"


def _count(number: int) -> str:
    return number_format(number, use_l10n=True, force_grouping=True)
