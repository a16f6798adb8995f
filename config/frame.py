"""What every page shows around its content: navigation and the line about demo parts, tenant and workers."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import Count, Q
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _

from config.health import worker_troubles
from config.schedules import next_look_at
from connector import roles
from connector.looking_again import may_pass
from connector.models import DemoLogin, Mailbox, Origin
from connector.services import current_connection
from outreach.counts import pending_count
from outreach.services import is_stopped
from reports.models import LocalCopy
from reports.rights import may_plan

_OF_REPORTS = ("/runs/", "/downloads/")  # pages of the reports with addresses of their own


@dataclass(frozen=True, slots=True)
class Place:
    """One entry of the navigation; `count` is None where the viewer cannot act."""

    label: str
    url: str
    icon: str
    is_current: bool
    count: int | None = None


def navigation(request: HttpRequest) -> list[Place]:
    """The places this user may go to; the current one is marked by its address."""
    user = request.user
    works_on_mail = roles.is_approver(user) or roles.is_representative(user)
    runs_the_house = roles.is_administrator(user)
    entries = [
        (_("Home"), "home", "house", None, True),
        (_("Queue"), "queue", "inbox", pending_count(user), works_on_mail),
        (_("Reports"), "reports", "bar-chart", None, True),
        (_("Keywords"), "keywords", "tags", None, True),
        (_("Sales"), "sales", "cash-coin", None, True),
        (_("Schedules"), "schedules", "calendar-event", None, may_plan(user)),
        (_("Connection"), "connection", "plug", None, True),
        (_("Mailboxes"), "mailboxes", "envelope-at", None, True),
        (_("Jobs"), "jobs", "gear", None, runs_the_house),
        (_("Administration"), "admin:index", "sliders", None, runs_the_house),
    ]
    return [
        Place(label, url, icon, _is_current(request.path, name, url), count)
        for label, name, icon, count, is_shown in entries
        if is_shown
        for url in [reverse(name)]
    ]


def _is_current(path: str, name: str, url: str) -> bool:
    """Whether a page belongs to this place: by its address, and runs and downloads to the reports."""
    if name == "reports" and path.startswith(_OF_REPORTS):
        return True
    return path == url or (url != "/" and path.startswith(url))


def demo_parts() -> list[str]:
    """Which parts in use are stand-ins: "tenant", "mail"."""
    tenant = current_connection()
    parts = ["tenant"] if tenant and tenant.is_demo else []
    return [*parts, "mail"] if "mail" in settings.DEMO_PARTS else parts


def demo_logins() -> str:
    """Whether the logins of the demo work here: "open" or "locked"; "" where there are none. Two queries at most."""
    tenant = current_connection()
    if tenant is None:
        return ""
    if tenant.is_demo:
        return "open"
    return "locked" if DemoLogin.objects.exists() else ""


def mailbox_troubles() -> dict[str, int]:
    """Mailboxes in use whose mails wait: how many have a problem, and how many only pause. One query."""
    in_use = Mailbox.objects.filter(is_active=True)
    if "mail" not in settings.DEMO_PARTS:
        in_use = in_use.exclude(origin=Origin.DEMO)
    return in_use.aggregate(
        problem_count=Count("pk", filter=~Q(problem_code="")),
        paused_count=Count("pk", filter=Q(problem_code="", is_paused=True)),
    )


def data_read_at() -> datetime | None:
    """How old the sales are that pages show: when the tenant in use was last read without a gap. One query."""
    copies = LocalCopy.objects.filter(connection=current_connection())
    return copies.values_list("read_at", flat=True).first()


def next_try_at() -> datetime | None:
    """When SuperOffice is asked again by itself, while it has a trouble that may pass. One query at most."""
    return next_look_at() if may_pass(current_connection()) else None


def frame(request: HttpRequest) -> dict[str, Any]:
    """Context for base.html; lazy, so that pages without it ask nothing."""
    if not getattr(request, "user", None) or not request.user.is_authenticated:
        return {"demo_logins": SimpleLazyObject(demo_logins)}
    return {
        "demo_parts": SimpleLazyObject(demo_parts),
        "navigation": SimpleLazyObject(lambda: navigation(request)),
        "tenant": SimpleLazyObject(current_connection),
        "data_read_at": data_read_at,
        "next_try_at": next_try_at,
        "mailbox_troubles": SimpleLazyObject(mailbox_troubles),
        "worker_troubles": SimpleLazyObject(worker_troubles),
        "is_stopped": SimpleLazyObject(is_stopped),
        "is_administrator": roles.is_administrator(request.user),
        "is_representative": roles.is_representative(request.user),
        "may_stop_sending": roles.is_administrator(request.user) or roles.is_approver(request.user),
    }
