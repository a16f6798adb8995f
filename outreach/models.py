"""May we send this, did it go, where is it filed."""

from datetime import datetime
from typing import Self

from django.conf import settings
from django.contrib.auth.models import User
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from connector import roles
from connector.models import Connection, Mailbox, Reachable, Representative
from reports.models import Sale


class MailTemplate(models.Model):
    """What a generated mail says. Each change makes a new `version`; a draft remembers which it came from."""

    class LegalBasis(models.TextChoices):
        INQUIRY = "inquiry", _("answer to an enquiry")
        CONTRACT = "contract", _("performance of a contract")
        CUSTOMER = "existing_customer", _("existing customer, own similar goods (§ 7(3) UWG)")
        CONSENT = "consent", _("consent")

    name = models.CharField(_("name"), max_length=100, unique=True)
    language = models.CharField(_("language"), max_length=2, choices=settings.LANGUAGES, default="de")
    legal_basis = models.CharField(_("legal basis"), max_length=20, choices=LegalBasis)
    subject = models.CharField(_("subject"), max_length=200)
    body = models.TextField(
        _("text"),
        help_text=_(
            "Placeholders: {{ person.name }}, {{ company.name }}, {{ sale.heading }}, {{ sale.amount }}, "
            "{{ sale.date }}, {{ products }}, {{ representative.name }}. A missing value blocks the draft."
        ),
    )
    version = models.PositiveIntegerField(default=1, editable=False)
    is_active = models.BooleanField(_("in use"), default=True)

    class Meta:
        verbose_name = _("mail template")
        verbose_name_plural = _("mail templates")

    def __str__(self) -> str:
        return self.name


class DraftQuerySet(models.QuerySet["Draft"]):
    def visible_to(self, user: User) -> Self:
        """Approvers see all drafts, representatives their own, everybody else none."""
        if roles.is_approver(user):
            return self
        if roles.is_representative(user):
            return self.filter(representative__user=user)
        return self.none()

    def of_tenant(self, connection: Connection | None) -> Self:
        """Drafts about the tenant in use; what an earlier one (the demo, say) left behind stays out of sight."""
        return self.filter(sale__connection=connection)

    def pending(self) -> Self:
        return self.filter(status=Draft.Status.PENDING)

    def oldest_first(self) -> Self:
        return self.order_by("created_at", "pk")

    def for_pages(self) -> Self:
        return self.select_related(
            "sale", "template", "representative__user", "representative__mailbox", "decided_by"
        )


class Draft(models.Model):
    """A generated e-mail that waits for a person. `revision` grows with every change of its text."""

    class Status(models.TextChoices):
        PENDING = "pending", _("Waits for a decision")
        APPROVED = "approved", _("Approved")
        REJECTED = "rejected", _("Rejected")

    sale = models.ForeignKey(Sale, on_delete=models.PROTECT)
    template = models.ForeignKey(MailTemplate, on_delete=models.PROTECT)
    template_version = models.PositiveIntegerField()
    representative = models.ForeignKey(Representative, on_delete=models.PROTECT)
    person_id = models.PositiveBigIntegerField()
    company_id = models.PositiveBigIntegerField()
    to_name = models.CharField(_("recipient"), max_length=255)
    to_address = models.EmailField(_("address"))
    subject = models.CharField(_("subject"), max_length=200)
    body = models.TextField(_("text"))
    generated_subject = models.CharField(max_length=200)
    generated_body = models.TextField()
    facts = models.JSONField()  # [{"object", "id", "field", "value", "read_at"}]: every value the text used
    blocked_reason = models.CharField(max_length=300, blank=True)
    status = models.CharField(max_length=10, choices=Status, default=Status.PENDING)
    revision = models.PositiveIntegerField(default=1)
    period = models.CharField(max_length=10)  # "2026-11": one draft per person, template and month
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    edited_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    edited_at = models.DateTimeField(null=True)
    decided_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    rejected_because = models.CharField(_("reason"), max_length=200, blank=True)

    objects = DraftQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["person_id", "template", "period"],
                condition=~Q(status="rejected"),
                name="one_draft_per_person_purpose_and_period",
            ),
            models.CheckConstraint(
                condition=Q(status__in=["pending", "approved", "rejected"]), name="draft_status_known"
            ),
            models.CheckConstraint(
                condition=Q(status="pending") | Q(decided_at__isnull=False), name="decided_draft_has_its_time"
            ),
        ]
        indexes = [models.Index(fields=["status", "created_at", "id"], name="draft_queue")]

    def __str__(self) -> str:
        return f"{self.to_name}: {self.subject}"

    @property
    def is_edited(self) -> bool:
        return (self.subject, self.body) != (self.generated_subject, self.generated_body)


class MessageQuerySet(models.QuerySet["Message"]):
    def visible_to(self, user: User) -> Self:
        if roles.is_approver(user):
            return self
        if roles.is_representative(user):
            return self.filter(draft__representative__user=user)
        return self.none()

    def of_tenant(self, connection: Connection | None) -> Self:
        return self.filter(draft__sale__connection=connection)

    def live(self) -> Self:
        return self.exclude(status=Message.Status.CANCELLED)

    def due(self, now: datetime) -> Self:
        return self.filter(status=Message.Status.QUEUED, due_at__lte=now)

    def with_problem(self) -> Self:
        """What an administrator should look at: not sent or not filed, with a reason."""
        return self.filter(~Q(problem_code="") | ~Q(archive_problem_code="")).order_by("-pk")

    def to_archive(self, now: datetime) -> Self:
        return self.filter(
            status=Message.Status.SENT, archived_at__isnull=True, archive_due_at__lte=now
        ).filter(Q(archive_lease_until__isnull=True) | Q(archive_lease_until__lt=now))


class Message(Reachable):
    """The frozen bytes and envelope made at approval. The states and their arrows are drawn in `services.py`.

    The `problem` fields tell why it is not sent yet; the `archive` ones the same for the document.
    """

    class Status(models.TextChoices):
        QUEUED = "queued", _("Scheduled")
        SENDING = "sending", _("Being sent")
        COMMITTING = "committing", _("Being handed over")
        SENT = "sent", _("Sent")
        FAILED = "failed", _("Failed")
        UNCERTAIN = "uncertain", _("Uncertain")
        CANCELLED = "cancelled", _("Cancelled")

    draft = models.ForeignKey(Draft, on_delete=models.PROTECT, related_name="messages")
    draft_revision = models.PositiveIntegerField()
    mailbox = models.ForeignKey(Mailbox, on_delete=models.PROTECT)
    envelope_from = models.EmailField()
    envelope_to = models.EmailField()
    message_id = models.CharField(max_length=255, unique=True)
    wire_message_id = models.CharField(max_length=255, blank=True)  # what the server made of it
    raw = models.BinaryField()
    sha256 = models.CharField(max_length=64)
    status = models.CharField(max_length=10, choices=Status, default=Status.QUEUED)
    approved_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    approved_at = models.DateTimeField()
    due_at = models.DateTimeField()
    fence = models.PositiveIntegerField(default=0)
    lease_until = models.DateTimeField(null=True)
    owner = models.CharField(max_length=80, blank=True)
    attempt_count = models.PositiveIntegerField(default=0)
    committing_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    resolved_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    resolved_at = models.DateTimeField(null=True)
    archive_key = models.UUIDField(unique=True)
    document_id = models.PositiveBigIntegerField(null=True)
    archived_at = models.DateTimeField(null=True)
    archive_due_at = models.DateTimeField(null=True)
    archive_lease_until = models.DateTimeField(null=True)
    archive_fence = models.PositiveIntegerField(default=0)
    archive_attempt_count = models.PositiveIntegerField(default=0)
    archive_problem_code = models.CharField(max_length=40, blank=True)
    archive_problem_detail = models.TextField(blank=True)

    objects = MessageQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["draft"], condition=~Q(status="cancelled"), name="one_live_message_per_draft"
            ),
            models.CheckConstraint(
                condition=Q(
                    status__in=["queued", "sending", "committing", "sent", "failed", "uncertain", "cancelled"]
                ),
                name="message_status_known",
            ),
            models.CheckConstraint(
                condition=~Q(status="sent") | Q(sent_at__isnull=False), name="sent_message_has_its_time"
            ),
            models.CheckConstraint(
                condition=Q(archived_at__isnull=True) | Q(document_id__isnull=False, status="sent"),
                name="archived_message_is_sent_and_has_its_document",
            ),
        ]
        indexes = [models.Index(fields=["status", "due_at"], name="message_due")]

    def __str__(self) -> str:
        return f"{self.message_id} ({self.status})"


class Delivery(models.Model):
    """One attempt to send one message; the row exists before the first byte leaves."""

    class Outcome(models.TextChoices):
        RUNNING = "running", _("running")
        ACCEPTED = "accepted", _("accepted")
        DEFERRED = "deferred", _("try again later")
        REJECTED = "rejected", _("refused")
        UNKNOWN = "unknown", _("no answer")
        WITHDRAWN = "withdrawn", _("withdrawn")
        ABANDONED = "abandoned", _("worker stopped")

    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="deliveries")
    number = models.PositiveIntegerField()
    fence = models.PositiveIntegerField()
    server = models.CharField(max_length=260)
    stage = models.CharField(max_length=20, blank=True)
    code = models.PositiveIntegerField(null=True)
    words = models.TextField(blank=True)  # the server's, verbatim
    outcome = models.CharField(max_length=10, choices=Outcome, default=Outcome.RUNNING)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["message", "number"], name="delivery_number_once")]

    def __str__(self) -> str:
        return f"{self.message_id}/{self.number}: {self.outcome}"


class Suppression(models.Model):
    """An address or domain that must not be written to, with its reason."""

    value = models.CharField(
        _("address or domain"), max_length=254, unique=True, help_text=_("Lower case; a domain without @.")
    )
    reason = models.CharField(_("reason"), max_length=200)
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("suppression")
        verbose_name_plural = _("suppressions")

    def __str__(self) -> str:
        return self.value


class StopSwitch(models.Model):
    """One row: while `is_on`, no mail leaves. Messages wait; nothing is lost."""

    is_on = models.BooleanField(default=False)
    changed_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(pk=1), name="one_stop_switch")]

    def __str__(self) -> str:
        return "on" if self.is_on else "off"


class Event(models.Model):
    """The audit trail: who did what to a draft or a message, when, with which words. Only ever added to."""

    draft = models.ForeignKey(Draft, on_delete=models.PROTECT, related_name="events")
    message = models.ForeignKey(Message, on_delete=models.PROTECT, null=True, related_name="events")
    action = models.CharField(max_length=30)
    actor = models.ForeignKey(User, on_delete=models.PROTECT, null=True)  # null: the worker
    at = models.DateTimeField()
    detail = models.JSONField(default=dict)
    job = models.CharField(max_length=40, blank=True)

    class Meta:
        ordering = ["at", "pk"]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S} {self.action}"
