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


class TokenHolder(models.Model):
    """One sign-in at SuperOffice: what it was granted, the token made from it, and who renews that right now.

    `renewal_by` is the random name of the client that renews, until `renewal_until`; `refusal` is what the
    last renewal failed with: {"code", "known", "at" (ISO 8601)}, for those who waited for it. `settings_version`
    rises with each change of what signing in is made of, so that who still works with the old values is found out.
    """

    refresh_token = EncryptedTextField(_("refresh token"), blank=True, default="")
    access_token = EncryptedTextField(editable=False, blank=True, default="")
    access_token_expires_at = models.DateTimeField(null=True, editable=False)
    renewal_by = models.CharField(max_length=32, blank=True, editable=False)
    renewal_until = models.DateTimeField(null=True, editable=False)
    refusal = models.JSONField(null=True, editable=False)
    settings_version = models.PositiveIntegerField(default=0, editable=False)

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


class Connection(TokenHolder, Reachable):
    """How we reach one tenant, and how we sign in there."""

    class Environment(models.TextChoices):
        SOD = "sod", _("development (sod)")
        STAGE = "stage", _("stage (qaonline)")
        ONLINE = "online", _("production (online)")
        ONSITE = "onsite", _("installation of your own")

    class WayIn(models.TextChoices):
        REFRESH_TOKEN = "refresh_token", _("as a user: sign in with SuperOffice, or a refresh token")
        SYSTEM_USER = "system_user", _("as the system user of the app")
        PASSWORD = "password", _("with user name and password (installation of your own)")

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
    )
    base_url = models.CharField(
        _("address of the installation"),
        max_length=200,
        blank=True,
        help_text=_("Only for an installation of your own, like https://crm.company.example/SuperOffice."),
    )
    way_in = models.CharField(_("sign-in"), max_length=16, choices=WayIn, default=WayIn.REFRESH_TOKEN)
    context_identifier = models.CharField(_("tenant"), max_length=40, help_text=_("Like Cust12345."))
    client_id = models.CharField(_("client id"), max_length=100, blank=True)
    client_secret = EncryptedTextField(_("client secret"), blank=True, default="")
    redirect_uri = models.CharField(
        _("redirect address"),
        max_length=200,
        validators=[URLValidator(schemes=["https", "http"])],
        blank=True,
        help_text=_("Exactly as registered for the app."),
    )
    system_user_token = EncryptedTextField(_("system user token"), blank=True, default="")
    private_key = EncryptedTextField(_("private key"), blank=True, default="")
    username = models.CharField(_("user"), max_length=254, blank=True)
    password = EncryptedTextField(_("password"), blank=True, default="")
    # Which SO_REFRESH_TOKEN the environment named last, as a keyed hash: SuperOffice may hand out another since.
    environment_mark = models.CharField(max_length=64, blank=True, default="", editable=False)
    # The tenant's state as its login host told it (TenantState as text), for all processes together.
    tenant_state = models.JSONField(null=True, editable=False)
    acts_as = models.CharField(_("acts as"), max_length=200, blank=True, editable=False)
    probe_started_at = models.DateTimeField(null=True, editable=False)
    probed_at = models.DateTimeField(_("rights checked"), null=True, editable=False)

    # What makes two rows two tenants: what was read through one row never belongs to another.
    TENANT_COLUMNS = ("environment", "context_identifier")

    objects = ConnectionQuerySet.as_manager()

    class Meta:
        verbose_name = _("connection")
        verbose_name_plural = _("connections")
        constraints = [
            models.UniqueConstraint(
                fields=["origin"],
                condition=~Q(origin=Origin.ADMIN) & Q(is_active=True),
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


class PersonalSignIn(TokenHolder, Reachable):
    """A representative's own sign-in at SuperOffice: what they file is theirs there too."""

    user = models.ForeignKey(
        User, on_delete=models.CASCADE, related_name="superoffice_sign_ins", verbose_name=_("user")
    )
    connection = models.ForeignKey(
        Connection, on_delete=models.CASCADE, related_name="personal_sign_ins", verbose_name=_("connection")
    )
    associate_id = models.PositiveIntegerField(_("associate id in SuperOffice"))
    email = models.CharField(_("signed in as"), max_length=254, blank=True)
    signed_in_at = models.DateTimeField(_("signed in at"))

    class Meta:
        verbose_name = _("personal sign-in")
        verbose_name_plural = _("personal sign-ins")
        constraints = [
            models.UniqueConstraint(fields=["user", "connection"], name="one_personal_sign_in_per_connection")
        ]

    def __str__(self) -> str:
        return f"{self.user}: {self.email}"


class Capability(models.Model):
    """What the credential of a connection may do, as last found out, and what it could do before."""

    class Status(models.TextChoices):
        WORKS = "works", _("works")
        MISSING_RIGHT = "missing_right", _("right is missing")
        RESTRICTED = "restricted", _("not granted to the app")
        NO_LICENCE = "no_licence", _("not in the licence")
        NOT_IN_API = "not_in_api", _("not in SuperOffice's interface")
        DOWN = "down", _("cannot be reached")
        NOT_CONFIGURED = "not_configured", _("not set up")
        UNKNOWN = "unknown", _("not known")

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="capabilities")
    feature = models.CharField(max_length=40)
    status = models.CharField(max_length=16, choices=Status)
    previous_status = models.CharField(max_length=16, choices=Status, blank=True)
    http_status = models.PositiveSmallIntegerField(null=True)
    error_type = models.CharField(max_length=100, blank=True)
    words = models.TextField(blank=True)  # SuperOffice's own, redacted
    facts = models.JSONField(default=dict)  # what the sentences name: counts, names, versions
    checked_at = models.DateTimeField()
    changed_at = models.DateTimeField(null=True)  # when the status became another one; null: it never did

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["connection", "feature"], name="one_finding_per_feature")
        ]

    def __str__(self) -> str:
        return f"{self.feature}: {self.status}"


class ApiCallQuerySet(models.QuerySet["ApiCall"]):
    def failed(self) -> Self:
        return self.exclude(outcome="ok")


class ApiCall(models.Model):
    """One exchange with SuperOffice. `operation` is the path without values, `asked` the shape of the query;
    `outcome` is "ok" or the code of a SuperOfficeError, `detail` SuperOffice's words, redacted.
    """

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="calls")
    environment = models.CharField(max_length=8)
    at = models.DateTimeField(db_index=True)
    method = models.CharField(max_length=8)
    operation = models.CharField(max_length=200)
    asked = models.TextField(blank=True)
    status = models.PositiveSmallIntegerField(null=True)
    outcome = models.CharField(max_length=40)
    error_type = models.CharField(max_length=100, blank=True)
    detail = models.TextField(blank=True)
    milliseconds = models.PositiveIntegerField()
    byte_count = models.PositiveBigIntegerField(default=0)
    attempt = models.PositiveSmallIntegerField(default=1)
    operation_id = models.CharField(max_length=100, blank=True)  # SuperOffice's, to quote to its support
    job = models.CharField(max_length=60, blank=True, db_index=True)  # our request or job
    user = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")

    objects = ApiCallQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["connection", "at"], name="calls_of_a_connection"),
            models.Index(fields=["at"], name="failed_calls", condition=~Q(outcome="ok")),
        ]

    def __str__(self) -> str:
        return f"{self.method} {self.operation}: {self.outcome}"


class CallPace(models.Model):
    """When the last calls to one tenant were allowed to start, over all processes together.

    `starts` holds seconds since 1970, oldest first, as many as are allowed a second; `version` changes with
    each reservation, so that of two processes that read the same row one has to look again.
    """

    tenant = models.CharField(max_length=300, primary_key=True)  # host and context identifier
    starts = models.JSONField(default=list)
    version = models.PositiveBigIntegerField(default=0)

    def __str__(self) -> str:
        return self.tenant


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
