"""What a page of a result shows under one filter: tabs, facets, figures, charts, and one page of the table."""

from collections.abc import Iterable
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from connector import roles
from reports import rights
from reports.definitions.definition import Definition
from reports.export import REPORT_COLUMNS
from reports.models import Row, Run
from reports.templatetags.report_words import grouped
from reports.viewer.charts import (
    charts_of,
    charts_of_figures,
    currencies_left_out,
    currencies_of_figures,
    months_of_figures,
    summary_of,
    summary_of_figures,
)
from reports.viewer.facet_panel import chips, panels, tabs
from reports.viewer.filters import LAYOUTS, MONTH, YEAR, Filter
from reports.viewer.pivot import groups_of, pivot_of
from reports.viewer.result_table import address, heads_of, shown_columns, shown_rows
from reports.viewer.saved_views import views_of
from reports.viewer.time_steps import axis_of
from reports.viewer.viewing import Page, Selection, rows_in_order, table_columns, view_of

_UNSEARCHED = {Row.Stage.NO_COMPANY.value, Row.Stage.COMPANY_UNREADABLE.value}
_GROUPED = ("product", "family", "customer")


def result_context(request: HttpRequest, run: Run) -> dict[str, Any]:
    """The context of reports/_result.html for a finished run: empty without sales."""
    if not run.is_finished or not run.read_count:
        return {}
    wanted = Filter.of(request.GET)
    if not run.has_rows:
        return {
            "is_without_rows": True,
            "summary": summary_of_figures(run.figures),
            "charts": charts_of_figures(run.figures, step=wanted.step),
            "charts_left_out": currencies_left_out(currencies_of_figures(run.figures)),
            "time_steps": _time_steps(months_of_figures(run.figures), wanted, request.path, "charts"),
        }
    selection = view_of(run).select(wanted)
    path = request.path
    context = {
        "filter": wanted,
        "selection": selection,
        "is_filtered": wanted.is_active,
        "query": wanted.changed().query(),
        "summary": summary_of(selection),
        "charts": charts_of(selection, path),
        "charts_left_out": currencies_left_out(selection.amounts()),
        "time_steps": _time_steps(
            selection.counts("month"), wanted, path, "rows" if wanted.layout == "pivot" else "charts"
        ),
        "tabs": tabs(selection, path),
        "is_unsearched": is_unsearched(selection),
        "panels": panels(selection, path),
        "chips": chips(selection, path),
        "clear_url": address(path, wanted.cleared(), "rows"),
        "layouts": _layouts(wanted, path),
        "search_pairs": wanted.changed(search="").pairs(),
        "is_searched_by_database": selection.view.is_searched_by_database,
        "count_sentence": count_sentence(selection),
        "may_draft": roles.is_approver(request.user) or roles.is_representative(request.user),
        "views": views_of(run.report, request.user),
        "may_define": rights.may_define(request.user),
        "may_download": rights.may_download(request.user),
    }
    if wanted.layout in _GROUPED:
        return {**context, "groups": groups_of(selection, wanted.layout, path)}
    if wanted.layout == "pivot":
        return {**context, "pivot": pivot_of(selection, path)}
    return {**context, **_table(request, run, selection)}


def _table(request: HttpRequest, run: Run, selection: Selection) -> dict[str, Any]:
    """One page of rows with its heads, pager and choice of columns."""
    wanted, path = selection.filter, request.path
    columns = table_columns(Definition.from_json(run.definition), wanted)
    page = selection.page()
    rows = list(rows_in_order(run, page.numbers))
    may_edit = rights.may_edit_keywords(request.user)
    chosen = {column.key for column in columns}
    next_url = address(path, wanted.changed(after=page.numbers[-1]), "rows") if page.has_more else ""
    previous = wanted.changed(after=page.before_previous)
    shown = shown_columns(columns)
    return {
        "heads": heads_of(shown, wanted, path),
        "rows": shown_rows(
            rows, shown, run, may_edit_keywords=may_edit, has_quantities="quantities" in chosen
        ),
        "is_one_page": page.first == 1 and not page.has_more,
        "page_sentence": page_sentence(page, selection.count),
        "first_url": address(path, wanted.changed(), "rows") if page.before_previous else "",
        "previous_url": address(path, previous, "rows") if wanted.after else "",
        "next_url": next_url,
        "columns": [(one.key, one.title, one.key in chosen) for one in REPORT_COLUMNS.values()],
        "columns_pairs": wanted.changed(columns=()).pairs(),
        "usual_columns_url": address(path, wanted.changed(columns=()), "rows") if wanted.columns else "",
    }


def _layouts(wanted: Filter, path: str) -> list[tuple[str, str, bool]]:
    """Label, address, whether it is the current one."""
    return [
        (str(label), address(path, wanted.changed(layout=key), "rows"), key == wanted.layout)
        for key, label in LAYOUTS.items()
    ]


def _time_steps(months: Iterable[str], wanted: Filter, path: str, place: str) -> list[tuple[str, str, bool]]:
    """Label, address, whether it is the current one; none where only one of the two makes sense."""
    axis = axis_of(months, wanted.step)
    if not axis.has_choice:
        return []
    labels = {MONTH: _("By month"), YEAR: _("By year")}
    current = YEAR if axis.is_by_year else MONTH
    return [
        (label, address(path, wanted.changed(step=step), place), step == current)
        for step, label in labels.items()
    ]


def is_unsearched(selection: Selection) -> bool:
    """Whether no row shown was looked at for products: no share of them can say anything."""
    return bool(selection.count) and not set(selection.counts("stage")) - _UNSEARCHED


# --- Sentences ------------------------------------------------------------------------------------------------


def count_sentence(selection: Selection) -> str:
    """ "214 of 1,000 sales": what the filter leaves of all rows of the run."""
    total = selection.view.size
    words = ngettext("%(count)s of %(total)s sale", "%(count)s of %(total)s sales", total)
    return words % {"count": grouped(selection.count), "total": grouped(total)}


def page_sentence(page: Page, count: int) -> str:
    """ "51–100 of 214 sales"."""
    if page.first == 1 and not page.has_more:
        return ngettext("%(count)s sale", "%(count)s sales", count) % {"count": grouped(count)}
    return _("%(first)s–%(last)s of %(count)s sales") % {
        "first": grouped(page.first),
        "last": grouped(page.first + max(len(page.numbers) - 1, 0)),
        "count": grouped(count),
    }
