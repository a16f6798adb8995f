"""Who may be written to, and for each who may not, why."""

import contextlib
from collections.abc import Iterable

import idna
from django.db.models import QuerySet
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from connector.models import Representative
from outreach.models import MailTemplate, Suppression
from reports.models import Sale

# In the order in which a reader would ask; the first that applies is the one that is shown.
_OBJECTIONS = (
    (lambda sale: sale.company_id is None, _("The sale has no company.")),
    (lambda sale: sale.person_id is None, _("The sale has no person.")),
    (lambda sale: not sale.person_email, _("The person has no e-mail address.")),
    (lambda sale: sale.person_retired, _("The person has left the company.")),
    (lambda sale: sale.person_no_mailing, _("The person wants no mailings.")),
    (lambda sale: sale.company_no_mailing, _("The company wants no mailings.")),
    (lambda sale: sale.company_stop, _("The company is marked “stop”.")),
    (lambda sale: sale.person_bounced, _("Mails to this address came back.")),
)


def objection(sale: Sale, template: MailTemplate) -> str:
    """Why nobody may be written to about `sale` with this template; empty when somebody may."""
    for applies, reason in _OBJECTIONS:
        if applies(sale):
            return str(reason)
    # § 7(3) UWG: the address has to come from a sale that took place.
    if template.legal_basis == MailTemplate.LegalBasis.CUSTOMER and sale.status != Sale.Status.SOLD:
        return str(_("The sale is not sold; this template is for customers only."))
    if suppressions_of(sale.person_email).exists():
        return str(_("The address is on the suppression list."))
    return ""


def suppressions_of(address: str) -> QuerySet[Suppression]:
    """What forbids writing to `address`, in whatever case it was entered."""
    lowered = Suppression.objects.annotate(lowered=Lower("value"))
    return lowered.filter(lowered__in=suppression_keys(address))


def suppression_keys(address: str) -> set[str]:
    """What the suppression list may hold for `address`: itself and its domain, as written and as on the wire."""
    local, _at, domain = address.strip().lower().rpartition("@")
    domains = {domain}
    with contextlib.suppress(idna.IDNAError):
        domains |= {idna.encode(domain, uts46=True).decode("ascii"), idna.decode(domain, uts46=True)}
    return domains | {f"{local}@{one}" for one in domains}


def writers_for(sales: Iterable[Sale]) -> dict[int, Representative]:
    """Who writes about each sale: its owner, by associate id; owners without a dashboard user are missing."""
    owners = {sale.owner_id for sale in sales if sale.owner_id}
    rows = Representative.objects.filter(associate_id__in=owners, user__is_active=True)
    return {row.associate_id: row for row in rows.select_related("user", "mailbox")}
