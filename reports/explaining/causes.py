"""Why a result is empty: one cause, in one sentence, with the one thing that changes it."""

from dataclasses import dataclass

from django.db.models import Count, QuerySet
from django.urls import reverse
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from reports.explaining.no_sales import fits_no_sale
from reports.explaining.why import parts_of
from reports.keyword_lists.keywords import keywords_of
from reports.models import Row, Run, Sale
from reports.viewer.filters import Choice, Filter
from reports.viewer.result_table import address
from reports.viewer.viewing import Selection, view_of

SIGN_IN_FAILED, NOT_READ = "sign_in_failed", "not_read"
SHOWED_NOTHING, FITS_NO_SALE = "superoffice_showed_nothing", "definition_fits_no_sale"
WITHOUT_COMPANY, HEADINGS_EMPTY = "all_without_company", "all_headings_empty"
LIST_EMPTY, LIST_FINDS_NOTHING = "list_empty", "no_positive_keyword"
NOTHING_MATCHED, FILTERS_HIDE = "nothing_matched", "filters_hide_everything"
OTHER_STAGE = "stands_in_another_stage"
MOST_HEADINGS = 10
# Problem codes of a run that never got past SuperOffice's door.
_AT_THE_DOOR = frozenset(
    {
        "no_connection", "not_signed_in", "no_system_user_token", "onsite_not_allowed", "invalid_login",
        "invalid_key", "clock_skew", "sign_in_refused", "sign_in_failed", "needs_consent", "invalid_client",
        "invalid_identity", "wrong_tenant", "unauthorized",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Link:
    """The next step; `url` is a path of this site."""

    label: str
    url: str


@dataclass(frozen=True, slots=True)
class Cause:
    """`headings` are the commonest headings in which nothing was found, with their numbers of sales; no `link` where
    the reader can change nothing.
    """

    code: str
    sentence: str
    link: Link | None
    headings: tuple[tuple[str, int], ...] = ()


def cause_of(
    run: Run, filter: Filter | None = None, *, path: str = "", may_change: bool = False
) -> Cause | None:
    """Why there is nothing to show; None when there is something.

    Without a filter that is: no sale has a product. With one: no row is left of the finished run. `path` is the page
    that the links about filters stay on; usually the run's. `may_change`: the reader may change the report.
    """
    if filter is not None and run.read_count and run.is_finished and run.has_rows:
        selection = view_of(run).select(filter)
        if selection.count:
            return None
        if filter.is_active and not (_wants_products(filter) and not _staged(run, Row.Stage.MATCHED)):
            return _hidden(selection, path or reverse("run", args=[run.pk]))
    elif _staged(run, Row.Stage.MATCHED):
        return None
    return _of_run(run, may_change=may_change)


def _wants_products(filter: Filter) -> bool:
    """Whether the filter asks for nothing but sales with a product: then the run itself is empty."""
    stage = filter.choice("stage")
    is_only = not filter.search and set(filter.choices) == {"stage"}
    return is_only and stage.included == (Row.Stage.MATCHED.value,) and not stage.excluded


def _staged(run: Run, *stages: str) -> int:
    return sum(int(run.funnel.get(stage, 0)) for stage in stages)


# --- Of the run -----------------------------------------------------------------------------------------


def _of_run(run: Run, *, may_change: bool) -> Cause:
    if not run.read_count:
        return _nothing_read(run, may_change=may_change)
    searched = run.read_count - _staged(run, Row.Stage.NO_COMPANY, Row.Stage.COMPANY_UNREADABLE)
    if not searched:
        words = _("None of the sales has a company that can be read, so there is nobody to report on.")
        link = Link(_("Show the sales without a company"), _rows_url(run, Row.Stage.NO_COMPANY))
        return Cause(WITHOUT_COMPANY, words, link)
    if _staged(run, Row.Stage.EMPTY_HEADING) == searched:
        words = _("Every heading is empty, so there is nothing to find a product in.")
        link = Link(_("Show the sales with an empty heading"), _rows_url(run, Row.Stage.EMPTY_HEADING))
        return Cause(HEADINGS_EMPTY, words, link)
    return _of_list(run) or _nothing_matched(run)


def _nothing_read(run: Run, *, may_change: bool) -> Cause:
    connection = Link(_("Look at the connection"), reverse("connection"))
    if run.problem_code in _AT_THE_DOOR:
        return Cause(
            SIGN_IN_FAILED, _("Signing in to SuperOffice failed, so no sale could be read."), connection
        )
    if run.problem_code:
        words = _("SuperOffice could not be read, and nothing was known from before.")
        return Cause(NOT_READ, words, connection)
    if Sale.objects.of_tenant(run.connection).present().exists():
        link = Link(_("Change the report"), reverse("report_edit", args=[run.report_id]))
        return Cause(FITS_NO_SALE, fits_no_sale(run), link if may_change else None)
    words = _("SuperOffice showed us no sale at all: there is none, or our user may not see any.")
    return Cause(SHOWED_NOTHING, words, connection)


def _of_list(run: Run) -> Cause | None:
    """What is wrong with the keyword list itself."""
    keywords = keywords_of(run.keyword_list)
    to_list = Link(_("Look at the keywords"), reverse("keywords"))
    if not keywords:
        return Cause(LIST_EMPTY, _("The keyword list is empty, so nothing can be found."), to_list)
    if not any(one.polarity == "positive" and one.kind != "tag" for one in keywords):
        words = _(
            "The keyword list has no keyword for a product or service, only such that hide, exclude or tag."
        )
        return Cause(LIST_FINDS_NOTHING, words, to_list)
    return None


def _nothing_matched(run: Run) -> Cause:
    words = _("No keyword fits the headings of these sales.")
    link = Link(_("Look at the keywords"), reverse("keywords"))
    return Cause(NOTHING_MATCHED, words, link, _commonest(run.rows.all()))


def _commonest(rows: QuerySet[Row]) -> tuple[tuple[str, int], ...]:
    """The commonest headings that were searched; one query."""
    searched = [Row.Stage.EXCLUDED, Row.Stage.NEGATED, Row.Stage.UNMATCHED]
    counted = rows.filter(stage__in=searched).values("heading").annotate(count=Count("pk"))
    return tuple(counted.order_by("-count", "heading").values_list("heading", "count")[:MOST_HEADINGS])


def _rows_url(run: Run, stage: str) -> str:
    return f"{reverse('run', args=[run.pk])}?stage={stage}#rows"


# --- Of the filter --------------------------------------------------------------------------------------


def _hidden(selection: Selection, path: str) -> Cause:
    """The filters leave nothing: the stage where such sales stand, else the part whose removal shows most."""
    shown = selection.filter
    if elsewhere := _elsewhere(selection, path):
        return elsewhere
    words = _("No sale fits these filters.")
    best = max(
        ((Selection(selection.view, without).count, name, without) for name, without in parts_of(shown)),
        key=lambda part: part[0],
    )
    count, name, without = best
    if not count:
        return Cause(
            FILTERS_HIDE, words, Link(_("Remove all filters"), address(path, shown.cleared(), "rows"))
        )
    label = ngettext(
        "Remove “%(filter)s” to see %(count)s sale",
        "Remove “%(filter)s” to see %(count)s sales",
        count,
    ) % {"filter": name, "count": number_format(count, use_l10n=True, force_grouping=True)}
    return Cause(FILTERS_HIDE, words, Link(label, address(path, without, "rows")))


def _elsewhere(selection: Selection, path: str) -> Cause | None:
    """The sales that fit everything but the stage, in the stage that has most of them."""
    shown = selection.filter
    everywhere = Selection(selection.view, shown.choosing("stage", Choice(included=("all",))))
    counts = everywhere.counts("stage")
    if not counts or (set(shown.choices) == {"stage"} and not shown.search):
        return None
    stage, count = max(counts.items(), key=lambda one: one[1])
    words = ngettext(
        "%(count)s sale stands under “%(stage)s”.", "%(count)s sales stand under “%(stage)s”.", count
    ) % {"count": number_format(count, use_l10n=True, force_grouping=True), "stage": Row.Stage(stage).label}
    there = shown.choosing("stage", Choice(included=(stage,)))
    label = ngettext("Show this sale", "Show these sales", count)
    return Cause(OTHER_STAGE, words, Link(label, address(path, there, "rows")))
