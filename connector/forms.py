"""The forms of connections and mailboxes, for administrators who are no programmers."""

from typing import Any
from urllib.parse import urlsplit

from django import forms
from django.conf import settings
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from connector.hosts import is_host, is_listed, is_off_limits
from connector.models import Connection, Mailbox
from connector.secrets_form import SecretsForm
from connector.superoffice.errors import SuperOfficeError, UnsafeAddress
from connector.superoffice.private_key import check_private_key
from connector.superoffice.tenant import safe_address

WayIn, Environment = Connection.WayIn, Connection.Environment

# What each way to sign in cannot do without; a refresh token or a system user token may come later.
NEEDED: dict[str, tuple[str, ...]] = {
    WayIn.REFRESH_TOKEN: ("client_id", "client_secret", "redirect_uri"),
    WayIn.SYSTEM_USER: ("client_id", "client_secret", "redirect_uri", "private_key"),
    WayIn.PASSWORD: ("base_url", "username", "password"),
}
USED: dict[str, tuple[str, ...]] = {
    WayIn.REFRESH_TOKEN: ("client_secret", "refresh_token"),
    WayIn.SYSTEM_USER: ("client_secret", "system_user_token", "private_key"),
    WayIn.PASSWORD: ("password",),
}


class ConnectionForm(SecretsForm):
    """`kept_out_of_use` says why this connection must not be the one in use yet; empty: it may."""

    kept_out_of_use = ""
    secrets = ("client_secret", "refresh_token", "system_user_token", "private_key", "password")
    long_secrets = ("private_key",)
    given_by_sign_in = ("refresh_token", "system_user_token")
    destination = (
        "environment",
        "login_url",
        "context_identifier",
        "client_id",
        "way_in",
        "base_url",
        "username",
    )
    matters_to_sign_in = ("redirect_uri",)

    class Meta:
        model = Connection
        fields = [
            "name",
            "is_active",
            "environment",
            "context_identifier",
            "client_id",
            "client_secret",
            "redirect_uri",
            "way_in",
            "refresh_token",
            "system_user_token",
            "private_key",
            "base_url",
            "username",
            "password",
        ]
        labels = {"way_in": _("Way to sign in")}
        help_texts = {
            "name": _("How Sales Desk calls this connection. Any words you like."),
            "is_active": _(
                "Only one connection is used at a time: the newest one in use, unless environment "
                "variables name another."
            ),
            "environment": _("Production, unless SuperOffice gave you a tenant for development or tests."),
            "context_identifier": _(
                "The name of your tenant, like Cust12345. It stands in the address of SuperOffice after "
                "you have signed in there."
            ),
            "client_id": _(
                "The application id that SuperOffice gave for this app. Each environment has its own."
            ),
            "client_secret": _("Shown once by SuperOffice's Developer Portal, beside the client id."),
            "way_in": _(
                "As a user: Sales Desk sees and may do what that user may. As the system user: no user's "
                "rights limit it, and the app has to be registered for it."
            ),
            "refresh_token": _(
                "May stay empty: save, open the connection page and choose “Sign in with SuperOffice”."
            ),
            "system_user_token": _(
                "Only for the system user. May stay empty: save, then a SuperOffice administrator chooses "
                "“Sign in with SuperOffice” on the connection page."
            ),
            "private_key": _(
                "Only for the system user: the key whose public half is registered for the app, from "
                "“-----BEGIN” to “-----END”, or as RSAXML."
            ),
            "base_url": _(
                "Where SuperOffice is installed, like https://crm.company.example/SuperOffice. The "
                "operator of this server lists the allowed hosts in SO_ONSITE_HOSTS, with the port unless "
                "it is 443."
            ),
            "username": _("A SuperOffice user of its own for Sales Desk is best: its rights apply."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "environment" in self.fields and not settings.SUPEROFFICE_ONSITE_HOSTS:
            self._do_not_offer(Environment.ONSITE, at="environment")
            self._do_not_offer(WayIn.PASSWORD, at="way_in")
        if "context_identifier" in self.fields:
            self.fields["context_identifier"].required = False  # see _check_tenant

    def _do_not_offer(self, value: str, *, at: str) -> None:
        field: Any = self.fields[at]
        field.choices = [choice for choice in field.choices if choice[0] != value]

    def uses(self, name: str) -> bool:
        return name in USED.get(self.cleaned_data.get("way_in", ""), self.secrets)

    def not_used(self) -> str:
        return gettext("The chosen way to sign in does not use this. Leave it empty, or choose another way.")

    def clean_is_active(self) -> bool:
        is_active: bool = self.cleaned_data["is_active"]
        if is_active and self.kept_out_of_use:
            raise forms.ValidationError(self.kept_out_of_use)
        return is_active

    def clean_redirect_uri(self) -> str:
        address: str = self.cleaned_data["redirect_uri"]
        _checked(
            address.partition("?")[0],
            gettext("SuperOffice sends a secret code there: it must begin with https://."),
        )
        return address  # exactly as registered, to the last slash

    def clean_private_key(self) -> str:
        key: str = self.cleaned_data["private_key"].replace("\r\n", "\n")
        if key:
            try:
                check_private_key(key)
            except SuperOfficeError as error:
                raise forms.ValidationError(
                    _(
                        "This private key cannot be read. Copy all of it, the first and last line too. "
                        "It has to be RSA, without a passphrase, and not the certificate."
                    )
                ) from error
        return key

    def clean_base_url(self) -> str:
        address: str = self.cleaned_data["base_url"].strip()
        sent = _checked(address, gettext("This address is told a password: it must begin with https://."))
        if sent and not is_listed(sent, settings.SUPEROFFICE_ONSITE_HOSTS):
            raise forms.ValidationError(
                _(
                    "This host is not allowed. The operator of this server adds it to SO_ONSITE_HOSTS, with "
                    "the port unless it is 443."
                )
            )
        return sent

    def clean(self) -> dict[str, Any]:
        # An address for signing in belongs to rows of the environment and the demo; this one uses SuperOffice's.
        self.cleaned_data["login_url"] = ""
        is_onsite = self.cleaned_data.get("environment") == Environment.ONSITE
        if "way_in" in self.cleaned_data and is_onsite != (self.cleaned_data["way_in"] == WayIn.PASSWORD):
            self.add_error("way_in", _wrong_way(is_onsite=is_onsite))
        elif not is_onsite:
            self.cleaned_data |= {"base_url": "", "username": ""}
        self._check_tenant(is_onsite=is_onsite)
        cleaned = super().clean()
        for name in NEEDED.get(cleaned.get("way_in", ""), ()):
            if name in self.fields and not cleaned.get(name) and name not in self.errors:
                self.add_error(name, _("This is needed to sign in."))
        return cleaned

    def _check_tenant(self, *, is_onsite: bool) -> None:
        tenant = self.cleaned_data.get("context_identifier", "")
        if is_onsite and not tenant:
            host = urlsplit(self.cleaned_data.get("base_url", "")).hostname or ""
            self.cleaned_data["context_identifier"] = host[:40] or "onsite"
        elif not is_onsite and not tenant:
            self.add_error("context_identifier", _("The name of your tenant is missing, like Cust12345."))
        elif not is_onsite and not (tenant.isascii() and tenant.isalnum()):
            self.add_error(
                "context_identifier",
                _("A tenant's name has letters and digits only, like Cust12345; no address and no blanks."),
            )
        if self.instance.pk and self._leads_elsewhere() and self.instance.calls.exists():
            self.add_error(
                "context_identifier",
                _(
                    "This connection has worked with %(tenant)s, and what was read belongs to it. Add another "
                    "connection for another tenant, and take this one out of use."
                )
                % {"tenant": self.instance.context_identifier},
            )

    def _leads_elsewhere(self) -> bool:
        """Whether the input names another tenant than the row does."""
        return any(
            name in self.cleaned_data and self.cleaned_data[name] != getattr(self.instance, name)
            for name in (*Connection.TENANT_COLUMNS, "base_url")
        )

    def _post_clean(self) -> None:
        super()._post_clean()
        if not self.errors:
            for name in ("login_url", "base_url", "username"):
                setattr(self.instance, name, self.cleaned_data[name])


def _checked(address: str, sentence: str) -> str:
    """The address as it may be told a secret, or ValidationError with `sentence`; empty stays empty."""
    try:
        return safe_address(address, allow_loopback=True) if address else ""
    except UnsafeAddress as error:
        raise forms.ValidationError(sentence) from error


def _wrong_way(*, is_onsite: bool) -> str:
    if is_onsite:
        return gettext("An installation of your own is signed in to with a user name and a password.")
    return gettext("SuperOffice Online takes no user name and password. Choose another way to sign in.")


class MailboxForm(SecretsForm):
    """`leads_off_limits` is found out before: asking name servers does not belong into a transaction."""

    secrets = ("password",)
    destination = ("host", "port", "security", "username")
    leads_off_limits = False

    class Meta:
        model = Mailbox
        fields = [
            "name",
            "from_address",
            "from_name",
            "host",
            "port",
            "security",
            "username",
            "password",
            "is_active",
            "is_shared",
            "is_paused",
        ]
        help_texts = {
            "name": _("How Sales Desk calls this mailbox. Any words you like."),
            "from_address": _("Recipients see this address and answer to it."),
            "from_name": _("Stands before the address, like Jonas Weber or Sales. May stay empty."),
            "host": _(
                "The name of the server for outgoing mail (SMTP), like smtp.company.example. A server on "
                "this very machine is set up by its operator, with the SMTP_… variables."
            ),
            "port": _("Usually 587 with STARTTLS and 465 with TLS from the start."),
            "security": _("What is sent and the password are encrypted either way."),
            "username": _("Often the e-mail address. Empty for a server that knows us without signing in."),
            "password": _("Many providers want an app password here, not the one for reading mail."),
            "is_active": _(
                "Switched off, nothing leaves from here. Who wrote from it then writes from the shared mailbox."
            ),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "security" in self.fields:  # unencrypted is for this machine only, and that is not for this form
            encrypted = [choice for choice in Mailbox.Security.choices if choice[0] != Mailbox.Security.NONE]
            self.fields["security"] = forms.ChoiceField(
                label=self.fields["security"].label,
                help_text=self.fields["security"].help_text,
                choices=encrypted,
                initial=Mailbox.Security.STARTTLS,
            )

    def uses(self, name: str) -> bool:
        return bool(self.cleaned_data.get("username"))  # a server without sign-in is told no password

    def not_used(self) -> str:
        return gettext("A user name and a password go together.")

    def clean_host(self) -> str:
        host: str = self.cleaned_data["host"].rstrip(".")
        if not is_host(host):
            raise forms.ValidationError(
                _(
                    "Only the name of the server, like smtp.company.example, without port and without "
                    "“smtp://”."
                )
            )
        if is_off_limits(host) or self.leads_off_limits:
            raise forms.ValidationError(
                _(
                    "This leads to the machine that Sales Desk runs on, or to an address that only "
                    "machines use among themselves. Such a mail server is set up by the operator, with the "
                    "SMTP_… variables."
                )
            )
        return host

    def clean_port(self) -> int:
        port: int = self.cleaned_data["port"]
        if not 1 <= port <= 65535:
            raise forms.ValidationError(_("A port is a number from 1 to 65535."))
        return port

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if cleaned.get("username") and not cleaned.get("password") and "password" not in self.errors:
            self.add_error("password", _("A user name and a password go together."))
        return cleaned
