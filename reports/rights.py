"""What a role may do with reports. A single user may be given more by a permission in the admin."""

from django.contrib.auth.models import User

from connector import roles
from connector.roles import AnyUser
from reports.models import Report


def may_run(user: AnyUser) -> bool:
    """Everybody with a role but viewers: a run only reads, but it costs SuperOffice calls."""
    return _may(user, "reports.run_report")


def may_download(user: AnyUser) -> bool:
    """A download leaves the house: viewers look at the screen."""
    return _may(user, "reports.download_run")


def may_define(user: AnyUser) -> bool:
    """Make reports; one's own may be changed by their owner, all by administrators."""
    return _may(user, "reports.define_report")


def may_change(user: AnyUser, report: Report) -> bool:
    """Change or remove `report`; whether the user may see it at all is another question."""
    return may_define(user) and (roles.is_administrator(user) or report.owner_id == user.pk)


def may_edit_keywords(user: AnyUser) -> bool:
    return _may(user, "reports.edit_keywords")


def may_use_expressions(user: AnyUser) -> bool:
    """Add or change keywords that are regular expressions: they read every heading, and one slip finds anything."""
    return may_edit_keywords(user) and (roles.is_approver(user) or roles.is_administrator(user))


def may_plan(user: AnyUser) -> bool:
    """Let jobs start by themselves."""
    return _may(user, "reports.plan_job")


def _may(user: AnyUser, permission: str) -> bool:
    held = roles.roles_of(user)
    if held - {roles.VIEWER}:
        return True
    return bool(held) and isinstance(user, User) and user.has_perm(permission)
