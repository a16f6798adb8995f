from django.urls import path

from outreach import message_views, views

urlpatterns = [
    path("queue/", views.queue, name="queue"),
    path("drafts/new/", views.drafts_new, name="drafts_new"),
    path("drafts/create/", views.drafts_create, name="drafts_create"),
    path("drafts/<int:pk>/", views.draft, name="draft"),
    path("drafts/<int:pk>/edit/", views.draft_edit, name="draft_edit"),
    path("drafts/<int:pk>/approve/", views.draft_approve, name="draft_approve"),
    path("drafts/<int:pk>/reject/", views.draft_reject, name="draft_reject"),
    path("drafts/<int:pk>/undo/", views.draft_undo, name="draft_undo"),
    path("messages/<int:pk>/", message_views.message, name="message"),
    path("messages/<int:pk>/steps/", message_views.message_steps, name="message_steps"),
    path("messages/<int:pk>/eml/", message_views.message_eml, name="message_eml"),
    path("messages/<int:pk>/document/", message_views.message_document, name="message_document"),
    path("messages/<int:pk>/sent/", message_views.message_mark_sent, name="message_mark_sent"),
    path("messages/<int:pk>/again/", message_views.message_send_again, name="message_send_again"),
    path("messages/<int:pk>/give-up/", message_views.message_give_up, name="message_give_up"),
    path("sending/stop/", message_views.sending_stop, name="sending_stop"),
    path("sending/resume/", message_views.sending_resume, name="sending_resume"),
]
