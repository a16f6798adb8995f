from django.urls import path

from connector import views

urlpatterns = [
    path("connection/", views.connection, name="connection"),
    path("connection/check/", views.connection_check, name="connection_check"),
    path("mailboxes/", views.mailboxes, name="mailboxes"),
    path("mailboxes/<int:pk>/check/", views.mailbox_check, name="mailbox_check"),
]
