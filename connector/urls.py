from django.urls import path

from connector import capability_views, failure_views, sign_in_views, views

urlpatterns = [
    path("connection/", views.connection, name="connection"),
    path("connection/check/", views.connection_check, name="connection_check"),
    path("connection/capabilities/", capability_views.capabilities, name="capabilities"),
    path("connection/capabilities/check/", capability_views.capabilities_check, name="capabilities_check"),
    path(
        "connection/capabilities/progress/",
        capability_views.capabilities_progress,
        name="capabilities_progress",
    ),
    path("connection/capabilities/trial/", capability_views.capabilities_trial, name="capabilities_trial"),
    path(
        "connection/capabilities/trial/run/",
        capability_views.capabilities_trial_run,
        name="capabilities_trial_run",
    ),
    path("connection/capabilities/print/", capability_views.capabilities_print, name="capabilities_print"),
    path("connection/failures/", failure_views.failures, name="failures"),
    path("connection/calls/<int:pk>/", failure_views.api_call, name="api_call"),
    path("connection/<int:pk>/sign-in/", sign_in_views.connection_sign_in, name="connection_sign_in"),
    path("account/superoffice/", sign_in_views.my_sign_in, name="my_sign_in"),
    path("account/superoffice/begin/", sign_in_views.my_sign_in_begin, name="my_sign_in_begin"),
    path("account/superoffice/forget/", sign_in_views.my_sign_in_forget, name="my_sign_in_forget"),
    path("mailboxes/", views.mailboxes, name="mailboxes"),
    path("mailboxes/<int:pk>/check/", views.mailbox_check, name="mailbox_check"),
]
