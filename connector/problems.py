"""What went wrong outside, in two sentences each: one for salespeople, one for administrators.

Rows store only a problem's code and the other side's words, so that a page speaks its reader's language.
The sentence for salespeople says what happened, what it means for them and what to do; the one for
administrators says where to look and what to change.
"""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from connector.smtp.errors import SmtpError


@dataclass(frozen=True, slots=True)
class Problem:
    for_salespeople: Promise | str
    for_administrators: Promise | str


@dataclass(frozen=True, slots=True)
class Trouble:
    """A problem that happened: its code and what the other side said."""

    code: str
    detail: str = ""

    @property
    def problem(self) -> Problem:
        return problem_of(self.code)


def problem_code(error: Exception) -> str:
    """The code of a SuperOfficeError, SmtpError or NotConfigured; "unexpected" for anything else."""
    code = str(getattr(error, "code", ""))
    if isinstance(error, SmtpError):
        code = (
            "smtp_configuration"
            if error.classification == "configuration" and code != "login_refused"
            else f"smtp_{code}"
        )
    return code if code in PROBLEMS else "unexpected"


def problem_of(code: str) -> Problem:
    return PROBLEMS.get(code, PROBLEMS["unexpected"])


_ADMINISTRATOR_KNOWS = _("An administrator has to act; the reason is on the connection page.")
_SO_DOWN = _("SuperOffice cannot be reached. Nothing is lost; we try again by ourselves.")
_SO_ODD = _("SuperOffice gave an answer we cannot use. Nothing is lost; we try again by ourselves.")
_MAIL_DOWN = _("The mail server cannot be reached. Your mails wait and leave when it is back.")
_MAIL_CONFIG = _("The mailbox is not set up correctly. Your mails wait; an administrator has to act.")

PROBLEMS: dict[str, Problem] = {
    "unexpected": Problem(
        _("Something unexpected happened. Nothing is lost; please tell an administrator the reference."),
        _("An unexpected error. The log has the details under the reference."),
    ),
    # --- SuperOffice ---
    "no_connection": Problem(
        _("No SuperOffice tenant is set up yet. An administrator has to do that."),
        _("Set the SO_… variables, or add a connection in the administration."),
    ),
    "not_signed_in": Problem(
        _("Nobody has signed in at SuperOffice for Sales Desk yet. An administrator has to do that."),
        _("Open “Connection” and choose “Sign in with SuperOffice”, or enter a refresh token."),
    ),
    "no_system_user_token": Problem(
        _("Nobody has signed in at SuperOffice for Sales Desk yet. An administrator has to do that."),
        _(
            "The system user's token is missing. A SuperOffice administrator gets it by “Sign in with SuperOffice” on the page “Connection”, or it is entered by hand."
        ),
    ),
    "onsite_not_allowed": Problem(
        _ADMINISTRATOR_KNOWS,
        _(
            "This address of an installation of your own is not in SO_ONSITE_HOSTS. The operator has to add its host name there, with the port unless that is 443."
        ),
    ),
    "invalid_login": Problem(
        _("SuperOffice does not let us in. Nothing is lost. An administrator has to act."),
        _("User name or password of the connection is wrong, or the user is locked."),
    ),
    "invalid_key": Problem(
        _ADMINISTRATOR_KNOWS,
        _(
            "The private key of the app cannot be read. Enter it again: PEM or RSAXML, as the Developer Portal gave it."
        ),
    ),
    "clock_skew": Problem(
        _ADMINISTRATOR_KNOWS,
        _(
            "This server's clock differs from SuperOffice's by minutes, so that signatures are refused. Switch on time synchronisation (NTP)."
        ),
    ),
    "sign_in_refused": Problem(
        _("The sign-in at SuperOffice could not be used. Please begin again."),
        _(
            "SuperOffice's answer to the sign-in did not fit this session, user or connection. Nothing was changed."
        ),
    ),
    "declined": Problem(
        _("You declined at SuperOffice, so nothing was changed. Begin again when you want to sign in."),
        _("The sign-in was declined on SuperOffice's page. Nothing was changed; it can be begun again."),
    ),
    "unreachable": Problem(
        _SO_DOWN,
        _("No answer from SuperOffice: check network, DNS and proxy of this server, and the login address."),
    ),
    "unsafe_address": Problem(
        _ADMINISTRATOR_KNOWS,
        _(
            "The login or tenant address is not https. Correct SO_LOGIN_URL or the connection's login address."
        ),
    ),
    "tenant_not_running": Problem(
        _("SuperOffice is under maintenance. Nothing is lost; we go on when it is back."),
        _(
            "The tenant's state endpoint says that it is not running. Usually this takes minutes; nothing to change here."
        ),
    ),
    "sign_in_failed": Problem(
        _("SuperOffice does not let us in. Nothing is lost. An administrator has to act."),
        _("The login host gave no token. Read what it said below."),
    ),
    "needs_consent": Problem(
        _("SuperOffice no longer accepts our sign-in. Nothing is lost. An administrator has to renew it."),
        _(
            "The refresh token was revoked or has expired. Open “Connection” and choose “Sign in with SuperOffice”; a token from the environment is changed there."
        ),
    ),
    "invalid_client": Problem(
        _(
            "SuperOffice does not know this installation. Nothing is lost. An administrator has to correct the set-up."
        ),
        _(
            "Client id or client secret is wrong for this environment. Each environment (sod, stage, online) has its own pair."
        ),
    ),
    "invalid_identity": Problem(
        _ADMINISTRATOR_KNOWS,
        _(
            "The identity token could not be verified: check this server's clock and that client id and login address belong together."
        ),
    ),
    "wrong_tenant": Problem(
        _(
            "The sign-in belongs to another SuperOffice tenant. Nothing was read. An administrator has to correct it."
        ),
        _("The refresh token was issued for another tenant than the one configured. Both names are below."),
    ),
    "unauthorized": Problem(
        _("SuperOffice does not let us in. Nothing is lost. An administrator has to act."),
        _(
            "SuperOffice did not accept the access token. Usually a fresh one helps by itself; if this stays, check that the app is still approved for the tenant."
        ),
    ),
    "forbidden": Problem(
        _("SuperOffice does not allow this for our user. An administrator has to look at the rights."),
        _("The user behind the refresh token lacks a right for this call. Change its role in SuperOffice."),
    ),
    "not_found": Problem(
        _("The record is not in SuperOffice any more, or our user may not see it."),
        _(
            "SuperOffice answered “not found”. The record was deleted, or the user behind the token cannot see it."
        ),
    ),
    "bad_request": Problem(
        _SO_ODD, _("SuperOffice refused the request as malformed. Report what it said to the developers.")
    ),
    "rate_limited": Problem(
        _("SuperOffice asks us to slow down. Nothing is lost; we go on by ourselves."),
        _("SuperOffice limits our calls (429). If this stays, reduce schedules."),
    ),
    "busy": Problem(
        _("Much is being asked of SuperOffice right now. Nothing was changed. Please try again in a minute."),
        _(
            "A page waited ten seconds in vain for its turn: for a sign-in that another process renews, or behind our own limit of calls a second (SO_CALLS_PER_SECOND). Jobs wait longer."
        ),
    ),
    "settings_changed": Problem(
        _("The connection was changed meanwhile; it goes on by itself with the new settings."),
        _(
            "The connection's settings or its sign-in were changed while this was running. What was still open with the old values ended; nothing to do."
        ),
    ),
    "wrong_host": Problem(
        _SO_DOWN,
        _(
            "The tenant has moved to another host and the state endpoint does not say where yet. Nothing to change here: we look again by ourselves. If it lasts more than an hour, ask SuperOffice's support."
        ),
    ),
    "server_error": Problem(
        _SO_DOWN,
        _(
            "SuperOffice reported an error of its own (5xx). Reads are repeated by themselves; if the same call keeps failing, quote its operation id to SuperOffice's support."
        ),
    ),
    "unexpected_answer": Problem(
        _SO_ODD,
        _(
            "SuperOffice answered with something that is no JSON of the expected shape, for example an HTML page. Often a proxy or maintenance page stands in between."
        ),
    ),
    "bad_record": Problem(
        _("A record in SuperOffice cannot be read. The result is incomplete. Please tell an administrator."),
        _("One record has a value we cannot read; the column and the record are named below."),
    ),
    "no_mail_template": Problem(
        _("The mail was sent but cannot be filed: SuperOffice has no document template for outgoing mail."),
        _("Add a document template of type e-mail, direction outgoing, in SuperOffice's settings."),
    ),
    "keeps_stopping": Problem(
        _("The report stopped several times before it was done. Please tell an administrator."),
        _(
            "The worker died several times while this run was at the same place. Look at memory and at the log."
        ),
    ),
    "reading_keeps_stopping": Problem(
        _(
            "Reading the sales stopped several times at the same place. What was read is kept; please tell an administrator."
        ),
        _(
            "The worker died several times while it was reading at the same place. Look at memory and at the log; the next reading goes on from there."
        ),
    ),
    "reading_cancelled": Problem(
        _("Somebody stopped the reading of SuperOffice, so the newest changes are missing here."),
        _(
            "The reading that this stands on was cancelled. The next one goes on from there; run the report again."
        ),
    ),
    "sales_vanished": Problem(
        _(
            "SuperOffice showed far fewer sales than before, so none was taken away: some of those here may be gone. An administrator has to look at it."
        ),
        _(
            "More than a fifth of the sales were not shown. Usually the user behind the connection lost rights: compare them on “What Sales Desk may do in SuperOffice”. If the sales were really deleted, run: python manage.py sync_sales --full --accept-removals"
        ),
    ),
    # --- Mail server ---
    "no_mailbox": Problem(
        _("There is no mailbox to send from. An administrator has to set one up."),
        _("Set the SMTP_… variables, or add a mailbox in the administration."),
    ),
    "smtp_unreachable": Problem(
        _MAIL_DOWN, _("No connection to the mail server: check host, port and firewall.")
    ),
    "smtp_timeout": Problem(_MAIL_DOWN, _("The mail server did not answer in time.")),
    "smtp_connection_lost": Problem(_MAIL_DOWN, _("The mail server closed the connection.")),
    "smtp_garbled_reply": Problem(_MAIL_CONFIG, _("What answers at this host and port is no mail server.")),
    "smtp_greeting_refused": Problem(
        _MAIL_DOWN, _("The mail server turned us away at the greeting. Its words are below.")
    ),
    "smtp_tls_failed": Problem(
        _MAIL_CONFIG,
        _("The mail server's certificate is not trusted or TLS failed. Nothing was sent unencrypted."),
    ),
    "smtp_starttls_missing": Problem(
        _MAIL_CONFIG,
        _("The mail server offers no STARTTLS. Choose the right port, or TLS from the start (465)."),
    ),
    "smtp_login_refused": Problem(
        _("The mail server does not accept our sign-in. Your mails wait; an administrator has to act."),
        _(
            "User or password is refused, or SMTP sign-in is switched off for this mailbox. Correct it, then resume the mailbox."
        ),
    ),
    "smtp_configuration": Problem(
        _MAIL_CONFIG,
        _(
            "The mail server refuses this sender or set-up. The mailbox pauses, because repeating makes it worse. Correct it, then resume the mailbox."
        ),
    ),
    "smtp_deferred": Problem(
        _("The mail server asked us to try again later. We do so by ourselves."),
        _("A temporary refusal (4xx). The server's words are below."),
    ),
    "smtp_address": Problem(
        _(
            "The mail server does not know this address. The mail was not sent. Correct the address in SuperOffice."
        ),
        _("The address was refused (5xx). The server's words are below."),
    ),
    "smtp_rejected": Problem(
        _("The mail server refused this mail. It was not sent. Read what it said, or tell an administrator."),
        _("The message was refused for good (5xx). The server's words are below."),
    ),
    "smtp_expired": Problem(
        _(
            "The mail could not be sent for a day. It was not sent; decide whether it is still right and send it again."
        ),
        _("Every attempt within 24 hours was deferred. The last words of the server are below."),
    ),
    "smtp_uncertain": Problem(
        _(
            "The mail server did not confirm whether it took the mail. We do not send it again by ourselves: after 15 minutes please decide."
        ),
        _(
            "The answer to the final dot is missing. Look into the mailbox's “Sent” folder or the server's log for the Message-ID."
        ),
    ),
}
