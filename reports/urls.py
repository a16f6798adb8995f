from django.urls import path

from reports import views

urlpatterns = [
    path("reports/", views.reports, name="reports"),
    path("reports/<int:pk>/", views.report, name="report"),
    path("reports/<int:pk>/run/", views.report_run, name="report_run"),
    path("runs/<int:pk>/", views.run, name="run"),
    path("runs/<int:pk>/progress/", views.run_progress, name="run_progress"),
    path("runs/<int:pk>/cancel/", views.run_cancel, name="run_cancel"),
    path("runs/<int:pk>/csv/<str:dialect>/", views.run_csv, name="run_csv"),
    path("keywords/", views.keywords, name="keywords"),
    path("keywords/add/", views.keyword_add, name="keyword_add"),
    path("keywords/<int:number>/", views.keyword_edit, name="keyword_edit"),
    path("keywords/<int:number>/remove/", views.keyword_remove, name="keyword_remove"),
]
