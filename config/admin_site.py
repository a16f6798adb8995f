"""The administration: only what an administrator may safely edit."""

from collections.abc import Iterable
from typing import Any

from django.contrib.admin import AdminSite
from django.db.models import Model
from django.db.models.base import ModelBase
from django.utils.translation import gettext_lazy as _

# A row of django-q2 names a function to call, so whoever edits one runs code. The log of sign-in attempts is
# evidence and not for editing. Django's own page for users would let administrators make themselves superusers
# (ours is in user_admin.py), and the roles are code: whoever edits a group changes what every check means.
KEPT_OUT = ("django_q", "axes")
MODELS_KEPT_OUT = ("auth.group", "auth.permission")
PAGES_KEPT_OUT = "django.contrib.auth.admin"


class DeskAdminSite(AdminSite):
    site_header = site_title = "Sales Desk"
    index_title = _("Administration")

    def register(
        self, model_or_iterable: type[Model] | Iterable[type[Model]], admin_class: Any = None, **options: Any
    ) -> None:
        """As Django's, but what is kept out never gets in, whoever brings it."""
        models = [model_or_iterable] if isinstance(model_or_iterable, ModelBase) else list(model_or_iterable)
        allowed = [
            model
            for model in models
            if model._meta.app_label not in KEPT_OUT and model._meta.label_lower not in MODELS_KEPT_OUT
        ]
        if allowed and getattr(admin_class, "__module__", "") != PAGES_KEPT_OUT:
            super().register(allowed, admin_class, **options)
