"""Reports as people define them, and when they run by themselves."""

from datetime import datetime
from typing import Self

from django.contrib.auth.models import User
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from connector import roles
from connector.roles import AnyUser
from reports.models.keywords import KeywordList


class ReportQuerySet(models.QuerySet["Report"]):
    def visible_to(self, user: AnyUser) -> Self:
        """Everybody's, one's own, and, for approvers and administrators, the approvers'; none without a role."""
        if not roles.roles_of(user):
            return self.none()
        if roles.is_administrator(user):
            return self
        mine = Q(shared_with=Report.Audience.EVERYONE) | Q(owner=user.pk)
        if roles.is_approver(user):
            mine |= Q(shared_with=Report.Audience.APPROVERS)
        return self.filter(mine)


class Report(models.Model):
    """A saved definition: which sales to look at, with which keywords, what to show, and to whom."""

    class Scope(models.TextChoices):
        NEWEST = "newest", _("the newest sales")
        PERIOD = "period", _("the sales of a period")
        ALL = "all", _("all sales")

    class OrderedBy(models.TextChoices):
        """What makes a sale new, and by which day it belongs to a period."""

        NUMBER = "number", _("number of the sale")
        SOLD_ON = "sold_on", _("sale date")
        REGISTERED_AT = "registered_at", _("day of registration")
        CHANGED_AT = "changed_at", _("last change")

    class Period(models.TextChoices):
        THIS_MONTH = "this_month", _("this month")
        LAST_MONTH = "last_month", _("last month")
        THIS_QUARTER = "this_quarter", _("this quarter")
        LAST_QUARTER = "last_quarter", _("last quarter")
        THIS_YEAR = "this_year", _("this year")
        LAST_YEAR = "last_year", _("last year")
        LAST_30_DAYS = "last_30_days", _("the last 30 days")
        LAST_90_DAYS = "last_90_days", _("the last 90 days")
        LAST_365_DAYS = "last_365_days", _("the last 365 days")
        FIXED = "fixed", _("from … to …")

    class Companies(models.TextChoices):
        WITH = "with", _("with a company")
        WITHOUT = "without", _("without a company")
        ANY = "any", _("with or without a company")

    class Audience(models.TextChoices):
        EVERYONE = "everyone", _("everybody")
        APPROVERS = "approvers", _("approvers and administrators")
        OWNER = "owner", _("only the owner")

    name = models.CharField(_("name"), max_length=100, unique=True)
    description = models.CharField(_("description"), max_length=300, blank=True)
    owner = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("owner")
    )
    shared_with = models.CharField(
        _("who may see it"), max_length=9, choices=Audience, default=Audience.EVERYONE
    )
    scope = models.CharField(_("sales"), max_length=7, choices=Scope, default=Scope.NEWEST)
    limit = models.PositiveIntegerField(
        _("newest sales"),
        default=1000,
        validators=[MinValueValidator(1), MaxValueValidator(1_000_000)],
        help_text=_("So many of the newest sales that fit the other choices."),
    )
    ordered_by = models.CharField(_("newest by"), max_length=13, choices=OrderedBy, default=OrderedBy.NUMBER)
    period = models.CharField(_("period"), max_length=13, choices=Period, blank=True)
    period_from = models.DateField(_("from"), null=True, blank=True)
    period_to = models.DateField(_("to (inclusive)"), null=True, blank=True)
    statuses = models.JSONField(_("status"), default=list, blank=True)  # [Sale.Status …]; empty: any
    owner_ids = models.JSONField(_("owners"), default=list, blank=True)  # [associate id …]; empty: all
    companies = models.CharField(_("companies"), max_length=7, choices=Companies, default=Companies.WITH)
    search_columns = models.JSONField(
        _("also search in"), default=list, blank=True
    )  # ["description", SuperOffice's column …]: texts beside the heading
    use_quotes = models.BooleanField(_("use the lines of quotes"), default=True)
    keyword_list = models.ForeignKey(
        KeywordList,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("keyword list"),
        help_text=_("Empty: always the current version."),
    )
    columns = models.JSONField(
        _("columns"), default=list, blank=True
    )  # keys of the columns; empty: the usual ones
    keep_runs = models.PositiveIntegerField(
        _("runs to keep whole"),
        default=10,
        validators=[MinValueValidator(1), MaxValueValidator(1000)],
        help_text=_("Older runs keep their figures but not their sales."),
    )
    keep_monthly = models.BooleanField(_("keep the last run of each month whole too"), default=True)

    objects = ReportQuerySet.as_manager()

    class Meta:
        verbose_name = _("report")
        verbose_name_plural = _("reports")
        permissions = [("run_report", _("May run reports")), ("define_report", _("May define reports"))]
        constraints = [
            models.CheckConstraint(
                condition=Q(scope__in=["newest", "period", "all"]), name="report_scope_known"
            ),
            models.CheckConstraint(
                condition=~Q(scope="period") | ~Q(period=""), name="report_of_a_period_names_it"
            ),
            models.CheckConstraint(condition=Q(limit__gte=1), name="report_looks_at_something"),
        ]

    def __str__(self) -> str:
        return self.name


class SavedView(models.Model):
    """A filter, order and choice of columns of a report, under a name."""

    report = models.ForeignKey(Report, on_delete=models.CASCADE, related_name="views")
    name = models.CharField(_("name"), max_length=100)
    query = models.CharField(max_length=2000)  # the part of the address after "?"
    owner = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    is_shared = models.BooleanField(_("for everybody who sees the report"), default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["report", "owner", "name"], name="view_name_once_a_report")
        ]

    def __str__(self) -> str:
        return self.name


class JobSchedule(models.Model):
    """When a job of the catalogue starts by itself, and who hears of the result."""

    class Job(models.TextChoices):
        RUN_REPORT = "run_report", _("Run a report")
        READ_CHANGES = "read_changes", _("Read what changed in SuperOffice")
        READ_ALL = "read_all", _("Read all sales from SuperOffice and compare")

    class Rhythm(models.TextChoices):
        DAILY = "daily", _("every day")
        WEEKDAYS = "weekdays", _("Monday to Friday")
        WEEKLY = "weekly", _("every week")
        MONTHLY = "monthly", _("every month")
        CRON = "cron", _("cron expression")

    class Weekday(models.IntegerChoices):
        MONDAY = 1, _("Monday")
        TUESDAY = 2, _("Tuesday")
        WEDNESDAY = 3, _("Wednesday")
        THURSDAY = 4, _("Thursday")
        FRIDAY = 5, _("Friday")
        SATURDAY = 6, _("Saturday")
        SUNDAY = 0, _("Sunday")

    class Attachment(models.TextChoices):
        NONE = "none", _("link only")
        EXCEL = "excel", _("CSV for Excel (German)")
        DATA = "data", _("CSV for programs")
        XLSX = "xlsx", _("Excel workbook")

    class OnEmpty(models.TextChoices):
        SEND = "send", _("send it with the reason")
        SKIP = "skip", _("send nothing")
        ALERT = "alert", _("tell the administrators instead")

    job = models.CharField(_("job"), max_length=12, choices=Job, default=Job.RUN_REPORT)
    report = models.ForeignKey(
        Report,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="schedules",
        verbose_name=_("report"),
    )
    view = models.ForeignKey(
        SavedView,
        on_delete=models.RESTRICT,  # a mail with all rows instead would tell too much; a report takes both with it
        null=True,
        blank=True,
        related_name="schedules",
        verbose_name=_("view"),
        help_text=_(
            "The mail and its file hold only the sales of this view. Empty: all that the report shows."
        ),
    )
    rhythm = models.CharField(_("how often"), max_length=8, choices=Rhythm, default=Rhythm.DAILY)
    at = models.TimeField(_("time"), null=True, blank=True)
    weekday = models.PositiveSmallIntegerField(_("weekday"), choices=Weekday, null=True, blank=True)
    day = models.PositiveSmallIntegerField(
        _("day of the month"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(31)],
        help_text=_("29 to 31: in shorter months the last day."),
    )
    cron = models.CharField(
        _("cron expression"),
        max_length=60,
        blank=True,
        help_text=_("Five fields: minute hour day month weekday, like 0 6 * * 1-5."),
    )
    is_active = models.BooleanField(_("in use"), default=True)
    recipients = models.ManyToManyField(User, blank=True, related_name="+", verbose_name=_("recipients"))
    attachment = models.CharField(_("attachment"), max_length=5, choices=Attachment, default=Attachment.NONE)
    on_empty = models.CharField(
        _("when nothing was found"), max_length=5, choices=OnEmpty, default=OnEmpty.SEND
    )
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    changed_at = models.DateTimeField(auto_now=True)  # moments before it are nobody's fault

    class Meta:
        verbose_name = _("schedule")
        verbose_name_plural = _("schedules")
        permissions = [("plan_job", _("May plan jobs"))]
        constraints = [
            models.CheckConstraint(
                condition=~Q(job="run_report") | Q(report__isnull=False), name="scheduled_run_has_its_report"
            ),
            models.CheckConstraint(
                condition=Q(rhythm="cron") | Q(at__isnull=False), name="rhythm_has_its_time"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_job_display()} #{self.pk}"


class OccurrenceQuerySet(models.QuerySet["Occurrence"]):
    def missed(self) -> Self:
        return self.filter(missed_at__isnull=False)

    def waiting_for_mail(self, now: datetime) -> Self:
        return self.filter(mail_status=Occurrence.MailStatus.WAITING, planned_at__lte=now)


class Occurrence(models.Model):
    """One planned moment of a schedule: it started something, or it was missed; and whether the result was mailed."""

    class MailStatus(models.TextChoices):
        NONE = "none", _("No mail wanted")
        WAITING = "waiting", _("Waits for the result")
        SENDING = "sending", _("Is being sent")
        SENT = "sent", _("Sent")
        SKIPPED = "skipped", _("Nothing found, nothing sent")
        FAILED = "failed", _("Not sent")

    schedule = models.ForeignKey(JobSchedule, on_delete=models.CASCADE, related_name="occurrences")
    planned_at = models.DateTimeField(_("planned"))
    started_at = models.DateTimeField(null=True)
    missed_at = models.DateTimeField(null=True)  # when it was noticed that nothing had started
    run = models.ForeignKey("reports.Run", on_delete=models.SET_NULL, null=True, related_name="occurrences")
    sync = models.ForeignKey("reports.Sync", on_delete=models.SET_NULL, null=True, related_name="occurrences")
    mail_status = models.CharField(max_length=8, choices=MailStatus, default=MailStatus.NONE)
    mail_problem = models.TextField(blank=True)
    mail_outcomes = models.JSONField(default=dict)  # {user id as text: what became of that one's mail}
    mailed_at = models.DateTimeField(null=True)

    objects = OccurrenceQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["schedule", "planned_at"], name="each_planned_moment_once")
        ]
        indexes = [models.Index(fields=["-planned_at"], name="occurrence_newest")]

    def __str__(self) -> str:
        return f"{self.schedule} {self.planned_at:%Y-%m-%d %H:%M}"
