"""The sentences about findings of the probe: why it is so, what to do, and who has to do it.

`%(role)s` and the like are places for a finding's facts. `explanations` chooses among these sentences.
"""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Text = Promise | str

OUR_ADMINISTRATOR, SUPEROFFICE_ADMINISTRATOR = "our_administrator", "superoffice_administrator"
SUPEROFFICE, DEVELOPER, NOBODY = "superoffice", "developer", "nobody"
WHO: dict[str, Text] = {
    OUR_ADMINISTRATOR: _("our administrator"),
    SUPEROFFICE_ADMINISTRATOR: _("SuperOffice administrator"),
    SUPEROFFICE: _("SuperOffice"),
    DEVELOPER: _("developer"),
    NOBODY: _("nobody"),
}


@dataclass(frozen=True, slots=True)
class Words:
    """Sentences with places for facts; `who` is a key of WHO."""

    cause: Text
    action: Text
    who: str


LEFT = {"Document": _("document %(number)s"), "Appointment": _("follow-up %(number)s")}

AGAIN = _("Check again when that is mended.")
NOTHING = _("Nothing to do.")
_ROLE_RIGHTS = _(
    "Give the role “%(role)s” the data rights to read these records, in SuperOffice's settings under Roles."
)
_NO_SUCH_ROUTE = _(
    "SuperOffice's interface has no such route. Whatever a server answers here, a 500 too, says nothing about"
    " rights."
)

# What stopped the probe before it came to the question.
BECAUSE: dict[str, Words] = {
    "token": Words(_("Not asked, because the sign-in failed."), AGAIN, OUR_ADMINISTRATOR),
    "tenant_state": Words(_("Not asked, because the tenant is not up."), AGAIN, OUR_ADMINISTRATOR),
    "silence": Words(
        _("Not asked, because SuperOffice stopped answering during the check."),
        _("Check again later."),
        OUR_ADMINISTRATOR,
    ),
    "slowness": Words(
        _("Not asked, because SuperOffice took too long for the questions before."),
        _("Check again later."),
        OUR_ADMINISTRATOR,
    ),
    "mail_template": Words(
        _("Not decided, because no document template for outgoing mail is known."), AGAIN, OUR_ADMINISTRATOR
    ),
    "create_document": Words(_("Not tried, because no document could be made."), AGAIN, OUR_ADMINISTRATOR),
    "read_sales": Words(
        _("Not asked, because it takes a sale to ask about, and none is seen."), AGAIN, OUR_ADMINISTRATOR
    ),
}

# The same by the code of the error that stopped it, where that tells more.
STOPPED_BY: dict[str, Words] = {
    "unreachable": Words(
        _("Not asked, because SuperOffice does not answer."), _("Check again later."), OUR_ADMINISTRATOR
    ),
    **dict.fromkeys(
        ("server_error", "wrong_host", "rate_limited", "unexpected_answer"),
        Words(
            _("Not asked, because SuperOffice gave no answer that is of use."),
            _("Check again later."),
            OUR_ADMINISTRATOR,
        ),
    ),
}

WORKS: dict[str, Text] = {
    "token": _("A fresh sign-in worked, and the tenant takes it."),
    "tenant_state": _("SuperOffice says that the tenant is up (%(state)s)."),
    "read_sales": _("We are shown sales. Those that this user may not see are left out without a word."),
    "read_companies": _("We are shown companies."),
    "read_persons": _("We are shown persons."),
    "read_documents": _("We are shown documents."),
    "create_document": _("The card of such a document is accepted; nothing was saved."),
    "upload_content": _("Content can be uploaded."),
    "mail_template": _("“%(template)s” is used (number %(template_id)s)."),
    "api_version": _("The server has version %(version)s and lists %(route_count)s routes."),
    "who_am_i": _("We act as %(user)s, role “%(role)s”."),
    "document_archive": _("Files are kept in: %(names)s."),
    "create_follow_up": _("Such a follow-up is accepted; nothing was saved."),
    "product_families": _("The list has %(row_count)s entries."),
    "quote_lines": _("Quotes are open to us."),
    "foreign_keys": _("The foreign keys of a sale can be read."),
    "webhooks": _("Webhooks are open to the app."),
    "crm_script": _("The list of scripts can be read; none was run."),
    "native_mailing": _("Route, licence and right for mailings are there; nothing was sent."),
    "native_email": _("The agent is open to the app and the user has a mail account; nothing was sent."),
}
TRIED: dict[str, Text] = {
    "create_document": _("A marked document was made."),
    "upload_content": _("A small mail was uploaded to a marked document and came back the same."),
    "create_follow_up": _("A marked follow-up was made."),
}

MISSING_RIGHT_ACTIONS: dict[str, Text] = {
    "read_sales": _ROLE_RIGHTS,
    "read_companies": _ROLE_RIGHTS,
    "read_persons": _ROLE_RIGHTS,
    "read_documents": _ROLE_RIGHTS,
    "create_document": _(
        "Give the role “%(role)s” the data rights to create and change documents, in SuperOffice's settings"
        " under Roles."
    ),
    "upload_content": _(
        "Give the role “%(role)s” the data rights to create and change documents, in SuperOffice's settings"
        " under Roles."
    ),
    "create_follow_up": _(
        "Give the role “%(role)s” the data rights to create follow-ups, in SuperOffice's settings under Roles."
    ),
    "native_mailing": _(
        "Give the role “%(role)s” the functional right to send e-mail to selection members"
        " (allow-bulk-email), or send by the mail server and file the mails."
    ),
}

SPECIAL: dict[tuple[str, str], Words] = {
    ("native_email", "restricted"): Words(
        _(
            "Online, SuperOffice opens the e-mail agent only to apps that it has been granted to; this app is"
            " not among them. No role changes that."
        ),
        _(
            "Ask SuperOffice to grant the e-mail agent to the app; the tenant then has to approve the app again."
            " Or send by the mail server and file the mails."
        ),
        OUR_ADMINISTRATOR,
    ),
    ("crm_script", "restricted"): Words(
        _("SuperOffice opens CRMScript per app on request, and it needs SuperOffice's Development Tools."),
        _("Nothing is missing for Sales Desk. Whoever wants it asks for it in the app's registration."),
        NOBODY,
    ),
    ("webhooks", "restricted"): Words(
        _("SuperOffice opens webhooks only to apps that are registered with them."),
        _(
            "Add webhooks to the app's registration. Every tenant then has to approve the app again, and its"
            " users are locked out until then."
        ),
        DEVELOPER,
    ),
    ("native_mailing", "no_licence"): Words(
        _("No licence of this user names SuperOffice Marketing."),
        _("Order SuperOffice Marketing, or send by the mail server and file the mails."),
        SUPEROFFICE_ADMINISTRATOR,
    ),
    ("quote_lines", "no_licence"): Words(
        _("Quotes are not in the tenant's licence."),
        _("Nothing is missing for reports. With a plan that includes quotes, quantities can be compared."),
        SUPEROFFICE_ADMINISTRATOR,
    ),
    ("native_mailing", "not_in_api"): Words(
        _("This version of SuperOffice has no route that starts a mailing."),
        _("Wait for a newer version of SuperOffice, or send by the mail server and file the mails."),
        NOBODY,
    ),
    ("associate_me", "not_in_api"): Words(
        _NO_SUCH_ROUTE,
        _("Ask /User/currentPrincipal, as this check does: it names user, role, licences and rights."),
        NOBODY,
    ),
    ("shipment", "not_in_api"): Words(
        _NO_SUCH_ROUTE,
        _(
            "Send by the mail server and file the mails in SuperOffice, or use SuperOffice's mailing agent where"
            " it is open."
        ),
        NOBODY,
    ),
    ("sale_quotes", "not_in_api"): Words(
        _NO_SUCH_ROUTE,
        _("Ask the list FindQuoteLine or the Quote agent, as this check does."),
        NOBODY,
    ),
    ("tenant_state", "not_configured"): Words(
        _("SuperOffice does not know the tenant, or its address cannot be used."),
        _("Correct tenant and environment of the connection."),
        OUR_ADMINISTRATOR,
    ),
    ("mail_template", "not_configured"): Words(
        _("SuperOffice has no document template of the kind e-mail, outgoing."),
        _("Add one in SuperOffice's settings, under Lists."),
        SUPEROFFICE_ADMINISTRATOR,
    ),
    ("product_families", "not_configured"): Words(
        _("The list is empty. With an ERP connection the families may be kept there."),
        _("Nothing is missing: reports then take families from the keyword list alone."),
        NOBODY,
    ),
    ("quote_lines", "not_configured"): Words(
        _("No quote connection is open to this user."),
        _("Give the user access to a quote connection in SuperOffice's settings, under Quote."),
        SUPEROFFICE_ADMINISTRATOR,
    ),
    ("native_email", "not_configured"): Words(
        _("The agent is open to the app, but the user we act as has no mail account in SuperOffice."),
        _("Set up the mail account of this user in SuperOffice, or sign in as a user who has one."),
        SUPEROFFICE_ADMINISTRATOR,
    ),
    ("native_mailing", "unknown"): Words(
        _("Mailings need a route, a licence and a right; not all of them could be found out."),
        _("Check again later."),
        OUR_ADMINISTRATOR,
    ),
    ("upload_content", "unknown"): Words(
        _("Only a record can prove it."),
        _("Choose “Try with a record”: it makes a marked document and removes it again."),
        OUR_ADMINISTRATOR,
    ),
}

GENERAL: dict[str, Words] = {
    "works": Words(_("It works."), NOTHING, NOBODY),
    "missing_right": Words(
        _("SuperOffice refuses this to %(user)s: a right is missing."),
        _("Give the role “%(role)s” the right for this in SuperOffice."),
        SUPEROFFICE_ADMINISTRATOR,
    ),
    "restricted": Words(
        _("SuperOffice does not open this to the app."),
        _("Look at what the app is registered for."),
        DEVELOPER,
    ),
    "no_licence": Words(
        _("SuperOffice says that the licence does not include this."),
        _("Ask SuperOffice which plan includes it."),
        SUPEROFFICE_ADMINISTRATOR,
    ),
    "not_in_api": Words(
        _("This version of SuperOffice does not have the route."),
        _("Wait for a newer version of SuperOffice."),
        NOBODY,
    ),
    "down": Words(
        _("SuperOffice did not answer."),
        _("Check again later; if it stays, look at network and login address, and ask SuperOffice."),
        OUR_ADMINISTRATOR,
    ),
    "not_configured": Words(_("Something is not set up."), _("Look at the evidence."), OUR_ADMINISTRATOR),
    "unknown": Words(
        _("SuperOffice's answer decides nothing."),
        _("Show the evidence to the developers of Sales Desk."),
        OUR_ADMINISTRATOR,
    ),
}

# By SuperOffice's word for the state of a tenant that is not up; for any other it is maintenance.
STATES: dict[str, Words] = {
    "Suspended": Words(
        _("SuperOffice has suspended the tenant."),
        _("Clarify with SuperOffice why it is suspended."),
        SUPEROFFICE_ADMINISTRATOR,
    ),
    **dict.fromkeys(
        ("Deleted", "Deleting", "DeleteFailed"),
        Words(
            _("SuperOffice says that the tenant is deleted (%(state)s)."),
            _("Connect Sales Desk with another tenant."),
            OUR_ADMINISTRATOR,
        ),
    ),
}
MAINTENANCE = Words(
    _("SuperOffice says that the tenant is not up (%(state)s)."),
    _("Wait: maintenance usually takes minutes."),
    NOBODY,
)

# By the code of the error that left a question undecided.
UNDECIDED: dict[str, Words] = {
    "server_error": Words(
        _("SuperOffice failed with an error of its own, which says nothing about rights."),
        _("Check again later; if it stays, give SuperOffice's support the operation id of the evidence."),
        OUR_ADMINISTRATOR,
    ),
    "rate_limited": Words(_("SuperOffice asks for fewer calls."), _("Check again later."), NOBODY),
    "bad_request": Words(
        _("SuperOffice did not understand the question."),
        _("Show the evidence to the developers of Sales Desk."),
        OUR_ADMINISTRATOR,
    ),
    "not_found": Words(
        _("SuperOffice answers “not found”, which says nothing about rights."),
        _("Show the evidence to the developers of Sales Desk."),
        OUR_ADMINISTRATOR,
    ),
}
# --- By what the facts say ------------------------------------------------------------------------------

SYSTEM_USER = Words(
    _(
        "We act as the system user of the app. No role binds it: what works here says nothing about the"
        " rights of a user."
    ),
    NOTHING,
    NOBODY,
)
NO_ROUTE_LIST = Words(
    _("The server has version %(version)s; its list of routes could not be read."), NOTHING, NOBODY
)
OTHER_ARCHIVE = Words(
    WORKS["document_archive"],
    _(
        "In an archive other than SuperOffice's own, rights also depend on the user's account there; a trial"
        " shows whether filing works."
    ),
    OUR_ADMINISTRATOR,
)
HIDDEN = _("The role “%(role)s” hides this from the user (functional right %(function_right)s).")
NO_BULK_MAIL = _("The role “%(role)s” lacks the functional right allow-bulk-email.")
NOT_IN_MASK = _("The role “%(role)s” does not give this right: SuperOffice lists “%(mask)s” for %(table)s.")
REFUSED_SYSTEM_USER = Words(
    _(
        "No role binds the system user: this refusal comes from the app's registration, or the function"
        " belongs to a person's own account."
    ),
    _("Look at what the app is registered for, or connect as a user."),
    DEVELOPER,
)
FIELDS_MISSING = Words(
    _("SuperOffice asks for fields that Sales Desk leaves empty: %(fields)s."),
    _("Make these fields optional for this kind of record, or have Sales Desk fill them."),
    SUPEROFFICE_ADMINISTRATOR,
)
NO_ACCESS = _("SuperOffice does not let us in.")
DIFFERS = Words(
    _("What came back is not what was uploaded (%(length)s instead of %(expected)s bytes)."),
    _("Show this to the developers of Sales Desk before mails are filed."),
    OUR_ADMINISTRATOR,
)
NULL = Words(
    _("SuperOffice answered with nothing (null), which is neither yes nor no."),
    _("Check again later; if it stays, give SuperOffice's support the operation id of the evidence."),
    OUR_ADMINISTRATOR,
)
NO_ROWS = Words(
    _("SuperOffice showed none: there are none, or this user may see none, which it does not tell."),
    _("Look in SuperOffice as this user; if there are some, widen the data rights of its role."),
    SUPEROFFICE_ADMINISTRATOR,
)
LEFT_RECORDS = _("The trial's record could not be removed. Delete it in SuperOffice: %(names)s.")
LEFT_PERHAPS = _(
    "The trial's record may still be there. Look in SuperOffice for %(leftover_key)s and delete it."
)

# --- Evidence -----------------------------------------------------------------------------------------

ASKED, HTTP_STATUS, ERROR_TYPE = _("Asked"), _("HTTP status"), _("Error type")
SAID, YES, NO = _("SuperOffice said"), _("yes"), _("no")
SHOWN_FACTS: dict[str, Text] = {
    "state": _("State"),
    "version": _("Version"),
    "route_count": _("Routes"),
    "login": _("User"),
    "kind": _("Kind of user"),
    "role_type": _("Kind of role"),
    "licences": _("Licences"),
    "function_rights": _("Functional rights"),
    "table": _("Table"),
    "mask": _("Rights listed"),
    "row_count": _("Rows seen"),
    "template": _("Template"),
    "names": _("Archives"),
    "fields": _("Fields"),
    "connections": _("Quote connection"),
    "route": _("Route listed"),
    "licence": _("Licence"),
    "right": _("Functional right"),
    "account": _("Mail account"),
    "length": _("Bytes"),
    "operation_id": _("Operation id"),
}
