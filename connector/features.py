"""What the probe looks at: each feature, and what Sales Desk needs it for."""

from dataclasses import dataclass
from enum import StrEnum

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class Group(StrEnum):
    NEEDED = "needed"
    USEFUL = "useful"
    NATIVE = "native"
    VAIN = "vain"


@dataclass(frozen=True, slots=True)
class Feature:
    """`purpose`: what Sales Desk needs it for."""

    group: Group
    label: Promise | str
    purpose: Promise


FEATURES: dict[str, Feature] = {
    "token": Feature(Group.NEEDED, _("Sign-in"), _("Every question to SuperOffice needs it.")),
    "tenant_state": Feature(Group.NEEDED, _("Tenant"), _("SuperOffice says itself whether it is up.")),
    "read_sales": Feature(Group.NEEDED, _("Read sales"), _("Reports are made of them.")),
    "read_companies": Feature(
        Group.NEEDED, _("Read companies"), _("Before each mail we look whether one may write to the company.")
    ),
    "read_persons": Feature(
        Group.NEEDED, _("Read persons"), _("Name, address and objections of the recipient stand there.")
    ),
    "create_document": Feature(
        Group.NEEDED, _("Create documents"), _("Each sent mail becomes a document on its sale.")
    ),
    "upload_content": Feature(
        Group.NEEDED, _("Upload content"), _("The document holds the mail as it was sent.")
    ),
    "mail_template": Feature(
        Group.NEEDED,
        _("Document template for outgoing mail"),
        _("It makes a document an e-mail in SuperOffice."),
    ),
    "api_version": Feature(
        Group.USEFUL, _("Version of the interface"), _("It decides which routes there are.")
    ),
    "who_am_i": Feature(Group.USEFUL, _("Who we are"), _("The rights of this user decide what we see.")),
    "read_documents": Feature(
        Group.USEFUL, _("Read documents"), _("Before filing we look whether a mail is filed already.")
    ),
    "document_archive": Feature(
        Group.USEFUL, _("Document archive"), _("Where SuperOffice keeps the files of documents.")
    ),
    "create_follow_up": Feature(
        Group.USEFUL,
        _("Create follow-ups"),
        _("For mails that representatives send from their own program; Sales Desk does not use them yet."),
    ),
    "product_families": Feature(
        Group.USEFUL,
        _("Product families"),
        _("Keywords could be suggested from them; Sales Desk does not do so yet."),
    ),
    "quote_lines": Feature(Group.USEFUL, _("Quote lines"), _("Products and quantities as they were quoted.")),
    "foreign_keys": Feature(
        Group.USEFUL, _("Foreign keys"), _("A place for our own numbers on SuperOffice's records.")
    ),
    "webhooks": Feature(
        Group.USEFUL, _("Webhooks"), _("With them SuperOffice could report changes by itself.")
    ),
    "crm_script": Feature(
        Group.USEFUL, _("CRMScript"), _("Scripts inside SuperOffice; Sales Desk needs none and runs none.")
    ),
    "native_mailing": Feature(
        Group.NATIVE, _("Mailings"), _("Sending with SuperOffice Marketing to many at once.")
    ),
    "native_email": Feature(
        Group.NATIVE, _("E-mail agent"), _("Sending from a user's mail account in SuperOffice.")
    ),
    "associate_me": Feature(Group.VAIN, "/Associate/Me", _("Asked for by others to learn who they are.")),
    "shipment": Feature(Group.VAIN, "/Shipment", _("Asked for by others to send mailings.")),
    "sale_quotes": Feature(
        Group.VAIN, "/Sale/{id}/Quotes", _("Asked for by others to read the quotes of a sale.")
    ),
}
