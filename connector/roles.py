"""Who may do what: four roles, each a Django group. A superuser is an administrator."""

from django.contrib import admin
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser, Group, Permission, User
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

ADMINISTRATOR, APPROVER, REPRESENTATIVE, VIEWER = "administrator", "approver", "representative", "viewer"
ROLES = (ADMINISTRATOR, APPROVER, REPRESENTATIVE, VIEWER)
AnyUser = User | AnonymousUser | AbstractBaseUser


def roles_of(user: AnyUser) -> frozenset[str]:
    """The user's roles; asked of the database once per user object."""
    if not isinstance(user, User) or not user.is_active:
        return frozenset()
    cached: frozenset[str] | None = getattr(user, "_desk_roles", None)
    if cached is None:
        names = set(user.groups.values_list("name", flat=True)) & set(ROLES)
        if user.is_superuser:
            names.add(ADMINISTRATOR)
        cached = frozenset(names)
        user._desk_roles = cached  # type: ignore[attr-defined]
    return cached


def signed_in(request: HttpRequest) -> User:
    """The user behind a request; there is always one, because every view needs a login."""
    if not isinstance(request.user, User):
        raise PermissionDenied
    return request.user


def is_administrator(user: AnyUser) -> bool:
    return ADMINISTRATOR in roles_of(user)


def is_approver(user: AnyUser) -> bool:
    return APPROVER in roles_of(user)


def is_representative(user: AnyUser) -> bool:
    return REPRESENTATIVE in roles_of(user)


def grant_administrator_permissions() -> None:
    """Let the administrator group do in the admin whatever is registered there, and nothing else.

    Users are deactivated, never deleted: the audit trail keeps their names.

    Permissions are rows that come with the tables, and apps register their pages only when all are loaded: so
    this cannot be a migration. The worker and `manage.py run` call it at their start.
    """
    administrators, _created = Group.objects.get_or_create(name=ADMINISTRATOR)
    types = ContentType.objects.get_for_models(*admin.site._registry).values()
    permissions = Permission.objects.filter(content_type__in=types)
    administrators.permissions.set(
        permissions.exclude(content_type__app_label="auth", codename="delete_user").exclude(
            content_type__app_label="auth", content_type__model__in=("group", "permission")
        )
    )
