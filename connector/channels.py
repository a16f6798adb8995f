"""The ways a mail can get to the customer and into SuperOffice, and what speaks against them."""

from dataclasses import dataclass

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from connector.capabilities import Findings, findings_of, is_outage, reason_in
from connector.explanations import explain
from connector.models import Connection, Mailbox, Origin
from connector.services import shared_mailbox
from connector.superoffice.findings import Status


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
    that nothing speaks against them, and that SuperOffice could be asked.
    """
    found = findings_of(connection) if findings is None else findings
    return [
        Channel(key, str(label), str(how), *_standing(key, found)) for key, (label, how) in _CHANNELS.items()
    ]


def reason_against_filing(connection: Connection) -> str | None:
    """Why a sent mail surely cannot become a document, in the reader's language; one query."""
    found = findings_of(connection)
    return next(filter(None, (reason_in(found.get(feature)) for feature in _NEEDS["smtp"])), None)


def _standing(key: str, found: Findings) -> tuple[str, str]:
    """State and reason of a channel."""
    if key == "smtp" and not _has_mailbox():
        return "impossible", _("No mailbox is set up to send from.")
    rows = [found.get(feature) for feature in _NEEDS[key]]
    if reason := next(filter(None, map(reason_in, rows)), None):
        return "impossible", reason
    if outage := next((row for row in rows if row and is_outage(row)), None):
        return "not_known", explain(outage.feature, outage.status, outage.facts).cause
    is_native = key in {"native_email", "native_mailing"}
    if is_native and not all(row and row.status == Status.WORKS for row in rows):
        return "not_known", _("It is not known whether SuperOffice allows it.")
    return "possible", ""


def _has_mailbox() -> bool:
    """Whether anybody's mails can leave: from the shared mailbox, or from a representative's own."""
    if shared_mailbox() is not None:
        return True
    own = Mailbox.objects.filter(is_active=True, representative__isnull=False)
    return (own if "mail" in settings.DEMO_PARTS else own.exclude(origin=Origin.DEMO)).exists()


_NEEDS = {
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
        gettext_lazy(
            "SuperOffice holds a follow-up; the representative sends from their own program. Sales Desk does"
            " not use this way yet."
        ),
    ),
}
