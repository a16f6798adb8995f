"""The probe: what may this credential do? It asks, changes nothing, and says what came back.

SuperOffice has calls that act at once (a mail leaves, a script runs), and rights can be asked for without
them: by SuperOffice's Sentry agent, by validating a record that is never saved, by lists with one row. So
`ALLOWED` is all that can be asked here. What only a record can prove is in `trial`.
"""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from connector.superoffice import errors
from connector.superoffice.fields import Fields
from connector.superoffice.findings import (
    Finding,
    Status,
    Surroundings,
    bounded,
    is_silence,
    named,
    refused,
)
from connector.superoffice.questions import Asks, OutOfTime, Questions
from connector.superoffice.rights import INSERT, SELECT, UPDATE, Principal, TableRight
from connector.superoffice.types import DocumentTemplate

ALLOWED = frozenset(
    {
        ("GET", "User/currentPrincipal"),
        ("POST", "Agents/Sentry/GetNewTableRight"),
        ("GET", "Sale"),
        ("GET", "Contact"),
        ("GET", "Person"),
        ("GET", "Document"),
        ("GET", "Document/default"),
        ("POST", "Document/Validate"),
        ("GET", "Document/Plugin"),
        ("GET", "List/DocumentTemplate/Items"),
        ("GET", "Appointment/default"),
        ("POST", "Appointment/Validate"),
        ("GET", "List/ProductFamily/Items"),
        ("POST", "Agents/Quote/HasConnections"),
        ("GET", "Archive/FindQuoteLine"),
        ("GET", "Sale/{id}/ForeignKey"),
        ("GET", "Webhook"),
        ("GET", "Archive/mailings"),
        ("POST", "Agents/EMail/GetCurrentAccountId"),
        ("GET", "CRMScript"),
        # No such routes exist; others have asked for them and taken the answer for a missing right.
        ("GET", "Associate/Me"),
        ("GET", "Shipment"),
        ("GET", "Sale/{id}/Quotes"),
    }
)
# Never asked, only looked for in the tenant's list of routes: it sends.
STARTS_A_MAILING = "Agents/Marketing/ReloadAndSendMailing"
BULK_MAIL_RIGHT = "allow-bulk-email"
MARK = "Sales Desk check"  # on records that are validated and never saved
_SILENCES = 2  # so many questions without an answer, and the rest is not asked
# Seconds after which no new question is begun. A question takes `questions.DEADLINE`, and up to half a minute
# more when a repetition is begun right before that; the job is killed after two minutes.
_LONGEST = 40.0


def probe(
    client: Asks, *, is_online: bool = True, clock: Callable[[], float] = time.monotonic
) -> list[Finding]:
    """One finding per feature, in the order asked. Raises nothing that SuperOffice can cause.

    When the tenant or the sign-in fails, or nobody answers any more, the rest is not asked: those findings
    name in `facts["because"]` what stopped it. `is_online` is False for an installation of its own.
    """
    return _Probe(client, is_online, clock).run()


def unasked(because: str, status: Status) -> list[Finding]:
    """The findings when nothing could be asked at all."""
    return [Finding(feature, status, facts={"because": because}) for feature, _check in _CHECKS]


class _Probe:
    """One run. Each check returns a finding or raises; `_finding` turns what was raised into one."""

    def __init__(self, client: Asks, is_online: bool, clock: Callable[[], float]) -> None:
        self._client = client
        self._questions = Questions(client, ALLOWED, self._has_time)
        self._around = Surroundings(is_online=is_online)
        self._me: Principal | None = None
        self._template: DocumentTemplate | None = None
        self._sale_id: int | None = None
        self._clock, self._end = clock, clock() + _LONGEST
        self._silences = 0
        self._stopped: tuple[str, Status] | None = None  # by which feature, and what the rest is then

    def run(self) -> list[Finding]:
        return [self._finding(feature, check) for feature, check in _CHECKS]

    def _finding(self, feature: str, check: "_Check") -> Finding:
        if self._stopped is None and not self._has_time():
            self._stopped = ("slowness", Status.UNKNOWN)
        if self._stopped:
            return self._unasked(feature, *self._stopped)
        self._questions.asked.clear()
        try:
            finding = replace(check(self), feature=feature)
        except errors.SuperOfficeError as error:
            finding = refused(feature, error, self._around)
            self._stop_after(feature, finding, error)
        except OutOfTime:
            return self._unasked(feature, "slowness", Status.UNKNOWN)
        if asked := list(self._questions.asked):
            finding = replace(finding, facts={"asked": asked, **finding.facts})
        return bounded(named(finding, self._me.facts) if self._me else finding)

    def _has_time(self) -> bool:
        return self._clock() <= self._end

    def _unasked(self, feature: str, because: str, status: Status) -> Finding:
        return Finding(feature, status, facts={"because": because})

    def _stop_after(self, feature: str, finding: Finding, error: errors.SuperOfficeError) -> None:
        if is_silence(error):
            # A time-out has cost a minute already.
            is_slow = isinstance(error, errors.Unreachable) and error.reason in {"timeout", "deadline"}
            self._silences += _SILENCES if is_slow else 1
        rest = Status.DOWN if finding.status is Status.DOWN else Status.UNKNOWN
        if feature in {"tenant_state", "token"}:
            self._stopped = (feature, rest)
        elif isinstance(error, errors.TenantNotRunning):
            self._stopped = ("tenant_state", Status.DOWN)
        elif isinstance(error, errors.SignInFailed):
            self._stopped = ("token", Status.UNKNOWN)
        elif self._silences >= _SILENCES:
            self._stopped = ("silence", Status.DOWN)

    # --- The tenant and who we are ----------------------------------------------------------------

    def _tenant_state(self) -> Finding:
        state = self._client.tenant_state()
        if not state.is_running:
            raise errors.TenantNotRunning(state=state.state, valid_until=state.valid_until)
        return _works(state=state.state)

    def _token(self) -> Finding:
        """A fresh token, and that the tenant takes it: other trouble with that question is not the token's."""
        self._client.renew_now()
        try:
            self._me = self._questions.principal()
        except (errors.Unauthorized, errors.SignInFailed):
            raise
        except errors.SuperOfficeError:
            return _works()
        return _works()

    def _api_version(self) -> Finding:
        version = self._client.api_version()
        try:
            self._around = replace(self._around, routes=self._client.api_map())
        except (errors.Refused, errors.UnexpectedAnswer, errors.ServerError):
            return _works(version=version)
        return _works(version=version, route_count=len(self._around.routes or {}))

    def _who_am_i(self) -> Finding:
        me = self._me = self._questions.principal()
        self._around = replace(self._around, is_system_user=me.is_system)
        return _works(
            login=me.login,
            associate_id=me.associate_id,
            kind=me.kind,
            role_type=me.role_type,
            licences=list(me.licences),
            function_rights=list(me.function_rights),
        )

    # --- Reading ----------------------------------------------------------------------------------

    def _read_sales(self) -> Finding:
        rows = self._questions.first_row("Sale", "saleId")
        if rows:
            self._sale_id = Fields(rows[0], "sale").id("saleId")
        return self._readable(rows, "sale", hidden_by="hide-sale")

    def _reads(self, path: str, key: str) -> Finding:
        return self._readable(self._questions.first_row(path, key), path.lower())

    def _readable(self, rows: list[dict[str, Any]], table: str, *, hidden_by: str = "") -> Finding:
        """Rows prove it. None prove nothing: what a user may not see is left out without a word."""
        if rows:
            return _works(row_count=len(rows))
        me = self._me
        if me and not me.is_system and hidden_by in me.function_rights:
            return Finding("", Status.MISSING_RIGHT, 200, facts={"function_right": hidden_by})
        right = self._questions.right(table)
        if right and right.lacks(SELECT):
            return self._lacking(right)
        return Finding("", Status.UNKNOWN, 200, facts={"row_count": 0, **_mask(right)})

    def _lacking(self, right: TableRight) -> Finding:
        status = Status.RESTRICTED if self._around.is_system_user else Status.MISSING_RIGHT
        return Finding("", status, 200, words=right.reason, facts=_mask(right))

    def _product_families(self) -> Finding:
        count = len(self._questions.items("List/ProductFamily/Items"))
        status = Status.WORKS if count else Status.NOT_CONFIGURED
        return Finding("", status, 200, facts={"row_count": count})

    def _quote_lines(self) -> Finding:
        """The list decides; whether the user reaches a quote connection explains an empty one."""
        connections, words = self._quote_connections()
        sale = "alternative/version/quote/sale/saleId"
        rows = self._questions.first_row("Archive/FindQuoteLine", "quoteLineId", sale)
        facts = {"row_count": len(rows), "connections": connections}
        if rows or connections:
            return _works(**facts)
        status = Status.NOT_CONFIGURED if connections is False else Status.UNKNOWN
        return Finding("", status, 200, words=words, facts=facts)

    def _quote_connections(self) -> tuple[bool | None, str]:
        """Whether the user reaches a quote connection (None: no answer), and why not in SuperOffice's words."""
        try:
            answer = Fields(
                self._questions.record("POST", "Agents/Quote/HasConnections"), "quote connections"
            )
        except (errors.Refused, errors.UnexpectedAnswer, errors.ServerError) as error:
            if is_silence(error):
                raise
            return None, error.detail
        return answer.flag("IsOk", missing=False), answer.text("UserExplanation")

    def _foreign_keys(self) -> Finding:
        if self._sale_id is None:
            return Finding("", Status.UNKNOWN, facts={"because": "read_sales"})
        return _works(row_count=len(self._questions.record("GET", f"Sale/{self._sale_id}/ForeignKey")))

    def _webhooks(self) -> Finding:
        return _works(row_count=len(self._questions.items("Webhook")))

    def _crm_script(self) -> Finding:
        return _works(row_count=len(self._questions.rows("CRMScript", {"$top": "1"})))

    # --- Filing -----------------------------------------------------------------------------------

    def _mail_template(self) -> Finding:
        items = [
            DocumentTemplate.from_item(item) for item in self._questions.items("List/DocumentTemplate/Items")
        ]
        mails = [one for one in items if one.is_outgoing_mail]
        if not mails:
            return Finding("", Status.NOT_CONFIGURED, 200, facts={"row_count": len(items)})
        self._template = min(mails, key=lambda one: (one.rank, one.id))
        return _works(template=self._template.name, template_id=self._template.id)

    def _create_document(self) -> Finding:
        card: dict[str, Any] = {"Header": MARK, "Name": "sales-desk-check.eml"}
        if self._template:
            card["DocumentTemplate"] = {"DocumentTemplateId": self._template.id}
        finding = self._creatable("document", "Document", card)
        if self._template is None and finding.status is not Status.MISSING_RIGHT:
            # Whether a mail can be filed depends on the kind of document that there is not.
            return replace(finding, status=Status.UNKNOWN, facts={"because": "mail_template"})
        return finding

    def _create_follow_up(self) -> Finding:
        return self._creatable("appointment", "Appointment", {"Description": MARK})

    def _creatable(self, table: str, entity: str, changes: dict[str, Any]) -> Finding:
        """By the right on new records, and by validating one that is not saved."""
        right = self._questions.right(table)
        if right and right.lacks(INSERT):
            return self._lacking(right)
        default = self._questions.record("GET", f"{entity}/default")
        missing = self._questions.record("POST", f"{entity}/Validate", {**default, **changes})
        if missing:
            words = "; ".join(f"{name}: {text}" for name, text in list(missing.items())[:5])
            return Finding(
                "", Status.NOT_CONFIGURED, 200, words=words[:500], facts={"fields": sorted(missing)[:10]}
            )
        return _works(**_mask(right))

    def _upload_content(self) -> Finding:
        """Only a record shows whether it works; the right on documents may show that it cannot."""
        right = self._questions.right("document")
        if right and right.lacks(UPDATE):
            return self._lacking(right)
        return Finding("", Status.UNKNOWN, facts={"needs_trial": True, **_mask(right)})

    def _document_archive(self) -> Finding:
        plugins = self._questions.record("GET", "Document/Plugin")
        names = [str(name) for name in plugins.values()]
        return _works(names=names[:10], elsewhere=len(names) > 1)

    # --- Native sending: looked at, never used --------------------------------------------------------

    def _native_mailing(self) -> Finding:
        """All of route, licence, right and list are needed; the one that is hardest to change is named."""
        me = self._me
        facts: dict[str, Any] = {"route": self._around.has_route("POST", STARTS_A_MAILING)}
        if me:
            facts["licence"] = me.may_market
            facts["right"] = me.is_system or BULK_MAIL_RIGHT in me.function_rights
        listed = self._mailings()
        for fact, status in _MAILING_NEEDS:
            if facts.get(fact) is False:
                return replace(listed, status=status, facts={**listed.facts, **facts})
        if listed.status is Status.WORKS and None in (facts.get(fact) for fact, _status in _MAILING_NEEDS):
            listed = replace(listed, status=Status.UNKNOWN)
        return replace(listed, facts={**listed.facts, **facts})

    def _mailings(self) -> Finding:
        try:
            return _works(row_count=len(self._questions.rows("Archive/mailings", {"$top": "1"})))
        except errors.SuperOfficeError as error:
            if is_silence(error) or isinstance(error, errors.SignInFailed):
                raise
            return refused("native_mailing", error, self._around)

    def _native_email(self) -> Finding:
        account = self._questions.ask("POST", "Agents/EMail/GetCurrentAccountId")
        if account is None:
            raise errors.UnexpectedAnswer("null", problem="empty", status=200)
        if not isinstance(account, int) or account <= 0:
            return Finding("", Status.NOT_CONFIGURED, 200, facts={"account": False})
        return _works(account=True)

    # --- Looked for in vain -----------------------------------------------------------------------

    def _in_vain(self, path: str) -> Finding:
        """SuperOffice's interface has no such route, whatever a server answers there."""
        try:
            self._questions.ask("GET", path, repeat=False)  # a refusal is what is expected
        except errors.SuperOfficeError as error:
            if is_silence(error) or isinstance(error, errors.SignInFailed):
                raise
            return replace(refused("", error, self._around), status=Status.NOT_IN_API)
        return Finding("", Status.NOT_IN_API, 200)


def _works(**facts: Any) -> Finding:
    return Finding("", Status.WORKS, 200, facts=facts)


def _mask(right: TableRight | None) -> dict[str, Any]:
    return {"table": right.table, "mask": right.mask} if right else {}


_MAILING_NEEDS = (
    ("route", Status.NOT_IN_API),
    ("licence", Status.NO_LICENCE),
    ("right", Status.MISSING_RIGHT),
)
_Check = Callable[[_Probe], Finding]
# Each may use what those before it found out.
_CHECKS: tuple[tuple[str, _Check], ...] = (
    ("tenant_state", _Probe._tenant_state),
    ("token", _Probe._token),
    ("api_version", _Probe._api_version),
    ("who_am_i", _Probe._who_am_i),
    ("read_sales", _Probe._read_sales),
    ("read_companies", lambda run: run._reads("Contact", "contactId")),
    ("read_persons", lambda run: run._reads("Person", "personId")),
    ("read_documents", lambda run: run._reads("Document", "documentId")),
    ("mail_template", _Probe._mail_template),
    ("create_document", _Probe._create_document),
    ("upload_content", _Probe._upload_content),
    ("document_archive", _Probe._document_archive),
    ("create_follow_up", _Probe._create_follow_up),
    ("product_families", _Probe._product_families),
    ("quote_lines", _Probe._quote_lines),
    ("foreign_keys", _Probe._foreign_keys),
    ("webhooks", _Probe._webhooks),
    ("crm_script", _Probe._crm_script),
    ("native_mailing", _Probe._native_mailing),
    ("native_email", _Probe._native_email),
    ("associate_me", lambda run: run._in_vain("Associate/Me")),
    ("shipment", lambda run: run._in_vain("Shipment")),
    ("sale_quotes", lambda run: run._in_vain(f"Sale/{run._sale_id or 1}/Quotes")),
)
