"""What the credential of a connection may do: finding out, keeping, reading.

One row per connection and feature keeps the last finding. Other parts ask `reason_against` before they offer
something.
"""

import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q

from connector.explanations import explain
from connector.features import FEATURES, Group
from connector.jobs import enqueue
from connector.models import Capability, Connection
from connector.services import NotConfigured, current_connection, open_client, remember
from connector.superoffice import probe as superoffice_probe
from connector.superoffice import trial as superoffice_trial
from connector.superoffice.errors import Busy, SettingsChanged, SuperOfficeError
from connector.superoffice.findings import Finding, Status
from connector.superoffice.leftovers import FACTS as LEFT_FACTS
from connector.superoffice.leftovers import MADE, Left, facts_of, left_in, without
from connector.superoffice.trial import Outcome
from connector.tokens import as_read

LONGEST_CHECK = timedelta(minutes=5)  # after that it counts as dead
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
Findings = Mapping[str, Capability]

# --- Finding out --------------------------------------------------------------------------------------


def probe(connection: Connection, now: datetime, *, claim: datetime | None = None) -> list[Capability]:
    """Ask SuperOffice and keep what was found; changes nothing there. Raises nothing that SuperOffice causes.

    With `claim`, the moment that `begin` was given, nothing is kept once the claim is somebody else's.
    """
    findings = _probed(connection)
    with transaction.atomic():
        if not _is_held(connection, claim):
            return []
        rows = _keep(connection, _with_what_stopped(findings), now)
        connection.capabilities.exclude(feature__in=FEATURES).delete()
        acts_as = {
            row.facts["user"][:200] for row in rows if row.feature == "who_am_i" and row.facts.get("user")
        }
        values = {"acts_as": acts_as.pop()} if acts_as else {}
        Connection.objects.filter(pk=connection.pk).update(probed_at=now, **values)
        _remember(connection, findings, now)
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


# What keeps a feature from being asked although nothing is wrong with the feature itself.
OUTAGES = frozenset({"tenant_state", "token", "silence", "slowness"})


def _what_stopped(findings: list[Finding]) -> Finding | None:
    """The finding after which nothing more could be asked, because of the tenant, the sign-in or silence."""
    asked = None
    for finding in findings:
        because = finding.facts.get("because")
        if because in OUTAGES - {"slowness"}:
            named = next((one for one in findings if one.feature == because and "code" in one.facts), None)
            return named or asked
        asked = asked if because else finding
    return None


def _with_what_stopped(findings: list[Finding]) -> list[Finding]:
    """What was not asked says also how that failed which stopped it: no answer is no maintenance."""
    stopped = _what_stopped(findings)
    code = stopped.facts.get("code") if stopped else None
    if not code:
        return findings
    return [
        replace(one, facts={**one.facts, "stopped_by": code}) if one.facts.get("because") in OUTAGES else one
        for one in findings
    ]


def _remember(connection: Connection, findings: list[Finding], now: datetime) -> None:
    """The connection's trouble as this check found it: the error that stopped it, or none."""
    stopped = _what_stopped(findings)
    code = stopped.facts.get("code") if stopped else None
    if stopped and code and code not in {SettingsChanged.code, Busy.code}:
        error = SuperOfficeError(stopped.words)
        error.code = code
        remember(connection, error, now=now)
    elif {one.feature for one in findings if one.status is Status.WORKS} >= {"tenant_state", "token"}:
        remember(connection, None, now=now)


def try_records(connection: Connection, now: datetime, *, claim: datetime | None = None) -> list[Capability]:
    """Make one marked document and one marked follow-up in SuperOffice, remove them, and keep what was found.

    Only after a person has agreed. What could not be removed is named in the facts. The key of both is kept
    before anything is made, so that the next trial finds what one that was killed has left. `claim` as for
    `probe`.
    """
    key = f"sales-desk-trial-{secrets.token_hex(8)}"
    found = findings_of(connection)
    known = [left for feature in MADE if feature in found for left in left_in(feature, found[feature].facts)]
    own = [Left(entity, key) for entity in MADE.values()]
    _keep_left(connection, settled=(), left=own, now=now)
    outcome = _tried(connection, key, now, known)
    with transaction.atomic():
        settled = {*known, *own} - set(outcome.left)
        _keep_left(connection, settled=settled, left=outcome.left, now=now)
        return _keep(connection, outcome.findings, now) if _is_held(connection, claim) else []


def _tried(connection: Connection, key: str, now: datetime, known: list[Left]) -> Outcome:
    try:
        with open_client(connection) as client:
            return superoffice_trial.try_records(
                client, key=key, now=now, leftovers=known, is_online=is_online(connection)
            )
    except (NotConfigured, SuperOfficeError):
        unknown = [
            Finding(feature, Status.UNKNOWN, facts={"because": "token"})
            for feature in superoffice_trial.TRIED
        ]
        return Outcome(unknown, known)


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
        enqueue(task, connection.pk, stamp(now), cluster="reports")
    return True


def begin(connection: Connection, now: datetime) -> bool:
    """Claim the connection for one check. `now` is the claim: `finish` gives that one back and no other."""
    free = Q(probe_started_at__isnull=True) | Q(probe_started_at__lt=now - LONGEST_CHECK)
    return bool(Connection.objects.filter(free, pk=connection.pk).update(probe_started_at=now))


def finish(connection: Connection, claim: datetime) -> None:
    """Give the claim back, unless it is somebody else's by now."""
    Connection.objects.filter(pk=connection.pk, probe_started_at=claim).update(probe_started_at=None)


def stamp(claim: datetime) -> int:
    """The claim as a job carries it: microseconds since 1970."""
    return (claim - _EPOCH) // timedelta(microseconds=1)


def _is_held(connection: Connection, claim: datetime | None) -> bool:
    """Whether what was found may be kept; the connection is locked until the transaction ends."""
    rows = as_read(connection).select_for_update()  # not with the settings of before
    rows = rows.filter(probe_started_at=claim) if claim else rows
    return bool(list(rows.values_list("pk", flat=True)))


def has_broken_off(connection: Connection, now: datetime) -> bool:
    """Whether the last check was begun and never ended."""
    return connection.probe_started_at is not None and not is_checking(connection, now)


def is_checking(connection: Connection, now: datetime) -> bool:
    started = connection.probe_started_at
    return started is not None and started > now - LONGEST_CHECK


def work_on_probe(connection_id: int, stamped: int, now: datetime) -> None:
    """The check that was asked for, unless it was made already or counts as dead. `stamped`: see `stamp`."""
    _work(connection_id, _EPOCH + timedelta(microseconds=stamped), now, probe)


def work_on_trial(connection_id: int, stamped: int, now: datetime) -> None:
    """The trial that was agreed to, likewise."""
    _work(connection_id, _EPOCH + timedelta(microseconds=stamped), now, try_records)


def probe_current(now: datetime) -> None:
    """Check the tenant in use, unless somebody is at it."""
    connection = current_connection()
    if connection is not None and begin(connection, now):
        _work(connection.pk, now, now, probe)


def _work(connection_id: int, claim: datetime, now: datetime, do: Callable[..., object]) -> None:
    connection = Connection.objects.filter(pk=connection_id, probe_started_at=claim).first()
    if connection is None:
        return
    try:
        do(connection, now, claim=claim)
    finally:
        finish(connection, claim)


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


def _keep_left(
    connection: Connection, *, settled: Iterable[Left], left: Iterable[Left], now: datetime
) -> None:
    """Note what a trial may leave or has left, and forget what is settled; what others noted meanwhile stays."""
    settled, left = set(settled), list(left)
    with transaction.atomic():
        for feature, entity in MADE.items():
            row, _created = Capability.objects.select_for_update().get_or_create(
                connection=connection,
                feature=feature,
                defaults={"status": Capability.Status.UNKNOWN, "checked_at": now},
            )
            kept = [one for one in left_in(feature, row.facts) if one not in settled]
            more = [one for one in left if one.entity == entity]
            row.facts = {**without(row.facts), **facts_of(dict.fromkeys([*kept, *more]))}
            row.save(update_fields=["facts"])


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
        before = _settled(old)
        is_known = bool(before) and not is_outage(row)
        if not is_known and before:
            row.facts["settled"] = before
        has_changed = is_known and before != row.status
        row.previous_status = before if has_changed else old.previous_status
        row.changed_at = now if has_changed else old.changed_at
    return row


def is_outage(row: Capability) -> bool:
    """Whether this says nothing about the feature, because of the tenant, the sign-in or the network. What
    these two features themselves were found to be is always news.
    """
    if row.facts.get("because") in OUTAGES:
        return True
    return row.status == Status.DOWN and row.feature not in {"tenant_state", "token"}


def _settled(row: Capability) -> str:
    """The last status that said something about the feature; empty when there was none."""
    return str(row.facts.get("settled", "")) if is_outage(row) else row.status


def _with_trial(finding: Finding, old: Capability | None, now: datetime) -> Finding:
    """The finding together with the last trial. A trial proves more than a question: its result stays, until
    a check is sure of the contrary, somebody else is signed in, or a new trial says otherwise.
    """
    before = old.facts if old else {}
    left = {name: before[name] for name in LEFT_FACTS if name in before}
    if finding.facts.get("tried"):
        return replace(finding, facts={**finding.facts, **left, "trial": _trial(finding, now)})
    finding = replace(finding, facts={**finding.facts, **left})
    trial = before.get("trial")
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


def reason_in(row: Capability | None) -> str | None:
    """The same for a finding at hand."""
    if row is None or row.status not in SURELY_NOT:
        return None
    return explain(row.feature, row.status, row.facts).cause


def is_unproven(row: Capability | None) -> bool:
    """Whether only a trial can tell about this feature."""
    return row is not None and row.status == Status.UNKNOWN and not is_outage(row)


def is_ready(rows: Iterable[Capability]) -> bool:
    """Whether everything that Sales Desk needs works; uploading may be unproven."""
    status = {row.feature: row.status for row in rows}
    needed = (name for name, feature in FEATURES.items() if feature.group is Group.NEEDED)
    unproven = {"upload_content": {Status.WORKS, Status.UNKNOWN}}
    return all(status.get(name) in unproven.get(name, {Status.WORKS}) for name in needed)
