"""The pages about what the credential may do in SuperOffice: the check, the trial, the summary to print."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from connector import capabilities as rights
from connector.capability_words import WHO
from connector.channels import channels
from connector.explanations import Explanation, evidence, explain, leftover_words
from connector.features import FEATURES, Feature, Group
from connector.models import Capability, Connection
from connector.roles import is_administrator
from connector.services import current_connection
from connector.superoffice.trial import TITLE

GROUPS: dict[Group, tuple[Promise, Promise]] = {
    Group.NEEDED: (gettext_lazy("Needed"), gettext_lazy("Without these, reports or filed mails fail.")),
    Group.USEFUL: (gettext_lazy("Useful"), gettext_lazy("Sales Desk works without, with less.")),
    Group.NATIVE: (
        gettext_lazy("Sending by SuperOffice itself"),
        gettext_lazy("Looked at, never tried: these act at once."),
    ),
    Group.VAIN: (
        gettext_lazy("Looked for in vain"),
        gettext_lazy("Routes that SuperOffice's interface does not have, and what does their work."),
    ),
}


@dataclass(frozen=True, slots=True)
class Line:
    """One feature as a page shows it; `row` and what comes from it is empty before the first check."""

    name: str
    feature: Feature
    row: Capability | None

    @property
    def state(self) -> str:
        return self.row.status if self.row else "unchecked"

    @property
    def why(self) -> Explanation | None:
        return explain(self.name, self.row.status, self.row.facts) if self.row else None

    @property
    def who(self) -> str:
        """Who has to act; empty when nobody has to."""
        why = self.why
        return str(WHO[why.who]) if why and why.who != "nobody" else ""

    @property
    def evidence(self) -> list[tuple[str, str]]:
        return evidence(self.row) if self.row else []

    @property
    def was(self) -> str:
        """The status before, when the last check changed it."""
        row = self.row
        return row.previous_status if row and row.changed_at == row.checked_at else ""

    @property
    def tried_at(self) -> datetime | None:
        """When a record proved it."""
        facts = self.row.facts if self.row else {}
        return datetime.fromisoformat(facts["trial"]["at"]) if facts.get("tried") else None

    @property
    def leftover(self) -> str:
        return leftover_words(self.row.facts) if self.row else ""


@require_safe
def capabilities(request: HttpRequest) -> HttpResponse:
    return render(request, "connector/capabilities.html", _found(current_connection()))


@require_safe
def capabilities_print(request: HttpRequest) -> HttpResponse:
    """For the SuperOffice administrator: what was found, and the two ways to enable sending."""
    connection = current_connection()
    if connection is None:
        raise Http404
    context = {**_found(connection), "address": request.build_absolute_uri("/")}
    return render(request, "connector/capabilities_print.html", context)


@require_POST
def capabilities_check(request: HttpRequest) -> HttpResponse:
    connection = _connection_of_administrator(request)
    if not rights.request_probe(connection=connection, now=timezone.now()):
        messages.info(request, _("A check is under way already."))
    return redirect("capabilities")


@require_safe
def capabilities_progress(request: HttpRequest) -> HttpResponse:
    """The fragment that the page asks for while a check is under way; done, it reloads the page."""
    connection = current_connection()
    is_checking = connection is not None and rights.is_checking(connection, timezone.now())
    response = render(request, "connector/_capabilities_progress.html", {"connection": connection})
    if not is_checking:
        response["HX-Redirect"] = reverse("capabilities")
    return response


@require_safe
def capabilities_trial(request: HttpRequest) -> HttpResponse:
    """What the trial will make in SuperOffice, before anybody agrees to it."""
    connection = _connection_of_administrator(request)
    is_checking = rights.is_checking(connection, timezone.now())
    context = {"connection": connection, "title": TITLE, "is_checking": is_checking}
    return render(request, "connector/capabilities_trial.html", context)


@require_POST
def capabilities_trial_run(request: HttpRequest) -> HttpResponse:
    connection = _connection_of_administrator(request)
    if not rights.request_trial(connection=connection, now=timezone.now()):
        messages.info(request, _("A check is under way already."))
    return redirect("capabilities")


def _connection_of_administrator(request: HttpRequest) -> Connection:
    if not is_administrator(request.user):
        raise PermissionDenied
    connection = current_connection()
    if connection is None:
        raise Http404
    return connection


def _found(connection: Connection | None) -> dict[str, Any]:
    """What both pages show; one query for all findings."""
    if connection is None:
        return {"connection": None}
    now = timezone.now()
    found = rights.findings_of(connection)
    is_checking = rights.is_checking(connection, now)
    if is_checking:
        # A trial under way has noted its keys already; only what stays afterwards is worth a word.
        for row in found.values():
            row.facts.pop("leftover_key", None)
    lines = {name: Line(name, feature, found.get(name)) for name, feature in FEATURES.items()}
    return {
        "connection": connection,
        "is_checking": is_checking,
        "has_broken_off": rights.has_broken_off(connection, now),
        "is_ready": rights.is_ready(found.values()),
        "unproven": lines["upload_content"] if rights.is_unproven(found.get("upload_content")) else None,
        "sections": [
            (group, title, intro, [line for line in lines.values() if line.feature.group is group])
            for group, (title, intro) in GROUPS.items()
        ],
        "lines": lines,
        "listed": [line for line in lines.values() if line.feature.group is not Group.VAIN],
        "is_online": rights.is_online(connection),
        "blocking": _blocking(lines),
        "reading": _worst(lines, "read_sales", "read_companies", "read_persons", "read_documents"),
        "changed": [line for line in lines.values() if line.was],
        "leftovers": [line.leftover for line in lines.values() if line.leftover],
        "is_system": bool(found["who_am_i"].facts.get("is_system")) if "who_am_i" in found else False,
        "channels": channels(connection, found),
    }


def _blocking(lines: dict[str, Line]) -> list[Line]:
    """Needed features that do not work, without those that were not asked because of another."""
    return [
        line
        for line in lines.values()
        if line.row
        and line.feature.group is Group.NEEDED
        and line.state != "works"
        and (line.name, line.state) != ("upload_content", "unknown")
        and "because" not in line.row.facts
    ]


def _worst(lines: dict[str, Line], *names: str) -> str:
    """The state of several features together: the first that does not work."""
    return next((lines[name].state for name in names if lines[name].state != "works"), "works")
