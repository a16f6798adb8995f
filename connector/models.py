"""What is outside: one tenant, mail servers, and who works with them."""

from typing import Self

from django.contrib.auth.models import User
from django.core.validators import URLValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from connector.fields import EncryptedTextField


class Origin(models.TextChoices):
    """Who keeps a row's values: the environment's win over the administrator's, those over the demo's."""

    ENVIRONMENT = "environment", _("environment variables")
    ADMIN = "admin", _("administrator")
    DEMO = "demo", _("demo")


class Reachable(models.Model):
    """The last trouble with something outside; empty `problem_code` means none.

    `problem_code` names two sentences in `problems.py`; `problem_detail` holds the other side's words,
    redacted.
    """

    problem_code = models.CharField(_("problem"), max_length=40, blank=True, editable=False)
    problem_detail = models.TextField(_("what the other side said"), blank=True, editable=False)
    problem_at = models.DateTimeField(_("problem since"), null=True, editable=False)
    worked_at = models.DateTimeField(_("last worked"), null=True, editable=False)

    class Meta:
        abstract = True


class ConnectionQuerySet(models.QuerySet["Connection"]):
    def in_order_of_precedence(self) -> Self:
        """Active rows, the one to use first: environment, then administrator, then demo; newest first."""
        rank = models.Case(
            models.When(origin=Origin.ENVIRONMENT, then=0),
            models.When(origin=Origin.ADMIN, then=1),
            default=2,
        )
        return self.filter(is_active=True).order_by(rank, "-pk")


class Connection(Reachable):
    """How we reach one tenant."""

    class Environment(models.TextChoices):
        SOD = "sod", _("development (sod)")
        STAGE = "stage", _("stage (qaonline)")
        ONLINE = "online", _("production (online)")

    name = models.CharField(_("name"), max_length=100)
    origin = models.CharField(
        _("kept by"), max_length=12, choices=Origin, default=Origin.ADMIN, editable=False
    )
    is_active = models.BooleanField(_("in use"), default=True)
    environment = models.CharField(
        _("environment"), max_length=8, choices=Environment, default=Environment.ONLINE
    )
    login_url = models.CharField(
        _("login address"),
        max_length=200,
        validators=[URLValidator(schemes=["https", "http"])],
        blank=True,
        help_text=_("Only for installations of your own; empty for SuperOffice Online."),
    )
    context_identifier = models.CharField(_("tenant"), max_length=40, help_text=_("Like Cust12345."))
    client_id = models.CharField(_("client id"), max_length=100)
    client_secret = EncryptedTextField(_("client secret"))
    refresh_token = EncryptedTextField(_("refresh token"))
    redirect_uri = models.CharField(
        _("redirect address"),
        max_length=200,
        validators=[URLValidator(schemes=["https", "http"])],
        help_text=_("Exactly as registered for the app."),
    )
    access_token = EncryptedTextField(editable=False, blank=True, default="")
    access_token_expires_at = models.DateTimeField(null=True, editable=False)

    objects = ConnectionQuerySet.as_manager()

    class Meta:
        verbose_name = _("connection")
        verbose_name_plural = _("connections")
        constraints = [
            models.UniqueConstraint(
                fields=["origin"],
                condition=~Q(origin=Origin.ADMIN),
                name="one_connection_per_automatic_origin",
            ),
            models.CheckConstraint(condition=Q(origin__in=Origin.values), name="connection_origin_known"),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.context_identifier})"

    @property
    def is_demo(self) -> bool:
        return self.origin == Origin.DEMO


class Mailbox(Reachable):
    """One sending account on a mail server."""

    class Security(models.TextChoices):
        STARTTLS = "starttls", _("STARTTLS")
        TLS = "tls", _("TLS from the start")
        NONE = "none", _("unencrypted (only on this machine)")

    name = models.CharField(_("name"), max_length=100)
    origin = models.CharField(
        _("kept by"), max_length=12, choices=Origin, default=Origin.ADMIN, editable=False
    )
    is_active = models.BooleanField(_("in use"), default=True)
    is_shared = models.BooleanField(
        _("shared"),
        default=False,
        help_text=_("Everybody without a mailbox of their own writes from here."),
    )
    is_paused = models.BooleanField(_("paused"), default=False, help_text=_("Mails wait; nothing is lost."))
    host = models.CharField(_("host"), max_length=253)
    port = models.PositiveIntegerField(_("port"), default=587)
    security = models.CharField(_("security"), max_length=8, choices=Security, default=Security.STARTTLS)
    username = models.CharField(_("user"), max_length=254, blank=True)
    password = EncryptedTextField(_("password"), blank=True, default="")
    from_address = models.EmailField(_("sender address"))
    from_name = models.CharField(_("sender name"), max_length=100, blank=True)

    class Meta:
        verbose_name = _("mailbox")
        verbose_name_plural = _("mailboxes")
        constraints = [
            models.UniqueConstraint(
                fields=["origin", "from_address"],
                condition=~Q(origin=Origin.ADMIN),
                name="one_mailbox_per_automatic_sender",
            ),
            models.CheckConstraint(condition=Q(origin__in=Origin.values), name="mailbox_origin_known"),
        ]

    def __str__(self) -> str:
        return f"{self.name} <{self.from_address}>"

    @property
    def is_demo(self) -> bool:
        return self.origin == Origin.DEMO


class Representative(models.Model):
    """A dashboard user who is an associate in SuperOffice and writes from a mailbox."""

    user = models.OneToOneField(User, on_delete=models.CASCADE, verbose_name=_("user"))
    associate_id = models.PositiveIntegerField(_("associate id in SuperOffice"), unique=True)
    mailbox = models.ForeignKey(
        Mailbox,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        verbose_name=_("mailbox"),
        help_text=_("Empty: the shared mailbox, with replies to the user's own address."),
    )
    signature = models.TextField(_("signature"), blank=True)

    class Meta:
        verbose_name = _("representative")
        verbose_name_plural = _("representatives")

    def __str__(self) -> str:
        return self.user.get_full_name() or self.user.get_username()


class DemoLogin(models.Model):
    """Marks a user whose password is published. Not in the admin: who edits users cannot take it off."""

    user = models.OneToOneField(User, on_delete=models.CASCADE, related_name="demologin")

    def __str__(self) -> str:
        return self.user.get_username()


class Heartbeat(models.Model):
    """The last sign of life of one worker cluster, written by what runs inside it."""

    cluster = models.CharField(max_length=40, primary_key=True)
    beat_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.cluster}: {self.beat_at:%H:%M:%S}"
