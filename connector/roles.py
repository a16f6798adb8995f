"""Who may do what: four roles, each a Django group. A superuser is an administrator."""

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser, User

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


def is_administrator(user: AnyUser) -> bool:
    return ADMINISTRATOR in roles_of(user)


def is_approver(user: AnyUser) -> bool:
    return APPROVER in roles_of(user)


def is_representative(user: AnyUser) -> bool:
    return REPRESENTATIVE in roles_of(user)
