"""What the credential of a connection may do: finding out, keeping, reading.

One row per connection and feature keeps the last finding. Other parts ask `reason_against` before they offer
something.
"""

import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from connector.explanations import explain
from connector.features import FEATURES, Group
from connector.jobs import enqueue
from connector.models import Capability, Connection
from connector.services import NotConfigured, current_connection, open_client, shared_mailbox
from connector.superoffice import probe as superoffice_probe
from connector.superoffice import trial as superoffice_trial
from connector.superoffice.errors import SuperOfficeError
from connector.superoffice.findings import Finding, Status

LONGEST_CHECK = timedelta(minutes=5)  # after that it counts as dead
Findings = Mapping[str, Capability]

# --- Finding out --------------------------------------------------------------------------------------


def probe(connection: Connection, now: datetime) -> list[Capability]:
    """Ask SuperOffice and keep what was found; changes nothing there. Raises nothing that SuperOffice causes."""
    rows = _keep(connection, _probed(connection), now)
    connection.capabilities.exclude(feature__in=FEATURES).delete()
    acts_as = {row.facts["user"][:200] for row in rows if row.feature == "who_am_i" and row.facts.get("user")}
    values = {"acts_as": acts_as.pop()} if acts_as else {}
    Connection.objects.filter(pk=connection.pk).update(probed_at=now, **values)
    return rows


def _probed(connection: Connection) -> list[Finding]:
    try:
        with open_client(connection) as client:
            return superoffice_probe.probe(client, is_online=is_online(connection))
    except (NotConfigured, SuperOfficeError) as error:
        # Nothing could be asked: the settings themselves are no use.
        return [
            Finding("token", Status.NOT_CONFIGURED, facts={"code": error.code})
            if finding.feature == "token"
            else finding
            for finding in superoffice_probe.unasked("token", Status.UNKNOWN)
        ]


def try_records(connection: Connection, now: datetime) -> list[Capability]:
    """Make one marked document and one marked follow-up in SuperOffice, remove them, and keep what was found.

    Only after a person has agreed. What could not be removed is named in the facts.
    """
    key = f"sales-desk-trial-{secrets.token_hex(8)}"
    left = [path for row in findings_of(connection).values() for path in row.facts.get("leftovers", ())]
    try:
        with open_client(connection) as client:
            findings = superoffice_trial.try_records(
                client, key=key, now=now, leftovers=left, is_online=is_online(connection)
            )
    except (NotConfigured, SuperOfficeError):
        findings = [
            Finding(feature, Status.UNKNOWN, facts={"because": "token"})
            for feature in superoffice_trial.TRIED
        ]
    return _keep(connection, findings, now)


def is_online(connection: Connection) -> bool:
    """Whether it is SuperOffice Online, where some agents are closed to apps."""
    return connection.way_in != Connection.WayIn.PASSWORD


# --- In the background --------------------------------------------------------------------------------


def request_probe(*, connection: Connection, now: datetime) -> bool:
    """Have the worker check; False when a check is under way already."""
    return _request("connector.tasks.probe", connection, now)


def request_trial(*, connection: Connection, now: datetime) -> bool:
    """Have the worker try with records; False when a check is under way already."""
    return _request("connector.tasks.trial", connection, now)


def _request(task: str, connection: Connection, now: datetime) -> bool:
    with transaction.atomic():
        if not begin(connection, now):
            return False
        enqueue(task, connection.pk, cluster="reports")
    return True


def begin(connection: Connection, now: datetime) -> bool:
    """Claim the connection for one check; `finish` gives it back."""
    free = Q(probe_started_at__isnull=True) | Q(probe_started_at__lt=now - LONGEST_CHECK)
    return bool(Connection.objects.filter(free, pk=connection.pk).update(probe_started_at=now))


def finish(connection: Connection) -> None:
    Connection.objects.filter(pk=connection.pk).update(probe_started_at=None)


def is_checking(connection: Connection, now: datetime) -> bool:
    started = connection.probe_started_at
    return started is not None and started > now - LONGEST_CHECK


def work_on_probe(connection_id: int, now: datetime) -> None:
    """The check that was asked for, unless another job has made it meanwhile."""
    _work(connection_id, now, probe)


def work_on_trial(connection_id: int, now: datetime) -> None:
    """The trial that was agreed to."""
    _work(connection_id, now, try_records)


def probe_current(now: datetime) -> None:
    """Check the tenant in use, unless somebody is at it."""
    connection = current_connection()
    if connection is not None and begin(connection, now):
        _work(connection.pk, now, probe)


def _work(connection_id: int, now: datetime, do: Callable[[Connection, datetime], object]) -> None:
    connection = Connection.objects.filter(pk=connection_id, probe_started_at__isnull=False).first()
    if connection is None:
        return
    try:
        do(connection, now)
    finally:
        finish(connection)


# --- Keeping ------------------------------------------------------------------------------------------


def _keep(connection: Connection, findings: Iterable[Finding], now: datetime) -> list[Capability]:
    """The rows of these findings as they are now, in the order of the pages."""
    known = findings_of(connection)
    rows = [_row(connection, one, known.get(one.feature), now) for one in findings if one.feature in FEATURES]
    columns = [field.name for field in Capability._meta.concrete_fields if not field.primary_key]
    Capability.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["connection", "feature"],
        update_fields=[name for name in columns if name not in {"connection", "feature"}],
    )
    order = list(FEATURES)
    return sorted(rows, key=lambda row: order.index(row.feature))


def _row(connection: Connection, finding: Finding, old: Capability | None, now: datetime) -> Capability:
    finding = _with_trial(finding, old, now)
    row = Capability(
        connection=connection,
        feature=finding.feature,
        status=finding.status.value,
        http_status=finding.http_status,
        error_type=finding.error_type[:100],
        words=finding.words,
        facts=dict(finding.facts),
        checked_at=now,
    )
    if old:
        has_changed = old.status != row.status
        row.previous_status = old.status if has_changed else old.previous_status
        row.changed_at = now if has_changed else old.changed_at
    return row


def _with_trial(finding: Finding, old: Capability | None, now: datetime) -> Finding:
    """The finding together with the last trial. A trial proves more than a question: its result stays, until
    a check is sure of the contrary, somebody else is signed in, or a new trial says otherwise.
    """
    if finding.facts.get("tried"):
        return replace(finding, facts={**finding.facts, "trial": _trial(finding, now)})
    left = (
        {name: old.facts[name] for name in ("leftovers", "leftover_key") if name in old.facts} if old else {}
    )
    finding = replace(finding, facts={**finding.facts, **left})
    trial = old.facts.get("trial") if old else None
    if trial is None:
        return finding
    was_asked = finding.status is not Status.DOWN and "because" not in finding.facts
    if not was_asked:
        return replace(finding, facts={**finding.facts, "trial": trial})
    is_same_user = trial["facts"].get("user") == finding.facts.get("user")
    is_open = finding.status in {Status.WORKS, Status.UNKNOWN}
    if not (is_same_user and is_open and _is_conclusive(trial)):
        return finding
    return Finding(
        finding.feature,
        Status(trial["status"]),
        trial["http_status"],
        trial["error_type"],
        trial["words"],
        {**trial["facts"], **left, "trial": trial},
    )


def _trial(finding: Finding, now: datetime) -> dict[str, Any]:
    return {
        "at": now.isoformat(),
        "status": finding.status.value,
        "http_status": finding.http_status,
        "error_type": finding.error_type,
        "words": finding.words,
        "facts": dict(finding.facts),
    }


def _is_conclusive(trial: Mapping[str, Any]) -> bool:
    """Whether the trial says more than that SuperOffice had a bad moment."""
    undecided = trial["status"] in {Status.UNKNOWN, Status.DOWN}
    return not undecided or bool(trial["facts"].get("differs"))


# --- Reading ------------------------------------------------------------------------------------------

# For these no repetition and no luck helps: somebody has to change something first.
SURELY_NOT = frozenset(
    {Status.MISSING_RIGHT, Status.RESTRICTED, Status.NO_LICENCE, Status.NOT_IN_API, Status.NOT_CONFIGURED}
)


def findings_of(connection: Connection) -> Findings:
    """All findings by feature; one query."""
    return {row.feature: row for row in connection.capabilities.all()}


def capability_of(connection: Connection, feature: str) -> Capability | None:
    """The last finding; None when it was never looked at."""
    return connection.capabilities.filter(feature=feature).first()


def reason_against(connection: Connection, feature: str) -> str | None:
    """Why the feature surely cannot work, in the reader's language; None when it may."""
    return reason_in(capability_of(connection, feature))


def reason_against_filing(connection: Connection) -> str | None:
    """Why a sent mail surely cannot become a document, in the reader's language; one query."""
    found = findings_of(connection)
    return next(filter(None, (reason_in(found.get(feature)) for feature in _CHANNEL_NEEDS["smtp"])), None)


def reason_in(row: Capability | None) -> str | None:
    if row is None or row.status not in SURELY_NOT:
        return None
    return explain(row.feature, row.status, row.facts).cause


def is_ready(rows: Iterable[Capability]) -> bool:
    """Whether everything that Sales Desk needs works; uploading may be unproven."""
    status = {row.feature: row.status for row in rows}
    needed = (name for name, feature in FEATURES.items() if feature.group is Group.NEEDED)
    unproven = {"upload_content": {Status.WORKS, Status.UNKNOWN}}
    return all(status.get(name) in unproven.get(name, {Status.WORKS}) for name in needed)


# --- Ways to the customer -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Channel:
    """One way for a mail to get to the customer and into SuperOffice. `state` is possible, impossible or
    not_known; `reason` says why it is not offered.
    """

    key: str
    label: str
    how: str
    state: str
    reason: str

    @property
    def is_offered(self) -> bool:
        return self.state == "possible"


def channels(connection: Connection, findings: Findings | None = None) -> list[Channel]:
    """Every way, offered or not. Sending by SuperOffice itself has to be proved; for the others it is enough
    that nothing speaks against them.
    """
    found = findings_of(connection) if findings is None else findings
    return [
        Channel(key, str(label), str(how), *_standing(key, found)) for key, (label, how) in _CHANNELS.items()
    ]


def _standing(key: str, found: Findings) -> tuple[str, str]:
    """State and reason of a channel."""
    if key == "smtp" and shared_mailbox() is None:
        return "impossible", _("No mailbox is set up to send from.")
    rows = [found.get(feature) for feature in _CHANNEL_NEEDS[key]]
    if reason := next(filter(None, map(reason_in, rows)), None):
        return "impossible", reason
    is_native = key in {"native_email", "native_mailing"}
    if is_native and not all(row and row.status == Status.WORKS for row in rows):
        return "not_known", _("It is not known whether SuperOffice allows it.")
    return "possible", ""


_CHANNEL_NEEDS = {
    "smtp": ("mail_template", "create_document", "upload_content"),
    "native_email": ("native_email",),
    "native_mailing": ("native_mailing",),
    "task": ("create_follow_up",),
}
_CHANNELS = {
    "smtp": (
        gettext_lazy("Mail server, filed in SuperOffice"),
        gettext_lazy("The mail leaves from the representative's mailbox and becomes a document on the sale."),
    ),
    "native_email": (
        gettext_lazy("E-mail agent of SuperOffice"),
        gettext_lazy("SuperOffice sends from the user's mail account. Sales Desk does not use this way yet."),
    ),
    "native_mailing": (
        gettext_lazy("Mailings of SuperOffice Marketing"),
        gettext_lazy("SuperOffice sends to many at once. Sales Desk does not use this way yet."),
    ),
    "task": (
        gettext_lazy("Task for the representative"),
        gettext_lazy("SuperOffice holds a follow-up; the representative sends from their own program."),
    ),
}
