"""The pages of reports. Each is only for people with a role; what a role may do there its view says."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path

from connector.roles import roles_of
from reports.definitions import definition_views
from reports.downloads import download_views
from reports.explaining import run_views, why_views
from reports.keyword_lists import (
    keyword_check_views,
    keyword_edit_views,
    keyword_file_views,
    keyword_views,
    list_version_views,
)
from reports.local_copy import sale_views, sync_views
from reports.schedules import schedule_views
from reports.suggesting import label_views, suggestion_views
from reports.viewer import outside_views, saved_views, views

Values = ParamSpec("Values")


def _page(
    route: str, view: Callable[Concatenate[HttpRequest, Values], HttpResponseBase], name: str
) -> URLPattern:
    """As `path`, for signed-in people with a role: a new login has none and reads nothing until it is given one."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Values.args, **kwargs: Values.kwargs) -> HttpResponseBase:
        if not roles_of(request.user):
            raise PermissionDenied
        return view(request, *args, **kwargs)

    return path(route, guarded, name=name)


urlpatterns = [
    _page("reports/", views.reports, name="reports"),
    _page("reports/add/", definition_views.report_add, name="report_add"),
    _page("reports/count/", definition_views.report_count, name="report_count"),
    _page("reports/<int:pk>/", views.report, name="report"),
    _page("reports/<int:pk>/edit/", definition_views.report_edit, name="report_edit"),
    _page("reports/<int:pk>/remove/", definition_views.report_remove, name="report_remove"),
    _page("reports/<int:pk>/run/", views.report_run, name="report_run"),
    _page("runs/<int:pk>/", views.run, name="run"),
    _page("runs/<int:pk>/progress/", views.run_progress, name="run_progress"),
    _page("runs/<int:pk>/cancel/", views.run_cancel, name="run_cancel"),
    _page("reports/<int:pk>/runs/", run_views.report_runs, name="report_runs"),
    _page("reports/<int:pk>/runs/compare/", run_views.report_compare, name="report_compare"),
    _page("runs/<int:pk>/why/", why_views.run_why, name="run_why"),
    _page("runs/<int:pk>/compare/<int:other_pk>/", run_views.run_compare, name="run_compare"),
    _page("runs/<int:pk>/recount/", run_views.run_recount, name="run_recount"),
    _page("runs/<int:pk>/csv/<str:dialect>/", download_views.run_csv, name="run_csv"),
    _page("runs/<int:pk>/xlsx/", download_views.run_xlsx, name="run_xlsx"),
    _page("runs/<int:pk>/xlsx/prepare/", download_views.download_prepare, name="download_prepare"),
    _page("downloads/", download_views.downloads, name="downloads"),
    _page("downloads/<int:pk>/progress/", download_views.download_progress, name="download_progress"),
    _page("downloads/<int:pk>/cancel/", download_views.download_cancel, name="download_cancel"),
    _page("downloads/<int:pk>/file/", download_views.download_file, name="download_file"),
    _page("reports/<int:pk>/views/save/", saved_views.view_save, name="view_save"),
    _page("reports/views/<int:pk>/delete/", saved_views.view_delete, name="view_delete"),
    _page("superoffice/<str:kind>/<int:pk>/", outside_views.in_superoffice, name="in_superoffice"),
    _page("sales/", sale_views.sales, name="sales"),
    _page("sales/read/", sync_views.sales_read, name="sales_read"),
    _page("sales/read/all/", sync_views.sales_read_all, name="sales_read_all"),
    _page("sales/readings/<int:pk>/progress/", sync_views.sync_progress, name="sync_progress"),
    _page("sales/readings/<int:pk>/cancel/", sync_views.sync_cancel, name="sync_cancel"),
    _page("sales/<int:sale_id>/", sale_views.sale, name="sale"),
    _page("sales/<int:sale_id>/raw/", sale_views.sale_raw, name="sale_raw"),
    _page("keywords/", keyword_views.keywords, name="keywords"),
    _page("keywords/catalogue/", keyword_views.keyword_catalogue, name="keyword_catalogue"),
    _page("keywords/add/", keyword_edit_views.keyword_add, name="keyword_add"),
    _page("keywords/preview/", keyword_edit_views.keyword_preview, name="keyword_preview"),
    _page("keywords/<int:number>/", keyword_edit_views.keyword_edit, name="keyword_edit"),
    _page("keywords/<int:number>/remove/", keyword_edit_views.keyword_remove, name="keyword_remove"),
    _page(
        "keywords/product/remove/", keyword_edit_views.keyword_product_remove, name="keyword_product_remove"
    ),
    _page("keywords/versions/", list_version_views.list_versions, name="list_versions"),
    _page("keywords/versions/compare/", list_version_views.list_compare, name="list_compare"),
    _page("keywords/versions/<int:version>/", list_version_views.list_version, name="list_version"),
    _page("keywords/versions/<int:version>/restore/", list_version_views.list_restore, name="list_restore"),
    _page(
        "keywords/versions/<int:version>/csv/<str:dialect>/",
        list_version_views.list_version_csv,
        name="list_version_csv",
    ),
    _page("keywords/import/", keyword_file_views.keyword_import, name="keyword_import"),
    _page("keywords/import/check/", keyword_file_views.keyword_import_check, name="keyword_import_check"),
    _page("keywords/import/save/", keyword_file_views.keyword_import_save, name="keyword_import_save"),
    _page("keywords/checks/", keyword_check_views.keyword_checks, name="keyword_checks"),
    _page("keywords/checks/count/", keyword_check_views.keyword_check_count, name="keyword_check_count"),
    _page("keywords/checks/accept/", keyword_check_views.finding_accept, name="finding_accept"),
    _page("keywords/checks/reopen/", keyword_check_views.finding_reopen, name="finding_reopen"),
    _page("keywords/suggestions/", suggestion_views.keyword_suggestions, name="keyword_suggestions"),
    _page("keywords/suggestions/ignore/", suggestion_views.suggestion_ignore, name="suggestion_ignore"),
    _page(
        "keywords/suggestions/no-product/",
        suggestion_views.suggestion_no_product,
        name="suggestion_no_product",
    ),
    _page("keywords/suggestions/undo/", suggestion_views.suggestion_undo, name="suggestion_undo"),
    _page("keywords/headings/", suggestion_views.keyword_headings, name="keyword_headings"),
    _page("keywords/labels/", label_views.keyword_labels, name="keyword_labels"),
    _page("keywords/labels/<int:sale_id>/right/", label_views.label_right, name="label_right"),
    _page("keywords/labels/<int:sale_id>/wrong/", label_views.label_wrong, name="label_wrong"),
    _page("keywords/labels/<int:sale_id>/skip/", label_views.label_skip, name="label_skip"),
    _page("keywords/labels/<int:sale_id>/remove/", label_views.label_remove, name="label_remove"),
    _page("schedules/", schedule_views.schedules, name="schedules"),
    _page("schedules/add/", schedule_views.schedule_add, name="schedule_add"),
    _page("schedules/next/", schedule_views.schedule_next, name="schedule_next"),
    _page("schedules/<int:pk>/", schedule_views.schedule_edit, name="schedule_edit"),
    _page("schedules/<int:pk>/switch/", schedule_views.schedule_switch, name="schedule_switch"),
    _page("schedules/<int:pk>/remove/", schedule_views.schedule_remove, name="schedule_remove"),
    _page("occurrences/<int:pk>/send/", schedule_views.occurrence_send, name="occurrence_send"),
]
