"""Whether the database has what the code expects: what the worker waits for, and what readiness says."""

from django.contrib import admin
from django.contrib.auth import get_permission_codename
from django.contrib.auth.models import Permission
from django.db import connection
from django.db.migrations.executor import MigrationExecutor


def migrations_are_missing() -> bool:
    executor = MigrationExecutor(connection)
    return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def permissions_are_missing() -> bool:
    """Whether `migrate` still has to make permissions; it does so after its last migration.

    Whoever made them meanwhile would take its rows away from it, and it would fail.
    """
    wanted = {
        (model._meta.app_label, get_permission_codename(action, model._meta))
        for model in admin.site._registry
        for action in model._meta.default_permissions
    }
    made = Permission.objects.values_list("content_type__app_label", "codename")
    return not wanted <= set(made)
