"""The info sheet of a workbook: which run of what, how old, whose rights, which rows, and where the others went."""

from collections.abc import Iterator
from datetime import datetime

from django.utils import timezone
from django.utils.translation import gettext as _

from reports.definitions.definition import Definition, sentence
from reports.explaining.causes import FILTERS_HIDE, cause_of
from reports.explaining.snapshots import day_of
from reports.export import REPORT_COLUMNS, Cell
from reports.models import Row, Run
from reports.templatetags.report_words import grouped
from reports.viewer.facet_panel import value_label
from reports.viewer.filters import FACETS, NEWEST_FIRST, Filter
from reports.viewer.quality import flaws_of


def info_of(run: Run, wanted: Filter, count: int, *, made_by: str, now: datetime) -> list[tuple[str, Cell]]:
    """Lines for `write_xlsx` in the active language; `count` rows are on the first sheet."""
    return [
        (_("Report"), run.report.name),
        (_("Sales looked at"), _looked_at(run)),
        (_("Run"), run.pk),
        (_("State"), str(run.get_status_display())),
        *((_("Note"), words) for words in notes_of(run, wanted, count, now)),
        (_("SuperOffice read at"), run.data_at or _("never without a gap")),
        (_("Time zone"), timezone.get_current_timezone_name()),
        (_("Read with the rights of"), run.acts_as or "–"),
        (_("Keyword list version"), run.keyword_list.version),
        (_("SHA-256 of the keyword list"), run.keyword_list.checksum),
        *filter_lines(wanted),
        *((_("Funnel: %(stage)s") % {"stage": stage.label}, _staged(run, stage)) for stage in Row.Stage),
        (_("Funnel: all sales looked at"), run.read_count),
        *((_("Data quality: %(flaw)s") % {"flaw": flaw.label}, flaw.count) for flaw in flaws_of(run)),
        (_("SHA-256 of the whole run"), run.checksum or "–"),
        (_("File made at"), now),
        *([(_("File made by"), made_by)] if made_by else []),
    ]


def _looked_at(run: Run) -> str:
    return sentence(Definition.from_json(run.definition), today=day_of(run))


def _staged(run: Run, stage: Row.Stage) -> int:
    return int(run.funnel.get(stage.value, 0))


def notes_of(run: Run, wanted: Filter, count: int, now: datetime) -> Iterator[str]:
    """What whoever opens the file must know first: that it is incomplete, stale or empty, and why."""
    if run.status == Run.Status.INCOMPLETE:
        yield _("Incomplete: SuperOffice could not be read to the end. The file has what was known then.")
    elif run.status != Run.Status.SUCCEEDED:
        yield _("The run did not come to its end: the file has only what was looked at until then.")
    if run.is_stale(now):
        yield _("Stale: SuperOffice was read more than a day before this file was made.")
    if not count:
        yield empty_reason(run, wanted)


def empty_reason(run: Run, wanted: Filter) -> str:
    """Why there is no row under this filter, in one sentence."""
    cause = cause_of(run, wanted)
    if cause is not None and cause.code != FILTERS_HIDE:
        return cause.sentence
    without = _staged(run, Row.Stage.NO_COMPANY)
    if wanted.choice("stage").included or not without:
        return _("No row: none of the %(total)s sales of this run fits the filters.") % {
            "total": grouped(run.read_count)
        }
    return _("No row: none of the %(count)s sales with a company, of %(total)s, fits the filters.") % {
        "count": grouped(run.read_count - without),
        "total": grouped(run.read_count),
    }


def filter_lines(wanted: Filter) -> list[tuple[str, Cell]]:
    """What was left out, in which words, and in which order the rows are."""
    lines: list[tuple[str, Cell]] = []
    if wanted.search:
        lines.append((_("Filter: %(name)s") % {"name": _("Search text")}, wanted.search))
    for key, title in FACETS.items():
        choice = wanted.choice(key)
        words = [value_label(key, value) for value in choice.included]
        words += [_("not %(value)s") % {"value": value_label(key, value)} for value in choice.excluded]
        if words:
            lines.append((_("Filter: %(name)s") % {"name": title}, ", ".join(words)))
    if not lines:
        lines.append((_("Filters"), _("none, all sales of the report")))
    if wanted.sort != NEWEST_FIRST:
        falls = wanted.sort.startswith("-")
        title = str(REPORT_COLUMNS[wanted.sort.removeprefix("-")].title)
        order = _("%(column)s, falling") if falls else _("%(column)s, rising")
        lines.append((_("Order"), order % {"column": title}))
    return lines
